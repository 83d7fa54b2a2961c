use super::*;
use crate::secrets::session::tests::FakeSession;

const LOGIN: &str = "local-hub-0123456789";

fn resolve(session: &FakeSession, pairs: &[(&str, &str)]) -> Result<(SecretEnv, Vec<SecretNote>), Vec<Fault>> {
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    SecretEnv::resolve(pairs, session, &Known::new())
}

fn logged_in() -> FakeSession {
    FakeSession(Some(LOGIN.to_owned()))
}

fn hub_token() -> String {
    format!("hf_{}", "aBcDeFgHiJ".repeat(4).split_at(34).0)
}

#[test]
fn values_are_resolved() {
    for (name, text, expected) in [
        ("HF_TOKEN", "$HF_TOKEN", LOGIN.to_owned()),
        ("HF_TOKEN", "${HF_TOKEN}", LOGIN.to_owned()),
        ("HF_TOKEN", " $HF_TOKEN\n", LOGIN.to_owned()),
        ("AUTH", "Bearer $HF_TOKEN", format!("Bearer {LOGIN}")),
        ("GIT", "https://me:${HF_TOKEN}@h/$HF_TOKEN/", format!("https://me:{LOGIN}@h/{LOGIN}/")),
        ("TOKENIZER", "x$HF_TOKENIZER", "x$HF_TOKENIZER".to_owned()),
        ("W", "$WANDB_API_KEY", "wandb-value".to_owned()),
        ("W", "${WANDB_API_KEY}", "wandb-value".to_owned()),
        ("PASSWORD", "pa$$word", "pa$$word".to_owned()),
        ("PASSWORD", "$5 or $WANDB_API_KEY", "$5 or $WANDB_API_KEY".to_owned()),
        ("EMPTY", "", String::new()),
        ("ANY", "hf_token", "hf_token".to_owned()),
        ("HF_TOKEN", "hf_abc123def456", "hf_abc123def456".to_owned()),
    ] {
        let (env, _) = resolve(&logged_in(), &[(name, text)]).unwrap();
        assert_eq!(env.entries()[0].1.reveal(), expected, "{name}={text}");
        assert_eq!(env.names().collect::<Vec<_>>(), [name]);
        assert_eq!(env.carries_login(), expected.contains(LOGIN), "{text}");
        assert_eq!(format!("{env:?}"), format!("SecretEnv([{name:?}])"));
    }
}

#[test]
fn what_cannot_be_had_is_refused() {
    let variable = |name: &str| name.to_owned();
    for (session, name, text, problem) in [
        (FakeSession(None), "HF_TOKEN", "$HF_TOKEN", SecretProblem::NotLoggedIn),
        (FakeSession(None), "AUTH", "Bearer ${HF_TOKEN}", SecretProblem::NotLoggedIn),
        (
            logged_in(),
            "X",
            "$AWS_SECRET_ACCESS_KEY",
            SecretProblem::NotAllowed { variable: variable("AWS_SECRET_ACCESS_KEY") },
        ),
        (logged_in(), "X", "${PATH}", SecretProblem::NotAllowed { variable: variable("PATH") }),
        (logged_in(), "HF_TOKEN", "$HF_TOKENIZER", SecretProblem::NotAllowed { variable: variable("HF_TOKENIZER") }),
        (logged_in(), "X", "$UNSET_KEY", SecretProblem::Unset { variable: variable("UNSET_KEY") }),
        (logged_in(), "HF_TOKEN", "hf_token", SecretProblem::Slip { value: "hf_token".to_owned() }),
        (logged_in(), "HF_TOKEN", "HF_TOKEN", SecretProblem::Slip { value: "HF_TOKEN".to_owned() }),
        (logged_in(), "HUGGINGFACE_TOKEN", "", SecretProblem::Slip { value: String::new() }),
        (logged_in(), "hf_token", "<your token>", SecretProblem::Slip { value: "<your token>".to_owned() }),
    ] {
        let expected = Problem::Secret(problem).at(format!("secrets.{name}"));
        assert_eq!(resolve(&session, &[("OK", "fine"), (name, text)]).unwrap_err(), [expected], "{name}={text}");
    }
}

#[test]
fn notes_tell_what_could_be_better() {
    let token = hub_token();
    let literal = |name: &str| Some(SecretNote::LiteralToken { name: name.to_owned() });
    let unread = |name: &str| Some(SecretNote::UnreadName { name: name.to_owned() });
    for (name, text, expected) in [
        ("HF_TOKEN", "$HF_TOKEN", None),
        ("HUGGING_FACE_HUB_TOKEN", "${HF_TOKEN}", None),
        ("TOKEN", "$HF_TOKEN", unread("TOKEN")),
        ("hf_token", "$HF_TOKEN", unread("hf_token")),
        ("AUTH", "Bearer $HF_TOKEN", None),
        ("HF_TOKEN", token.as_str(), literal("HF_TOKEN")),
        ("HF_TOKEN", "some-other-hubs-token1", literal("HF_TOKEN")),
        ("MY_KEY", token.as_str(), literal("MY_KEY")),
        ("OTHER", "nothing special", None),
    ] {
        assert_eq!(resolve(&logged_in(), &[(name, text)]).unwrap().1, Vec::from_iter(expected), "{name}={text}");
        let (secrets, _) = resolve(&logged_in(), &[(name, text)]).unwrap();
        assert_eq!(secrets.reaches_hub_libraries(), name.starts_with('H'), "{name}");
    }
    let known = Known::new();
    known.remember_token(&HfToken::parse(LOGIN).unwrap().unwrap());
    let pairs = vec![("KEY".to_owned(), LOGIN.to_owned())];
    let (_, notes) = SecretEnv::resolve(pairs, &FakeSession(None), &known).unwrap();
    assert_eq!(notes, Vec::from_iter(literal("KEY")));
}

#[test]
fn every_value_is_known_for_redaction() {
    let known = Known::new();
    let pairs = [("HF_TOKEN", "$HF_TOKEN"), ("W", "$WANDB_API_KEY"), ("DB", "a literal value")];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    SecretEnv::resolve(pairs, &logged_in(), &known).unwrap();
    let index = known.index();
    assert!([LOGIN, "wandb-value", "a literal value"].iter().all(|value| index.all.is_match(value)));
    assert!(index.tokens.is_match(LOGIN) && !index.tokens.is_match("a literal value"));
}

#[test]
fn faults_come_together_and_show_no_value() {
    let faults = resolve(
        &FakeSession(None),
        &[
            ("HF_TOKEN", "$HF_TOKEN"),
            ("A", "one value"),
            ("A", "another value"),
            ("B", "a\0b"),
            ("C", &"x".repeat(MAX_SECRET_BYTES + 1)),
            ("D", "twice"),
            ("D", "twice"),
        ],
    )
    .unwrap_err();
    let arguments: Vec<&str> = faults.iter().map(|fault| fault.argument.as_str()).collect();
    assert_eq!(arguments, ["secrets.HF_TOKEN", "secrets.A", "secrets.B", "secrets.C"]);
    let shown = format!("{faults:?}");
    assert!(!shown.contains("one value") && !shown.contains("another value") && !shown.contains("xxx"), "{shown}");
    assert!(resolve(&logged_in(), &[("C", &"x".repeat(MAX_SECRET_BYTES))]).is_ok());
}

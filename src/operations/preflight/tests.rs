use super::*;
use crate::error::Seen;

/// When the calls of these tests are made.
pub(super) const NOW: &str = "2026-11-23T10:00:00Z";

/// A submission without anything.
pub(super) fn plain() -> Plan<'static> {
    Plan {
        code: None,
        command: &[],
        secrets: &[],
        has_token: false,
        token_from_login: false,
        token_power: TokenPower::Unknown,
        token_expires: None,
        accelerated: false,
        timeout: None,
        keeps: false,
        scheduled: false,
        now: Timestamp::parse(NOW).unwrap(),
    }
}

/// What one check says of a Python source.
pub(super) fn of_code(plan: &Plan<'_>, code: &str, check: fn(&Plan<'_>, &Reading<'_>) -> Option<Warning>) -> String {
    let plan = Plan { code: Some(code), ..*plan };
    said(check(&plan, &Reading::of(&plan, &[])))
}

/// What one check says of a shell's text, or of a command without a shell where words are parted by `·`.
pub(super) fn of_command(plan: &Plan<'_>, text: &str, check: fn(&Plan<'_>, &Reading<'_>) -> Option<Warning>) -> String {
    let words: Vec<&str> = if text.contains('·') { text.split('·').collect() } else { vec!["sh", "-c", text] };
    let command: Vec<String> = words.into_iter().map(str::to_owned).collect();
    let plan = Plan { command: &command, ..*plan };
    let programs = programs(&command);
    said(check(&plan, &Reading::of(&plan, &programs)))
}

/// Where a warning saw it; empty for none.
fn said(warning: Option<Warning>) -> String {
    match warning {
        None => String::new(),
        Some(
            Warning::TokenMissing { seen, .. }
            | Warning::TokenReadsOnly { seen }
            | Warning::FilesLost { seen }
            | Warning::NoTimeout { seen },
        ) => match seen.line {
            Some(line) => format!("{} {line}", seen.what),
            None => seen.what,
        },
        Some(other) => panic!("{other:?}"),
    }
}

#[test]
fn tells_the_gravest_first_and_few() {
    let code = "from trl import SFTTrainer\nt = SFTTrainer(args=A(output_dir='o'))\nt.train()\nt.push_to_hub('me/x')\n";
    let expiring = Plan {
        code: Some(code),
        accelerated: true,
        token_from_login: true,
        token_expires: Some(Timestamp::parse("2026-11-23T10:10:00Z").unwrap()),
        ..plain()
    };
    let codes = |plan: &Plan<'_>| check(plan).iter().map(Warning::code).collect::<Vec<_>>();
    assert_eq!(codes(&expiring), ["no_token_in_secrets", "no_timeout", "token_expires"]);
    let scheduled = Plan { has_token: true, token_power: TokenPower::ReadsOnly, scheduled: true, ..expiring };
    assert_eq!(codes(&scheduled), ["token_cannot_write", "no_timeout", "token_is_frozen"]);
    let well = Plan { has_token: true, timeout: Some(300), ..expiring };
    assert_eq!(codes(&well), <[&str; 0]>::default());
    assert_eq!(codes(&plain()), <[&str; 0]>::default());
}

#[test]
fn says_where_and_how_to_mend_it() {
    let seen = Seen::at("push_to_hub", 7);
    for (warning, message, hint) in [
        (
            Warning::TokenMissing { pushes: true, seen: seen.clone() },
            "the job writes to the Hub (`push_to_hub` in line 7), and no token is in `secrets`",
            "add \"secrets\": {\"HF_TOKEN\": \"$HF_TOKEN\"}",
        ),
        (
            Warning::TokenMissing { pushes: false, seen: Seen::in_command("$HF_TOKEN") },
            "the job needs a token (`$HF_TOKEN` in the command), and none is in `secrets`",
            "add \"secrets\": {\"HF_TOKEN\": \"$HF_TOKEN\"}",
        ),
        (
            Warning::NoTimeout { seen },
            "the job trains (`push_to_hub` in line 7) and has no `timeout`: the Hub stops it after 30 minutes",
            "add `timeout`: what the training takes, with a margin",
        ),
    ] {
        assert_eq!((warning.message().as_str(), warning.hint().as_str()), (message, hint));
    }
}

#[test]
fn reads_garbage_within_bounds() {
    for piece in
        ["f(", "open('x','w')\n", "a=f'{a}'\n", "x.save_model(b)\n", "if push:\n", "\"\"\"", "os.environ[\"HF_TOKEN"]
    {
        let code = piece.repeat((1 << 20) / piece.len());
        let command = [String::from("sh"), String::from("-c"), piece.repeat(1 << 14)];
        let plan = Plan { code: Some(&code), command: &command, accelerated: true, ..plain() };
        assert!(check(&plan).len() <= WARNINGS_MAX);
    }
}

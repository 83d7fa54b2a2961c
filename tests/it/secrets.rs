//! Secrets, env and every other field: what is resolved, what is forwarded with a word, what is refused before anything is sent.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hf_jobs_mcp::local_hub::LocalHub;
use serde_json::{Value, json};

use crate::support::{Answer, Server, ServerBuilder, canary, canary_in, hub, jobs_posted};

/// Submits a job that does nothing, with these arguments beside; the answer and the request's body, if one was sent.
async fn submit(server: &mut Server, hub: &LocalHub, more: Value) -> (Answer, Option<Value>) {
    let before = jobs_posted(hub).len();
    let mut args = json!({"command": ["true"], "detach": true});
    args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = server.jobs("run", args).await;
    let posted = jobs_posted(hub);
    assert!(posted.len() <= before + 1);
    assert_eq!(answer.is_error, posted.len() == before, "{answer:?}");
    (answer, posted.get(before).map(|request| request.body.clone()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_placeholder_becomes_the_token_in_secrets() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let token = hub.token();
    for (given, sent, told) in [
        (json!({"HF_TOKEN": "$HF_TOKEN"}), json!({"HF_TOKEN": token}), ""),
        (json!({"HF_TOKEN": "${HF_TOKEN}"}), json!({"HF_TOKEN": token}), ""),
        (json!(["HF_TOKEN"]), json!({"HF_TOKEN": token}), ""),
        (json!(["HF_TOKEN=$HF_TOKEN"]), json!({"HF_TOKEN": token}), ""),
        (json!("HF_TOKEN"), json!({"HF_TOKEN": token}), ""),
        (json!({"HUGGING_FACE_HUB_TOKEN": "$HF_TOKEN"}), json!({"HUGGING_FACE_HUB_TOKEN": token}), ""),
        (json!({"AUTH": "Bearer $HF_TOKEN"}), json!({"AUTH": format!("Bearer {token}")}), ""),
        (json!({"TOKEN": "$HF_TOKEN"}), json!({"TOKEN": token}), "unread_secret_name"),
        (json!({"hf_token": "$HF_TOKEN"}), json!({"hf_token": token}), "unread_secret_name"),
        (json!({"PADDED": " $HF_TOKEN\n"}), json!({"PADDED": token}), "unread_secret_name"),
        (json!({"BOTH": "$HF_TOKEN:${HF_TOKEN}"}), json!({"BOTH": format!("{token}:{token}")}), ""),
        (json!({"NEXT": "${HF_TOKEN}IZER $HF_TOKENS"}), json!({"NEXT": format!("{token}IZER $HF_TOKENS")}), ""),
        (json!({"A": "$", "B": "$$", "C": "$1", "D": "${}"}), json!({"A": "$", "B": "$$", "C": "$1", "D": "${}"}), ""),
        (json!({"A": "a $HOME b", "B": "$(id)"}), json!({"A": "a $HOME b", "B": "$(id)"}), ""),
        (json!({"OPTIONAL": ""}), json!({"OPTIONAL": ""}), ""),
        (json!({"PASSWORD": "pa$$word"}), json!({"PASSWORD": "pa$$word"}), ""),
        (json!({"PRICE": "5 $HF_TOKENIZER"}), json!({"PRICE": "5 $HF_TOKENIZER"}), ""),
    ] {
        let (answer, body) = submit(&mut server, &hub, json!({"secrets": given})).await;
        let body = body.unwrap_or_else(|| panic!("{given}: {answer:?}"));
        assert_eq!(body["secrets"], sent, "{given}");
        assert_eq!(answer.warnings().join(" "), told, "{given}");
        let mut names: Vec<_> = answer.structured["job"]["secrets"].as_array().unwrap().clone();
        names.sort_by_key(ToString::to_string);
        assert_eq!(names, sent.as_object().unwrap().keys().map(|key| json!(key)).collect::<Vec<_>>());
        assert!(canary_in(&format!("{answer:?}"), token).is_empty(), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_of_the_server_is_resolved_if_the_operator_allowed_it() {
    let hub = hub().await;
    let key = canary();
    let server = ServerBuilder::at(&hub).arg("--secret-env").arg("WANDB_API_KEY").arg("--secret-env").arg("UNSET_KEY");
    let mut server = server.env("WANDB_API_KEY", &key).env("OTHER_KEY", "never-to-be-read").start().await;
    for value in ["$WANDB_API_KEY", "${WANDB_API_KEY}"] {
        let (answer, body) = submit(&mut server, &hub, json!({"secrets": {"WANDB_API_KEY": value}})).await;
        assert_eq!(body.unwrap()["secrets"], json!({"WANDB_API_KEY": key}));
        assert!(canary_in(&format!("{answer:?}"), &key).is_empty());
    }
    for (value, words) in [
        ("$OTHER_KEY", "--secret-env OTHER_KEY"),
        ("$HF_TOKENIZER", "--secret-env HF_TOKENIZER"),
        ("$UNSET_KEY", "set `UNSET_KEY`"),
    ] {
        let (answer, _) = submit(&mut server, &hub, json!({"secrets": {"KEY": value}})).await;
        assert_eq!(answer.code(), "secret_unavailable", "{value}");
        assert!(answer.text.contains(words) && !answer.text.contains("never-to-be-read"), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_login_the_placeholder_is_an_error_and_nothing_is_sent() {
    let hub = hub().await;
    let mut server = ServerBuilder::at(&hub).without("HF_TOKEN").start().await;
    let (answer, _) = submit(&mut server, &hub, json!({"secrets": {"HF_TOKEN": "$HF_TOKEN"}})).await;
    assert_eq!(answer.code(), "not_logged_in");
    assert!(answer.text.contains("hf auth login"));
    assert!(hub.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn literal_tokens_in_secrets_are_forwarded_with_a_warning() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let (login, word) = (hub.token().to_owned(), canary().split_off(3));
    for (name, literal) in [
        ("HF_TOKEN", canary()),
        ("hf_token", canary()),
        ("MY_KEY", canary()),
        ("MY_KEY", format!("Bearer {}", canary())),
        ("MY_KEY", login),
        ("HF_TOKEN", word),
    ] {
        let (answer, body) = submit(&mut server, &hub, json!({"secrets": {name: literal}})).await;
        assert_eq!(body.unwrap()["secrets"], json!({name: literal}));
        assert_eq!(answer.warnings(), ["literal_token"], "{name}");
        assert!(canary_in(&format!("{answer:?}{}", server.stderr()), &literal).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn likely_slips_are_refused() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let example = format!("hf_{}", "x".repeat(34));
    for slip in [
        "hf_token",
        "HF_TOKEN",
        "",
        "  ",
        "hf_...",
        "null",
        "<your token>",
        "YOUR_TOKEN",
        "%HF_TOKEN%",
        "{{HF_TOKEN}}",
        "os.environ['HF_TOKEN']",
        example.as_str(),
    ] {
        let (answer, _) = submit(&mut server, &hub, json!({"secrets": {"HF_TOKEN": slip}})).await;
        assert_eq!(answer.code(), "secret_unavailable", "{slip}");
        let answer = server.call("hf_jobs", answer.mended()).await;
        assert!(!answer.is_error, "{slip}: {answer:?}");
        assert_eq!(jobs_posted(&hub).pop().unwrap().body["secrets"], json!({"HF_TOKEN": hub.token()}), "{slip}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn env_refuses_the_names_and_values_of_tokens() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let token = hub.token().to_owned();
    let percent = token.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
    let dotted = format!(
        "{}oauth_{}",
        ["h", "f", "_"].concat(),
        ["eyJhbGciOiJIUzI1NiJ9", "eyJzY29wZSI6ImpvYnMifQ", "c2lnbmF0dXJlc2ln"].join(".")
    );
    let organisation = format!("{}org_{}", ["a", "p", "i", "_"].concat(), canary().split_off(3));
    for (name, value) in [
        ("HF_TOKEN", "$HF_TOKEN".to_owned()),
        ("HF_TOKEN", "anything".to_owned()),
        ("hf_token", "anything".to_owned()),
        ("HUGGING_FACE_HUB_TOKEN", "x1".to_owned()),
        ("HUGGINGFACE_HUB_TOKEN", "x1".to_owned()),
        ("HuggingFace_Token", "x1".to_owned()),
        ("MY_TOKEN", "$HF_TOKEN".to_owned()),
        ("MY_TOKEN", "${HF_TOKEN}".to_owned()),
        ("MY_TOKEN", "${HF_TOKEN:-none}".to_owned()),
        ("MY_TOKEN", "$hf_token".to_owned()),
        ("HEADER", "Bearer $HF_TOKEN".to_owned()),
        ("OTHER", canary()),
        ("OTHER", format!("token={}", canary())),
        ("OTHER", dotted),
        ("OTHER", organisation),
        ("OTHER", token.clone()),
        ("OTHER", STANDARD.encode(&token)),
        ("OTHER", STANDARD.encode(format!("x{token}"))),
        ("OTHER", URL_SAFE_NO_PAD.encode(format!("us:{token}\n"))),
        ("OTHER", percent),
        ("OTHER", token.replace('_', "%5F")),
        ("OTHER", format!("{}\u{200b}{}", &token[..9], &token[9..])),
    ] {
        let (answer, _) = submit(&mut server, &hub, json!({"env": {name: value}})).await;
        assert_eq!(answer.code(), "token_in_readable_field", "{name}");
        assert!(answer.text.contains(&format!("env.{name}")), "{answer:?}");
        assert!(!value.starts_with('$') || answer.text.contains("secrets"), "{answer:?}");
        let shown = format!("{answer:?}{}", server.stderr());
        assert!(canary_in(&shown, &token).is_empty() && (value.len() < 30 || !shown.contains(&value)), "{shown}");
        let answer = server.call("hf_jobs", answer.mended()).await;
        assert!(!answer.is_error, "{name}: {answer:?}");
        let body = jobs_posted(&hub).pop().unwrap().body;
        assert_eq!(body["environment"], json!({}));
        let sent = if name == "HEADER" { format!("Bearer {token}") } else { token.clone() };
        assert_eq!(body["secrets"].as_object().unwrap().values().collect::<Vec<_>>(), [&json!(sent)], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn env_refuses_the_keys_of_other_vendors() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let letters = canary().split_off(3);
    for key in [
        format!("{}proj-{letters}{letters}", "sk-"),
        format!("ghp_{letters}12"),
        format!("AKIA{}", letters.to_uppercase().split_at(16).0),
    ] {
        let (answer, _) = submit(&mut server, &hub, json!({"env": {"KEY": key}})).await;
        assert_eq!(answer.code(), "token_in_readable_field");
        assert!(!answer.text.contains(&key) && answer.text.contains("--secret-env"), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_field_takes_a_token() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for token in [hub.token().to_owned(), canary()] {
        let letters = token.split_at(3).1.to_lowercase();
        for (operation, args) in [
            ("run", json!({"command": ["curl", "-H", format!("Authorization: Bearer {token}")]})),
            ("run", json!({"command": format!("login --token {token}")})),
            ("run", json!({"command": ["true"], "image": format!("registry/{token}")})),
            ("run", json!({"command": ["true"], "name": token})),
            ("run", json!({"command": ["true"], "labels": {"token": token}})),
            ("run", json!({"command": ["true"], "labels": {token.as_str(): "x"}})),
            ("run", json!({"command": ["true"], "namespace": token})),
            ("run", json!({"command": ["true"], "volumes": [format!("hf://models/a/b/{token}:/m")]})),
            ("run", json!({"command": ["true"], "unknown": {"deep": [token]}})),
            ("run", json!({"command": ["true"], "env": {token.as_str(): "x"}})),
            (
                "run",
                json!({"command": ["true"], "volumes": [{"type": "dataset", "source": format!("a/{token}"), "mountPath": "/d"}]}),
            ),
            ("run", json!({"command": ["true"], "network": {"group": token}})),
            ("run", json!({"command": ["true"], "network": token})),
            ("run", json!({"command": ["true"], "resource_group_id": token})),
            ("run", json!({"command": ["true"], "flavor": token})),
            ("run", json!({"command": ["true"], "timeout": token})),
            ("run", json!({"command": ["true"], "secrets": {token.as_str(): "x"}})),
            ("run", json!({"command": ["true"], "secrets": [token]})),
            ("run", json!({"command": ["true"], "env": [token]})),
            ("uv", json!({"script": "print(1)\n", "python": token})),
            ("uv", json!({"script": format!("{token}.py")})),
            ("uv", json!({"script": format!("https://example.com/x.py?token={token}")})),
            ("uv", json!({"script": format!("https://github.com/{token}/x/blob/main/x.py")})),
            ("uv", json!({"script": format!("login('{token}')\nprint(1)")})),
            ("uv", json!({"script": format!("https://user:{token}@example.com/x.py")})),
            ("uv", json!({"script": "print(1)\n", "script_args": ["--token", token]})),
            ("uv", json!({"script": "print(1)\n", "dependencies": [format!("x @ git+https://{token}@example.com/x")]})),
            ("ps", json!({"namespace": token})),
            ("ps", json!({"labels": {"a": token}})),
            ("ps", json!({"name": token})),
            ("ps", json!({"status": token})),
            ("logs", json!({"job_id": "66f0a1b2c3d4e5f601234567", "grep": format!("^{token}.")})),
            ("logs", json!({"job_id": token})),
            ("inspect", json!({"job_id": [format!("alice/{token}")]})),
            ("cancel", json!({"job_id": token})),
        ] {
            let before = hub.requests().len();
            let answer = server.jobs(operation, args.clone()).await;
            let shown = format!("{answer:?}{}", server.stderr());
            assert_eq!(answer.code(), "token_in_readable_field", "{operation} {args} {answer:?}");
            assert!(canary_in(&shown, &token).is_empty() && !shown.to_lowercase().contains(&letters), "{shown}");
            assert_eq!(hub.requests().len(), before, "{operation} {args}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ordinary_values_and_shell_references_pass() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let example = format!("hf_{}", "x".repeat(34));
    for more in [
        json!({"env": {"HF_HOME": "/data/hf_cache_models", "MAX_TOKENS": "2048", "TOKENIZERS_PARALLELISM": false, "PORT": 8000}}),
        json!({"env": {"EXAMPLE": example, "NAME": "$HF_TOKENIZER", "PRICE": "$5"}}),
        json!({"env": ["A1=1", "B2=x=y"]}),
        json!({"labels": {"kind": "hf_hub_download"}}),
    ] {
        let (answer, _) = submit(&mut server, &hub, more.clone()).await;
        assert!(!answer.is_error, "{more}: {answer:?}");
        assert!(answer.warnings().is_empty(), "{more}: {answer:?}");
    }
    let reads = json!({"command": ["/bin/sh", "-c", "echo $HF_TOKEN > /dev/null; hf_hub_download ${HF_TOKEN}"]});
    let (answer, _) = submit(&mut server, &hub, reads).await;
    assert!(!answer.is_error, "{answer:?}");
    assert_eq!(answer.warnings(), ["no_token_in_secrets"]);
    let script = "import os\nfrom huggingface_hub import hf_hub_download\nprint('$HF_TOKEN', os.environ['HF_TOKEN'][:3], 'hf_...')";
    let answer = server.jobs("uv", json!({"script": script, "detach": true})).await;
    assert!(!answer.is_error, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_placeholder_that_no_shell_reads_draws_a_warning() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let (answer, _) = submit(&mut server, &hub, json!({"command": ["echo", "$HF_TOKEN"]})).await;
    assert_eq!(answer.warnings(), ["placeholder_without_shell"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mended_call_does_not_repeat_a_secret_that_was_written_out() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for secrets in [json!({"PIN": "8-4-1", "HF_TOKEN": "$HF_TOKEN"}), json!(["PIN=8-4-1", "HF_TOKEN"])] {
        let (answer, _) = submit(&mut server, &hub, json!({"secrets": secrets, "timout": "1h"})).await;
        assert_eq!(answer.code(), "invalid_arguments");
        assert!(answer.text.contains("send {") && !format!("{answer:?}").contains("8-4-1"), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_map_draws_a_warning() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for argument in ["secrets", "env", "labels"] {
        let (answer, _) = submit(&mut server, &hub, json!({argument: {}})).await;
        assert_eq!(answer.warnings(), ["empty_map"], "{argument}");
    }
    // A host that fills in every property has emptied nothing.
    let (answer, _) = submit(&mut server, &hub, json!({"secrets": {}, "env": {}, "labels": {}})).await;
    assert_eq!(answer.warnings(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_another_form_is_not_shown_by_what_is_said_of_it() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for token in [hub.token().to_owned(), canary()] {
        let cut = format!("{}{token}", "x".repeat(110));
        let long = format!("{}{token}{}", "x".repeat(23), "y".repeat(200));
        for call in [
            json!({"operation": token}),
            json!({"operation": format!("run {token}")}),
            json!({"operation": "help", "args": {"operation": token}}),
            json!({"operation": "run", "args": {"command": ["true"], token.as_str(): 1}}),
            json!({"operation": "run", "args": cut}),
            json!({"operation": "run", "args": format!("{{\"command\": [\"{token}\"")}),
            json!({"operation": "run", "args": {"command": ["true"], "timout": "5m", "secrets": {"KEY": long}}}),
            json!({"operation": "run", "args": {"command": ["true"], "timout": "5m", "secrets": {"KEY": token}}}),
        ] {
            let answer = server.call("hf_jobs", call.clone()).await;
            let shown = format!("{answer:?}{}", server.stderr()).to_lowercase();
            let letters = token.split_at(3).1.to_lowercase();
            let pieces = [&letters[..8], &letters[12..20], &letters[letters.len() - 8..]];
            assert!(!pieces.iter().any(|piece| shown.contains(piece)), "{call}: {shown}");
            assert!(hub.requests().is_empty());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_in_a_url_is_refused() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for (operation, args) in [
        ("uv", json!({"script": "https://alice:s3cr3t-pass@example.com/train.py"})),
        ("uv", json!({"script": "import os\nurl = 'postgres://app:s3cr3t-pass@db.example.com/x'\n"})),
        ("uv", json!({"script": "print(1)\n", "dependencies": ["x @ https://u:s3cr3t-pass@example.com/x.whl"]})),
        ("run", json!({"command": ["git", "clone", "https://u:s3cr3t-pass@example.com/x.git"]})),
    ] {
        let answer = server.jobs(operation, args.clone()).await;
        assert_eq!(answer.code(), "token_in_readable_field", "{args}: {answer:?}");
        assert!(!format!("{answer:?}{}", server.stderr()).contains("s3cr3t-pass"), "{answer:?}");
        assert!(hub.requests().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_names_and_sends_nothing() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let literal = canary();
    let secrets = json!({"HF_TOKEN": "$HF_TOKEN", "OTHER": literal});
    let answer = server.jobs("run", json!({"command": ["true"], "secrets": secrets, "dry_run": true})).await;
    assert!(!answer.is_error, "{answer:?}");
    assert_eq!(answer.structured["request"]["secrets"], json!(["HF_TOKEN", "OTHER"]));
    assert!(jobs_posted(&hub).is_empty());
    let shown = format!("{answer:?}{}", server.stderr());
    assert!(canary_in(&shown, hub.token()).is_empty() && canary_in(&shown, &literal).is_empty(), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_job_prints_of_its_secrets_is_not_shown() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let literal = canary();
    let program = "echo \"it is $HF_TOKEN\"; echo \"and $OTHER\"; echo $WORDS";
    let secrets = json!({"HF_TOKEN": "$HF_TOKEN", "OTHER": literal, "WORDS": "correct horse battery"});
    let answer = server.jobs("run", json!({"command": ["/bin/sh", "-c", program], "secrets": secrets})).await;
    let lines = ["it is [redacted]", "and [redacted]", "[redacted]"];
    assert_eq!(answer.structured["logs"]["lines"], json!(lines), "{answer:?}");
    let shown = format!("{answer:?}{}", server.stderr());
    assert!(canary_in(&shown, hub.token()).is_empty() && canary_in(&shown, &literal).is_empty(), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_the_hub_does_not_take_are_told_before_anything_is_sent() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for (argument, name) in [("secrets", "A=1"), ("secrets", "1A"), ("env", "A B"), ("env", "A=1"), ("secrets", "")] {
        let (answer, _) = submit(&mut server, &hub, json!({argument: {name: "value"}})).await;
        assert_eq!(answer.code(), "invalid_arguments", "{argument} {name}: {answer:?}");
    }
}

//! Secrets, env and every other field: what is resolved, what is forwarded with a word, what is refused before anything is sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
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

fn warnings(answer: &Answer) -> String {
    let codes = answer.structured["warnings"].as_array().into_iter().flatten();
    codes.map(|warning| warning["code"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
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
        (json!({"HUGGING_FACE_HUB_TOKEN": "$HF_TOKEN"}), json!({"HUGGING_FACE_HUB_TOKEN": token}), ""),
        (json!({"AUTH": "Bearer $HF_TOKEN"}), json!({"AUTH": format!("Bearer {token}")}), ""),
        (json!({"TOKEN": "$HF_TOKEN"}), json!({"TOKEN": token}), "unread_secret_name"),
        (json!({"PASSWORD": "pa$$word"}), json!({"PASSWORD": "pa$$word"}), ""),
        (json!({"PRICE": "5 $HF_TOKENIZER"}), json!({"PRICE": "5 $HF_TOKENIZER"}), ""),
    ] {
        let (answer, body) = submit(&mut server, &hub, json!({"secrets": given})).await;
        let body = body.unwrap_or_else(|| panic!("{given}: {answer:?}"));
        assert_eq!(body["secrets"], sent, "{given}");
        assert_eq!(warnings(&answer), told, "{given}");
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
    for name in ["HF_TOKEN", "hf_token", "MY_KEY"] {
        let literal = canary();
        let (answer, body) = submit(&mut server, &hub, json!({"secrets": {name: literal}})).await;
        assert_eq!(body.unwrap()["secrets"], json!({name: literal}));
        assert_eq!(warnings(&answer), "literal_token", "{name}");
        assert!(canary_in(&format!("{answer:?}{}", server.stderr()), &literal).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn likely_slips_are_refused() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for slip in
        ["hf_token", "HF_TOKEN", "", "hf_...", "<your token>", "YOUR_TOKEN", "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]
    {
        let (answer, _) = submit(&mut server, &hub, json!({"secrets": {"HF_TOKEN": slip}})).await;
        assert_eq!(answer.code(), "secret_unavailable", "{slip}");
        assert!(answer.text.contains("\"secrets\":{\"HF_TOKEN\":\"$HF_TOKEN\"}"), "{answer:?}");
    }
}

/// The mended call of the hint, sent as it is.
async fn mended(server: &mut Server, answer: &Answer) -> Answer {
    let (_, call) = answer.text.split_once("send {").unwrap_or_else(|| panic!("no mended call in {answer:?}"));
    server.call("hf_jobs", serde_json::from_str(&format!("{{{call}")).unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn env_refuses_the_names_and_values_of_tokens() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let token = hub.token().to_owned();
    let percent: String = token.bytes().map(|byte| format!("%{byte:02X}")).collect();
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
        ("HEADER", "Bearer $HF_TOKEN".to_owned()),
        ("OTHER", canary()),
        ("OTHER", format!("token={}", canary())),
        ("OTHER", dotted),
        ("OTHER", organisation),
        ("OTHER", token.clone()),
        ("OTHER", STANDARD.encode(&token)),
        ("OTHER", STANDARD.encode(format!("x{token}"))),
        ("OTHER", percent),
    ] {
        let (answer, _) = submit(&mut server, &hub, json!({"env": {name: value}})).await;
        assert_eq!(answer.code(), "token_in_readable_field", "{name}");
        assert!(answer.text.contains(&format!("env.{name}")), "{answer:?}");
        assert!(!value.starts_with('$') || answer.text.contains("secrets"), "{answer:?}");
        let shown = format!("{answer:?}{}", server.stderr());
        assert!(canary_in(&shown, &token).is_empty() && (value.len() < 30 || !shown.contains(&value)), "{shown}");
        let answer = mended(&mut server, &answer).await;
        assert!(!answer.is_error, "{name}: {answer:?}");
        let body = jobs_posted(&hub).pop().unwrap().body;
        assert_eq!(body["environment"], json!({}));
        assert_eq!(body["secrets"].as_object().unwrap().values().collect::<Vec<_>>(), [&json!(token)], "{name}");
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
    let letters = canary().split_off(3);
    for token in [hub.token().to_owned(), canary()] {
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
            ("uv", json!({"script": format!("login('{token}')\nprint(1)")})),
            ("uv", json!({"script": format!("https://user:{token}@example.com/x.py")})),
            ("uv", json!({"script": "print(1)\n", "script_args": ["--token", token]})),
            ("uv", json!({"script": "print(1)\n", "dependencies": [format!("x @ git+https://{token}@example.com/x")]})),
            ("ps", json!({"namespace": token})),
            ("ps", json!({"labels": {"a": token}})),
            ("logs", json!({"job_id": token})),
            ("inspect", json!({"job_id": [format!("alice/{token}")]})),
            ("cancel", json!({"job_id": token})),
        ] {
            let before = hub.requests().len();
            let answer = server.jobs(operation, args.clone()).await;
            let shown = format!("{answer:?}{}", server.stderr());
            assert_eq!(answer.code(), "token_in_readable_field", "{operation} {args} {answer:?}");
            assert!(canary_in(&shown, &token).is_empty() && !shown.contains(&letters), "{shown}");
            assert_eq!(hub.requests().len(), before, "{operation} {args}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ordinary_values_and_shell_references_pass() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for more in [
        json!({"env": {"HF_HOME": "/data/hf_cache_models", "MAX_TOKENS": "2048", "TOKENIZERS_PARALLELISM": false, "PORT": 8000}}),
        json!({"env": {"EXAMPLE": "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "NAME": "$HF_TOKENIZER", "PRICE": "$5"}}),
        json!({"env": ["A1=1", "B2=x=y"]}),
        json!({"command": ["/bin/sh", "-c", "echo $HF_TOKEN > /dev/null; hf_hub_download ${HF_TOKEN}"]}),
        json!({"labels": {"kind": "hf_hub_download"}}),
    ] {
        let (answer, _) = submit(&mut server, &hub, more.clone()).await;
        assert!(!answer.is_error, "{more}: {answer:?}");
        assert_eq!(warnings(&answer), "", "{more}");
    }
    let script = "import os\nfrom huggingface_hub import hf_hub_download\nprint('$HF_TOKEN', os.environ['HF_TOKEN'][:3], 'hf_...')";
    let answer = server.jobs("uv", json!({"script": script, "detach": true})).await;
    assert!(!answer.is_error, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_placeholder_that_no_shell_reads_draws_a_warning() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let (answer, _) = submit(&mut server, &hub, json!({"command": ["echo", "$HF_TOKEN"]})).await;
    assert_eq!(warnings(&answer), "placeholder_without_shell");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_map_draws_a_warning() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let (answer, _) = submit(&mut server, &hub, json!({"secrets": {}, "env": {}, "labels": {}})).await;
    assert_eq!(warnings(&answer), "empty_map empty_map empty_map");
}

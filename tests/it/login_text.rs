//! What people and programs write around a token, or in place of one: none of it shadows a login, and all of it is named.

use serde_json::json;

use crate::support::{Answer, Server, ServerBuilder, canary_in, hub, jobs_posted};

const VARIABLES: [&str; 2] = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"];

/// Logged in as the first account, also in what a job is given; what `hf_whoami` answers.
async fn acts_as_alice(hub: &hf_jobs_mcp::local_hub::LocalHub, server: &mut Server) -> Answer {
    let args = json!({"command": ["true"], "secrets": {"HF_TOKEN": "$HF_TOKEN"}, "detach": true});
    let answer = server.jobs("run", args).await;
    assert!(!answer.is_error, "{answer:?}");
    let posted = jobs_posted(hub).pop().unwrap();
    assert_eq!(posted.headers["authorization"], format!("Bearer {}", hub.token()));
    assert_eq!(posted.body["secrets"], json!({"HF_TOKEN": hub.token()}));
    let whoami = server.call("hf_whoami", json!({})).await;
    assert_eq!(whoami.structured["name"], "alice", "{whoami:?}");
    let shown = format!("{answer:?}{whoami:?}{}", server.stderr());
    assert!(canary_in(&shown, hub.token()).is_empty(), "{shown}");
    whoami
}

#[tokio::test(flavor = "multi_thread")]
async fn placeholders_never_shadow_the_token_file() {
    let hub = hub().await;
    for text in [
        "null",
        "undefined",
        "None",
        "\"null\"",
        "${HF_TOKEN}",
        "$HF_TOKEN",
        "%HF_TOKEN%",
        "{env:HF_TOKEN}",
        "your_token",
    ] {
        for name in VARIABLES {
            let builder =
                ServerBuilder::new().env("HF_ENDPOINT", hub.endpoint()).env(name, text).token_file(hub.token());
            let mut server = builder.start().await;
            let whoami = acts_as_alice(&hub, &mut server).await;
            assert_eq!(whoami.warnings(), ["login_ignored"], "{name}={text}");
            assert!(whoami.text.contains(&format!("`{name}` is ignored")), "{whoami:?}");
            assert!(whoami.text.contains(".cache/huggingface/token"), "{whoami:?}");
            let (_, stderr) = server.finish().await;
            assert_eq!(stderr.matches(&format!("`{name}` is ignored")).count(), 1, "{stderr}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn placeholders_without_a_login_are_named_and_not_sent() {
    let hub = hub().await;
    for text in ["null", "undefined", "None", "${user_config.hf_token}"] {
        let mut server = ServerBuilder::new().env("HF_ENDPOINT", hub.endpoint()).env("HF_TOKEN", text).start().await;
        for answer in [server.call("hf_whoami", json!({})).await, server.jobs("ps", json!({})).await] {
            assert_eq!(answer.code(), "not_logged_in", "{answer:?}");
            assert!(answer.text.contains("`HF_TOKEN` is ignored"), "{answer:?}");
        }
    }
    assert!(hub.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn blank_variables_are_absent_without_a_word() {
    let hub = hub().await;
    for text in ["", " ", "\r\n"] {
        let builder = ServerBuilder::new().env("HF_ENDPOINT", hub.endpoint()).env("HF_TOKEN", text);
        let mut server = builder.env("HUGGING_FACE_HUB_TOKEN", hub.token()).start().await;
        let whoami = acts_as_alice(&hub, &mut server).await;
        assert!(
            whoami.warnings().is_empty() && whoami.structured["token"]["source"] == "HUGGING_FACE_HUB_TOKEN",
            "{whoami:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_surrounds_a_token_is_left_out_and_named() {
    let hub = hub().await;
    let token = hub.token();
    for text in [
        format!("\"{token}\""),
        format!("'{token}'\n"),
        format!("Bearer {token}"),
        format!("bearer {token}\r\n"),
        format!("Authorization: Bearer {token}"),
        format!("HF_TOKEN={token}"),
        format!("export HF_TOKEN=\"{token}\"\n"),
    ] {
        let builder = || ServerBuilder::new().env("HF_ENDPOINT", hub.endpoint());
        for builder in [builder().token_file(&text), builder().env("HF_TOKEN", &text)] {
            let whoami = acts_as_alice(&hub, &mut builder.start().await).await;
            assert_eq!(whoami.warnings(), ["login_cleaned"], "{whoami:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_file_is_read_however_windows_wrote_it() {
    let hub = hub().await;
    for text in ["\u{feff}TOKEN", "\u{feff}TOKEN\r\n", "TOKEN\r\n\r\n\r\n", "\n\u{feff}  TOKEN  \n"] {
        let text = text.replace("TOKEN", hub.token());
        let mut server = ServerBuilder::new().env("HF_ENDPOINT", hub.endpoint()).token_file(&text).start().await;
        let whoami = acts_as_alice(&hub, &mut server).await;
        assert!(whoami.warnings().is_empty(), "{whoami:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_utf_16_token_file_is_named_as_such() {
    let hub = hub().await;
    let text = format!("{}\r\n", hub.token());
    let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let marked = format!("\u{feff}{text}");
    for bytes in [little(&marked), big(&marked), little(&text), big(&text)] {
        let builder = ServerBuilder::new().env("HF_ENDPOINT", hub.endpoint()).token_file("");
        std::fs::write(builder.home().join(".cache/huggingface/token"), bytes).unwrap();
        let mut server = builder.env("HF_TOKEN", "null").start().await;
        let answer = server.call("hf_whoami", json!({})).await;
        assert_eq!(answer.code(), "not_logged_in", "{answer:?}");
        assert!(server.finish().await.1.contains("`HF_TOKEN` is ignored"));
        for words in ["UTF-16", "`hf auth login`", ".cache/huggingface/token"] {
            assert!(answer.text.contains(words), "{words}: {answer:?}");
        }
        assert!(canary_in(&format!("{answer:?}"), hub.token()).is_empty());
    }
    assert!(hub.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn other_variables_that_were_not_filled_in_are_unset() {
    let hub = hub().await;
    for name in
        ["HF_TOKEN_PATH", "HF_HOME", "XDG_CACHE_HOME", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "HF_HUB_USER_AGENT_ORIGIN"]
    {
        for text in ["null", "undefined", "None", "${user_config.value}", "  "] {
            let builder = ServerBuilder::new().env("HF_ENDPOINT", hub.endpoint()).token_file(hub.token());
            let mut server = builder.env(name, text).start().await;
            acts_as_alice(&hub, &mut server).await;
            let (_, stderr) = server.finish().await;
            let warnings = stderr.matches(&format!("`{name}` is a placeholder")).count();
            assert_eq!(warnings, usize::from(!text.trim().is_empty()), "{name}={text}: {stderr}");
        }
    }
    let (code, stderr) = ServerBuilder::new().env("HF_ENDPOINT", "undefined").start().await.finish().await;
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("`HF_ENDPOINT` is a placeholder"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn quotes_around_other_variables_are_left_out() {
    let hub = hub().await;
    let builder = ServerBuilder::new().env("HF_ENDPOINT", format!("\"{}\"", hub.endpoint())).token_file(hub.token());
    let home = builder.home().join(".cache/huggingface");
    let mut server = builder.env("HF_HOME", format!("'{}'", home.display())).start().await;
    acts_as_alice(&hub, &mut server).await;
    let (_, stderr) = server.finish().await;
    for name in ["HF_ENDPOINT", "HF_HOME"] {
        assert_eq!(stderr.matches(&format!("`{name}` has quotes")).count(), 1, "{stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_allowed_variable_that_was_not_filled_in_is_unset() {
    let hub = hub().await;
    for text in ["null", "${WANDB_API_KEY}", " "] {
        let builder = ServerBuilder::at(&hub).arg("--secret-env=WANDB_API_KEY").env("WANDB_API_KEY", text);
        let args = json!({"command": ["true"], "secrets": {"WANDB_API_KEY": "$WANDB_API_KEY"}});
        let answer = builder.start().await.jobs("run", args).await;
        assert_eq!(answer.code(), "secret_unavailable", "{answer:?}");
    }
    assert!(jobs_posted(&hub).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_token_says_how_it_is_replaced() {
    let hub = hub().await;
    let file = ServerBuilder::new().env("HF_ENDPOINT", hub.endpoint()).token_file(hub.token());
    let variable = ServerBuilder::at(&hub).token_file(hub.token());
    hub.revoke(hub.token());
    let answer = variable.start().await.call("hf_whoami", json!({})).await;
    for words in ["`HF_TOKEN` (401)", "overrides `hf auth login`", "remove `HF_TOKEN`", "needs a restart"] {
        assert!(answer.text.contains(words), "{words}: {answer:?}");
    }
    assert!(!answer.text.contains("no restart"), "{answer:?}");
    let answer = file.start().await.call("hf_whoami", json!({})).await;
    for words in [".cache/huggingface/token` (401)", "run `hf auth login`", "no restart is needed"] {
        assert!(answer.text.contains(words), "{words}: {answer:?}");
    }
}

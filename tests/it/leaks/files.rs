//! Tokens in the files and variables that the server reads.

use std::fs;

use serde_json::json;

use super::{Canaries, call, json_of, nor_anywhere_else, nothing_came_out, sent_only_where_it_may};
use crate::support::mirror::Mirror;
use crate::support::{ServerBuilder, write_token};

#[tokio::test(flavor = "multi_thread")]
async fn no_file_and_no_variable_that_is_read_brings_a_token_out() {
    let (mirror, canaries) = (Mirror::new().await, Canaries::new());
    let token = &canaries.token;
    let args = json!({"command": ["true"], "secrets": {"HF_TOKEN": "$HF_TOKEN"}});
    let mut rows = 0;
    // As it is, and in ways in which it is no token.
    for text in [
        token.clone(),
        format!("{token}\n"),
        format!(" {token}\t"),
        format!("{token} {token}"),
        format!("{token}é"),
        format!("\u{feff}{token}"),
        format!("{token}\nmore"),
        format!("{{\"token\": \"{token}\"}}"),
        format!("${{{token}}}"),
    ] {
        for by_file in [true, false] {
            let builder = ServerBuilder::new().env("HF_ENDPOINT", &mirror.endpoint).env("RUST_LOG", "trace");
            let builder = if by_file { builder } else { builder.env("HF_TOKEN", &text) };
            if by_file {
                write_token(builder.home(), &text);
            }
            let mut server = builder.start().await;
            for operation in ["run", "ps"] {
                let args = if operation == "run" { args.clone() } else { json!({}) };
                call(&mut server, operation, args.as_object().unwrap()).await;
                server.call("hf_whoami", json!({})).await;
                rows += 1;
                nothing_came_out(&mut server, &canaries, "a login");
                sent_only_where_it_may(&mirror, &canaries, "a login");
            }
            nor_anywhere_else(server, &canaries).await;
        }
    }
    // Other variables that the server reads: a token there is not told on.
    for name in ["HF_ENDPOINT", "HF_HOME", "HF_TOKEN_PATH", "HTTPS_PROXY", "RUST_LOG"] {
        for value in [
            token.clone(),
            format!("http://{token}:{token}@127.0.0.1:1"),
            format!("https://{token}@localhost/{token}?{token}"),
        ] {
            let builder =
                ServerBuilder::new().env("HF_ENDPOINT", &mirror.endpoint).env("HF_TOKEN", token).env(name, &value);
            let server = builder.spawn();
            let (_, log) = server.finish().await;
            rows += 1;
            canaries.absent(&format!("`{name}`"), &log);
        }
    }
    // And arguments of the command, which are public, but need not be in the client's log as well.
    for arguments in [
        vec![token.clone()],
        vec![format!("--{token}")],
        vec!["--http".to_owned(), token.clone()],
        vec![format!("--log-format={token}")],
    ] {
        let builder = ServerBuilder::new().env("HF_ENDPOINT", &mirror.endpoint);
        let server = arguments.iter().fold(builder, ServerBuilder::arg).spawn();
        let (code, log) = server.finish().await;
        rows += 1;
        assert!(code == Some(2) && log.contains("[redacted]"), "{log}");
        canaries.absent("an argument of the command", &log);
    }
    // A script that holds it, and one that can't be read.
    let builder =
        ServerBuilder::new().env("HF_ENDPOINT", &mirror.endpoint).env("HF_TOKEN", token).arg("--script-dir").arg(".");
    fs::write(builder.home().join("train.py"), format!("login('{token}')\n")).unwrap();
    fs::write(builder.home().join("bytes.py"), [b"\xff\xfe", token.as_bytes()].concat()).unwrap();
    fs::write(
        builder.home().join("table.py"),
        format!("# /// script\n# [tool.hf-jobs]\n# {token} = '{token}'\n# ///\n"),
    )
    .unwrap();
    let mut server = builder.start().await;
    for script in ["train.py", "bytes.py", "table.py"] {
        let answer = server.jobs("uv", json!({"script": script})).await;
        rows += 1;
        assert!(answer.is_error, "{answer:?}");
        nothing_came_out(&mut server, &canaries, script);
    }
    println!("{rows} starts and calls with a token in a file or a variable");
    assert!(
        mirror
            .asked()
            .iter()
            .all(|asked| !asked.head.starts_with("POST /api/jobs") || json_of(&asked.body)["secrets"].is_object())
    );
}

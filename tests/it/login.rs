//! The login is the user's own, read afresh on each call.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use hf_jobs_mcp::local_hub::{Account, LocalHub};
use serde_json::json;

use crate::support::{Answer, Server, ServerBuilder, canary, canary_in, hub, jobs_posted, write_token};

/// A server at that Hub that nobody is logged in to.
fn logged_out(hub: &LocalHub) -> ServerBuilder {
    ServerBuilder::new().env("HF_ENDPOINT", hub.endpoint())
}

/// Another account of that Hub; its token.
fn account(hub: &LocalHub, name: &str) -> String {
    hub.add_account(Account { name: name.to_owned(), ..Account::default() })
}

/// Submits a job that wants the token.
async fn submit(server: &mut Server) -> Answer {
    let args = json!({"command": ["true"], "secrets": {"HF_TOKEN": "$HF_TOKEN"}, "detach": true});
    server.jobs("run", args).await
}

/// The last submission was made with that account's token, and its job was given the same one.
async fn acts_as(hub: &LocalHub, server: &mut Server, name: &str, token: &str) {
    let answer = submit(server).await;
    assert!(!answer.is_error, "{answer:?}");
    let posted = jobs_posted(hub).pop().unwrap();
    assert_eq!(posted.path, format!("/api/jobs/{name}"));
    assert_eq!(posted.headers["authorization"], format!("Bearer {token}"));
    assert_eq!(posted.body["secrets"], json!({"HF_TOKEN": token}));
    let shown = format!("{answer:?}{}", server.stderr());
    assert!(canary_in(&shown, token).is_empty(), "{shown}");
}

/// Both tools say that nobody is logged in, and what to do; the Hub hears nothing of it.
async fn is_logged_out(hub: &LocalHub, server: &mut Server) -> Answer {
    let before = hub.requests().len();
    let answer = submit(server).await;
    for answer in [&answer, &server.call("hf_whoami", json!({})).await, &server.jobs("ps", json!({})).await] {
        assert!(answer.is_error);
        assert_eq!(answer.code(), "not_logged_in", "{answer:?}");
        assert!(answer.text.contains("`hf auth login`") && answer.text.contains("HF_TOKEN"), "{answer:?}");
        assert!(answer.text.contains("https://huggingface.co/settings/tokens"), "{answer:?}");
    }
    assert_eq!(hub.requests().len(), before);
    answer
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_logged_in() {
    let hub = hub().await;
    let mut server = logged_out(&hub).start().await;
    let answer = is_logged_out(&hub, &mut server).await;
    let file = server.home.path().join(".cache/huggingface/token");
    assert!(answer.text.contains(&file.display().to_string()), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn help_needs_no_login() {
    let hub = hub().await;
    let mut server = logged_out(&hub).start().await;
    assert!(!server.call("hf_jobs", json!({})).await.is_error);
    assert!(hub.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_of_hf_auth_login_counts_however_it_ends() {
    let hub = hub().await;
    for text in [hub.token().to_owned(), format!("{}\n", hub.token()), format!("  {}\r\n\n", hub.token())] {
        let mut server = logged_out(&hub).token_file(&text).start().await;
        acts_as(&hub, &mut server, "alice", hub.token()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_win_over_the_file() {
    let hub = hub().await;
    let [bob, carol] = ["bob", "carol"].map(|name| account(&hub, name));
    let with_file = || logged_out(&hub).token_file(hub.token());
    let mut server = with_file().env("HF_TOKEN", &bob).env("HUGGING_FACE_HUB_TOKEN", &carol).start().await;
    acts_as(&hub, &mut server, "bob", &bob).await;
    let mut server = with_file().env("HUGGING_FACE_HUB_TOKEN", &carol).start().await;
    acts_as(&hub, &mut server, "carol", &carol).await;
    let mut server = with_file().env("HF_TOKEN", "").env("HUGGING_FACE_HUB_TOKEN", " ").start().await;
    acts_as(&hub, &mut server, "alice", hub.token()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_login_is_seen_by_the_next_call() {
    let hub = hub().await;
    let mut server = logged_out(&hub).start().await;
    is_logged_out(&hub, &mut server).await;

    write_token(server.home.path(), hub.token());
    acts_as(&hub, &mut server, "alice", hub.token()).await;
    assert_eq!(server.call("hf_whoami", json!({})).await.structured["name"], "alice");

    let bob = account(&hub, "bob");
    write_token(server.home.path(), &bob);
    acts_as(&hub, &mut server, "bob", &bob).await;
    assert_eq!(server.call("hf_whoami", json!({})).await.structured["name"], "bob");

    // The former token is not forgotten: it may still turn up.
    let refused = server.jobs("run", json!({"command": ["echo", hub.token()]})).await;
    assert_eq!(refused.code(), "token_in_readable_field");
    assert!(canary_in(&format!("{refused:?}"), hub.token()).is_empty());

    std::fs::remove_file(server.home.path().join(".cache/huggingface/token")).unwrap();
    is_logged_out(&hub, &mut server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_placeholder_that_the_client_did_not_fill_in_counts_as_unset() {
    let hub = hub().await;
    for placeholder in ["${HF_TOKEN}", "${input:hf_token}", "${user_config.hf_token}"] {
        let mut server = logged_out(&hub).env("HF_TOKEN", placeholder).token_file(hub.token()).start().await;
        acts_as(&hub, &mut server, "alice", hub.token()).await;
        let (_, stderr) = server.finish().await;
        assert!(stderr.contains("`HF_TOKEN` is ignored: it is a placeholder"), "{stderr}");
        let mut server = logged_out(&hub).env("HF_TOKEN", placeholder).start().await;
        is_logged_out(&hub, &mut server).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_where_hub_libraries_look() {
    let hub = hub().await;
    let [bob, carol, dave] = ["bob", "carol", "dave"].map(|name| account(&hub, name));
    let place = tempfile::tempdir().unwrap();
    let path = |below: &str| place.path().join(below);
    write(&path("cache/huggingface/token"), &bob);
    write(&path("hf/token"), &carol);
    write(&path("other/my-token"), &dave);

    let builder = || logged_out(&hub).token_file(hub.token()).env("XDG_CACHE_HOME", path("cache"));
    acts_as(&hub, &mut builder().start().await, "bob", &bob).await;
    let builder = || builder().env("HF_HOME", path("hf"));
    acts_as(&hub, &mut builder().start().await, "carol", &carol).await;
    let builder = || builder().env("HF_TOKEN_PATH", path("other/my-token"));
    acts_as(&hub, &mut builder().start().await, "dave", &dave).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn home_and_variables_in_those_paths_are_expanded() {
    let hub = hub().await;
    for (name, value) in [
        ("HF_TOKEN_PATH", "~/.cache/huggingface/token"),
        ("HF_HOME", "~/.cache/huggingface"),
        ("HF_HOME", "$HOME/.cache/huggingface"),
        ("HF_HOME", "${HOME}/.cache/huggingface"),
        ("XDG_CACHE_HOME", "~/.cache"),
    ] {
        let mut server = logged_out(&hub).token_file(hub.token()).env(name, value).start().await;
        acts_as(&hub, &mut server, "alice", hub.token()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_implicit_token_can_be_turned_off() {
    let hub = hub().await;
    for value in ["1", "true", "YES", "on"] {
        let builder = logged_out(&hub).env("HF_TOKEN", hub.token()).token_file(hub.token());
        let mut server = builder.env("HF_HUB_DISABLE_IMPLICIT_TOKEN", value).start().await;
        let answer = is_logged_out(&hub, &mut server).await;
        assert!(answer.text.contains("HF_HUB_DISABLE_IMPLICIT_TOKEN"), "{answer:?}");
    }
    let mut server = ServerBuilder::at(&hub).env("HF_HUB_DISABLE_IMPLICIT_TOKEN", "0").start().await;
    acts_as(&hub, &mut server, "alice", hub.token()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_token_is_told_and_not_shown() {
    let hub = hub().await;
    for text in ["first-half second-half", "töken-of-mine"] {
        let mut server = logged_out(&hub).token_file(text).start().await;
        let answer = is_logged_out_for_its_form(&hub, &mut server).await;
        assert!(!format!("{answer:?}{}", server.stderr()).contains(text));
        let mut server = logged_out(&hub).env("HF_TOKEN", text).token_file(hub.token()).start().await;
        is_logged_out_for_its_form(&hub, &mut server).await;
    }
    assert!(hub.requests().is_empty());
}

async fn is_logged_out_for_its_form(hub: &LocalHub, server: &mut Server) -> Answer {
    let answer = is_logged_out(hub, server).await;
    assert!(answer.text.contains("does not have the form of a token"), "{answer:?}");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_file_that_others_can_read_is_warned_of() {
    let hub = hub().await;
    for (name, mode, warnings) in [
        ("token", 0o600, 0),
        ("token", 0o400, 0),
        ("token", 0o644, 1),
        ("token", 0o640, 1),
        ("token", 0o604, 1),
        ("token", 0o620, 1),
        ("stored_tokens", 0o600, 0),
        ("stored_tokens", 0o644, 1),
    ] {
        let builder = logged_out(&hub).token_file(hub.token());
        let file = builder.home().join(".cache/huggingface").join(name);
        if name != "token" {
            std::fs::write(&file, "").unwrap();
        }
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let mut server = builder.start().await;
        acts_as(&hub, &mut server, "alice", hub.token()).await;
        acts_as(&hub, &mut server, "alice", hub.token()).await;
        let (_, stderr) = server.finish().await;
        assert_eq!(stderr.matches("chmod 600").count(), warnings, "{name} {mode:o}: {stderr}");
        assert_eq!(stderr.contains(&format!("{} can be read", file.display())), warnings > 0, "{stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_unauthorized_until_the_next_login() {
    let hub = hub().await;
    let mut server = logged_out(&hub).token_file(hub.token()).start().await;
    acts_as(&hub, &mut server, "alice", hub.token()).await;
    hub.revoke(hub.token());
    for answer in [submit(&mut server).await, server.call("hf_whoami", json!({})).await] {
        assert!(answer.is_error);
        assert_eq!(answer.code(), "unauthorized", "{answer:?}");
        assert!(answer.text.contains("`hf auth login`") && answer.text.contains("hf_whoami"), "{answer:?}");
        assert!(answer.text.contains("https://huggingface.co/settings/tokens"), "{answer:?}");
        assert_eq!(answer.structured["error"]["retryable"], false);
        assert!(canary_in(&format!("{answer:?}"), hub.token()).is_empty());
    }
    let bob = account(&hub, "bob");
    write_token(server.home.path(), &bob);
    acts_as(&hub, &mut server, "bob", &bob).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_would_have_the_token_in_the_clear_keeps_the_server_from_starting() {
    let token = canary();
    for (endpoint, reason) in [
        ("http://example.org", "in the clear"),
        ("http://127.0.0.1.example.org", "in the clear"),
        ("http://192.0.2.1:8080", "in the clear"),
        ("http://localhost@example.org", "HF_ENDPOINT"),
        ("https://user:password@example.org", "user name or password"),
        ("ftp://example.org", "neither https nor http"),
        ("example.org", "HF_ENDPOINT"),
    ] {
        let server = ServerBuilder::new().env("HF_ENDPOINT", endpoint).env("HF_TOKEN", &token).spawn();
        let (code, stderr) = server.ended().await;
        assert_eq!(code, Some(2), "{endpoint}: {stderr}");
        assert!(stderr.contains("HF_ENDPOINT") && stderr.contains(reason), "{endpoint}: {stderr}");
        assert!(canary_in(&stderr, &token).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_https_host_is_warned_of() {
    let server =
        ServerBuilder::new().env("HF_ENDPOINT", "https://hub.example.org").env("HF_TOKEN", canary()).start().await;
    let (code, stderr) = server.finish().await;
    assert_eq!(code, Some(0));
    assert!(stderr.contains("hub.example.org instead of huggingface.co"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_path_that_is_no_file_of_a_token_is_told_and_holds_nothing_up() {
    let hub = hub().await;
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).display().to_string();
    std::fs::create_dir(path("directory")).unwrap();
    std::fs::write(path("bytes"), [0xff, 0xfe]).unwrap();
    // The most is 64 KiB.
    std::fs::write(path("large"), "a".repeat(64 * 1024 + 1)).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(path("fifo")).status().unwrap().success());
    for place in [path("directory"), path("bytes"), path("large"), path("fifo"), "/dev/zero".to_owned()] {
        let builder = ServerBuilder::new().env("HF_ENDPOINT", hub.endpoint()).env("HF_TOKEN_PATH", &place);
        let mut server = builder.start().await;
        let answer = server.call("hf_whoami", json!({})).await;
        assert_eq!(answer.code(), "not_logged_in", "{place}: {answer:?}");
        assert!(answer.text.contains(&place) && !answer.text.contains("aaaa"), "{answer:?}");
    }
    assert!(hub.requests().is_empty());
}

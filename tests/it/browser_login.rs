//! A browser login's token expires: the server renews it as `huggingface_hub` does, and never loses it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hf_jobs_mcp::local_hub::{Account, LocalHub, LocalHubConfig, OAuthLogin, RecordedRequest};
use serde_json::json;
use tokio::sync::Notify;

use crate::support::{Answer, Fault, Proxy, Server, ServerBuilder, canary_in, hub, jobs_posted};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A home in which `hf auth login` was run.
pub struct Home(tempfile::TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Writes what a browser login leaves behind, between other tokens.
    pub fn log_in(&self, login: &OAuthLogin) {
        self.write("token", &login.access_token);
        self.write("stored_tokens", &stored(&login.access_token, &login.refresh_token, login.expires_at));
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The refresh token that is stored now.
    fn refresh_token(&self) -> String {
        let text = self.read("stored_tokens");
        text.lines().find_map(|line| line.strip_prefix("refresh_token = ")).unwrap().to_owned()
    }

    /// The names of all files but the lock's.
    fn files(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
        names.retain(|name| name != "stored_tokens.lock");
        names.sort();
        names
    }

    pub fn server(&self, endpoint: &str) -> ServerBuilder {
        ServerBuilder::new().env("HF_ENDPOINT", endpoint).env("HF_HOME", self.0.path())
    }
}

fn stored(token: &str, refresh_token: &str, expires_at: u64) -> String {
    format!(
        "[an older one]\nhf_token = {0}\n\n[oauth-alice]\nhf_token = {token}\nrefresh_token = {refresh_token}\n\
         expires_at = {expires_at}\n\n# by hand\n[work]\nhf_token={0}\n\n",
        "token-of-another-account"
    )
}

pub fn browser_login(hub: &LocalHub, lifetime: Duration) -> OAuthLogin {
    hub.add_oauth_login(Account { name: "alice".to_owned(), ..Account::default() }, lifetime)
}

/// A Hub whose logins are far from their end once they were renewed.
async fn hub_of_days() -> LocalHub {
    LocalHub::start(LocalHubConfig { record: true, oauth_lifetime: 30 * DAY, ..LocalHubConfig::default() })
        .await
        .unwrap()
}

/// The refresh tokens that reached the Hub.
fn spent(hub: &LocalHub) -> Vec<String> {
    let is_renewal = |request: &RecordedRequest| request.path == "/oauth/token";
    let renewals = hub.requests().into_iter().filter(is_renewal);
    renewals
        .map(|request| {
            assert_eq!(request.method, "POST");
            assert!(!request.headers.contains_key("authorization"));
            assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
            let body = request.body.as_str().unwrap().to_owned();
            let fields: Vec<(String, String)> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
            let field = |name| fields.iter().find(|(field, _)| field == name).unwrap().1.clone();
            assert_eq!(field("grant_type"), "refresh_token");
            assert_eq!(field("client_id"), "26be6b09-91c5-47da-9861-d2d2bb7a7e36");
            field("refresh_token")
        })
        .collect()
}

/// The bearer tokens of all other requests.
fn bearers(hub: &LocalHub) -> Vec<String> {
    let bearer =
        |request: RecordedRequest| request.headers.get("authorization")?.strip_prefix("Bearer ").map(str::to_owned);
    hub.requests().into_iter().filter_map(bearer).collect()
}

fn assert_shown_nowhere(server: &Server, secrets: &[&str]) {
    let shown = format!("{}{}", server.output.join("\n"), server.stderr());
    for secret in secrets {
        assert!(canary_in(&shown, secret).is_empty(), "{shown}");
    }
}

async fn ps(server: &mut Server) -> Answer {
    server.jobs("ps", json!({})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_about_to_end_is_renewed_before_the_call() {
    let (hub, home) = (hub_of_days().await, Home::new());
    let old = browser_login(&hub, 23 * HOUR);
    home.log_in(&old);
    let mut server = home.server(hub.endpoint()).env("RUST_LOG", "trace").start().await;
    let args = json!({"command": ["/bin/sh", "-c", "echo $HF_TOKEN"], "secrets": {"HF_TOKEN": "$HF_TOKEN"}});
    let answer = server.jobs("run", args).await;
    assert!(!answer.is_error, "{answer:?}");
    assert!(answer.text.contains("[redacted]"));

    let token = home.read("token");
    assert_ne!(token, old.access_token);
    assert_eq!(bearers(&hub).iter().filter(|bearer| **bearer != token).count(), 0);
    assert_eq!(jobs_posted(&hub)[0].body["secrets"]["HF_TOKEN"], token);
    assert_eq!(spent(&hub), [&*old.refresh_token]);

    let refresh_token = home.refresh_token();
    assert_ne!(refresh_token, old.refresh_token);
    let text = home.read("stored_tokens");
    let expires_at = text.lines().find_map(|line| line.strip_prefix("expires_at = ")).unwrap().parse().unwrap();
    assert!(expires_at > old.expires_at + 28 * DAY.as_secs());
    assert_eq!(text, stored(&token, &refresh_token, expires_at), "the rest is as it was");
    assert_eq!(home.files(), ["stored_tokens", "token"]);
    for name in ["stored_tokens", "token"] {
        let mode = std::fs::metadata(home.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }

    assert!(!ps(&mut server).await.is_error);
    assert_eq!(spent(&hub).len(), 1);
    for secret in [&old.refresh_token, &refresh_token] {
        let refused = server.jobs("run", json!({"command": ["echo", secret]})).await;
        assert_eq!(refused.code(), "token_in_readable_field");
    }
    assert_shown_nowhere(&server, &[&old.access_token, &old.refresh_token, &token, &refresh_token]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_far_from_its_end_is_left_alone() {
    let (hub, home) = (hub().await, Home::new());
    let login = browser_login(&hub, DAY + HOUR);
    home.log_in(&login);
    let mut server = home.server(hub.endpoint()).start().await;
    assert!(!ps(&mut server).await.is_error);
    assert_eq!(spent(&hub), Vec::<String>::new());
    assert_eq!(home.files(), ["stored_tokens", "token"]);
    assert_eq!(home.read("token"), login.access_token);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_with_a_byte_order_mark_are_renewed() {
    let (hub, home) = (hub_of_days().await, Home::new());
    let old = browser_login(&hub, 23 * HOUR);
    home.log_in(&old);
    for name in ["token", "stored_tokens"] {
        home.write(name, &format!("\u{feff}{}", home.read(name).replace('\n', "\r\n")));
    }
    let mut server = home.server(hub.endpoint()).start().await;
    assert!(!ps(&mut server).await.is_error);
    assert_eq!(spent(&hub), [&*old.refresh_token]);
    assert!(bearers(&hub).iter().all(|bearer| *bearer == home.read("token")));
    assert!(home.read("stored_tokens").contains(&home.read("token")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_login_is_renewed() {
    let (hub, home) = (hub().await, Home::new());
    home.log_in(&browser_login(&hub, Duration::ZERO));
    let mut server = home.server(hub.endpoint()).start().await;
    assert!(!ps(&mut server).await.is_error);
    // A new login of fewer hours than are kept before its end is not renewed at each call.
    assert!(!ps(&mut server).await.is_error);
    assert_eq!(spent(&hub).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_the_hub_refuses_is_renewed_and_the_call_repeated() {
    for operation in ["ps", "run"] {
        let (hub, home) = (hub_of_days().await, Home::new());
        let old = browser_login(&hub, 20 * DAY);
        home.log_in(&old);
        hub.revoke(&old.access_token);
        let mut server = home.server(hub.endpoint()).start().await;
        // A namespace that is given is not asked for: the submission itself is what is refused.
        let args =
            json!({"command": ["true"], "secrets": {"HF_TOKEN": "$HF_TOKEN"}, "namespace": "alice", "detach": true});
        let args = if operation == "run" { args } else { json!({}) };
        let answer = server.jobs(operation, args).await;
        assert!(!answer.is_error, "{answer:?}");
        assert_eq!(spent(&hub), [&*old.refresh_token]);
        let token = home.read("token");
        if let Some(job) = jobs_posted(&hub).last() {
            assert_eq!(job.headers["authorization"], format!("Bearer {token}"));
            assert_eq!(job.body["secrets"]["HF_TOKEN"], token);
        }
        assert_shown_nowhere(&server, &[&old.access_token, &old.refresh_token, &token, &home.refresh_token()]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_at_once_spend_each_refresh_token_once() {
    const CALLS: usize = 6;
    let (hub, home) = (hub_of_days().await, Home::new());
    home.log_in(&browser_login(&hub, Duration::ZERO));
    let mut servers = Vec::new();
    for _ in 0..2 {
        servers.push(home.server(hub.endpoint()).start().await);
    }
    for round in 1..=4 {
        let login = browser_login(&hub, Duration::ZERO);
        home.log_in(&login);
        let mut ids = Vec::new();
        for _ in 0..CALLS {
            for server in &mut servers {
                let call = json!({"name": "hf_jobs", "arguments": {"operation": "ps"}});
                ids.push(server.begin("tools/call", call).await);
            }
        }
        for ids in ids.chunks(servers.len()) {
            for (id, server) in ids.iter().zip(&mut servers) {
                let answer = Server::answer(&server.answer_to(&json!(id)).await);
                assert!(!answer.is_error, "{answer:?}");
            }
        }
        let spent = spent(&hub);
        assert_eq!(spent.len(), round);
        assert_eq!(spent.last(), Some(&login.refresh_token));
        assert_eq!(home.read("stored_tokens").matches(&home.read("token")).count(), 1);
    }
    for server in servers {
        let (_, stderr) = server.finish().await;
        assert!(!stderr.contains("renewed:"), "{stderr}");
    }
}

/// Makes the files of the login ones that the server can't write.
fn make_read_only(home: &Home) {
    std::fs::set_permissions(home.0.path(), std::fs::Permissions::from_mode(0o555)).unwrap();
    // Who is root may write all the same.
    std::fs::create_dir(home.path("stored_tokens.lock")).ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_server_may_not_write_the_old_token_is_used_as_long_as_it_is_good() {
    let (hub, home) = (hub().await, Home::new());
    let login = browser_login(&hub, HOUR);
    home.log_in(&login);
    let before = home.read("stored_tokens");
    make_read_only(&home);
    let mut server = home.server(hub.endpoint()).start().await;
    for _ in 0..3 {
        assert!(!ps(&mut server).await.is_error);
    }
    hub.revoke(&login.access_token);
    for answer in [ps(&mut server).await, server.call("hf_whoami", json!({})).await] {
        assert_eq!(answer.code(), "unauthorized", "{answer:?}");
        assert!(answer.text.contains("`hf auth whoami`") && answer.text.contains("`hf auth login`"), "{answer:?}");
    }
    assert_eq!(spent(&hub), Vec::<String>::new());
    assert_eq!((home.read("stored_tokens"), home.read("token")), (before, login.access_token.clone()));
    assert_shown_nowhere(&server, &[&login.access_token, &login.refresh_token]);
    // What the user does about it counts at once.
    std::fs::set_permissions(home.0.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    home.log_in(&browser_login(&hub, 20 * DAY));
    assert!(!ps(&mut server).await.is_error);
    let (_, stderr) = server.finish().await;
    assert_eq!(stderr.matches("can't be renewed by this server").count(), 1, "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_is_no_longer_good_is_sent_once() {
    let (hub, home) = (hub().await, Home::new());
    let login = browser_login(&hub, HOUR);
    home.log_in(&login);
    hub.revoke(&login.refresh_token);
    let mut server = home.server(hub.endpoint()).start().await;
    for _ in 0..3 {
        assert!(!ps(&mut server).await.is_error);
    }
    hub.revoke(&login.access_token);
    let answer = ps(&mut server).await;
    assert_eq!(answer.code(), "unauthorized");
    assert!(answer.text.contains("`hf auth login`"), "{answer:?}");
    assert_eq!(spent(&hub), [&*login.refresh_token]);
    assert_eq!(home.files(), ["stored_tokens", "token"]);
    assert_shown_nowhere(&server, &[&login.access_token, &login.refresh_token]);
    let (_, stderr) = server.finish().await;
    assert_eq!(stderr.matches("could not be renewed").count(), 1, "{stderr}");
    assert!(stderr.contains("invalid_grant"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_another_process_holds_does_not_hold_the_call() {
    let (hub, home) = (hub().await, Home::new());
    home.log_in(&browser_login(&hub, HOUR));
    let lock = std::fs::File::create(home.path("stored_tokens.lock")).unwrap();
    lock.lock().unwrap();
    let mut server = home.server(hub.endpoint()).start().await;
    assert!(!ps(&mut server).await.is_error);
    assert_eq!(spent(&hub), Vec::<String>::new());
    let (_, stderr) = server.finish().await;
    assert!(stderr.contains("another process holds its lock"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_fails_is_not_asked_at_each_call() {
    let (hub, home) = (hub().await, Home::new());
    let proxy = Proxy::before(&hub).await;
    proxy.fault("POST /oauth/token", 9, Fault::Answer("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n"));
    let login = browser_login(&hub, HOUR);
    home.log_in(&login);
    let mut server = home.server(proxy.endpoint()).start().await;
    for _ in 0..3 {
        assert!(!ps(&mut server).await.is_error);
    }
    assert_eq!(proxy.left("POST /oauth/token"), 8);
    assert_eq!(home.read("token"), login.access_token);
    assert_eq!(home.files(), ["stored_tokens", "token"]);
    let (_, stderr) = server.finish().await;
    assert_eq!(stderr.matches("could not be renewed").count(), 1, "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_loses_no_login() {
    let (hub, home) = (hub().await, Home::new());
    let proxy = Proxy::before(&hub).await;
    let held = Arc::new(Notify::new());
    proxy.fault("POST /oauth/token", 1, Fault::HoldAnswer(held.clone()));
    let login = browser_login(&hub, Duration::ZERO);
    home.log_in(&login);
    let mut server = home.server(proxy.endpoint()).start().await;
    let id = server.begin("tools/call", json!({"name": "hf_jobs", "arguments": {"operation": "ps"}})).await;
    proxy.handled().await;
    let reason = json!({"requestId": id, "reason": "enough"});
    server.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": reason})).await;
    server.close_input();
    held.notify_one();
    let (code, stderr) = server.ended().await;
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(spent(&hub), [&*login.refresh_token]);
    assert_ne!(home.read("token"), login.access_token);
    assert_ne!(home.refresh_token(), login.refresh_token);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_a_variable_is_never_renewed() {
    let (hub, home) = (hub().await, Home::new());
    let login = browser_login(&hub, HOUR);
    home.log_in(&login);
    let mut server = home.server(hub.endpoint()).env("HF_TOKEN", &login.access_token).start().await;
    assert!(!ps(&mut server).await.is_error);
    hub.revoke(&login.access_token);
    assert_eq!(ps(&mut server).await.code(), "unauthorized");
    assert_eq!(spent(&hub), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn other_stored_tokens_are_never_renewed() {
    let (hub, home) = (hub().await, Home::new());
    let login = browser_login(&hub, HOUR);
    home.log_in(&login);
    home.write("token", hub.token());
    let before = home.read("stored_tokens");
    let mut server = home.server(hub.endpoint()).start().await;
    assert!(!ps(&mut server).await.is_error);
    hub.revoke(hub.token());
    let answer = ps(&mut server).await;
    assert!(!answer.text.contains("hf auth whoami"), "{answer:?}");
    assert_eq!(spent(&hub), Vec::<String>::new());
    assert_eq!(home.read("stored_tokens"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_links_stay_links() {
    let (hub, home, elsewhere) = (hub().await, Home::new(), tempfile::tempdir().unwrap());
    home.log_in(&browser_login(&hub, HOUR));
    for name in ["token", "stored_tokens"] {
        let real: &Path = &elsewhere.path().join(name);
        std::fs::copy(home.path(name), real).unwrap();
        std::fs::remove_file(home.path(name)).unwrap();
        std::os::unix::fs::symlink(real, home.path(name)).unwrap();
    }
    let before = home.read("token");
    let mut server = home.server(hub.endpoint()).start().await;
    assert!(!ps(&mut server).await.is_error);
    assert_ne!(home.read("token"), before);
    assert!(home.read("stored_tokens").contains(&home.read("token")));
    for name in ["token", "stored_tokens"] {
        assert!(home.path(name).is_symlink());
    }
}

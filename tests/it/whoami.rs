//! `hf_whoami`: who is logged in, what the token may do, and what to change where it may not.

use std::time::{Duration, SystemTime};

use hf_jobs_mcp::local_hub::{Account, LocalHub, Org, TokenRole};
use serde_json::{Value, json};

use crate::support::{Answer, Server, ServerBuilder, canary_in, hub, hub_of, jobs_posted, write_token};

const EMAIL: &str = "alice.liddell@example.org";

fn alice(role: TokenRole) -> Account {
    Account { name: "alice".to_owned(), role, email: Some(EMAIL.to_owned()), ..Account::default() }
}

fn org(name: &str, role: &str, plan: Option<&str>) -> Org {
    Org { name: name.to_owned(), role_in_org: role.to_owned(), plan: plan.map(str::to_owned) }
}

async fn whoami(server: &mut Server) -> Answer {
    server.call("hf_whoami", json!({})).await
}

/// What that account's login is told.
async fn told(account: Account) -> Answer {
    let hub = hub_of(account).await;
    let mut server = Server::at(&hub).await;
    let answer = whoami(&mut server).await;
    assert!(!answer.is_error, "{answer:?}");
    assert_eq!(answer.structured["ok"], true);
    let shown = format!("{answer:?}{}", server.stderr());
    assert!(canary_in(&shown, hub.token()).is_empty(), "{shown}");
    assert!(!shown.contains(EMAIL) && !shown.contains("liddell"), "{shown}");
    assert_eq!(hub.requests().len(), 1);
    answer
}

/// `yes`, `no` or `unknown` of each namespace, and what to change.
fn namespaces(answer: &Answer) -> Vec<(&str, &str, &str)> {
    let all = answer.structured["namespaces"].as_array().unwrap();
    let row = |namespace| {
        let [name, may, change] = ["name", "may_run_jobs", "change"].map(|field| text(namespace, field));
        (name, may, change)
    };
    all.iter().map(row).collect()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

fn asked(hub: &LocalHub) -> usize {
    hub.requests().iter().filter(|request| request.path == "/api/whoami-v2").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_token() {
    let answer = told(alice(TokenRole::Write)).await;
    assert_eq!(answer.structured["name"], "alice");
    assert_eq!(answer.structured["kind"], "user");
    assert_eq!(answer.structured["plan"], "free");
    assert_eq!(answer.structured["can_pay"], false);
    assert_eq!(answer.structured["host"], "127.0.0.1");
    assert_eq!(answer.structured["token"], json!({"name": "local-hub", "role": "write", "source": "HF_TOKEN"}));
    assert_eq!(namespaces(&answer), [("alice", "yes", "")]);
    for words in
        ["logged in as `alice`", "no payment method", "a write token", "from HF_TOKEN", "127.0.0.1, not huggingface.co"]
    {
        assert!(answer.text.contains(words), "{words}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_and_a_payment_method() {
    let answer = told(Account { is_pro: true, can_pay: true, ..alice(TokenRole::Write) }).await;
    assert_eq!(answer.structured["plan"], "pro");
    assert_eq!(answer.structured["can_pay"], true);
    assert!(answer.text.contains("pro, can pay"), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_token_is_said_plainly() {
    let answer = told(alice(TokenRole::Read)).await;
    assert_eq!(answer.structured["token"]["role"], "read");
    assert!(answer.text.contains("a read token, which can't run jobs"), "{}", answer.text);
    let [("alice", "no", change)] = namespaces(&answer)[..] else { panic!("{answer:?}") };
    assert!(change.contains("write token at https://huggingface.co/settings/tokens"), "{change}");
    assert!(answer.text.contains(change), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fine_grained_token_with_and_without_the_permission() {
    let grant = |name: &str, permission: &str| (name.to_owned(), vec!["repo.write".to_owned(), permission.to_owned()]);
    let permissions = [grant("alice", "repo.content.read"), grant("acme", "job.write")].into();
    let account = Account {
        orgs: vec![org("acme", "write", None), org("other", "admin", None)],
        ..alice(TokenRole::FineGrained { permissions })
    };
    let answer = told(account).await;
    assert!(answer.text.contains("a fine-grained token"), "{}", answer.text);
    let [("alice", "no", change), ("acme", "yes", ""), ("other", "no", _)] = namespaces(&answer)[..] else {
        panic!("{answer:?}")
    };
    assert!(change.contains("the permission `job.write` on `alice`"), "{change}");
    assert!(answer.text.contains(change), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_login_tells_when_it_ends() {
    let expires_at = SystemTime::now() + Duration::from_secs(3600);
    let answer = told(alice(TokenRole::OAuth { expires_at })).await;
    let day = humantime::format_rfc3339_seconds(expires_at).to_string();
    assert!(answer.structured["token"]["expires_at"].as_str().unwrap().starts_with(day.trim_end_matches('Z')));
    assert_eq!(answer.structured["token"]["role"], "oauth");
    assert!(answer.text.contains("browser login (OAuth)"), "{}", answer.text);
    assert!(answer.text.contains(day.trim_end_matches('Z')), "{}", answer.text);
    assert_eq!(namespaces(&answer), [("alice", "yes", "")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn organisations_with_the_callers_role() {
    let orgs = vec![
        org("acme", "admin", Some("enterprise")),
        org("team", "write", None),
        org("library", "read", None),
        org("closed", "no_access", None),
    ];
    let answer = told(Account { orgs, ..alice(TokenRole::Write) }).await;
    let expected = json!([
        {"name": "acme", "role": "admin", "plan": "enterprise"},
        {"name": "team", "role": "write"},
        {"name": "library", "role": "read"},
        {"name": "closed", "role": "no_access"},
    ]);
    assert_eq!(answer.structured["organizations"], expected);
    assert!(answer.text.contains("organisation `acme`: admin, enterprise"), "{}", answer.text);
    let may: Vec<_> = namespaces(&answer).into_iter().map(|(name, may, _)| (name, may)).collect();
    assert_eq!(may, [("alice", "yes"), ("acme", "yes"), ("team", "yes"), ("library", "no"), ("closed", "no")]);
    assert!(answer.text.contains("jobs in `library`: no: ask an admin"), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_an_organisation_and_of_an_app() {
    let answer = told(Account { name: "acme".to_owned(), role: TokenRole::Organization, ..Account::default() }).await;
    assert_eq!(answer.structured["kind"], "org");
    assert_eq!(namespaces(&answer), [("acme", "yes", "")]);
    let answer = told(Account { name: "bot".to_owned(), role: TokenRole::App, ..Account::default() }).await;
    assert_eq!(answer.structured["kind"], "app");
    assert_eq!(namespaces(&answer), [("bot", "unknown", "")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_that_the_token_came_from_is_named() {
    let hub = hub_of(alice(TokenRole::Write)).await;
    let builder = ServerBuilder::new().env("HF_ENDPOINT", hub.endpoint()).token_file(hub.token());
    let mut server = builder.start().await;
    let answer = whoami(&mut server).await;
    let file = server.home.path().join(".cache/huggingface/token");
    assert_eq!(answer.structured["token"]["source"], file.display().to_string());
    assert!(answer.text.contains(&format!("from {}", file.display())), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hub_is_asked_once_for_many_calls() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for _ in 0..3 {
        assert_eq!(whoami(&mut server).await.structured["name"], "alice");
    }
    let submitted = server.jobs("run", json!({"command": ["true"], "detach": true})).await;
    assert!(!submitted.is_error, "{submitted:?}");
    assert!(!server.jobs("ps", json!({})).await.is_error);
    assert_eq!(asked(&hub), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_call_has_the_hub_asked_again() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    whoami(&mut server).await;
    let elsewhere = json!({"command": ["true"], "namespace": "somebody-else", "detach": true});
    let refused = server.jobs("run", elsewhere).await;
    assert_eq!(refused.code(), "forbidden");
    assert!(refused.text.contains("not in that organisation"), "{refused:?}");
    assert_eq!(asked(&hub), 2);
    assert_eq!(whoami(&mut server).await.structured["name"], "alice");
    assert_eq!(asked(&hub), 2);

    hub.revoke(hub.token());
    assert_eq!(server.jobs("run", json!({"command": ["true"], "detach": true})).await.code(), "unauthorized");
    assert_eq!(asked(&hub), 2);
    assert_eq!(whoami(&mut server).await.code(), "unauthorized");
    assert_eq!(asked(&hub), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_login_is_seen_at_once_and_the_former_one_is_still_known() {
    let hub = hub().await;
    let bob = hub.add_account(Account { name: "bob".to_owned(), role: TokenRole::Read, ..Account::default() });
    let mut server = ServerBuilder::new().env("HF_ENDPOINT", hub.endpoint()).token_file(hub.token()).start().await;
    for (token, name, role) in [(hub.token(), "alice", "write"), (&bob, "bob", "read"), (hub.token(), "alice", "write")]
    {
        write_token(server.home.path(), token);
        let answer = whoami(&mut server).await;
        assert_eq!(answer.structured["name"], name);
        assert_eq!(answer.structured["token"]["role"], role);
    }
    assert_eq!(asked(&hub), 2);
    assert_eq!(jobs_posted(&hub).len(), 0);
}

//! What the Hub refuses, told with what this token lacks, where that is mended, and what it may do instead.

use hf_jobs_mcp::local_hub::{Account, LocalHub, Org, TokenRole};
use serde_json::{Value, json};

use crate::support::{Answer, Server, hub_of, jobs_posted};

const MISSING: &str = "66f0a1b2c3d4e5f601234567";
const MISSING_SCHEDULED: &str = "66f0a1b2c3d4e5f6000000aa";
const SETTINGS: &str = "https://huggingface.co/settings/tokens";

/// A member of `acme` who may run jobs there, and of `library` who may not.
fn alice(role: TokenRole) -> Account {
    let org = |name: &str, role: &str| Org { name: name.to_owned(), role_in_org: role.to_owned(), plan: None };
    Account {
        name: "alice".to_owned(),
        role,
        orgs: vec![org("acme", "write"), org("library", "read")],
        ..Account::default()
    }
}

fn fine_grained(entity: &str, permission: &str) -> TokenRole {
    TokenRole::FineGrained { permissions: [(entity.to_owned(), vec![permission.to_owned()])].into() }
}

async fn logged_in(account: Account) -> (LocalHub, Server) {
    let hub = hub_of(account).await;
    let server = Server::at(&hub).await;
    (hub, server)
}

fn job(namespace: &str) -> Value {
    json!({"command": ["true"], "detach": true, "namespace": namespace})
}

/// The code, our words and the Hub's, and the id of the request.
fn holds(answer: &Answer, code: &str, hub_says: &str, words: &[&str]) {
    assert!(answer.is_error && answer.code() == code, "{answer:?}");
    assert_eq!(answer.structured["error"]["retryable"], false);
    let id = answer.structured["error"]["request_id"].as_str().unwrap_or_else(|| panic!("no id in {answer:?}"));
    for words in words.iter().copied().chain([format!("the Hub says: {hub_says}").as_str(), id]) {
        assert!(answer.text.contains(words), "no `{words}` in {}", answer.text);
    }
}

fn lacks(namespace: &str) -> String {
    format!(
        "You don't have the required permissions to complete this action on namespace {namespace}, missing permissions: job.write"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_token_is_told_which_token_runs_jobs() {
    let (hub, mut server) = logged_in(alice(TokenRole::Read)).await;
    let answer = server.jobs("run", job("alice")).await;
    let told = "this token may not run or change jobs in namespace `alice`: it is a read token";
    let hint = "make a write token, or a fine-grained one with `job.write` on `alice`";
    holds(&answer, "forbidden", &lacks("alice"), &[told, hint, SETTINGS, "`hf auth login`"]);
    assert!(!answer.text.contains("`acme`"), "it may run jobs nowhere: {}", answer.text);
    let answer = server.jobs("scheduled run", json!({"schedule": "@daily", "command": ["true"]})).await;
    holds(&answer, "forbidden", &lacks("alice"), &[told]);
    assert_eq!(jobs_posted(&hub).len(), 2, "each was sent once");
    assert!(!server.jobs("ps", json!({})).await.is_error, "it may look");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fine_grained_token_is_told_the_permission_and_the_entity() {
    let (hub, mut server) = logged_in(alice(fine_grained("acme", "job.write"))).await;
    let answer = server.jobs("run", job("alice")).await;
    let told = "`alice`: the permission `job.write` is not among those of this fine-grained token there";
    let hint = "add the permission `job.write` on `alice` to this token at https://huggingface.co/settings/tokens";
    holds(&answer, "forbidden", &lacks("alice"), &[told, hint, "or pass one of `acme` as `namespace`"]);
    let answer = server.jobs("ps", json!({})).await;
    holds(&answer, "forbidden", &lacks("alice"), &["may not see the jobs of namespace `alice`"]);
    let answer = server.jobs("run", job("acme")).await;
    assert!(!answer.is_error && answer.text.contains("namespace `acme`, which pays"), "{answer:?}");
    assert_eq!(jobs_posted(&hub).len(), 2);

    let (_hub, mut server) = logged_in(alice(fine_grained("alice", "repo.write"))).await;
    let answer = server.jobs("run", job("alice")).await;
    holds(&answer, "forbidden", &lacks("alice"), &["`job.write` on `alice`"]);
    assert!(!answer.text.contains("or pass one of"), "there is no other: {}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_is_told_as_it_is_to_this_account() {
    let (hub, mut server) = logged_in(alice(TokenRole::Write)).await;
    let answer = server.jobs("run", job("library")).await;
    let told = "`library`: the account may only read in that organisation";
    let hint = "ask an admin of `library` for the role write; or pass one of `alice`, `acme` as `namespace`";
    holds(&answer, "forbidden", &lacks("library"), &[told, hint]);
    assert!(!server.jobs("ps", json!({"namespace": "library"})).await.is_error, "it may look");

    let answer = server.jobs("run", job("elsewhere")).await;
    let told = "`elsewhere`: the account is not in that organisation";
    let hint = "check the spelling of `elsewhere`, or ask its admins to be let in; or pass one of `alice`, `acme`";
    holds(&answer, "forbidden", &lacks("elsewhere"), &[told, hint]);
    let answer = server.jobs("scheduled ps", json!({"namespace": "elsewhere"})).await;
    holds(&answer, "forbidden", &lacks("elsewhere"), &["may not see the jobs of namespace `elsewhere`"]);
    assert_eq!(jobs_posted(&hub).len(), 2, "each was sent once, and nowhere else");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_credit_is_told_where_it_is_added() {
    let (hub, mut server) = logged_in(Account { has_credit: false, ..alice(TokenRole::Write) }).await;
    let says = "Pre-paid credit balance is insufficient";
    let scheduled = json!({"schedule": "@daily", "command": ["true"], "namespace": "alice"});
    for (operation, args) in [("run", job("alice")), ("scheduled run", scheduled)] {
        let answer = server.jobs(operation, args).await;
        let hint = "add credit at https://huggingface.co/settings/billing, or to say which of `acme` shall pay instead";
        let told = "namespace `alice` has no credit to pay for jobs";
        holds(&answer, "payment_required", says, &[told, hint, "a PRO plan is not what is missing"]);
    }
    let answer = server.jobs("run", job("acme")).await;
    let page = "https://huggingface.co/organizations/acme/settings/billing";
    holds(&answer, "payment_required", says, &["namespace `acme` has no credit", page, "`alice` shall pay instead"]);
    assert_eq!(jobs_posted(&hub).len(), 3, "each was sent once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_told_with_where_it_was_looked_for() {
    let (_hub, mut server) = logged_in(alice(TokenRole::Write)).await;
    let elsewhere = server.jobs("run", job("acme")).await.job_id();
    for operation in ["inspect", "logs", "cancel", "wait", "stats", "rerun"] {
        let answer = server.jobs(operation, json!({"job_id": elsewhere})).await;
        let told = format!("no job `{elsewhere}` in namespace `alice`");
        let look = "{\"operation\": \"ps\", \"args\": {\"all\": true, \"namespace\": \"alice\"}}";
        holds(&answer, "not_found", "Job not found", &[&told, look, "this login may also look in `acme`"]);
    }
    let answer = server.jobs("inspect", json!({"job_id": elsewhere, "namespace": "acme"})).await;
    assert!(!answer.is_error, "{answer:?}");
    let answer = server.jobs("inspect", json!({"job_id": MISSING, "namespace": "acme"})).await;
    let told = format!("no job `{MISSING}` in namespace `acme`");
    holds(&answer, "not_found", "Job not found", &[&told, "this login may also look in `alice`"]);
    let answer = server.jobs("scheduled inspect", json!({"scheduled_job_id": MISSING_SCHEDULED})).await;
    let told = format!("no scheduled job `{MISSING_SCHEDULED}` in namespace `alice`");
    let look = "{\"operation\": \"scheduled ps\", \"args\": {\"all\": true, \"namespace\": \"alice\"}}";
    holds(&answer, "not_found", "Scheduled job not found", &[&told, look, "`acme`"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_accepted_any_more_is_told_by_where_it_comes_from() {
    let (hub, mut server) = logged_in(alice(TokenRole::Write)).await;
    assert!(!server.jobs("ps", json!({})).await.is_error);
    hub.revoke(hub.token());
    let answer = server.jobs("ps", json!({})).await;
    let told = "rejected the token in `HF_TOKEN` (401): it is invalid, expired or revoked";
    holds(&answer, "unauthorized", "Invalid credentials in Authorization header", &[told, SETTINGS, "hf_whoami"]);
    assert!(!format!("{answer:?}").contains(hub.token()));
}

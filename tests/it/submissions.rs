//! One call, one job: whatever becomes of the answer, a submission is sent once, and what it started is told.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::mirror::Mirror;
use crate::support::{Fault, Server, ServerBuilder, behind_proxy, canary, hub, jobs_posted};

const UNAVAILABLE: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const LIMITED: &str =
    "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const PAYMENT: &str = "HTTP/1.1 402 Payment Required\r\nx-error-message: Pre-paid credit balance is insufficient\r\n\
                       x-request-id: Root=1-aa-bb\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const HTML: &str = "HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 21\r\nconnection: close\r\n\r\n<html>bad gate</html>";

fn detached() -> Value {
    json!({"command": ["true"], "detach": true})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_found_by_its_label_and_never_sent_again() {
    for fault in [Fault::LoseAnswer, Fault::HandleAndAnswer(UNAVAILABLE), Fault::HandleAndAnswer(HTML)] {
        let (hub, proxy, mut server) = behind_proxy().await;
        proxy.fault("POST", 1, fault);
        let answer = server.jobs("run", detached()).await;
        assert!(!answer.is_error, "{answer:?}");
        assert_eq!(answer.structured["warnings"][0]["code"], "answer_lost");
        let posted = jobs_posted(&hub);
        assert_eq!(posted.len(), 1);
        let label = posted[0].body["labels"]["mcp-request"].as_str().unwrap();
        assert!(!answer.text.contains(label) && !answer.structured.to_string().contains(label));
        let listed = server.jobs("ps", json!({"all": true})).await;
        assert_eq!(listed.structured["jobs"].as_array().unwrap().len(), 1);
        assert_eq!(listed.structured["jobs"][0]["job_id"], answer.job_id());
    }
}

/// Takes as long as a call looks for what it started: the one test that waits for that.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_found_again_is_unconfirmed_and_the_hint_tells() {
    let (hub, proxy, mut server) = behind_proxy().await;
    // It runs for longer than the second within which the Hub's clock does not tell two copies apart.
    let first = server.jobs("run", json!({"command": ["sleep", "1"], "wait": "30s"})).await.job_id();
    let earlier = server.jobs("rerun", json!({"job_id": first, "wait": "30s"})).await;
    assert_eq!(earlier.structured["logs"]["finished"], true, "{earlier:?}");
    let posted = hub.requests().iter().filter(|request| request.method == "POST").count();
    proxy.fault("POST", 3, Fault::Answer(UNAVAILABLE));
    let mut lost = Vec::new();
    let rerun = json!({"job_id": first, "detach": true});
    let given_up = json!({"command": ["true"], "name": "given-up", "detach": true});
    for (operation, args) in [("run", detached()), ("rerun", rerun), ("run", given_up)] {
        let call = json!({"name": "hf_jobs", "arguments": {"operation": operation, "args": args}});
        lost.push(server.begin("tools/call", call).await);
    }
    while proxy.left("POST") > 0 {
        server.request("ping", json!({})).await;
    }
    let given_up = lost.pop().unwrap();
    let cancelled = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": given_up}});
    server.send(&cancelled).await;
    let mut hints = Vec::new();
    for id in lost {
        let answer = Server::answer(&server.answer_to(&json!(id)).await);
        assert_eq!(answer.code(), "submission_unconfirmed", "an earlier copy is not taken for it: {answer:?}");
        assert_eq!(answer.structured["error"]["retryable"], false);
        let (_, hint) = answer.text.split_once("look in a minute with ").unwrap_or_else(|| panic!("{answer:?}"));
        hints.push(hint.to_owned());
    }
    let now = hub.requests().iter().filter(|request| request.method == "POST").count();
    assert_eq!(now, posted, "neither is ever sent again");
    let call: Value = serde_json::from_str(&hints[0]).unwrap();
    let label = call["args"]["labels"]["mcp-request"].as_str().unwrap().to_owned();
    let answer = server.call("hf_jobs", call).await;
    assert!(!answer.is_error, "{answer:?}");
    let looks =
        hub.requests().into_iter().filter(|request| request.query.iter().any(|(_, value)| value.contains(&label)));
    assert!(looks.count() > 3, "it was looked for several times");
    assert!(hints[1].ends_with(&format!("started by duplicated-job {first}")), "{}", hints[1]);
    // What nobody waits for any more is told by the log, with the call that finds it out.
    server.logged("its answer may not have been read").await;
    let log = server.stderr();
    let line = log.lines().find(|line| line.contains("may not have been read")).unwrap_or_default();
    assert!(line.contains("submission_unconfirmed") && line.contains("\"mcp-request\""), "{line}");
    assert!(!line.contains(&label), "it is another one: {line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_hub_refuses_is_told_at_once_and_not_sent_again() {
    let (hub, proxy, mut server) = behind_proxy().await;
    for (answer, code) in [(PAYMENT, "payment_required"), (LIMITED, "rate_limited")] {
        proxy.fault("POST", 1, Fault::Answer(answer));
        let answer = server.jobs("run", detached()).await;
        assert_eq!(answer.code(), code, "{answer:?}");
    }
    proxy.fault("POST", 1, Fault::Answer(PAYMENT));
    let answer = server.jobs("run", detached()).await;
    for words in [
        "`alice`",
        "credit",
        "https://huggingface.co/settings/billing",
        "Pre-paid credit balance is insufficient",
        "Root=1-aa-bb",
    ] {
        assert!(answer.text.contains(words), "{words} in {answer:?}");
    }
    assert!(jobs_posted(&hub).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_is_repeated_after_failures_that_pass() {
    let (hub, proxy, mut server) = behind_proxy().await;
    proxy.fault("GET", 2, Fault::Answer(UNAVAILABLE));
    proxy.fault("GET", 1, Fault::Answer(LIMITED));
    let answer = server.jobs("ps", json!({})).await;
    assert!(!answer.is_error, "{answer:?}");
    assert_eq!(hub.requests().iter().filter(|request| request.path == "/api/jobs/alice").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_beyond_the_budget_is_told_and_not_slept() {
    let (hub, proxy, mut server) = behind_proxy().await;
    for (header, words) in [("retry-after: 600", "for 600 s more"), ("ratelimit: \"api\";r=0;t=55", "for 55 s more")] {
        let answer =
            format!("HTTP/1.1 429 Too Many Requests\r\n{header}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        proxy.fault("GET /api/jobs/alice", 1, Fault::Answer(answer.leak()));
        let answer = server.jobs("ps", json!({})).await;
        assert_eq!((answer.code(), &answer.structured["error"]["retryable"]), ("rate_limited", &json!(true)));
        assert!(answer.text.contains(words), "{answer:?}");
    }
    assert!(hub.requests().iter().all(|request| request.path != "/api/jobs/alice"), "asked once each");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_stays_away_is_told_with_what_happened() {
    let (_hub, proxy, mut server) = behind_proxy().await;
    proxy.fault("GET", 100, Fault::Answer(HTML));
    let answer = server.jobs("ps", json!({})).await;
    assert_eq!(answer.code(), "hub_unavailable");
    assert!(answer.structured["error"]["retryable"] == true && !answer.text.contains("<html>"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_call_sees_its_submission_through_and_names_the_job_in_the_log() {
    let (hub, proxy, mut server) = behind_proxy().await;
    let release = Arc::new(Notify::new());
    proxy.fault("POST", 1, Fault::HoldAnswer(release.clone()));
    let id = server
        .begin(
            "tools/call",
            json!({"name": "hf_jobs", "arguments": {"operation": "run", "args": {"command": ["true"]}}}),
        )
        .await;
    proxy.handled().await;
    server.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}})).await;
    // A later request is answered: the notification before it was read.
    server.request("ping", json!({})).await;
    release.notify_one();
    let jobs = server.jobs("ps", json!({"all": true})).await;
    let job = jobs.structured["jobs"][0]["job_id"].as_str().unwrap().to_owned();
    let (code, stderr) = server.finish().await;
    assert_eq!(code, Some(0));
    assert!(stderr.contains(&job), "{stderr}");
    assert_eq!(jobs_posted(&hub).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_cancelled_before_its_submission_submits_nothing() {
    let (hub, proxy, mut server) = behind_proxy().await;
    let release = Arc::new(Notify::new());
    proxy.fault("GET /api/whoami-v2", 1, Fault::HoldAnswer(release.clone()));
    let arguments = json!({"operation": "run", "args": {"command": ["true"]}});
    let id = server.begin("tools/call", json!({"name": "hf_jobs", "arguments": arguments})).await;
    proxy.handled().await;
    server.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}})).await;
    server.request("ping", json!({})).await;
    release.notify_one();
    // The account is asked for again, and answered: by then a submission would have been on its way.
    assert!(!server.call("hf_whoami", json!({})).await.is_error);
    assert_eq!(server.finish().await.0, Some(0));
    assert!(jobs_posted(&hub).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_started_again_is_not_started_for_a_call_that_is_cancelled_before() {
    let (hub, proxy, mut server) = behind_proxy().await;
    let job = server.jobs("run", json!({"command": ["true"], "wait": "30s"})).await.job_id();
    let schedule = json!({"schedule": "@yearly", "command": ["true"]});
    let scheduled = server.jobs("scheduled run", schedule).await;
    let scheduled = scheduled.structured["scheduled_jobs"][0]["scheduled_job_id"].as_str().unwrap().to_owned();
    let before = hub.requests().iter().filter(|request| request.method == "POST").count();
    for (operation, args, path) in [
        ("rerun", json!({"job_id": job}), format!("/api/jobs/alice/{job}")),
        ("scheduled trigger", json!({"scheduled_job_id": scheduled}), format!("/api/scheduled-jobs/alice/{scheduled}")),
    ] {
        let release = Arc::new(Notify::new());
        proxy.fault(&format!("GET {path}"), 1, Fault::HoldAnswer(release.clone()));
        let call = json!({"name": "hf_jobs", "arguments": {"operation": operation, "args": args}});
        let id = server.begin("tools/call", call).await;
        proxy.handled().await;
        server.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}})).await;
        server.request("ping", json!({})).await;
        release.notify_one();
    }
    // The end waits for submissions under way.
    assert_eq!(server.finish().await.0, Some(0));
    let after = hub.requests().iter().filter(|request| request.method == "POST").count();
    assert_eq!(after, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_echoes_the_token_is_redacted() {
    let (hub, proxy, mut server) = behind_proxy().await;
    let body = format!("{{\"error\": \"bad token {}\"}}", hub.token());
    let echo = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    proxy.fault("POST", 1, Fault::Answer(echo.leak()));
    let answer = server.jobs("run", detached()).await;
    assert_eq!(answer.code(), "rejected_by_hub");
    assert!(answer.text.contains("bad token [redacted]"), "{answer:?}");
    assert!(!format!("{answer:?}{}", server.stderr()).contains(hub.token()));
}

#[tokio::test(flavor = "multi_thread")]
async fn resource_group_needs_its_organization() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let group = "66f0a1b2c3d4e5f601234567";
    for (operation, args) in [
        ("run", json!({"command": ["true"], "resource_group_id": group})),
        ("scheduled uv", json!({"script": "print(1)", "schedule": "@daily", "resource_group_id": group})),
    ] {
        let answer = server.jobs(operation, args).await;
        assert_eq!(answer.code(), "invalid_arguments", "{answer:?}");
        assert!(answer.text.contains("`resource_group_id` needs `namespace`"), "{}", answer.text);
    }
    assert!(jobs_posted(&hub).is_empty());
    let args = json!({"command": ["true"], "resource_group_id": group, "namespace": "alice", "detach": true});
    let answer = server.jobs("run", args).await;
    assert!(!answer.is_error && jobs_posted(&hub)[0].body["resourceGroupId"] == group, "{answer:?}");

    let answer = server.jobs("run", json!({"command": ["true"], "namespace": group})).await;
    assert_eq!(answer.code(), "forbidden", "{answer:?}");
    assert!(answer.text.contains("pass it as `resource_group_id`"), "{}", answer.text);

    let mirror = Mirror::new().await;
    mirror.refuse(404, json!({"error": "Namespace not found"}).to_string());
    let builder = ServerBuilder::new().env("HF_ENDPOINT", &mirror.endpoint).env("HF_TOKEN", canary());
    let mut server = builder.start().await;
    for (operation, args) in
        [("run", json!({"command": ["true"], "namespace": group})), ("ps", json!({"namespace": group}))]
    {
        let answer = server.jobs(operation, args).await;
        assert_eq!(answer.code(), "not_found", "{answer:?}");
        assert!(answer.text.contains("pass it as `resource_group_id`"), "{}", answer.text);
    }
}

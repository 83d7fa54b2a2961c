//! Answers that are lost on their way: what was started is found again, and never started twice.

use hf_jobs_mcp::local_hub::LocalHub;
use serde_json::{Value, json};

use crate::support::{Answer, Fault, Server, behind_proxy};

const UNAVAILABLE: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// How many requests reached the Hub that start something, at such a path.
fn posted(hub: &LocalHub, path: &str) -> usize {
    hub.requests().iter().filter(|request| request.method == "POST" && request.path == path).count()
}

fn job_ids(answer: &Answer) -> Vec<String> {
    let jobs = answer.structured["jobs"].as_array().unwrap_or_else(|| panic!("no jobs in {answer:?}"));
    jobs.iter().map(|job| job["job_id"].as_str().unwrap().to_owned()).collect()
}

async fn made(server: &mut Server, operation: &str, args: Value) -> Answer {
    let answer = server.jobs(operation, args).await;
    assert!(!answer.is_error, "{answer:?}");
    answer
}

fn scheduled_id(answer: &Answer) -> String {
    answer.structured["scheduled_jobs"][0]["scheduled_job_id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_found_again_by_what_it_is_of() {
    for fault in [Fault::LoseAnswer, Fault::HandleAndAnswer(UNAVAILABLE)] {
        let (hub, proxy, mut server) = behind_proxy().await;
        let first = made(&mut server, "run", json!({"command": ["true"], "wait": "30s"})).await.job_id();
        // An earlier copy is not taken for the one that is lost.
        let earlier = made(&mut server, "rerun", json!({"job_id": first, "wait": "30s"})).await.job_id();
        let path = format!("/api/jobs/alice/{first}/duplicate");
        assert_eq!(posted(&hub, &path), 1);
        proxy.fault(&format!("POST {path}"), 1, fault);
        let answer = made(&mut server, "rerun", json!({"job_id": first, "detach": true})).await;
        assert_eq!(answer.warnings(), ["answer_lost"]);
        assert_eq!(posted(&hub, &path), 2, "the lost one was sent once");
        let copy = answer.job_id();
        assert_eq!(answer.structured["job"]["initiator"], format!("duplicated-job {first}"));
        let listed = job_ids(&server.jobs("ps", json!({"all": true})).await);
        assert_eq!(listed, [copy, earlier, first]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_that_are_made_at_once_are_not_taken_for_each_other() {
    let (hub, proxy, mut server) = behind_proxy().await;
    let first = made(&mut server, "run", json!({"command": ["true"], "wait": "30s"})).await.job_id();
    let path = format!("/api/jobs/alice/{first}/duplicate");
    proxy.fault(&format!("POST {path}"), 2, Fault::LoseAnswer);
    let arguments = json!({"operation": "rerun", "args": {"job_id": first, "detach": true}});
    let mut calls = Vec::new();
    for _ in 0..4 {
        calls.push(server.begin("tools/call", json!({"name": "hf_jobs", "arguments": arguments})).await);
    }
    let mut told = Vec::new();
    let mut found_again = 0;
    for id in calls {
        let answer = Server::answer(&server.answer_to(&json!(id)).await);
        assert!(!answer.is_error, "{answer:?}");
        found_again += answer.warnings().len();
        told.push(answer.job_id());
    }
    assert_eq!((found_again, posted(&hub, &path)), (2, 4));
    told.push(first);
    told.sort();
    let mut listed = job_ids(&server.jobs("ps", json!({"all": true})).await);
    listed.sort();
    assert_eq!(told, listed, "each is told to one call");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_job_is_found_again_by_its_label() {
    for fault in [Fault::LoseAnswer, Fault::HandleAndAnswer(UNAVAILABLE)] {
        let (hub, proxy, mut server) = behind_proxy().await;
        let args = json!({"schedule": "@hourly", "command": ["true"], "name": "twin"});
        let other = scheduled_id(&made(&mut server, "scheduled run", args.clone()).await);
        proxy.fault("POST /api/scheduled-jobs/alice ", 1, fault);
        let answer = made(&mut server, "scheduled run", args).await;
        assert_eq!(answer.warnings(), ["answer_lost"]);
        assert_eq!(posted(&hub, "/api/scheduled-jobs/alice"), 2, "the lost one was sent once");
        let found = scheduled_id(&answer);
        assert_ne!(found, other, "its twin is another one");
        assert!(answer.text.starts_with(&format!("scheduled job {found} in namespace `alice`, which pays")));
        assert!(!format!("{answer:?}").contains("mcp-request"));
        let listed = server.jobs("scheduled ps", json!({})).await;
        assert_eq!(listed.structured["scheduled_jobs"].as_array().unwrap().len(), 2, "{listed:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_beside_the_schedule_is_found_again_by_what_started_it() {
    for fault in [Fault::LoseAnswer, Fault::HandleAndAnswer(UNAVAILABLE)] {
        let (hub, proxy, mut server) = behind_proxy().await;
        let args = json!({"schedule": "@yearly", "command": ["true"], "concurrency": true});
        let id = scheduled_id(&made(&mut server, "scheduled run", args).await);
        let earlier = made(&mut server, "scheduled trigger", json!({"scheduled_job_id": id})).await.job_id();
        let path = format!("/api/scheduled-jobs/alice/{id}/run");
        proxy.fault(&format!("POST {path}"), 1, fault);
        let answer = made(&mut server, "scheduled trigger", json!({"scheduled_job_id": id})).await;
        assert_eq!(answer.warnings(), ["answer_lost"]);
        assert_eq!(posted(&hub, &path), 2, "the lost one was sent once");
        assert_eq!(answer.structured["job"]["initiator"], format!("scheduled-job {id}"));
        let listed = job_ids(&server.jobs("ps", json!({"all": true})).await);
        assert_eq!(listed, [answer.job_id(), earlier]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_or_never_arrived_is_not_looked_for() {
    let (hub, proxy, mut server) = behind_proxy().await;
    let args = json!({"schedule": "@yearly", "command": ["sleep", "1000"]});
    let id = scheduled_id(&made(&mut server, "scheduled run", args).await);
    made(&mut server, "scheduled trigger", json!({"scheduled_job_id": id})).await;
    let looks = |hub: &LocalHub| hub.requests().iter().filter(|request| request.path == "/api/jobs/alice").count();
    let before = looks(&hub);
    assert_eq!(server.jobs("scheduled trigger", json!({"scheduled_job_id": id})).await.code(), "conflict");
    let limited = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    proxy.fault("POST", 1, Fault::Answer(limited));
    let answer = server.jobs("scheduled trigger", json!({"scheduled_job_id": id})).await;
    assert_eq!((answer.code(), &answer.structured["error"]["retryable"]), ("rate_limited", &json!(true)));
    assert!(answer.text.contains("after 7 s"), "{}", answer.text);
    assert_eq!(looks(&hub), before);
}

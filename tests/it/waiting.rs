//! Waiting for jobs: until they are over or run, each told as it stands.

use hf_jobs_mcp::local_hub::{Account, LocalHub, LocalHubConfig};
use serde_json::{Value, json};

use crate::support::{Answer, Fault, Server, behind_proxy, hub};

const MISSING: &str = "66f0a1b2c3d4e5f601234567";

/// Runs until a line is written to the pipe `go` in its home.
const HELD: &str = "mkfifo \"$HOME/go\"; echo ready; read go < \"$HOME/go\"";

async fn detached(server: &mut Server, script: &str) -> String {
    let args = json!({"command": ["/bin/sh", "-c", script], "detach": true, "timeout": "1h"});
    server.jobs("run", args).await.job_id()
}

/// A job that runs until it is let go.
async fn held(server: &mut Server) -> String {
    let job = detached(server, HELD).await;
    let mut lines = json!([]);
    while lines != json!(["ready"]) {
        lines = server.jobs("logs", json!({"job_id": job, "wait": "1s"})).await.structured["logs"]["lines"].clone();
    }
    job
}

fn let_go(hub: &LocalHub, job: &str) {
    std::fs::write(hub.directory().join(job).join("home").join("go"), "go\n").unwrap();
}

/// The jobs of an answer, each with its stage, in their order.
fn stages(answer: &Answer) -> Vec<(String, String)> {
    let jobs = answer.structured["jobs"].as_array().unwrap_or_else(|| panic!("no jobs in {answer:?}"));
    let text = |job: &Value, field: &str| job[field].as_str().unwrap().to_owned();
    jobs.iter().map(|job| (text(job, "job_id"), text(job, "stage"))).collect()
}

/// The call that the text says to go on with.
fn call_after(answer: &Answer, words: &str) -> Value {
    let (_, rest) = answer.text.split_once(words).unwrap_or_else(|| panic!("no `{words}` in {}", answer.text));
    serde_json::from_str(rest.lines().next().unwrap()).unwrap_or_else(|error| panic!("{error} in {rest}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_waited_for_until_it_is_over() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let job = detached(&mut server, "true").await;
    let answer = server.jobs("wait", json!({"job_id": job})).await;
    assert_eq!(stages(&answer), [(job.clone(), "COMPLETED".to_owned())]);
    assert!(answer.text.contains(&format!("job {job} in namespace `alice` ended COMPLETED")), "{}", answer.text);
    assert!(!answer.text.contains("go on with") && !answer.text.contains("what it printed"), "{}", answer.text);
    let listed = hub.requests().iter().filter(|request| request.method != "GET").count();
    assert_eq!(listed, 1, "waiting changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_are_waited_for_and_a_missing_one_fails_alone() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let good = detached(&mut server, "true").await;
    let bad = detached(&mut server, "echo broken; exit 3").await;
    let named = format!("alice/{bad}");
    let answer = server.jobs("wait", json!({"job_id": [good, MISSING, named]})).await;
    assert!(!answer.is_error, "{answer:?}");
    assert_eq!(stages(&answer), [(good, "COMPLETED".to_owned()), (bad.clone(), "ERROR".to_owned())]);
    assert!(answer.text.contains("ended ERROR (Exit code: 3)"), "{}", answer.text);
    let failed = answer.structured["failed"].as_array().unwrap();
    assert_eq!(failed.len(), 1);
    assert_eq!((&failed[0]["job_id"], &failed[0]["error"]["code"]), (&json!(MISSING), &json!("not_found")));
    let logs = call_after(&answer, "what it printed: ");
    let printed = server.call("hf_jobs", logs).await;
    assert_eq!(printed.structured["logs"]["lines"], json!(["broken"]), "{printed:?}");

    let missing = server.jobs("wait", json!({"job_id": MISSING})).await;
    assert!(missing.is_error && missing.code() == "not_found", "{missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn running_is_enough_where_it_is_asked_for() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let running = detached(&mut server, "sleep 1000").await;
    let over = detached(&mut server, "true").await;
    let answer = server.jobs("wait", json!({"job_id": [running, over], "until": "running"})).await;
    let stages = stages(&answer);
    assert_eq!(stages[0], (running, "RUNNING".to_owned()), "{answer:?}");
    assert!(["RUNNING", "COMPLETED"].contains(&stages[1].1.as_str()), "{answer:?}");
    assert!(answer.text.contains("stands at RUNNING") && !answer.text.contains("go on with"), "{}", answer.text);
    let wrong = server.jobs("wait", json!({"job_id": over, "until": "soon"})).await;
    assert_eq!(wrong.mended()["args"]["until"], "finished");
}

#[tokio::test(flavor = "multi_thread")]
async fn time_that_is_up_is_told_with_the_call_that_goes_on() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let (over, open) = (detached(&mut server, "true").await, held(&mut server).await);
    server.jobs("wait", json!({"job_id": over})).await;
    let answer = server.jobs("wait", json!({"job_id": [over, open], "wait": "1s"})).await;
    assert!(!answer.is_error, "{answer:?}");
    assert_eq!(stages(&answer)[1], (open.clone(), "RUNNING".to_owned()));
    let call = call_after(&answer, "it goes on: go on with ");
    assert_eq!(call["operation"], "wait");
    assert_eq!(call["args"]["job_id"], json!(format!("alice/{open}")), "only what is open is waited for again");
    let_go(&hub, &open);
    let answer = server.call("hf_jobs", call).await;
    assert_eq!(stages(&answer), [(open, "COMPLETED".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_waits_for_its_machine_is_no_running_one() {
    let account = Account { name: "alice".to_owned(), ..Account::default() };
    let config = LocalHubConfig { account, running_at_once: 1, ..LocalHubConfig::default() };
    let hub = LocalHub::start(config).await.unwrap();
    let mut server = Server::at(&hub).await;
    let (first, second) = (held(&mut server).await, detached(&mut server, "true").await);
    let answer = server.jobs("wait", json!({"job_id": second, "until": "running", "wait": "1s"})).await;
    assert_eq!(stages(&answer), [(second.clone(), "SCHEDULING".to_owned())]);
    let call = call_after(&answer, "go on with ");
    assert_eq!(call["args"]["until"], "running", "what was waited for is waited for again");
    let_go(&hub, &first);
    let answer = server.call("hf_jobs", call).await;
    assert_ne!(stages(&answer)[0].1, "SCHEDULING");
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_tells_the_stage_while_it_waits() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let job = held(&mut server).await;
    let arguments = json!({"operation": "wait", "args": {"job_id": job, "wait": "45s"}});
    let params = json!({"name": "hf_jobs", "arguments": arguments, "_meta": {"progressToken": "w"}});
    let id = server.begin("tools/call", params).await;
    let note = server.message().await.unwrap();
    assert_eq!(note["method"], "notifications/progress", "{note}");
    assert_eq!(note["params"]["progressToken"], "w");
    assert_eq!(note["params"]["message"], format!("job {job}: RUNNING"));
    let_go(&hub, &job);
    let answer = Server::answer(&server.answer_to(&json!(id)).await);
    assert_eq!(stages(&answer), [(job.clone(), "COMPLETED".to_owned())]);
    let last = &server.notes.last().unwrap_or_else(|| panic!("no further note"))["params"];
    assert_eq!(last["message"], format!("job {job}: COMPLETED"));
    assert!(last["progress"].as_f64() > note["params"]["progress"].as_f64(), "{last} after {note}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_longer_wait_than_clients_have_is_cut_and_said() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let job = detached(&mut server, "true").await;
    let answer = server.jobs("wait", json!({"job_id": job, "wait": "30m"})).await;
    assert_eq!((stages(&answer)[0].1.as_str(), answer.warnings()), ("COMPLETED", vec!["wait_cut"]));
    // No time at all is one look.
    let job = held(&mut server).await;
    let answer = server.jobs("wait", json!({"job_id": job, "wait": 0})).await;
    assert_eq!(stages(&answer)[0].1, "RUNNING");
}

/// A wait that is shorter than the pause between two looks still ends with a look.
#[tokio::test(flavor = "multi_thread")]
async fn job_that_ends_at_the_last_moment_is_seen() {
    let (_hub, proxy, mut server) = behind_proxy().await;
    let job = detached(&mut server, "true").await;
    server.jobs("wait", json!({"job_id": job})).await;
    let running = json!({
        "id": job, "createdAt": "2026-11-23T10:00:00Z", "command": ["true"], "flavor": "cpu-basic", "owner": {"name": "alice"},
        "status": {"stage": "RUNNING"},
    })
    .to_string();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
    let running: &str = format!("{head}content-length: {}\r\n\r\n{running}", running.len()).leak();
    for (argument, looks) in [("wait", 1), ("timeout", 1), ("wait", 2)] {
        let time = if looks == 1 { "1s" } else { "2s" };
        proxy.fault(&format!("GET /api/jobs/alice/{job} "), looks, Fault::Answer(running));
        let answer = server.jobs("wait", json!({"job_id": job, argument: time})).await;
        assert_eq!(stages(&answer), [(job.clone(), "COMPLETED".to_owned())], "{argument} {time}");
        assert!(answer.warnings().is_empty(), "{answer:?}");
    }
    let both = server.jobs("wait", json!({"job_id": job, "wait": "1s", "timeout": "2s"})).await;
    assert_eq!(both.code(), "invalid_arguments", "{both:?}");
    // The time of a job is not the time of a wait.
    let answer = server.jobs("rerun", json!({"job_id": job, "timeout": "1s"})).await;
    assert_eq!(answer.structured["error"]["faults"][0]["argument"], "timeout", "{answer:?}");
}

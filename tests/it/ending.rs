//! How the server ends: with its input, on SIGTERM, after the submissions under way; with `--local`, its jobs end with it.

use std::process::Command;
use std::sync::Arc;

use serde_json::json;
use tokio::sync::Notify;

use crate::support::{Fault, Proxy, Server, ServerBuilder, hub, jobs_posted};

/// Begins a job that outlives the test, and comes back with its id when the server follows it.
async fn follow(server: &mut Server) -> String {
    let arguments = json!({"operation": "run", "args": {"command": ["/bin/sh", "-c", "echo started; sleep 1000"]}});
    let params = json!({"name": "hf_jobs", "arguments": arguments, "_meta": {"progressToken": "p"}});
    server.begin("tools/call", params).await;
    let mut job = String::new();
    loop {
        let note = server.message().await.unwrap();
        if let Some((named, _)) =
            note["params"]["message"].as_str().and_then(|note| note.strip_prefix("job ")?.split_once(':'))
        {
            named.clone_into(&mut job);
        }
        if note["params"]["message"] == "started"
            || note["params"]["message"].as_str().is_some_and(|note| note.contains("RUNNING"))
        {
            return job;
        }
    }
}

fn terminate(server: &Server) {
    let pid = server.child.id().unwrap().to_string();
    assert!(Command::new("/bin/kill").arg(pid).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_with_its_input() {
    let hub = hub().await;
    assert_eq!(ServerBuilder::at(&hub).spawn().finish().await.0, Some(0), "before a word was said");
    assert_eq!(Server::at(&hub).await.finish().await.0, Some(0), "when nothing is under way");
    let mut server = Server::at(&hub).await;
    follow(&mut server).await;
    server.close_input();
    // Following ends with what it has, so that the job is told.
    let answer = Server::answer(&server.answer_to(&json!(2)).await);
    assert_eq!(answer.structured["job"]["stage"], "RUNNING", "{answer:?}");
    assert!(answer.text.contains(&answer.job_id()));
    assert_eq!(server.finish().await.0, Some(0), "while a job is followed");
    assert_eq!(jobs_posted(&hub).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_on_sigterm() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let job = follow(&mut server).await;
    terminate(&server);
    let (code, stderr, output) = server.ended_with_output().await;
    assert_eq!(code, Some(0));
    let answered = output.iter().any(|line| line.contains("\"structuredContent\"") && line.contains(&job));
    assert!(answered || stderr.contains(&job), "the job is told: {stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_on_sigterm_from_its_first_answer_on() {
    let hub = hub().await;
    for _ in 0..5 {
        let server = Server::at(&hub).await;
        terminate(&server);
        assert_eq!(server.ended().await.0, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_when_nobody_reads_its_answers() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    server.close_output();
    server.begin("ping", json!({})).await;
    assert_eq!(server.ended().await.0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_under_way_still_come_after_the_input_has_closed() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let id = server.begin("tools/call", json!({"name": "hf_whoami", "arguments": {}})).await;
    server.close_input();
    let answer = server.answer_to(&json!(id)).await;
    assert_eq!(answer["result"]["structuredContent"]["name"], "alice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_under_way_is_seen_through_and_its_job_named_in_the_log() {
    for by_signal in [false, true] {
        let hub = hub().await;
        let proxy = Proxy::before(&hub).await;
        let mut server =
            ServerBuilder::at(&hub).env("HF_ENDPOINT", proxy.endpoint()).arg("--log-level=debug").start().await;
        let release = Arc::new(Notify::new());
        proxy.fault("POST", 1, Fault::HoldAnswer(release.clone()));
        let arguments = json!({"operation": "run", "args": {"command": ["true"], "detach": true}});
        server.begin("tools/call", json!({"name": "hf_jobs", "arguments": arguments})).await;
        proxy.handled().await;
        if by_signal {
            terminate(&server);
        } else {
            server.close_input();
        }
        server.logged(if by_signal { "told to stop" } else { "the client is gone" }).await;
        release.notify_one();
        let (code, stderr) = server.ended().await;
        assert_eq!(code, Some(0));
        let created = hub.requests().iter().filter(|request| request.method == "POST").count();
        assert_eq!(created, 1);
        assert!(stderr.contains("a job was submitted") && stderr.contains("namespace=alice"), "{stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_the_local_hub_end_with_the_server() {
    let mut server = ServerBuilder::new().arg("--local").start().await;
    let pid_file = server.home.path().join("pid");
    let script = format!("echo $$ > {}; echo started; sleep 1000", pid_file.display());
    let args = json!({"command": ["/bin/sh", "-c", script], "detach": true});
    let job = server.jobs("run", args).await.job_id();
    while !server.jobs("logs", json!({"job_id": job, "wait": "1s"})).await.text.contains("started") {}
    let pid: u32 = std::fs::read_to_string(&pid_file).unwrap().trim().parse().unwrap();
    let alive = |pid: u32| std::path::Path::new(&format!("/proc/{pid}/stat")).exists();
    assert!(alive(pid));
    let stderr = server.stderr();
    for words in ["run as you", "images are ignored", "nothing is billed"] {
        assert!(stderr.contains(words), "{words} in {stderr}");
    }
    let (code, _) = server.finish().await;
    assert_eq!(code, Some(0));
    assert!(!alive(pid));
}

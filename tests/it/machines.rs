//! Machines: which there are at which price, what jobs use of theirs, and what that has cost.

use std::sync::Arc;

use hf_jobs_mcp::local_hub::{Account, LocalHub, LocalHubConfig};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::{Answer, Fault, Proxy, Server, ServerBuilder, hub};

const MISSING: &str = "66f0a1b2c3d4e5f601234567";

async fn detached(server: &mut Server, args: Value) -> String {
    let mut args = args;
    args["detach"] = json!(true);
    let answer = server.jobs("run", args).await;
    assert!(!answer.is_error, "{answer:?}");
    answer.job_id()
}

/// A job that runs for longer than any test.
async fn running(server: &mut Server, flavor: &str) -> String {
    let job = detached(server, json!({"command": ["sleep", "1000"], "flavor": flavor})).await;
    let answer = server.jobs("wait", json!({"job_id": job, "until": "running"})).await;
    assert_eq!(answer.structured["jobs"][0]["stage"], "RUNNING");
    job
}

async fn over(server: &mut Server) -> String {
    let job = detached(server, json!({"command": ["true"]})).await;
    server.jobs("wait", json!({"job_id": job})).await;
    job
}

/// How often that was asked of the Hub.
fn asked(hub: &LocalHub, path: &str) -> usize {
    hub.requests().iter().filter(|request| request.method == "GET" && request.path == path).count()
}

fn stats(answer: &Answer) -> &Vec<Value> {
    answer.structured["stats"].as_array().unwrap_or_else(|| panic!("no stats in {answer:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn flavors_are_listed_with_prices_and_asked_for_once() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let answer = server.jobs("hardware", json!({})).await;
    let flavors = answer.structured["hardware"].as_array().unwrap();
    assert!(flavors.len() > 10, "{answer:?}");
    for flavor in flavors {
        let name = flavor["name"].as_str().unwrap();
        let price = flavor["usd_per_hour"].as_str().unwrap();
        let row = answer.text.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
        assert!(row.contains(price) && price.starts_with('$'), "{row}");
        assert!(row.chars().count() < 150, "{row}");
    }
    let flavor = |name: &str| flavors.iter().find(|flavor| flavor["name"] == name).unwrap();
    assert_eq!(flavor("cpu-basic")["usd_per_hour"], "$0.01");
    assert_eq!(flavor("t4-small")["usd_per_hour"], "$0.40");
    assert!(flavor("cpu-basic").get("accelerator").is_none());
    assert!(flavor("t4-small")["accelerator"].as_str().unwrap().contains("T4"), "{flavors:?}");
    // A submission, another list, a look at a job: all know the machines by now.
    let job = detached(&mut server, json!({"command": ["true"], "flavor": "t4-small"})).await;
    server.jobs("inspect", json!({"job_id": job})).await;
    assert_eq!(server.jobs("flavors", json!({})).await.text, answer.text);
    assert_eq!(asked(&hub, "/api/jobs/hardware"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_job_has_one_fresh_sample() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let job = running(&mut server, "t4-small").await;
    let answer = server.jobs("stats", json!({"job_id": job})).await;
    let sample = &stats(&answer)[0];
    assert_eq!((&sample["stage"], &sample["finished"]), (&json!("RUNNING"), &json!(false)), "{answer:?}");
    assert!((0.0..=100.0).contains(&sample["cpu_percent"].as_f64().unwrap()), "{sample}");
    assert!(sample["memory_total_bytes"].as_u64() > sample["memory_used_bytes"].as_u64(), "{sample}");
    assert_eq!(sample["gpu_percent"].as_array().unwrap().len(), 1, "{sample}");
    assert!(answer.text.starts_with(&format!("job {job} on t4-small: RUNNING: cpu ")), "{}", answer.text);
    assert!(answer.text.contains(" % of 4.0 cores") && answer.text.contains("gpu 0 % with 0 B of"), "{}", answer.text);
    assert_eq!(answer.text.lines().count(), 1, "one sample, one line");
    assert_eq!(asked(&hub, &format!("/api/jobs/alice/{job}/metrics")), 1);
    server.jobs("stats", json!({"job_id": job})).await;
    assert_eq!(asked(&hub, &format!("/api/jobs/alice/{job}/metrics")), 2, "a sample is never an old one");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_are_over_or_missing_are_told_beside_those_that_run() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let (running, over) = (running(&mut server, "cpu-basic").await, over(&mut server).await);
    let answer = server.jobs("stats", json!({"job_id": [over, MISSING, running]})).await;
    assert!(!answer.is_error, "{answer:?}");
    let told: Vec<_> = stats(&answer).iter().map(|sample| (&sample["job_id"], &sample["finished"])).collect();
    assert_eq!(told, [(&json!(over), &json!(true)), (&json!(running), &json!(false))]);
    assert!(stats(&answer)[0].get("cpu_percent").is_none() && stats(&answer)[1]["cpu_percent"].is_number());
    assert!(answer.text.contains(&format!("job {over} on cpu-basic: finished, COMPLETED")), "{}", answer.text);
    assert_eq!(answer.structured["failed"][0]["error"]["code"], "not_found");
    assert_eq!(asked(&hub, &format!("/api/jobs/alice/{over}/metrics")), 0, "what is over is not asked for");
}

/// The Hub answers 406 to the metrics of a job that is over.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_ends_before_its_sample_is_told_as_finished() {
    let hub = hub().await;
    let proxy = Proxy::before(&hub).await;
    let mut server = ServerBuilder::at(&hub).env("HF_ENDPOINT", proxy.endpoint()).start().await;
    let job = running(&mut server, "cpu-basic").await;
    let release = Arc::new(Notify::new());
    proxy.fault(&format!("GET /api/jobs/alice/{job} "), 1, Fault::HoldAnswer(release.clone()));
    let call = json!({"name": "hf_jobs", "arguments": {"operation": "stats", "args": {"job_id": job}}});
    let id = server.begin("tools/call", call).await;
    proxy.handled().await;
    assert!(!server.jobs("cancel", json!({"job_id": job})).await.is_error);
    release.notify_one();
    let answer = Server::answer(&server.answer_to(&json!(id)).await);
    assert!(!answer.is_error, "{answer:?}");
    assert_eq!(asked(&hub, &format!("/api/jobs/alice/{job}/metrics")), 1);
    assert_eq!((&stats(&answer)[0]["stage"], &stats(&answer)[0]["finished"]), (&json!("CANCELED"), &json!(true)));
    assert!(answer.text.contains("finished, CANCELED"), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_waits_for_its_machine_has_no_sample_and_no_cost_yet() {
    let account = Account { name: "alice".to_owned(), ..Account::default() };
    let config = LocalHubConfig { account, running_at_once: 1, ..LocalHubConfig::default() };
    let hub = LocalHub::start(config).await.unwrap();
    let mut server = Server::at(&hub).await;
    running(&mut server, "cpu-basic").await;
    let job = detached(&mut server, json!({"command": ["true"]})).await;
    let shown = server.jobs("inspect", json!({"job_id": job})).await;
    assert_eq!(shown.structured["jobs"][0]["stage"], "SCHEDULING");
    assert!(shown.structured["jobs"][0].get("usd_so_far").is_none(), "{shown:?}");
    assert!(!shown.text.contains(" so far"), "{}", shown.text);
    let answer = server.jobs("stats", json!({"job_id": job})).await;
    assert!(answer.text.contains("SCHEDULING: no sample yet, its machine is not ready"), "{}", answer.text);
    assert!(stats(&answer)[0].get("cpu_percent").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn inspect_shows_how_long_a_job_ran_and_what_it_cost() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let (running, over) = (running(&mut server, "t4-small").await, over(&mut server).await);
    let answer = server.jobs("inspect", json!({"job_id": [running, over]})).await;
    let jobs = answer.structured["jobs"].as_array().unwrap();
    // One minute, begun: two thirds of a cent on a T4.
    for (job, stage) in [(&jobs[0], "RUNNING"), (&jobs[1], "COMPLETED")] {
        assert_eq!(job["stage"], stage);
        assert_eq!(job["usd_so_far"], "$0.01", "{job}");
        assert!(job["run_seconds"].as_u64().unwrap() < 60 && job["started_at"].is_string(), "{job}");
    }
    assert!(jobs[0].get("finished_at").is_none() && jobs[1]["finished_at"].is_string());
    assert_eq!(answer.text.matches("cost $0.01 so far").count(), 2, "{}", answer.text);
    assert_eq!(answer.text.matches("  times: created ").count(), 2, "{}", answer.text);
    for job in [running, over] {
        assert!(answer.text.contains(&format!("{}/jobs/alice/{job}", hub.endpoint())), "{}", answer.text);
    }
}

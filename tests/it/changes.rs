//! Jobs that are there already: what they are called, which of their ports can be reached, and once more.

use hf_jobs_mcp::local_hub::{LocalHub, RecordedRequest};
use serde_json::{Value, json};

use crate::support::{Server, hub, jobs_posted};

const MISSING: &str = "66f0a1b2c3d4e5f601234567";

async fn made(server: &mut Server, args: Value) -> String {
    let mut args = args;
    args["detach"] = json!(true);
    let answer = server.jobs("run", args).await;
    assert!(!answer.is_error, "{answer:?}");
    answer.job_id()
}

async fn running(server: &mut Server) -> String {
    let job = made(server, json!({"command": ["sleep", "1000"]})).await;
    server.jobs("wait", json!({"job_id": job, "until": "running"})).await;
    job
}

/// The last request with that method.
fn last(hub: &LocalHub, method: &str) -> RecordedRequest {
    hub.requests().into_iter().rfind(|request| request.method == method).unwrap()
}

fn copies(hub: &LocalHub) -> usize {
    hub.requests().iter().filter(|request| request.path.ends_with("/duplicate")).count()
}

/// A change, the labels afterwards, and the warnings.
pub fn label_changes() -> Vec<(Value, Value, Vec<&'static str>)> {
    vec![
        (json!({"name": "new"}), json!({"name": "new", "team": "x"}), vec![]),
        (json!({"labels": ["stage=dev"]}), json!({"name": "new", "stage": "dev", "team": "x"}), vec![]),
        (json!({"labels": {"stage": "prod"}}), json!({"name": "new", "stage": "prod", "team": "x"}), vec![]),
        (json!({"remove": ["team"]}), json!({"name": "new", "stage": "prod"}), vec![]),
        (json!({"remove": "stage", "labels": {"a": "b"}}), json!({"a": "b", "name": "new"}), vec![]),
        (json!({"remove": ["gone"]}), json!({"a": "b", "name": "new"}), vec!["labels_absent"]),
        (json!({"labels": {"c": "d"}, "replace": true}), json!({"c": "d"}), vec!["labels_removed"]),
        (json!({"name": "n", "replace": "true"}), json!({"name": "n"}), vec!["labels_removed"]),
        (json!({"labels": {"name": "m"}, "replace": true}), json!({"name": "m"}), vec![]),
        // As the official server reads it.
        (json!({"labels": {}, "replace": true}), json!({}), vec!["empty_map", "labels_removed"]),
        (json!({"labels": {"a": "b"}, "name": "n"}), json!({"a": "b", "name": "n"}), vec![]),
        (json!({"clear": true}), json!({}), vec![]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_are_added_removed_and_replaced() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let job = made(&mut server, json!({"command": ["true"], "name": "old", "labels": {"team": "x"}})).await;
    let own = jobs_posted(&hub)[0].body["labels"]["mcp-request"].clone();
    assert!(own.is_string());
    for (change, labels, warnings) in label_changes() {
        let mut args = change.clone();
        args["job_id"] = json!(job);
        let answer = server.jobs("labels", args).await;
        assert!(!answer.is_error, "{answer:?}");
        let put = last(&hub, "PUT");
        assert_eq!(put.path, format!("/api/jobs/alice/{job}/labels"));
        assert_eq!(put.body["labels"]["mcp-request"], own, "{put:?}");
        assert!(!format!("{answer:?}").contains("mcp-request"));
        let after = answer.structured["job"].get("labels").cloned().unwrap_or(json!({}));
        assert_eq!((after, answer.warnings()), (labels.clone(), warnings), "{change}");
        let pairs: Vec<String> = labels
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| format!("{key}={}", value.as_str().unwrap()))
            .collect();
        let shown = if pairs.is_empty() { "none".to_owned() } else { pairs.join(", ") };
        assert!(answer.text.contains(&format!("labels: {shown}")), "{}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_that_say_nothing_or_two_things_are_refused() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let job = made(&mut server, json!({"command": ["true"]})).await;
    for (args, wrong) in [
        (json!({"job_id": job}), "labels"),
        (json!({"job_id": job, "labels": {}}), "labels"),
        (json!({"job_id": job, "replace": true}), "labels"),
        (json!({"job_id": job, "clear": true, "name": "x"}), "clear"),
        (json!({"job_id": job, "clear": true, "labels": {"a": "b"}}), "clear"),
        (json!({"job_id": job, "clear": true, "remove": ["a"]}), "clear"),
        (json!({"job_id": job, "replace": true, "labels": {"a": "b"}, "remove": ["c"]}), "remove"),
        (json!({"job_id": job, "labels": {"a": "b"}, "remove": ["a"]}), "remove"),
        (json!({"job_id": job, "remove": ["a b"]}), "remove"),
        (json!({"job_id": job, "remove": ["a", "mcp-request"]}), "remove[1]"),
        (json!({"job_id": job, "labels": {"name": "y"}, "name": "x"}), "name"),
        (json!({"job_id": job, "labels": {"mcp-request": "mine"}}), "labels.mcp-request"),
        (json!({"job_id": job, "labels": {"a b": "x"}}), "labels.a b"),
        (json!({"labels": {"a": "b"}}), "job_id"),
    ] {
        let answer = server.jobs("labels", args.clone()).await;
        assert_eq!(answer.code(), "invalid_arguments", "{args}: {answer:?}");
        let faults = answer.structured["error"]["faults"].as_array().unwrap();
        assert_eq!((faults.len(), &faults[0]["argument"]), (1, &json!(wrong)), "{args}");
    }
    // Both ways out are shown, for only the caller knows whether the other labels are to stay.
    let answer = server.jobs("labels", json!({"job_id": job, "clear": true, "name": "x"})).await;
    for way in ["leave out `clear` to keep the other labels", "pass \"replace\": true instead of it"] {
        assert!(answer.text.contains(way), "{answer:?}");
    }
    assert!(hub.requests().iter().all(|request| request.method != "PUT"));
    let answer = server.jobs("labels", json!({"job_id": MISSING, "name": "x"})).await;
    assert_eq!(answer.code(), "not_found", "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ports_are_opened_and_closed_while_a_job_runs() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let job = running(&mut server).await;
    let at = |port: u16| format!("http://127.0.0.1:{port}");
    for (args, sent, urls) in [
        (json!({"ports": [8000]}), json!({"ports": [8000], "portsPublic": []}), vec![at(8000)]),
        (
            json!({"ports": ["8000"], "public_ports": [8001]}),
            json!({"ports": [8000, 8001], "portsPublic": [8001]}),
            vec![at(8000), at(8001)],
        ),
        (json!({"ports": []}), json!({"ports": [], "portsPublic": []}), vec![]),
    ] {
        let mut args = args;
        args["job_id"] = json!(job);
        let answer = server.jobs("expose", args.clone()).await;
        assert!(!answer.is_error, "{args}: {answer:?}");
        let put = last(&hub, "PUT");
        assert_eq!(put.path, format!("/api/jobs/alice/{job}/expose"));
        assert_eq!(put.body, sent);
        assert!(put.dropped.is_empty(), "{put:?}");
        let told = if urls.is_empty() { "none".to_owned() } else { urls.join(", ") };
        assert!(answer.text.contains(&format!("reachable at: {told}")), "{}", answer.text);
        assert_eq!(answer.structured["job"].get("expose_urls").cloned().unwrap_or(json!([])), json!(urls));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ports_that_are_none_are_refused_and_a_job_that_is_over_has_none() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let job = running(&mut server).await;
    for ports in [json!([0]), json!([70_000]), json!(["http"]), json!([-1]), json!((1..=50).collect::<Vec<_>>())] {
        let answer = server.jobs("expose", json!({"job_id": job, "ports": ports})).await;
        assert_eq!(answer.code(), "invalid_arguments", "{ports}: {answer:?}");
    }
    let answer = server.jobs("expose", json!({"job_id": job})).await;
    assert_eq!(answer.structured["error"]["faults"][0]["argument"], "ports", "{answer:?}");
    assert!(hub.requests().iter().all(|request| request.method != "PUT"), "nothing was sent");
    server.jobs("cancel", json!({"job_id": job})).await;
    let answer = server.jobs("expose", json!({"job_id": job, "ports": [8000]})).await;
    assert_eq!(answer.code(), "conflict");
    assert!(answer.text.contains("Job is not running"), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_runs_again_with_its_secrets_and_is_followed() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let args = json!({
        "command": ["/bin/sh", "-c", "echo \"level $LEVEL, token ${HF_TOKEN:+there}\""], "env": {"LEVEL": "info"},
        "secrets": {"HF_TOKEN": "$HF_TOKEN"}, "labels": {"team": "x"}, "flavor": "t4-small", "timeout": "2h",
    });
    let first = made(&mut server, args).await;
    let answer = server.jobs("rerun", json!({"job_id": first, "wait": "30s"})).await;
    assert!(!answer.is_error, "{answer:?}");
    let copy = answer.job_id();
    assert_ne!(copy, first);
    let posted = last(&hub, "POST");
    assert_eq!((posted.path, posted.body), (format!("/api/jobs/alice/{first}/duplicate"), Value::Null));
    assert_eq!(answer.structured["logs"]["lines"], json!(["level info, token there"]));
    assert_eq!(answer.structured["logs"]["finished"], true);
    for words in
        ["namespace `alice`, which pays", "t4-small at $0.40 an hour, $0.81 at most; timeout 2h", "secrets: HF_TOKEN"]
    {
        assert!(answer.text.contains(words), "{words} in {}", answer.text);
    }
    let job = &answer.structured["job"];
    assert_eq!(job["initiator"], format!("duplicated-job {first}"));
    assert_eq!((&job["secrets"], &job["labels"]["team"]), (&json!(["HF_TOKEN"]), &json!("x")));
    let shown = server.jobs("inspect", json!({"job_id": copy})).await;
    assert!(shown.text.contains(&format!("started by: duplicated-job {first}")), "{}", shown.text);
    assert!(!format!("{answer:?}{shown:?}").contains(hub.token()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_runs_again_is_left_alone_where_that_is_asked_for() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let first = running(&mut server).await;
    for (args, others) in [(json!({"job_id": first, "detach": true}), 1), (json!({"id": first, "wait": 0}), 2)] {
        let answer = server.jobs("rerun", args).await;
        assert!(!answer.is_error && answer.structured.get("logs").is_none(), "{answer:?}");
        assert!(answer.text.contains(&format!(
            "follow with {{\"operation\":\"logs\",\"args\":{{\"job_id\":\"alice/{}\"",
            answer.job_id()
        )));
        assert_eq!(copies(&hub), others);
    }
    assert_eq!(server.jobs("ps", json!({})).await.structured["jobs"].as_array().unwrap().len(), 3);
    let answer = server.jobs("rerun", json!({"job_id": MISSING})).await;
    assert_eq!(answer.code(), "not_found");
    let answer = server.jobs("rerun", json!({"job_id": first, "flavor": "t4-small"})).await;
    assert_eq!(answer.structured["error"]["faults"][0]["argument"], "flavor", "a copy is as it was: {answer:?}");
    let answer = server.jobs("rerun", json!({"job_id": [first, MISSING]})).await;
    assert_eq!(answer.code(), "invalid_arguments", "one at a time: {answer:?}");
    assert_eq!(copies(&hub), 2);
}

//! Looks that fail when something was done or told already: what is known is told, with how old it is, and nothing is hidden.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::{Answer, Fault, Server, behind_proxy};

const UNAVAILABLE: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const GONE: &str = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

async fn running(server: &mut Server) -> String {
    let job = server.jobs("run", json!({"command": ["sleep", "1000"], "detach": true})).await.job_id();
    server.jobs("wait", json!({"job_id": job, "until": "running"})).await;
    job
}

fn json_answer(headers: &str, body: &Value) -> Fault {
    let body = body.to_string();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
    Fault::Answer(format!("{head}{headers}content-length: {}\r\n\r\n{body}", body.len()).leak())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_waited_for_is_told_with_its_age_when_the_hub_fails_later() {
    let (_hub, proxy, mut server) = behind_proxy().await;
    let job = running(&mut server).await;
    for fault in [UNAVAILABLE, GONE] {
        let arguments = json!({"operation": "wait", "args": {"job_id": [job], "timeout": "4s"}});
        let call = json!({"name": "hf_jobs", "arguments": arguments, "_meta": {"progressToken": "p"}});
        let id = server.begin("tools/call", call).await;
        // The first look is told; from then on the Hub fails.
        while server.message().await.unwrap()["method"] != "notifications/progress" {}
        proxy.fault(&format!("GET /api/jobs/alice/{job} "), 100, Fault::Answer(fault));
        let answer = Server::answer(&server.answer_to(&json!(id)).await);
        proxy.clear();
        if fault == UNAVAILABLE {
            assert_eq!(
                (&answer.structured["jobs"][0]["stage"], answer.warnings()),
                (&json!("RUNNING"), vec!["hub_trouble"])
            );
            assert!(answer.text.contains(&format!("job {job} may not be the newest, and is ")), "{}", answer.text);
        } else {
            assert_eq!(answer.structured["failed"][0]["error"]["code"], "not_found", "{answer:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_that_was_accepted_is_not_told_as_a_running_job() {
    let (hub, proxy, mut server) = behind_proxy().await;
    let job = running(&mut server).await;
    let release = Arc::new(Notify::new());
    proxy.fault("POST", 1, Fault::HoldAnswer(release.clone()));
    let call = json!({"name": "hf_jobs", "arguments": {"operation": "cancel", "args": {"job_id": job}}});
    let id = server.begin("tools/call", call).await;
    proxy.handled().await;
    proxy.fault("GET", 100, Fault::Answer(UNAVAILABLE));
    release.notify_one();
    let answer = Server::answer(&server.answer_to(&json!(id)).await);
    assert!(
        !answer.is_error && answer.text.contains("the cancel was accepted, and its stage can't be read"),
        "{answer:?}"
    );
    assert_eq!(answer.structured["jobs"][0]["stage"], "UNKNOWN");
    proxy.clear();
    let (_, call) = answer.text.split_once("look with ").unwrap();
    let call: Value = serde_json::from_str(call.lines().next().unwrap()).unwrap();
    let seen = server.call("hf_jobs", call).await;
    assert_eq!(seen.structured["jobs"][0]["stage"], "CANCELED");
    assert_eq!(hub.requests().iter().filter(|request| request.path.ends_with("/cancel")).count(), 1);
}

fn ids(answer: &Answer, list: &str, id: &str) -> Vec<String> {
    let items = answer.structured[list].as_array().unwrap_or_else(|| panic!("no {list} in {answer:?}"));
    items.iter().map(|item| item[id].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_says_what_it_lacks() {
    let (_hub, proxy, mut server) = behind_proxy().await;
    let spec = json!({"dockerImage": "busybox", "command": ["true"], "flavor": "cpu-basic"});
    let scheduled = |id: &str, last: Value| json!({"id": id, "schedule": "@daily", "jobSpec": spec, "status": {"lastJob": last, "nextJobRunAt": null}});
    let list = json!([
        scheduled("66f0a1b2c3d4e5f6000000aa", json!({"id": "66f0a1b2c3d4e5f601234567", "at": null})),
        scheduled("66f0a1b2c3d4e5f6000000ab", json!(null)),
        {"id": 7},
    ]);
    proxy.fault("GET /api/scheduled-jobs/alice", 1, json_answer("", &list));
    let answer = server.jobs("scheduled ps", json!({})).await;
    let shown = ids(&answer, "scheduled_jobs", "scheduled_job_id");
    assert_eq!(shown, ["66f0a1b2c3d4e5f6000000aa", "66f0a1b2c3d4e5f6000000ab"]);
    assert!(answer.text.contains("1 more can't be read"), "{}", answer.text);
    let job = |id: &str| json!({"id": id, "command": ["true"], "flavor": "cpu-basic", "status": {"stage": "RUNNING"}});
    let (first, second) = ("66f0a1b2c3d4e5f600000001", "66f0a1b2c3d4e5f600000002");
    // The next page: by a path alone, on this Hub; and on another, where no token goes.
    let next = "link: </api/jobs/alice?cursor=two>; rel=\"next\"\r\n";
    proxy.fault("GET /api/jobs/alice?cursor=two", 1, json_answer("", &json!([job(second), {"id": 7}])));
    proxy.fault("GET /api/jobs/alice?stage", 1, json_answer(next, &json!([job(first)])));
    let answer = server.jobs("ps", json!({})).await;
    assert_eq!(
        (ids(&answer, "jobs", "job_id"), &answer.structured["more"]),
        (vec![first.into(), second.into()], &json!(false))
    );
    assert!(answer.text.contains("1 more can't be read"), "{}", answer.text);
    let foreign = "link: <https://example.com/api/jobs/alice?cursor=two>; rel=\"next\"\r\n";
    proxy.fault("GET /api/jobs/alice?stage", 1, json_answer(foreign, &json!([job(first)])));
    let answer = server.jobs("ps", json!({})).await;
    assert_eq!((ids(&answer, "jobs", "job_id"), &answer.structured["more"]), (vec![first.to_owned()], &json!(true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_is_not_deleted_by_a_guess() {
    let (hub, _proxy, mut server) = behind_proxy().await;
    let made = server.jobs("scheduled run", json!({"schedule": "@yearly", "command": ["true"]})).await;
    let id = made.structured["scheduled_jobs"][0]["scheduled_job_id"].clone();
    let answer = server.jobs("scheduled cancel", json!({"scheduled_job_id": id})).await;
    assert_eq!(answer.code(), "unknown_operation");
    for operation in ["scheduled suspend", "scheduled delete"] {
        assert!(answer.text.contains(&format!("\"operation\": \"{operation}\"")), "{}", answer.text);
    }
    // Callers take what comes first.
    let place = |operation: &str| answer.text.rfind(&format!("\"{operation}\"")).unwrap();
    assert!(place("scheduled suspend") < place("scheduled delete"), "{}", answer.text);
    assert!(hub.requests().iter().all(|request| request.method != "DELETE"));
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_that_stay_go_back_as_the_hub_has_them() {
    let (hub, _proxy, mut server) = behind_proxy().await;
    // The label's value is redacted in answers, as that of a secret.
    let args = json!({"command": ["true"], "labels": {"team": "nightly-team"}, "secrets": {"TEAM": "nightly-team"}, "detach": true});
    let job = server.jobs("run", args).await.job_id();
    let answer = server.jobs("labels", json!({"job_id": job, "name": "new"})).await;
    assert!(!answer.is_error && !answer.text.contains("nightly-team"), "{answer:?}");
    let put = hub.requests().into_iter().rfind(|request| request.method == "PUT").unwrap();
    assert_eq!((&put.body["labels"]["team"], &put.body["labels"]["name"]), (&json!("nightly-team"), &json!("new")));
}

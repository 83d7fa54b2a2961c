//! Lists over several pages of the Hub: how long they may be, in which order, and what is left out.

use serde_json::{Value, json};

use crate::support::{Answer, Fault, Proxy, Server, behind_proxy};

const FIRST_PAGE: &str = "GET /api/jobs/alice?";

/// A job that was submitted in that minute of the day.
fn job(minute: usize, stage: &str) -> Value {
    let at = format!("2026-11-23T{:02}:{:02}:00Z", minute / 60, minute % 60);
    json!({
        "id": format!("{minute:024x}"), "createdAt": at, "command": ["true"], "dockerImage": "busybox", "flavor": "cpu-basic",
        "owner": {"name": "alice", "type": "user"}, "status": {"stage": stage, "message": null},
    })
}

/// Has the Hub answer a list with these pages, each of which names the next.
fn pages(proxy: &Proxy, pages: &[Vec<Value>]) {
    for (at, page) in pages.iter().enumerate() {
        let body = Value::Array(page.clone()).to_string();
        let next = if at + 1 < pages.len() {
            format!("link: </api/jobs/alice?cursor=page{}>; rel=\"next\"\r\n", at + 1)
        } else {
            String::new()
        };
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
        let answer = format!("{head}{next}content-length: {}\r\n\r\n{body}", body.len()).leak();
        // The first page that matches answers, so those of the others come first.
        let path = if at == 0 { FIRST_PAGE.to_owned() } else { format!("GET /api/jobs/alice?cursor=page{at} ") };
        proxy.fault(&path, 1, Fault::Answer(answer));
    }
}

fn ids(answer: &Answer) -> Vec<usize> {
    let jobs = answer.structured["jobs"].as_array().unwrap_or_else(|| panic!("no jobs in {answer:?}"));
    jobs.iter().map(|job| usize::from_str_radix(job["job_id"].as_str().unwrap(), 16).unwrap()).collect()
}

async fn listed(server: &mut Server, limit: usize) -> Answer {
    let answer = server.jobs("ps", json!({"status": "COMPLETED", "limit": limit})).await;
    assert!(!answer.is_error, "{answer:?}");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn ps_follows_pages_up_to_500_jobs() {
    let (hub, proxy, mut server) = behind_proxy().await;
    let minutes: Vec<usize> = (0..660).rev().collect();
    let all: Vec<Vec<Value>> =
        minutes.chunks(60).map(|page| page.iter().map(|minute| job(*minute, "COMPLETED")).collect()).collect();
    for (limit, shown, warnings) in [(61, 61, vec![]), (500, 500, vec![]), (1000, 500, vec!["number_cut"])] {
        pages(&proxy, &all);
        let answer = listed(&mut server, limit).await;
        assert_eq!(ids(&answer), minutes[..shown], "limit {limit}");
        assert_eq!((&answer.structured["more"], answer.warnings()), (&json!(true), warnings), "limit {limit}");
        assert_eq!(answer.text.contains("a larger `limit`"), shown < 500, "limit {limit}");
        let unread = (1..all.len()).filter(|at| proxy.left(&format!("GET /api/jobs/alice?cursor=page{at} ")) == 1);
        assert_eq!(unread.count(), all.len() - shown.div_ceil(60), "no page is read that is not shown");
        proxy.clear();
    }
    assert!(
        hub.requests().iter().all(|request| !request.path.ends_with("/jobs/alice")),
        "the pages are those of the test"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ps_lists_the_newest_first_in_any_order_of_the_hub() {
    let (_hub, proxy, mut server) = behind_proxy().await;
    let all: Vec<Vec<Value>> =
        [[1, 2], [3, 4], [5, 6]].map(|page| page.map(|minute| job(minute, "COMPLETED")).to_vec()).to_vec();
    for (limit, shown, more) in
        [(3, vec![6, 5, 4], true), (6, vec![6, 5, 4, 3, 2, 1], false), (20, vec![6, 5, 4, 3, 2, 1], false)]
    {
        pages(&proxy, &all);
        let answer = listed(&mut server, limit).await;
        assert_eq!((ids(&answer), &answer.structured["more"]), (shown, &json!(more)), "limit {limit}");
        proxy.clear();
    }
    // Within a second, a time with a fraction is later than one without.
    let mut later = job(1, "COMPLETED");
    later["createdAt"] = json!("2026-11-23T00:02:00.5Z");
    pages(&proxy, &[vec![job(2, "COMPLETED"), later]]);
    assert_eq!(ids(&listed(&mut server, 20).await), [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn stats_without_an_id_samples_what_runs_within_a_bound() {
    let (_hub, proxy, mut server) = behind_proxy().await;
    let answer = server.jobs("stats", json!({})).await;
    assert!(!answer.is_error && answer.structured["stats"].is_null(), "{answer:?}");
    assert!(answer.text.contains("no running jobs in namespace `alice`"), "{}", answer.text);
    let mut run = async |command: Value| server.jobs("run", json!({"command": command, "detach": true})).await.job_id();
    let (first, over) = (run(json!(["sleep", "1000"])).await, run(json!(["true"])).await);
    let second = run(json!(["sleep", "1000"])).await;
    server.jobs("wait", json!({"job_id": over})).await;
    server.jobs("wait", json!({"job_id": [first, second], "until": "running"})).await;
    let answer = server.jobs("stats", json!({})).await;
    let sampled: Vec<_> =
        answer.structured["stats"].as_array().unwrap().iter().map(|stats| stats["job_id"].clone()).collect();
    assert_eq!(sampled, [json!(second), json!(first)], "{answer:?}");
    assert_eq!(answer.structured["more"], false);
    assert!(answer.text.starts_with("2 running jobs in namespace `alice`"), "{}", answer.text);

    let many: Vec<Value> = (0..51).rev().map(|minute| job(minute, "RUNNING")).collect();
    pages(&proxy, &[many]);
    proxy.fault(
        "GET /api/jobs/alice/",
        50,
        Fault::Answer("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"),
    );
    let answer = server.jobs("stats", json!({})).await;
    assert_eq!(answer.structured["failed"].as_array().unwrap().len(), 50, "{answer:?}");
    assert_eq!(answer.structured["more"], true);
    assert!(answer.text.contains("more jobs are running: these are the newest 50"), "{}", answer.text);
}

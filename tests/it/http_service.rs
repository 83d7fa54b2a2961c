//! Over HTTP, the server as a service: probes, its end, its log.

use std::process::Command;
use std::sync::Arc;

use reqwest::Method;
use serde_json::json;
use tokio::sync::Notify;

use crate::support::http::{Events, HttpServer, Reply, initialize, on_and_on, run};
use crate::support::{Fault, Proxy, Server, ServerBuilder, hub, jobs_posted};

fn terminate(http: &HttpServer) {
    let pid = http.server.child.id().unwrap().to_string();
    assert!(Command::new("/bin/kill").arg(pid).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_are_answered_without_a_token() {
    let hub = hub().await;
    let http = HttpServer::at(&hub).await;
    let probe = |path: &'static str| Reply::of(http.plain(Method::GET, path));
    let alive = probe("/healthz").await;
    assert_eq!((alive.status.as_u16(), alive.body.as_str()), (200, "ok\n"));
    for _ in 0..20 {
        let ready = probe("/readyz").await;
        assert_eq!((ready.status.as_u16(), ready.message()), (200, json!({"ready": true, "login": true, "hub": true})));
    }
    assert_eq!(hub.requests().len(), 1, "the Hub is asked once");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_not_ready_without_a_login_or_a_hub() {
    let hub = hub().await;
    let refusing = ServerBuilder::at(&hub).env("HF_TOKEN", crate::support::canary()).over_http().await;
    let nobody = ServerBuilder::at(&hub).without("HF_TOKEN").over_http().await;
    let proxy = Proxy::before(&hub).await;
    proxy.fault(
        "GET ",
        100,
        Fault::Answer("HTTP/1.1 503 Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"),
    );
    let broken = ServerBuilder::at(&hub).env("HF_ENDPOINT", proxy.endpoint()).over_http().await;
    for (http, login, asked) in
        [(refusing, true, json!(false)), (nobody, false, json!(null)), (broken, true, json!(false))]
    {
        for _ in 0..5 {
            let ready = Reply::of(http.plain(Method::GET, "/readyz")).await;
            assert_eq!((ready.status.as_u16(), ready.message()["login"] == json!(login)), (503, true), "{ready:?}");
            assert_eq!(ready.message()["hub"], asked, "the Hub is not asked without a login");
        }
        assert_eq!(Reply::of(http.plain(Method::GET, "/healthz")).await.status, 200);
    }
    assert_eq!(hub.requests().len(), 1, "one had it asked, and that once");
    assert!(100 - proxy.left("GET ") < 5, "no more than the tries of one question");
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_it_answers_what_is_under_way() {
    let hub = hub().await;
    let http = HttpServer::at(&hub).await;
    let session = http.session().await;
    let mut standing = Events::of(http.request(Method::GET, "/mcp").header("mcp-session-id", &session)).await;
    let mut sse = Events::of(http.request(Method::GET, "/sse")).await;
    let endpoint = sse.next().await.unwrap().data;
    let post = |message: &serde_json::Value| {
        let request = http.request(Method::POST, &endpoint).header("content-type", "application/json");
        Reply::of(request.body(message.to_string()))
    };
    assert_eq!(post(&initialize()).await.status, 202);
    sse.answer().await;
    assert_eq!(post(&run(1, &on_and_on("one"))).await.status, 202);
    sse.told("one").await;
    let mut in_session = Events::of(http.in_session(&session, &run(1, &on_and_on("two")))).await;
    in_session.told("two").await;
    let mut stateless = Events::of(http.message(&run(1, &on_and_on("three")))).await;
    stateless.told("three").await;
    terminate(&http);
    for (events, word) in [(&mut sse, "one"), (&mut in_session, "two"), (&mut stateless, "three")] {
        let answer = Server::answer(&events.answer().await);
        assert_eq!(answer.structured["logs"]["finished"], false, "{answer:?}");
        assert!(answer.text.contains(word) && answer.text.contains("\"cursor\""), "{answer:?}");
        assert_eq!(events.next().await, None);
    }
    assert_eq!(standing.next().await, None, "what stands open does not hold it up");
    let (code, stderr) = http.server.ended().await;
    assert_eq!(code, Some(0));
    assert!(!stderr.contains("not answered in time"), "{stderr}");
    assert_eq!(jobs_posted(&hub).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_under_way_is_seen_through_and_told() {
    let hub = hub().await;
    let proxy = Proxy::before(&hub).await;
    let http = ServerBuilder::at(&hub).env("HF_ENDPOINT", proxy.endpoint()).arg("--log-level=debug").over_http().await;
    let release = Arc::new(Notify::new());
    proxy.fault("POST", 1, Fault::HoldAnswer(release.clone()));
    let request = http.message(&run(1, "true"));
    let reply = tokio::spawn(Reply::of(request));
    proxy.handled().await;
    terminate(&http);
    http.server.logged("told to stop").await;
    let late = http.message(&run(2, "true")).send().await;
    assert!(late.is_err() || late.is_ok_and(|late| late.status() == 503), "no call begins any more");
    release.notify_one();
    let answer = Server::answer(&reply.await.unwrap().message());
    let job = answer.job_id();
    let (code, stderr) = http.server.ended().await;
    assert_eq!(code, Some(0));
    assert!(stderr.contains(&job), "{stderr}");
    assert_eq!(jobs_posted(&hub).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_a_line_of_the_log_without_what_it_holds() {
    let hub = hub().await;
    let http = ServerBuilder::at(&hub).arg("--log-format=json").over_http().await;
    let command = "echo a-word-of-the-body";
    assert_eq!(Reply::of(http.message(&run(1, command))).await.status, 200);
    Reply::of(http.request(Method::GET, "/none?a-word-of-the-query")).await;
    http.server.logged("\"/none\"").await;
    let stderr = http.server.stderr();
    let entries: Vec<serde_json::Value> = stderr
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|entry| entry["fields"]["message"] == "request")
        .collect();
    assert_eq!(entries.len(), 2, "{stderr}");
    assert_eq!(entries[0]["fields"]["method"], "POST");
    assert_eq!((&entries[0]["fields"]["path"], &entries[0]["fields"]["status"]), (&json!("/mcp"), &json!(200)));
    assert_eq!((&entries[1]["fields"]["path"], &entries[1]["fields"]["status"]), (&json!("/none"), &json!(404)));
    assert!(entries[0]["fields"]["ms"].is_u64());
    assert!(!stderr.contains("a-word-of-the"), "{stderr}");
}

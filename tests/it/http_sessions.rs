//! Streamable HTTP: a session's life, calls without one, progress on a call's own stream, clients that go away.

use std::sync::Arc;

use hf_jobs_mcp::local_hub::LocalHub;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::http::{Events, HttpServer, Reply, call, initialize, on_and_on, run, stateless};
use crate::support::{Fault, Proxy, Server, ServerBuilder, hub, jobs_posted, told};

#[tokio::test(flavor = "multi_thread")]
async fn a_session_lives_from_initialize_to_delete() {
    let hub = hub().await;
    let http = HttpServer::at(&hub).await;
    let reply = Reply::of(http.message(&initialize())).await;
    let answer = reply.message();
    assert_eq!(answer["result"]["protocolVersion"], "2025-06-18");
    assert_eq!(answer["result"]["serverInfo"]["name"], "hf-jobs-mcp");
    let session = reply.header("mcp-session-id");
    assert!(session.len() >= 32 && session.bytes().all(|byte| byte.is_ascii_graphic()), "{session}");

    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let tools = Reply::of(http.in_session(session, &list)).await.message();
    let mut names = tools["result"]["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap());
    assert!(names.by_ref().eq(["hf_jobs", "hf_whoami"]), "{tools}");

    let mut call = Events::of(http.in_session(session, &run(2, "echo out"))).await;
    call.told("SCHEDULING").await;
    let answer = Server::answer(&call.answer().await);
    assert_eq!(answer.structured["job"]["stage"], "COMPLETED", "{answer:?}");
    assert!(answer.text.contains("out"), "{answer:?}");
    assert_eq!(call.next().await, None, "the stream ends with the answer");

    let delete = || http.request(Method::DELETE, "/mcp").header("mcp-session-id", session);
    assert_eq!(Reply::of(delete()).await.status, 204);
    let after = Reply::of(http.in_session(session, &list)).await;
    assert_eq!((after.status.as_u16(), &after.message()["id"]), (404, &json!(1)), "{after:?}");
    assert!(after.error().contains("send `initialize` again without `Mcp-Session-Id`"), "{after:?}");
    assert_eq!(jobs_posted(&hub).len(), 1);
    let log = http.server.stderr();
    assert!(log.contains(&session[..8]) && !log.contains(session), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_session_is_not_anothers() {
    let hub = hub().await;
    let http = HttpServer::at(&hub).await;
    let (one, other) = (http.session().await, http.session().await);
    assert_ne!(one, other);
    let ping = |id: u64| json!({"jsonrpc": "2.0", "id": id, "method": "ping"});
    Reply::of(http.request(Method::DELETE, "/mcp").header("mcp-session-id", &one)).await;
    assert_eq!(Reply::of(http.in_session(&one, &ping(1))).await.status, 404);
    assert_eq!(Reply::of(http.in_session(&other, &ping(2))).await.message()["id"], 2);
    let mut standing = Events::of(http.request(Method::GET, "/mcp").header("mcp-session-id", &other)).await;
    Reply::of(http.request(Method::DELETE, "/mcp").header("mcp-session-id", &other)).await;
    assert_eq!(standing.next().await, None, "its stream ends with it");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_needs_a_session_that_does_not_ask_for_one() {
    let hub = hub().await;
    let http = HttpServer::at(&hub).await;
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    for message in [list, stateless(1, "tools/list", json!({})), stateless(1, "server/discover", json!({}))] {
        let mut request = http.message(&message);
        if message["params"]["_meta"].is_object() {
            request = request
                .header("mcp-protocol-version", "2026-07-28")
                .header("mcp-method", message["method"].as_str().unwrap());
        }
        let reply = Reply::of(request).await;
        assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "application/json"), "{reply:?}");
        assert!(!reply.headers.contains_key("mcp-session-id"));
        let result = &reply.message()["result"];
        assert!(result["tools"].is_array() || result["supportedVersions"].is_array(), "{reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_2026_07_28_are_told_their_progress() {
    let hub = hub().await;
    let http = HttpServer::at(&hub).await;
    let message = stateless(1, "tools/call", run(1, "echo out")["params"].clone());
    let request = |name: &str| {
        let headers = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/call"), ("mcp-name", name)];
        headers.iter().fold(http.message(&message), |request, (header, value)| request.header(*header, *value))
    };
    let mut events = Events::of(request("hf_jobs")).await;
    events.told("SCHEDULING").await;
    let answer = events.answer().await;
    assert_eq!(answer["result"]["resultType"], "complete");
    assert_eq!(Server::answer(&answer).structured["job"]["stage"], "COMPLETED");
    // What stands in the headers must be what is asked for.
    let reply = Reply::of(request("hf_whoami")).await;
    assert_eq!((reply.status.as_u16(), &reply.message()["error"]["code"]), (400, &json!(-32020)), "{reply:?}");
    assert_eq!(jobs_posted(&hub).len(), 1);
}

/// A server whose next following tells when it has ended.
async fn followed(hub: &LocalHub) -> (HttpServer, Arc<Notify>) {
    let proxy = Proxy::before(hub).await;
    let left = Arc::new(Notify::new());
    proxy.fault("GET /api/jobs/alice/", usize::MAX, Fault::TellWhenLeft(left.clone()));
    let http = ServerBuilder::at(hub).env("HF_ENDPOINT", proxy.endpoint()).arg("--log-level=debug").over_http().await;
    (http, left)
}

async fn stage(http: &HttpServer, hub: &LocalHub) -> Value {
    let ps = http.call("hf_jobs", json!({"operation": "ps"})).await;
    assert_eq!(jobs_posted(hub).len(), 1);
    ps.structured["jobs"][0]["stage"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_ends_the_following_and_not_the_job() {
    for in_session in [false, true] {
        let hub = hub().await;
        let (http, left) = followed(&hub).await;
        let message = run(1, &on_and_on("started"));
        let request =
            if in_session { http.in_session(&http.session().await, &message) } else { http.message(&message) };
        let mut events = Events::of(request).await;
        events.told("started").await;
        drop(events);
        told(&left).await;
        assert_eq!(stage(&http, &hub).await, "RUNNING");
        if in_session {
            http.server.logged("a client went away").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_in_a_submission_leaves_its_job_in_the_log() {
    for in_session in [false, true] {
        let hub = hub().await;
        let proxy = Proxy::before(&hub).await;
        let server = ServerBuilder::at(&hub).env("HF_ENDPOINT", proxy.endpoint()).arg("--log-level=debug");
        let http = server.over_http().await;
        let release = Arc::new(Notify::new());
        proxy.fault("POST", 1, Fault::HoldAnswer(release.clone()));
        let message = run(1, "true");
        let request =
            if in_session { http.in_session(&http.session().await, &message) } else { http.message(&message) };
        let client = tokio::spawn(Reply::of(request));
        proxy.handled().await;
        client.abort();
        assert!(client.await.unwrap_err().is_cancelled());
        if in_session {
            http.server.logged("a client went away").await;
        } else {
            // Its line is written when it is gone.
            http.server.logged("path=\"/mcp\"").await;
        }
        release.notify_one();
        let ps = http.call("hf_jobs", json!({"operation": "ps", "args": {"all": true}})).await;
        let job = ps.structured["jobs"][0]["job_id"].as_str().unwrap().to_owned();
        http.server.logged(&job).await;
        assert_eq!(jobs_posted(&hub).len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_broke_can_be_taken_up_again() {
    let hub = hub().await;
    let http = HttpServer::at(&hub).await;
    let session = http.session().await;
    let go = http.server.home.path().join("go");
    let command = format!("while [ ! -e {} ]; do echo started; sleep 0.2; done; echo done", go.display());
    let mut events = Events::of(http.in_session(&session, &run(1, &command))).await;
    let last = events.told("started").await.id;
    drop(events);
    let again = http.request(Method::GET, "/mcp").header("mcp-session-id", &session).header("last-event-id", &last);
    let mut events = Events::of(again).await;
    // Longer than a stream that broke may be resumed.
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    std::fs::write(&go, "").unwrap();
    let answer = Server::answer(&events.answer().await);
    assert_eq!(answer.structured["job"]["stage"], "COMPLETED", "{answer:?}");
    assert!(answer.text.contains("done"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_can_be_cancelled_and_its_job_goes_on() {
    let hub = hub().await;
    let (http, left) = followed(&hub).await;
    let session = http.session().await;
    let mut events = Events::of(http.in_session(&session, &run(7, &on_and_on("started")))).await;
    events.told("started").await;
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}});
    assert_eq!(Reply::of(http.in_session(&session, &cancel)).await.status, 202);
    told(&left).await;
    while let Some(event) = events.next().await {
        assert!(event.data.contains("notifications/progress"), "what is cancelled is not answered: {event:?}");
    }
    assert_eq!(stage(&http, &hub).await, "RUNNING");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_carried_out_as_over_stdio() {
    let hub = hub().await;
    let http = HttpServer::at(&hub).await;
    let mut stdio = Server::at(&hub).await;
    let refused =
        json!({"operation": "run", "args": {"command": ["true"], "timout": "1h", "env": {"HF_TOKEN": "$HF_TOKEN"}}});
    for (tool, arguments) in [
        ("hf_whoami", json!({})),
        ("hf_jobs", json!({})),
        ("hf_jobs", refused),
        ("hf_jobs", json!({"operation": "logs", "args": {"job_id": "66f0a1b2c3d4e5f601234567"}})),
    ] {
        let (here, there) = (http.call(tool, arguments.clone()).await, stdio.call(tool, arguments).await);
        let told = |text: &str| text.split("request id").next().unwrap().to_owned();
        assert_eq!((told(&here.text), here.is_error), (told(&there.text), there.is_error));
    }
    let unknown = Reply::of(http.message(&call(1, "none", json!({})))).await.message();
    assert_eq!(unknown["error"]["code"], -32602, "{unknown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn local_scripts_are_read_only_where_a_directory_was_named() {
    let hub = hub().await;
    let scripts = tempfile::tempdir().unwrap();
    std::fs::write(scripts.path().join("train.py"), "print('hello')\n").unwrap();
    let dry = json!({"operation": "uv", "args": {"script": "train.py", "dry_run": true}});
    let http = ServerBuilder::at(&hub).directory(scripts.path()).over_http().await;
    assert_eq!(http.call("hf_jobs", dry.clone()).await.code(), "local_file_refused");
    let http = ServerBuilder::at(&hub).arg("--script-dir").arg(scripts.path()).over_http().await;
    assert!(!http.call("hf_jobs", dry).await.is_error);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_neither_cancels_nor_reads_what_another_called() {
    let hub = hub().await;
    let http = HttpServer::at(&hub).await;
    let (one, other) = (http.session().await, http.session().await);
    let mut events = Events::of(http.in_session(&one, &run(7, &on_and_on("mine")))).await;
    let place = events.told("mine").await.id;
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}});
    assert_eq!(Reply::of(http.in_session(&other, &cancel)).await.status, 202);
    // It goes on: another line of it comes.
    events.told("mine").await;
    let peek = http.request(Method::GET, "/mcp").header("mcp-session-id", &other).header("last-event-id", &place);
    let response = peek.send().await.unwrap();
    if response.status().is_success() {
        // The other's own stream, on which nothing of this one comes before its own answer does.
        Reply::of(http.request(Method::DELETE, "/mcp").header("mcp-session-id", &other)).await;
        assert!(!response.text().await.unwrap().contains("mine"));
    }
    events.told("mine").await;
    assert_eq!(Reply::of(http.in_session(&one, &cancel)).await.status, 202);
}

//! HTTP with server-sent events, as older clients speak it.

use std::sync::Arc;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::http::{Events, HttpServer, Reply, call, initialize, on_and_on, run};
use crate::support::{Fault, Proxy, Server, ServerBuilder, hub, jobs_posted, told};

/// A session, initialised.
struct Session {
    events: Events,
    endpoint: String,
}

impl Session {
    async fn open(http: &HttpServer) -> Self {
        let mut events = Events::of(http.request(Method::GET, "/sse")).await;
        let first = events.next().await.unwrap();
        assert_eq!(first.name, "endpoint");
        let mut session = Self { events, endpoint: first.data };
        session.send(http, &initialize()).await;
        assert_eq!(session.events.message().await["result"]["protocolVersion"], "2025-06-18");
        session.send(http, &json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
        session
    }

    fn post(&self, http: &HttpServer, message: &Value) -> RequestBuilder {
        let request = http.request(Method::POST, &self.endpoint).header("content-type", "application/json");
        request.body(message.to_string())
    }

    async fn send(&self, http: &HttpServer, message: &Value) {
        let reply = Reply::of(self.post(http, message)).await;
        assert_eq!((reply.status.as_u16(), reply.body.as_str()), (202, ""), "{reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_go_one_way_and_answers_come_the_other() {
    let hub = hub().await;
    let http = HttpServer::at(&hub).await;
    let mut session = Session::open(&http).await;
    let id = session.endpoint.strip_prefix("/messages?sessionId=").unwrap().to_owned();
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "128 random bits: {id}");
    let other = Session::open(&http).await;
    assert_ne!(other.endpoint, session.endpoint);

    session.send(&http, &json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})).await;
    assert_eq!(session.events.answer().await["result"]["tools"].as_array().unwrap().len(), 2);
    session.send(&http, &run(2, "echo out")).await;
    session.events.told("SCHEDULING").await;
    let answer = session.events.answer().await;
    assert_eq!(answer["id"], 2);
    assert_eq!(Server::answer(&answer).structured["job"]["stage"], "COMPLETED");
    session.send(&http, &json!({"jsonrpc": "2.0", "id": 3, "method": "none"})).await;
    assert_eq!(session.events.answer().await["error"]["code"], -32601);

    for (body, code) in [("{", -32700), ("[]", -32600), (r#"{"jsonrpc": "2.0", "id": 4}"#, -32600)] {
        let reply = Reply::of(session.post(&http, &json!(null)).body(body)).await;
        assert_eq!((reply.status.as_u16(), &reply.message()["error"]["code"]), (400, &json!(code)), "{reply:?}");
    }
    let log = http.server.stderr();
    assert!(log.contains("/messages") && !log.contains(&id), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_before_a_request_does_no_harm() {
    let hub = hub().await;
    let http = HttpServer::at(&hub).await;
    let mut events = Events::of(http.request(Method::GET, "/sse")).await;
    let mut session = Session { endpoint: events.next().await.unwrap().data, events };
    session.send(&http, &json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
    session.send(&http, &initialize()).await;
    assert_eq!(session.events.answer().await["id"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_with_its_stream_and_its_jobs_go_on() {
    let hub = hub().await;
    let proxy = Proxy::before(&hub).await;
    let left = Arc::new(Notify::new());
    proxy.fault("GET /api/jobs/alice/", usize::MAX, Fault::TellWhenLeft(left.clone()));
    let http = ServerBuilder::at(&hub).env("HF_ENDPOINT", proxy.endpoint()).over_http().await;
    let mut session = Session::open(&http).await;
    session.send(&http, &run(1, &on_and_on("started"))).await;
    session.events.told("started").await;
    let after = session.post(&http, &json!({"jsonrpc": "2.0", "id": 2, "method": "ping"}));
    drop(session);
    told(&left).await;
    assert_eq!(Reply::of(after).await.status, 404);
    let ps = http.call("hf_jobs", json!({"operation": "ps"})).await;
    assert_eq!(ps.structured["jobs"][0]["stage"], "RUNNING");
    assert_eq!(jobs_posted(&hub).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_can_be_cancelled() {
    let hub = hub().await;
    let http = HttpServer::at(&hub).await;
    let mut session = Session::open(&http).await;
    session.send(&http, &run(1, &on_and_on("started"))).await;
    session.events.told("started").await;
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
    session.send(&http, &cancel).await;
    session.send(&http, &call(2, "hf_whoami", json!({}))).await;
    assert_eq!(session.events.answer().await["id"], 2, "what is cancelled is not answered");
}

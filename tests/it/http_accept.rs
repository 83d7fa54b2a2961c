//! Over HTTP, the form of an answer: the one that the `Accept` header allows.

use std::sync::Arc;

use hf_jobs_mcp::secrets::{Known, Scrubber};
use hf_jobs_mcp::transport::http::{Access, HttpSetup, Limits, Readiness};
use hf_jobs_mcp::transport::serve_http;
use reqwest::Method;
use rmcp::ServerHandler;
use rmcp::model::{CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, ServerRequest};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::http::{HttpServer, Reply, call, initialize, run, stateless};
use crate::support::{Server, ServerBuilder, hub, jobs_posted};

/// The form in which an answer must come.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    Json,
    Stream,
    Either,
    Neither,
}

const ACCEPTS: [(&[&str], Form); 10] = [
    (&[], Form::Json),
    (&["*/*"], Form::Json),
    (&["application/*"], Form::Json),
    (&["application/json"], Form::Json),
    (&["text/html, application/json;q=0.1"], Form::Json),
    (&["text/event-stream"], Form::Stream),
    (&["application/json;q=0", "text/*;q=0.5"], Form::Stream),
    (&["application/json, text/event-stream"], Form::Either),
    (&["text/event-stream", "application/json"], Form::Either),
    (&["text/html"], Form::Neither),
];

/// How a client lives with the server.
struct Life {
    name: &'static str,
    stateless_server: bool,
    headers: Vec<(&'static str, String)>,
    is_modern: bool,
}

impl Life {
    fn message(&self, method: &str) -> Value {
        let message = match method {
            "initialize" => initialize(),
            "tools/call" => call(7, "hf_whoami", json!({})),
            _ => json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": {}}),
        };
        if self.is_modern { stateless(7, method, message["params"].clone()) } else { message }
    }

    async fn send(&self, http: &HttpServer, accept: &[&str], message: &Value) -> Reply {
        let authorization = http.authorization();
        let mut headers = vec![("authorization", authorization.as_str()), ("content-type", "application/json")];
        headers.extend(accept.iter().map(|value| ("accept", *value)));
        headers.extend(self.headers.iter().map(|(name, value)| (*name, value.as_str())));
        if self.is_modern {
            headers.push(("mcp-method", message["method"].as_str().unwrap()));
            headers.extend(message["params"]["name"].as_str().map(|name| ("mcp-name", name)));
        }
        http.bare("POST", "/mcp", &headers, &message.to_string()).await
    }
}

async fn lives(http: &HttpServer) -> Vec<Life> {
    let life = |name, stateless_server, headers: &[(&'static str, &str)], is_modern| Life {
        name,
        stateless_server,
        headers: headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
        is_modern,
    };
    let session = http.session().await;
    vec![
        life("in a session", false, &[("mcp-session-id", &session), ("mcp-protocol-version", "2025-06-18")], false),
        life("without one", false, &[], false),
        life("of 2026-07-28", false, &[("mcp-protocol-version", "2026-07-28")], true),
        life("without, on a server without", true, &[("mcp-protocol-version", "2025-06-18")], false),
        life("with an old one, on a server without", true, &[("mcp-session-id", "gone")], false),
        life("of 2026-07-28, on a server without", true, &[("mcp-protocol-version", "2026-07-28")], true),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_a_form_that_the_client_accepts() {
    let hub = hub().await;
    let with = HttpServer::at(&hub).await;
    let without = ServerBuilder::at(&hub).arg("--http-stateless").over_http().await;
    for life in lives(&with).await {
        let http = if life.stateless_server { &without } else { &with };
        for method in ["initialize", "tools/list", "tools/call", "none"] {
            if method == "initialize" && life.is_modern {
                continue;
            }
            for (accept, form) in ACCEPTS {
                let case = format!("{} {method} {accept:?}", life.name);
                let message = life.message(method);
                let reply = life.send(http, accept, &message).await;
                let answer = reply.message();
                assert_eq!(answer["id"], message["id"], "{case}: {reply:?}");
                if form == Form::Neither {
                    assert_eq!(reply.status, 406, "{case}: {reply:?}");
                    assert!(reply.error().contains("application/json, text/event-stream"), "{case}: {reply:?}");
                    continue;
                }
                assert_eq!(answer["result"].is_object(), method != "none", "{case}: {reply:?}");
                let is_json = reply.header("content-type") == "application/json";
                // An error has a status of its own in 2026-07-28, and then no stream.
                if reply.status == 200 {
                    assert!(is_json || reply.header("content-type") == "text/event-stream", "{case}: {reply:?}");
                    assert!(!is_json || form != Form::Stream, "{case}: {reply:?}");
                }
                assert!(is_json || form != Form::Json, "{case}: {reply:?}");
                assert_eq!(serde_json::from_str::<Value>(&reply.body).is_ok(), is_json, "{case}: {reply:?}");
                let opens = method == "initialize" && !life.stateless_server;
                assert_eq!(reply.headers.contains_key("mcp-session-id"), opens, "{case}: {reply:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_only_gets_the_answer_of_a_call_with_progress() {
    let hub = hub().await;
    let with = HttpServer::at(&hub).await;
    let without = ServerBuilder::at(&hub).arg("--http-stateless").over_http().await;
    let mut jobs = 0;
    for life in lives(&with).await {
        let http = if life.stateless_server { &without } else { &with };
        let mut message = run(7, "echo out");
        if life.is_modern {
            message = stateless(7, "tools/call", message["params"].clone());
        }
        let streamed = life.send(http, &["text/event-stream"], &message).await;
        assert!(streamed.body.contains("notifications/progress"), "{}: {streamed:?}", life.name);
        let whole = life.send(http, &["application/json"], &message).await;
        assert!(!whole.body.contains("notifications/progress"), "{}: {whole:?}", life.name);
        for reply in [&streamed, &whole] {
            assert_eq!(Server::answer(&reply.message()).structured["job"]["stage"], "COMPLETED", "{reply:?}");
        }
        assert!(serde_json::from_str::<Value>(&whole.body).is_ok(), "{}: {whole:?}", life.name);
        jobs += 2;
        assert_eq!(jobs_posted(&hub).len(), jobs, "one call, one job");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_are_taken_whatever_is_accepted() {
    let hub = hub().await;
    let with = HttpServer::at(&hub).await;
    let without = ServerBuilder::at(&hub).arg("--http-stateless").over_http().await;
    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    for life in lives(&with).await.iter().filter(|life| !life.is_modern) {
        let http = if life.stateless_server { &without } else { &with };
        for (accept, form) in ACCEPTS {
            let reply = life.send(http, accept, &initialized).await;
            let expected = if form == Form::Neither { 406 } else { 202 };
            assert_eq!(reply.status, expected, "{} {accept:?}: {reply:?}", life.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_opened_for_those_who_accept_one() {
    let hub = hub().await;
    let http = HttpServer::at(&hub).await;
    for (accept, form) in ACCEPTS.iter().filter(|(accept, _)| !accept.is_empty()) {
        let request = http.request_without_accept(Method::GET, "/mcp").header("mcp-session-id", http.session().await);
        let request = accept.iter().fold(request, |request, value| request.header("accept", *value));
        let response = request.send().await.unwrap();
        let opens = *form != Form::Neither
            && !["application/json", "application/*"].contains(&accept[0])
            && !accept[0].starts_with("text/html");
        assert_eq!(response.status(), if opens { 200 } else { 406 }, "{accept:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_json_only_may_still_cancel() {
    let hub = hub().await;
    let http = HttpServer::at(&hub).await;
    let session = http.session().await;
    let message = run(7, &crate::support::http::on_and_on("started"));
    let authorization = http.authorization();
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
        ("accept", "application/json"),
        ("mcp-session-id", session.as_str()),
    ];
    let (text, cancel) = (
        message.to_string(),
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}}),
    );
    let cancelling = async {
        while jobs_posted(&hub).is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(Reply::of(http.in_session(&session, &cancel)).await.status, 202);
    };
    let (reply, ()) = tokio::join!(http.bare("POST", "/mcp", &headers, &text), cancelling);
    // Not a status on which the call would be sent again.
    assert_eq!((reply.status.as_u16(), &reply.message()["id"]), (200, &json!(7)), "{reply:?}");
    assert!(reply.error().contains("canceled"), "{reply:?}");
    assert_eq!(jobs_posted(&hub).len(), 1);
}

/// A server whose tool asks the user before it answers.
#[derive(Clone)]
struct Asking;

impl ServerHandler for Asking {
    async fn call_tool(
        &self,
        _request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let params =
            json!({"mode": "form", "message": "Really?", "requestedSchema": {"type": "object", "properties": {}}});
        let question = json!({"method": "elicitation/create", "params": params});
        let question: ServerRequest = serde_json::from_value(question).unwrap();
        let answer = context.peer.send_request(question).await.unwrap();
        let text = serde_json::to_string(&answer).unwrap();
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_declined_for_a_client_that_takes_json_only() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let setup = HttpSetup {
        access: Access::Open,
        hosts: Vec::new(),
        origins: Vec::new(),
        limits: Limits::default(),
        stateless: false,
        scrubber: Scrubber::new(Known::new()),
    };
    let look = Arc::new(|| -> futures_util::future::BoxFuture<'static, Readiness> {
        Box::pin(async { Readiness { login: false, hub: None } })
    });
    tokio::spawn(serve_http(listener, Asking, setup, look, std::future::pending(), || {}));
    rustls::crypto::ring::default_provider().install_default().ok();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let post = |message: &Value| {
        let request = client.post(&url).header("content-type", "application/json").header("accept", "application/json");
        request.body(message.to_string())
    };
    let mut opening = initialize();
    opening["params"]["capabilities"] = json!({"elicitation": {}});
    let session = Reply::of(post(&opening)).await.header("mcp-session-id").to_owned();
    let in_session = |message: &Value| post(message).header("mcp-session-id", &session);
    Reply::of(in_session(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))).await;
    let reply = Reply::of(in_session(&call(7, "any", json!({})))).await;
    assert_eq!((reply.header("content-type"), &reply.message()["id"]), ("application/json", &json!(7)), "{reply:?}");
    let text = reply.message()["result"]["content"][0]["text"].clone();
    assert_eq!(text, r#"{"action":"decline"}"#, "{reply:?}");
}

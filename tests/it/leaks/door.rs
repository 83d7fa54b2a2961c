//! At the door of HTTP: what a client sends beside calls, whatever it is and wherever it stands, is in no log and never reaches
//! the Hub, and no secret of the server comes back with it.
//!
//! The id of a request and a progress token come back to who sent them, as the protocol has it: whoever chooses a secret for them
//! is told it on the same line, and nobody else is. A log is read by others, and may hold neither.

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::transports::Clients;
use super::{Canaries, forms, is_clean, none_of, percent};
use crate::support::canary;
use crate::support::http::{Events, HttpServer, Reply, call, initialize};
use crate::support::mirror::Mirror;

/// What is sent.
struct Sent {
    /// The login's token, the value, the door's token, and a token that only the client has.
    secrets: Vec<String>,
    /// What only the client has, too, and what no one takes for a secret.
    word: String,
}

impl Sent {
    fn of(clients: &Clients, canaries: &Canaries) -> Self {
        let door = clients.http.token.clone().unwrap();
        let word = canary()[3..].to_owned();
        Self { secrets: vec![canaries.token.clone(), canaries.value.clone(), door, canary()], word }
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        self.secrets.iter().chain([&self.word])
    }

    /// What an answer may not hold.
    fn unanswered(&self) -> Vec<String> {
        self.secrets.iter().flat_map(|secret| forms(secret)).collect()
    }

    /// What a log may not hold: not even a half of a secret.
    fn unlogged(&self) -> Vec<String> {
        let halves = |secret: &String| [secret.chars().take(12).collect(), secret[secret.len() - 12..].to_owned()];
        self.all().flat_map(|secret| forms(secret)).chain(self.all().flat_map(halves)).collect()
    }
}

/// A message as far as it is the server's: without what the protocol has it repeat.
fn own(line: &str) -> String {
    let line = line.trim_start_matches("data:").trim();
    let Ok(mut message) = serde_json::from_str::<Value>(line) else { return line.to_owned() };
    if let Some(fields) = message.as_object_mut() {
        fields.remove("id");
    }
    if let Some(params) = message.pointer_mut("/params").and_then(Value::as_object_mut) {
        params.remove("progressToken");
    }
    message.to_string()
}

/// Sends a request, and asserts that its answer holds nothing that it may not. The beginning is read of a stream that stays open.
async fn send(request: RequestBuilder, unanswered: &[String], what: &str) -> u16 {
    let mut response = request.send().await.unwrap();
    for (name, value) in response.headers() {
        none_of(unanswered, what, &format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())));
    }
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.unwrap() {
        body.extend_from_slice(&chunk);
        if chunk.starts_with(b"event: endpoint") {
            break;
        }
    }
    for line in String::from_utf8_lossy(&body).lines() {
        is_clean(&own(line), unanswered, what);
    }
    status
}

/// Asserts that no request to the Hub has anything of the client's, and that there were some.
fn none_reached_the_hub(mirror: &Mirror, sent: &Sent, canaries: &Canaries) {
    let asked = mirror.asked();
    assert!(!asked.is_empty());
    let authorization = format!("Bearer {}", canaries.token);
    let unsent = sent.unlogged();
    for asked in asked {
        none_of(&unsent, "to the Hub", &asked.head.replace(&authorization, ""));
        none_of(&unsent, "to the Hub", &asked.body);
    }
}

/// Requests that meet every part of the server.
fn requests(http: &HttpServer, session: &str) -> Vec<RequestBuilder> {
    let posted = |path: &str, message: &Value| {
        let request = http.plain(Method::POST, path).header("content-type", "application/json");
        request.header("accept", "application/json, text/event-stream").body(message.to_string())
    };
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let newest = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    }}});
    let ps = call(1, "hf_jobs", json!({"operation": "ps"}));
    vec![
        posted("/mcp", &initialize()),
        posted("/mcp", &ps),
        posted("/mcp", &newest),
        posted("/mcp", &list).header("mcp-session-id", session),
        posted("/messages?sessionId=none", &list),
        http.plain(Method::GET, "/mcp"),
        http.plain(Method::DELETE, "/mcp"),
        http.plain(Method::OPTIONS, "/mcp"),
        http.plain(Method::GET, "/sse"),
        http.plain(Method::GET, "/readyz"),
        http.plain(Method::GET, "/none"),
    ]
}

const HEADERS: [&str; 22] = [
    "host",
    "origin",
    "cookie",
    "proxy-authorization",
    "mcp-session-id",
    "last-event-id",
    "mcp-protocol-version",
    "mcp-method",
    "mcp-name",
    "mcp-param-operation",
    "user-agent",
    "accept",
    "content-type",
    "content-encoding",
    "referer",
    "forwarded",
    "x-forwarded-for",
    "x-request-id",
    "traceparent",
    "access-control-request-method",
    "access-control-request-headers",
    "x-unknown",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_header_and_no_url_of_a_client_is_logged_or_sent_on() {
    let (mirror, canaries) = (Mirror::new().await, Canaries::new());
    let clients = Clients::at(&mirror, &canaries).await;
    let sent = Sent::of(&clients, &canaries);
    let (unanswered, http) = (sent.unanswered(), &clients.http);
    let door = http.token.as_ref().unwrap();
    let session = http.session().await;
    let mut rows = 0;
    for text in sent.all() {
        let value = |text: &str| HeaderValue::from_bytes(text.as_bytes()).unwrap();
        for name in HEADERS {
            for text in [text.clone(), format!("https://{text}.example"), format!("localhost:1, {text}")] {
                for request in requests(http, &session) {
                    let request = request.bearer_auth(door).header(name, value(&text));
                    send(request, &unanswered, name).await;
                    rows += 1;
                }
            }
        }
        for text in [text.clone(), format!("Bearer {text}x"), format!("Basic {text}"), format!("{text} {door}")] {
            for request in requests(http, &session) {
                send(request.header("authorization", value(&text)), &unanswered, "authorization").await;
                rows += 1;
            }
        }
        if let Ok(name) = HeaderName::from_bytes(text.as_bytes()) {
            for request in requests(http, &session) {
                send(request.bearer_auth(door).header(&name, "x"), &unanswered, "a header's name").await;
                rows += 1;
            }
        }
        let text = percent(text);
        for path in ["/mcp?", "/sse?", "/messages?sessionId=", "/messages?", "/healthz?", "/readyz?a=", "/none?a=b&"] {
            for method in [Method::GET, Method::POST, Method::DELETE, Method::OPTIONS] {
                let request = http.request(method, &format!("{path}{text}")).header("content-type", "application/json");
                send(request.body(initialize().to_string()), &unanswered, path).await;
                rows += 1;
            }
        }
    }
    // A path is logged: what nobody takes for a secret may be seen there.
    for text in &sent.secrets {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let text = if is_plain { text.clone() } else { percent(text) };
        for before in (0..45).map(|length| "x".repeat(length)) {
            for path in [format!("/{before}/{text}"), format!("/mcp/{before}/{text}/more")] {
                assert_eq!(send(http.request(Method::GET, &path), &unanswered, "a path").await, 404);
                rows += 1;
            }
        }
    }
    none_reached_the_hub(&mirror, &sent, &canaries);
    println!("{rows} requests with a token in a header or a URL");
    let log = clients.nor_anywhere_else(&canaries).await;
    none_of(&sent.unlogged(), "the log", &log);
}

/// Messages with a text wherever there can be one.
fn messages(text: &str) -> Vec<String> {
    let request = |method: &str, params: Value| json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
    let with_id =
        |method: &str, params: Value| json!({"jsonrpc": "2.0", "id": text, "method": method, "params": params});
    let note = |method: &str, params: Value| json!({"jsonrpc": "2.0", "method": method, "params": params});
    let keyed = json!({text: text});
    let mut messages = vec![
        json!(text),
        json!([text]),
        keyed.clone(),
        json!({"jsonrpc": text, "id": 7, "method": "ping"}),
        json!({"jsonrpc": "2.0", "id": keyed, "method": "ping"}),
        json!({"jsonrpc": "2.0", "id": [text], "method": "ping"}),
        json!({"jsonrpc": "2.0", "id": 7, "method": [text]}),
        json!({"jsonrpc": "2.0", "id": text}),
        json!({"jsonrpc": "2.0", "id": text, "result": keyed}),
        json!({"jsonrpc": "2.0", "id": text, "error": {"code": 1, "message": text, "data": keyed}}),
        with_id("ping", json!({})),
        with_id("none", json!({})),
        with_id("tools/list", json!({"cursor": 7})),
        with_id("tools/call", json!({"name": "none"})),
        with_id("tools/call", json!({"name": "hf_jobs", "arguments": 7})),
        with_id("tools/call", json!({"name": "hf_whoami", "_meta": {"progressToken": text}})),
        request(
            "initialize",
            json!({"protocolVersion": text, "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}}),
        ),
        request(
            "initialize",
            json!({"protocolVersion": "2025-06-18", "capabilities": {"experimental": {text: keyed}}, "clientInfo": {"name": text, "version": text}}),
        ),
        request("tools/call", json!({"name": text, "arguments": {}})),
        request("tools/call", json!({"name": "hf_jobs", "arguments": text})),
        request("tools/call", json!({"name": "hf_whoami", "arguments": keyed, "_meta": keyed})),
        request("tools/call", json!({"name": "hf_whoami", "task": keyed, text: text})),
        note(text, json!({})),
        note(&format!("notifications/{text}"), keyed.clone()),
        note("notifications/initialized", keyed.clone()),
        note("notifications/cancelled", json!({"requestId": text, "reason": text})),
        note("notifications/progress", json!({"progressToken": text, "progress": 1, "message": text})),
        note("notifications/roots/list_changed", keyed.clone()),
    ];
    let methods = [
        "ping",
        "initialize",
        "server/discover",
        "tools/list",
        "tools/call",
        "resources/list",
        "resources/read",
        "resources/subscribe",
        "prompts/get",
        "completion/complete",
        "logging/setLevel",
        "sampling/createMessage",
        "tasks/get",
        "tasks/cancel",
        "subscriptions/listen",
        text,
    ];
    let fields = ["uri", "name", "cursor", "level", "taskId", "ref", "argument", "task", "_meta", "arguments"];
    for method in methods {
        messages.extend([json!(text), json!([text]), keyed.clone()].map(|params| request(method, params)));
        let all = |value: &Value| fields.iter().map(|field| ((*field).to_owned(), value.clone())).collect();
        messages.extend([&json!(text), &keyed].map(|value| request(method, Value::Object(all(value)))));
    }
    let broken = [text.to_owned(), format!("{{{text}"), format!("{{\"jsonrpc\": \"2.0\", \"id\": {text}}}")];
    messages.iter().map(Value::to_string).chain(broken).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_message_of_a_client_is_logged_or_sent_on() {
    let (mirror, canaries) = (Mirror::new().await, Canaries::new());
    let clients = Clients::at(&mirror, &canaries).await;
    let sent = Sent::of(&clients, &canaries);
    let (unanswered, http) = (sent.unanswered(), &clients.http);
    let mut rows = 0;
    for text in sent.all() {
        let session = http.session().await;
        let mut events = Events::of(http.request(Method::GET, "/sse")).await;
        let endpoint = events.next().await.unwrap().data;
        let post = |path: &str, body: &str| {
            http.request(Method::POST, path).header("content-type", "application/json").body(body.to_owned())
        };
        // The first message of a session as well.
        let first = messages(text).into_iter().chain([initialize().to_string()]);
        for body in first.chain(messages(text)) {
            let what = body.replace(text.as_str(), "TEXT");
            send(post("/mcp", &body), &unanswered, &what).await;
            send(post("/mcp", &body).header("mcp-session-id", &session), &unanswered, &what).await;
            assert_ne!(send(post(&endpoint, &body), &unanswered, &what).await, 404, "{what} ended the session");
            rows += 3;
        }
        // What was answered on the other stream, up to the answer to what comes last.
        let last = json!({"jsonrpc": "2.0", "id": "last", "method": "ping"}).to_string();
        assert_eq!(Reply::of(post("/mcp", &last).header("mcp-session-id", &session)).await.status, 200);
        assert_eq!(Reply::of(post(&endpoint, &last)).await.status, 202);
        let mut answers = 0;
        while let Some(event) = events.next().await.filter(|event| !event.data.contains("\"last\"")) {
            is_clean(&own(&event.data), &unanswered, "an event");
            answers += 1;
        }
        assert!(answers > 50, "{answers} answers on the other stream");
    }
    http.call("hf_jobs", json!({"operation": "ps"})).await;
    none_reached_the_hub(&mirror, &sent, &canaries);
    println!("{rows} messages with a token in them");
    let log = clients.nor_anywhere_else(&canaries).await;
    none_of(&sent.unlogged(), "the log", &log);
}

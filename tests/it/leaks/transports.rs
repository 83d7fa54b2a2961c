//! Tokens over HTTP: on every way in, and to the door itself.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{Canaries, builder, calls, json_of, nor_anywhere_else, sent_only_where_it_may, strings};
use crate::http_sse::Session;
use crate::support::http::{HttpServer, Reply, call};
use crate::support::mirror::{JOB, Kind, Mirror};

/// How a message gets to the server.
enum Way {
    /// A request of its own.
    Alone,
    /// A request of a session.
    Session(String),
    /// The older transport: answers come by a stream.
    Stream(Box<Session>),
}

/// A server over HTTP, and those ways to it.
struct Over {
    http: HttpServer,
    ways: Vec<Way>,
    next: u64,
}

impl Over {
    async fn new(mirror: &Mirror, canaries: &Canaries) -> Self {
        let http = builder(mirror, canaries).arg("--http-calls-per-minute=1000000").over_http().await;
        let ways =
            vec![Way::Alone, Way::Session(http.session().await), Way::Stream(Box::new(Session::open(&http).await))];
        let forward = json!({"command": ["true"], "secrets": {"OTHER": "$OTHER"}, "detach": true});
        let answer = http.call("hf_jobs", json!({"operation": "run", "args": forward})).await;
        assert!(!answer.is_error, "{answer:?}");
        assert!(mirror.asked().iter().any(|asked| json_of(&asked.body)["secrets"]["OTHER"] == canaries.value));
        Self { http, ways, next: 1 }
    }

    /// Makes a call every way, asserts that nothing of what comes back holds a canary; all the texts of the last answer.
    async fn call(&mut self, canaries: &Canaries, what: &str, operation: &str, args: &Value) -> String {
        let mut texts = String::new();
        for way in &mut self.ways {
            self.next += 1;
            let message = call(self.next, "hf_jobs", json!({"operation": operation, "args": args}));
            texts.clear();
            let mut seen = |message: &Value| {
                strings(message, &mut |text| {
                    canaries.absent(what, text);
                    texts.push_str(text);
                });
            };
            let request = match way {
                Way::Alone => self.http.message(&message),
                Way::Session(session) => self.http.in_session(session, &message),
                Way::Stream(session) => {
                    session.send(&self.http, &message).await;
                    loop {
                        let event = session.events.next().await.expect("the stream is over");
                        canaries.absent(what, &format!("{event:?}"));
                        let message = json_of(&event.data);
                        seen(&message);
                        if message["id"] == self.next {
                            break;
                        }
                    }
                    continue;
                }
            };
            let reply = Reply::of(request).await;
            assert_eq!(reply.status, 200, "{what}: {reply:?}");
            absent_in(canaries, what, &reply);
            reply.body.lines().filter_map(|line| line.split_once('{')).for_each(|(_, rest)| {
                seen(&json_of(&format!("{{{rest}")));
            });
        }
        texts
    }

    async fn end(self, mirror: &Mirror, canaries: &Canaries) {
        sent_only_where_it_may(mirror, canaries, "over HTTP");
        let door = self.http.token.clone().unwrap();
        assert!(!self.http.server.stderr().contains(&door), "the door's token is in the log");
        drop(self.ways);
        let pid = self.http.server.child.id().unwrap().to_string();
        assert!(std::process::Command::new("/bin/kill").arg(pid).status().unwrap().success());
        nor_anywhere_else(self.http.server, canaries).await;
    }
}

fn absent_in(canaries: &Canaries, what: &str, reply: &Reply) {
    canaries.absent(what, &reply.body);
    canaries.absent(what, &format!("{:?}", reply.headers));
}

/// A text instead of every text of an answer that may be any.
fn filled(answer: &mut Value, by: &str) {
    match answer {
        Value::String(text) => by.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| filled(item, by)),
        Value::Object(fields) => {
            fields.iter_mut().filter(|(name, _)| *name != "id").for_each(|(_, field)| filled(field, by));
        }
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_over_http_brings_a_token_out() {
    let (mirror, canaries) = (Mirror::new().await, Canaries::new());
    let mut over = Over::new(&mirror, &canaries).await;
    let listed = Reply::of(over.http.message(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}))).await;
    let schema = &listed.message()["result"]["tools"][0]["inputSchema"]["properties"];
    let operations: Vec<String> = serde_json::from_value(schema["operation"]["enum"].clone()).unwrap();
    let mut arguments: Vec<String> = schema["args"]["properties"].as_object().unwrap().keys().cloned().collect();
    arguments.push(canaries.token.clone());
    let all = format!("a {} b", canaries.forms().join(" "));
    let mut rows = 0;
    for (operation, base) in calls(&operations) {
        for argument in &arguments {
            let mut args = json!(base);
            args[argument] = json!({"KEY": all});
            over.call(&canaries, &format!("{operation} with {argument}"), &operation, &args).await;
            rows += over.ways.len();
        }
        for kind in Kind::ALL {
            let mut answer = kind.template();
            filled(&mut answer, &all);
            mirror.instead(kind, answer);
            // Kinds with ids, stages and times that are none are in the other tables.
            let submits = matches!(kind, Kind::Job | Kind::Scheduled) && base.contains_key("detach");
            if !submits {
                over.call(&canaries, &format!("{operation} with {kind:?}"), &operation, &json!(base)).await;
                rows += over.ways.len();
            }
        }
        mirror.restore();
        mirror.refuse(403, json!({"error": all}).to_string());
        over.call(&canaries, &format!("{operation} refused"), &operation, &json!(base)).await;
        rows += over.ways.len();
        mirror.restore();
    }
    for secret in [&canaries.token, &canaries.value] {
        let line = |text: &str| {
            format!("data: {}\n\n", json!({"data": text, "timestamp": "2026-11-23T10:00:06.000Z"})).into_bytes()
        };
        let event = line(&format!("a {secret} b"));
        for cut in (0..event.len()).step_by(5) {
            let (left, right) = event.split_at(cut);
            mirror.chunks(vec![left.to_vec(), right.to_vec(), line("end")]);
            for operation in ["run", "logs"] {
                let base = if operation == "run" { json!({"command": ["true"]}) } else { json!({"job_id": JOB}) };
                let texts = over.call(&canaries, &format!("a log cut at {cut}"), operation, &base).await;
                assert!(
                    texts.contains("[redacted]") && texts.contains("end"),
                    "cut at {cut} in `{operation}`: {texts}"
                );
                rows += over.ways.len();
            }
        }
        mirror.restore();
    }
    println!("{rows} calls over HTTP with a token in an argument, an answer, a refusal or a log");
    over.end(&mirror, &canaries).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_a_client_sends_to_the_door_comes_back_or_is_logged() {
    let (mirror, canaries) = (Mirror::new().await, Canaries::new());
    let over = Over::new(&mirror, &canaries).await;
    let (http, token) = (&over.http, &canaries.token);
    let door = http.token.clone().unwrap();
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    let mut requests: Vec<(String, RequestBuilder)> = Vec::new();
    for path in ["/mcp", "/sse", "/messages", "/healthz", "/readyz", "/"] {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
            // A stream without an end is the session's that it opens.
            if method == Method::GET && path == "/sse" {
                continue;
            }
            let to = |path: &str| http.request(method.clone(), path).body(ping.to_string());
            requests.push((format!("{method} {path} query"), to(&format!("{path}?token={token}&sessionId={token}"))));
            requests.push((format!("{method} {path} path"), to(&format!("{path}/{token}"))));
        }
    }
    for name in [
        "authorization",
        "host",
        "origin",
        "referer",
        "mcp-session-id",
        "last-event-id",
        "mcp-protocol-version",
        "user-agent",
        "accept",
        "content-type",
        "cookie",
        "x-forwarded-for",
        "x-request-id",
        "traceparent",
        "mcp-method",
        "mcp-name",
        "x-hf-token",
    ] {
        for value in [token.clone(), format!("Bearer {token}"), format!("http://{token}@{token}.example")] {
            requests.push((name.to_owned(), http.message(&ping).header(name, value)));
        }
    }
    for (what, message) in [
        ("a method", json!({"jsonrpc": "2.0", "id": 1, "method": token})),
        ("a version", json!({"jsonrpc": token, "id": 1, "method": "ping"})),
        ("a tool", call(1, token, json!({}))),
        ("parameters", json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {token.as_str(): [token]}})),
        ("no parameters", json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": token})),
        (
            "a client",
            json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
                "protocolVersion": token, "capabilities": {token.as_str(): token}, "clientInfo": {"name": token, "version": token},
            }}),
        ),
        (
            "a notification",
            json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": token}}),
        ),
        ("a resource", json!({"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": token}})),
        ("a level", json!({"jsonrpc": "2.0", "id": 1, "method": "logging/setLevel", "params": {"level": token}})),
        ("an answer", json!({"jsonrpc": "2.0", "id": 7, "result": {"text": token}})),
        ("a text", json!(token)),
        ("a list", json!([token, {"id": 1}])),
        (
            "a version of a request",
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {
                "_meta": {"io.modelcontextprotocol/protocolVersion": token},
            }}),
        ),
    ] {
        requests.push((what.to_owned(), http.message(&message)));
        let modern = http.message(&message).header("mcp-protocol-version", "2026-07-28");
        requests.push((format!("{what}, of 2026"), modern.header("mcp-method", token).header("mcp-name", token)));
        requests.push((format!("{what}, unfinished"), http.message(&json!(null)).body(message.to_string() + token)));
    }
    let (mut rows, mut leaks) = (0, Vec::new());
    for (what, request) in requests {
        // What can't be sent has been refused on this side.
        let Ok(response) = request.send().await else { continue };
        let (status, headers) = (response.status(), response.headers().clone());
        let reply = Reply { status, headers, body: response.text().await.unwrap() };
        let shown = format!("{reply:?}");
        if canaries.forms().iter().any(|form| shown.contains(form)) || shown.contains(&door) {
            leaks.push(what);
        }
        rows += 1;
    }
    assert_eq!(leaks, [""; 0]);
    // A message's id comes back to its sender, as JSON-RPC has it, and is logged nowhere.
    let reply = Reply::of(http.message(&json!({"jsonrpc": "2.0", "id": token, "method": "ping"}))).await;
    assert_eq!(reply.message()["id"], json!(token));
    assert!(rows > 120, "{rows} requests");
    println!("{rows} requests with a token in a place of HTTP or of JSON-RPC");
    assert!(mirror.asked().iter().all(|asked| !asked.head.contains(&door) && !asked.body.contains(&door)));
    over.end(&mirror, &canaries).await;
}

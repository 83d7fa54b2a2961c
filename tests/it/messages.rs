//! Messages of every form, over each transport: one answer each, at once, and the server goes on serving.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::http::{Events, HttpServer, Reply, initialize};
use crate::support::{Server, ServerBuilder, hub};

/// A connection of a client that has initialized, or that never does.
enum Wire {
    Stdio(Server),
    /// `/mcp`, without a session.
    Http(HttpServer),
    /// `/mcp`, in that session.
    Session(HttpServer, String),
    /// `/messages`, and what `/sse` brings.
    Sse(HttpServer, Events, String),
}

impl Wire {
    /// Each of them, initialized.
    async fn all() -> [Self; 4] {
        let session = HttpServer::local().await;
        let id = session.session().await;
        let sse = HttpServer::local().await;
        let mut events = Events::of(sse.request(Method::GET, "/sse")).await;
        let endpoint = events.next().await.unwrap().data;
        let mut sse = Self::Sse(sse, events, endpoint);
        assert_eq!(sse.exchange(&initialize().to_string()).await["id"], 0);
        let stdio = ServerBuilder::new().arg("--local").start().await;
        [Self::Stdio(stdio), Self::Http(HttpServer::local().await), Self::Session(session, id), sse]
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Stdio(_) => "stdio",
            Self::Http(_) => "/mcp",
            Self::Session(..) => "/mcp in a session",
            Self::Sse(..) => "/sse",
        }
    }

    /// Sends these bytes; the next message that comes back.
    async fn exchange(&mut self, message: impl AsRef<[u8]>) -> Value {
        let body = message.as_ref().to_vec();
        let reply = match self {
            Self::Stdio(server) => {
                server.send_bytes(&[&body, b"\n".as_slice()].concat()).await;
                return server.message().await.expect("the server has ended");
            }
            Self::Http(http) => Reply::of(http.message(&json!(null)).body(body)).await,
            Self::Session(http, id) => Reply::of(http.in_session(id, &json!(null)).body(body)).await,
            Self::Sse(http, events, endpoint) => {
                let request = http.request(Method::POST, endpoint).header("content-type", "application/json");
                let reply = Reply::of(request.body(body)).await;
                if reply.status == 202 {
                    return events.message().await;
                }
                reply
            }
        };
        reply.message()
    }

    /// What comes next answers this request: nothing else was under way.
    async fn goes_on(&mut self, after: &str) {
        let answer = self.exchange(r#"{"jsonrpc": "2.0", "id": "after", "method": "ping"}"#).await;
        assert_eq!(answer, json!({"jsonrpc": "2.0", "id": "after", "result": {}}), "{}, after {after}", self.name());
    }
}

impl HttpServer {
    /// A server of the local Hub.
    async fn local() -> Self {
        ServerBuilder::new().arg("--local").over_http().await
    }
}

fn request(id: &str, method: &str, params: &str) -> String {
    let params = if params.is_empty() { String::new() } else { format!(r#", "params": {params}"#) };
    format!(r#"{{"jsonrpc": "2.0", "id": {id}, "method": "{method}"{params}}}"#)
}

/// A request of 2026-07-28, over stdio and over HTTP; both answers.
async fn without_handshake(method: &str, params: Value) -> [Value; 2] {
    let mut message = json!({"jsonrpc": "2.0", "id": "later", "method": method, "params": params});
    message["params"]["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let name = message["params"]["name"].as_str().or(message["params"]["uri"].as_str()).unwrap_or("none");
    let http = HttpServer::local().await;
    let headers = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", method), ("mcp-name", name)];
    let post = headers.iter().fold(http.message(&message), |post, (name, value)| post.header(*name, *value));
    let over_http = Reply::of(post).await.message();
    let mut stdio = ServerBuilder::new().arg("--local").spawn();
    // Before a session has begun, rmcp answers `ping` in any version.
    let meta = &message["params"]["_meta"];
    stdio.request("tools/list", json!({"_meta": meta})).await;
    stdio.send(&message).await;
    [stdio.answer_to(&json!("later")).await, over_http]
}

/// Clients list prompts and resources though neither is advertised, and drop a server that refuses.
#[tokio::test(flavor = "multi_thread")]
async fn lists_of_what_is_not_offered_are_empty() {
    let lists = [
        ("prompts/list", "prompts"),
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
    ];
    for mut wire in Wire::all().await {
        for (method, list) in lists {
            for params in ["", "null", "{}", r#"{"cursor": "x"}"#] {
                let answer = wire.exchange(request("1", method, params)).await;
                assert_eq!(answer["result"][list], json!([]), "{}: {method} {params}: {answer}", wire.name());
            }
        }
    }
    for (method, list) in lists {
        for answer in without_handshake(method, json!({})).await {
            assert_eq!(answer["result"][list], json!([]), "{method}: {answer}");
        }
    }
    let mut server = ServerBuilder::new().arg("--local").spawn();
    let begun = server.request("initialize", initialize()["params"].clone()).await;
    assert_eq!(begun["result"]["capabilities"], json!({"tools": {}}), "only what is offered is advertised");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_method_is_known_where_its_version_has_it() {
    const UNKNOWN: i32 = -32601;
    let reference = r#"{"ref": {"type": "ref/prompt", "name": "x"}, "argument": {"name": "a", "value": "b"}}"#;
    for (method, params, code, later) in [
        ("ping", "{}", 0, UNKNOWN),
        ("logging/setLevel", r#"{"level": "debug"}"#, 0, UNKNOWN),
        ("tools/list", "{}", 0, 0),
        // Of what the lists have: nothing.
        ("prompts/get", r#"{"name": "x"}"#, -32602, -32602),
        ("resources/read", r#"{"uri": "file:///x"}"#, -32002, -32602),
        // The specification has -32601 for these without their capability.
        ("completion/complete", reference, UNKNOWN, UNKNOWN),
        ("resources/subscribe", r#"{"uri": "file:///x"}"#, UNKNOWN, UNKNOWN),
        ("no/such/method", "{}", UNKNOWN, UNKNOWN),
    ] {
        let code_of = |answer: &Value| answer["error"]["code"].as_i64().unwrap_or(0);
        for mut wire in Wire::all().await {
            let answer = wire.exchange(request("1", method, params)).await;
            assert_eq!(code_of(&answer), i64::from(code), "{}: {method}: {answer}", wire.name());
        }
        for answer in without_handshake(method, serde_json::from_str(params).unwrap()).await {
            assert_eq!(code_of(&answer), i64::from(later), "2026-07-28: {method}: {answer}");
            if method == "resources/read" {
                assert_eq!(answer["error"]["data"], json!({"uri": "file:///x"}), "{answer}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn params_of_any_form_are_no_unknown_method() {
    let methods = [
        "initialize",
        "ping",
        "tools/list",
        "tools/call",
        "prompts/list",
        "prompts/get",
        "resources/list",
        "resources/read",
        "resources/templates/list",
        "logging/setLevel",
        "server/discover",
    ];
    for mut wire in Wire::all().await {
        for method in methods {
            for params in ["", "null", "[]", "{}", "7", r#""text""#, "[{}]", r#"{"name": 5, "level": 5, "uri": 5}"#] {
                let answer = wire.exchange(request("1", method, params)).await;
                let what = format!("{}: {method} {params}: {answer}", wire.name());
                assert!(answer["error"].is_null() || answer["error"]["code"] == -32602, "{what}");
                assert_eq!(answer["id"], 1, "{what}");
            }
        }
        wire.goes_on("parameters").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_of_a_call_are_read_in_any_form() {
    for mut wire in Wire::all().await {
        for arguments in ["", "null", "{}", r#""""#, r#"" ""#, r#""null""#, r#""{}""#, r#""{\"operation\": \"help\"}""#]
        {
            let arguments = if arguments.is_empty() { String::new() } else { format!(r#", "arguments": {arguments}"#) };
            let answer =
                wire.exchange(request("1", "tools/call", &format!(r#"{{"name": "hf_jobs"{arguments}}}"#))).await;
            assert!(answer["result"]["content"][0]["text"].is_string(), "{}: {arguments}: {answer}", wire.name());
            assert_eq!(answer["result"].get("resultType"), None, "{}: {arguments}: {answer}", wire.name());
        }
        for arguments in ["[]", "[1]", "7", "true", r#""text""#, r#""[1]""#] {
            let params = format!(r#"{{"name": "hf_jobs", "arguments": {arguments}}}"#);
            let answer = wire.exchange(request("1", "tools/call", &params)).await;
            assert_eq!(answer["error"]["code"], -32602, "{}: {arguments}: {answer}", wire.name());
            assert!(answer["error"]["message"].as_str().unwrap().contains("`arguments`"), "{answer}");
        }
        for params in [r#"{"name": "hf_job"}"#, r#"{"name": "hf_job", "arguments": "{}"}"#, r#"{"name": null}"#, "{}"] {
            let answer = wire.exchange(request("1", "tools/call", params)).await;
            assert_eq!(answer["error"]["code"], -32602, "{}: {params}: {answer}", wire.name());
            assert!(answer["error"]["message"].as_str().unwrap().contains("`hf_jobs` and `hf_whoami`"), "{answer}");
        }
    }
}

/// JSON values without an order, always the same.
struct Values(u64);

impl Values {
    fn number(&mut self, below: u64) -> u64 {
        // Marsaglia's xorshift.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }

    fn value(&mut self, depth: u64) -> Value {
        let count = self.number(4);
        match self.number(if depth == 0 { 7 } else { 9 }) {
            0 => Value::Null,
            1 => json!(self.number(2) == 0),
            2 => json!(self.number(u64::MAX)),
            3 => json!(self.number(u64::MAX).cast_signed()),
            4 => json!(f64::from_bits(self.number(u64::MAX))),
            5 => json!(self.number(1000)),
            6 => {
                let chars = (0..count * 100)
                    .map(|_| char::from_u32(u32::try_from(self.number(0x11_0000)).unwrap()).unwrap_or('"'));
                Value::String(chars.collect())
            }
            7 => (0..count).map(|_| self.value(depth - 1)).collect(),
            _ => (0..count).map(|at| (format!("id{at}"), self.value(depth - 1))).collect(),
        }
    }
}

/// An id that MCP allows gets its answer; another number, an error under it; all else, an error.
#[tokio::test(flavor = "multi_thread")]
async fn any_json_value_as_an_id_gets_one_answer() {
    let written = ["0.0", "-0.0", "1e2", "1.5", "-1", "9223372036854775807", "9223372036854775808", "1e400", "-1e400"];
    let mut values = Values(0x9e37_79b9_7f4a_7c15);
    let mut ids: Vec<String> = written.map(str::to_owned).to_vec();
    ids.extend([json!({"bad": 1}), json!(""), json!("x".repeat(100_000))].map(|id| id.to_string()));
    ids.extend((0..60).map(|_| values.value(3).to_string()));
    for mut wire in Wire::all().await {
        for (id, method) in ids.iter().zip(["ping", "notifications/initialized", "notifications/none"].iter().cycle()) {
            let answer = wire.exchange(request(id, method, "")).await;
            let what = format!("{}: {id} {method}: {answer}", wire.name());
            let id: Value = serde_json::from_str(id).unwrap_or_default();
            match answer.get("id") {
                // Numbers are the same, however they are written.
                Some(given) if id.is_f64() => assert_eq!(given.as_f64(), id.as_f64(), "{what}"),
                Some(given) => assert_eq!(*given, id, "{what}"),
                None => assert!(!id.is_string() && !id.is_number(), "{what}"),
            }
            let is_whole = id.as_f64().is_some_and(|id| id.fract() == 0.0 && id.abs() < 2_f64.powi(53));
            let is_allowed = id.is_string() || id.is_i64() || is_whole;
            match (is_allowed, *method) {
                (true, "ping") => assert_eq!(answer["result"], json!({}), "{what}"),
                (true, _) => assert_eq!(answer["error"]["code"], -32601, "{what}"),
                _ if id.is_null() => assert!(answer["error"]["code"].is_i64(), "{what}"),
                _ => assert_eq!(answer["error"]["code"], -32600, "{what}"),
            }
            wire.goes_on(&what).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_parsed_is_answered_under_its_id() {
    let call = |args: &str| request(r#""c""#, "tools/call", &format!(r#"{{"name": "hf_jobs", "arguments": {args}}}"#));
    let latin1: Vec<u8> = call(r#"{"operation": "é"}"#).chars().map(|char| char as u8).collect();
    for mut wire in Wire::all().await {
        for (message, said) in [
            (call(r#"{"operation": "\ud83d"}"#).into_bytes(), "`\\ud83d`"),
            (call(r#"{"operation": "\ud83d\ude00 \uDE00"}"#).into_bytes(), "`\\uDE00`"),
            (call(&format!("{}{}", "[".repeat(200), "]".repeat(200))).into_bytes(), "127"),
            (call(r#"{"args": {"limit": 1e999}}"#).into_bytes(), "number"),
            (call("{\"operation\": \"a\tb\0\"}").into_bytes(), "not valid JSON"),
            (call("{").into_bytes(), "not valid JSON"),
            (latin1.clone(), "UTF-8"),
        ] {
            let answer = wire.exchange(&message).await;
            let what = format!("{}: {}: {answer}", wire.name(), String::from_utf8_lossy(&message));
            assert_eq!(answer["id"], "c", "{what}");
            // A model sees results; over HTTP, the status says that the request is bad.
            let text = if matches!(wire, Wire::Stdio(_)) {
                let answer = Server::answer(&answer);
                assert_eq!((answer.is_error, answer.code()), (true, "invalid_arguments"), "{what}");
                answer.text
            } else {
                assert_eq!(answer["error"]["code"], -32700, "{what}");
                answer["error"]["message"].as_str().unwrap().to_owned()
            };
            assert!(text.contains(said), "{what}");
            if let Ok(message) = String::from_utf8(message) {
                let list = message.replace("tools/call", "tools/list");
                assert_eq!(wire.exchange(&list).await["error"]["code"], -32700, "{what}");
            }
            wire.goes_on(&what).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_is_told_what_one_is() {
    let ping = request("1", "ping", "");
    let utf16 = |unit: u16| unit.to_le_bytes();
    for mut wire in Wire::all().await {
        for (message, code, said) in [
            (format!("[{ping}]").into_bytes(), -32600, "on its own"),
            (b"[]".to_vec(), -32600, "on its own"),
            (b"{}".to_vec(), -32600, "\"jsonrpc\""),
            (b"7".to_vec(), -32600, "\"jsonrpc\""),
            (ping.replace("2.0", "1.0").into_bytes(), -32600, "\"jsonrpc\""),
            (ping.replace("\"id\": 1", "\"id\": 1, \"id\": 1").into_bytes(), -32600, "\"jsonrpc\""),
            (b"{".to_vec(), -32700, "not valid JSON"),
            (ping.encode_utf16().flat_map(utf16).collect(), -32700, "UTF-8"),
            (format!("\u{feff}{ping}").encode_utf16().flat_map(utf16).collect(), -32700, "UTF-8"),
        ] {
            let answer = wire.exchange(&message).await;
            let what = format!("{}: {}: {answer}", wire.name(), String::from_utf8_lossy(&message));
            assert_eq!(answer["error"]["code"], code, "{what}");
            assert!(answer["error"]["message"].as_str().unwrap().contains(said), "{what}");
        }
        for message in [format!("\u{feff}{ping}"), format!(" \t{ping} \r")] {
            assert_eq!(wire.exchange(&message).await["result"], json!({}), "{}: {message}", wire.name());
        }
        let twice =
            request("1", "tools/call", r#"{"name": "x", "name": "hf_jobs", "arguments": {}, "arguments": null}"#);
        assert_eq!(Server::answer(&wire.exchange(&twice).await).structured["ok"], true, "{}", wire.name());
        wire.goes_on("other forms").await;
    }
}

/// A session begins with `initialize`, whatever came before it.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_before_initialize_ends_the_session() {
    let http = HttpServer::local().await;
    let mut events = Events::of(http.request(Method::GET, "/sse")).await;
    let endpoint = events.next().await.unwrap().data;
    let stdio = ServerBuilder::new().arg("--local").spawn();
    for mut wire in [Wire::Stdio(stdio), Wire::Sse(http, events, endpoint)] {
        for early in [
            request("1", "tools/list", ""),
            request("2", "tools/call", r#"{"name": "hf_whoami"}"#),
            request("3", "no/such/method", "[]"),
            request("4", "initialize", "{}"),
            request("5", "ping", ""),
            discover(),
        ] {
            if let Wire::Stdio(server) = &mut wire {
                for silent in ["notifications/initialized", "notifications/cancelled", "notifications/none"] {
                    server.send(&json!({"jsonrpc": "2.0", "method": silent, "params": {"requestId": 1}})).await;
                }
                server.send(&json!({"jsonrpc": "2.0", "id": 9, "result": {}})).await;
            }
            assert!(wire.exchange(&early).await.get("id").is_some(), "{}: {early}", wire.name());
        }
        let begun = wire.exchange(initialize().to_string()).await;
        assert_eq!(begun["result"]["protocolVersion"], "2025-06-18", "{}", wire.name());
        wire.goes_on("initialize").await;
    }
}

fn discover() -> String {
    let meta = r#"{"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}"#;
    request("6", "server/discover", &format!(r#"{{"_meta": {meta}}}"#))
}

/// Nobody waits for an answer to a notification, nor to a line that is no JSON.
#[tokio::test(flavor = "multi_thread")]
async fn notifications_and_noise_get_no_answer() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for line in [
        r#"{"method": "$/cancelRequest", "params": 1}"#,
        r#"{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": [1]}"#,
        r#"{"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": "\ud800"}}"#,
        r#"{"jsonrpc": "2.0", "id": 7, "result": {}}"#,
        "Content-Length: 10\r",
        "\u{feff}",
        "\0",
        "",
    ] {
        server.send_bytes(format!("{line}\n").as_bytes()).await;
    }
    Wire::Stdio(server).goes_on("notifications").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_written_before_the_end() {
    let mut server = ServerBuilder::new().arg("--local").spawn();
    for _ in 0..50 {
        server.send_bytes(b"{\n").await;
    }
    server.close_input();
    let (code, _, output) = server.ended_with_output().await;
    assert_eq!((code, output.len()), (Some(0), 50));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_no_answers_can_end_the_server() {
    let mut server = ServerBuilder::new().arg("--local").spawn();
    // More answers than a pipe holds.
    for _ in 0..100 {
        server.send_bytes("{\n".repeat(100).as_bytes()).await;
    }
    server.close_input();
    let status = tokio::time::timeout(std::time::Duration::from_secs(60), server.child.wait()).await;
    assert!(status.expect("the server does not end").unwrap().success());
}

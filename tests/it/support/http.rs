//! The built server over HTTP, and what a client sends it.

use std::time::Duration;

use hf_jobs_mcp::local_hub::LocalHub;
use reqwest::header::{HeaderMap, HeaderName};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::server::{Answer, Server, ServerBuilder};

/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that listens.
pub struct HttpServer {
    pub server: Server,
    /// `http://127.0.0.1:PORT`
    pub base: String,
    /// The access token that it asks for.
    pub token: Option<String>,
    client: Client,
}

/// A whole answer.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

/// An event of a stream.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Event {
    pub name: String,
    pub id: String,
    pub data: String,
}

/// A stream of events.
pub struct Events {
    response: Response,
    text: String,
}

impl ServerBuilder {
    /// Starts it over HTTP, on a port that is free.
    pub async fn over_http(self) -> HttpServer {
        let server = self.arg("--http=127.0.0.1:0").spawn();
        HttpServer::of(server).await
    }
}

impl HttpServer {
    /// At that Hub, logged in.
    pub async fn at(hub: &LocalHub) -> Self {
        ServerBuilder::at(hub).over_http().await
    }

    /// A server that was started with `--http`, once it listens.
    pub async fn of(server: Server) -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        server.logged("for older clients\n").await;
        let stderr = server.stderr();
        let (_, rest) = stderr.split_once("listening on ").unwrap();
        let base = rest.split_once("/mcp").unwrap().0.to_owned();
        let asked = server.home.path().join(".local/state/hf-jobs-mcp/http-token");
        let token = std::fs::read_to_string(asked).ok().map(|token| token.trim().to_owned());
        let client = Client::builder().timeout(PATIENCE).no_proxy().build().unwrap();
        Self { server, base, token, client }
    }

    /// A request as nobody in particular sends it.
    pub fn plain(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// A request as a client of MCP sends it.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.request_without_accept(method, path).header("accept", "application/json, text/event-stream")
    }

    /// A request of a client that says on its own what it accepts.
    pub fn request_without_accept(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.plain(method, path);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// A message to `/mcp`.
    pub fn message(&self, message: &Value) -> RequestBuilder {
        self.request(Method::POST, "/mcp").header("content-type", "application/json").body(message.to_string())
    }

    /// A message of a session.
    pub fn in_session(&self, session: &str, message: &Value) -> RequestBuilder {
        self.message(message).header("mcp-session-id", session).header("mcp-protocol-version", "2025-06-18")
    }

    /// A request with these headers and no others but those that HTTP demands.
    pub async fn bare(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut client = TcpStream::connect(self.base.trim_start_matches("http://")).await.unwrap();
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        // Of HTTP 1.0, so that the answer comes as it is, and the connection ends with it.
        let request =
            format!("{method} {path} HTTP/1.0\r\nhost: 127.0.0.1\r\n{headers}content-length: {length}\r\n\r\n{body}");
        client.write_all(request.as_bytes()).await.unwrap();
        let mut came = Vec::new();
        tokio::time::timeout(PATIENCE, client.read_to_end(&mut came)).await.expect("it does not end").unwrap();
        Reply::parse(&String::from_utf8(came).unwrap())
    }

    /// The access token as clients send it.
    pub fn authorization(&self) -> String {
        format!("Bearer {}", self.token.as_deref().unwrap_or_default())
    }

    /// Opens a session; its id.
    pub async fn session(&self) -> String {
        let reply = Reply::of(self.message(&initialize())).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let session = reply.header("mcp-session-id").to_owned();
        let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        assert_eq!(Reply::of(self.in_session(&session, &initialized)).await.status, 202);
        session
    }

    /// Calls a tool without a session.
    pub async fn call(&self, tool: &str, arguments: Value) -> Answer {
        let reply = Reply::of(self.message(&call(1, tool, arguments))).await;
        Server::answer(&reply.message())
    }
}

/// A request of 2026-07-28, which needs no session.
pub fn stateless(id: u64, method: &str, mut params: Value) -> Value {
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
    params["_meta"]["io.modelcontextprotocol/clientInfo"] = json!({"name": "test", "version": "1"});
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

/// The request that opens a session.
pub fn initialize() -> Value {
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"},
    }})
}

/// A call of a tool that asks for progress.
#[expect(clippy::needless_pass_by_value, reason = "callers make it in place")]
pub fn call(id: u64, tool: &str, arguments: Value) -> Value {
    let params = json!({"name": tool, "arguments": arguments, "_meta": {"progressToken": format!("p{id}")}});
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})
}

/// A call that runs that shell command.
pub fn run(id: u64, command: &str) -> Value {
    let args = json!({"command": ["/bin/sh", "-c", command]});
    call(id, "hf_jobs", json!({"operation": "run", "args": args}))
}

/// A shell command that prints a word for ever: progress notes are a second apart, and tell the newest line.
pub fn on_and_on(word: &str) -> String {
    format!("while :; do echo {word}; sleep 0.2; done")
}

impl Reply {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text}"));
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        Self { status, headers, body: body.to_owned() }
    }

    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, body: response.text().await.unwrap() }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The last message of it, be it JSON or a stream.
    pub fn message(&self) -> Value {
        let json = self.body.lines().rfind(|line| line.contains('{')).unwrap_or_else(|| panic!("{self:?}"));
        serde_json::from_str(json.trim_start_matches("data:")).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// The message of the error.
    pub fn error(&self) -> String {
        self.message()["error"]["message"].as_str().unwrap_or_default().to_owned()
    }
}

impl Events {
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next event that carries something, `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let event = event(block);
                let rest = rest.to_owned();
                self.text = rest;
                if !event.data.is_empty() {
                    return Some(event);
                }
            }
            // A connection that breaks ends it, too.
            let chunk = self.response.chunk().await.ok()??;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next message.
    pub async fn message(&mut self) -> Value {
        let event = self.next().await.expect("the stream is over");
        serde_json::from_str(&event.data).unwrap()
    }

    /// The next message that answers a request.
    pub async fn answer(&mut self) -> Value {
        loop {
            let message = self.message().await;
            if message.get("id").is_some() {
                return message;
            }
        }
    }

    /// Reads until a progress note holds these words; the event that has it.
    pub async fn told(&mut self, words: &str) -> Event {
        loop {
            let event = self.next().await.expect("the stream is over");
            assert!(event.data.contains("notifications/progress"), "{event:?}");
            if event.data.contains(words) {
                return event;
            }
        }
    }
}

fn event(block: &str) -> Event {
    let mut event = Event::default();
    for line in block.lines() {
        match line.split_once(':') {
            Some(("event", name)) => name.trim().clone_into(&mut event.name),
            Some(("id", id)) => id.trim().clone_into(&mut event.id),
            Some(("data", data)) => event.data.push_str(data.trim_start()),
            _ => {}
        }
    }
    event
}

//! The built server as a child process, and a client that speaks to it line by line.

use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hf_jobs_mcp::local_hub::LocalHub;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Notify;

use super::schema;

/// How long any answer may take before the test gives up: far longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// How to start the server.
pub struct ServerBuilder {
    command: Command,
    home: tempfile::TempDir,
}

/// A running server.
pub struct Server {
    pub child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<Lines<BufReader<ChildStdout>>>,
    stderr: Arc<Mutex<String>>,
    stderr_grew: Arc<Notify>,
    stderr_done: tokio::task::JoinHandle<()>,
    /// Everything that came on standard output.
    pub output: Vec<String>,
    /// Notifications, in the order in which they came.
    pub notes: Vec<Value>,
    /// Answers that came before they were asked for.
    early: Vec<Value>,
    next: u64,
    /// A home directory of its own, in which the token file is looked for.
    pub home: tempfile::TempDir,
}

/// An answer to a call of a tool.
#[derive(Debug)]
pub struct Answer {
    pub text: String,
    pub structured: Value,
    pub is_error: bool,
}

impl Answer {
    /// The code of the error.
    pub fn code(&self) -> &str {
        self.structured["error"]["code"].as_str().unwrap_or("none")
    }

    /// The call that the hint says to send instead.
    pub fn mended(&self) -> Value {
        let hint = self.structured["error"]["hint"].as_str().unwrap_or_default();
        let (_, call) = hint.split_once("send {").unwrap_or_else(|| panic!("no call in the hint of {self:?}"));
        serde_json::from_str(&format!("{{{call}")).unwrap()
    }

    /// The codes of the warnings.
    pub fn warnings(&self) -> Vec<&str> {
        let warnings = self.structured["warnings"].as_array().into_iter().flatten();
        warnings.filter_map(|warning| warning["code"].as_str()).collect()
    }

    /// The id of the job that was submitted.
    pub fn job_id(&self) -> String {
        self.structured["job"]["job_id"].as_str().unwrap_or_else(|| panic!("no job in {self:?}")).to_owned()
    }
}

impl ServerBuilder {
    /// A server with a clean environment and an empty home, at the Hub.
    pub fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_hf-jobs-mcp"));
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", home.path())
            .current_dir(home.path());
        Self { command, home }
    }

    /// At that Hub, logged in with its first account's token.
    pub fn at(hub: &LocalHub) -> Self {
        Self::new().env("HF_ENDPOINT", hub.endpoint()).env("HF_TOKEN", hub.token())
    }

    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub fn arg(mut self, argument: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// In that directory, instead of the home directory.
    pub fn directory(mut self, directory: impl AsRef<std::path::Path>) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// The home directory that the server will have.
    pub fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    /// Writes the token where `hf auth login` does.
    pub fn token_file(self, token: &str) -> Self {
        write_token(self.home.path(), token);
        self
    }

    /// Starts it, without a word of the protocol.
    pub fn spawn(mut self) -> Server {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = self.command.spawn().unwrap();
        let stderr = Arc::new(Mutex::new(String::new()));
        let mut pipe = child.stderr.take().unwrap();
        let stderr_grew = Arc::new(Notify::new());
        let (kept, grew) = (stderr.clone(), stderr_grew.clone());
        let stderr_done = tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
                kept.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..count]));
                grew.notify_one();
            }
        });
        let stdout = Some(BufReader::new(child.stdout.take().unwrap()).lines());
        Server {
            stdin: child.stdin.take(),
            child,
            stdout,
            stderr,
            stderr_grew,
            stderr_done,
            output: Vec::new(),
            notes: Vec::new(),
            early: Vec::new(),
            next: 0,
            home: self.home,
        }
    }

    /// Starts it and initialises the protocol as a client of 2025-06-18 does.
    pub async fn start(self) -> Server {
        let mut server = self.spawn();
        let client = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
        server.request("initialize", client).await;
        server.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
        server
    }
}

impl Server {
    /// A server at that Hub, initialised.
    pub async fn at(hub: &LocalHub) -> Self {
        ServerBuilder::at(hub).start().await
    }

    /// Writes a message.
    pub async fn send(&mut self, message: &Value) {
        self.send_bytes(format!("{message}\n").as_bytes()).await;
    }

    /// Writes bytes as they are.
    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(bytes).await.unwrap();
        stdin.flush().await.unwrap();
    }

    /// Sends a request without waiting for its answer; its id.
    pub async fn begin(&mut self, method: &str, params: Value) -> u64 {
        self.next += 1;
        let id = self.next;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})).await;
        id
    }

    /// The answer to a request that was sent.
    pub async fn answer_to(&mut self, id: &Value) -> Value {
        loop {
            if let Some(at) = self.early.iter().position(|message| message["id"] == *id) {
                return self.early.remove(at);
            }
            let message =
                self.message().await.unwrap_or_else(|| panic!("no answer to {id}; stderr: {}", self.stderr()));
            if message.get("id").is_some() { self.early.push(message) } else { self.notes.push(message) }
        }
    }

    /// The next message, `None` at the end of the output.
    pub async fn message(&mut self) -> Option<Value> {
        let line = tokio::time::timeout(PATIENCE, self.stdout.as_mut()?.next_line())
            .await
            .expect("the server is silent")
            .unwrap()?;
        self.output.push(line.clone());
        Some(serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON on standard output: {line}")))
    }

    /// Sends a request and waits for its answer.
    pub async fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.begin(method, params).await;
        self.answer_to(&json!(id)).await
    }

    /// Calls a tool. Whatever it answers has to be as its output schema says.
    pub async fn call(&mut self, tool: &str, arguments: Value) -> Answer {
        let answer = self.request("tools/call", json!({"name": tool, "arguments": arguments})).await;
        let answer = Self::answer(&answer);
        schema::hold(tool, &answer.structured);
        answer
    }

    /// Calls `hf_jobs`.
    pub async fn jobs(&mut self, operation: &str, args: Value) -> Answer {
        self.call("hf_jobs", json!({"operation": operation, "args": args})).await
    }

    /// Reads an answer to a call of a tool.
    pub fn answer(message: &Value) -> Answer {
        let result = message.get("result").unwrap_or_else(|| panic!("a protocol error: {message}"));
        Answer {
            text: result["content"][0]["text"].as_str().unwrap().to_owned(),
            structured: result["structuredContent"].clone(),
            is_error: result["isError"] == json!(true),
        }
    }

    /// What was written on standard error so far.
    pub fn stderr(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    /// Waits until standard error holds these words.
    pub async fn logged(&self, words: &str) {
        let holds = async {
            while !self.stderr().contains(words) {
                self.stderr_grew.notified().await;
            }
        };
        tokio::time::timeout(PATIENCE, holds).await.unwrap_or_else(|_| panic!("no `{words}` in {}", self.stderr()));
    }

    /// Closes standard input.
    pub fn close_input(&mut self) {
        drop(self.stdin.take());
    }

    /// Closes standard input and waits for the end: the exit code and all of standard error.
    pub async fn finish(mut self) -> (Option<i32>, String) {
        drop(self.stdin.take());
        self.ended().await
    }

    /// Reads no further answers: the server's output is a broken pipe from now on.
    pub fn close_output(&mut self) {
        drop(self.stdout.take());
    }

    /// Waits for the end.
    pub async fn ended(self) -> (Option<i32>, String) {
        let (code, stderr, _) = self.ended_with_output().await;
        (code, stderr)
    }

    /// Waits for the end; the lines of standard output, too.
    pub async fn ended_with_output(mut self) -> (Option<i32>, String, Vec<String>) {
        while self.message().await.is_some() {}
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("the server does not end").unwrap();
        self.stderr_done.await.unwrap();
        let stderr = self.stderr.lock().unwrap().clone();
        (status.code(), stderr, self.output)
    }
}

/// Writes the token where `hf auth login` does.
pub fn write_token(home: &std::path::Path, token: &str) {
    use std::os::unix::fs::PermissionsExt;
    let directory = home.join(".cache/huggingface");
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("token");
    std::fs::write(&file, token).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

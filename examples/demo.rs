//! A conversation as an assistant has it, without an account: builds the server, starts it with `--local` and speaks to it
//! as an MCP client over pipes. Ends with 0 only if each step did what it says.
#![allow(clippy::print_stdout, reason = "the transcript is what the demo is for")]

use std::process::{Command, ExitCode, Stdio};

use regex::Regex;
use rmcp::model::CallToolRequestParams;
use rmcp::service::RunningService;
use rmcp::transport::TokioChildProcess;
use rmcp::{RoleClient, ServiceExt as _};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// What the Python job does: it finds its token, and is careless with it.
const SCRIPT: &str = r#"import os, time
assert "HF_TOKEN" in os.environ
print("printed by mistake:", os.environ["HF_TOKEN"], flush=True)
for step in range(1, 4):
    time.sleep(1)
    print(f"step {step} of 3", flush=True)"#;

/// The same for a shell.
const SHELL: &str = r#"test -n "$HF_TOKEN" || exit 1
echo "printed by mistake: $HF_TOKEN"
for step in 1 2 3; do sleep 1; echo "step $step of 3"; done"#;

/// What the job's output is to be when the assistant sees it.
const SEEN: [&str; 4] = ["printed by mistake: [redacted]", "step 1 of 3", "step 2 of 3", "step 3 of 3"];

/// How often the job is asked after. Each time is up to 20 seconds, most of which uv may take to get a Python.
const MOST_LOOKS: usize = 15;

fn main() -> ExitCode {
    match demo() {
        Ok(()) => {
            println!("Each step did what it says.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("The demo failed: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn demo() -> Outcome<()> {
    let server = build()?;
    let mut command = tokio::process::Command::new(server);
    command.arg("--local");
    let (process, stderr) = TokioChildProcess::builder(command).stderr(Stdio::piped()).spawn()?;
    let log = tokio::spawn(async move {
        let mut log = String::new();
        if let Some(mut stderr) = stderr {
            stderr.read_to_string(&mut log).await.ok();
        }
        log
    });
    let mut transcript = String::new();
    let outcome = talk(process, &mut transcript).await;

    let log = log.await?;
    println!("What the server wrote on standard error:\n\n{}\n", indented(&log));
    outcome?;
    transcript.push_str(&log);
    if let Some(found) = Regex::new("hf_[A-Za-z0-9]{34}")?.find(&transcript) {
        return Err(format!("a token shows, {} characters after the beginning", found.start()).into());
    }
    println!("Nothing above has the form of a token.");
    Ok(())
}

/// Builds the server and tells where it is. Cargo does not build it for an example; built together with an example, it
/// shares all artefacts with `cargo test`.
fn build() -> Outcome<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--bin", "hf-jobs-mcp", "--example", "demo", "--message-format", "json-render-diagnostics"])
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")])
        .stderr(Stdio::inherit());
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    // `cargo run` describes this package to us in variables that build scripts of others watch: they would run again.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            cargo.env_remove(name);
        }
    }
    let output = cargo.output()?;
    if !output.status.success() {
        return Err("the server can't be built".into());
    }
    String::from_utf8(output.stdout)?
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message.pointer("/target/name") == Some(&json!("hf-jobs-mcp")))
        .find_map(|message| Some(message.get("executable")?.as_str()?.to_owned()))
        .ok_or_else(|| "cargo does not say where the server is".into())
}

async fn talk(process: TokioChildProcess, transcript: &mut String) -> Outcome<()> {
    let mut conversation = Conversation { client: ().serve(process).await?, transcript };
    let outcome = converse(&mut conversation).await;
    conversation.client.cancel().await?;
    outcome
}

async fn converse(conversation: &mut Conversation<'_>) -> Outcome<()> {
    conversation.prompt("Who am I on Hugging Face, and may I run jobs?");
    let me = conversation.call("hf_whoami", json!({})).await?;
    me.expect("/ok", &json!(true))?;
    me.expect("/namespaces/0/may_run_jobs", &json!("yes"))?;

    let (operation, what, mut args) = job();
    conversation.prompt(what);
    let secrets = json!({"HF_TOKEN": "$HF_TOKEN"});
    args.insert("secrets".to_owned(), secrets.clone());
    // An assistant would leave `wait` out; then this call alone would follow the job to its end.
    args.insert("wait".to_owned(), json!("1s"));
    let mut answer = conversation.jobs(operation, &json!(args)).await?;
    answer.expect("/ok", &json!(true))?;
    let id = answer.text_at("/job/job_id")?;
    let mut lines = answer.lines();
    for _ in 0..MOST_LOOKS {
        if answer.at("/logs/finished") == &json!(true) {
            break;
        }
        let cursor = answer.text_at("/logs/next_cursor")?;
        answer = conversation.jobs("logs", &json!({"job_id": id, "cursor": cursor, "wait": "20s"})).await?;
        answer.expect("/ok", &json!(true))?;
        lines.extend(answer.lines());
    }
    answer.expect("/logs/stage", &json!("COMPLETED"))?;
    if !lines.ends_with(&SEEN.map(str::to_owned)) {
        return Err(format!("the job's output should end in {SEEN:?} and is {lines:?}").into());
    }

    conversation.prompt("What can others see of that job?");
    let answer = conversation.jobs("inspect", &json!({"job_id": id})).await?;
    answer.expect("/jobs/0/secrets", &json!(["HF_TOKEN"]))?;

    conversation.prompt("Again, with the token in `env` this time.");
    args.remove("secrets");
    args.insert("env".to_owned(), secrets);
    let refused = conversation.jobs(operation, &json!(args)).await?;
    refused.expect("/error/code", &json!("token_in_readable_field"))?;

    conversation.prompt("So which jobs have there been?");
    let answer = conversation.jobs("ps", &json!({"all": true})).await?;
    answer.expect("/jobs/0/job_id", &json!(id))?;
    answer.expect("/jobs/1", &Value::Null)
}

/// A Python script, or a shell command where there is no uv that could run one.
fn job() -> (&'static str, &'static str, serde_json::Map<String, Value>) {
    let uv = Command::new("uv").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let args = |args: Value| args.as_object().cloned().unwrap_or_default();
    if uv.is_ok() {
        ("uv", "Run a script that uses my token.", args(json!({"script": SCRIPT})))
    } else {
        let what =
            "Run something that uses my token. (uv is not on PATH, so a shell command takes the place of a script.)";
        ("run", what, args(json!({"command": ["/bin/sh", "-c", SHELL]})))
    }
}

/// What is said, printed as it is said.
struct Conversation<'a> {
    client: RunningService<RoleClient, ()>,
    transcript: &'a mut String,
}

impl Conversation<'_> {
    fn prompt(&mut self, words: &str) {
        self.say(&format!("You: {words}\n"));
    }

    fn say(&mut self, text: &str) {
        println!("{text}");
        self.transcript.push_str(text);
    }

    async fn jobs(&mut self, operation: &str, args: &Value) -> Outcome<Answer> {
        self.call("hf_jobs", json!({"operation": operation, "args": args})).await
    }

    async fn call(&mut self, tool: &'static str, arguments: Value) -> Outcome<Answer> {
        self.say(&format!("-> {tool}\n{}\n", indented(&serde_json::to_string_pretty(&arguments)?)));
        let Value::Object(arguments) = arguments else { return Err("arguments are an object".into()) };
        let result = self.client.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await?;
        let text: String = result.content.iter().filter_map(|block| Some(block.as_text()?.text.as_str())).collect();
        self.say(&format!("<- {}\n{}\n", tool, indented(&text)));
        let structured = result.structured_content.ok_or("the answer has no structured content")?;
        self.transcript.push_str(&structured.to_string());
        Ok(Answer(structured))
    }
}

/// The structured content of an answer.
struct Answer(Value);

impl Answer {
    fn at(&self, pointer: &str) -> &Value {
        self.0.pointer(pointer).unwrap_or(&Value::Null)
    }

    fn text_at(&self, pointer: &str) -> Outcome<String> {
        Ok(self.at(pointer).as_str().ok_or_else(|| format!("`{pointer}` is missing in {}", self.0))?.to_owned())
    }

    fn lines(&self) -> Vec<String> {
        let lines = self.at("/logs/lines").as_array();
        lines.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    fn expect(&self, pointer: &str, expected: &Value) -> Outcome<()> {
        if self.at(pointer) == expected {
            return Ok(());
        }
        Err(format!("`{pointer}` should be {expected} and is {} in {}", self.at(pointer), self.0).into())
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("   {line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

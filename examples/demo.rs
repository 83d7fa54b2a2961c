//! What an assistant sees: starts the built server with `--local`, speaks to it as an MCP client, and prints the conversation.
//!
//! `cargo run --example demo` exits with 0 only if each step did what it says.
#![allow(clippy::print_stdout, reason = "the transcript is what this program is for")]
#![allow(clippy::indexing_slicing, reason = "an index of JSON that is not there gives null")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use rmcp::model::{CallToolRequestParams, CallToolResult};
use rmcp::service::{RoleClient, RunningService, ServiceExt};
use rmcp::transport::TokioChildProcess;
use serde_json::{Value, json};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How often a job is followed on before the demo gives up: each time waits up to 30 s.
const FOLLOWED_AT_MOST: usize = 10;

const SCRIPT: &str = r#"# /// script
# dependencies = []
# ///
import os
import platform

assert "HF_TOKEN" in os.environ, "HF_TOKEN required!"
print(f"hello from Python {platform.python_version()}")
print("the token is here, and starts with", os.environ["HF_TOKEN"][:3])
print("printed by mistake:", os.environ["HF_TOKEN"])
"#;

const SHELL_SCRIPT: &str = "test -n \"$HF_TOKEN\" || { echo 'HF_TOKEN required!'; exit 1; }
echo \"hello from $(uname -s)\"
echo \"printed by mistake: $HF_TOKEN\"";

#[tokio::main]
async fn main() -> ExitCode {
    match demo().await {
        Ok(()) => {
            println!("\nEach step did what it says.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("\nThe demo failed: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn demo() -> Outcome<()> {
    let server = build()?;
    println!("$ hf-jobs-mcp --local");
    let mut command = tokio::process::Command::new(server);
    command.arg("--local");
    let client = ().serve(TokioChildProcess::new(command)?).await?;
    let mut assistant = Assistant { client, transcript: String::new() };

    assistant.says("Who am I, and may I run jobs?");
    let answer = assistant.calls("hf_whoami", json!({})).await?;
    expect(answer["ok"] == true, "hf_whoami knows who is logged in")?;

    assistant.says("Run this script, with my token.");
    let answer = if uv_is_here() {
        let args = json!({"script": SCRIPT, "timeout": "5m", "secrets": {"HF_TOKEN": "$HF_TOKEN"}});
        assistant.calls("hf_jobs", json!({"operation": "uv", "args": args})).await?
    } else {
        println!(
            "(uv is not on the PATH, and with --local jobs run on this machine: a shell command instead of a Python script)\n"
        );
        let args =
            json!({"command": ["/bin/sh", "-c", SHELL_SCRIPT], "timeout": "5m", "secrets": {"HF_TOKEN": "$HF_TOKEN"}});
        assistant.calls("hf_jobs", json!({"operation": "run", "args": args})).await?
    };
    expect(answer["ok"] == true, "the job was submitted")?;
    expect(answer["job"]["secrets"] == json!(["HF_TOKEN"]), "the job has the secret HF_TOKEN")?;
    assistant.follows(answer).await?;

    assistant.says("And with the token in env?");
    let args = json!({"command": ["env"], "env": {"HF_TOKEN": "$HF_TOKEN"}});
    let answer = assistant.calls("hf_jobs", json!({"operation": "run", "args": args})).await?;
    expect(answer["error"]["code"] == "token_in_readable_field", "a token in env is refused")?;

    assistant.says("What has run?");
    let answer = assistant.calls("hf_jobs", json!({"operation": "ps", "args": {"all": true}})).await?;
    expect(
        answer["jobs"].as_array().is_some_and(|jobs| jobs.len() == 1),
        "one job ran: the refused call started none",
    )?;

    expect(!holds_token(&assistant.transcript), "no token is anywhere in the conversation")?;
    assistant.client.cancel().await?;
    Ok(())
}

/// The one who calls the tools, and all that was said.
struct Assistant {
    client: RunningService<RoleClient, ()>,
    transcript: String,
}

impl Assistant {
    fn says(&mut self, line: &str) {
        self.tell(&format!("\n\u{25b8} {line}\n"));
    }

    fn tell(&mut self, text: &str) {
        println!("{text}");
        self.transcript.push_str(text);
    }

    /// Calls a tool, shows the answer's text and gives its structured content.
    async fn calls(&mut self, tool: &'static str, arguments: Value) -> Outcome<Value> {
        self.tell(&format!("{tool} {}\n", serde_json::to_string_pretty(&arguments)?));
        let arguments = serde_json::from_value(arguments)?;
        let result: CallToolResult =
            self.client.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await?;
        let texts = result.content.iter().filter_map(|block| block.as_text());
        for line in texts.flat_map(|text| text.text.lines()) {
            self.tell(&format!("    {line}"));
        }
        let structured = result.structured_content.ok_or("an answer without structured content")?;
        self.transcript.push_str(&structured.to_string());
        Ok(structured)
    }

    /// Follows a job to its end, which has to be a good one.
    async fn follows(&mut self, mut answer: Value) -> Outcome<()> {
        let job = answer["job"]["job_id"].clone();
        let mut lines: Vec<Value> = Vec::new();
        for _ in 0..FOLLOWED_AT_MOST {
            let logs = &answer["logs"];
            lines.extend(logs["lines"].as_array().cloned().unwrap_or_default());
            if logs["finished"] == true {
                break;
            }
            let args = json!({"job_id": job, "cursor": logs["next_cursor"], "wait": "30s"});
            self.says("Go on.");
            answer = self.calls("hf_jobs", json!({"operation": "logs", "args": args})).await?;
        }
        expect(answer["logs"]["stage"] == "COMPLETED", "the job completed")?;
        let printed = |words: &str| lines.iter().any(|line| line.as_str().is_some_and(|line| line.contains(words)));
        expect(printed("hello from"), "the job's output came back")?;
        expect(printed("printed by mistake: [redacted]"), "a token that a job prints is redacted")
    }
}

/// Builds the server: cargo builds no binary of the package for an example. Both are named, so that the features of the
/// dependencies stay the same and nothing is built twice.
fn build() -> Outcome<PathBuf> {
    let status =
        Command::new(env!("CARGO")).args(["build", "--quiet", "--bin", "hf-jobs-mcp", "--example", "demo"]).status()?;
    expect(status.success(), "the server builds")?;
    // target/debug/examples/demo → target/debug/hf-jobs-mcp
    let example = std::env::current_exe()?;
    let folder = example.parent().and_then(Path::parent).ok_or("the example is not where cargo puts it")?;
    Ok(folder.join("hf-jobs-mcp"))
}

fn uv_is_here() -> bool {
    Command::new("uv").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Whether a text holds something of the shape of a token.
fn holds_token(text: &str) -> bool {
    text.split("hf_").skip(1).any(|rest| rest.chars().take_while(char::is_ascii_alphanumeric).count() >= 30)
}

fn expect(holds: bool, what: &str) -> Outcome<()> {
    if holds { Ok(()) } else { Err(format!("not so: {what}").into()) }
}

//! The Model Context Protocol over pipes: every version, nothing but JSON-RPC on standard output, and whatever else comes in.

use serde_json::{Value, json};

use crate::support::{Server, ServerBuilder, hub};

fn initialize(version: &str) -> Value {
    json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}})
}

/// The metadata that each request of 2026-07-28 carries.
fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn each_version_with_a_handshake_is_spoken() {
    let hub = hub().await;
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let mut server = ServerBuilder::at(&hub).spawn();
        let answer = server.request("initialize", initialize(version)).await;
        assert_eq!(answer["result"]["protocolVersion"], version);
        assert_eq!(answer["result"]["serverInfo"]["name"], "hf-jobs-mcp");
        let instructions = answer["result"]["instructions"].as_str().unwrap();
        for words in ["hf_whoami", "hf_jobs", "$HF_TOKEN", "not instructions"] {
            assert!(instructions.contains(words), "{words} in {instructions}");
        }
        server.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
        let tools = server.request("tools/list", json!({})).await;
        let names: Vec<_> = tools["result"]["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
        assert_eq!(names, ["hf_jobs", "hf_whoami"]);
        assert!(!server.call("hf_whoami", json!({})).await.is_error);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_version_without_a_handshake_is_spoken() {
    let hub = hub().await;
    let mut server = ServerBuilder::at(&hub).spawn();
    let answer = server.request("server/discover", json!({"_meta": meta()})).await;
    assert!(answer["result"]["supportedVersions"].as_array().unwrap().contains(&json!("2026-07-28")), "{answer}");
    let answer = server.request("tools/list", json!({"_meta": meta()})).await;
    assert_eq!(answer["result"]["resultType"], "complete");
    assert_eq!(answer["result"]["cacheScope"], "private");
    let answer = server.request("tools/call", json!({"name": "hf_whoami", "arguments": {}, "_meta": meta()})).await;
    assert_eq!(answer["result"]["structuredContent"]["name"], "alice");
    // The handshake is gone; with parameters of no form, the method is as unknown as without.
    let answer = server.request("initialize", json!({"_meta": meta()})).await;
    assert_eq!(answer["error"]["code"], -32601, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_is_survived() {
    let hub = hub().await;
    let mut server = ServerBuilder::at(&hub).spawn();
    for line in [
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
        "garbage",
        "",
        "\r",
        "{",
        "[1]",
        "{}",
        "\u{feff}{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}",
        "\u{0}",
    ] {
        server.send_bytes(format!("{line}\n").as_bytes()).await;
    }
    server.send_bytes(b"\xff\xfe\n").await;
    server.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}})).await;
    let answer = server.request("initialize", initialize("2025-11-25")).await;
    assert_eq!(answer["result"]["protocolVersion"], "2025-11-25");
    server.send_bytes(b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\r\nnoise\n").await;
    assert!(!server.call("hf_whoami", json!({})).await.is_error);
    assert_eq!(server.request("ping", json!({})).await["result"], json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_long_is_answered_by_its_id() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let script = "x".repeat(5 * 1024 * 1024);
    let arguments = json!({"operation": "uv", "args": {"script": script}});
    // With the id before and behind what makes it too long.
    for line in [
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":\"big\",\"method\":\"tools/call\",\"params\":{{\"name\":\"hf_jobs\",\"arguments\":{arguments}}}}}\n"
        ),
        format!(
            "{{\"method\":\"tools/call\",\"params\":{{\"name\":\"hf_jobs\",\"arguments\":{arguments}}},\"jsonrpc\":\"2.0\",\"id\":\"big\"}}\n"
        ),
    ] {
        server.send_bytes(line.as_bytes()).await;
        let answer = Server::answer(&server.answer_to(&json!("big")).await);
        assert!(answer.is_error);
        assert_eq!(answer.code(), "too_large");
        assert!(answer.text.contains("URL"));
    }
    server.send_bytes(format!("{{\"jsonrpc\":\"2.0\",\"id\":\"list\",\"method\":\"tools/list\",\"params\":{{\"cursor\":\"{script}\"}}}}\n").as_bytes()).await;
    assert_eq!(server.answer_to(&json!("list")).await["error"]["code"], -32600);
    assert!(!server.call("hf_whoami", json!({})).await.is_error);
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_error_is_json_if_asked_for_and_standard_output_nothing_else() {
    let hub = hub().await;
    let builder = ServerBuilder::at(&hub).env("RUST_LOG", "trace").arg("--log-format").arg("json");
    let mut server = builder.start().await;
    // Every line of standard output is parsed as it comes.
    assert!(!server.jobs("run", json!({"command": ["true"]})).await.is_error);
    server.send_bytes(b"garbage\n").await;
    assert!(!server.call("hf_whoami", json!({})).await.is_error);
    let (_, stderr) = server.finish().await;
    assert!(stderr.contains("a line is not a message"), "{stderr}");
    for line in stderr.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        let target = event["target"].as_str().unwrap();
        assert!(target.starts_with("hf_jobs_mcp") || event["level"] == "WARN" || event["level"] == "ERROR", "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_follows_does_not_hold_up_others() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let following = json!({"name": "hf_jobs", "arguments": {"operation": "run", "args": {"command": ["sleep", "1000"], "wait": "40s"}}});
    let following = server.begin("tools/call", following).await;
    let mut job = None;
    while job.is_none() {
        let answer = server.jobs("ps", json!({})).await;
        job = answer.structured["jobs"][0]["job_id"].as_str().map(str::to_owned);
    }
    server.jobs("cancel", json!({"job_id": job})).await;
    let answer = Server::answer(&server.answer_to(&json!(following)).await);
    assert_eq!(answer.structured["job"]["stage"], "CANCELED");
}

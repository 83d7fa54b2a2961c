//! rmcp's own client, in each of its three ways to begin: it lists the tools, asks who it is, runs a job to its end with
//! progress, gives a following up, and gets an error.

use std::sync::{Arc, Mutex};

use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CallToolResult, ClientRequest, ProgressNotificationParam, ProtocolVersion,
};
use rmcp::service::{NotificationContext, PeerRequestOptions, RunningService};
use rmcp::transport::TokioChildProcess;
use rmcp::transport::streamable_http_client::{StreamableHttpClientTransport, StreamableHttpClientTransportConfig};
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt, RoleClient};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::http::HttpServer;
use crate::support::hub;

/// A client that keeps what it is told on the way.
#[derive(Clone, Default)]
struct Listener {
    told: Arc<Mutex<Vec<String>>>,
    grew: Arc<Notify>,
}

impl ClientHandler for Listener {
    async fn on_progress(&self, progress: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.told.lock().unwrap().push(progress.message.unwrap_or_default());
        self.grew.notify_one();
    }
}

impl Listener {
    async fn heard(&self, words: &str) {
        while !self.told.lock().unwrap().iter().any(|told| told.contains(words)) {
            self.grew.notified().await;
        }
    }
}

fn call(tool: &'static str, arguments: &Value) -> CallToolRequestParams {
    CallToolRequestParams::new(tool).with_arguments(arguments.as_object().unwrap().clone())
}

fn structured(result: CallToolResult) -> Value {
    result.structured_content.unwrap()
}

async fn lifecycle(mode: ClientLifecycleMode) {
    let hub = hub().await;
    let home = tempfile::tempdir().unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_hf-jobs-mcp"));
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", home.path())
        .env("HF_ENDPOINT", hub.endpoint())
        .env("HF_TOKEN", hub.token());
    let process = TokioChildProcess::new(command).unwrap();
    let client = Listener::default().serve_with_lifecycle(process, mode).await.unwrap();
    talk(&client).await;
    client.cancel().await.unwrap();
}

/// The conversation that every client has.
async fn talk(client: &RunningService<RoleClient, Listener>) {
    let tools = client.list_all_tools().await.unwrap();
    assert_eq!(tools.iter().map(|tool| tool.name.as_ref()).collect::<Vec<_>>(), ["hf_jobs", "hf_whoami"]);
    let me = structured(client.call_tool(call("hf_whoami", &json!({}))).await.unwrap());
    assert_eq!(me["name"], "alice");

    let script = "echo first; sleep 1; echo second";
    let args = json!({"operation": "run", "args": {"command": ["/bin/sh", "-c", script]}});
    let ran = structured(client.call_tool(call("hf_jobs", &args)).await.unwrap());
    assert_eq!(ran["logs"]["lines"], json!(["first", "second"]));
    assert_eq!(ran["job"]["stage"], "COMPLETED");
    // The lines come at most once a second; the first note names the job.
    client.service().heard(ran["job"]["job_id"].as_str().unwrap()).await;

    let args =
        json!({"operation": "run", "args": {"command": ["/bin/sh", "-c", "echo begun; sleep 300"], "detach": true}});
    let job = structured(client.call_tool(call("hf_jobs", &args)).await.unwrap())["job"]["job_id"].clone();
    let follow = call("hf_jobs", &json!({"operation": "logs", "args": {"job_id": job, "wait": "45s"}}));
    let request = ClientRequest::CallToolRequest(CallToolRequest::new(follow));
    let following = client.send_cancellable_request(request, PeerRequestOptions::no_options()).await.unwrap();
    client.service().heard("begun").await;
    following.cancel(None).await.unwrap();
    let inspect = json!({"operation": "inspect", "args": {"job_id": job}});
    let seen = structured(client.call_tool(call("hf_jobs", &inspect)).await.unwrap());
    assert_eq!(seen["jobs"][0]["stage"], "RUNNING");

    let wrong = json!({"operation": "run", "args": {"command": ["true"], "timout": "1h"}});
    let refused = client.call_tool(call("hf_jobs", &wrong)).await.unwrap();
    assert_eq!(refused.is_error, Some(true));
    assert_eq!(structured(refused)["error"]["code"], "invalid_arguments");
}

/// The same, over HTTP.
async fn over_http(mode: ClientLifecycleMode) {
    let hub = hub().await;
    let server = HttpServer::at(&hub).await;
    let config = StreamableHttpClientTransportConfig::with_uri(format!("{}/mcp", server.base))
        .auth_header(server.token.clone().unwrap());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let transport = StreamableHttpClientTransport::with_client(http, config);
    let client = Listener::default().serve_with_lifecycle(transport, mode).await.unwrap();
    talk(&client).await;
    client.cancel().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_initialises_over_http() {
    over_http(ClientLifecycleMode::Initialize).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_sessions_over_http() {
    over_http(ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_finds_out_which_over_http() {
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    over_http(ClientLifecycleMode::Auto { preferred_versions, legacy_version: None }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_initialises() {
    lifecycle(ClientLifecycleMode::Initialize).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_sessions() {
    lifecycle(ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_finds_out_which() {
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    lifecycle(ClientLifecycleMode::Auto { preferred_versions, legacy_version: None }).await;
}

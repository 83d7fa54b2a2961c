//! The protocol's side: tools are listed and called, progress is sent, a failing handler is answered. Never calls the Hub.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use rmcp::ServerHandler;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, CustomRequest, CustomResult,
    ErrorCode, ErrorData, GetPromptRequestParams, GetPromptResponse, Implementation, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ProgressNotificationParam, ProgressToken, ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse,
    ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{Peer, RequestContext, RoleServer};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::operations::Progress;
use crate::secrets::Clean;
use crate::tools::{Rendered, Tools, arguments_of};

/// How many calls are carried out at once; further ones wait. Each may hold a stream and an answer of 32 KiB.
const CALLS_AT_ONCE: usize = 256;
/// The least time between two progress notes of a call: a reader can't follow more.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);
/// How long clients may keep the list of tools: it is the same for the life of the process.
const LIST_TTL_MS: u64 = 3_600_000;
/// How many progress notes of a call may wait to be sent.
const NOTES_WAITING: usize = 4;
/// The most of a line that a progress note shows, in characters.
const NOTE_MAX_CHARS: usize = 200;

/// The most of a URI that an error repeats, as the specification asks for: longer than any in use.
const URI_MAX_CHARS: usize = 2000;
/// The methods besides `tools/call`.
const METHODS: [&str; 7] = [
    "prompts/get",
    "prompts/list",
    "resources/list",
    "resources/read",
    "resources/templates/list",
    "server/discover",
    "tools/list",
];
/// The methods that MCP 2026-07-28 has no more.
const SESSION_METHODS: [&str; 3] = ["initialize", "logging/setLevel", "ping"];

/// The server.
#[derive(Clone)]
pub struct Server {
    tools: Tools,
    calls: Arc<Semaphore>,
}

impl Server {
    /// A server of these tools.
    pub fn new(tools: Tools) -> Self {
        Self { tools, calls: Arc::new(Semaphore::new(CALLS_AT_ONCE)) }
    }

    /// Carries out a call; a handler that panics is answered as `internal`, and the server goes on.
    async fn call(
        &self,
        name: &str,
        arguments: Option<Value>,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ErrorData> {
        let Some(arguments) = arguments_of(arguments) else {
            return Err(ErrorData::invalid_params(
                "`arguments` must be an object, such as {\"operation\": \"help\"}",
                None,
            ));
        };
        // Closed never: the semaphore lives as long as the server.
        let _permit = self.calls.acquire().await.ok();
        let (mut progress, notes) = Notes::new(context);
        let sending = tokio::spawn(notes);
        let call = self.tools.call(name, arguments, &mut progress, &context.ct);
        let answer = AssertUnwindSafe(call).catch_unwind().await;
        // Every note is sent before the answer: after it, the client has forgotten the progress token.
        drop(progress);
        sending.await.ok();
        match answer {
            Ok(Some(rendered)) => Ok(result(rendered)),
            Ok(None) => {
                Err(ErrorData::invalid_params(format!("no tool has that name; the tools are {}", self.names()), None))
            }
            Err(_) => Ok(result(self.tools.failed(name, Error::Internal { during: "carrying out a call" }))),
        }
    }

    fn names(&self) -> String {
        self.tools.list().iter().map(|tool| format!("`{}`", tool.name)).collect::<Vec<_>>().join(" and ")
    }

    /// The result of a tool call that could not be read.
    pub fn failed(&self, error: Error) -> Value {
        let mut result = result(self.tools.failed("", error));
        // What version the client speaks is not known here; only the newest has the field, and takes its absence.
        result.result_type = None;
        serde_json::to_value(result).unwrap_or_default()
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(
                Implementation::new("hf-jobs-mcp", env!("CARGO_PKG_VERSION")).with_title("Hugging Face Jobs"),
            )
            .with_instructions(self.tools.instructions())
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.tools.list().to_vec())
            .with_ttl_ms(LIST_TTL_MS)
            .with_cache_scope(CacheScope::Private))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.tools.list().iter().find(|tool| tool.name == name).cloned()
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.call(&request.name, request.arguments.map(Value::Object), &context).await.map(Into::into)
    }

    // This server has neither prompts nor resources, and advertises none. Some clients list them all the same, and drop a
    // server that answers "method not found". A method that lists makes the one that gets known, too: a name that is not
    // on the list is a wrong parameter.
    async fn list_prompts(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(ListPromptsResult::default().with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Private))
    }

    async fn get_prompt(
        &self,
        _request: GetPromptRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        Err(ErrorData::invalid_params("no prompt has that name; this server has no prompts", None))
    }

    async fn list_resources(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(ListResourcesResult::default().with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Private))
    }

    async fn list_resource_templates(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(ListResourceTemplatesResult::default().with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Private))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = self.tools.operations().scrubber().clean_bounded(&request.uri, URI_MAX_CHARS);
        let message = "no resource has that URI; this server has no resources";
        Err(ErrorData::resource_not_found(message, Some(json!({"uri": uri}))))
    }

    /// Accepted from clients that set a level without being offered one; this server sends no log messages.
    #[expect(deprecated, reason = "MCP 2026-07-28 has it no more; older clients do")]
    async fn set_level(
        &self,
        _request: rmcp::model::SetLevelRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        if has_sessions(&context) { Ok(()) } else { Err(no_such_method()) }
    }

    /// A request whose parameters do not have the protocol's form arrives here: `arguments` as a JSON string is understood,
    /// of the others the parameters are wrong (JSON-RPC 2.0, -32602), not the method.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let CustomRequest { method, params, .. } = request;
        match method.as_str() {
            "tools/call" => {
                let mut params = params.unwrap_or_default();
                let Some(name) = params.get("name").and_then(Value::as_str).map(str::to_owned) else {
                    let message = format!("`name` must be the name of a tool: {}", self.names());
                    return Err(ErrorData::invalid_params(message, None));
                };
                let arguments = params.get_mut("arguments").map(Value::take);
                let mut result = self.call(&name, arguments, &context).await?;
                if has_sessions(&context) {
                    result.result_type = None;
                }
                serde_json::to_value(result)
                    .map(CustomResult::new)
                    .map_err(|_| ErrorData::internal_error("no answer could be made", None))
            }
            method if METHODS.contains(&method) || (has_sessions(&context) && SESSION_METHODS.contains(&method)) => {
                Err(ErrorData::invalid_params(format!("`params` does not have the form that `{method}` takes"), None))
            }
            _ => Err(no_such_method()),
        }
    }
}

/// Whether the request is of a version that has a handshake, and with it what later ones did away with.
fn has_sessions(context: &RequestContext<RoleServer>) -> bool {
    context.protocol_version().is_none_or(|version| version < ProtocolVersion::V_2026_07_28)
}

fn no_such_method() -> ErrorData {
    ErrorData::new(ErrorCode::METHOD_NOT_FOUND, "there is no such method", None)
}

fn result(rendered: Rendered) -> CallToolResult {
    let (text, structured, is_error) = rendered.into_parts();
    let content = vec![ContentBlock::text(text)];
    let mut result = if is_error { CallToolResult::error(content) } else { CallToolResult::success(content) };
    result.structured_content = Some(structured);
    result
}

/// Progress notes of one call: the first two at once, which name the job and its stage, then at most one a second with what is
/// newest by then.
struct Notes {
    sender: mpsc::Sender<Clean>,
    wanted: bool,
    cancelled: CancellationToken,
}

impl Notes {
    /// The notes, and the sending of them, which ends with them.
    fn new(context: &RequestContext<RoleServer>) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (sender, receiver) = mpsc::channel(NOTES_WAITING);
        let token = context.meta.get_progress_token();
        let notes = Self { sender, wanted: token.is_some(), cancelled: context.ct.clone() };
        (notes, send_notes(context.peer.clone(), token, receiver))
    }
}

async fn send_notes(peer: Peer<RoleServer>, token: Option<ProgressToken>, mut notes: mpsc::Receiver<Clean>) {
    let Some(token) = token else { return };
    let (mut sent, mut last) = (0_u32, Instant::now());
    while let Some(mut text) = notes.recv().await {
        while sent > 1 && last.elapsed() < PROGRESS_EVERY {
            tokio::select! {
                () = tokio::time::sleep_until(last + PROGRESS_EVERY) => {}
                newer = notes.recv() => match newer {
                    Some(newer) => text = newer,
                    // The answer is there: it tells more.
                    None => return,
                }
            }
        }
        (sent, last) = (sent + 1, Instant::now());
        let note = ProgressNotificationParam::new(token.clone(), f64::from(sent))
            .with_message(text.bounded(NOTE_MAX_CHARS).into_string());
        peer.notify_progress(note).await.ok();
    }
}

impl Progress for Notes {
    fn wanted(&self) -> bool {
        self.wanted
    }

    fn tell(&mut self, text: Clean) {
        if self.wanted && !self.cancelled.is_cancelled() {
            // A client that does not read its notes does without the newest.
            self.sender.try_send(text).ok();
        }
    }
}

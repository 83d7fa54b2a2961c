//! MCP over standard input and output: bounded lines in, JSON-RPC and nothing else out; ends with its input.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use rmcp::model::{ClientJsonRpcMessage, ErrorData, RequestId, ServerJsonRpcMessage};
use rmcp::service::{RoleServer, ServiceExt};
use rmcp::transport::Transport;
use rmcp::transport::async_rw::JsonRpcMessageCodec;
use rmcp::{ServerHandler, transport::stdio_pipes};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::Mutex;
use tokio_util::codec::Decoder;
use tokio_util::sync::CancellationToken;

use super::line::{Envelope, LINE_MAX_BYTES, Line, Lines};
use crate::server::Oversized;

/// How long calls under way may take to be answered after standard input has closed: what is being answered is, what is
/// being followed is not.
const ANSWERS_AFTER_EOF: Duration = Duration::from_millis(700);

/// JSON-RPC's code for what is no JSON.
const PARSE_ERROR: i64 = -32700;
/// What is said of it. The parser's own bound on depth is 128.
const UNREADABLE: &str = "the message is no JSON, or nested deeper than 127 levels";

/// Serves until standard input closes, standard output breaks, or `stop` resolves. `oversized` makes the answer to a message
/// that was too long; `on_end` is told of the end at once, while answers under way are still sent.
pub async fn serve_stdio<S, F>(server: S, oversized: F, stop: impl Future<Output = ()>, on_end: impl FnOnce())
where
    S: ServerHandler,
    F: Fn(usize, Option<&str>) -> Oversized + Send + 'static,
{
    let closed = CancellationToken::new();
    let (input, output) = stdio_pipes();
    let transport = StdioTransport {
        lines: Lines::new(input, LINE_MAX_BYTES),
        codec: JsonRpcMessageCodec::new(),
        output: Arc::new(Mutex::new(output)),
        closed: closed.clone(),
        oversized,
        begun: false,
    };
    let serving = async move {
        // Not with the error's words, which repeat the message.
        let Ok(running) = server.serve(transport).await else {
            tracing::debug!("the session ended before it began");
            return;
        };
        drop(running.waiting().await);
    };
    let mut serving = tokio::spawn(serving);
    tokio::select! {
        () = stop => {
            on_end();
            tracing::debug!("told to stop");
            return;
        }
        _ = &mut serving => {
            on_end();
            return;
        }
        () = closed.cancelled() => {
            on_end();
            tracing::debug!("the client is gone");
        }
    }
    // The rest of the session has a moment to answer; then it is dropped with the runtime.
    drop(tokio::time::timeout(ANSWERS_AFTER_EOF, serving).await);
}

struct StdioTransport<R, W, F> {
    lines: Lines<R>,
    codec: JsonRpcMessageCodec<ClientJsonRpcMessage>,
    output: Arc<Mutex<W>>,
    /// Nothing comes any more, or nothing that goes out is read.
    closed: CancellationToken,
    oversized: F,
    /// A request has come: what comes before the first one is dropped, since rmcp would end the session on it.
    begun: bool,
}

impl<R, W, F> StdioTransport<R, W, F>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
    F: Fn(usize, Option<&str>) -> Oversized + Send,
{
    fn parse(&mut self, mut line: BytesMut) -> Parsed {
        if line.trim_ascii().is_empty() {
            return Parsed::Nothing;
        }
        // What it decodes is gone from the line.
        let written = line.clone();
        match self.codec.decode(&mut line) {
            Ok(Some(message)) if !self.begun && !matches!(message, ClientJsonRpcMessage::Request(_)) => Parsed::Nothing,
            Ok(Some(message)) => {
                self.begun = true;
                Parsed::Message(Box::new(message))
            }
            Ok(None) => Parsed::Nothing,
            Err(error) => {
                // Neither the line nor the parser's words are logged: both may hold what a call held.
                let io = io::Error::from(error);
                let well_formed = io
                    .get_ref()
                    .and_then(|inner| inner.downcast_ref::<serde_json::Error>())
                    .is_some_and(serde_json::Error::is_data);
                tracing::debug!(well_formed, "a line that is no message was ignored");
                let envelope = Envelope::skimmed(&written);
                match envelope.id {
                    _ if well_formed => Parsed::Invalid,
                    // A client that can be told apart from noise waits for its answer.
                    Some(id) if envelope.method.is_some() => Parsed::Unreadable(id),
                    _ => Parsed::Nothing,
                }
            }
        }
    }

    fn answer_oversized(&self, envelope: &Envelope) -> Option<Value> {
        let id = envelope.id.clone()?;
        Some(match (self.oversized)(LINE_MAX_BYTES, envelope.method.as_deref()) {
            Oversized::Result(result) => serde_json::json!({"jsonrpc": "2.0", "id": id, "result": result}),
            Oversized::Error(message) => {
                serde_json::json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32600, "message": message}})
            }
        })
    }
}

enum Parsed {
    Message(Box<ClientJsonRpcMessage>),
    /// JSON, but no message of the protocol.
    Invalid,
    /// A request, by the look of it, that is no JSON or too deep for the parser: its id.
    Unreadable(Value),
    Nothing,
}

impl<R, W, F> Transport<RoleServer> for StdioTransport<R, W, F>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
    F: Fn(usize, Option<&str>) -> Oversized + Send,
{
    type Error = io::Error;

    fn send(&mut self, message: ServerJsonRpcMessage) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let (output, closed) = (self.output.clone(), self.closed.clone());
        async move {
            let written = write(&output, &message).await;
            if written.is_err() {
                closed.cancel();
            }
            written
        }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            let Ok(Some(line)) = self.lines.next().await else {
                self.closed.cancel();
                return None;
            };
            let answer = match line {
                Line::Whole(line) => match self.parse(line) {
                    Parsed::Message(message) => return Some(*message),
                    Parsed::Nothing => continue,
                    Parsed::Invalid => serde_json::to_value(ServerJsonRpcMessage::error(
                        ErrorData::invalid_request("invalid request", None),
                        None::<RequestId>,
                    ))
                    .ok(),
                    Parsed::Unreadable(id) => Some(serde_json::json!({
                        "jsonrpc": "2.0", "id": id, "error": {"code": PARSE_ERROR, "message": UNREADABLE},
                    })),
                },
                Line::TooLong(envelope) => self.answer_oversized(&envelope),
            };
            if let Some(answer) = answer {
                // In a task of its own: `receive` may be dropped at any await, and half an answer must not stay unsent.
                let output = self.output.clone();
                tokio::spawn(async move { write(&output, &answer).await.ok() });
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.output.lock().await.flush().await
    }
}

async fn write<W: AsyncWrite + Unpin>(output: &Mutex<W>, message: &impl serde::Serialize) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(message)?;
    bytes.push(b'\n');
    let mut output = output.lock().await;
    output.write_all(&bytes).await?;
    output.flush().await
}

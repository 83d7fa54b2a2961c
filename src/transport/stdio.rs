//! MCP over standard input and output: bounded lines in, JSON-RPC and nothing else out; ends with its input.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{ClientJsonRpcMessage, ErrorCode, ServerJsonRpcMessage};
use rmcp::service::{RoleServer, ServiceExt};
use rmcp::transport::Transport;
use rmcp::{ServerHandler, transport::stdio_pipes};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::begins_session;
use super::line::{Envelope, LINE_MAX_BYTES, Line, Lines};
use super::unreadable::{diagnose, is_meant, protocol_code, trimmed};
use crate::error::Error;

/// How long calls under way may take to be answered after standard input has closed: what is being answered is, what is
/// being followed is not.
const ANSWERS_AFTER_EOF: Duration = Duration::from_millis(700);

/// How many answers to messages that could not be read may wait to be written. Further ones are dropped: a client that sends
/// so many reads none, and the end of the input must still be seen.
const ANSWERS_WAITING: usize = 1024;

/// Serves until standard input closes, standard output breaks, or `stop` resolves. `failed` makes the result of a tool call
/// that could not be read; `on_end` is called at the end, at once, while calls are still answered.
pub async fn serve_stdio<S, F>(server: S, failed: F, stop: impl Future<Output = ()>, on_end: impl FnOnce())
where
    S: ServerHandler,
    F: Fn(Error) -> Value + Send + 'static,
{
    let closed = CancellationToken::new();
    let (input, output) = stdio_pipes();
    let transport = StdioTransport {
        lines: Lines::new(input, LINE_MAX_BYTES),
        output: Arc::new(Mutex::new(output)),
        closed: closed.clone(),
        failed,
        begun: false,
        answers: JoinSet::new(),
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
    output: Arc<Mutex<W>>,
    /// Nothing comes any more, or nothing that goes out is read.
    closed: CancellationToken,
    failed: F,
    /// rmcp has begun the session: other messages than requests may reach it.
    begun: bool,
    /// The answers to messages that could not be read, while they are written.
    answers: JoinSet<()>,
}

/// What a line is.
enum Incoming {
    Message(Box<ClientJsonRpcMessage>),
    /// Nothing that rmcp can read; this is the answer.
    Unreadable(Value),
    Nothing,
}

impl<R, W, F> StdioTransport<R, W, F>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
    F: Fn(Error) -> Value + Send,
{
    fn incoming(&mut self, line: Line) -> Incoming {
        let line = match line {
            Line::TooLong(envelope) if envelope.id.is_none() => return Incoming::Nothing,
            Line::TooLong(envelope) => return self.refused(&envelope, Error::TooLarge { limit: LINE_MAX_BYTES }),
            Line::Whole(line) => line,
        };
        let text = trimmed(&line);
        match serde_json::from_slice(text) {
            _ if text.is_empty() => Incoming::Nothing,
            Ok(message) => {
                self.begun |= begins_session(&message);
                let passes = self.begun || matches!(message, ClientJsonRpcMessage::Request(_));
                if passes { Incoming::Message(Box::new(message)) } else { Incoming::Nothing }
            }
            Err(_) => {
                // Neither the line nor the parser's words are logged: both may hold what a call held.
                tracing::debug!("a line is not a message");
                let why = diagnose(text);
                if why.is_syntax() && !is_meant(text) {
                    return Incoming::Nothing;
                }
                self.refused(&Envelope::skimmed(text), Error::Unreadable(why))
            }
        }
    }

    /// The answer to a message that could not be read.
    fn refused(&self, envelope: &Envelope, error: Error) -> Incoming {
        if envelope.is_notification() {
            return Incoming::Nothing;
        }
        let mut answer = Map::from_iter([("jsonrpc".to_owned(), "2.0".into())]);
        // Without a method, an id may be that of a request of the server's.
        let id = envelope.answerable_id().filter(|_| envelope.method.is_some());
        if let Some(id) = id {
            answer.insert("id".to_owned(), id.clone());
        }
        // A model sees results, and often no protocol errors; it has written the arguments, not what is around them.
        let is_the_models = matches!(&error, Error::TooLarge { .. }) || protocol_code(&error) == ErrorCode::PARSE_ERROR;
        if id.is_some() && is_the_models && envelope.method.as_deref() == Some("tools/call") {
            answer.insert("result".to_owned(), (self.failed)(error));
        } else {
            let error =
                json!({"code": protocol_code(&error), "message": format!("{}; {}", error.message(), error.hint())});
            answer.insert("error".to_owned(), error);
        }
        Incoming::Unreadable(answer.into())
    }
}

impl<R, W, F> Transport<RoleServer> for StdioTransport<R, W, F>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
    F: Fn(Error) -> Value + Send,
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
            while self.answers.try_join_next().is_some() {}
            let Ok(Some(line)) = self.lines.next().await else {
                self.closed.cancel();
                while self.answers.join_next().await.is_some() {}
                return None;
            };
            match self.incoming(line) {
                Incoming::Message(message) => return Some(*message),
                Incoming::Unreadable(answer) if self.answers.len() < ANSWERS_WAITING => {
                    // In a task of its own: `receive` may be dropped at any await, and half an answer must not stay unsent.
                    let output = self.output.clone();
                    self.answers.spawn(async move {
                        write(&output, &answer).await.ok();
                    });
                }
                Incoming::Nothing | Incoming::Unreadable(_) => {}
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

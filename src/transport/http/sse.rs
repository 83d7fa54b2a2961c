//! HTTP with server-sent events, as clients before 2025-03-26 speak it: `GET /sse` opens a session and brings all messages,
//! `POST /messages` takes those of the client (MCP 2024-11-05, transports).

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream, StreamExt};
use rmcp::model::{ClientJsonRpcMessage, ClientNotification, RequestId, ServerJsonRpcMessage};
use rmcp::{ServerHandler, ServiceExt};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard, PollSender};
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::super::begins_session;
use super::super::unreadable::diagnose;
use super::Http;
use super::limits::Place;
use super::message::Message;
use super::refusal::{Refusal, Refused};
use super::streamable::{BUFFERING, KEEP_ALIVE};

/// How many messages wait for the server, and how many for the client; then whoever sends waits.
const QUEUE: usize = 16;
/// How long a message may wait for room in the queue: the server empties it at once, unless its client reads nothing.
const QUEUED_WITHIN: Duration = Duration::from_secs(5);
/// Keeps proxies from gathering the stream.
const UNBUFFERED: (HeaderName, HeaderValue) = (BUFFERING, HeaderValue::from_static("no"));

/// The sessions, by their ids.
#[derive(Clone, Default)]
pub(super) struct SseSessions(Arc<Mutex<HashMap<String, Arc<Session>>>>);

struct Session {
    input: mpsc::Sender<ClientJsonRpcMessage>,
    /// The requests that have no answer yet.
    open: Mutex<HashMap<RequestId, Open>>,
    /// rmcp has begun the session: other messages than requests may reach it.
    begun: AtomicBool,
}

/// What an open request holds.
struct Open {
    _place: Place,
    _call: Option<TaskTrackerToken>,
}

impl SseSessions {
    fn find(&self, id: &str) -> Option<Arc<Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn add(&self, id: String, session: Arc<Session>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, session);
    }

    fn remove(&self, id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

impl Session {
    fn opened(&self, id: RequestId, open: Open) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(id, open);
    }

    fn closed(&self, id: &RequestId) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

/// `/sse`.
pub(super) async fn sse<S: ServerHandler + Clone>(
    State(http): State<Arc<Http<S>>>,
    request: Request,
) -> Result<Response, Refusal> {
    if request.method() != Method::GET {
        return Err(Refusal::Method { allowed: "GET" });
    }
    let stream = http.streams.take()?;
    http.make_room().await;
    let places = (http.sessions.take()?, stream);
    let id = random_id().ok_or_else(|| http.sessions.full())?;
    let (input, from_client) = mpsc::channel(QUEUE);
    let (to_client, output) = mpsc::channel(QUEUE);
    let session = Arc::new(Session { input, open: Mutex::default(), begun: AtomicBool::new(false) });
    let over = http.closed.child_token();
    tokio::spawn(serve(http.server.clone(), to_client, from_client, over.clone()));
    http.sse.add(id.clone(), session.clone());
    let endpoint = Event::default().event("endpoint").data(format!("/messages?sessionId={id}"));
    let client = Client { output, session, sessions: http.sse.clone(), id, _over: over.drop_guard(), _places: places };
    let events = stream::iter([Ok::<_, Infallible>(endpoint)]).chain(client.events().map(Ok));
    let body = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    Ok(([UNBUFFERED], body).into_response())
}

async fn serve<S: ServerHandler>(
    server: S,
    to_client: mpsc::Sender<ServerJsonRpcMessage>,
    from_client: mpsc::Receiver<ClientJsonRpcMessage>,
    over: CancellationToken,
) {
    let from_client = stream::unfold(from_client, async |mut from_client| {
        let message = from_client.recv().await?;
        Some((message, from_client))
    });
    let transport = (PollSender::new(to_client), Box::pin(from_client));
    // Not with the error's words, which repeat the message.
    let Ok(running) = server.serve_with_ct(transport, over).await else {
        tracing::debug!("the session ended before it began");
        return;
    };
    drop(running.waiting().await);
}

/// The reading end of a session: the session ends with it.
struct Client {
    output: mpsc::Receiver<ServerJsonRpcMessage>,
    session: Arc<Session>,
    sessions: SseSessions,
    id: String,
    /// Cancels what the session still does.
    _over: DropGuard,
    _places: (Place, Place),
}

impl Client {
    fn events(self) -> impl Stream<Item = Event> {
        stream::unfold(self, async |mut client| {
            let message = client.output.recv().await?;
            match &message {
                ServerJsonRpcMessage::Response(response) => client.session.closed(&response.id),
                ServerJsonRpcMessage::Error(error) => error.id.iter().for_each(|id| client.session.closed(id)),
                _ => {}
            }
            let data = serde_json::to_string(&message).ok()?;
            Some((Event::default().event("message").data(data), client))
        })
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.sessions.remove(&self.id);
    }
}

/// `/messages`.
pub(super) async fn messages<S: ServerHandler + Clone>(
    State(http): State<Arc<Http<S>>>,
    request: Request,
) -> Result<StatusCode, Refused> {
    if request.method() != Method::POST {
        return Err(Refusal::Method { allowed: "POST" }.into());
    }
    let message = Message::read(request, http.patience).await?;
    let id = message.envelope.id.clone();
    take(&http, message).await.map_err(|refusal| refusal.of(id))
}

/// Hands a message to its session.
async fn take<S: ServerHandler + Clone>(http: &Http<S>, message: Message) -> Result<StatusCode, Refusal> {
    let query = message.head.uri.query().unwrap_or_default();
    let session = query.split('&').find_map(|pair| pair.strip_prefix("sessionId="));
    let session = session.and_then(|id| http.sse.find(id)).ok_or(Refusal::NoStream)?;
    let is_call = message.is("tools/call");
    let understood: ClientJsonRpcMessage =
        serde_json::from_slice(&message.bytes).map_err(|_| Refusal::Unreadable(diagnose(&message.bytes)))?;
    let mut opened = None;
    let mut cancelled = None;
    match &understood {
        ClientJsonRpcMessage::Request(request) => {
            let place = http.streams.take()?;
            let call = if is_call { Some(http.call()?) } else { None };
            session.opened(request.id.clone(), Open { _place: place, _call: call });
            session.begun.fetch_or(begins_session(&understood), Ordering::Relaxed);
            opened = Some(request.id.clone());
        }
        _ if !session.begun.load(Ordering::Relaxed) => return Ok(StatusCode::ACCEPTED),
        ClientJsonRpcMessage::Notification(notification) => {
            if let ClientNotification::CancelledNotification(notification) = &notification.notification {
                cancelled.clone_from(&notification.params.request_id);
            }
        }
        _ => {}
    }
    let sent = session.input.send_timeout(understood, QUEUED_WITHIN).await;
    // What is cancelled is never answered.
    let over = if sent.is_ok() { cancelled } else { opened };
    if let Some(id) = over {
        session.closed(&id);
    }
    match sent {
        Ok(()) => Ok(StatusCode::ACCEPTED),
        Err(mpsc::error::SendTimeoutError::Timeout(_)) => Err(Refusal::Unread),
        Err(mpsc::error::SendTimeoutError::Closed(_)) => Err(Refusal::NoStream),
    }
}

/// A session's id, which is all that tells one session's client from another's: 128 random bits.
fn random_id() -> Option<String> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).ok()?;
    Some(format!("{:032x}", u128::from_ne_bytes(bits)))
}

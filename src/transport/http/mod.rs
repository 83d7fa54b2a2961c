//! MCP over HTTP: Streamable HTTP, and HTTP with server-sent events as clients before 2025-03-26 speak it. Every request
//! passes the allow-lists of names, and all but probes the access check, before anything else is looked at.

mod accept;
mod access;
mod access_log;
mod collect;
mod connections;
mod cors;
mod health;
mod held;
mod limits;
mod message;
mod names;
mod oauth;
mod refusal;
mod sessions;
mod sse;
mod streamable;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::X_CONTENT_TYPE_OPTIONS;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use rmcp::ServerHandler;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::secrets::Scrubber;
pub use access::Access;
use access_log::Entry;
pub use health::{Look, Readiness};
pub use limits::{CALLS_PER_MINUTE, Limits, PATIENCE, SESSIONS, STREAMS};
use limits::{Pace, Places, places};
pub use message::BODY_MAX_BYTES;
use names::Names;
pub use names::{AllowedHost, AllowedOrigin};
use refusal::Refusal;
use sessions::Sessions;
use sse::SseSessions;
use streamable::Streamable;

/// How long calls under way may take to be answered once the server is told to stop.
const ANSWERS_AT_END: Duration = Duration::from_secs(10);
/// How long connections may take to end after that.
const CONNECTIONS_AT_END: Duration = Duration::from_secs(1);
/// How many connections there may be beside those that a stream or a request holds: idle ones, probes, and those that are
/// refused.
const CONNECTIONS_BESIDE: usize = 100;

/// Who is served, and how much.
pub struct HttpSetup {
    /// Who may send requests.
    pub access: Access,
    /// The names, beside the loopback's, under which the server may be spoken to.
    pub hosts: Vec<AllowedHost>,
    /// The origins, beside the loopback's, whose pages may speak to the server.
    pub origins: Vec<AllowedOrigin>,
    /// The bounds.
    pub limits: Limits,
    /// Streamable HTTP is served without sessions.
    pub stateless: bool,
    /// Cleans what refusals repeat.
    pub scrubber: Scrubber,
}

/// What all requests share.
struct Http<S> {
    server: S,
    scrubber: Scrubber,
    streamable: Streamable<S>,
    sse: SseSessions,
    /// Places of both transports.
    sessions: Arc<Places>,
    streams: Places,
    pace: Pace,
    patience: Duration,
    /// The calls under way.
    calls: TaskTracker,
    /// No call begins any more.
    ending: CancellationToken,
    /// Every stream ends.
    closed: CancellationToken,
}

impl<S> Http<S> {
    /// Lets a call begin, which lasts as long as the token.
    fn call(&self) -> Result<TaskTrackerToken, Refusal> {
        if self.ending.is_cancelled() {
            return Err(Refusal::Ending);
        }
        self.pace.step().map_err(|again_in| Refusal::TooOften { again_in })?;
        Ok(self.calls.token())
    }
}

/// Serves until `stop` resolves. `on_end` is told of the end at once, while calls under way are still answered.
pub async fn serve_http<S: ServerHandler + Clone>(
    listener: TcpListener,
    server: S,
    setup: HttpSetup,
    look: Look,
    stop: impl Future<Output = ()>,
    on_end: impl FnOnce(),
) {
    let HttpSetup { access, hosts, origins, limits, stateless, scrubber } = setup;
    let (ending, closed, calls) = (CancellationToken::new(), CancellationToken::new(), TaskTracker::new());
    let sessions = Arc::new(Places::new(limits.sessions, "sessions"));
    let http = Arc::new(Http {
        streamable: Streamable::new(&server, (!stateless).then(|| Sessions::new(sessions.clone())), &closed),
        sessions,
        streams: Places::new(limits.streams, "streams"),
        pace: Pace::new(limits.calls_per_minute),
        patience: limits.patience(),
        calls: calls.clone(),
        ending: ending.clone(),
        closed: closed.clone(),
        sse: SseSessions::default(),
        scrubber,
        server,
    });
    let front = Arc::new(Front { names: Names::new(hosts, origins), access });
    let router = Router::new()
        // With a slash as without: a redirect would lose headers.
        .route("/mcp", any(streamable::mcp::<S>))
        .route("/mcp/", any(streamable::mcp::<S>))
        .route("/sse", any(sse::sse::<S>))
        .route("/sse/", any(sse::sse::<S>))
        .route("/messages", any(sse::messages::<S>))
        .route("/messages/", any(sse::messages::<S>))
        .with_state(http)
        .route(health::READYZ, get(health::readyz).fallback(only_get))
        .with_state(look)
        .route(health::HEALTHZ, get(health::healthz).fallback(only_get))
        .fallback(async |request: Request| Refusal::Path.of(message::id_in(request.into_body()).await))
        .layer(from_fn_with_state(front, pass));
    let connections = places(limits.streams).saturating_add(CONNECTIONS_BESIDE);
    let accepting = tokio::spawn(connections::accept(listener, router, ending.clone(), connections, limits.patience()));
    stop.await;
    on_end();
    tracing::debug!("told to stop");
    ending.cancel();
    calls.close();
    if tokio::time::timeout(ANSWERS_AT_END, calls.wait()).await.is_err() {
        tracing::warn!("calls under way were not answered in time");
    }
    closed.cancel();
    if let Ok(open) = accepting.await {
        tokio::time::timeout(CONNECTIONS_AT_END, open.wait()).await.ok();
    }
}

async fn only_get() -> Refusal {
    Refusal::Method { allowed: "GET" }
}

/// What every request passes.
struct Front {
    names: Names,
    access: Access,
}

async fn pass(State(front): State<Arc<Front>>, request: Request, next: Next) -> Response {
    let entry = Entry::begin(&request);
    let (mut head, body) = request.into_parts();
    let mut response = match front.names.admit(&head) {
        Err(refusal) => refusal.into_response(),
        Ok(origin) => {
            let mut response = if let Some(response) = cors::preflight(&head) {
                response
            } else if health::is_probe(head.uri.path()) {
                next.run(Request::from_parts(head, body)).await
            } else if oauth::is_probe(head.uri.path()) {
                oauth::absent(&front.access, &head)
            } else {
                match front.access.admit(&mut head) {
                    Ok(()) => next.run(Request::from_parts(head, body)).await,
                    Err(refusal) => refusal.of(message::id_in(body).await).into_response(),
                }
            };
            if let Some(origin) = origin {
                cors::allow(response.headers_mut(), origin);
            }
            response
        }
    };
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    entry.end(response)
}

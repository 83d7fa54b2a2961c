//! Streamable HTTP at `/mcp`: rmcp's service, with sessions for clients that begin with `initialize`, without for all others.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::Http;
use super::access_log::SESSION_ID;
use super::held::hold;
use super::message::{BODY_MAX_BYTES, Message};
use super::refusal::Refusal;
use super::sessions::{RESUME_AFTER, Sessions};

/// How often a silent stream says that it lives: proxies and clients give up on one after a minute or so.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The longest refusal of rmcp's that is passed on: its own are a sentence, which may repeat a header or a part of a body.
const REFUSAL_MAX_BYTES: usize = 2 * BODY_MAX_BYTES;

/// rmcp's two ways of serving.
pub(super) struct Streamable<S> {
    with_sessions: StreamableHttpService<S, Sessions>,
    sessions: Arc<Sessions>,
    without: StreamableHttpService<S, NeverSessionManager>,
}

impl<S: ServerHandler + Clone> Streamable<S> {
    /// `closed` ends every stream.
    pub(super) fn new(server: &S, sessions: Sessions, closed: &CancellationToken) -> Self {
        let config = StreamableHttpServerConfig::default()
            // Both are looked at before, on all routes.
            .disable_allowed_hosts()
            .disable_allowed_origins()
            .with_max_request_body_bytes(BODY_MAX_BYTES)
            .with_sse_keep_alive(Some(KEEP_ALIVE))
            .with_sse_retry(Some(RESUME_AFTER))
            .with_json_response(true)
            .with_cancellation_token(closed.child_token());
        let sessions = Arc::new(sessions);
        let factory = |server: &S| {
            let server = server.clone();
            move || Ok(server.clone())
        };
        Self {
            with_sessions: StreamableHttpService::new(factory(server), sessions.clone(), config.clone()),
            sessions,
            without: StreamableHttpService::new(
                factory(server),
                Arc::new(NeverSessionManager::default()),
                config.with_legacy_session_mode(false),
            ),
        }
    }
}

/// `/mcp`.
pub(super) async fn mcp<S: ServerHandler + Clone>(
    State(http): State<Arc<Http<S>>>,
    request: Request,
) -> Result<Response, Refusal> {
    match *request.method() {
        Method::POST => http.post(Message::read(request, http.patience).await?).await,
        Method::GET => {
            let place = http.streams.take(None)?;
            let response = http.streamable.with_sessions.handle(request).await.map(Body::new);
            Ok(hold(http.understood(response).await?, place))
        }
        Method::DELETE => {
            let response = http.streamable.with_sessions.handle(request).await.map(Body::new);
            let mut response = http.understood(response).await?;
            if response.status() == StatusCode::ACCEPTED {
                // The session is gone by now: clients take anything but 200 and 204 for a failure.
                *response.status_mut() = StatusCode::NO_CONTENT;
            }
            Ok(response)
        }
        _ => Err(Refusal::Method { allowed: "GET, POST, DELETE" }),
    }
}

impl<S: ServerHandler + Clone> Http<S> {
    /// Where no session may be opened any more, ends one that is idle.
    pub(super) async fn make_room(&self) {
        if self.sessions.any(None).is_err() {
            self.streamable.sessions.evict().await;
        }
    }

    async fn post(&self, message: Message) -> Result<Response, Refusal> {
        let id = message.envelope.id.clone();
        let place = self.streams.take(id.as_ref())?;
        let call = if message.is("tools/call") { Some(self.call(id.as_ref())?) } else { None };
        let begins = message.is("initialize") && message.initializes();
        let in_session = message.head.headers.contains_key(SESSION_ID);
        if begins && !in_session {
            self.make_room().await;
            self.sessions.any(id.as_ref())?;
        }
        let body = message.bytes.clone();
        let request = message.into_request();
        let response = if begins || in_session {
            self.streamable.with_sessions.handle(request).await
        } else {
            self.streamable.without.handle(request).await
        };
        let response = response.map(Body::new);
        match response.status() {
            // Taken by another between the look and the taking.
            StatusCode::INTERNAL_SERVER_ERROR if begins => Err(self.sessions.full(id.as_ref())),
            StatusCode::INTERNAL_SERVER_ERROR if in_session => Err(Refusal::NoSession),
            // The media type is looked at before; this is rmcp's answer to what it can't parse, with words of it.
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Err(Refusal::unreadable(&body)),
            _ => Ok(hold(self.understood(response).await?, (place, call))),
        }
    }

    /// rmcp's answer, or, where it is a text for nobody in particular, one as all others are.
    async fn understood(&self, response: Response) -> Result<Response, Refusal> {
        let is_plain = !response.headers().contains_key(CONTENT_TYPE);
        match response.status() {
            StatusCode::NOT_FOUND if is_plain => Err(Refusal::NoSession),
            status if status.is_client_error() => Ok(self.cleaned(response).await),
            _ => Ok(response),
        }
    }

    /// A refusal of rmcp's, which repeats what it refuses, without what may not be seen.
    async fn cleaned(&self, response: Response) -> Response {
        let (mut head, body) = response.into_parts();
        let bytes = to_bytes(body, REFUSAL_MAX_BYTES).await.unwrap_or_default();
        let text = match serde_json::from_slice::<Value>(&bytes) {
            Ok(mut message) => {
                // Its id is the client's own, by which it knows the answer.
                if let Some(error) = message.get_mut("error") {
                    *error = self.scrubber.clean_value(error);
                }
                message.to_string()
            }
            Err(_) => self.scrubber.clean(&String::from_utf8_lossy(&bytes)).into_string(),
        };
        head.headers.remove(CONTENT_LENGTH);
        Response::from_parts(head, Body::from(text))
    }
}

//! Streamable HTTP at `/mcp`: rmcp's service, with sessions for clients that begin with `initialize`, without for all others.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::session::{SessionId, SessionManager};
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::super::unreadable::diagnose;
use super::Http;
use super::accept::{Form, is_stream_allowed};
use super::access_log::SESSION_ID;
use super::collect::{Collected, Messages};
use super::held::{hold, is_stream};
use super::message::{BODY_MAX_BYTES, Message};
use super::refusal::{Refusal, Refused};
use super::sessions::{RESUME_AFTER, Sessions};

/// How often a silent stream says that it lives: proxies and clients give up on one after a minute or so.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The longest refusal of rmcp's that is passed on: its own are a sentence, which may repeat a header or a part of a body.
const REFUSAL_MAX_BYTES: usize = 2 * BODY_MAX_BYTES;

/// The header of the protocol version that a session agreed on.
const PROTOCOL_VERSION: &str = "mcp-protocol-version";
/// What MCP asks clients to accept, and rmcp refuses requests without.
const BOTH_FORMS: &str = "application/json, text/event-stream";
const STREAM: &str = "text/event-stream";
/// The header with which proxies do not gather a stream before they pass it on.
pub(super) const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// rmcp's two ways of serving.
pub(super) struct Streamable<S> {
    /// `None`: the server has no sessions.
    with_sessions: Option<WithSessions<S>>,
    without: StreamableHttpService<S, NeverSessionManager>,
}

struct WithSessions<S> {
    service: StreamableHttpService<S, Sessions>,
    sessions: Arc<Sessions>,
}

impl<S: ServerHandler + Clone> Streamable<S> {
    /// `closed` ends every stream.
    pub(super) fn new(server: &S, sessions: Option<Sessions>, closed: &CancellationToken) -> Self {
        let config = StreamableHttpServerConfig::default()
            // Both are looked at before, on all routes.
            .disable_allowed_hosts()
            .disable_allowed_origins()
            .with_max_request_body_bytes(BODY_MAX_BYTES)
            .with_sse_keep_alive(Some(KEEP_ALIVE))
            .with_sse_retry(Some(RESUME_AFTER))
            .with_json_response(true)
            .with_cancellation_token(closed.child_token());
        let factory = |server: &S| {
            let server = server.clone();
            move || Ok(server.clone())
        };
        let with_sessions = sessions.map(Arc::new).map(|sessions| WithSessions {
            service: StreamableHttpService::new(factory(server), sessions.clone(), config.clone()),
            sessions,
        });
        Self {
            with_sessions,
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
) -> Result<Response, Refused> {
    match (request.method(), &http.streamable.with_sessions) {
        (&Method::POST, _) => {
            let message = Message::read(request, http.patience).await?;
            let id = message.envelope.id.clone();
            http.post(message).await.map_err(|refusal| refusal.of(id))
        }
        (&Method::GET, Some(with_sessions)) => Ok(http.listen(with_sessions, request).await?),
        (&Method::DELETE, Some(with_sessions)) => {
            let mut response = http.understood(handle(&with_sessions.service, Form::Either, request).await).await?;
            if response.status() == StatusCode::ACCEPTED {
                // The session is gone by now: clients take anything but 200 and 204 for a failure.
                *response.status_mut() = StatusCode::NO_CONTENT;
            }
            Ok(response)
        }
        (&Method::DELETE, None) => {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::NO_CONTENT;
            Ok(response)
        }
        (_, Some(_)) => Err(Refusal::Method { allowed: "GET, POST, DELETE" }.into()),
        (_, None) => Err(Refusal::Method { allowed: "POST, DELETE" }.into()),
    }
}

/// rmcp's answer to a request whose client takes that form, as far as rmcp makes it.
async fn handle<S: ServerHandler, M: SessionManager>(
    service: &StreamableHttpService<S, M>,
    form: Form,
    mut request: Request,
) -> Response {
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static(BOTH_FORMS));
    let response = if form == Form::Stream {
        let mut service = service.clone();
        service.config.json_response = false;
        service.handle(request).await
    } else {
        service.handle(request).await
    };
    response.map(Body::new)
}

impl<S: ServerHandler + Clone> Http<S> {
    /// Where no session may be opened any more, ends one that is idle.
    pub(super) async fn make_room(&self) {
        if let (Some(with_sessions), Err(_)) = (&self.streamable.with_sessions, self.sessions.any()) {
            with_sessions.sessions.evict().await;
        }
    }

    async fn listen(&self, with_sessions: &WithSessions<S>, request: Request) -> Result<Response, Refusal> {
        if !is_stream_allowed(request.headers()) {
            return Err(Refusal::NotAcceptable { forms: STREAM });
        }
        let place = self.streams.take()?;
        let response = handle(&with_sessions.service, Form::Either, request).await;
        Ok(hold(self.understood(response).await?, place))
    }

    async fn post(&self, mut message: Message) -> Result<Response, Refusal> {
        let form = Form::of(&message.head.headers).ok_or(Refusal::NotAcceptable { forms: BOTH_FORMS })?;
        let place = self.streams.take()?;
        let call = if message.is("tools/call") { Some(self.call()?) } else { None };
        let is_initialize = message.is("initialize");
        let begins = is_initialize && message.initializes();
        let with_sessions = self.streamable.with_sessions.as_ref();
        if is_initialize || with_sessions.is_none() {
            leave_session(&mut message.head.headers, is_initialize);
        }
        let (session, body) = (session_of(&message.head.headers), message.bytes.clone());
        let response = match with_sessions {
            Some(with_sessions) if begins => {
                self.make_room().await;
                self.sessions.any()?;
                handle(&with_sessions.service, form, message.into_request()).await
            }
            Some(with_sessions) if session.is_some() => {
                handle(&with_sessions.service, form, message.into_request()).await
            }
            _ => handle(&self.streamable.without, form, message.into_request()).await,
        };
        let response = match (response.status(), with_sessions) {
            // Taken by another between the look and the taking.
            (StatusCode::INTERNAL_SERVER_ERROR, Some(_)) if begins => return Err(self.sessions.full()),
            (StatusCode::INTERNAL_SERVER_ERROR, Some(_)) if session.is_some() => return Err(Refusal::NoSession),
            (StatusCode::INTERNAL_SERVER_ERROR, _) => return Err(Refusal::Unanswered),
            // The media type is looked at before; this is rmcp's answer to what it can't parse, with words of it.
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, _) => return Err(Refusal::Unreadable(diagnose(&body))),
            _ => self.understood(response).await?,
        };
        if form == Form::Json && is_stream(&response) {
            return self.collected(response, session).await;
        }
        Ok(hold(response, (place, call)))
    }

    /// The stream's answer as JSON. What the server asks the client meanwhile is declined.
    async fn collected(&self, response: Response, session: Option<SessionId>) -> Result<Response, Refusal> {
        let (mut head, body) = response.into_parts();
        let sessions = self.streamable.with_sessions.as_ref().map(|with_sessions| &with_sessions.sessions);
        let (mut messages, mut answer) = (Messages::of(body), None);
        while let Some(message) = messages.next().await {
            match (message, sessions, &session) {
                (Collected::Answer(bytes), ..) => answer = answer.or(Some(bytes)),
                (Collected::Declined(declined), Some(sessions), Some(session)) => {
                    if let Ok(declined) = serde_json::from_value(declined) {
                        sessions.accept_message(session, declined).await.ok();
                    }
                }
                // Without a session rmcp has the server ask nothing.
                (Collected::Declined(_), ..) => {}
            }
        }
        let answer = answer.ok_or(Refusal::Unanswered)?;
        head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        head.headers.remove(CACHE_CONTROL);
        head.headers.remove(BUFFERING);
        Ok(Response::from_parts(head, Body::from(answer)))
    }

    /// rmcp's answer, or, where it is a text for nobody in particular, one as all others are.
    async fn understood(&self, response: Response) -> Result<Response, Refusal> {
        let is_plain = !response.headers().contains_key(CONTENT_TYPE);
        match response.status() {
            StatusCode::NOT_FOUND if is_plain => Err(Refusal::NoSession),
            StatusCode::METHOD_NOT_ALLOWED => Err(Refusal::Method { allowed: "POST" }),
            status if status.is_client_error() => self.cleaned(response).await,
            _ => Ok(response),
        }
    }

    /// A refusal of rmcp's, which repeats what it refuses, without what may not be seen.
    async fn cleaned(&self, response: Response) -> Result<Response, Refusal> {
        let (mut head, body) = response.into_parts();
        let bytes = to_bytes(body, REFUSAL_MAX_BYTES).await.unwrap_or_default();
        let Ok(mut message) = serde_json::from_slice::<Value>(&bytes) else {
            let message = self.scrubber.clean(&String::from_utf8_lossy(&bytes)).into_string();
            return Err(Refusal::Protocol { status: head.status, message });
        };
        // Its id is the client's own, by which it knows the answer.
        if let Some(error) = message.get_mut("error") {
            *error = self.scrubber.clean_value(error);
        }
        head.headers.remove(CONTENT_LENGTH);
        Ok(Response::from_parts(head, Body::from(message.to_string())))
    }
}

/// Takes the session's id from a request that needs no session. A client that begins again may still send the headers of a
/// session that is gone, the version that this one agreed on among them.
fn leave_session(headers: &mut HeaderMap, begins: bool) {
    if headers.remove(SESSION_ID).is_some() && begins {
        headers.remove(PROTOCOL_VERSION);
    }
}

fn session_of(headers: &HeaderMap) -> Option<SessionId> {
    headers.get(SESSION_ID).map(|id| String::from_utf8_lossy(id.as_bytes()).into())
}

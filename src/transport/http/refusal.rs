//! What is not served, and how that is answered.

use std::time::Duration;

use axum::Json;
use axum::http::header::{ALLOW, CONNECTION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use rmcp::model::ErrorCode;
use serde_json::{Value, json};

use super::super::line::Envelope;
use super::super::unreadable::{diagnose, protocol_code};
use crate::error::{Error, Unreadable};

/// The JSON-RPC code of what this server refuses for reasons of its own (JSON-RPC 2.0, section 5.1).
const SERVER_ERROR: i32 = -32000;

/// Why a request is refused. Answers hold nothing of the request but its id.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Refusal {
    /// It is for a name that is not this server's.
    Host,
    /// It is from a web page that may not speak to this server.
    Origin,
    /// It has not the door's token.
    Closed,
    /// There is nothing there.
    Path,
    /// What is there does not take this method.
    Method { allowed: &'static str },
    /// Its body is not JSON by its own account.
    MediaType,
    /// Its body is too large.
    TooLarge { limit: usize },
    /// Its body took too long.
    Slow,
    /// Its body is not a message of the protocol.
    Unreadable { id: Option<Value>, why: Unreadable },
    /// There is no such session, or no longer.
    NoSession,
    /// Too many calls in a minute.
    TooOften { id: Option<Value>, again_in: Duration },
    /// As many sessions, or requests, are open as may be.
    Full { id: Option<Value>, of: &'static str },
    /// The session's client does not read its answers.
    Unread { id: Option<Value> },
    /// The server is about to end.
    Ending,
}

/// When to come again where nothing says how long it takes.
const AGAIN_IN: Duration = Duration::from_secs(5);

impl Refusal {
    /// A body that could not be parsed.
    pub(super) fn unreadable(body: &[u8]) -> Self {
        Self::Unreadable { id: Envelope::skimmed(body).id, why: diagnose(body) }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Host | Self::Origin => StatusCode::FORBIDDEN,
            Self::Closed => StatusCode::UNAUTHORIZED,
            Self::Path | Self::NoSession => StatusCode::NOT_FOUND,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Unreadable { .. } => StatusCode::BAD_REQUEST,
            Self::TooOften { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Full { .. } | Self::Unread { .. } | Self::Ending => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn code(&self) -> i32 {
        match self {
            Self::Unreadable { why, .. } => protocol_code(&Error::Unreadable(why.clone())).0,
            Self::TooLarge { .. } => ErrorCode::INVALID_REQUEST.0,
            _ => SERVER_ERROR,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Host => "this server does not have that name; `--http-allowed-host` adds one".to_owned(),
            Self::Origin => "pages of that origin may not speak to this server".to_owned(),
            // Not whether a token was missing or wrong.
            Self::Closed => "unauthorized".to_owned(),
            Self::Path => "there is nothing here; MCP is at `/mcp`, and at `/sse` for older clients".to_owned(),
            Self::Method { allowed } => format!("the methods here are {allowed}"),
            Self::MediaType => "the content type must be `application/json`".to_owned(),
            Self::TooLarge { limit } => {
                format!("a message may have {limit} bytes; host a larger script and pass its URL")
            }
            Self::Slow => "the request took too long to arrive".to_owned(),
            Self::Unreadable { why, .. } => {
                let error = Error::Unreadable(why.clone());
                format!("{}; {}", error.message(), error.hint())
            }
            Self::NoSession => "there is no such session".to_owned(),
            Self::TooOften { .. } => "too many calls; `--http-calls-per-minute` sets how many there may be".to_owned(),
            Self::Full { of, .. } => format!("too many {of}; `--http-max-{of}` sets how many there may be"),
            Self::Unread { .. } => "the answers of this session are not read".to_owned(),
            Self::Ending => "the server is about to end".to_owned(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooOften { again_in, .. } => Some(*again_in),
            Self::Full { .. } | Self::Unread { .. } | Self::Ending => Some(AGAIN_IN),
            _ => None,
        }
    }

    fn id(&self) -> Option<&Value> {
        match self {
            Self::Unreadable { id, .. } | Self::TooOften { id, .. } | Self::Full { id, .. } | Self::Unread { id } => {
                // Others are no ids (JSON-RPC 2.0, section 4).
                id.as_ref().filter(|id| id.is_string() || id.is_number())
            }
            _ => None,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = json!({"jsonrpc": "2.0", "error": {"code": self.code(), "message": self.message()}});
        if let (Some(id), Some(body)) = (self.id(), body.as_object_mut()) {
            body.insert("id".to_owned(), id.clone());
        }
        let mut response = (self.status(), Json(body)).into_response();
        let headers = response.headers_mut();
        if let Some(after) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
        }
        match self {
            Self::Closed => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::Method { allowed } => {
                headers.insert(ALLOW, HeaderValue::from_static(allowed));
            }
            // The rest of the body is not read.
            Self::TooLarge { .. } | Self::Slow => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }
}

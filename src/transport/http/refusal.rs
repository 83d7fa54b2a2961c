//! Requests that are not served, and how they are answered.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::http::header::{ALLOW, CONNECTION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use rmcp::model::ErrorCode;
use serde_json::{Value, json};

use super::super::line::Envelope;
use super::super::unreadable::{diagnose, protocol_code};
use super::access::AccessFault;
use crate::error::{Error, Unreadable};

/// The JSON-RPC code of what this server refuses for reasons of its own (JSON-RPC 2.0, section 5.1).
const SERVER_ERROR: i32 = -32000;

/// Why a request is refused. Answers repeat nothing of the request but its id.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Refusal {
    /// It is for a name that is not this server's.
    Host,
    /// It is from a web page that may not speak to this server.
    Origin,
    /// It does not carry the access token.
    Access {
        fault: AccessFault,
        /// Where the access token is, for clients that may know.
        file: Option<Arc<Path>>,
    },
    /// There is nothing there.
    Path,
    /// What is there does not take this method.
    Method { allowed: &'static str },
    /// Its client takes an answer in none of these forms.
    NotAcceptable { forms: &'static str },
    /// Its body is not JSON by its own account.
    MediaType,
    /// Its body is too large.
    TooLarge { limit: usize },
    /// Its body took too long.
    Slow,
    /// Its body is not a message of the protocol.
    Unreadable(Unreadable),
    /// It breaks a rule of the protocol; rmcp's words.
    Protocol { status: StatusCode, message: String },
    /// There is no such session, or no longer.
    NoSession,
    /// No such stream of the older transport is open.
    NoStream,
    /// Too many calls in a minute.
    TooOften { again_in: Duration },
    /// As many sessions, or requests, are open as may be.
    Full { of: &'static str },
    /// The session's client does not read its answers.
    Unread,
    /// It was taken, and its answer does not come: the client canceled it, or the server ends.
    Unanswered,
    /// The server is about to end.
    Ending,
}

/// A refusal, and the id of the request that it answers, where that is known: clients that get none wait for an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refused {
    refusal: Refusal,
    id: Option<Value>,
}

/// When to come again where nothing says how long it takes.
const AGAIN_IN: Duration = Duration::from_secs(5);

/// Where a client finds the access token.
pub(super) fn token_place(file: Option<&Path>) -> String {
    file.map_or_else(
        || "the server names the file that holds the access token on stderr when it starts".to_owned(),
        |file| format!("the access token is in `{}`", file.display()),
    )
}

impl Refusal {
    /// The refusal of a body that could not be parsed.
    pub(super) fn unreadable(body: &[u8]) -> Refused {
        Self::Unreadable(diagnose(body)).of(Envelope::skimmed(body).id)
    }

    /// The refusal of the request with that id.
    pub(super) fn of(self, id: Option<Value>) -> Refused {
        // Others are no ids (JSON-RPC 2.0, section 4).
        Refused { refusal: self, id: id.filter(|id| id.is_string() || id.is_number()) }
    }

    fn status(&self) -> StatusCode {
        match self {
            // Not an error's status, on which clients may send the request again: it may have been carried out.
            Self::Unanswered => StatusCode::OK,
            Self::Host | Self::Origin => StatusCode::FORBIDDEN,
            Self::Access { .. } => StatusCode::UNAUTHORIZED,
            Self::Path | Self::NoSession | Self::NoStream => StatusCode::NOT_FOUND,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable { .. } => StatusCode::NOT_ACCEPTABLE,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Unreadable(_) => StatusCode::BAD_REQUEST,
            Self::Protocol { status, .. } => *status,
            Self::TooOften { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Full { .. } | Self::Unread | Self::Ending => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn code(&self) -> i32 {
        match self {
            Self::Unreadable(why) => protocol_code(&Error::Unreadable(why.clone())).0,
            Self::TooLarge { .. } | Self::Protocol { .. } => ErrorCode::INVALID_REQUEST.0,
            _ => SERVER_ERROR,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Host => "this server does not have that name; `--http-allowed-host` adds one".to_owned(),
            Self::Origin => "pages of that origin may not speak to this server".to_owned(),
            Self::Access { fault, file } => {
                let what = match fault {
                    AccessFault::Missing => "access token missing",
                    AccessFault::NotBearer => "the `Authorization` header is not one `Bearer` token",
                    AccessFault::Empty => {
                        "`Authorization: Bearer` is empty: check the variable that holds the access token"
                    }
                    AccessFault::Wrong => "wrong access token: send this server's own, not a Hugging Face token",
                };
                format!("{what}; set `Authorization: Bearer <access token>`; {}", token_place(file.as_deref()))
            }
            Self::Path => "there is nothing here; MCP is at `/mcp`, and at `/sse` for older clients".to_owned(),
            Self::Method { allowed } => format!("the methods here are {allowed}"),
            Self::NotAcceptable { forms } => format!("the `Accept` header allows no answer; send `Accept: {forms}`"),
            Self::MediaType => "the content type must be `application/json`".to_owned(),
            Self::TooLarge { limit } => {
                format!("a message may have {limit} bytes; host a larger script and pass its URL")
            }
            Self::Slow => "the request took too long to arrive".to_owned(),
            Self::Unreadable(why) => {
                let error = Error::Unreadable(why.clone());
                format!("{}; {}", error.message(), error.hint())
            }
            Self::Protocol { message, .. } => message.clone(),
            Self::NoSession => {
                "no such session: it ended, or the server was restarted; send `initialize` again without \
                                `Mcp-Session-Id` (a server started with `--http-stateless` needs no sessions)"
                    .to_owned()
            }
            Self::NoStream => "no such session: its stream was closed; open `/sse` again".to_owned(),
            Self::TooOften { .. } => "too many calls; `--http-calls-per-minute` sets how many there may be".to_owned(),
            Self::Full { of } => format!("too many {of}; `--http-max-{of}` sets how many there may be"),
            Self::Unread => "the answers of this session are not read".to_owned(),
            Self::Unanswered => "no answer: the request was canceled, or the server stopped; a job that it submitted \
                                 is in `ps`"
                .to_owned(),
            Self::Ending => "the server is about to end".to_owned(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooOften { again_in } => Some(*again_in),
            Self::Full { .. } | Self::Unread | Self::Ending => Some(AGAIN_IN),
            _ => None,
        }
    }

    /// What a refusal without the access token asks for (RFC 6750, section 3: an error code only where a token was sent).
    fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::Access { fault: AccessFault::Missing | AccessFault::NotBearer, .. } => {
                Some(r#"Bearer realm="hf-jobs-mcp""#)
            }
            Self::Access { .. } => Some(r#"Bearer realm="hf-jobs-mcp", error="invalid_token""#),
            _ => None,
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, id: None }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        Refused::from(self).into_response()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self { refusal, id } = self;
        let mut body = json!({"jsonrpc": "2.0", "error": {"code": refusal.code(), "message": refusal.message()}});
        if let (Some(id), Some(body)) = (id, body.as_object_mut()) {
            body.insert("id".to_owned(), id);
        }
        let mut response = (refusal.status(), Json(body)).into_response();
        let headers = response.headers_mut();
        if let Some(after) = refusal.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
        }
        if let Some(challenge) = refusal.challenge() {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        match refusal {
            Refusal::Method { allowed } => {
                headers.insert(ALLOW, HeaderValue::from_static(allowed));
            }
            // The rest of the body is not read.
            Refusal::TooLarge { .. } | Refusal::Slow => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }
}

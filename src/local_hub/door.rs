//! What every request passes: only loopback names, bounded bodies, the record; and the headers of every answer.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Hub;
use super::account::{Access, Account, JOB_WRITE};
use super::logins::Login;
use super::record::Dropped;
use super::reply::Refusal;

/// The most of a request body, in bytes: more than the largest script that a command can carry.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// How long a request body may take.
const BODY_TIME: Duration = Duration::from_secs(30);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Lets a request in, and completes its answer.
pub(super) async fn pass(State(hub): State<Arc<Hub>>, request: Request, next: Next) -> Response {
    let mut response = admit(&hub, request, next).await.unwrap_or_else(IntoResponse::into_response);
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::try_from(hub.random.request_id(SystemTime::now())) {
        headers.insert(REQUEST_ID, id);
    }
    // A free account's quota, of which nothing is ever used up: the local Hub limits nobody.
    headers.insert(RATE_LIMIT, HeaderValue::from_static("\"api\";r=1000;t=300"));
    headers.insert(RATE_LIMIT_POLICY, HeaderValue::from_static("\"fixed window\";\"api\";q=1000;w=300"));
    response
}

async fn admit(hub: &Hub, request: Request, next: Next) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    if host(&parts.headers).is_none() {
        return Err(Refusal::Foreign);
    }
    let read = tokio::time::timeout(BODY_TIME, to_bytes(body, MAX_BODY)).await;
    let body = read.map_err(|_| Refusal::Slow)?.map_err(|_| Refusal::TooLarge)?;
    let number = hub.record.as_ref().map(|record| record.add(&parts, &body));
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    if let (Some(record), Some(number)) = (&hub.record, number)
        && let Some(Dropped(fields)) = response.extensions().get()
    {
        record.dropped(number, fields.clone());
    }
    Ok(response)
}

/// The host that the request was sent to, if it is a loopback name, with its port.
///
/// A web page can have its own name point at this machine: its requests then carry that name.
pub(super) fn host(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get(HOST)?.to_str().ok()?;
    let authority: Authority = host.parse().ok()?;
    matches!(authority.host(), "127.0.0.1" | "localhost" | "[::1]").then_some(host)
}

/// The caller, by the bearer token.
pub(super) struct Caller(pub(super) Login);

impl Caller {
    pub(super) fn account(&self) -> &Account {
        &self.0.account
    }

    /// Refuses if the token may not look at a namespace's jobs.
    pub(super) fn may_read(&self, namespace: &str) -> Result<(), Refusal> {
        match self.account().access(namespace) {
            Access::None => Err(forbidden(namespace)),
            Access::Read | Access::Write => Ok(()),
        }
    }

    /// Refuses if the token may not start or change a namespace's jobs.
    pub(super) fn may_write(&self, namespace: &str) -> Result<(), Refusal> {
        match self.account().access(namespace) {
            Access::Write => Ok(()),
            Access::None | Access::Read => Err(forbidden(namespace)),
        }
    }
}

fn forbidden(namespace: &str) -> Refusal {
    Refusal::Forbidden { namespace: namespace.to_owned(), missing: JOB_WRITE }
}

impl FromRequestParts<Arc<Hub>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, hub: &Arc<Hub>) -> Result<Self, Refusal> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|header| header.strip_prefix("Bearer "));
        token.and_then(|token| hub.login(token)).map(Self).ok_or(Refusal::Unauthorized)
    }
}

/// A caller of a public route: none, or one with a token that must then be valid.
pub(super) struct Anyone;

impl FromRequestParts<Arc<Hub>> for Anyone {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, hub: &Arc<Hub>) -> Result<Self, Refusal> {
        if parts.headers.contains_key(AUTHORIZATION) {
            Caller::from_request_parts(parts, hub).await?;
        }
        Ok(Self)
    }
}

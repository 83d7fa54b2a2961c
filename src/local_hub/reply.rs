//! The answers that refuse, in the Hub's form.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

const ERROR_MESSAGE: HeaderName = HeaderName::from_static("x-error-message");

/// The most of a text that goes into a header, in characters.
const MAX_HEADER: usize = 1000;

/// Why a request is refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// 400: the request breaks the schema.
    Invalid(String),
    /// 401: no token, or one that nobody has.
    Unauthorized,
    /// 402: the account has no credit.
    NoCredit,
    /// 403: the token may not do that there.
    Forbidden { namespace: String, missing: &'static str },
    /// 403: the request was sent to another host, as a web page does that had its name point here.
    Foreign,
    /// 404: no such job, or none of this namespace.
    NoJob,
    /// 404: no such scheduled job, or none of this namespace.
    NoScheduledJob,
    /// 404: no such route.
    NoRoute,
    /// 405: the route has not this method.
    Method,
    /// 406: a job that is over has no metrics.
    Over,
    /// 408: the body did not come in time.
    Slow,
    /// 409: the scheduled job still runs, and may not run twice at once.
    Concurrent,
    /// 409: that takes a job that runs.
    NotRunning,
    /// 413: the body is over the bound.
    TooLarge,
    /// 429: all the jobs that are kept still wait or run.
    Busy,
    /// 429: there are as many scheduled jobs as are kept.
    Full,
}

impl Refusal {
    fn text(self) -> (StatusCode, String) {
        let (status, text) = match self {
            Self::Invalid(faults) => return (StatusCode::BAD_REQUEST, format!("Invalid request: {faults}")),
            Self::Forbidden { namespace, missing } => {
                let text = format!(
                    "You don't have the required permissions to complete this action on namespace {namespace}, \
                     missing permissions: {missing}"
                );
                return (StatusCode::FORBIDDEN, text);
            }
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "Invalid credentials in Authorization header"),
            Self::NoCredit => (StatusCode::PAYMENT_REQUIRED, "Pre-paid credit balance is insufficient"),
            Self::Foreign => (StatusCode::FORBIDDEN, "The local Hub only answers under a loopback name"),
            Self::NoJob => (StatusCode::NOT_FOUND, "Job not found"),
            Self::NoScheduledJob => (StatusCode::NOT_FOUND, "Scheduled job not found"),
            Self::NoRoute => (StatusCode::NOT_FOUND, "Sorry, we can't find the page you are looking for."),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
            Self::Over => (StatusCode::NOT_ACCEPTABLE, "Job has already finished"),
            Self::Slow => (StatusCode::REQUEST_TIMEOUT, "The request body did not arrive in time"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large"),
            Self::Concurrent => {
                let text = "Another job is already running at the same time, set `concurrency` to allow multiple \
                            instances of scheduled jobs to run concurrently";
                (StatusCode::CONFLICT, text)
            }
            Self::NotRunning => (StatusCode::CONFLICT, "Job is not running"),
            Self::Full => (StatusCode::TOO_MANY_REQUESTS, "Too many scheduled jobs"),
            Self::Busy => (StatusCode::TOO_MANY_REQUESTS, "Too many jobs are waiting or running"),
        };
        (status, text.to_owned())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, text) = self.text();
        let plain = |character: char| if matches!(character, ' '..='~') { character } else { '?' };
        let header: String = text.chars().take(MAX_HEADER).map(plain).collect();
        let mut response = (status, Json(json!({"error": text}))).into_response();
        if let Ok(value) = HeaderValue::try_from(header) {
            response.headers_mut().insert(ERROR_MESSAGE, value);
        }
        response
    }
}

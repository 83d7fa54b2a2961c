//! The access log: a line for each request when all of its answer is out. No body, no query, no header but the beginning of
//! the session's id.

use std::time::Instant;

use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::Response;

use super::health::is_probe;
use super::held::hold;

/// The header of a session's id (MCP 2025-11-25, transports).
pub(super) const SESSION_ID: &str = "mcp-session-id";
/// How much of a session's id is logged: enough to tell sessions apart, too little to enter one.
const ID_LOGGED_CHARS: usize = 8;
/// The longest path that is logged: those that there are are shorter. Half of one could be half of a token, which nothing
/// recognises.
const PATH_LOGGED_CHARS: usize = 40;
/// What is logged of a longer one.
const LONG_PATH: &str = "/…";

/// A request's line, which is written when it is dropped.
pub(super) struct Entry {
    method: Method,
    path: String,
    session: String,
    began: Instant,
    status: Option<StatusCode>,
}

impl Entry {
    pub(super) fn begin(request: &Request) -> Self {
        let session = request.headers().get(SESSION_ID).and_then(|id| id.to_str().ok()).unwrap_or("-");
        let path = request.uri().path();
        let is_long = path.chars().nth(PATH_LOGGED_CHARS).is_some();
        Self {
            method: request.method().clone(),
            path: if is_long { LONG_PATH } else { path }.to_owned(),
            session: session.chars().take(ID_LOGGED_CHARS).collect(),
            began: Instant::now(),
            status: None,
        }
    }

    /// Has the line wait for the end of the answer.
    pub(super) fn end(mut self, response: Response) -> Response {
        self.status = Some(response.status());
        hold(response, self)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let Self { method, path, session, began, status } = self;
        // The client went away before there was an answer.
        let status = status.map_or(0, |status| status.as_u16());
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        // Monitors probe all the time; only a probe that failed says something.
        if is_probe(path) && status == StatusCode::OK.as_u16() {
            tracing::debug!(%method, path, status, ms, "request");
        } else {
            tracing::info!(%method, path, status, ms, session, "request");
        }
    }
}

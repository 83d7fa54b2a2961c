//! `/healthz` and `/readyz`, for whatever watches over the process. No token is asked for, and none is told of.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use serde_json::json;

/// Alive.
pub(super) const HEALTHZ: &str = "/healthz";
/// Of use.
pub(super) const READYZ: &str = "/readyz";

/// Whether the server is of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// There is a login.
    pub login: bool,
    /// The Hub answered lately, and took the login; `None` where it was not asked, since there is no login.
    pub hub: Option<bool>,
}

/// Looks whether the server is of use. May be asked as often as one likes.
pub type Look = Arc<dyn Fn() -> BoxFuture<'static, Readiness> + Send + Sync>;

/// Whether a path is one of these.
pub(super) fn is_probe(path: &str) -> bool {
    [HEALTHZ, READYZ].contains(&path)
}

pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

pub(super) async fn readyz(State(look): State<Look>) -> Response {
    let Readiness { login, hub } = look().await;
    let ready = login && hub == Some(true);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({"ready": ready, "login": login, "hub": hub}))).into_response()
}

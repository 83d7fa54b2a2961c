//! The routes of the API.

mod account;
mod job;
mod jobs;

use std::sync::Arc;

use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use serde_json::Value;

use super::door::{self, Anyone};
use super::reply::Refusal;
use super::{Hub, hardware};

type Answer = Result<Response, Refusal>;

/// All of it, behind the door.
pub(super) fn router(hub: Arc<Hub>) -> Router {
    Router::new()
        .route("/api/whoami-v2", get(account::whoami))
        .route("/oauth/token", post(account::token))
        .route("/api/jobs/hardware", get(hardware))
        .route("/api/jobs/{namespace}", get(jobs::list).post(jobs::create))
        .route("/api/jobs/{namespace}/count", get(jobs::count))
        .route("/api/jobs/{namespace}/{id}", get(job::inspect))
        .route("/api/jobs/{namespace}/{id}/cancel", post(job::cancel))
        .route("/api/jobs/{namespace}/{id}/logs", get(job::logs))
        .fallback(|| async { Refusal::NoRoute })
        .method_not_allowed_fallback(|| async { Refusal::Method })
        .layer(middleware::from_fn_with_state(Arc::clone(&hub), door::pass))
        .with_state(hub)
}

async fn hardware(_: Anyone) -> Json<Value> {
    Json(hardware::listing())
}

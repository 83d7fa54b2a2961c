//! The routes of the API.

mod account;
mod job;
mod jobs;
mod scheduled;

use std::sync::Arc;

use axum::body::Bytes;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router, middleware};
use serde_json::Value;

use super::door::{self, Anyone};
use super::record::Dropped;
use super::reply::Refusal;
use super::spec::Reading;
use super::{Hub, hardware};

type Answer = Result<Response, Refusal>;

/// All of it, behind the door.
pub(super) fn router(hub: Arc<Hub>) -> Router {
    Router::new()
        .route("/api/whoami-v2", get(account::whoami))
        .route("/oauth/token", post(account::token))
        .route("/api/settings/billing/usage/jobs", get(account::billing))
        .route("/api/jobs/hardware", get(hardware))
        .route("/api/jobs/{namespace}", get(jobs::list).post(jobs::create))
        .route("/api/jobs/{namespace}/count", get(jobs::count))
        .route("/api/jobs/{namespace}/auth-check/{permission}", post(account::check))
        .route("/api/jobs/{namespace}/{id}/auth-check/{permission}", post(account::check_job))
        .route("/api/jobs/{namespace}/{id}", get(job::inspect))
        .route("/api/jobs/{namespace}/{id}/cancel", post(job::cancel))
        .route("/api/jobs/{namespace}/{id}/logs", get(job::logs))
        .route("/api/jobs/{namespace}/{id}/metrics", get(job::metrics))
        .route("/api/jobs/{namespace}/{id}/duplicate", post(job::duplicate))
        .route("/api/jobs/{namespace}/{id}/labels", put(job::labels))
        .route("/api/jobs/{namespace}/{id}/expose", put(job::expose))
        .route("/api/scheduled-jobs/{namespace}", get(scheduled::list).post(scheduled::create))
        .route("/api/scheduled-jobs/{namespace}/{id}", get(scheduled::inspect).delete(scheduled::delete))
        .route("/api/scheduled-jobs/{namespace}/{id}/suspend", post(scheduled::suspend))
        .route("/api/scheduled-jobs/{namespace}/{id}/resume", post(scheduled::resume))
        .route("/api/scheduled-jobs/{namespace}/{id}/run", post(scheduled::run))
        .route("/api/scheduled-jobs/{namespace}/{id}/schedule", post(scheduled::schedule))
        .route("/api/scheduled-jobs/{namespace}/{id}/labels", put(scheduled::labels))
        .fallback(|| async { Refusal::NoRoute })
        .method_not_allowed_fallback(|| async { Refusal::Method })
        .layer(middleware::from_fn_with_state(Arc::clone(&hub), door::pass))
        .with_state(hub)
}

async fn hardware(_: Anyone) -> Json<Value> {
    Json(hardware::listing())
}

/// Does what a body asks for, and lets the record know what was dropped of it.
fn answer<T>(body: &Bytes, read: fn(&Value) -> Reading<T>, act: impl FnOnce(T) -> Result<Value, Refusal>) -> Response {
    let body: Value = match serde_json::from_slice(body) {
        Ok(body) => body,
        Err(error) => return Refusal::Invalid(format!("body: expected JSON ({error})")).into_response(),
    };
    let reading = read(&body);
    let answer = reading.value.map_err(Refusal::Invalid).and_then(act).map(Json);
    let mut response = answer.into_response();
    response.extensions_mut().insert(Dropped(reading.dropped));
    response
}

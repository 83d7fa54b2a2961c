//! The routes of accounts: who calls, what they may do and have spent, and new tokens for old.

use std::sync::{Arc, PoisonError};
use std::time::SystemTime;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{Answer, job};
use crate::local_hub::account::BILLING_READ;
use crate::local_hub::door::Caller;
use crate::local_hub::job::Job;
use crate::local_hub::random::id_of_name;
use crate::local_hub::reply::Refusal;
use crate::local_hub::{Hub, billing};

pub(super) async fn whoami(caller: Caller) -> Json<Value> {
    Json(caller.account().whoami(caller.0.created))
}

/// Says whether the caller may `read` or `write` a namespace's jobs.
pub(super) async fn check(caller: Caller, Path((namespace, permission)): Path<(String, String)>) -> Answer {
    granted(&caller, &namespace, &permission)
}

/// Says the same of one job.
pub(super) async fn check_job(
    State(hub): State<Arc<Hub>>,
    caller: Caller,
    Path((namespace, id, permission)): Path<(String, String, String)>,
) -> Answer {
    job::find(&hub, &caller, &(namespace.clone(), id))?;
    granted(&caller, &namespace, &permission)
}

fn granted(caller: &Caller, namespace: &str, permission: &str) -> Answer {
    match permission {
        "read" => caller.may_read(namespace)?,
        "write" => caller.may_write(namespace)?,
        _ => return Err(Refusal::Invalid("perms: expected read or write".to_owned())),
    }
    let account = caller.account();
    let answer = json!({
        "namespace": {"id": id_of_name(namespace), "name": namespace},
        "user": {"id": account.id(), "name": account.name},
    });
    Ok(Json(answer).into_response())
}

/// Tells what the caller's own jobs would have cost.
pub(super) async fn billing(State(hub): State<Arc<Hub>>, caller: Caller) -> Answer {
    let account = caller.account();
    if !account.sees_billing() {
        return Err(Refusal::Forbidden { namespace: account.name.clone(), missing: BILLING_READ });
    }
    let register = hub.jobs.lock().unwrap_or_else(PoisonError::into_inner);
    let own = register.all().map(AsRef::as_ref).filter(|job: &&Job| job.namespace == account.name);
    Ok(Json(billing::usage(own, SystemTime::now())).into_response())
}

/// Gives a new login for a refresh token (RFC 6749, section 6), in the form of its errors (section 5.2).
pub(super) async fn token(State(hub): State<Arc<Hub>>, body: Bytes) -> Response {
    let refuse = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response();
    let field = |name: &str| {
        let mut fields = form_urlencoded::parse(&body);
        fields.find(|(field, value)| field == name && !value.is_empty()).map(|(_, value)| value)
    };
    match field("grant_type").as_deref() {
        Some("refresh_token") => {}
        Some(_) => return refuse("unsupported_grant_type"),
        None => return refuse("invalid_request"),
    }
    let (Some(_), Some(token)) = (field("client_id"), field("refresh_token")) else {
        return refuse("invalid_request");
    };
    let Some(login) = hub.refresh(&token) else { return refuse("invalid_grant") };
    let answer = json!({
        "access_token": login.access_token,
        "token_type": "bearer",
        "expires_in": hub.oauth_lifetime.as_secs(),
        "refresh_token": login.refresh_token,
    });
    ([(CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

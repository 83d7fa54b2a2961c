//! The routes of accounts: who calls, and new tokens for old.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::local_hub::Hub;
use crate::local_hub::door::Caller;

pub(super) async fn whoami(caller: Caller) -> Json<Value> {
    Json(caller.account().whoami(caller.0.created))
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

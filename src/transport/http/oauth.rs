//! The addresses at which clients look for OAuth. There is none here, and clients show the answer to their user, so it says
//! what to do. Without one they report an "invalid OAuth response" in place of a missing access token.

use axum::Json;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::access::Access;
use super::refusal::token_place;

/// The endpoints of authorization servers, also below another path (RFC 6749, 7009, 7591, 7662, 8628; `OpenID` Connect Core).
const ENDPOINTS: [&str; 8] =
    ["register", "authorize", "token", "revoke", "introspect", "userinfo", "jwks", "device_authorization"];
/// Common parents of these endpoints.
const PARENTS: [&str; 2] = ["oauth", "oauth2"];

/// Whether a client looks for OAuth at that path: metadata (RFC 8414, RFC 9728, `OpenID` Connect Discovery) or an endpoint.
pub(super) fn is_probe(path: &str) -> bool {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    segments.clone().any(|segment| segment == ".well-known")
        || segments.clone().next_back().is_some_and(|last| ENDPOINTS.contains(&last))
        || segments.next().is_some_and(|first| PARENTS.contains(&first))
}

/// The answer there. Its code is none that the OAuth standards define: those make clients register or log in again.
pub(super) fn absent(access: &Access, head: &Parts) -> Response {
    let description = match access {
        Access::Token { .. } => format!(
            "no OAuth here: set `Authorization: Bearer <access token>`; {}",
            token_place(access.file_for(head).as_deref())
        ),
        Access::Open => "no OAuth here: this server takes requests without an access token".to_owned(),
    };
    let body = json!({"error": "not_found", "error_description": description});
    (StatusCode::NOT_FOUND, Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_oauth_are_recognized() {
        for path in [
            "/.well-known/oauth-protected-resource",
            "/.well-known/oauth-protected-resource/mcp",
            "/.well-known/oauth-authorization-server/sse/",
            "/.well-known/openid-configuration",
            "/mcp/.well-known/openid-configuration",
            "/register",
            "/register/",
            "/mcp/register",
            "/authorize",
            "/token",
            "/oauth/anything",
            "/oauth2/token",
        ] {
            assert!(is_probe(path), "{path}");
        }
        for path in ["/", "/mcp", "/mcp/", "/sse", "/messages", "/healthz", "/readyz", "/tokens", "/none/oauth"] {
            assert!(!is_probe(path), "{path}");
        }
    }
}

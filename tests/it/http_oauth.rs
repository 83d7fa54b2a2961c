//! Over HTTP, clients that look for OAuth: there is none, and the answer says what to do instead.

use reqwest::Method;
use serde_json::json;

use crate::support::http::{HttpServer, Reply};
use crate::support::{ServerBuilder, hub};

const PATHS: [&str; 10] = [
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/mcp",
    "/.well-known/oauth-protected-resource/sse",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/mcp",
    "/.well-known/openid-configuration",
    "/mcp/.well-known/openid-configuration",
    "/register",
    "/authorize?client_id=x",
    "/token",
];

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_oauth_and_the_answer_says_what_to_do() {
    let hub = hub().await;
    let http = HttpServer::at(&hub).await;
    let token = http.token.clone().unwrap();
    for path in PATHS {
        for method in [Method::GET, Method::POST, Method::OPTIONS, Method::PUT, Method::DELETE] {
            for authorization in [None, Some("wrong-access-token"), Some(token.as_str())] {
                let mut request = http.plain(method.clone(), path);
                if let Some(token) = authorization {
                    request = request.bearer_auth(token);
                }
                let reply = Reply::of(request).await;
                assert_eq!(reply.status, 404, "{method} {path}: {reply:?}");
                assert_eq!(reply.header("content-type"), "application/json", "{method} {path}");
                let body = reply.message();
                assert_eq!(body["error"], "not_found", "{method} {path}: {reply:?}");
                let description = body["error_description"].as_str().unwrap();
                assert!(
                    description.starts_with("no OAuth here: set `Authorization: Bearer <access token>`"),
                    "{reply:?}"
                );
                assert!(!reply.body.contains(&token), "{reply:?}");
            }
        }
        // The allow-lists come first.
        let evil = http.plain(Method::GET, path).header("host", "evil.example");
        assert_eq!(Reply::of(evil).await.status, 403, "{path}");
        let evil = http.plain(Method::GET, path).header("origin", "https://evil.example");
        assert_eq!(Reply::of(evil).await.status, 403, "{path}");
    }
    let open = ServerBuilder::at(&hub).arg("--http-no-auth").over_http().await;
    let reply = Reply::of(open.plain(Method::GET, PATHS[0])).await;
    let expected = "no OAuth here: this server takes requests without an access token";
    assert_eq!((reply.status.as_u16(), &reply.message()["error_description"]), (404, &json!(expected)));
    assert_eq!(hub.requests().len(), 0);
}

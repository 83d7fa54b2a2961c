//! Clients that outlive the server: a session that is gone, and a server without sessions.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::http::{Events, HttpServer, Reply, call, initialize, on_and_on, run};
use crate::support::{Server, ServerBuilder, hub};

fn list(id: u64) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/list"})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_gone_says_how_to_begin_another() {
    let hub = hub().await;
    let http = HttpServer::at(&hub).await;
    let ended = http.session().await;
    Reply::of(http.request(Method::DELETE, "/mcp").header("mcp-session-id", &ended)).await;
    for gone in ["of-another-life", ended.as_str()] {
        for (message, id) in [(list(7), json!(7)), (call(8, "hf_whoami", json!({})), json!(8))] {
            let reply = Reply::of(http.in_session(gone, &message)).await;
            assert_eq!((reply.status.as_u16(), &reply.message()["id"]), (404, &id), "{reply:?}");
            for words in ["send `initialize` again without `Mcp-Session-Id`", "--http-stateless"] {
                assert!(reply.error().contains(words), "{reply:?}");
            }
            assert!(!reply.body.contains(gone), "what was sent is not repeated: {reply:?}");
        }
        let listen = http.request(Method::GET, "/mcp").header("mcp-session-id", gone);
        assert_eq!(Reply::of(listen).await.status, 404);
    }
    let message = http.request(Method::POST, "/messages?sessionId=gone").header("content-type", "application/json");
    let reply = Reply::of(message.body(list(9).to_string())).await;
    assert_eq!((reply.status.as_u16(), &reply.message()["id"]), (404, &json!(9)), "{reply:?}");
    assert!(reply.error().contains("open `/sse` again"), "{reply:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn initialize_begins_a_session_whatever_id_it_carries() {
    let hub = hub().await;
    let http = HttpServer::at(&hub).await;
    let live = http.session().await;
    for old in ["of-another-life", live.as_str()] {
        // It keeps the version of that session, too.
        let again =
            http.message(&initialize()).header("mcp-session-id", old).header("mcp-protocol-version", "2025-03-26");
        let reply = Reply::of(again).await;
        assert_eq!((reply.status.as_u16(), &reply.message()["id"]), (200, &json!(0)), "{reply:?}");
        let new = reply.header("mcp-session-id");
        assert!(!new.is_empty() && new != old, "{reply:?}");
        assert_eq!(Reply::of(http.in_session(new, &list(1))).await.status, 200);
    }
    assert_eq!(Reply::of(http.in_session(&live, &list(2))).await.status, 200, "the live one goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_sessions_a_client_outlives_a_restart() {
    let hub = hub().await;
    let http = ServerBuilder::at(&hub).arg("--http-stateless").over_http().await;
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let mut opening = initialize();
        opening["params"]["protocolVersion"] = json!(version);
        let reply = Reply::of(http.message(&opening)).await;
        assert_eq!((reply.status.as_u16(), &reply.message()["result"]["protocolVersion"]), (200, &json!(version)));
        assert!(!reply.headers.contains_key("mcp-session-id"), "{reply:?}");
        let sent = |session: Option<&str>, message: &Value| {
            let request = http.message(message).header("mcp-protocol-version", version);
            session.into_iter().fold(request, |request, session| request.header("mcp-session-id", session))
        };
        for session in [None, Some("of-another-life")] {
            let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
            assert_eq!(Reply::of(sent(session, &initialized)).await.status, 202);
            let reply = Reply::of(sent(session, &list(1))).await;
            assert_eq!(reply.message()["result"]["tools"].as_array().map(Vec::len), Some(2), "{reply:?}");
            let reply = Reply::of(sent(session, &call(2, "hf_whoami", json!({})))).await;
            assert_eq!(Server::answer(&reply.message()).structured["name"], "alice", "{reply:?}");
            let ping = json!({"jsonrpc": "2.0", "id": 3, "method": "ping"});
            assert_eq!(Reply::of(sent(session, &ping)).await.message()["result"], json!({}));
        }
    }
    let again =
        http.message(&initialize()).header("mcp-session-id", "old").header("mcp-protocol-version", "2025-03-26");
    assert_eq!(Reply::of(again).await.status, 200);
    for (method, status) in [(Method::GET, 405), (Method::PUT, 405), (Method::DELETE, 204)] {
        let reply = Reply::of(http.request(method.clone(), "/mcp").header("mcp-session-id", "of-another-life")).await;
        assert_eq!(reply.status, status, "{method}: {reply:?}");
        assert_eq!(reply.header("allow"), if status == 405 { "POST, DELETE" } else { "" });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_sessions_progress_comes_and_leaving_cancels() {
    let hub = hub().await;
    let http = ServerBuilder::at(&hub).arg("--http-stateless").arg("--http-max-streams=1").over_http().await;
    let mut events = Events::of(http.message(&run(1, &on_and_on("started")))).await;
    events.told("started").await;
    assert_eq!(Reply::of(http.message(&list(2))).await.status, 503);
    drop(events);
    // The call ends with its connection.
    while Reply::of(http.message(&list(3))).await.status == 503 {}
    // The older transport has a stream, with which its sessions end.
    let mut sse = Events::of(http.request(Method::GET, "/sse")).await;
    assert!(sse.next().await.unwrap().data.starts_with("/messages?sessionId="));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slash_at_the_end_makes_no_difference() {
    let hub = hub().await;
    let http = HttpServer::at(&hub).await;
    let json = |path: &str, message: &Value| {
        http.request(Method::POST, path).header("content-type", "application/json").body(message.to_string())
    };
    let opened = Reply::of(json("/mcp/", &initialize())).await;
    assert_eq!(opened.status, 200, "{opened:?}");
    let session = opened.header("mcp-session-id");
    assert_eq!(Reply::of(json("/mcp/", &list(1)).header("mcp-session-id", session)).await.status, 200);
    let delete = http.request(Method::DELETE, "/mcp/").header("mcp-session-id", session);
    assert_eq!(Reply::of(delete).await.status, 204);
    let mut sse = Events::of(http.request(Method::GET, "/sse/")).await;
    let endpoint = sse.next().await.unwrap().data.replace("/messages?", "/messages/?");
    assert_eq!(Reply::of(json(&endpoint, &initialize())).await.status, 202);
    assert_eq!(sse.answer().await["id"], 0);
    assert_eq!(Reply::of(http.plain(Method::GET, "/mcp/")).await.status, 401, "the access check as well");
}

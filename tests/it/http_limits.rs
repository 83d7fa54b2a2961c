//! How much is served over HTTP, and how what is too much is refused.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::http::{Events, HttpServer, Reply, call, initialize, on_and_on, run};
use crate::support::{ServerBuilder, hub};

fn refused(reply: &Reply, status: u16, words: &str) {
    assert_eq!(reply.status, status, "{reply:?}");
    assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1, "{reply:?}");
    assert!(reply.error().contains(words), "{reply:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_sessions_of_both_kinds() {
    let hub = hub().await;
    let http = ServerBuilder::at(&hub).arg("--http-max-sessions=2").over_http().await;
    let first = http.session().await;
    // It is not idle: its client listens.
    let _standing = Events::of(http.request(Method::GET, "/mcp").header("mcp-session-id", &first)).await;
    let second = Events::of(http.request(Method::GET, "/sse")).await;
    let third = || async { Reply::of(http.message(&initialize())).await };
    let reply = third().await;
    refused(&reply, 503, "--http-max-sessions");
    assert_eq!(reply.message()["id"], 0, "a client knows what was refused");
    refused(&Reply::of(http.request(Method::GET, "/sse")).await, 503, "--http-max-sessions");
    // Those that there are go on, and calls that need none do, too.
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    assert_eq!(Reply::of(http.in_session(&first, &ping)).await.status, 200);
    assert!(!http.call("hf_whoami", json!({})).await.is_error);
    Reply::of(http.request(Method::DELETE, "/mcp").header("mcp-session-id", &first)).await;
    assert_eq!(third().await.status, 200);
    drop(second);
    while third().await.status == 503 {}
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_that_is_idle_longest_makes_room() {
    let hub = hub().await;
    let http = ServerBuilder::at(&hub).arg("--http-max-sessions=3").over_http().await;
    let (busy, idle, used) = (http.session().await, http.session().await, http.session().await);
    let mut call = Events::of(http.in_session(&busy, &run(1, &on_and_on("started")))).await;
    call.told("started").await;
    let ping = json!({"jsonrpc": "2.0", "id": 2, "method": "ping"});
    let status = async |session: &str| Reply::of(http.in_session(session, &ping)).await.status.as_u16();
    assert_eq!(status(&used).await, 200);
    let new = http.session().await;
    assert_eq!((status(&idle).await, status(&used).await, status(&new).await), (404, 200, 200));
    // One of the older transport has a place as well, and keeps it.
    let _stream = Events::of(http.request(Method::GET, "/sse")).await;
    assert_eq!((status(&used).await, status(&new).await), (404, 200));
    call.told("started").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_streams() {
    let hub = hub().await;
    let http = ServerBuilder::at(&hub).arg("--http-max-streams=1").over_http().await;
    let mut stream = Events::of(http.message(&run(1, &on_and_on("started")))).await;
    stream.told("started").await;
    let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"});
    refused(&Reply::of(http.message(&list)).await, 503, "--http-max-streams");
    refused(&Reply::of(http.request(Method::GET, "/sse")).await, 503, "--http-max-streams");
    assert_eq!(Reply::of(http.plain(Method::GET, "/healthz")).await.status, 200, "probes need none");
    drop(stream);
    while Reply::of(http.message(&list)).await.status == 503 {}
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_calls_a_minute_of_all_clients() {
    let hub = hub().await;
    let http = ServerBuilder::at(&hub).arg("--http-calls-per-minute=2").over_http().await;
    let session = http.session().await;
    let whoami = call(1, "hf_whoami", json!({}));
    assert_eq!(Reply::of(http.message(&whoami)).await.status, 200);
    assert_eq!(Reply::of(http.in_session(&session, &whoami)).await.status, 200);
    refused(&Reply::of(http.message(&whoami)).await, 429, "--http-calls-per-minute");
    refused(&Reply::of(http.in_session(&session, &whoami)).await, 429, "--http-calls-per-minute");
    let mut sse = Events::of(http.request(Method::GET, "/sse")).await;
    let endpoint = sse.next().await.unwrap().data;
    let post = http.request(Method::POST, &endpoint).header("content-type", "application/json");
    refused(&Reply::of(post.body(whoami.to_string())).await, 429, "--http-calls-per-minute");
    let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"});
    assert_eq!(Reply::of(http.message(&list)).await.status, 200, "what is no call is not counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_just_the_bound_is_served() {
    let hub = hub().await;
    let http = HttpServer::at(&hub).await;
    let with = |length: usize| {
        let empty = call(1, "hf_jobs", json!({"operation": "help", "args": {"x": ""}})).to_string().len();
        call(1, "hf_jobs", json!({"operation": "help", "args": {"x": "a".repeat(length - empty)}}))
    };
    assert_eq!(Reply::of(http.message(&with(1024 * 1024))).await.status, 200);
    let reply = Reply::of(http.message(&with(1024 * 1024 + 1))).await;
    assert_eq!(reply.status, 413);
    assert!(reply.error().contains("pass its URL"), "{reply:?}");
    assert_eq!(Reply::of(http.message(&with(9 * 1024 * 1024))).await.status, 413, "not read to its end");
}

/// A connection on which a test writes bytes.
async fn connected(http: &HttpServer) -> TcpStream {
    TcpStream::connect(http.base.trim_start_matches("http://")).await.unwrap()
}

/// What comes on it until the server ends it.
async fn until_ended(mut client: TcpStream) -> String {
    let mut came = Vec::new();
    let reading = client.read_to_end(&mut came);
    tokio::time::timeout(Duration::from_secs(60), reading).await.expect("it is never ended").ok();
    String::from_utf8(came).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_something_half_done_is_not_waited_for() {
    let hub = hub().await;
    let http = ServerBuilder::at(&hub).arg("--http-timeout=1").over_http().await;
    let head = format!(
        "POST /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {}\r\naccept: application/json, text/event-stream\r\n\
         content-type: application/json\r\n",
        http.token.as_ref().unwrap()
    );
    let mut half_a_head = connected(&http).await;
    half_a_head.write_all(&head.as_bytes()[..40]).await.unwrap();
    let mut half_a_body = connected(&http).await;
    half_a_body.write_all(format!("{head}content-length: 100\r\n\r\n{{").as_bytes()).await.unwrap();
    let mut unused = connected(&http).await;
    unused.write_all(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").await.unwrap();
    let nothing = connected(&http).await;
    let (head_end, body_end, unused_end, nothing_end) =
        tokio::join!(until_ended(half_a_head), until_ended(half_a_body), until_ended(unused), until_ended(nothing));
    assert!(head_end.is_empty() || head_end.starts_with("HTTP/1.1 408"), "{head_end}");
    assert!(body_end.starts_with("HTTP/1.1 408"), "{body_end}");
    assert!(unused_end.starts_with("HTTP/1.1 200"), "{unused_end}");
    assert!(nothing_end.is_empty() || nothing_end.starts_with("HTTP/1.1 408"), "{nothing_end}");
    // Nor is one that sends and sends, and reads no answer.
    let mut deaf = connected(&http).await;
    let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}).to_string();
    let request = format!("{head}content-length: {}\r\n\r\n{list}", list.len());
    let sending = async { while deaf.write_all(request.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(60), sending).await.expect("it is listened to for ever");
    assert_eq!(Reply::of(http.plain(Method::GET, "/healthz")).await.status, 200);
}

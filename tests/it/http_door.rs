//! Over HTTP, who is let in and who is not.

use std::os::unix::fs::PermissionsExt;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::http::{HttpServer, Reply, initialize};
use crate::support::{ServerBuilder, canary, canary_in, hub};

#[tokio::test(flavor = "multi_thread")]
async fn the_token_opens_and_nothing_else_does() {
    let hub = hub().await;
    let http = HttpServer::at(&hub).await;
    let token = http.token.clone().unwrap();
    let near = format!("{}{}", &token[1..], &token[..1]);
    for (method, path) in
        [(Method::POST, "/mcp"), (Method::GET, "/sse"), (Method::POST, "/messages?sessionId=1"), (Method::GET, "/none")]
    {
        for wrong in [
            None,
            Some(format!("Bearer {near}")),
            Some(format!("Bearer {}", hub.token())),
            Some(format!("Basic {token}")),
            Some("Bearer".to_owned()),
        ] {
            let mut request = http.plain(method.clone(), path).body(initialize().to_string());
            if let Some(wrong) = &wrong {
                request = request.header("authorization", wrong);
            }
            let reply = Reply::of(request.header("content-type", "application/json")).await;
            assert_eq!(reply.status, 401, "{path} {wrong:?}");
            let challenge = match &wrong {
                None => r#"Bearer realm="hf-jobs-mcp""#,
                Some(wrong) if wrong.starts_with("Basic") => r#"Bearer realm="hf-jobs-mcp""#,
                Some(_) => r#"Bearer realm="hf-jobs-mcp", error="invalid_token""#,
            };
            assert_eq!(reply.header("www-authenticate"), challenge, "{path} {wrong:?}");
            assert_eq!(reply.message()["id"], 0, "{path} {wrong:?}: {reply:?}");
            assert!(reply.error().contains("set `Authorization: Bearer <access token>`"), "{reply:?}");
            assert!(
                reply.error().contains("hf-jobs-mcp/http-token"),
                "a client on this machine learns the file: {reply:?}"
            );
            for secret in [&token, &near, hub.token()] {
                assert!(!reply.body.contains(secret), "{reply:?}");
            }
            assert!(!reply.headers.contains_key("mcp-session-id"));
        }
    }
    assert_eq!(Reply::of(http.message(&initialize())).await.status, 200);
    assert_eq!(hub.requests().len(), 0, "nobody who was not let in had the Hub asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_gets_its_id_back_if_it_comes_soon() {
    let hub = hub().await;
    let http = HttpServer::at(&hub).await;
    let long = |count: usize| "x".repeat(count);
    for (body, id) in [
        (r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#.to_owned(), json!(7)),
        (r#"{"jsonrpc":"2.0","id":"seven","method":"ping"}"#.to_owned(), json!("seven")),
        (format!(r#"{{"params":{{"id":1,"x":"{}"}},"id":7}}"#, long(60_000)), json!(7)),
        (format!(r#"{{"params":{{"id":1,"x":"{}"}},"id":7}}"#, long(70_000)), json!(null)),
        // As large as a message may be, it is read to its end: a client that still sends does not see the answer.
        (format!(r#"{{"id":7,"params":{{"x":"{}"}}}}"#, long(1_000_000)), json!(7)),
        (r#"{"id":{"id":7}}"#.to_owned(), json!(null)),
        (r#"[{"id":7}]"#.to_owned(), json!(null)),
        ("nonsense".to_owned(), json!(null)),
        (String::new(), json!(null)),
    ] {
        let reply = http.bare("POST", "/mcp", &[("content-type", "application/json")], &body).await;
        assert_eq!((reply.status.as_u16(), &reply.message()["id"]), (401, &id), "{}", &body[..body.len().min(80)]);
    }
    // A body that never ends is not waited for.
    let mut client = TcpStream::connect(http.base.trim_start_matches("http://")).await.unwrap();
    let begun =
        "POST /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1000\r\n\r\n{\"id\": 7, \"method\": \"ping\", ";
    client.write_all(begun.as_bytes()).await.unwrap();
    let mut came = Vec::new();
    while !String::from_utf8_lossy(&came).contains("\"id\":7") {
        assert!(client.read_buf(&mut came).await.unwrap() > 0, "{}", String::from_utf8_lossy(&came));
    }
    assert!(String::from_utf8_lossy(&came).starts_with("HTTP/1.1 401"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_proxy_passes_on_does_not_learn_the_file() {
    let hub = hub().await;
    let http = HttpServer::at(&hub).await;
    for path in ["/mcp", "/register"] {
        for header in ["forwarded", "via", "x-forwarded-for", "x-real-ip"] {
            let reply = http.bare("POST", path, &[(header, "127.0.0.1")], "").await;
            assert!(reply.body.contains("on stderr") && !reply.body.contains("http-token"), "{header}: {reply:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_login_says_so_when_it_starts() {
    let hub = hub().await;
    let http = ServerBuilder::at(&hub).without("HF_TOKEN").over_http().await;
    assert!(http.server.stderr().contains("warning: not logged in to Hugging Face"), "{}", http.server.stderr());
    assert!(http.server.stderr().contains("calls fail until you run `hf auth login`"), "{}", http.server.stderr());
    let http = HttpServer::at(&hub).await;
    assert!(!http.server.stderr().contains("logged in"), "{}", http.server.stderr());
    let stdio = ServerBuilder::at(&hub).without("HF_TOKEN").start().await;
    stdio.logged("warning: not logged in to Hugging Face").await;
    assert_eq!(hub.requests().len(), 0, "nothing is asked for that");
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_and_origins_are_looked_at_on_every_route() {
    let hub = hub().await;
    let http = ServerBuilder::at(&hub)
        .arg("--http-allowed-host=jobs.example.com")
        .arg("--http-allowed-origin=https://app.example.com")
        .over_http()
        .await;
    let routes = [
        (Method::POST, "/mcp"),
        (Method::GET, "/mcp"),
        (Method::OPTIONS, "/mcp"),
        (Method::GET, "/sse"),
        (Method::POST, "/messages"),
        (Method::GET, "/healthz"),
        (Method::GET, "/readyz"),
        (Method::GET, "/none"),
        (Method::POST, "/mcp/"),
        (Method::GET, "/.well-known/oauth-protected-resource"),
    ];
    for (method, path) in routes {
        for (header, value, admitted) in [
            ("host", "evil.example", false),
            ("host", "evil.example:8765", false),
            ("host", "localhost.evil.example", false),
            ("origin", "https://evil.example", false),
            ("origin", "null", false),
            ("origin", "http://app.example.com", false),
            ("host", "jobs.example.com", true),
            ("host", "localhost:1", true),
            ("origin", "https://app.example.com", true),
            ("origin", "http://localhost:6274", true),
        ] {
            let reply = http.request(method.clone(), path).header(header, value).send().await.unwrap();
            assert_eq!(reply.status() != 403, admitted, "{method} {path} {header}: {value}: {}", reply.status());
            let readable = reply.headers().get("access-control-allow-origin").map(|origin| origin.to_str().unwrap());
            let expected = (admitted && header == "origin").then_some(value);
            assert_eq!(readable, expected, "{method} {path} {header}: {value}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_told_what_a_page_may_send() {
    let hub = hub().await;
    let http = HttpServer::at(&hub).await;
    let ask = http
        .plain(Method::OPTIONS, "/mcp")
        .header("origin", "http://localhost:6274")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type,mcp-session-id");
    let reply = Reply::of(ask).await;
    assert_eq!(reply.status, 204);
    assert_eq!(reply.header("access-control-allow-methods"), "GET, POST, DELETE");
    for header in ["authorization", "content-type", "mcp-session-id", "mcp-protocol-version", "mcp-method", "mcp-name"]
    {
        assert!(reply.header("access-control-allow-headers").contains(header), "{header}");
    }
    let reply = Reply::of(http.message(&initialize()).header("origin", "http://localhost:6274")).await;
    assert_eq!((reply.status.as_u16(), reply.header("vary")), (200, "origin"));
    assert!(reply.header("access-control-expose-headers").contains("mcp-session-id"));
    // Without a token it learns that it may ask, and nothing more.
    let reply = Reply::of(http.plain(Method::OPTIONS, "/mcp").header("origin", "http://localhost:6274")).await;
    assert_eq!(reply.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_is_told_what_is_wrong() {
    let hub = hub().await;
    let http = HttpServer::at(&hub).await;
    let post = |path: &str| http.request(Method::POST, path);
    let json = |text: &str| post("/mcp").header("content-type", "application/json").body(text.to_owned());
    for (request, status, code) in [
        (json("{"), 400, -32700),
        (json("not json"), 400, -32700),
        (json("[]"), 400, -32600),
        (json(r#"{"jsonrpc": "2.0", "id": 1, "method": 7}"#), 400, -32600),
        (json(r#"{"jsonrpc": "2.0", "id": 1}"#), 400, -32600),
        (json(&format!(r#"{{"a": "{}"}}"#, "x".repeat(1024 * 1024))), 413, -32600),
        (post("/mcp").header("content-type", "text/plain").body("{}"), 415, -32000),
        (http.request(Method::PUT, "/mcp"), 405, -32000),
        (http.request(Method::POST, "/sse"), 405, -32000),
        (http.request(Method::GET, "/messages"), 405, -32000),
        (http.request(Method::POST, "/healthz"), 405, -32000),
        (post("/messages?sessionId=1").header("content-type", "application/json").body("{}"), 404, -32000),
        (http.request(Method::GET, "/mcp/other"), 404, -32000),
        (http.request(Method::GET, "/"), 404, -32000),
    ] {
        let reply = Reply::of(request).await;
        let message = reply.message();
        assert_eq!((reply.status.as_u16(), &message["error"]["code"]), (status, &json!(code)), "{reply:?}");
        assert_eq!(reply.header("allow").is_empty(), status != 405, "{reply:?}");
    }
    // An object is no id, and does not come back.
    let reply = Reply::of(json(r#"{"jsonrpc": "2.0", "id": {"a": 1}, "method": "ping"}"#)).await;
    assert_eq!((reply.status.as_u16(), reply.message().get("id")), (400, None), "{reply:?}");
    // It goes on.
    assert_eq!(http.call("hf_whoami", json!({})).await.structured["name"], "alice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callers_token_reaches_neither_the_hub_nor_a_log() {
    let hub = hub().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let door = "a-token-that-the-operator-chose";
    std::fs::write(file.path(), format!("{door}\n")).unwrap();
    let builder = ServerBuilder::at(&hub).arg("--http-token-file").arg(file.path()).arg("--log-level=trace");
    let mut http = builder.over_http().await;
    assert_eq!(http.token, None, "no file is made when one is given");
    let theirs = canary();
    let calls = crate::support::http::call(1, "hf_whoami", json!({}));
    let refused = http.message(&calls).bearer_auth(&theirs);
    assert_eq!(Reply::of(refused).await.status, 401);
    let named = http.plain(Method::GET, &format!("/{theirs}?token={theirs}")).bearer_auth(door);
    assert_eq!(Reply::of(named).await.status, 404);
    http.token = Some(door.to_owned());
    assert_eq!(http.call("hf_whoami", json!({})).await.structured["name"], "alice");
    let sent = hub.requests();
    assert!(sent.iter().all(|request| request.headers["authorization"] == format!("Bearer {}", hub.token())));
    assert!(!format!("{sent:?}").contains(door));
    let log = http.server.stderr();
    assert_eq!(canary_in(&log, &theirs), [""; 0], "{log}");
    assert!(!log.contains(door) && !log.contains(hub.token()) && log.contains("status=401"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_made_once_and_only_its_place_is_told() {
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join("state");
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let http = ServerBuilder::new().env("XDG_STATE_HOME", &state).over_http().await;
        let file = state.join("hf-jobs-mcp/http-token");
        let token = std::fs::read_to_string(&file).unwrap().trim().to_owned();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(token.len(), 64);
        let stderr = http.server.stderr();
        assert!(stderr.contains(file.to_str().unwrap()) && !stderr.contains(&token), "{stderr}");
        let reply = Reply::of(http.message(&initialize()).bearer_auth(&token)).await;
        assert_eq!(reply.status, 200);
        tokens.push(token);
    }
    assert_eq!(tokens[0], tokens[1]);
    assert_eq!(std::fs::read_dir(state.join("hf-jobs-mcp")).unwrap().count(), 1, "nothing else is left there");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_door_is_for_loopback_alone() {
    let hub = hub().await;
    let http = ServerBuilder::at(&hub).arg("--http-no-auth").over_http().await;
    assert_eq!(http.token, None);
    assert!(http.server.stderr().contains("no token is asked for"));
    assert_eq!(http.call("hf_whoami", json!({})).await.structured["name"], "alice");
    let evil = http.message(&initialize()).header("origin", "https://evil.example");
    assert_eq!(Reply::of(evil).await.status, 403, "names are looked at all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_does_not_start_where_it_would_be_open() {
    let files = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = files.path().join(name);
        std::fs::write(&path, text).unwrap();
        format!("--http-token-file={}", path.display())
    };
    let (short, theirs, empty) = (file("short", "secret"), file("hub", &canary()), file("empty", "\n"));
    let missing = format!("--http-token-file={}", files.path().join("missing").display());
    for (arguments, words) in [
        (vec!["--http=0.0.0.0:0"], "can be reached from other machines"),
        (vec!["--http=[::]:0"], "can be reached from other machines"),
        (vec!["--http=0.0.0.0:0", "--http-no-auth"], "anybody could run jobs as you"),
        (vec!["--http=127.0.0.1:0", &missing], "can't be read"),
        (vec!["--http=127.0.0.1:0", &short], "16 characters or more"),
        (vec!["--http=127.0.0.1:0", &empty], "16 characters or more"),
        (vec!["--http=127.0.0.1:0", &theirs], "a token of the Hub"),
        (vec!["--http=127.0.0.1:0", "--http-allowed-host=*"], "--http-allowed-host *"),
        (vec!["--http=127.0.0.1:0", "--http-allowed-origin=null"], "--http-allowed-origin null"),
        (vec!["--http=127.0.0.1:0", "--http-max-sessions=0"], "--http-max-sessions"),
        (vec!["--http=nonsense"], "--http"),
        (vec!["--http-no-auth"], "--http"),
    ] {
        let builder = arguments.iter().fold(ServerBuilder::new(), ServerBuilder::arg);
        let (code, stderr) = builder.spawn().finish().await;
        assert_eq!(code, Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(words), "{arguments:?}: {stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_others_can_reach_says_what_that_means() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "a-token-that-the-operator-chose").unwrap();
    for (argument, words) in [("--log-level=info", "runs jobs with your login"), ("--local", "runs any command")] {
        let builder = ServerBuilder::new().arg("--http=0.0.0.0:0").arg(argument);
        let server = builder.arg("--http-token-file").arg(file.path()).spawn();
        server.logged(words).await;
        assert!(server.stderr().contains("not encrypted"), "{}", server.stderr());
    }
}

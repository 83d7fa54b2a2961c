//! No redirect is followed, not those of streams and of the login either.

use std::time::Duration;

use hf_jobs_mcp::local_hub::LocalHub;
use serde_json::json;

use crate::browser_login::{Home, browser_login};
use crate::support::mirror::Mirror;
use crate::support::{Fault, Proxy, Server, ServerBuilder, canary, hub};

/// Answers a question with a redirect to another host, of each status.
async fn redirected(hub: &LocalHub, question: &str, status: u16, to: &str) -> Proxy {
    let proxy = Proxy::before(hub).await;
    let answer =
        format!("HTTP/1.1 {status} Elsewhere\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    proxy.fault(question, usize::MAX, Fault::Answer(answer.leak()));
    proxy
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_elsewhere_is_not_read() {
    let (hub, other) = (hub().await, Mirror::new().await);
    let mut direct = Server::at(&hub).await;
    let job = direct.jobs("run", json!({"command": ["sleep", "1000"], "detach": true})).await.job_id();
    direct.jobs("wait", json!({"job_id": job, "until": "running"})).await;
    for (stream, operation) in [("logs", "logs"), ("metrics", "stats")] {
        for status in [301, 302, 303, 307, 308] {
            let question = format!("GET /api/jobs/alice/{job}/{stream}");
            let proxy = redirected(&hub, &question, status, &format!("{}/{stream}", other.endpoint)).await;
            let mut server = ServerBuilder::at(&hub).env("HF_ENDPOINT", proxy.endpoint()).start().await;
            let answer = server.jobs(operation, json!({"job_id": job})).await;
            assert!(answer.is_error, "a {status} of {stream}: {answer:?}");
            assert!(proxy.left(&question) < usize::MAX, "{stream} was not asked for");
        }
    }
    assert!(other.asked().is_empty(), "another host was asked");
    direct.jobs("cancel", json!({"job_id": job})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_not_renewed_elsewhere() {
    let other = Mirror::new().await;
    for status in [301, 302, 303, 307, 308] {
        let (hub, home) = (hub().await, Home::new());
        home.log_in(&browser_login(&hub, Duration::ZERO));
        let question = "POST /oauth/token";
        let proxy = redirected(&hub, question, status, &format!("{}/oauth/token", other.endpoint)).await;
        let mut server = home.server(proxy.endpoint()).start().await;
        assert!(server.jobs("ps", json!({})).await.is_error, "a {status}");
        assert!(proxy.left(question) < usize::MAX, "no renewal was asked for");
    }
    assert!(other.asked().is_empty(), "another host was asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_list_are_read_from_the_hub_alone_and_end() {
    let (mirror, other) = (Mirror::new().await, Mirror::new().await);
    let token = canary();
    let builder = ServerBuilder::new().env("HF_ENDPOINT", &mirror.endpoint).env("HF_TOKEN", &token);
    let mut server = builder.start().await;
    let host = mirror.endpoint.strip_prefix("http://").unwrap();
    let list = json!({"all": true, "limit": 100});
    for elsewhere in [
        format!("{}/api/jobs/alice?cursor=two", other.endpoint),
        format!("//{}/api/jobs/alice?cursor=two", other.endpoint.strip_prefix("http://").unwrap()),
        format!("https://{host}/api/jobs/alice?cursor=two"),
        "http://127.0.0.1:1/api/jobs/alice?cursor=two".to_owned(),
        format!("http://me:secret@{host}/api/jobs/alice?cursor=two"),
        "file:///etc/passwd".to_owned(),
        "http://[".to_owned(),
    ] {
        mirror.header("link", &format!("<{elsewhere}>; rel=\"next\""));
        let answer = server.jobs("ps", list.clone()).await;
        assert_eq!((answer.is_error, &answer.structured["more"]), (false, &json!(true)), "{elsewhere}: {answer:?}");
        let asked = mirror.asked();
        assert!(asked.iter().all(|asked| !asked.head.contains("cursor=two")), "{elsewhere} was followed");
        mirror.restore();
    }
    assert!(other.asked().is_empty(), "another host was asked");
    // A page that is its own next one.
    mirror.header("link", "</api/jobs/alice?cursor=again>; rel=\"next\"");
    let answer = server.jobs("ps", list).await;
    assert_eq!((answer.is_error, &answer.structured["more"]), (false, &json!(true)), "{answer:?}");
    let asked = mirror.asked();
    let pages = asked.iter().filter(|asked| asked.head.contains("cursor=again")).count();
    assert!((1..=20).contains(&pages), "{pages} pages");
    assert!(asked.iter().all(|asked| asked.head.contains(&format!("Bearer {token}"))));
}

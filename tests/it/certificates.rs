//! Why there is no connection to the Hub: each reason is named as what it is, and what can't pass is tried once.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::support::{Answer, ServerBuilder, canary, canary_in};

/// A Hub with a certificate of its own, which answers nothing.
struct TlsHub {
    endpoint: String,
    /// The certificate, in a file.
    certificate: PathBuf,
    connections: Arc<AtomicUsize>,
    /// Connections of which it read a byte of a request.
    requests: Arc<AtomicUsize>,
    _directory: tempfile::TempDir,
}

impl TlsHub {
    async fn new(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let made = params.self_signed(&key).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let certificate = directory.path().join("certificate.pem");
        std::fs::write(&certificate, made.pem()).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counts = (connections.clone(), requests.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                counts.0.fetch_add(1, Ordering::SeqCst);
                if let Ok(mut client) = acceptor.accept(client).await
                    && client.read_u8().await.is_ok()
                {
                    counts.1.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        Self { endpoint, certificate, connections, requests, _directory: directory }
    }
}

/// Both tools' answers at that endpoint, in which no token shows.
async fn asked(builder: ServerBuilder, endpoint: &str) -> [Answer; 2] {
    let token = canary();
    let mut server = builder.env("HF_ENDPOINT", endpoint).env("HF_TOKEN", &token).start().await;
    let submission =
        json!({"command": ["true"], "namespace": "alice", "flavor": "cpu-basic", "secrets": {"HF_TOKEN": "$HF_TOKEN"}});
    let answers = [server.call("hf_whoami", json!({})).await, server.jobs("run", submission).await];
    let (_, stderr) = server.finish().await;
    assert!(canary_in(&format!("{answers:?}{stderr}"), &token).is_empty());
    answers
}

/// Both answers say these words and that nothing was sent, and whether it is of use to repeat the call.
fn says(answers: &[Answer], retryable: bool, words: &[&str]) {
    for answer in answers {
        assert_eq!(answer.code(), "hub_unavailable", "{answer:?}");
        assert_eq!(answer.structured["error"]["retryable"], retryable, "{answer:?}");
        for words in words.iter().chain(&["nothing was sent"]) {
            assert!(answer.text.contains(words), "{words}: {}", answer.text);
        }
        assert_eq!(answer.text.contains("tried"), retryable, "{}", answer.text);
    }
}

fn trusting(file: &Path) -> ServerBuilder {
    ServerBuilder::new().env("SSL_CERT_FILE", file)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untrusted_certificate_is_named_and_tried_once() {
    for name in ["the same name", "another name"] {
        let hub = TlsHub::new(|params| params.distinguished_name.push(DnType::CommonName, "the same name")).await;
        let other = TlsHub::new(|params| params.distinguished_name.push(DnType::CommonName, name)).await;
        let answers = asked(trusting(&other.certificate), &hub.endpoint).await;
        says(&answers, false, &["the certificate of localhost is not trusted", "`SSL_CERT_FILE`", "certificate store"]);
        // `hf_whoami`; the list of machines; the submission.
        assert!(hub.connections.load(Ordering::SeqCst) <= 3);
        assert_eq!(hub.requests.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_a_certificate_is_named_as_what_it_is() {
    type Change = fn(&mut CertificateParams);
    let expired: Change = |params| params.not_after = date_time_ymd(2020, 1, 1);
    let early: Change = |params| params.not_before = date_time_ymd(4000, 1, 1);
    let other: Change = |params| *params = CertificateParams::new(vec!["hub.example".to_owned()]).unwrap();
    for (change, words) in [
        (expired, ["certificate of localhost has expired", "date and time"]),
        (early, ["certificate of localhost is not valid yet", "date and time"]),
        (other, ["certificate that localhost shows is for another host", "HF_ENDPOINT"]),
    ] {
        let hub = TlsHub::new(change).await;
        says(&asked(trusting(&hub.certificate), &hub.endpoint).await, false, &words);
        assert_eq!(hub.requests.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_are_not_there_are_named_at_the_start_and_in_errors() {
    let hub = TlsHub::new(|_| ()).await;
    let directory = tempfile::tempdir().unwrap();
    let [missing, empty, text] = ["missing.pem", "empty.pem", "text.pem"].map(|name| directory.path().join(name));
    std::fs::write(&empty, "").unwrap();
    std::fs::write(&text, "no certificate\n").unwrap();
    for (path, fault) in
        [(&missing, "can't be read"), (&empty, "holds no certificate"), (&text, "holds no certificate")]
    {
        let answers = asked(trusting(path), &hub.endpoint).await;
        says(&answers, false, &["no certificate authorities to trust", "`SSL_CERT_FILE`", "ca-certificates"]);
        let (_, stderr) = trusting(path).env("HF_ENDPOINT", &hub.endpoint).start().await.finish().await;
        assert!(stderr.contains(&format!("`SSL_CERT_FILE` is `{}`, which {fault}", path.display())), "{stderr}");
    }
    assert_eq!(hub.connections.load(Ordering::SeqCst), 0);
    let (_, stderr) = trusting(&hub.certificate).start().await.finish().await;
    assert!(!stderr.contains("SSL_CERT_FILE"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_come_later_are_seen_by_the_next_call() {
    let hub = TlsHub::new(|_| ()).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("later.pem");
    let mut server = trusting(&file).env("HF_ENDPOINT", &hub.endpoint).env("HF_TOKEN", canary()).start().await;
    let answer = server.call("hf_whoami", json!({})).await;
    assert!(answer.text.contains("no certificate authorities"), "{answer:?}");
    std::fs::copy(&hub.certificate, &file).unwrap();
    server.call("hf_whoami", json!({})).await;
    assert!(hub.requests.load(Ordering::SeqCst) > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_without_tls_needs_no_certificates() {
    let hub = crate::support::hub().await;
    let mut server = ServerBuilder::at(&hub).env("SSL_CERT_FILE", "/nowhere.pem").start().await;
    assert_eq!(server.call("hf_whoami", json!({})).await.structured["name"], "alice");
}

/// What answers each connection with these bytes, and ends it.
async fn answering(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut first = [0; 1];
            client.read_exact(&mut first).await.ok();
            client.write_all(bytes).await.ok();
            client.shutdown().await.ok();
        }
    });
    address
}

/// An address where nothing listens any more.
async fn closed() -> String {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn other_reasons_are_told_apart() {
    let authorities = TlsHub::new(|_| ()).await;
    let builder = || trusting(&authorities.certificate);
    let proxy = |address: String| builder().env("HTTPS_PROXY", format!("http://{address}"));
    let refused = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";
    let login = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
    let hub = "https://hub.example";
    let plain = format!("https://{}", answering(b"HTTP/1.1 400 Bad Request\r\n\r\n").await);
    for (builder, endpoint, retryable, words) in [
        (builder(), format!("https://{}", closed().await), true, ["127.0.0.1 refused the connection", "HF_ENDPOINT"]),
        (builder(), plain, false, ["127.0.0.1 does not speak TLS", "HF_ENDPOINT"]),
        (builder(), "https://hub.invalid".to_owned(), true, ["the name of hub.invalid has no address", "HF_ENDPOINT"]),
        (proxy(closed().await), hub.to_owned(), true, ["the proxy refused the connection", "`HTTPS_PROXY`"]),
        (
            proxy(answering(refused).await),
            hub.to_owned(),
            true,
            ["hub.example can't be reached: the proxy refused the tunnel", "`HTTPS_PROXY`"],
        ),
        (
            proxy(answering(login).await),
            hub.to_owned(),
            false,
            ["the proxy requires a user name and a password", "`HTTPS_PROXY`"],
        ),
    ] {
        says(&asked(builder, &endpoint).await, retryable, &words);
    }
}

//! The same over TLS and HTTP/2, with a certificate that is made for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::{Request, Response};
use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use hf_jobs_mcp::local_hub::LocalHub;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::{Fault, Proxy};

impl Proxy {
    /// A proxy that passes everything on, and speaks HTTP/2 only; the file in which the certificate is that a server must trust.
    pub async fn over_http2(hub: &LocalHub, directory: &Path) -> (Self, PathBuf) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let file = directory.join("certificate.pem");
        std::fs::write(&file, made.cert.pem()).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self::at(format!("https://localhost:{}", listener.local_addr().unwrap().port()));
        let hub = hub.endpoint().trim_start_matches("http://").to_owned();
        let serving = proxy.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (proxy, hub, acceptor) = (serving.clone(), hub.clone(), acceptor.clone());
                tokio::spawn(async move { proxy.connection(client, &hub, acceptor).await });
            }
        });
        (proxy, file)
    }

    async fn connection(&self, client: TcpStream, hub: &str, acceptor: TlsAcceptor) -> Option<()> {
        let client = acceptor.accept(client).await.ok()?;
        let mut streams = h2::server::handshake(client).await.ok()?;
        let (broken, breaks) = tokio::sync::watch::channel(false);
        let mut breaks = breaks;
        loop {
            tokio::select! {
                stream = streams.accept() => {
                    let (request, respond) = stream?.ok()?;
                    let (proxy, hub, broken) = (self.clone(), hub.to_owned(), broken.clone());
                    tokio::spawn(async move {
                        if proxy.stream(request, respond, &hub).await == Some(true) {
                            broken.send(true).ok();
                        }
                    });
                }
                // The whole connection is dropped.
                _ = breaks.changed() => return None,
            }
        }
    }

    /// One request. Whether the connection breaks.
    async fn stream(&self, request: Request<RecvStream>, mut respond: SendResponse<Bytes>, hub: &str) -> Option<bool> {
        let (head, mut body) = request.into_parts();
        let path = head.uri.path_and_query()?.as_str();
        let line = format!("{} {path} HTTP/1.1\r\n", head.method);
        let fault = self.fault_of(line.as_bytes());
        if matches!(fault, Some(Fault::ResetUnread)) {
            respond.send_reset(Reason::REFUSED_STREAM);
            return None;
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = body.data().await {
            let chunk = chunk.ok()?;
            body.flow_control().release_capacity(chunk.len()).ok()?;
            bytes.extend_from_slice(&chunk);
        }
        match fault {
            Some(Fault::Answer(answer)) => {
                let (head, body) = read_answer(answer.as_bytes())?;
                return send(respond, head, &body, body.len(), None).await;
            }
            Some(Fault::ResetUnhandled) => {
                respond.send_reset(Reason::INTERNAL_ERROR);
                return None;
            }
            Some(Fault::StallUnhandled) => {
                std::future::poll_fn(|context| respond.poll_reset(context)).await.ok();
                return None;
            }
            _ => {}
        }
        let mut upstream = TcpStream::connect(hub).await.ok()?;
        let mut asked =
            format!("{line}host: {hub}\r\nconnection: close\r\ncontent-length: {}\r\n", bytes.len()).into_bytes();
        for (name, value) in head.headers.iter().filter(|(name, _)| **name != CONTENT_LENGTH) {
            asked.extend_from_slice(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        asked.extend_from_slice(b"\r\n");
        asked.extend_from_slice(&bytes);
        upstream.write_all(&asked).await.ok()?;
        let mut answer = Vec::new();
        upstream.read_to_end(&mut answer).await.ok()?;
        let (head, body) = read_answer(&answer)?;
        let Some(fault) = fault else { return send(respond, head, &body, body.len(), None).await };
        self.handled.notify_one();
        match fault {
            Fault::HandleAndAnswer(other) => {
                let (head, body) = read_answer(other.as_bytes())?;
                send(respond, head, &body, body.len(), None).await
            }
            Fault::Pieces(pieces) => send(respond, head, &body, pieces, None).await,
            Fault::CutAnswer(_) => send(respond, head, &[], 1, Some(Reason::CANCEL)).await,
            Fault::CutEnd(bytes) => {
                let kept = body.len().saturating_sub(bytes);
                send(respond, head, &body[..kept], kept.max(1), Some(Reason::INTERNAL_ERROR)).await
            }
            Fault::ResetAnswer => {
                respond.send_reset(Reason::INTERNAL_ERROR);
                None
            }
            Fault::Stall => {
                std::future::poll_fn(|context| respond.poll_reset(context)).await.ok();
                None
            }
            Fault::Endless => {
                let mut stream = respond.send_response(head, false).ok()?;
                while write(&mut stream, Bytes::from_static(&[b' '; 8192])).await.is_some() {}
                None
            }
            // The connection is closed before the answer.
            _ => Some(true),
        }
    }
}

/// The head and the body of an answer of HTTP/1.1.
fn read_answer(answer: &[u8]) -> Option<(Response<()>, Vec<u8>)> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let text = String::from_utf8_lossy(&answer[..end]).into_owned();
    let mut lines = text.lines();
    let status: u16 = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut response = Response::builder().status(status);
    for line in lines {
        let (name, value) = line.split_once(':')?;
        let name = name.to_lowercase();
        if ![CONNECTION.as_str(), TRANSFER_ENCODING.as_str()].contains(&name.as_str()) {
            response = response.header(name, value.trim());
        }
    }
    Some((response.body(()).ok()?, answer[end + 4..].to_vec()))
}

/// Sends an answer in pieces, and resets its stream instead of ending it.
async fn send(
    mut respond: SendResponse<Bytes>,
    head: Response<()>,
    body: &[u8],
    pieces: usize,
    reset: Option<Reason>,
) -> Option<bool> {
    let mut stream = respond.send_response(head, body.is_empty() && reset.is_none()).ok()?;
    for piece in body.chunks(pieces.max(1)) {
        write(&mut stream, Bytes::copy_from_slice(piece)).await?;
    }
    match reset {
        Some(reason) => stream.send_reset(reason),
        None if !body.is_empty() => stream.send_data(Bytes::new(), true).ok()?,
        None => {}
    }
    None
}

/// Writes as the other side takes it.
async fn write(stream: &mut SendStream<Bytes>, mut bytes: Bytes) -> Option<()> {
    while !bytes.is_empty() {
        stream.reserve_capacity(bytes.len());
        let capacity = std::future::poll_fn(|context| stream.poll_capacity(context)).await?.ok()?;
        let piece = bytes.split_to(capacity.min(bytes.len()));
        stream.send_data(piece, false).ok()?;
    }
    Some(())
}

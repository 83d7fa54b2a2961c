//! A proxy in front of the local Hub, which does to requests what networks do.

mod http2;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use hf_jobs_mcp::local_hub::LocalHub;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// What happens to a request.
#[derive(Clone)]
pub enum Fault {
    /// The Hub never sees it, and the connection is reset before it is read.
    ResetUnread,
    /// The Hub never sees it, and the connection is reset when it was read.
    ResetUnhandled,
    /// The Hub never sees it; this is the answer.
    Answer(&'static str),
    /// The Hub never sees it, and there is no answer for as long as the server waits.
    StallUnhandled,
    /// The Hub handles it, and the connection is closed before its answer.
    LoseAnswer,
    /// The Hub handles it, and the connection is reset before its answer.
    ResetAnswer,
    /// The Hub handles it, and there is no answer for as long as the server waits.
    Stall,
    /// The Hub handles it, and its answer waits until it is let go.
    HoldAnswer(Arc<Notify>),
    /// The Hub handles it; this is the answer instead of its own.
    HandleAndAnswer(&'static str),
    /// The Hub handles it, and only so many bytes of its answer come.
    CutAnswer(usize),
    /// The Hub handles it, and so many bytes of its answer are missing at the end.
    CutEnd(usize),
    /// The Hub handles it, and its answer comes in pieces of so many bytes.
    Pieces(usize),
    /// The Hub handles it, and what is answered never ends.
    Endless,
    /// Its answer passes as it comes, and this is told when the server gives up reading it.
    TellWhenLeft(Arc<Notify>),
}

/// Waits until it is told, and not for ever.
pub async fn told(notify: &Notify) {
    tokio::time::timeout(PATIENCE, notify.notified()).await.expect("nothing was told");
}

/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A rule: the next `times` requests that begin so have that fault.
struct Rule {
    begins: String,
    times: usize,
    fault: Fault,
}

/// The proxy.
#[derive(Clone)]
pub struct Proxy {
    endpoint: String,
    rules: Arc<Mutex<Vec<Rule>>>,
    handled: Arc<Notify>,
    closed: CancellationToken,
}

impl Proxy {
    /// A proxy that passes everything on.
    pub async fn before(hub: &LocalHub) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self::at(format!("http://{}", listener.local_addr().unwrap()));
        let hub = hub.endpoint().trim_start_matches("http://").to_owned();
        let serving = proxy.clone();
        tokio::spawn(async move {
            while let Some(Ok((client, _))) = serving.closed.run_until_cancelled(listener.accept()).await {
                let (proxy, hub) = (serving.clone(), hub.clone());
                tokio::spawn(async move { proxy.pass(client, &hub).await });
            }
        });
        proxy
    }

    fn at(endpoint: String) -> Self {
        Self { endpoint, rules: Arc::default(), handled: Arc::new(Notify::new()), closed: CancellationToken::new() }
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The next `times` requests whose first line begins so have that fault.
    pub fn fault(&self, begins: &str, times: usize, fault: Fault) {
        self.rules.lock().unwrap().push(Rule { begins: begins.to_owned(), times, fault });
    }

    /// No request has a fault any more.
    pub fn clear(&self) {
        self.rules.lock().unwrap().clear();
    }

    /// How many requests the faults of that beginning still wait for.
    pub fn left(&self, begins: &str) -> usize {
        self.rules.lock().unwrap().iter().filter(|rule| rule.begins == begins).map(|rule| rule.times).sum()
    }

    /// No connection is taken any more.
    pub async fn close(&self) {
        self.closed.cancel();
        // The listener is gone when a connection is refused.
        let address = self.endpoint.trim_start_matches("http://");
        while TcpStream::connect(address).await.is_ok() {}
    }

    /// Resolves when the Hub has handled a request that has a fault.
    pub async fn handled(&self) {
        self.handled.notified().await;
    }

    fn fault_of(&self, request: &[u8]) -> Option<Fault> {
        let mut rules = self.rules.lock().unwrap();
        let rule = rules.iter_mut().find(|rule| rule.times > 0 && request.starts_with(rule.begins.as_bytes()))?;
        rule.times -= 1;
        Some(rule.fault.clone())
    }

    /// One request; the connection ends with its answer.
    async fn pass(&self, mut client: TcpStream, hub: &str) -> Option<()> {
        let line = read_line(&mut client).await?;
        let fault = self.fault_of(&line);
        if matches!(fault, Some(Fault::ResetUnread)) {
            return client.set_zero_linger().ok();
        }
        let request = read_request(&mut client, line).await?;
        match fault {
            Some(Fault::Answer(answer)) => return client.write_all(answer.as_bytes()).await.ok(),
            Some(Fault::ResetUnhandled) => return client.set_zero_linger().ok(),
            Some(Fault::StallUnhandled) => return client.read_u8().await.ok().map(|_| ()),
            _ => {}
        }
        let mut upstream = TcpStream::connect(hub).await.ok()?;
        let line_end = request.windows(2).position(|pair| pair == b"\r\n")? + 2;
        upstream.write_all(&request[..line_end]).await.ok()?;
        upstream.write_all(b"connection: close\r\n").await.ok()?;
        upstream.write_all(&request[line_end..]).await.ok()?;
        let Some(fault) = fault else {
            return tokio::io::copy(&mut upstream, &mut client).await.map(|_| ()).ok();
        };
        if let Fault::TellWhenLeft(left) = fault {
            let (mut reading, mut writing) = client.split();
            tokio::select! {
                biased;
                _ = tokio::io::copy(&mut upstream, &mut writing) => {}
                _ = reading.read_u8() => left.notify_one(),
            }
            return Some(());
        }
        let mut answer = Vec::new();
        upstream.read_to_end(&mut answer).await.ok()?;
        self.handled.notify_one();
        match fault {
            Fault::HoldAnswer(release) => {
                release.notified().await;
                client.write_all(&answer).await.ok()
            }
            Fault::HandleAndAnswer(other) => client.write_all(other.as_bytes()).await.ok(),
            Fault::ResetAnswer => client.set_zero_linger().ok(),
            Fault::Stall => client.read_u8().await.ok().map(|_| ()),
            Fault::CutAnswer(bytes) => client.write_all(&answer[..bytes.min(answer.len())]).await.ok(),
            Fault::CutEnd(bytes) => client.write_all(&answer[..answer.len().saturating_sub(bytes)]).await.ok(),
            Fault::Pieces(bytes) => {
                client.set_nodelay(true).ok()?;
                for piece in answer.chunks(bytes) {
                    client.write_all(piece).await.ok()?;
                    tokio::task::yield_now().await;
                }
                Some(())
            }
            Fault::Endless => {
                client.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"id\": \"").await.ok()?;
                while client.write_all(&vec![b'x'; 64 * 1024]).await.is_ok() {}
                Some(())
            }
            _ => Some(()),
        }
    }
}

/// The first bytes of a request, of its first line at the least.
async fn read_line(client: &mut TcpStream) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    while !line.contains(&b'\n') {
        if client.read_buf(&mut line).await.ok()? == 0 {
            return None;
        }
    }
    Some(line)
}

/// A request, whole: its head, and as much body as the head says.
async fn read_request(client: &mut TcpStream, mut request: Vec<u8>) -> Option<Vec<u8>> {
    let head = loop {
        if let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if client.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8_lossy(&request[..head]).to_lowercase();
    let length =
        text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok()).unwrap_or(0);
    while request.len() < head + length {
        if client.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
    Some(request)
}

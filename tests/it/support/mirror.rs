//! A Hub that has one answer to each question, into which a test puts what it likes, and that keeps all that it is sent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub const JOB: &str = "66f0a1b2c3d4e5f601234567";
pub const SCHEDULED: &str = "77f0a1b2c3d4e5f601234567";

/// What a server asked: the head with its request line, and the body.
#[derive(Clone, Debug)]
pub struct Asked {
    pub head: String,
    pub body: String,
}

/// The kinds of answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    WhoAmI,
    Hardware,
    Job,
    Scheduled,
    Log,
    Metrics,
}

impl Kind {
    pub const ALL: [Self; 6] = [Self::WhoAmI, Self::Hardware, Self::Job, Self::Scheduled, Self::Log, Self::Metrics];

    /// An answer that has every field that the server reads.
    pub fn template(self) -> Value {
        let spec = json!({
            "dockerImage": "busybox", "spaceId": "alice/space", "command": ["true"], "arguments": ["one"], "flavor": "cpu-basic",
            "arch": "amd64", "timeout": 60, "retry": 1, "environment": {"LEVEL": "info"}, "secrets": ["KEY"],
            "labels": {"name": "n"},
            "volumes": [{"type": "dataset", "source": "alice/d", "mountPath": "/d", "revision": "main", "path": "p", "readOnly": true}],
            "expose": {"ports": [8000], "portsPublic": [8000]}, "network": {"group": "g", "aliases": ["a"]},
            "resourceGroupId": "66f0a1b2c3d4e5f601234599",
        });
        let with = |mut own: Value| {
            own.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
            own
        };
        match self {
            Self::WhoAmI => json!({
                "type": "user", "id": "1", "name": "alice", "isPro": true, "canPay": true,
                "orgs": [{"name": "org", "roleInOrg": "admin", "plan": "team", "canPay": true}],
                "auth": {"type": "access_token", "expiresAt": "2027-11-23T10:00:00.000Z", "accessToken": {
                    "displayName": "laptop", "role": "fineGrained",
                    "fineGrained": {"scoped": [{"entity": {"name": "alice"}, "permissions": ["job.write"]}]},
                }},
            }),
            Self::Hardware => json!([{
                "name": "cpu-basic", "prettyName": "CPU Basic", "cpu": "2 vCPU", "ram": "16 GB", "ephemeralStorage": "20 GB",
                "accelerator": {"type": "gpu", "model": "T4", "quantity": "1", "vram": "16 GB", "manufacturer": "Nvidia"},
                "unitCostMicroUSD": 167, "unitLabel": "minute",
            }]),
            Self::Job => with(json!({
                "id": JOB, "createdAt": "2026-11-23T10:00:00.000Z", "startedAt": "2026-11-23T10:00:05.000Z",
                "finishedAt": "2026-11-23T10:00:09.000Z", "durations": {"running": 4},
                "owner": {"name": "alice"}, "initiator": {"type": "job", "id": JOB},
                "status": {
                    "stage": "ERROR", "message": "exit 1", "cancelReason": "user", "failureCount": 1,
                    "exposeUrls": ["https://x.hf.jobs"], "sshUrl": "ssh://x@ssh.hf.jobs",
                },
            })),
            Self::Scheduled => json!({
                "id": SCHEDULED, "createdAt": "2026-11-23T10:00:00.000Z", "schedule": "@daily", "suspend": true,
                "suspendReason": "user", "concurrency": true, "owner": {"name": "alice"}, "jobSpec": spec,
                "status": {"lastJob": {"id": JOB, "at": "2026-11-23T10:00:00.000Z"}, "nextJobRunAt": "2027-11-24T00:00:00.000Z"},
            }),
            Self::Log => json!({"data": "a line", "timestamp": "2026-11-23T10:00:06.000Z"}),
            Self::Metrics => json!({
                "cpu_usage_pct": 1, "cpu_millicores": 1000, "memory_used_bytes": 1, "memory_total_bytes": 2, "rx_bps": 1, "tx_bps": 1,
                "gpus": {"gpu0": {"utilization": 1, "memory_used_bytes": 1, "memory_total_bytes": 2}},
            }),
        }
    }
}

/// Which requests, by the kind of their answer.
pub type Which = fn(Kind) -> bool;

/// What is answered with what is no answer.
#[derive(Clone)]
struct Fault {
    which: Which,
    bytes: Vec<u8>,
    resets: bool,
}

#[derive(Default)]
struct State {
    /// What is answered instead of a kind's template.
    instead: Option<(Kind, Value)>,
    /// The status and the body of every answer.
    refusal: Option<(u16, String)>,
    /// A header of every answer.
    header: Option<(String, String)>,
    /// The bytes of every event stream, chunk by chunk.
    chunks: Option<Vec<Vec<u8>>>,
    /// Bytes in the place of an answer.
    fault: Option<Fault>,
    asked: Vec<Asked>,
}

/// The Hub.
#[derive(Clone)]
pub struct Mirror {
    pub endpoint: String,
    state: Arc<Mutex<State>>,
}

impl Mirror {
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mirror = Self { endpoint: format!("http://{}", listener.local_addr().unwrap()), state: Arc::default() };
        let serving = mirror.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let mirror = serving.clone();
                tokio::spawn(async move { mirror.answer(client).await });
            }
        });
        mirror
    }

    /// From now on answers of this kind are that.
    pub fn instead(&self, kind: Kind, answer: Value) {
        self.state.lock().unwrap().instead = Some((kind, answer));
    }

    /// From now on every answer is refused so, but who asks is always told.
    pub fn refuse(&self, status: u16, body: String) {
        self.state.lock().unwrap().refusal = Some((status, body));
    }

    /// From now on every answer has this header.
    pub fn header(&self, name: &str, value: &str) {
        self.state.lock().unwrap().header = Some((name.to_owned(), value.to_owned()));
    }

    /// From now on event streams are that.
    pub fn chunks(&self, chunks: Vec<Vec<u8>>) {
        self.state.lock().unwrap().chunks = Some(chunks);
    }

    /// From now on these requests are answered with those bytes, after which the connection is closed, or reset.
    pub fn fault(&self, which: Which, bytes: Vec<u8>, resets: bool) {
        self.state.lock().unwrap().fault = Some(Fault { which, bytes, resets });
    }

    /// Answers as at first.
    pub fn restore(&self) {
        let mut state = self.state.lock().unwrap();
        let asked = std::mem::take(&mut state.asked);
        *state = State { asked, ..State::default() };
    }

    /// What was asked since this was last called.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.state.lock().unwrap().asked)
    }

    async fn answer(&self, mut client: TcpStream) -> Option<()> {
        let asked = read(&mut client).await?;
        let mut line = asked.head.split(' ');
        let (method, target) = (line.next()?.to_owned(), line.next()?.to_owned());
        let path = target.split('?').next()?.to_owned();
        let (instead, refusal, header, chunks, fault) = {
            let mut state = self.state.lock().unwrap();
            state.asked.push(asked);
            let State { instead, refusal, header, chunks, fault, .. } = &*state;
            (instead.clone(), refusal.clone(), header.clone(), chunks.clone(), fault.clone())
        };
        let of = |kind: Kind| match &instead {
            Some((other, answer)) if *other == kind => answer.clone(),
            _ => kind.template(),
        };
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let (kind, body) = match (method.as_str(), parts.as_slice()) {
            (_, ["api", "whoami-v2"]) => (Some(Kind::WhoAmI), of(Kind::WhoAmI)),
            (_, ["api", "jobs", "hardware"]) => (Some(Kind::Hardware), of(Kind::Hardware)),
            ("GET", ["api", "jobs", _]) => (Some(Kind::Job), json!([of(Kind::Job)])),
            ("GET", ["api", "jobs", _, "count"]) => (Some(Kind::Job), json!({"count": 40})),
            ("GET", ["api", "jobs", _, _, "logs"]) => (Some(Kind::Log), of(Kind::Log)),
            ("GET", ["api", "jobs", _, _, "metrics"]) => (Some(Kind::Metrics), of(Kind::Metrics)),
            ("GET", ["api", "scheduled-jobs", _]) => (Some(Kind::Scheduled), json!([of(Kind::Scheduled)])),
            (_, ["api", "scheduled-jobs", _, _, "run"] | ["api", "jobs", ..]) => (Some(Kind::Job), of(Kind::Job)),
            (_, ["api", "scheduled-jobs", ..]) => (Some(Kind::Scheduled), of(Kind::Scheduled)),
            _ => (None, json!({"error": "no such page"})),
        };
        if let Some(fault) = fault.filter(|fault| kind.is_some_and(|kind| (fault.which)(kind))) {
            client.write_all(&fault.bytes).await.ok()?;
            if !fault.resets {
                return client.shutdown().await.ok();
            }
            // What was written is still to be read before the reset discards it.
            tokio::time::sleep(Duration::from_millis(20)).await;
            return client.set_zero_linger().ok();
        }
        let extra = header.map(|(name, value)| format!("{name}: {value}\r\n")).unwrap_or_default();
        let (status, body) = match refusal {
            Some((status, body)) if kind != Some(Kind::WhoAmI) => (status, body),
            _ if matches!(kind, Some(Kind::Log | Kind::Metrics)) => {
                let head =
                    format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n{extra}\r\n");
                client.write_all(head.as_bytes()).await.ok()?;
                client.set_nodelay(true).ok()?;
                let whole = format!("data: {body}\n\n").into_bytes();
                for chunk in chunks.unwrap_or_else(|| vec![whole]) {
                    client.write_all(&chunk).await.ok()?;
                    tokio::task::yield_now().await;
                }
                return client.shutdown().await.ok();
            }
            _ => (200, body.to_string()),
        };
        let head = format!(
            "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n{extra}\r\n",
            body.len()
        );
        client.write_all([head.as_bytes(), body.as_bytes()].concat().as_slice()).await.ok()
    }
}

async fn read(client: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if client.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse::<usize>().ok())
        .unwrap_or(0);
    while bytes.len() < end + length {
        if client.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(Asked { head, body: String::from_utf8_lossy(&bytes[end..]).into_owned() })
}

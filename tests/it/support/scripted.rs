//! A Hub whose jobs print what a test says, over connections that end as it says.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Server, ServerBuilder, canary};

/// What begins every log.
pub const MARKER: &str = "===== Job started at 2026-11-23 10:00:12 =====";

/// A line of a log, with its time stamp.
#[derive(Clone)]
pub struct Logged {
    pub text: String,
    pub time: String,
}

/// How a connection to a log goes on after what it brings.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It ends as it should.
    Ends,
    /// It breaks.
    Breaks,
    /// It is reset.
    Resets,
    /// It stays open, and silent.
    Stays,
    /// It stays open, with a sign of life that often.
    KeepsAlive(Duration),
}

/// One connection to a log.
#[derive(Clone)]
pub struct Connection {
    /// How many lines the log has by then.
    pub lines: usize,
    /// After how many bytes it breaks off.
    pub cut: Option<usize>,
    /// In pieces of that many bytes.
    pub pieces: usize,
    pub then: Then,
    /// An answer instead of a log.
    pub refused: Option<&'static str>,
    /// The stage from then on.
    pub stage: Option<&'static str>,
}

impl Connection {
    /// It brings that many lines of the log, and ends so.
    pub fn of(lines: usize, then: Then) -> Self {
        Self { lines, cut: None, pieces: usize::MAX, then, refused: None, stage: None }
    }

    /// It breaks off after so many bytes.
    pub fn cut(mut self, bytes: usize) -> Self {
        self.cut = Some(bytes);
        self
    }

    /// It comes in pieces of that many bytes.
    pub fn pieces(mut self, bytes: usize) -> Self {
        self.pieces = bytes;
        self
    }

    /// The job is at that stage when it has brought what it brings.
    pub fn stage(mut self, stage: &'static str) -> Self {
        self.stage = Some(stage);
        self
    }

    /// It is answered with that status line instead.
    pub fn refused(status: &'static str) -> Self {
        Self { refused: Some(status), ..Self::of(0, Then::Ends) }
    }
}

/// A job: its log, the connections to it, what it says of its stage.
#[derive(Clone)]
pub struct ScriptedJob {
    pub log: Vec<Logged>,
    /// The last one stays.
    pub connections: Vec<Connection>,
    /// Where the markers of the job's start are, besides the first.
    pub markers: Vec<usize>,
    pub stage: &'static str,
    pub message: Option<&'static str>,
    /// Answers to questions for the job, before it says its stage: status lines.
    pub failures: VecDeque<&'static str>,
    /// How many more questions are answered with the old stage when it changes.
    pub lag: usize,
    /// The Hub's clock, as its `Date` says it.
    pub date: Option<String>,
}

impl ScriptedJob {
    /// A job that runs, and prints those lines, one a second.
    pub fn printing(texts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let log = texts.into_iter().enumerate().map(|(at, text)| Logged { text: text.into(), time: second(at) });
        Self {
            log: log.collect(),
            connections: Vec::new(),
            markers: Vec::new(),
            stage: "RUNNING",
            message: None,
            failures: VecDeque::new(),
            lag: 0,
            date: None,
        }
    }

    /// With those connections, one after the other; the last for ever.
    pub fn over(mut self, connections: impl IntoIterator<Item = Connection>) -> Self {
        self.connections = connections.into_iter().collect();
        self
    }

    /// All of whose lines have one time stamp.
    pub fn at_once(mut self) -> Self {
        self.log.iter_mut().for_each(|line| line.time = second(0));
        self
    }

    /// How many bytes a replay of the whole log has.
    pub fn bytes(&self) -> usize {
        replay(self, self.log.len(), None).len()
    }

    pub fn texts(&self) -> Vec<String> {
        self.log.iter().map(|line| line.text.clone()).collect()
    }
}

/// That many seconds after the job's start.
pub fn second(at: usize) -> String {
    format!("2026-11-23T{:02}:{:02}:{:02}.155Z", 10 + at / 3600, at / 60 % 60, at % 60)
}

#[derive(Default)]
struct State {
    jobs: Vec<ScriptedJob>,
    /// The connections so far, and what is left of the lag, by job.
    opened: BTreeMap<usize, usize>,
    next_stage: BTreeMap<usize, (&'static str, usize)>,
    asked: Vec<String>,
}

/// The Hub.
#[derive(Clone)]
pub struct ScriptedHub {
    pub endpoint: String,
    state: Arc<Mutex<State>>,
}

impl ScriptedHub {
    /// A Hub of these jobs.
    pub async fn of(jobs: impl IntoIterator<Item = ScriptedJob>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let state = State { jobs: jobs.into_iter().collect(), ..State::default() };
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let hub = Self { endpoint, state: Arc::new(Mutex::new(state)) };
        let serving = hub.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let hub = serving.clone();
                tokio::spawn(async move { hub.answer(client).await });
            }
        });
        hub
    }

    /// A server at this Hub.
    pub async fn server(&self) -> Server {
        ServerBuilder::new().env("HF_ENDPOINT", &self.endpoint).env("HF_TOKEN", canary()).start().await
    }

    /// The reference of a job.
    pub fn job(at: usize) -> String {
        format!("alice/{at:024x}")
    }

    /// The requests so far that hold these words: method, path and query.
    pub fn asked(&self, words: &str) -> Vec<String> {
        self.state.lock().unwrap().asked.iter().filter(|asked| asked.contains(words)).cloned().collect()
    }

    async fn answer(&self, mut client: TcpStream) -> Option<()> {
        let mut request = Vec::new();
        while !request.windows(4).any(|four| four == b"\r\n\r\n") {
            if client.read_buf(&mut request).await.ok()? == 0 {
                return None;
            }
        }
        let text = String::from_utf8_lossy(&request).into_owned();
        let (asked, _) = text.split_once(" HTTP/")?;
        let asked = asked.to_owned();
        self.state.lock().unwrap().asked.push(asked.clone());
        let (path, query) = asked.split_once(' ')?.1.split_once('?').unwrap_or((asked.split_once(' ')?.1, ""));
        let Some(path) = path.strip_prefix("/api/jobs/alice/") else {
            let answer = json!({"type": "user", "id": "1", "name": "alice", "orgs": []}).to_string();
            return client.write_all(plain("200 OK", "", &answer).as_bytes()).await.ok();
        };
        let (id, below) = path.split_once('/').unwrap_or((path, ""));
        let at = usize::from_str_radix(id, 16).ok()?;
        if below == "logs" {
            let tail = query.strip_prefix("tail=").and_then(|tail| tail.parse().ok());
            return self.log(client, at, tail).await;
        }
        let (status, body, date) = self.job_answer(at, id);
        client.write_all(plain(status, &date, &body).as_bytes()).await.ok()
    }

    fn job_answer(&self, at: usize, id: &str) -> (&'static str, String, String) {
        let mut state = self.state.lock().unwrap();
        let due = match state.next_stage.get_mut(&at) {
            Some((next, 0)) => Some(*next),
            Some((_, lag)) => {
                *lag -= 1;
                None
            }
            None => None,
        };
        let job = &mut state.jobs[at];
        if let Some(next) = due {
            job.stage = next;
        }
        let date = date(job);
        if let Some(status) = job.failures.pop_front() {
            return (status, "{}".to_owned(), date);
        }
        let message = (job.stage != "RUNNING").then_some(job.message).flatten();
        let body = json!({
            "id": id, "createdAt": second(0), "owner": {"name": "alice", "type": "user"}, "command": ["true"],
            "dockerImage": "busybox", "flavor": "cpu-basic", "status": {"stage": job.stage, "message": message},
        });
        ("200 OK", body.to_string(), date)
    }

    async fn log(&self, mut client: TcpStream, at: usize, tail: Option<usize>) -> Option<()> {
        let (job, connection) = {
            let mut state = self.state.lock().unwrap();
            let opened = state.opened.entry(at).or_default();
            let nth = *opened;
            *opened += 1;
            let job = state.jobs[at].clone();
            let connection = job.connections.get(nth).or(job.connections.last()).unwrap().clone();
            (job, connection)
        };
        if let Some(status) = connection.refused {
            self.becomes(at, &connection);
            return client.write_all(plain(status, &date(&job), "{}").as_bytes()).await.ok();
        }
        // Made before the answer begins, so that it comes without a pause.
        let mut bytes = replay(&job, connection.lines, tail);
        bytes.truncate(connection.cut.unwrap_or(usize::MAX));
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n{}transfer-encoding: chunked\r\n\r\n",
            date(&job)
        );
        client.write_all(head.as_bytes()).await.ok()?;
        client.set_nodelay(true).ok()?;
        for piece in bytes.chunks(connection.pieces) {
            write_chunk(&mut client, piece).await?;
        }
        self.becomes(at, &connection);
        let then = if connection.cut.is_some() { Then::Breaks } else { connection.then };
        match then {
            Then::Ends => client.write_all(b"0\r\n\r\n").await.ok(),
            Then::Breaks => client.shutdown().await.ok(),
            Then::Resets => {
                // What was written is still to be read before the reset discards it.
                tokio::time::sleep(Duration::from_millis(20)).await;
                client.set_zero_linger().ok()
            }
            Then::Stays => client.read_u8().await.ok().map(|_| ()),
            Then::KeepsAlive(every) => loop {
                tokio::time::sleep(every).await;
                write_chunk(&mut client, b": keep-alive\n\n").await?;
            },
        }
    }

    fn becomes(&self, at: usize, connection: &Connection) {
        let mut state = self.state.lock().unwrap();
        let coming = state.next_stage.get(&at).map(|(stage, _)| *stage);
        if let Some(stage) = connection.stage.filter(|stage| coming != Some(stage)) {
            let lag = state.jobs[at].lag;
            state.next_stage.insert(at, (stage, lag));
        }
    }
}

async fn write_chunk(client: &mut TcpStream, bytes: &[u8]) -> Option<()> {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    client.write_all(&chunk).await.ok()
}

/// The events of a replay: the marker of the start, then the lines, or the last of them.
fn replay(job: &ScriptedJob, lines: usize, tail: Option<usize>) -> Vec<u8> {
    let mut text = event(MARKER, &second(0));
    let first = tail.map_or(0, |tail| lines.saturating_sub(tail));
    for (at, line) in job.log.iter().enumerate().take(lines).skip(first) {
        if job.markers.contains(&at) {
            text.push_str(&event(MARKER, &line.time));
        }
        text.push_str(&event(&line.text, &line.time));
    }
    text.into_bytes()
}

fn event(text: &str, time: &str) -> String {
    format!("data: {}\n\n", json!({"data": text, "timestamp": time}))
}

fn date(job: &ScriptedJob) -> String {
    job.date.as_ref().map(|date| format!("date: {date}\r\n")).unwrap_or_default()
}

fn plain(status: &str, headers: &str, body: &str) -> String {
    let mut answer = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n{headers}");
    write!(answer, "content-length: {}\r\n\r\n{body}", body.len()).unwrap();
    answer
}

//! Reading a job's log: what is there now, or along until a deadline, across dropped streams, without loss or repetition.
//!
//! Each connection replays the log from its start and none says that it is the end; only the job's stage says that it is
//! over, and it lags the last line by a second or so. So the stage is asked whenever a stream ends or falls silent.

use std::time::{Duration, SystemTime};

use regex::Regex;
use reqwest::Method;
use serde::Deserialize;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::client::Caller;
use super::cursor::{Cursor, Position, Skip};
use super::job::{Job, Target};
use super::jobs::hub_time;
use super::sse::{Decoder, Event};
use super::window::Window;
use crate::error::{Access, HubError};
use crate::secrets::Clean;

/// What begins the lines that tell of the job's start (`huggingface_hub` hides them, too): news of the stage, not output.
const STARTED_MARKER: &str = "===== Job started";
/// The most of a line that is kept, in characters: what is longer is data, not words for a reader.
const LINE_MAX_CHARS: usize = 2000;
/// The silence after which a log that is read as it is now counts as read; the Hub replays without pauses.
const DRAINED_AFTER: Duration = Duration::from_millis(700);
/// The silence after which the log of a job that is over counts as read, though its stream stays open.
const OVER_AFTER: Duration = Duration::from_secs(5);
/// How long the first event of such a log may take.
const FIRST_EVENT: Duration = Duration::from_secs(4);
/// How long such a log is read at most: a job that prints without pause never falls silent.
const NOW_AT_MOST: Duration = Duration::from_secs(20);
/// The silence after which a followed job's stage is asked.
const SILENCE: Duration = Duration::from_secs(2);
/// The pause before the first reconnection; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause between two connections.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// What to read of a log.
pub struct Follow {
    /// Whose log.
    pub target: Target,
    /// From where.
    pub from: Start,
    /// Until when to follow; `None` reads what is there now.
    pub until: Option<Instant>,
    /// How many lines to keep.
    pub lines: usize,
    /// How many bytes of text to keep.
    pub bytes: usize,
    /// Only lines that match are kept.
    pub matching: Option<Regex>,
}

/// Where reading starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// At the first line; the newest lines are kept.
    Beginning,
    /// That many lines before the end; the newest lines are kept.
    Tail(u64),
    /// Where an earlier answer ended; the oldest lines are kept, so that the next cursor goes on from there.
    Cursor(Cursor),
}

/// A line of a job's output.
#[derive(Debug, Clone)]
pub struct LogLine {
    /// The line, cleaned and at most 2,000 characters.
    pub text: Clean,
}

/// Who wants to know while a log is followed.
pub trait Observer: Send {
    /// The job's stage was asked.
    fn stage(&mut self, job: &Job);
    /// A line came.
    fn line(&mut self, line: &LogLine);
}

/// Why reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The job is over, and its log was read to the end.
    Finished,
    /// The time was up.
    Deadline,
    /// The caller cancelled.
    Cancelled,
    /// Everything that was there now was read.
    Drained,
    /// As many lines as can be answered were read, and there are more.
    Full,
}

/// What was read.
#[derive(Debug)]
pub struct Followed {
    /// The lines that were kept, in order.
    pub lines: Vec<LogLine>,
    /// How many lines were read and not kept.
    pub dropped: u64,
    /// The job as it was last.
    pub job: Job,
    /// Why reading ended.
    pub ended: Ended,
    /// Where to go on.
    pub cursor: Cursor,
    /// The place of the cursor was not found in the log, which was read from its start instead.
    pub ambiguous: bool,
}

#[derive(Deserialize)]
struct WireLine {
    data: String,
    #[serde(default)]
    timestamp: String,
}

/// Why one connection ended.
enum Stop {
    /// All is done.
    Done(Ended),
    /// The stream ended or broke: there may be more on another.
    Stream,
}

struct Reader<'a> {
    caller: &'a Caller,
    follow: Follow,
    observer: &'a mut dyn Observer,
    cancelled: &'a CancellationToken,
    job: Job,
    /// The job was known to be over before the present connection was made, so that its end is the log's.
    over_before: bool,
    window: Window,
    position: Position,
    ambiguous: bool,
}

impl Caller {
    /// Reads a log as [`Follow`] says.
    ///
    /// # Errors
    /// The job can't be read, or its log can't be opened within the time.
    pub async fn follow(
        &self,
        follow: Follow,
        observer: &mut dyn Observer,
        cancelled: &CancellationToken,
    ) -> Result<Followed, HubError> {
        let job = self.job(&follow.target).await?;
        observer.stage(&job);
        let newest = !matches!(follow.from, Start::Cursor(_));
        let position = match &follow.from {
            Start::Beginning => Position::start(),
            Start::Tail(_) => Position::somewhere(),
            Start::Cursor(cursor) => Position::of(cursor),
        };
        let mut reader = Reader {
            over_before: job.stage.is_terminal(),
            window: Window::new(follow.lines, follow.bytes, newest),
            caller: self,
            follow,
            observer,
            cancelled,
            job,
            position,
            ambiguous: false,
        };
        let ended = reader.run().await?;
        let (lines, dropped) = reader.window.into_lines();
        let Reader { job, position, ambiguous, .. } = reader;
        Ok(Followed { lines, dropped, job, ended, cursor: position.cursor(), ambiguous })
    }
}

impl Reader<'_> {
    async fn run(&mut self) -> Result<Ended, HubError> {
        let mut tail = match self.follow.from {
            Start::Tail(lines) => Some(lines),
            _ => None,
        };
        let mut pause = FIRST_PAUSE;
        let end = self.follow.until.unwrap_or_else(|| Instant::now() + NOW_AT_MOST).min(self.caller.deadline());
        let cancelled = self.cancelled;
        let mut begun = false;
        loop {
            let seen = self.position.cursor();
            let stop = match self.connection(tail, end).await {
                Ok(stop) => stop,
                Err(error) if error.refusal.retryable() && Instant::now() + pause < end => Stop::Stream,
                // What was read is worth more than the news that there is no more of it for now.
                Err(error) if error.refusal.retryable() && begun => return Ok(Ended::Deadline),
                Err(error) => return Err(error),
            };
            begun = true;
            if let Stop::Done(ended) = stop {
                return Ok(ended);
            }
            if self.position.knows_start() || self.position.cursor() != seen {
                tail = None;
            }
            if self.position.cursor() != seen {
                pause = FIRST_PAUSE;
            }
            if Instant::now() + pause >= end {
                return Ok(Ended::Deadline);
            }
            tokio::select! {
                () = cancelled.cancelled() => return Ok(Ended::Cancelled),
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(PAUSE_MAX);
            let asked = tokio::select! {
                () = cancelled.cancelled() => return Ok(Ended::Cancelled),
                () = tokio::time::sleep_until(end) => return Ok(Ended::Deadline),
                asked = self.ask_stage() => asked,
            };
            match asked {
                Ok(over) => self.over_before = over,
                Err(error) if error.refusal.retryable() => return Ok(Ended::Deadline),
                Err(error) => return Err(error),
            }
        }
    }

    /// One connection, from its replay to its end.
    async fn connection(&mut self, tail: Option<u64>, end: Instant) -> Result<Stop, HubError> {
        let what = self.follow.target.request(Access::Read);
        let mut url = self.caller.job_url(&self.follow.target, Some("logs"));
        if let Some(tail) = tail {
            url.query_pairs_mut().append_pair("tail", &tail.to_string());
        }
        let response = tokio::select! {
            () = self.cancelled.cancelled() => return Ok(Stop::Done(Ended::Cancelled)),
            response = self.caller.send(Method::GET, url, None, &what, "text/event-stream") => response,
        };
        let mut response = response.map_err(|failure| failure.error)?;
        // By the Hub's clock, as the lines' time stamps are.
        let opened = hub_time(response.headers()).filter(|_| self.follow.until.is_none());
        let mut decoder = Decoder::default();
        let mut skip = if tail.is_some() { Skip::Lines(0) } else { self.position.skip() };
        let mut events = Vec::new();
        let mut lines: u64 = 0;
        let mut idle_since = Instant::now();
        loop {
            let quiet = self.quiet(lines > 0 && !skip.searching());
            let chunk = tokio::select! {
                () = self.cancelled.cancelled() => return Ok(Stop::Done(Ended::Cancelled)),
                () = tokio::time::sleep_until(end) => return Ok(Stop::Done(self.at_deadline())),
                chunk = timeout(quiet, response.chunk()) => chunk,
            };
            match chunk {
                Ok(Ok(Some(bytes))) => decoder.feed(&bytes, |event| events.push(event)),
                Ok(Ok(None)) => {
                    self.know_start(tail, lines);
                    if self.lost(&skip) {
                        return Ok(Stop::Stream);
                    }
                    return Ok(if self.over_before { Stop::Done(Ended::Finished) } else { self.ended_early() });
                }
                Ok(Err(_)) => return Ok(Stop::Stream),
                Err(_) => {
                    if self.lost(&skip) {
                        return Ok(Stop::Stream);
                    }
                    if let Some(stop) = self.silent(idle_since).await? {
                        return Ok(stop);
                    }
                }
            }
            for event in events.drain(..) {
                idle_since = Instant::now();
                let Some(line) = line_of(&event) else { continue };
                if line.data.starts_with(STARTED_MARKER) {
                    continue;
                }
                lines += 1;
                if skip.skips(&line.timestamp, &line.data) {
                    continue;
                }
                if opened.is_some_and(|opened| is_after(&line.timestamp, opened)) {
                    self.know_start(tail, lines - 1);
                    return Ok(Stop::Done(Ended::Drained));
                }
                if !self.take(&line) {
                    return Ok(Stop::Done(Ended::Full));
                }
            }
        }
    }

    /// How long a silence is waited for on this connection.
    fn quiet(&self, begun: bool) -> Duration {
        match self.follow.until {
            _ if self.over_before => OVER_AFTER,
            None if begun => DRAINED_AFTER,
            Some(_) if begun => SILENCE,
            _ => FIRST_EVENT,
        }
    }

    /// Keeps a new line. False: no further one can be answered, and this one comes again with the next cursor.
    fn take(&mut self, line: &WireLine) -> bool {
        let kept = LogLine { text: self.caller.scrubber().clean_bounded(&line.data, LINE_MAX_CHARS) };
        let wanted = self.follow.matching.as_ref().is_none_or(|pattern| pattern.is_match(&kept.text));
        if wanted {
            self.observer.line(&kept);
            if !self.window.push(kept) {
                return false;
            }
        }
        self.position.pass(&line.timestamp, &line.data);
        true
    }

    /// The stream has been silent. An end, if that is what it means.
    async fn silent(&mut self, since: Instant) -> Result<Option<Stop>, HubError> {
        if self.over_before {
            // A stream that stays open after the job is over: what there is was replayed.
            return Ok(Some(Stop::Done(Ended::Finished)));
        }
        if self.follow.until.is_none() {
            return Ok(Some(Stop::Done(Ended::Drained)));
        }
        // What this connection may have missed comes with the next one, which is made after the end.
        let over = self.ask_stage().await?;
        Ok((over && since.elapsed() >= SILENCE).then_some(Stop::Stream))
    }

    async fn ask_stage(&mut self) -> Result<bool, HubError> {
        let job = self.caller.job(&self.follow.target).await?;
        if job.stage != self.job.stage {
            self.observer.stage(&job);
        }
        self.job = job;
        Ok(self.job.stage.is_terminal())
    }

    /// A stream that ended before the job was known to be over.
    fn ended_early(&self) -> Stop {
        if self.follow.until.is_none() { Stop::Done(Ended::Drained) } else { Stop::Stream }
    }

    fn at_deadline(&self) -> Ended {
        if self.follow.until.is_none() { Ended::Drained } else { Ended::Deadline }
    }

    /// A tail that was replayed to its end and is shorter than asked for was the whole log.
    fn know_start(&mut self, tail: Option<u64>, lines: u64) {
        if tail.is_some_and(|tail| lines < tail) {
            self.position.was_from_start(lines);
        }
    }

    /// The place of the cursor is nowhere in the log, which is then read from its start, and the reader is told so.
    fn lost(&mut self, skip: &Skip) -> bool {
        if skip.searching() {
            self.ambiguous = true;
            self.position = Position::start();
        }
        skip.searching()
    }
}

/// The line that an event holds.
fn line_of(event: &Event) -> Option<WireLine> {
    let text = String::from_utf8_lossy(&event.data);
    if !event.cut {
        return serde_json::from_str(&text).ok();
    }
    // The end is missing, and with it perhaps half a character or escape: what parses when it is closed is kept.
    (0..=12).find_map(|drop| {
        let kept = text.len().checked_sub(drop)?;
        serde_json::from_str(&format!("{}\"}}", text.get(..kept)?)).ok()
    })
}

fn is_after(timestamp: &str, moment: SystemTime) -> bool {
    // A second of tolerance for clocks that differ: a line too many does no harm.
    humantime::parse_rfc3339(timestamp).is_ok_and(|time| time > moment + Duration::from_secs(1))
}

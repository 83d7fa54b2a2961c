//! One connection to a log, from its replay to its end.

use std::time::{Duration, SystemTime};

use reqwest::{Method, Response};
use tokio::time::{Instant, timeout_at};

use super::Ended;
use super::cursor::Cursor;
use super::intake::LEAD;
use super::line::Line;
use super::reader::{Next, Reader};
use super::seek::{Reach, Seek, Sought};
use super::trail::Trail;
use crate::error::Access;
use crate::hub::client::Failure;
use crate::hub::jobs::hub_time;
use crate::hub::sse::{Decoder, Event};
use crate::types::Stage;

/// The silence after which a log that is read as it is now counts as read; the Hub replays without pauses.
const DRAINED_AFTER: Duration = Duration::from_millis(700);
/// The silence after which the log of a job that is over counts as read, though its stream stays open.
const OVER_AFTER: Duration = Duration::from_secs(5);
/// The same where nothing came at all: a long log may take its time to begin, and a job that never started has none.
const OVER_WITHOUT_A_WORD: Duration = Duration::from_secs(12);
/// How long the first line of a log that is not followed may take.
const FIRST_LINE: Duration = Duration::from_secs(4);
/// The silence after which a followed job's stage is asked; each further time it is twice as long.
const SILENCE: Duration = Duration::from_secs(2);
/// The longest silence until the stage is asked again: so late is the end of a job noticed whose stream stays open.
const SILENCE_MAX: Duration = Duration::from_secs(8);
/// The silence, signs of life included, after which a connection counts as dead: the Hub sends one every 30 s.
const DEAD_AFTER: Duration = Duration::from_secs(75);
/// How often a stream may end before the place is found: the Hub's end early at times.
const MISSES_MAX: u32 = 3;

/// What came on a connection so far.
struct Stream {
    reach: Reach,
    seek: Seek,
    /// Lines, and the markers of the job's start, which a tail may count.
    events: u64,
    lines: u64,
    /// When it was opened, by the Hub's clock, where what came since then isn't read.
    opened: Option<SystemTime>,
    /// When the last line came, or the stage was asked.
    quiet_since: Instant,
    quiet: Duration,
    last_line: Instant,
    heard: Instant,
    /// The stage was asked since lines come.
    asked: bool,
    /// Lines came that the observer was not shown.
    has_news: bool,
}

impl Reader<'_> {
    /// Reads what a new connection brings.
    pub(super) async fn connection(&mut self) -> Result<Next, Failure> {
        let reach = self.reach();
        let what = self.follow.target.request(Access::Read);
        let mut url = self.caller.job_url(&self.follow.target, Some("logs"));
        if let Some(tail) = reach.tail() {
            url.query_pairs_mut().append_pair("tail", &tail.to_string());
        }
        let response = tokio::select! {
            () = self.cancelled.cancelled() => return Ok(Next::Done(Ended::Cancelled)),
            () = tokio::time::sleep_until(self.end) => return Ok(Next::Done(self.at_end())),
            response = self.caller.send(Method::GET, url, None, &what, "text/event-stream") => response?,
        };
        let now = Instant::now();
        self.trail = Trail::default();
        self.intake.reconnect();
        let mut stream = Stream {
            reach,
            seek: if self.first_tail.is_some() { Seek::Found(None) } else { Seek::new(&self.place, reach) },
            events: 0,
            lines: 0,
            opened: hub_time(response.headers()).filter(|_| self.follow.until.is_none()),
            quiet_since: now,
            quiet: SILENCE,
            last_line: now,
            heard: now,
            asked: false,
            has_news: false,
        };
        let next = self.listen(response, &mut stream).await;
        let next = self.hand_out(true, &stream).unwrap_or(next);
        if matches!(next, Next::Done(Ended::Deadline)) {
            self.know_start(&stream, stream.lines);
        }
        self.settle(&stream);
        Ok(next)
    }

    async fn listen(&mut self, mut response: Response, stream: &mut Stream) -> Next {
        let mut decoder = Decoder::default();
        loop {
            let quiet = stream.quiet_since + self.quiet(stream);
            let chunk = tokio::select! {
                () = self.cancelled.cancelled() => return Next::Done(Ended::Cancelled),
                () = tokio::time::sleep_until(self.end) => return Next::Done(self.at_end()),
                chunk = timeout_at(quiet, response.chunk()) => chunk,
            };
            let next = match chunk {
                Ok(Ok(Some(bytes))) => {
                    stream.heard = Instant::now();
                    let mut next = None;
                    decoder.feed(&bytes, |event| {
                        if next.is_none() {
                            next = self.event(event, stream);
                        }
                    });
                    if next.is_none() && self.is_unannounced(stream) {
                        next = self.ask_stage().await.err().map(Next::Done);
                    }
                    if next.is_none() {
                        next = self.hand_out(false, stream);
                    }
                    if std::mem::take(&mut stream.has_news)
                        && let Some(line) = self.intake.newest()
                    {
                        self.observer.line(line);
                    }
                    next
                }
                Ok(Ok(None)) => Some(self.stream_ended(stream)),
                Ok(Err(_)) => Some(Next::Stream),
                Err(_) => self.silent(stream).await,
            };
            if let Some(next) = next {
                return next;
            }
        }
    }

    /// Takes one event. A reason to end, if there is one.
    fn event(&mut self, event: &Event, stream: &mut Stream) -> Option<Next> {
        stream.events += 1;
        if Line::is_marker(event) {
            return None;
        }
        stream.lines += 1;
        stream.last_line = stream.heard;
        (stream.quiet_since, stream.quiet) = (stream.heard, SILENCE);
        if Self::is_live(event, stream) {
            self.know_start(stream, stream.lines - 1);
            return Some(Next::Done(Ended::Drained));
        }
        if stream.seek.is_searching() {
            self.trail.pass(event);
            if stream.seek.may_end_within(LEAD) {
                self.intake.pass(event);
            }
            let sought = stream.seek.pass(&self.trail);
            let in_vain = stream.seek.is_searching() && stream.reach.tail().is_some_and(|tail| stream.lines >= tail);
            return (sought == Sought::Wrong || in_vain).then(|| self.not_found(stream));
        }
        stream.has_news = self.observer.wants_lines();
        let is_due = self.intake.push(event);
        if self.intake.is_lazy() {
            self.pass(event, stream);
        } else if is_due {
            return self.hand_out(false, stream);
        }
        // All that was asked for is there, so that no silence has to tell it.
        let whole = self.follow.until.is_none() && !self.over_before && self.first_tail == Some(stream.lines);
        whole.then_some(Next::Done(Ended::Drained))
    }

    /// Takes the lines that no later one changes, or all that are left. A reason to end: there is no place for the next one,
    /// which comes again with the next cursor.
    fn hand_out(&mut self, all: bool, stream: &Stream) -> Option<Next> {
        for (event, line) in self.intake.settled(all) {
            if !self.intake.keep(&line) {
                return Some(Next::Done(Ended::Full));
            }
            self.pass(&event, stream);
        }
        None
    }

    /// Goes on behind a line that was taken.
    fn pass(&mut self, event: &Event, stream: &Stream) {
        self.trail.pass(event);
        self.place.count = self.place.count.map(|count| count + 1);
        self.ambiguous |= stream.seek.doubts(&self.trail);
    }

    /// Whether the job has begun to print, and nobody was told that it runs.
    fn is_unannounced(&self, stream: &mut Stream) -> bool {
        let prints = stream.lines > 0 && self.follow.until.is_some();
        prints && self.job.stage == Stage::Scheduling && !std::mem::replace(&mut stream.asked, true)
    }

    /// How long a silence is waited for.
    fn quiet(&self, stream: &Stream) -> Duration {
        let begun = stream.lines > 0 && !stream.seek.is_searching();
        match self.follow.until {
            _ if self.over_before && stream.events == 0 => OVER_WITHOUT_A_WORD,
            _ if self.over_before => OVER_AFTER,
            None if begun => DRAINED_AFTER,
            None => FIRST_LINE,
            Some(_) if stream.seek.is_searching() => FIRST_LINE,
            Some(_) => stream.quiet,
        }
    }

    /// The stream has been silent. A reason to end, if that is what it means.
    async fn silent(&mut self, stream: &mut Stream) -> Option<Next> {
        if self.over_before || self.follow.until.is_none() {
            if stream.seek.is_searching() {
                return Some(self.not_found(stream));
            }
            self.know_start(stream, stream.lines);
            // A stream may stay open after the job is over: what there is was replayed.
            return Some(Next::Done(if self.over_before { Ended::Finished } else { Ended::Drained }));
        }
        let over = match self.ask_stage().await {
            Ok(over) => over,
            Err(ended) => return Some(Next::Done(ended)),
        };
        if stream.seek.is_searching() && stream.last_line.elapsed() >= FIRST_LINE {
            return Some(self.not_found(stream));
        }
        (stream.quiet_since, stream.quiet) = (Instant::now(), (stream.quiet * 2).min(SILENCE_MAX));
        // What this connection may have missed comes with the next one, which is made after the end.
        let missed = over && stream.last_line.elapsed() >= SILENCE;
        (missed || stream.heard.elapsed() >= DEAD_AFTER).then_some(Next::Stream)
    }

    /// The stream has ended.
    fn stream_ended(&mut self, stream: &Stream) -> Next {
        if stream.seek.is_searching() {
            self.misses += 1;
            let again = self.follow.until.is_some() && !self.over_before && self.misses < MISSES_MAX;
            return if again { Next::Stream } else { self.not_found(stream) };
        }
        self.know_start(stream, stream.lines);
        match self.follow.until {
            _ if self.over_before => Next::Done(Ended::Finished),
            None => Next::Done(Ended::Drained),
            Some(_) => Next::Stream,
        }
    }

    /// The place is not where it was sought: it is sought further back, then by its mark alone; then the log is read from its
    /// start, and the reader is told so.
    fn not_found(&mut self, stream: &Stream) -> Next {
        match (stream.reach, &stream.seek) {
            (Reach::Tail(tail), _) if stream.events >= tail => self.tries += 1,
            // The whole log was in it.
            (Reach::Tail(_), _) => self.tries = usize::MAX,
            (Reach::Whole, Seek::Count(_, Some(_)) | Seek::Found(_)) => {
                self.place.count = None;
                self.tries = usize::MAX;
            }
            (Reach::Whole, _) => {
                self.ambiguous = true;
                self.place = Cursor::start();
                self.intake.read_from_start();
                self.tries = 0;
            }
        }
        Next::Again
    }

    /// Whether a line of a log that is not followed came after it was opened.
    fn is_live(event: &Event, stream: &mut Stream) -> bool {
        let Some(opened) = stream.opened else { return false };
        let after = is_after(&Line::of(event).timestamp, opened);
        if after && stream.lines == 1 {
            // The clocks differ, or nothing was there before: silence tells.
            stream.opened = None;
        }
        after && stream.lines > 1
    }

    /// A tail that was replayed to its end and is shorter than asked for was the whole log.
    fn know_start(&mut self, stream: &Stream, lines: u64) {
        if self.first_tail.is_some_and(|tail| stream.events < tail) {
            self.place.count = Some(lines);
        }
    }

    /// What was read on this connection is where the next one goes on.
    fn settle(&mut self, stream: &Stream) {
        if stream.seek.is_searching() {
            return;
        }
        if let Some(mark) = self.trail.mark() {
            self.place.mark = Some(mark);
            self.misses = 0;
        }
        if self.place.count.is_some() || self.place.mark.is_some() {
            self.first_tail = None;
        }
    }
}

fn is_after(timestamp: &str, moment: SystemTime) -> bool {
    // A second of tolerance for clocks that differ: a line too many does no harm.
    humantime::parse_rfc3339(timestamp).is_ok_and(|time| time > moment + Duration::from_secs(1))
}

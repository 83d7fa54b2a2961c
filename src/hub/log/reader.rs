//! Reading a log over as many connections as it takes.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::cursor::Cursor;
use super::intake::{Intake, LEAD, Taken};
use super::seek::Reach;
use super::trail::Trail;
use super::{Begin, Ended, Follow, Followed, Observer, Start};
use crate::error::{HubError, Refusal};
use crate::hub::client::{Caller, Failure};
use crate::hub::job::Job;

/// How long a log that is not followed is read at most: a job that prints without pause never falls silent.
const NOW_AT_MOST: Duration = Duration::from_secs(20);
/// The pause before the first reconnection; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause between two connections.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Why one connection ended.
pub(super) enum Next {
    /// All is done.
    Done(Ended),
    /// Another connection has to look elsewhere for the place.
    Again,
    /// The stream ended or broke: there may be more on another.
    Stream,
}

/// A log being read.
pub(super) struct Reader<'a> {
    pub(super) caller: &'a Caller,
    pub(super) follow: Follow,
    pub(super) observer: &'a mut dyn Observer,
    pub(super) cancelled: &'a CancellationToken,
    pub(super) job: Job,
    /// When reading ends.
    pub(super) end: Instant,
    /// The job was known to be over before the present connection was made, so that its end is the log's.
    pub(super) over_before: bool,
    pub(super) intake: Intake,
    /// What was read last on the present connection.
    pub(super) trail: Trail,
    /// Where reading stands.
    pub(super) place: Cursor,
    /// How many lines before the end are asked for, those that lead to the first one included, until the first of them has come.
    pub(super) first_tail: Option<u64>,
    /// How often that place was sought in vain.
    pub(super) tries: usize,
    /// How often a stream ended before the place was found.
    pub(super) misses: u32,
    pub(super) ambiguous: bool,
    pub(super) trouble: Option<HubError>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        caller: &'a Caller,
        follow: Follow,
        job: Job,
        observer: &'a mut dyn Observer,
        cancelled: &'a CancellationToken,
    ) -> Self {
        let (place, first_tail) = match &follow.from {
            Start::Beginning => (Cursor::start(), None),
            Start::Tail(lines) => (Cursor::unknown(), Some(lines.saturating_add(LEAD))),
            Start::Cursor(cursor) => (cursor.clone(), None),
        };
        Self {
            end: follow.until.unwrap_or_else(|| Instant::now() + NOW_AT_MOST).min(caller.deadline()),
            over_before: job.stage.is_terminal(),
            intake: Intake::new(&follow, caller.scrubber()),
            caller,
            follow,
            observer,
            cancelled,
            job,
            trail: Trail::default(),
            place,
            first_tail,
            tries: 0,
            misses: 0,
            ambiguous: false,
            trouble: None,
        }
    }

    pub(super) async fn read(mut self) -> Result<Followed, HubError> {
        let ended = self.connections().await?;
        let begin = match self.follow.from {
            Start::Cursor(ref cursor) if !cursor.is_start() => Begin::Cursor,
            Start::Tail(_) if self.place.count.is_none() => Begin::Tail,
            _ => Begin::Log,
        };
        let Taken { lines, read, matched, is_too_long } = self.intake.into_taken(begin == Begin::Log);
        Ok(Followed {
            lines,
            read,
            matched,
            begin,
            is_too_long,
            job: self.job,
            ended,
            cursor: self.place,
            ambiguous: self.ambiguous,
            trouble: self.trouble,
        })
    }

    async fn connections(&mut self) -> Result<Ended, HubError> {
        let mut pause = FIRST_PAUSE;
        let mut begun = false;
        loop {
            let before = self.place.clone();
            let mut wait = pause;
            match self.connection().await {
                Ok(Next::Done(ended)) => return Ok(ended),
                Ok(next) => {
                    begun = true;
                    if matches!(next, Next::Again) {
                        continue;
                    }
                }
                Err(failure) => match self.refused(failure) {
                    Refused::Ended(ended) => return Ok(ended),
                    Refused::Until(asked) => wait = wait.max(asked),
                    Refused::For(error) if begun => {
                        self.trouble = Some(*error);
                        return Ok(Ended::Broken);
                    }
                    Refused::For(error) => return Err(*error),
                },
            }
            if self.place != before {
                (pause, wait) = (FIRST_PAUSE, FIRST_PAUSE);
                self.tries = 0;
            }
            if Instant::now() + wait >= self.end {
                // What was read is worth more than the news that there is no more of it for now.
                return if begun { Ok(self.at_end()) } else { self.trouble.take().map_or(Ok(self.at_end()), Err) };
            }
            tokio::select! {
                () = self.cancelled.cancelled() => return Ok(Ended::Cancelled),
                () = tokio::time::sleep(wait) => {}
            }
            pause = (pause * 2).min(PAUSE_MAX);
            match self.ask_stage().await {
                Ok(over) => self.over_before = over,
                Err(ended) => return Ok(ended),
            }
        }
    }

    /// What a log that can't be opened means.
    fn refused(&mut self, failure: Failure) -> Refused {
        let Failure { error, retry_after } = failure;
        if error.refusal == Refusal::NotFound {
            // The job was read: it has no log, or none yet.
            return match self.follow.until {
                _ if self.over_before => Refused::Ended(Ended::Finished),
                None => Refused::Ended(Ended::Drained),
                Some(_) => Refused::Until(Duration::ZERO),
            };
        }
        if !error.refusal.retryable() {
            return Refused::For(Box::new(error));
        }
        self.trouble = Some(error);
        Refused::Until(retry_after.unwrap_or_default())
    }

    /// Whether the job is over, as far as is known. An end, if that is what came of asking.
    pub(super) async fn ask_stage(&mut self) -> Result<bool, Ended> {
        let asked = tokio::select! {
            () = self.cancelled.cancelled() => return Err(Ended::Cancelled),
            () = tokio::time::sleep_until(self.end) => return Err(self.at_end()),
            asked = self.caller.job(&self.follow.target) => asked,
        };
        match asked {
            Ok(job) => {
                if job.stage != self.job.stage {
                    self.observer.stage(&job);
                }
                self.job = job;
                self.trouble = None;
            }
            Err(error) => {
                let passes = error.refusal.retryable();
                self.trouble = Some(error);
                if !passes {
                    return Err(Ended::Broken);
                }
            }
        }
        Ok(self.job.stage.is_terminal())
    }

    /// How reading ends when its time is up.
    pub(super) fn at_end(&self) -> Ended {
        if self.follow.until.is_none() { Ended::Drained } else { Ended::Deadline }
    }

    /// How much of the log the next connection asks for.
    pub(super) fn reach(&self) -> Reach {
        self.first_tail.map_or_else(|| Reach::of(&self.place, self.tries), Reach::Tail)
    }
}

/// What is done about a log that can't be opened.
enum Refused {
    /// There is nothing to read.
    Ended(Ended),
    /// It is tried again, after what the Hub asks for.
    Until(Duration),
    /// It stays so.
    For(Box<HubError>),
}

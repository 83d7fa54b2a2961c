//! Reading a job's log: what is there now, or along until a deadline, across dropped streams, without loss or repetition.
//!
//! Each connection replays the log and none says that it is the end; only the job's stage says that it is over, and it lags
//! the last line by a second or so. So the stage is asked whenever a stream ends or falls silent.

mod connection;
mod cursor;
mod intake;
mod line;
mod reader;
mod seek;
mod trail;
mod window;

use regex::Regex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use cursor::{Cursor, Mark};

use super::client::Caller;
use super::job::{Job, Target};
use crate::error::{HubError, Warning};
use crate::secrets::Clean;
use reader::Reader;

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

/// Who wants to know while a log is followed.
pub trait Observer: Send {
    /// The job's stage was asked, and is another one.
    fn stage(&mut self, job: &Job);
    /// Whether lines are wanted, too.
    fn wants_lines(&self) -> bool;
    /// The newest line of those that just came.
    fn line(&mut self, line: Clean);
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
    /// The Hub could not be asked any more.
    Broken,
}

/// Where the lines that were read begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// With the log.
    Log,
    /// Behind the cursor.
    Cursor,
    /// Somewhere before the end of the log.
    Tail,
}

/// What was read.
#[derive(Debug)]
pub struct Followed {
    /// The lines that were kept, in order, each cleaned and at most 2,000 characters.
    pub lines: Vec<Clean>,
    /// How many lines of the log were read.
    pub read: u64,
    /// How many of them matched the pattern; without one all do.
    pub matched: u64,
    /// Where the lines that were read begin.
    pub begin: Begin,
    /// Fewer lines are kept than were asked for, since they are long.
    pub is_too_long: bool,
    /// The job as it was last.
    pub job: Job,
    /// Why reading ended.
    pub ended: Ended,
    /// Where to go on.
    pub cursor: Cursor,
    /// The place of the cursor was not found in the log, or may have been another one; nothing was left out, and some lines may
    /// have been told before.
    pub ambiguous: bool,
    /// What the Hub last failed with, unless it has answered since.
    pub trouble: Option<HubError>,
}

impl Followed {
    /// What the reader has to know of how it was read.
    pub fn warnings(&self) -> impl Iterator<Item = Warning> {
        let trouble = self.trouble.as_ref().map(|error| Warning::Trouble {
            job: self.job.id.to_string(),
            reason: error.message(),
            age: None,
        });
        trouble.into_iter().chain(self.ambiguous.then_some(Warning::Ambiguous))
    }
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
        Reader::new(self, follow, job, observer, cancelled).read().await
    }
}

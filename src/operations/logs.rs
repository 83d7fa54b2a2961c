//! `logs`: a job's output, as it is now or followed for a while.

use std::time::Duration;

use regex::Regex;
use tokio::time::Instant;

use super::outcome::{LogPage, Outcome};
use super::{Progress, Work};
use crate::error::{Error, Warning};
use crate::hub::{Follow, Job, Observer, Start};
use crate::secrets::{Clean, Scrubber};
use crate::types::{JobReference, Namespace, Wait};

/// The most bytes of output that an answer holds. Some clients show it twice, as text and as structured content, and cut what
/// has more than 25,000 tokens: twice this is 12,000 tokens of words, and 20,000 of numbers.
pub(super) const OUTPUT_MAX_BYTES: usize = 24 * 1024;
/// The most lines, where a cursor or a whole log is read.
pub(super) const OUTPUT_MAX_LINES: usize = 1000;
/// How many lines an answer holds unless another number is asked for.
pub(super) const TAIL_DEFAULT: u64 = 50;
/// How long before a deadline following ends, so that its answer still arrives.
const ANSWER_MARGIN: Duration = Duration::from_secs(1);

/// What to read of a job's output.
#[derive(Debug, Clone)]
pub struct LogsQuery {
    /// Whose output.
    pub job: Option<JobReference>,
    /// The namespace, unless it is part of the job's name.
    pub namespace: Option<Namespace>,
    /// The last lines only; with a pattern, the last of those that match.
    pub tail: Option<u64>,
    /// Where an earlier answer ended.
    pub cursor: Option<crate::hub::Cursor>,
    /// Only lines that match.
    pub grep: Option<Regex>,
    /// How long to follow.
    pub wait: Duration,
    /// Fold nothing.
    pub raw: bool,
    /// Remarks on the arguments.
    pub warnings: Vec<Warning>,
}

impl Work<'_> {
    pub(super) async fn logs(&mut self, query: LogsQuery) -> Result<Outcome, Error> {
        let caller = self.caller()?;
        let LogsQuery { job, namespace, tail, cursor, grep, wait, raw, mut warnings } = query;
        let targets = super::Targets { jobs: job.into_iter().collect(), namespace };
        let target = self.target(&caller, targets).await?;
        let from = match cursor {
            Some(cursor) => Start::Cursor(cursor),
            // What matches may be anywhere.
            None if grep.is_some() => Start::Beginning,
            None => Start::Tail(tail.unwrap_or(TAIL_DEFAULT)),
        };
        let most = match &from {
            Start::Tail(lines) => Some(*lines),
            _ => tail,
        };
        let most = most.and_then(|lines| usize::try_from(lines).ok()).unwrap_or(OUTPUT_MAX_LINES);
        let lines = most.min(OUTPUT_MAX_LINES);
        let until = self.follow_until(wait);
        let pattern = grep.as_ref().map(|grep| grep.as_str().to_owned());
        let follow = Follow { target, from, until, lines, bytes: OUTPUT_MAX_BYTES, matching: grep };
        let caller = caller.until(self.deadline.max(until.unwrap_or(self.deadline)) + ANSWER_MARGIN);
        let stop = self.operations.submissions.stop(self.cancelled);
        let mut observer = self.teller();
        let followed = caller.follow(follow, &mut observer, &stop.token).await?;
        warnings.extend(followed.warnings());
        Ok(Outcome::Logs(Box::new(LogPage { followed, raw, grep: pattern, warnings })))
    }

    /// Who tells this call's caller of a job.
    pub(super) fn teller(&mut self) -> Teller<'_> {
        Teller { progress: &mut *self.progress, scrubber: &self.operations.scrubber }
    }

    /// When following ends: after `wait`, within the call's own time unless the caller asked for more than that.
    pub(super) fn follow_until(&self, wait: Duration) -> Option<Instant> {
        if wait.is_zero() {
            return None;
        }
        let until = Instant::now() + wait;
        Some(if wait > Wait::MAX { until } else { until.min(self.deadline) })
    }
}

/// Tells the stages and lines of a job as progress.
pub(super) struct Teller<'a> {
    progress: &'a mut dyn Progress,
    scrubber: &'a Scrubber,
}

impl Observer for Teller<'_> {
    fn stage(&mut self, job: &Job) {
        self.progress.tell(self.scrubber.clean_line(&format!("job {}: {}", job.id, job.stage.as_str())));
    }

    fn wants_lines(&self) -> bool {
        self.progress.wanted()
    }

    fn line(&mut self, line: Clean) {
        self.progress.tell(line);
    }
}

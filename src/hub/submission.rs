//! Submitting a job: sent once. If the answer is lost, the job is looked for by a label of its own; it is never sent again.

use std::time::Duration;

use reqwest::Method;
use tokio::time::Instant;

use super::client::{Caller, Failure};
use super::job::Job;
use super::jobs::JobFilter;
use super::retry;
use super::spec::JobSpec;
use crate::error::{Error, HubError, Refusal, Request};
use crate::policy::{Permit, Submit};
use crate::types::{Namespace, REQUEST_LABEL, Segment};

/// How often a request of which no byte was written is sent again: the Hub was not there, so nothing can be doubled.
const UNSENT_TRIES: u32 = 3;
/// The pause before the first look for a job whose answer was lost; the Hub lists a new job within a second or so.
const FIRST_LOOK: Duration = Duration::from_millis(500);
/// The longest pause between two looks.
const LOOK_PAUSE_MAX: Duration = Duration::from_secs(8);
/// The time that is kept for looking when sending ends.
const LOOK_TIME: Duration = Duration::from_secs(12);
/// The time that is left for the answer when looking ends.
const ANSWER_MARGIN: Duration = Duration::from_millis(500);

/// A job that was submitted.
#[derive(Debug)]
pub struct Submitted {
    /// The job.
    pub job: Job,
    /// The answer was lost, and the job was found by its label.
    pub found_again: bool,
}

impl Caller {
    /// Submits a job: one request, whatever happens to its answer.
    ///
    /// # Errors
    /// A refusal of the Hub, after which there is no job, or [`Error::SubmissionUnconfirmed`], after which there may be one.
    pub async fn submit(
        &self,
        _permit: Permit<Submit>,
        namespace: &Namespace,
        spec: &JobSpec,
    ) -> Result<Submitted, Error> {
        let label = request_label();
        let what = Request::Write { namespace: namespace.to_string(), job: None };
        let sending = self.until(self.deadline() - LOOK_TIME);
        let cause = match sending.post(namespace, spec, &label, &what).await {
            Ok(job) => return Ok(Submitted { job, found_again: false }),
            Err(failure) if !failure.error.refusal.leaves_doubt() => {
                return Err(failure.error.into());
            }
            Err(failure) => failure.error,
        };
        match self.look_for(namespace, &label).await {
            Some(job) => Ok(Submitted { job, found_again: true }),
            None => {
                Err(Error::SubmissionUnconfirmed { namespace: namespace.to_string(), label, cause: Box::new(cause) })
            }
        }
    }

    async fn post(&self, namespace: &Namespace, spec: &JobSpec, label: &str, what: &Request) -> Result<Job, Failure> {
        let segments = [Segment::fixed("api"), Segment::fixed("jobs"), namespace.into()];
        let url = self.endpoint().url(&segments);
        let mut attempt = 0;
        loop {
            attempt += 1;
            let failure = match self.json(Method::POST, url.clone(), Some(spec.seal(label)), what).await {
                Ok((answer, _)) => {
                    let job = self.read_job(answer, namespace, what);
                    return job.map_err(|error| Failure { error, retry_after: None });
                }
                Err(failure) => failure,
            };
            if !matches!(failure.error.refusal, Refusal::Unsent(_)) || attempt >= UNSENT_TRIES {
                return Err(failure);
            }
            let pause = retry::pause(attempt, &failure);
            if Instant::now() + pause >= self.deadline() {
                return Err(failure);
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Looks for the job of a label until the deadline. A list without it proves nothing, an error even less.
    async fn look_for(&self, namespace: &Namespace, label: &str) -> Option<Job> {
        let filter =
            JobFilter { stages: Vec::new(), labels: vec![(REQUEST_LABEL.to_owned(), label.to_owned())], limit: 1 };
        let end = self.deadline() - ANSWER_MARGIN;
        let mut pause = FIRST_LOOK;
        while Instant::now() + pause < end {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LOOK_PAUSE_MAX);
            let found: Result<_, HubError> = self.until(end).jobs(namespace, &filter).await;
            if let Ok((jobs, _)) = found
                && let Some(job) = jobs.into_iter().next()
            {
                return Some(job);
            }
        }
        None
    }
}

/// A value that no other submission has: 64 random bits.
fn request_label() -> String {
    let bits = getrandom::u64().unwrap_or_else(|_| {
        // Without a source of randomness the clock and the process still tell submissions apart.
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        u64::from(since.subsec_nanos()) ^ (since.as_secs() << 20) ^ (u64::from(std::process::id()) << 40)
    });
    format!("{bits:016x}")
}

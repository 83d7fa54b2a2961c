//! Starting what is billed: sent once. If the answer is lost, what was started is looked for; it is never sent again.

use std::time::{Duration, SystemTime};

use reqwest::Method;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::client::{CONNECT_TIMEOUT, Caller, Failure};
use super::job::{Job, ScheduledTarget, Target};
use super::jobs::JobFilter;
use super::retry;
use super::scheduled::{ScheduleSpec, ScheduledJob};
use super::spec::JobSpec;
use super::turns::Turn;
use crate::error::{Access, Error, HubError, Refusal, Request, Trace};
use crate::policy::{Permit, Submit};
use crate::secrets::SealedBody;
use crate::types::{Namespace, REQUEST_LABEL, Segment, Timestamp};

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

/// How many of a namespace's newest jobs are searched for one that carries no label of its own.
pub(super) const SEARCHED: usize = 100;

/// Something that can be started by one request.
pub trait Startable: Send + Sync + 'static {
    /// What it becomes.
    type Started: Send + 'static;

    /// Where it is sent.
    fn url(&self, caller: &Caller, namespace: &Namespace) -> Url;

    /// What is sent, under a label of its own where there is a body.
    fn body(&self, label: &str) -> Option<SealedBody>;

    /// Reads the answer.
    fn read(caller: &Caller, value: Value, namespace: &Namespace, what: &Request) -> Result<Self::Started, HubError>;

    /// Looks for what was started, once.
    fn find(
        &self,
        caller: &Caller,
        namespace: &Namespace,
        label: &str,
    ) -> impl Future<Output = Option<Self::Started>> + Send;

    /// What it became, which is not taken for another one's later.
    fn note(&mut self, _started: &Self::Started) {}

    /// What it is about, as a refusal names it.
    fn request(&self, namespace: &Namespace) -> Request {
        Request::within(namespace.as_str(), None, Access::Write)
    }

    /// By what a caller can look for it.
    fn trace(&self, label: String) -> Trace;
}

/// A copy of a job, started anew: same specification, same secrets.
pub struct Copy {
    of: Target,
    origin: Origin,
}

/// A run of a scheduled job beside its schedule.
pub struct Run {
    of: ScheduledTarget,
    origin: Origin,
}

/// By what a job is told from its like that carries no label of its own.
struct Origin {
    /// What the Hub calls this way of starting.
    kind: &'static str,
    /// What it is started from.
    id: String,
    /// The Hub's time before it was sent.
    since: SystemTime,
    /// This server starts no other one from it meanwhile.
    turn: Turn,
}

/// What was submitted.
#[derive(Debug)]
pub struct Submitted<T> {
    /// It.
    pub started: T,
    /// The answer was lost, and it was found again.
    pub found_again: bool,
}

impl Caller {
    /// Starts something: one request, whatever happens to its answer.
    ///
    /// # Errors
    /// A refusal of the Hub, after which nothing was started, or [`Error::SubmissionUnconfirmed`], after which something may.
    pub async fn submit<S: Startable>(
        &self,
        _permit: Permit<Submit>,
        namespace: &Namespace,
        mut start: S,
    ) -> Result<Submitted<S::Started>, Error> {
        let label = request_label();
        let what = start.request(namespace);
        let cause = match self.until(self.sent_until()).post(namespace, &start, &label, &what).await {
            Ok(started) => {
                start.note(&started);
                return Ok(Submitted { started, found_again: false });
            }
            Err(failure) if !failure.error.refusal.leaves_doubt() => {
                return Err(failure.error.into());
            }
            Err(failure) => failure.error,
        };
        match self.look_for(namespace, &start, &label).await {
            Some(started) => {
                start.note(&started);
                Ok(Submitted { started, found_again: true })
            }
            None => Err(Error::SubmissionUnconfirmed {
                namespace: namespace.to_string(),
                trace: start.trace(label),
                cause: Box::new(cause),
            }),
        }
    }

    /// A copy of a job as it is now, to be submitted, and the job.
    pub async fn copy_of(&self, target: &Target) -> Result<(Copy, Job), HubError> {
        let turn = self.turn(target.id.as_str(), &target.request(Access::Write)).await?;
        let (job, time) = self.job_and_time(target).await?;
        let of = job.target(&target.namespace);
        Ok((Copy { origin: Origin::new("duplicated-job", of.id.as_str(), time, turn), of }, job))
    }

    /// A run of a scheduled job, to be submitted, and the scheduled job.
    pub async fn run_of(&self, target: &ScheduledTarget) -> Result<(Run, ScheduledJob), HubError> {
        let turn = self.turn(target.id.as_str(), &target.request(Access::Write)).await?;
        let (job, time) = self.scheduled_job_and_time(target).await?;
        let of = job.target(&target.namespace);
        Ok((Run { origin: Origin::new("scheduled-job", of.id.as_str(), time, turn), of }, job))
    }

    /// Waits until this server starts no other one from it.
    async fn turn(&self, id: &str, what: &Request) -> Result<Turn, HubError> {
        timeout_at(self.sent_until() - CONNECT_TIMEOUT, self.turns().next(id))
            .await
            .map_err(|_| self.failure(what, Refusal::Busy).error)
    }

    /// When sending ends, which leaves time for looking.
    fn sent_until(&self) -> Instant {
        self.deadline() - LOOK_TIME
    }

    async fn post<S: Startable>(
        &self,
        namespace: &Namespace,
        start: &S,
        label: &str,
        what: &Request,
    ) -> Result<S::Started, Failure> {
        let url = start.url(self, namespace);
        let mut attempt = 0;
        // A try whose connection might not fail before the deadline does would leave a doubt where nothing was sent.
        let last_try = self.deadline() - CONNECT_TIMEOUT;
        if Instant::now() > last_try {
            return Err(self.failure(what, Refusal::OutOfTime));
        }
        loop {
            attempt += 1;
            let mut failure = match self.json(Method::POST, url.clone(), start.body(label), what).await {
                Ok((answer, _)) => {
                    return S::read(self, answer, namespace, what)
                        .map_err(|error| Failure { error, retry_after: None });
                }
                Err(failure) => failure,
            };
            failure.error.tries = attempt;
            let may_pass = matches!(&failure.error.refusal, Refusal::Unsent(error) if error.retryable());
            if !may_pass || attempt >= UNSENT_TRIES {
                return Err(failure);
            }
            let pause = retry::pause(attempt, &failure);
            if Instant::now() + pause > last_try {
                return Err(failure);
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Looks for what was started until the deadline. Not finding it proves nothing, an error even less.
    async fn look_for<S: Startable>(&self, namespace: &Namespace, start: &S, label: &str) -> Option<S::Started> {
        let end = self.deadline() - ANSWER_MARGIN;
        let looking = self.until(end);
        let mut pause = FIRST_LOOK;
        while Instant::now() + pause < end {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LOOK_PAUSE_MAX);
            if let Some(started) = start.find(&looking, namespace, label).await {
                return Some(started);
            }
        }
        None
    }

    /// The one job of a namespace that has that origin, and that nothing else is known to have started.
    async fn job_from(&self, namespace: &Namespace, origin: &Origin) -> Option<Job> {
        let filter = JobFilter { limit: SEARCHED, ..JobFilter::default() };
        let jobs = self.jobs(namespace, &filter).await.ok()?.jobs;
        let mut jobs = jobs.into_iter().filter(|job| origin.fits(job));
        let job = jobs.next()?;
        // Of several, nobody can tell.
        jobs.next().is_none().then_some(job)
    }
}

impl Origin {
    fn new(kind: &'static str, id: &str, since: Option<SystemTime>, turn: Turn) -> Self {
        Self { kind, id: id.to_owned(), since: since.unwrap_or_else(SystemTime::now), turn }
    }

    fn fits(&self, job: &Job) -> bool {
        let is_of = job.initiator.as_ref().is_some_and(|(by, of)| by.as_str() == self.kind && of.as_str() == self.id);
        let created = job.created_at.as_ref().and_then(|created| Timestamp::parse(created).ok());
        // The `Date` header has whole seconds.
        is_of
            && created.is_some_and(|created| created >= Timestamp::from(self.since))
            && !self.turn.knows(job.id.as_str())
    }
}

impl Startable for JobSpec {
    type Started = Job;

    fn url(&self, caller: &Caller, namespace: &Namespace) -> Url {
        caller.endpoint().url(&[Segment::fixed("api"), Segment::fixed("jobs"), namespace.into()])
    }

    fn body(&self, label: &str) -> Option<SealedBody> {
        Some(self.seal(label))
    }

    fn read(caller: &Caller, value: Value, namespace: &Namespace, what: &Request) -> Result<Job, HubError> {
        caller.read_job(value, namespace, what)
    }

    async fn find(&self, caller: &Caller, namespace: &Namespace, label: &str) -> Option<Job> {
        let filter =
            JobFilter { labels: vec![(REQUEST_LABEL.to_owned(), label.to_owned())], limit: 1, ..JobFilter::default() };
        caller.jobs(namespace, &filter).await.ok()?.jobs.into_iter().next()
    }

    fn trace(&self, label: String) -> Trace {
        Trace::Label(label)
    }
}

impl Startable for ScheduleSpec {
    type Started = ScheduledJob;

    fn url(&self, caller: &Caller, namespace: &Namespace) -> Url {
        caller.schedules_url(namespace)
    }

    fn body(&self, label: &str) -> Option<SealedBody> {
        Some(self.seal(label))
    }

    fn read(caller: &Caller, value: Value, namespace: &Namespace, what: &Request) -> Result<ScheduledJob, HubError> {
        caller.read_scheduled(value, namespace, what)
    }

    async fn find(&self, caller: &Caller, namespace: &Namespace, label: &str) -> Option<ScheduledJob> {
        let labels = [(REQUEST_LABEL.to_owned(), label.to_owned())];
        caller.scheduled_jobs(namespace, &labels).await.ok()?.0.into_iter().next()
    }

    fn trace(&self, label: String) -> Trace {
        Trace::ScheduleLabel(label)
    }
}

impl Startable for Copy {
    type Started = Job;

    fn url(&self, caller: &Caller, _: &Namespace) -> Url {
        caller.job_url(&self.of, Some("duplicate"))
    }

    fn body(&self, _: &str) -> Option<SealedBody> {
        None
    }

    fn read(caller: &Caller, value: Value, namespace: &Namespace, what: &Request) -> Result<Job, HubError> {
        caller.read_job(value, namespace, what)
    }

    async fn find(&self, caller: &Caller, namespace: &Namespace, _: &str) -> Option<Job> {
        caller.job_from(namespace, &self.origin).await
    }

    fn note(&mut self, started: &Job) {
        self.origin.turn.started(started.id.as_str());
    }

    fn request(&self, _: &Namespace) -> Request {
        self.of.request(Access::Write)
    }

    fn trace(&self, _: String) -> Trace {
        Trace::CopyOf(self.of.id.to_string())
    }
}

impl Startable for Run {
    type Started = Job;

    fn url(&self, caller: &Caller, _: &Namespace) -> Url {
        caller.scheduled_url(&self.of, Some("run"))
    }

    fn body(&self, _: &str) -> Option<SealedBody> {
        None
    }

    fn read(caller: &Caller, value: Value, namespace: &Namespace, what: &Request) -> Result<Job, HubError> {
        caller.read_job(value, namespace, what)
    }

    async fn find(&self, caller: &Caller, namespace: &Namespace, _: &str) -> Option<Job> {
        caller.job_from(namespace, &self.origin).await
    }

    fn note(&mut self, started: &Job) {
        self.origin.turn.started(started.id.as_str());
    }

    fn request(&self, _: &Namespace) -> Request {
        self.of.request(Access::Write)
    }

    fn trace(&self, _: String) -> Trace {
        Trace::RunOf(self.of.id.to_string())
    }
}

/// A value that no other submission has: 64 random bits.
fn request_label() -> String {
    let bits = getrandom::u64().unwrap_or_else(|_| {
        // Without a source of randomness the clock and the process still tell submissions apart.
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u64::from(since.subsec_nanos()) ^ (since.as_secs() << 20) ^ (u64::from(std::process::id()) << 40)
    });
    format!("{bits:016x}")
}

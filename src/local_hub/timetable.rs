//! Scheduled jobs: what each is, and the clock that starts them.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::Hub;
use super::job::{Job, Origin};
use super::reply::Refusal;
use super::spec::{JobSpec, Plan};
use crate::types::{Schedule, Timestamp};

/// The most scheduled jobs. The Hub names no bound; each is kept for as long as the Hub runs.
const MAX_SCHEDULED: usize = 100;

/// The longest that the clock sleeps: the machine's time may be set, or stand still while the machine sleeps.
const MAX_SLEEP: Duration = Duration::from_secs(30);

/// The scheduled jobs, oldest first.
#[derive(Default)]
pub(super) struct Timetable(Vec<ScheduledJob>);

/// A job that is started again and again.
pub(super) struct ScheduledJob {
    id: String,
    namespace: String,
    created: SystemTime,
    /// Of itself; its jobs have it as their initiator.
    origin: Origin,
    spec: Arc<JobSpec>,
    schedule: Schedule,
    suspended: bool,
    concurrency: bool,
    /// The newest of its jobs, and when it was started.
    last: Option<(Arc<Job>, SystemTime)>,
    /// When it is due, suspended or not; none if never again.
    next: Option<Timestamp>,
}

impl Timetable {
    pub(super) fn add(&mut self, job: ScheduledJob) -> Result<(), Refusal> {
        if self.0.len() >= MAX_SCHEDULED {
            return Err(Refusal::Full);
        }
        self.0.push(job);
        Ok(())
    }

    pub(super) fn find(&mut self, namespace: &str, id: &str) -> Result<&mut ScheduledJob, Refusal> {
        let found = self.0.iter_mut().find(|job| job.id == id && job.namespace == namespace);
        found.ok_or(Refusal::NoScheduledJob)
    }

    /// Forgets one; its jobs go on.
    pub(super) fn remove(&mut self, namespace: &str, id: &str) {
        self.0.retain(|job| job.id != id || job.namespace != namespace);
    }

    /// Those of a namespace, with a label if one is given, newest first.
    pub(super) fn list(&self, namespace: &str, label: Option<(&str, &str)>) -> Value {
        let has_label = |job: &&ScheduledJob| label.is_none_or(|(key, value)| job.spec.has_label(key, value));
        let own = self.0.iter().rev().filter(|job| job.namespace == namespace).filter(has_label);
        own.map(ScheduledJob::json).collect()
    }

    /// Starts all that are due, but those that are suspended and those that still run and may not run twice.
    fn start_due(&mut self, hub: &Arc<Hub>, now: Timestamp) {
        for job in &mut self.0 {
            if job.next.is_some_and(|due| due <= now) {
                job.next = job.schedule.next_after(now);
                if !job.suspended {
                    // What can't be started now is left out, as on the Hub.
                    job.start(hub).ok();
                }
            }
        }
    }

    /// How long until one is due.
    fn idle(&self, now: Timestamp) -> Duration {
        let next = self.0.iter().filter_map(|job| job.next).min();
        next.map_or(MAX_SLEEP, |next| now.before(next).0.min(MAX_SLEEP))
    }
}

impl ScheduledJob {
    /// A scheduled job of now.
    pub(super) fn new(id: String, namespace: String, origin: Origin, plan: Plan) -> Result<Self, Refusal> {
        let created = SystemTime::now();
        let mut job = Self {
            id,
            namespace,
            created,
            origin,
            spec: Arc::new(plan.spec),
            schedule: plan.schedule.clone(),
            suspended: plan.suspended,
            concurrency: plan.concurrency,
            last: None,
            next: None,
        };
        job.reschedule(plan.schedule)?;
        Ok(job)
    }

    /// Sets when it runs. A schedule that never comes is refused.
    pub(super) fn reschedule(&mut self, schedule: Schedule) -> Result<(), Refusal> {
        let next = schedule.next_after(Timestamp::now());
        self.next = Some(next.ok_or_else(|| Refusal::Invalid("schedule: it never comes".to_owned()))?);
        self.schedule = schedule;
        Ok(())
    }

    pub(super) fn suspend(&mut self, suspended: bool) {
        self.suspended = suspended;
    }

    pub(super) fn change(&mut self, change: impl FnOnce(&mut JobSpec)) {
        change(Arc::make_mut(&mut self.spec));
    }

    /// Starts one of its jobs, unless the one before still runs and may not have company.
    pub(super) fn start(&mut self, hub: &Arc<Hub>) -> Result<Arc<Job>, Refusal> {
        // Where it may not run twice no older one than the last can run.
        if !self.concurrency && self.last.as_ref().is_some_and(|(job, _)| !job.stage().is_final()) {
            return Err(Refusal::Concurrent);
        }
        let initiator = json!({"type": "scheduled-job", "id": self.id});
        let origin = Origin { initiator, ..self.origin.clone() };
        let job = hub.submit(self.namespace.clone(), origin, Arc::clone(&self.spec))?;
        self.last = Some((Arc::clone(&job), SystemTime::now()));
        Ok(job)
    }

    /// The `ScheduledJob` of the API.
    pub(super) fn json(&self) -> Value {
        let time = |time: SystemTime| humantime::format_rfc3339_millis(time).to_string();
        let mut spec = Map::new();
        self.spec.describe(&mut spec);
        let last = self.last.as_ref().map(|(job, at)| json!({"id": job.id, "at": time(*at)}));
        let mut status = json!({"lastJob": last});
        if let (Some(next), Some(fields)) = (self.next, status.as_object_mut()) {
            fields.insert("nextJobRunAt".to_owned(), json!(time(UNIX_EPOCH + next.since_epoch())));
        }
        json!({
            "type": "scheduled-job",
            "id": self.id,
            "createdAt": time(self.created),
            "schedule": self.schedule.as_str(),
            "suspend": self.suspended,
            "concurrency": self.concurrency,
            "status": status,
            "owner": self.origin.owner,
            "initiator": self.origin.initiator,
            "jobSpec": spec,
        })
    }
}

/// The clock: starts what is due until the Hub ends.
pub(super) async fn run(hub: Arc<Hub>) {
    loop {
        let idle = {
            let mut timetable = hub.timetable.lock().unwrap_or_else(PoisonError::into_inner);
            timetable.start_due(&hub, Timestamp::now());
            timetable.idle(Timestamp::now())
        };
        tokio::select! {
            () = tokio::time::sleep(idle) => {},
            () = hub.rescheduled.notified() => {},
            () = hub.stop.cancelled() => return,
        }
    }
}

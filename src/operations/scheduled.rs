//! `scheduled ps`, `inspect`, `delete`, `suspend`, `resume`, `trigger` and `update`: jobs that the Hub starts by itself.

use std::time::Duration;

use super::Work;
use super::outcome::{Outcome, ScheduledListing, Submission};
use super::submissions::unless;
use super::submit::prices;
use super::targets::Targets;
use crate::error::{Error, Problem};
use crate::types::{Namespace, Schedule, ScheduledJobId, Timestamp};

/// Which scheduled jobs to list.
#[derive(Debug, Clone, Default)]
pub struct ScheduledPsQuery {
    /// The suspended ones, too.
    pub all: bool,
    /// With these labels.
    pub labels: Vec<(String, String)>,
    /// Whose; without one, the caller's.
    pub namespace: Option<Namespace>,
}

/// What is done to a scheduled job.
#[derive(Debug, Clone)]
pub enum ScheduledChange {
    /// Nothing: it is looked at.
    None,
    /// It is deleted.
    Delete,
    /// It is not started until it is resumed.
    Suspend,
    /// It is started at its times again.
    Resume,
    /// It gets another schedule, which is there unless it is among the faults.
    Reschedule(Option<Box<Schedule>>),
}

impl Work<'_> {
    pub(super) async fn scheduled_ps(&mut self, query: ScheduledPsQuery) -> Result<Outcome, Error> {
        let caller = self.caller()?;
        let ScheduledPsQuery { all, labels, namespace } = query;
        let namespace = caller.namespace(namespace).await?;
        let (mut jobs, unreadable) = caller.scheduled_jobs(&namespace, &labels).await?;
        let found = jobs.len();
        jobs.retain(|job| all || !job.suspended);
        let hidden = found - jobs.len();
        let namespace = self.operations.scrubber.clean_line(namespace.as_str());
        Ok(Outcome::ScheduledListed(ScheduledListing { namespace, jobs, hidden, unreadable }))
    }

    pub(super) async fn scheduled_change(
        &mut self,
        target: Targets<ScheduledJobId>,
        change: ScheduledChange,
    ) -> Result<Outcome, Error> {
        let caller = self.caller()?;
        let target = self.target(&caller, target).await?;
        let policy = &self.operations.policy;
        match change {
            ScheduledChange::None => {}
            ScheduledChange::Delete => {
                let job = caller.scheduled_job(&target).await?;
                caller.delete_scheduled(policy.permit(self.name)?, &target).await?;
                return Ok(Outcome::ScheduledDeleted(Box::new(job)));
            }
            ScheduledChange::Suspend => caller.set_suspended(policy.permit(self.name)?, &target, true).await?,
            ScheduledChange::Resume => caller.set_suspended(policy.permit(self.name)?, &target, false).await?,
            ScheduledChange::Reschedule(schedule) => {
                let schedule = schedule.ok_or(Error::Internal { during: "reading a schedule" })?;
                if schedule.next_after(Timestamp::now()).is_none() {
                    let never = Problem::malformed(schedule.as_str(), "a schedule that ever comes");
                    return Err(Error::argument(self.name, never.at("schedule")));
                }
                caller.set_schedule(policy.permit(self.name)?, &target, &schedule).await?;
            }
        }
        // As it is now: the Hub's answers to changes may be empty.
        Ok(Outcome::ScheduledChanged(Box::new(caller.scheduled_job(&target).await?), Vec::new()))
    }

    pub(super) async fn trigger(&mut self, target: Targets<ScheduledJobId>) -> Result<Outcome, Error> {
        let caller = self.caller()?;
        let target = unless(self.cancelled, self.target(&caller, target)).await??;
        let (run, flavors) =
            unless(self.cancelled, async { tokio::join!(caller.run_of(&target), prices(caller.visitor())) }).await?;
        let (run, job) = run?;
        let mut submission = Submission::again(&caller, &job.spec, job.namespace.clone(), flavors.as_ref());
        let namespace = job.target(&target.namespace).namespace;
        self.start(&caller, &namespace, run, Duration::ZERO, None, &mut submission).await?;
        Ok(Outcome::Submitted(Box::new(submission)))
    }
}

//! `stats`: what running jobs use of their machines, one fresh sample each; without ids, all running jobs.

use std::time::Duration;

use tokio::time::Instant;

use super::Work;
use super::inspect::{each, unless_all_fail};
use super::outcome::{AllRunning, Outcome, Sampled};
use super::targets::Targets;
use crate::error::Error;
use crate::hub::{Caller, JobFilter, JobList, Sample, Target};
use crate::types::limits::MAX_IDS;
use crate::types::{Namespace, Stage};

/// How long a sample is waited for: the Hub sends about one a second once the machine is ready.
const SAMPLE_WITHIN: Duration = Duration::from_secs(10);
/// How long before the call's deadline the last sample is waited for.
const ANSWER_MARGIN: Duration = Duration::from_secs(3);

impl Work<'_> {
    pub(super) async fn stats(&mut self, targets: Targets) -> Result<Outcome, Error> {
        let caller = self.caller()?;
        let (targets, running) = if targets.jobs.is_empty() {
            let (targets, running) = self.running(&caller, targets.namespace).await?;
            (targets, Some(running))
        } else {
            (self.targets(&caller, targets).await?, None)
        };
        let deadline = self.deadline - ANSWER_MARGIN;
        let cancelled = self.cancelled;
        let caller = &caller;
        let asking = each(targets, |target| async move {
            let job = caller.job(&target).await?;
            if job.stage.is_terminal() || job.stage == Stage::Scheduling {
                return Ok(Sampled { job, metrics: None, cut_short: false });
            }
            // Each has its own time, as far as the call's lasts.
            let end = Instant::now() + SAMPLE_WITHIN;
            let (job, metrics) = match caller.sample(&target, end.min(deadline)).await? {
                Sample::Taken(metrics) => (job, Some(metrics)),
                // It may have started or ended while the sample was waited for.
                Sample::Over | Sample::Silent => {
                    (caller.until(deadline + ANSWER_MARGIN).job(&target).await.unwrap_or(job), None)
                }
            };
            let cut_short = metrics.is_none() && end > deadline;
            Ok(Sampled { job, metrics, cut_short })
        });
        let jobs = tokio::select! {
            () = cancelled.cancelled() => return Err(Error::Cancelled),
            jobs = asking => jobs,
        };
        Ok(Outcome::Sampled(unless_all_fail(jobs)?, running))
    }

    /// The running jobs of a namespace, the newest first, as many as one call may name.
    async fn running(
        &mut self,
        caller: &Caller,
        namespace: Option<Namespace>,
    ) -> Result<(Vec<Target>, AllRunning), Error> {
        let namespace = caller.namespace(namespace).await?;
        let filter = JobFilter { stages: vec![Stage::Running], labels: Vec::new(), limit: MAX_IDS };
        let JobList { jobs, more, unreadable } = caller.jobs(&namespace, &filter).await?;
        let targets = jobs.iter().map(|job| job.target(&namespace)).collect();
        let namespace = self.operations.scrubber.clean_line(namespace.as_str());
        Ok((targets, AllRunning { namespace, more, unreadable }))
    }
}

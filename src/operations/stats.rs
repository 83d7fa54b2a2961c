//! `stats`: what running jobs use of their machines, one fresh sample each.

use std::time::Duration;

use tokio::time::Instant;

use super::Work;
use super::inspect::{each, unless_all_fail};
use super::outcome::{Outcome, Sampled};
use super::targets::Targets;
use crate::error::Error;
use crate::hub::Sample;
use crate::types::Stage;

/// How long a sample is waited for: the Hub sends about one a second once the machine is ready.
const SAMPLE_WITHIN: Duration = Duration::from_secs(10);
/// How long before the call's deadline the last sample is waited for.
const ANSWER_MARGIN: Duration = Duration::from_secs(3);

impl Work<'_> {
    pub(super) async fn stats(&mut self, targets: Targets) -> Result<Outcome, Error> {
        let caller = self.caller()?;
        let targets = self.targets(&caller, targets).await?;
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
        Ok(Outcome::Sampled(unless_all_fail(jobs)?))
    }
}

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

impl Work<'_> {
    pub(super) async fn stats(&mut self, targets: Targets) -> Result<Outcome, Error> {
        let caller = self.caller()?;
        let targets = self.targets(&caller, targets).await?;
        let end = self.deadline.min(Instant::now() + SAMPLE_WITHIN);
        let cancelled = self.cancelled;
        let caller = &caller;
        let asking = each(targets, |target| async move {
            let job = caller.job(&target).await?;
            if job.stage.is_terminal() || job.stage == Stage::Scheduling {
                return Ok(Sampled { job, metrics: None });
            }
            let metrics = match caller.sample(&target, end).await? {
                Sample::Taken(metrics) => Some(metrics),
                Sample::Over | Sample::Silent => None,
            };
            // It may have started or ended while the sample was waited for.
            let job = if metrics.is_none() { caller.job(&target).await? } else { job };
            Ok(Sampled { job, metrics })
        });
        let jobs = tokio::select! {
            () = cancelled.cancelled() => return Err(Error::Cancelled),
            jobs = asking => jobs,
        };
        Ok(Outcome::Sampled(unless_all_fail(jobs)?))
    }
}

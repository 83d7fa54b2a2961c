//! `wait`: until jobs are over, or run, or the time is up.

use std::time::Duration;

use tokio::time::Instant;

use super::Work;
use super::inspect::{each, unless_all_fail};
use super::outcome::{Outcome, Waited};
use super::targets::Targets;
use crate::error::{Error, Warning};
use crate::hub::{Caller, Job, Observer as _, Target};
use crate::types::Stage;

/// The pause between two looks at one job: the Hub's stage lags by a second or so anyway.
const LOOK_PAUSE: Duration = Duration::from_millis(1500);
/// The pause that each further job adds, which holds the requests of a long list within the Hub's rate limit.
const PAUSE_PER_JOB: Duration = Duration::from_millis(200);

/// What is waited for.
#[derive(Debug, Clone)]
pub struct WaitQuery {
    /// Which jobs.
    pub targets: Targets,
    /// How long at most.
    pub time: Duration,
    /// For what.
    pub until: Until,
    /// Remarks on the arguments.
    pub warnings: Vec<Warning>,
}

/// What a job is waited for to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Over.
    Finished,
    /// Running, or over.
    Running,
}

impl Until {
    /// Whether a job is it.
    pub fn holds(self, stage: &Stage) -> bool {
        stage.is_terminal() || (self == Self::Running && *stage == Stage::Running)
    }
}

impl Work<'_> {
    pub(super) async fn wait(&mut self, query: WaitQuery) -> Result<Outcome, Error> {
        let WaitQuery { targets, time, until, mut warnings } = query;
        let caller = self.caller()?;
        let targets = self.targets(&caller, targets).await?;
        let end = self.follow_until(time).unwrap_or_else(Instant::now);
        // What asks the Hub may take longer than what is left of the wait.
        let caller = caller.until(self.deadline.max(end));
        let pause = LOOK_PAUSE + PAUSE_PER_JOB * u32::try_from(targets.len()).unwrap_or(u32::MAX).saturating_sub(1);
        let stop = self.operations.submissions.stop(self.cancelled);
        let mut jobs = unless_all_fail(look(&caller, targets).await)?;
        jobs.iter().filter_map(|each| each.result.as_ref().ok()).for_each(|job| self.teller().stage(job));
        let mut stale: Vec<(Target, Error)> = Vec::new();
        let mut seen_at = vec![Instant::now(); jobs.len()];
        loop {
            let open: Vec<Target> = jobs
                .iter()
                .filter(|each| each.result.as_ref().is_ok_and(|job| !until.holds(&job.stage)))
                .map(|each| each.target.clone())
                .collect();
            let now = Instant::now();
            if open.is_empty() || now >= end {
                break;
            }
            // The last look is at the end, so that the whole time is waited for.
            tokio::select! {
                () = stop.token.cancelled() => break,
                () = tokio::time::sleep_until(end.min(now + pause)) => {}
            }
            for seen in look(&caller, open).await {
                let Some((known, seen_at)) =
                    jobs.iter_mut().zip(&mut seen_at).find(|(each, _)| each.target == seen.target)
                else {
                    continue;
                };
                stale.retain(|(target, _)| *target != seen.target);
                match seen.result {
                    Ok(job) => {
                        if known.result.as_ref().is_ok_and(|known| known.stage != job.stage) {
                            self.teller().stage(&job);
                        }
                        (known.result, *seen_at) = (Ok(job), Instant::now());
                    }
                    // The next look may tell; if none does, it is said how old the news is.
                    Err(error) if error.retryable() => stale.push((seen.target, error)),
                    Err(error) => known.result = Err(error),
                }
            }
        }
        for (target, error) in stale {
            let seen_at = jobs.iter().zip(&seen_at).find(|(each, _)| each.target == target).map(|(_, at)| at.elapsed());
            warnings.push(Warning::Trouble {
                job: target.id.to_string(),
                reason: error.message(),
                age: seen_at.map(|age| age.as_secs()),
            });
        }
        Ok(Outcome::Waited(Waited { jobs, until, warnings }))
    }
}

async fn look(caller: &Caller, targets: Vec<Target>) -> Vec<super::Each<Job>> {
    each(targets, |target| async move { Ok(caller.job(&target).await?) }).await
}

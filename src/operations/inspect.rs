//! `inspect`: jobs in full, with what they have cost. One that is missing does not fail the rest.

use futures_util::{StreamExt, stream};

use super::Work;
use super::outcome::{Each, Looked, Outcome};
use super::submit::{price, prices};
use super::targets::Targets;
use crate::error::{Error, Refusal};
use crate::hub::{Job, Target};
use crate::policy::MicroUsd;

/// How many jobs are asked for at once: enough to hide the Hub's latency, few enough for its rate limit.
pub(super) const AT_ONCE: usize = 8;

impl Work<'_> {
    pub(super) async fn inspect(&mut self, targets: Targets) -> Result<Outcome, Error> {
        let caller = self.caller()?;
        let targets = self.targets(&caller, targets).await?;
        let caller = &caller;
        let looking = each(targets, |target| async move { Ok(caller.job(&target).await?) });
        let (jobs, flavors) = tokio::join!(looking, prices(caller.visitor()));
        let looked = |target: &Target, job: Job| Looked {
            page: caller.job_page(target),
            spent: spent(&job, price(flavors.as_ref(), &job.spec.flavor)),
            job,
        };
        let jobs = unless_all_fail(jobs)?.into_iter().map(|Each { target, result }| {
            let result = result.map(|job| looked(&target, job));
            Each { target, result }
        });
        Ok(Outcome::Inspected(jobs.collect()))
    }
}

/// What a job has cost so far, where it has begun and its price is known.
fn spent(job: &Job, per_minute: Option<u64>) -> Option<MicroUsd> {
    let running = job.running_seconds.filter(|_| job.started_at.is_some())?;
    Some(MicroUsd::so_far(per_minute?, running, !job.spec.ports.is_empty()))
}

/// Asks for several jobs, a few at once, in the order of the call.
pub(super) async fn each<T, F>(targets: Vec<Target>, ask: impl Fn(Target) -> F) -> Vec<Each<T>>
where
    F: Future<Output = Result<T, Error>>,
{
    let asked = targets.into_iter().map(|target| {
        let asking = ask(target.clone());
        async move { Each { target, result: asking.await } }
    });
    stream::iter(asked.collect::<Vec<_>>()).buffered(AT_ONCE).collect().await
}

/// Where all jobs fail, and not just for being unknown, the call fails with the first one's error.
pub(super) fn unless_all_fail<T>(jobs: Vec<Each<T>>) -> Result<Vec<Each<T>>, Error> {
    let unknown = |error: &Error| matches!(error, Error::Hub(error) if error.refusal == Refusal::NotFound);
    let lost = |each: &Each<T>| each.result.as_ref().is_err_and(|error| jobs.len() == 1 || !unknown(error));
    if !jobs.iter().all(lost) {
        return Ok(jobs);
    }
    match jobs.into_iter().next().map(|each| each.result) {
        Some(Err(error)) => Err(error),
        _ => Ok(Vec::new()),
    }
}

//! `inspect`: jobs in full. One that is missing does not fail the rest.

use futures_util::{StreamExt, stream};

use super::Work;
use super::outcome::{Each, Inspected, Outcome};
use super::targets::Targets;
use crate::error::{Error, Refusal};

/// How many jobs are asked for at once: enough to hide the Hub's latency, few enough for its rate limit.
pub(super) const AT_ONCE: usize = 8;

impl Work<'_> {
    pub(super) async fn inspect(&mut self, targets: Targets) -> Result<Outcome, Error> {
        let caller = self.caller()?;
        let targets = self.targets(&caller, targets).await?;
        let caller = &caller;
        let jobs: Vec<_> = stream::iter(targets)
            .map(|target| async move {
                let page = caller.endpoint().job_page(&target.namespace, &target.id);
                let result = caller.job(&target).await.map(|job| (job, page)).map_err(Error::from);
                Each { target, result }
            })
            .buffered(AT_ONCE)
            .collect()
            .await;
        Ok(Outcome::Inspected(Inspected { jobs: unless_all_fail(jobs)? }))
    }
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

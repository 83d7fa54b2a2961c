//! `cancel`: cancels jobs, and tells the stage that each really has afterwards.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use super::Work;
use super::inspect::{AT_ONCE, unless_all_fail};
use super::outcome::{Cancelled, Each, Outcome};
use super::targets::Targets;
use crate::error::{Error, HubError};
use crate::hub::{Caller, Target};
use crate::policy::{Cancel, Permit};
use crate::types::Stage;

/// How long the stage is asked for until it is final: the Hub takes a second or so.
const SETTLES_WITHIN: Duration = Duration::from_secs(4);
/// The pause between two looks at the stage.
const LOOK_PAUSE: Duration = Duration::from_millis(400);

impl Work<'_> {
    pub(super) async fn cancel(&mut self, targets: Targets) -> Result<Outcome, Error> {
        let caller = self.caller()?;
        let targets = self.targets(&caller, targets).await?;
        let permits: Vec<Permit<Cancel>> =
            targets.iter().map(|_| self.operations.policy.permit(self.name)).collect::<Result<_, _>>()?;
        let caller = &caller;
        let jobs: Vec<_> = stream::iter(targets.into_iter().zip(permits))
            .map(|(target, permit)| async move {
                let result = cancel(caller, permit, &target).await.map_err(Error::from);
                Each { target, result }
            })
            .buffered(AT_ONCE)
            .collect()
            .await;
        Ok(Outcome::Cancelled(unless_all_fail(jobs)?))
    }
}

async fn cancel(caller: &Caller, permit: Permit<Cancel>, target: &Target) -> Result<Cancelled, HubError> {
    let mut before = caller.job(target).await?;
    if before.stage.is_terminal() {
        return Ok(Cancelled { job: before, was_over: true, unread: None });
    }
    caller.cancel(permit, target).await?;
    let end = Instant::now() + SETTLES_WITHIN;
    loop {
        match caller.job(target).await {
            Ok(job) if job.stage.is_terminal() || Instant::now() >= end => {
                return Ok(Cancelled { job, was_over: false, unread: None });
            }
            Ok(_) => {}
            // It was accepted: that its stage can't be read is no failure of the cancel.
            Err(error) => {
                before.stage = Stage::unknown();
                return Ok(Cancelled { job: before, was_over: false, unread: Some(error.message()) });
            }
        }
        tokio::time::sleep(LOOK_PAUSE).await;
    }
}

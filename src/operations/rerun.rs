//! `rerun`: a job once more, as it was: same specification, same secrets.

use std::time::Duration;

use super::Work;
use super::outcome::{Outcome, Submission};
use super::submissions::unless;
use super::submit::prices;
use super::targets::Targets;
use crate::error::{Error, Warning};

/// Which job to run again.
#[derive(Debug, Clone)]
pub struct RerunQuery {
    /// The job.
    pub target: Targets,
    /// How long to follow.
    pub wait: Duration,
    /// Remarks on the arguments.
    pub warnings: Vec<Warning>,
}

impl Work<'_> {
    pub(super) async fn rerun(&mut self, query: RerunQuery) -> Result<Outcome, Error> {
        let RerunQuery { target, wait, warnings } = query;
        let caller = self.caller()?;
        let target = unless(self.cancelled, self.target(&caller, target)).await??;
        let (copy, flavors) =
            unless(self.cancelled, async { tokio::join!(caller.copy_of(&target), prices(caller.visitor())) }).await?;
        let (copy, job) = copy?;
        let mut submission = Submission::again(&caller, &job.spec, job.namespace.clone(), flavors.as_ref());
        submission.warnings = warnings;
        let namespace = job.target(&target.namespace).namespace;
        self.start(&caller, &namespace, copy, wait, None, &mut submission).await?;
        Ok(Outcome::Submitted(Box::new(submission)))
    }
}

//! `expose`: the ports of a running job that can be reached from outside.

use super::Work;
use super::outcome::Outcome;
use super::targets::Targets;
use crate::error::Error;
use crate::types::Expose;

/// The ports that a job is to expose.
#[derive(Debug, Clone)]
pub struct ExposeQuery {
    /// Which job.
    pub target: Targets,
    /// All of its ports; there unless they are among the faults.
    pub ports: Option<Expose>,
}

impl Work<'_> {
    pub(super) async fn expose(&mut self, query: ExposeQuery) -> Result<Outcome, Error> {
        let caller = self.caller()?;
        let ports = query.ports.ok_or(Error::Internal { during: "reading ports" })?;
        let target = self.target(&caller, query.target).await?;
        let permit = self.operations.policy.permit(self.name)?;
        let job = caller.set_ports(permit, &target, &ports).await?;
        Ok(Outcome::Changed(Box::new(job), Vec::new()))
    }
}

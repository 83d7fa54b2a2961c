//! `hardware`: the machines that the Hub offers now, with their prices. Needs no login.

use super::Work;
use super::outcome::Outcome;
use crate::error::Error;

impl Work<'_> {
    pub(super) async fn hardware(&mut self) -> Result<Outcome, Error> {
        self.refuse_faults()?;
        Ok(Outcome::Hardware(self.operations.hub.visitor(self.deadline).hardware().await?))
    }
}

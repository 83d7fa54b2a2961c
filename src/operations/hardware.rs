//! `hardware`: the machines that the Hub offers now, with their prices.

use super::Work;
use super::outcome::Outcome;
use crate::error::Error;

impl Work<'_> {
    pub(super) async fn hardware(&mut self) -> Result<Outcome, Error> {
        let caller = self.caller()?;
        Ok(Outcome::Hardware(caller.hardware().await?))
    }
}

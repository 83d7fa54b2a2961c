//! `hf_whoami`: who is logged in, and what the login may do.

use super::Work;
use super::outcome::{Outcome, WhoAmI};
use crate::error::Error;

impl Work<'_> {
    pub(super) async fn whoami(&mut self) -> Result<Outcome, Error> {
        let caller = self.caller()?;
        let login = self.login.as_ref().ok();
        let source = login.map(|login| login.source.to_string()).unwrap_or_default();
        let warnings = login.map(|login| login.warnings.clone()).unwrap_or_default();
        let identity = caller.whoami().await?;
        let endpoint = caller.endpoint();
        Ok(Outcome::WhoAmI(WhoAmI {
            identity,
            source: self.operations.scrubber.clean_line(&source),
            host: (!endpoint.is_default()).then(|| endpoint.host().to_owned()),
            local: caller.is_local(),
            warnings,
        }))
    }
}

//! Whether the server is of use: it has a login, and the Hub takes it.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::Operations;

/// How long the Hub's last answer counts, good or bad: whoever asks need not be anybody, and must not have the server ask the
/// Hub more often than this.
const ASKED_EVERY: Duration = Duration::from_secs(30);
/// How long the Hub may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// When the Hub was asked, and whether it answered with who the login is. Whoever asks meanwhile waits for that answer.
#[derive(Default)]
pub(super) struct Readiness(Mutex<Option<(Instant, bool)>>);

impl Operations {
    /// Whether there is a login, and whether the Hub took it lately; `None` without a login, since the Hub is not asked then.
    /// Asks the Hub at most every 30 seconds.
    pub async fn readiness(&self) -> (bool, Option<bool>) {
        let Ok(login) = self.login() else { return (false, None) };
        let mut last = self.readiness.0.lock().await;
        if let Some((at, answered)) = *last
            && at.elapsed() < ASKED_EVERY
        {
            return (true, Some(answered));
        }
        let deadline = Instant::now() + ANSWER_WITHIN;
        let login = self.renewals.in_time(login, deadline).await;
        let caller = self.hub.caller(login.token, deadline);
        let answered = matches!(tokio::time::timeout_at(deadline, caller.whoami()).await, Ok(Ok(_)));
        *last = Some((Instant::now(), answered));
        (true, Some(answered))
    }
}

//! Browser logins, whose tokens expire: renewed before they do, and when the Hub no longer takes one.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout_at};

use super::Submissions;
use crate::error::HubError;
use crate::hub::Hub;
use crate::secrets::{Fingerprint, Login, Remembered, Renewal, RenewalFault, Session};

/// How long before its end a token is renewed: as `huggingface_hub` does, so that no job starts with one that is about to end.
const BEFORE_END: Duration = Duration::from_secs(24 * 3600);
/// How long nothing is tried after a renewal, whatever came of it: as `huggingface_hub` does.
const PAUSE: Duration = Duration::from_secs(300);
/// How long another process that renews the login is waited for.
const LOCK_TIME: Duration = Duration::from_secs(3);
/// How often it is looked whether that process is done.
const LOCK_LOOK: Duration = Duration::from_millis(50);
/// How long the Hub has to answer: as `huggingface_hub` gives it.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// How long a call waits whose token is still good.
const CALL_WAIT: Duration = Duration::from_secs(5);
/// How long a call waits whose token is not: until the renewal has come to its end.
const CALL_WAIT_MAX: Duration = LOCK_TIME.saturating_add(ANSWER_TIME);

/// Renews browser logins, one at a time.
pub(super) struct Renewals {
    shared: Arc<Shared>,
    submissions: Submissions,
}

struct Shared {
    hub: Hub,
    session: Arc<Remembered<Box<dyn Session>>>,
    last: Mutex<Last>,
}

/// What came of the last renewal.
#[derive(Default)]
struct Last {
    /// The token that is not renewed for a while, or ever.
    paused: Option<(Fingerprint, Until)>,
    /// The token of whose failure the log was told.
    told: Option<Fingerprint>,
}

#[derive(Clone, Copy)]
enum Until {
    Then(Instant),
    NewLogin,
}

enum Failure {
    Fault(RenewalFault),
    Refused(Box<HubError>),
}

impl Renewals {
    pub(super) fn new(hub: Hub, session: Arc<Remembered<Box<dyn Session>>>, submissions: Submissions) -> Self {
        Self { shared: Arc::new(Shared { hub, session, last: Mutex::default() }), submissions }
    }

    /// The login, or the next one if this is about to end and can be renewed.
    pub(super) async fn in_time(&self, login: Login, deadline: Instant) -> Login {
        let Some(browser_login) = self.shared.session.browser_login(&login) else { return login };
        let left = browser_login.expires_at.saturating_sub(now());
        if left > BEFORE_END.as_secs() {
            return login;
        }
        let wait = if left > 0 { CALL_WAIT } else { CALL_WAIT_MAX };
        self.renew(login.clone(), deadline.min(Instant::now() + wait)).await.unwrap_or(login)
    }

    /// The login to use instead of one that the Hub refused: what another process has put in its place, or the next one, if
    /// it comes before the deadline.
    pub(super) async fn after_refusal(&self, login: &Login, deadline: Instant) -> Option<Login> {
        let current = self.shared.session.login().ok()?;
        if current.token.fingerprint() != login.token.fingerprint() {
            return Some(current);
        }
        self.shared.session.browser_login(login)?;
        self.renew(login.clone(), deadline.min(Instant::now() + CALL_WAIT_MAX)).await
    }

    /// In a task that is seen through: a token that was had and not kept is a login that was lost.
    async fn renew(&self, login: Login, until: Instant) -> Option<Login> {
        let shared = Arc::clone(&self.shared);
        let renewing = self.submissions.see_through(async move { shared.renew(&login).await });
        timeout_at(until, renewing).await.ok()?.ok()?
    }
}

impl Shared {
    async fn renew(&self, login: &Login) -> Option<Login> {
        let mut last = self.last.lock().await;
        let fingerprint = login.token.fingerprint();
        let paused = last.paused.filter(|(paused, _)| *paused == fingerprint);
        if paused.is_some_and(|(_, until)| until.lasts()) {
            return None;
        }
        let failure = match self.attempt(login).await {
            Ok((renewed, until)) => {
                last.paused = until.map(|until| (renewed.token.fingerprint(), until));
                return Some(renewed);
            }
            Err(failure) => failure,
        };
        last.paused = Some((fingerprint, failure.pause()));
        if last.told.replace(fingerprint) != Some(fingerprint) {
            failure.tell(login);
        }
        None
    }

    /// The next login, and how long it is left alone.
    async fn attempt(&self, login: &Login) -> Result<(Login, Option<Until>), Failure> {
        let held = match self.begin(login).await? {
            Renewal::Done(done) => return Ok((Login { warnings: login.warnings.clone(), ..done }, None)),
            Renewal::Held(held) => held,
        };
        let caller = self.hub.caller(login.token.clone(), Instant::now() + ANSWER_TIME);
        let refresh_token = &held.browser_login().refresh_token;
        let renewed = caller.renew(refresh_token).await.map_err(|error| Failure::Refused(Box::new(error)))?;
        let path = &login.source;
        match held.keep(&renewed) {
            Ok(()) => tracing::info!("the browser login of {path} was renewed"),
            Err(reason) => tracing::error!(
                "the browser login of {path} was renewed and could not be kept ({reason}); `hf auth login` makes a new one"
            ),
        }
        let left = renewed.expires_at.map_or(PAUSE, |at| Duration::from_secs(at.saturating_sub(now())));
        let until = Until::Then(Instant::now() + left.min(PAUSE));
        Ok((Login { token: renewed.token, ..login.clone() }, Some(until)))
    }

    async fn begin(&self, login: &Login) -> Result<Renewal, Failure> {
        let end = Instant::now() + LOCK_TIME;
        loop {
            match self.session.begin_renewal(login) {
                Err(RenewalFault::Busy) if Instant::now() < end => sleep(LOCK_LOOK).await,
                begun => return begun.map_err(Failure::Fault),
            }
        }
    }
}

impl Until {
    fn lasts(self) -> bool {
        match self {
            Self::Then(then) => Instant::now() < then,
            Self::NewLogin => true,
        }
    }
}

impl Failure {
    fn pause(&self) -> Until {
        match self {
            Self::Refused(error) if error.message.as_ref().is_some_and(|words| words.starts_with("invalid_grant")) => {
                Until::NewLogin
            }
            _ => Until::Then(Instant::now() + PAUSE),
        }
    }

    fn tell(&self, login: &Login) {
        let path = &login.source;
        match self {
            Self::Fault(RenewalFault::NotRenewable) => {}
            Self::Fault(RenewalFault::Busy) => {
                tracing::warn!("the browser login of {path} could not be renewed: another process holds its lock");
            }
            Self::Fault(RenewalFault::Unwritable(reason)) => tracing::warn!(
                "the browser login of {path} can't be renewed by this server ({reason}); `hf auth whoami` renews it"
            ),
            Self::Refused(error) => tracing::warn!(
                "the browser login of {path} could not be renewed: {}; `hf auth login` makes a new one",
                error.message()
            ),
        }
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

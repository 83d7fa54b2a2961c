//! Repeating what may be repeated: requests that only read.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::client::{Caller, Failure};
use crate::error::{HubError, Refusal, Request};

/// How often a request is sent at most: three repeats outlast a restart of a load balancer, more only delay the answer.
const TRIES: u32 = 4;
/// How long all tries and the pauses between them may take, which leaves the greater part of a call's time to its work.
const BUDGET: Duration = Duration::from_secs(20);
/// The pause before the first repeat; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(300);

impl Caller {
    /// Reads from the Hub, again after failures that pass: connection errors, 429, 500, 502, 503, 504.
    ///
    /// # Errors
    /// The last failure. A wait that the Hub asks for and that is longer than the budget is told, not slept.
    pub(super) async fn get(&self, url: Url, what: &Request) -> Result<Value, HubError> {
        self.get_page(url, what).await.map(|(value, _)| value)
    }

    /// [`Caller::get`] with the answer's headers, which name the next page.
    pub(super) async fn get_page(&self, url: Url, what: &Request) -> Result<(Value, HeaderMap), HubError> {
        let end = self.deadline().min(Instant::now() + BUDGET);
        let mut attempt = 0;
        loop {
            attempt += 1;
            // The first may take its time; what is repeated ends with the budget.
            let caller = if attempt == 1 { self.clone() } else { self.until(end) };
            let failure = match caller.json(Method::GET, url.clone(), None, what).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let pause = pause(attempt, &failure);
            if attempt >= TRIES || !passes(&failure.error.refusal) || Instant::now() + pause >= end {
                return Err(HubError { tries: attempt, ..failure.error });
            }
            tokio::time::sleep(pause).await;
        }
    }
}

fn passes(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::Unsent(error) => error.retryable(),
        refusal => matches!(
            refusal,
            Refusal::RateLimited(_) | Refusal::Unreachable(_) | Refusal::Failed(500 | 502 | 503 | 504)
        ),
    }
}

/// What the Hub asks for, or else an exponential pause; jittered, so that many clients do not come back at once.
pub(super) fn pause(attempt: u32, failure: &Failure) -> Duration {
    let base = FIRST_PAUSE.saturating_mul(1 << attempt.saturating_sub(1).min(6));
    let jitter = f64::from(getrandom::u32().unwrap_or(u32::MAX / 2)) / f64::from(u32::MAX);
    failure.retry_after.unwrap_or_else(|| base.mul_f64(0.5)) + base.mul_f64(0.5 * jitter)
}

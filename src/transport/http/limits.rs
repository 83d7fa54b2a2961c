//! How much may be open at once, and how many calls there may be in a minute: a client gone wild costs money.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::refusal::Refusal;

/// How many sessions there may be, unless told otherwise: each holds two queues. Abandoned ones count until they expire.
pub const SESSIONS: NonZeroU32 = NonZeroU32::new(1000).unwrap();
/// How many requests and streams may be open, unless told otherwise: with a connection each, they stay below the 1,024 files
/// that most systems let a process open.
pub const STREAMS: NonZeroU32 = NonZeroU32::new(800).unwrap();
/// How many tools may be called in a minute, unless told otherwise: ten a second is more than assistants do.
pub const CALLS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(600).unwrap();
/// How many seconds a client may leave a request unfinished, a connection unused or an answer unread, unless told otherwise:
/// a slow line sends 1 MiB in that time, and clients rarely keep a connection for longer.
pub const PATIENCE: NonZeroU32 = NonZeroU32::new(60).unwrap();

/// What bounds the clients together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Sessions, of both transports.
    pub sessions: NonZeroU32,
    /// Requests and streams that are open.
    pub streams: NonZeroU32,
    /// Calls of tools in a minute.
    pub calls_per_minute: NonZeroU32,
    /// Seconds for what a client leaves half done.
    pub patience: NonZeroU32,
}

impl Limits {
    /// How long a client is waited for that leaves something half done.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.patience.get().into())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { sessions: SESSIONS, streams: STREAMS, calls_per_minute: CALLS_PER_MINUTE, patience: PATIENCE }
    }
}

/// Places for what is open. Who has one gives it back by dropping it.
#[derive(Debug)]
pub(super) struct Places {
    places: Arc<Semaphore>,
    /// What takes them, as refusals and flags name it.
    of: &'static str,
}

/// A place that is taken.
pub(super) type Place = OwnedSemaphorePermit;

impl Places {
    pub(super) fn new(count: NonZeroU32, of: &'static str) -> Self {
        Self { places: Arc::new(Semaphore::new(places(count))), of }
    }

    /// A place.
    pub(super) fn take(&self) -> Result<Place, Refusal> {
        self.places.clone().try_acquire_owned().map_err(|_| self.full())
    }

    /// Whether there is one.
    pub(super) fn any(&self) -> Result<(), Refusal> {
        if self.places.available_permits() > 0 { Ok(()) } else { Err(self.full()) }
    }

    pub(super) fn full(&self) -> Refusal {
        Refusal::Full { of: self.of }
    }
}

/// As many as a semaphore takes.
pub(super) fn places(count: NonZeroU32) -> usize {
    usize::try_from(count.get()).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS)
}

/// Lets so many through in a minute: all at once, or in any rhythm.
#[derive(Debug)]
pub(super) struct Pace {
    per_minute: f64,
    /// What may go through, as of that moment.
    left: Mutex<(f64, Instant)>,
}

const MINUTE: Duration = Duration::from_secs(60);

impl Pace {
    pub(super) fn new(per_minute: NonZeroU32) -> Self {
        let per_minute = f64::from(per_minute.get());
        Self { per_minute, left: Mutex::new((per_minute, Instant::now())) }
    }

    /// Lets one through, or says when to come again.
    pub(super) fn step(&self) -> Result<(), Duration> {
        self.step_at(Instant::now())
    }

    fn step_at(&self, now: Instant) -> Result<(), Duration> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let regained = now.duration_since(left.1).as_secs_f64() / MINUTE.as_secs_f64() * self.per_minute;
        *left = ((left.0 + regained).min(self.per_minute), now);
        if left.0 >= 1.0 {
            left.0 -= 1.0;
            return Ok(());
        }
        Err(MINUTE.mul_f64((1.0 - left.0) / self.per_minute))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_pass_in_a_minute() {
        let pace = Pace::new(NonZeroU32::new(3).unwrap());
        let start = Instant::now();
        let passed = |after: u64| pace.step_at(start + Duration::from_secs(after));
        assert_eq!([passed(1), passed(1), passed(1)], [Ok(()); 3]);
        assert_eq!(passed(1).map_err(|again| again.as_secs()), Err(20));
        assert_eq!(passed(22), Ok(()));
        assert!(passed(23).is_err());
        assert_eq!([passed(600), passed(600), passed(600)], [Ok(()); 3]);
        assert!(passed(600).is_err(), "what was not used is not saved");
    }
}

//! What a job can cost, in whole millionths of a US dollar.

use std::fmt;

/// The time-out that the Hub applies where none is given (Hub documentation, Jobs configuration).
pub const DEFAULT_TIMEOUT_SECONDS: u64 = 30 * 60;

/// What exposed ports cost an hour, however many there are, in millionths of a US dollar (Hub documentation, Jobs serving).
const EXPOSED_PER_HOUR: u64 = 10_000;

/// An amount in millionths of a US dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MicroUsd(pub u64);

impl MicroUsd {
    /// The most that a job can cost: the Hub bills each minute begun, of each attempt, and a flat price an hour if ports are
    /// exposed (Hub documentation, Jobs pricing).
    pub fn at_most(per_minute: u64, timeout_seconds: Option<u64>, attempts: u64, exposed: bool) -> Self {
        let minutes = timeout_seconds.unwrap_or(DEFAULT_TIMEOUT_SECONDS).div_ceil(60).saturating_mul(attempts.max(1));
        Self::of_minutes(per_minute, minutes, exposed)
    }

    /// What a job has cost that has begun to run, and has run so long: its first minute counts from its start.
    pub fn so_far(per_minute: u64, running_seconds: u64, exposed: bool) -> Self {
        Self::of_minutes(per_minute, running_seconds.div_ceil(60).max(1), exposed)
    }

    fn of_minutes(per_minute: u64, minutes: u64, exposed: bool) -> Self {
        let ports = if exposed { EXPOSED_PER_HOUR.saturating_mul(minutes).div_ceil(60) } else { 0 };
        Self(per_minute.saturating_mul(minutes).saturating_add(ports))
    }

    /// The price of an hour, to the nearest cent: prices a minute are rounded from prices an hour.
    pub fn per_hour(per_minute: u64) -> Self {
        let cents = per_minute.saturating_mul(60).saturating_add(5_000) / 10_000;
        Self(cents.max(u64::from(per_minute > 0)).saturating_mul(10_000))
    }
}

impl fmt::Display for MicroUsd {
    /// In dollars and cents, rounded up: what is said to be the most is never less than the most.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = self.0.div_ceil(10_000);
        write!(f, "${}.{:02}", cents / 100, cents % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_rounded_up_and_never_overflow() {
        for (amount, text) in
            [(0, "$0.00"), (5_010, "$0.01"), (10_000, "$0.01"), (2_500_020, "$2.51"), (u64::MAX, "$18446744073709.56")]
        {
            assert_eq!(MicroUsd(amount).to_string(), text);
        }
        for (per_minute, text) in [(0, "$0.00"), (1, "$0.01"), (167, "$0.01"), (41_667, "$2.50"), (83_334, "$5.00")] {
            assert_eq!(MicroUsd::per_hour(per_minute).to_string(), text);
        }
        assert_eq!(MicroUsd::at_most(167, None, 1, false), MicroUsd(5_010));
        assert_eq!(MicroUsd::at_most(167, None, 1, true), MicroUsd(10_010));
        assert_eq!(MicroUsd::at_most(41_667, Some(61), 2, false), MicroUsd(166_668));
        for (seconds, minutes) in [(0, 1), (60, 1), (61, 2)] {
            assert_eq!(MicroUsd::so_far(167, seconds, false), MicroUsd(167 * minutes));
        }
        assert_eq!(MicroUsd::at_most(u64::MAX, Some(u64::MAX), 9, true), MicroUsd(u64::MAX));
    }
}

//! Points in time and lengths of time, as the Hub writes them and as people read them.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::Problem;

/// The last second of the year 9999, after which RFC 3339 has no form.
const LAST: Duration = Duration::from_secs(253_402_300_799);

/// A point in time from 1970 to 9999, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(Duration);

impl Timestamp {
    /// Reads RFC 3339 in UTC (`2026-11-23T10:00:00.123Z`), the form of all of the Hub's times.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        match humantime::parse_rfc3339(text.trim()) {
            Ok(time) => Ok(time.into()),
            Err(_) => Err(Problem::malformed(text, "a time in UTC such as `2026-11-23T10:00:00Z`")),
        }
    }

    /// Now, by this machine's clock.
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// The time since 1970.
    pub fn since_epoch(self) -> Duration {
        self.0
    }

    /// How long before `now` it was; nothing if it is later.
    pub fn before(self, now: Self) -> Elapsed {
        Elapsed(now.0.saturating_sub(self.0))
    }

    /// How long before `now` it was, to one unit: `12s`, `3m`, `2h`, `5d`.
    pub fn age(self, now: Self) -> String {
        let seconds = self.before(now).0.as_secs();
        match seconds {
            0..60 => format!("{seconds}s"),
            60..3600 => format!("{}m", seconds / 60),
            3600..86_400 => format!("{}h", seconds / 3600),
            _ => format!("{}d", seconds / 86_400),
        }
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        Self(time.duration_since(UNIX_EPOCH).unwrap_or_default().min(LAST))
    }
}

impl FromStr for Timestamp {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// RFC 3339 in UTC, whole seconds.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(self.0.as_secs())).fmt(f)
    }
}

/// A length of time, shown in two units at most: `45s`, `2m 05s`, `1h 05m`, `3d 02h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Elapsed(pub Duration);

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            0..60 => write!(f, "{seconds}s"),
            60..3600 => write!(f, "{}m {:02}s", seconds / 60, seconds % 60),
            3600..86_400 => write!(f, "{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
            _ => write!(f, "{}d {:02}h", seconds / 86_400, seconds % 86_400 / 3600),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_shows_utc() {
        for (text, shown) in [
            ("2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z"),
            ("2026-11-23T10:00:12.500Z", "2026-11-23T10:00:12Z"),
            (" 1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), shown);
        }
        for text in
            ["", "now", "2026-11-23", "2026-13-01T00:00:00Z", "2026-11-23T10:00:00+02:00", "1960-01-01T00:00:00Z"]
        {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
        let far = UNIX_EPOCH + Duration::from_secs(1 << 40);
        assert_eq!(Timestamp::from(far).to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(Timestamp::from(UNIX_EPOCH - Duration::from_secs(1)).to_string(), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn shows_lengths_of_time() {
        let start = Timestamp::parse("2026-11-23T10:00:00Z").unwrap();
        for (seconds, age, elapsed) in [
            (0, "0s", "0s"),
            (59, "59s", "59s"),
            (125, "2m", "2m 05s"),
            (3900, "1h", "1h 05m"),
            (86_399, "23h", "23h 59m"),
            (266_400, "3d", "3d 02h"),
        ] {
            let now = Timestamp(start.0 + Duration::from_secs(seconds));
            assert_eq!((start.age(now).as_str(), start.before(now).to_string().as_str()), (age, elapsed));
            assert_eq!(now.before(start).0, Duration::ZERO);
        }
    }
}

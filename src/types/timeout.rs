//! How long a job may run, and how long a call may wait: lengths of time as callers write them.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;

use super::wrong_kind;
use crate::error::Problem;

/// Seconds of the longest timeout: a year. The Hub states none (any positive integer); more than a year is a mistake of the
/// unit, such as milliseconds, and would overflow what is computed with it.
pub const MAX_TIMEOUT_SECONDS: u64 = 366 * 86_400;

/// Milliseconds of the units.
const SECOND: u128 = 1000;
const MINUTE: u128 = 60 * SECOND;
const HOUR: u128 = 60 * MINUTE;
const DAY: u128 = 24 * HOUR;

/// Digits before and after the point. More than any length of time needs; keeps the arithmetic exact in 128 bits.
const MAX_DIGITS: usize = 18;

/// After how many whole seconds the Hub stops a job: 1 to [`MAX_TIMEOUT_SECONDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timeout(NonZeroU64);

impl Timeout {
    /// Reads seconds, or numbers with units (`90m`, `1.5h`, `1h30m`, `2 hours`) or `h:mm:ss`; a fraction of a second is cut, as
    /// `hf jobs` does.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let milliseconds = measure(text.trim()).unwrap_or_default();
        match Self::whole_seconds(milliseconds) {
            Some(timeout) => Ok(timeout),
            None if milliseconds >= 1000 => {
                Err(Problem::malformed(text, format!("a timeout of at most {}", Self::longest())))
            }
            None => {
                let expected = "a positive length of time, such as `90m`, `1h30m`, `2 hours` or seconds, of at most";
                Err(Problem::malformed(text, format!("{expected} {}", Self::longest())))
            }
        }
    }

    /// Reads a JSON number of seconds or a string.
    pub fn from_json(value: &Value) -> Result<Self, Problem> {
        Self::parse(&text_of(value)?)
    }

    /// A number of seconds, if it is in range.
    pub fn from_seconds(seconds: u64) -> Option<Self> {
        NonZeroU64::new(seconds).filter(|seconds| seconds.get() <= MAX_TIMEOUT_SECONDS).map(Self)
    }

    /// The whole seconds, as the request's `timeoutSeconds` takes them.
    pub fn seconds(self) -> u64 {
        self.0.get()
    }

    fn whole_seconds(milliseconds: u128) -> Option<Self> {
        Self::from_seconds(u64::try_from(milliseconds / 1000).ok()?)
    }

    fn longest() -> String {
        format!("{}d", MAX_TIMEOUT_SECONDS / 86_400)
    }
}

impl FromStr for Timeout {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// The shortest exact form: `2h`, `90m`, `45s`.
impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.seconds();
        for (unit, name) in [(86_400, 'd'), (3600, 'h'), (60, 'm')] {
            if seconds.is_multiple_of(unit) {
                return write!(f, "{}{name}", seconds / unit);
            }
        }
        write!(f, "{seconds}s")
    }
}

/// How long a call follows a job before it answers: nothing up to the bound that the call has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wait(Duration);

impl Wait {
    /// The longest that a call without a progress token may wait: clients cut at 60 s, and an answer has to be made.
    pub const MAX: Duration = Duration::from_secs(45);

    /// The longest that a call with a progress token may wait.
    pub const MAX_WITH_PROGRESS: Duration = Duration::from_secs(600);

    /// No waiting.
    pub const NONE: Self = Self(Duration::ZERO);

    /// Reads a length of time as a timeout is written, or 0, up to `max`, exact to the millisecond.
    pub fn parse(text: &str, max: Duration) -> Result<Self, Problem> {
        let longest = longest(max);
        let expected = format!("seconds, or a length of time such as `30s`, from `0` to `{longest}`");
        match measure(text.trim()) {
            Some(milliseconds) if milliseconds <= max.as_millis() => {
                Ok(Self(Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default())))
            }
            Some(_) => Err(Problem::malformed_instead(text, expected, longest)),
            None => Err(Problem::malformed(text, expected)),
        }
    }

    /// Reads a JSON number of seconds or a string, up to `max`.
    pub fn from_json(value: &Value, max: Duration) -> Result<Self, Problem> {
        Self::parse(&text_of(value)?, max)
    }

    /// A wait that the server itself chooses, cut to [`Wait::MAX`].
    pub fn of(duration: Duration) -> Self {
        Self(duration.min(Self::MAX))
    }

    /// The time itself.
    pub fn duration(self) -> Duration {
        self.0
    }
}

fn longest(max: Duration) -> String {
    Timeout::from_seconds(max.as_secs()).map_or_else(|| "0".to_owned(), |timeout| timeout.to_string())
}

fn text_of(value: &Value) -> Result<String, Problem> {
    match value {
        Value::Number(number) => Ok(number.to_string()),
        Value::String(text) => Ok(text.clone()),
        _ => Err(wrong_kind("a number of seconds, or a string such as `90m`", value)),
    }
}

/// Milliseconds of a length of time: seconds, numbers with units, or `h:mm:ss`; a fraction of a millisecond is cut. `1:30` could
/// be either of two, and is none.
fn measure(text: &str) -> Option<u128> {
    if let Ok([hours, minutes, seconds]) = <[&str; 3]>::try_from(text.split(':').collect::<Vec<_>>()) {
        let sixty = |digits: &str| digits.len() == 2 && digits < "60";
        let in_range = sixty(minutes) && sixty(seconds) && !hours.contains('.');
        return Some(scale(hours, HOUR)? + scale(minutes, MINUTE)? + scale(seconds, SECOND)?).filter(|_| in_range);
    }
    scale(text, SECOND).or_else(|| with_units(text))
}

/// A decimal number times a unit, computed exactly: `4.35h` is 15660 seconds, where floating point would lose one.
fn scale(number: &str, unit: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| {
        let valid = (1..=MAX_DIGITS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if valid { text.parse::<u128>().ok() } else { None }
    };
    let tenths = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    Some(digits(whole)? * unit + digits(fraction)? * unit / tenths)
}

/// Milliseconds of numbers with units, the larger ones first: `90m`, `1h30m`, `1 hour and 30 minutes`.
fn with_units(text: &str) -> Option<u128> {
    let mut rest = text;
    let mut total = 0_u128;
    let mut last = u128::MAX;
    while !rest.is_empty() {
        let number_ends = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at_checked(number_ends)?;
        let after = after.trim_start();
        let word_ends = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (word, after) = after.split_at_checked(word_ends)?;
        let unit = match word.to_ascii_lowercase().as_str() {
            "s" | "sec" | "secs" | "second" | "seconds" => SECOND,
            "m" | "min" | "mins" | "minute" | "minutes" => MINUTE,
            "h" | "hr" | "hrs" | "hour" | "hours" => HOUR,
            "d" | "day" | "days" => DAY,
            "w" | "week" | "weeks" => 7 * DAY,
            _ => return None,
        };
        if unit >= last {
            return None;
        }
        last = unit;
        total = total.checked_add(scale(number, unit)?)?;
        rest = after.trim_start_matches([' ', ',']);
        rest = rest.strip_prefix("and ").map_or(rest, str::trim_start);
    }
    (last < u128::MAX).then_some(total)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_seconds_and_units() {
        for (value, seconds, shown) in [
            (json!(1), 1, "1s"),
            (json!(90.0), 90, "90s"),
            (json!("3600"), 3600, "1h"),
            (json!("90m"), 5400, "90m"),
            (json!("5400s"), 5400, "90m"),
            (json!("1.5h"), 5400, "90m"),
            (json!(" 2H "), 7200, "2h"),
            (json!("36h"), 129_600, "36h"),
            (json!("1d"), 86_400, "1d"),
            (json!("4.35h"), 15_660, "261m"),
            (json!("1.9"), 1, "1s"),
            (json!("366d"), MAX_TIMEOUT_SECONDS, "366d"),
            (json!("2 hours"), 7200, "2h"),
            (json!("90 min"), 5400, "90m"),
            (json!("90min"), 5400, "90m"),
            (json!("1h30m"), 5400, "90m"),
            (json!("1 Hour, 5 minutes"), 3900, "65m"),
            (json!("1 hour 30 minutes"), 5400, "90m"),
            (json!("1 hour and 30 minutes"), 5400, "90m"),
            (json!("1.5 days"), 129_600, "36h"),
            (json!("1w"), 604_800, "7d"),
            (json!("1:30:00"), 5400, "90m"),
            (json!("0:00:45"), 45, "45s"),
        ] {
            let timeout = Timeout::from_json(&value).unwrap();
            assert_eq!((timeout.seconds(), timeout.to_string().as_str()), (seconds, shown), "{value}");
            assert_eq!(Timeout::parse(shown), Ok(timeout));
        }
    }

    #[test]
    fn what_is_ambiguous_or_not_positive_is_refused() {
        for value in [
            json!("5x"),
            json!("1:30"),
            json!("1:99:00"),
            json!("1h30"),
            json!("30m1h"),
            json!("1h1h"),
            json!("forever"),
            json!("unlimited"),
            json!("-1"),
            json!("-1h"),
            json!(-1),
            json!(0),
            json!("0h"),
            json!("0.5s"),
            json!("NaN"),
            json!("inf"),
            json!(""),
            json!("h"),
            json!("1e3"),
            json!(1e30),
            json!("1.2.3h"),
            json!("367d"),
            json!(u64::MAX),
            json!("99999999999999999999d"),
            json!("５h"),
            json!("none"),
        ] {
            let Err(Problem::Malformed { instead, .. }) = Timeout::from_json(&value) else { panic!("{value}") };
            assert_eq!(instead, None, "{value}");
        }
        for value in [json!(null), json!(true), json!([1])] {
            assert!(matches!(Timeout::from_json(&value), Err(Problem::WrongType { .. })), "{value}");
        }
    }

    #[test]
    fn a_wait_has_the_bound_that_its_call_has() {
        let wait = |text: &str| Wait::parse(text, Wait::MAX);
        assert_eq!(wait("0"), Ok(Wait::NONE));
        assert_eq!(Wait::from_json(&json!(20), Wait::MAX).unwrap().duration(), Duration::from_secs(20));
        assert_eq!(wait("0.5s").unwrap().duration(), Duration::from_millis(500));
        assert_eq!(wait("45s").unwrap().duration(), Wait::MAX);
        let Err(Problem::Malformed { instead, .. }) = wait("2m") else { panic!() };
        assert_eq!(instead, Some("45s".into()));
        assert_eq!(Wait::parse("10m", Wait::MAX_WITH_PROGRESS).unwrap().duration(), Wait::MAX_WITH_PROGRESS);
        assert_eq!(wait("30 seconds").unwrap().duration(), Duration::from_secs(30));
        assert!(wait("-1").is_err() && wait("soon").is_err());
    }
}

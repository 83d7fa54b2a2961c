//! How long a job may run, and how long a call may wait: lengths of time as callers write them.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;

use super::wrong_kind;
use crate::error::Problem;

/// Seconds of the longest time-out: a year. The Hub states none (any positive integer); more than a year is a slip,
/// such as milliseconds, and would overflow what is computed with it.
pub const MAX_TIMEOUT_SECONDS: u64 = 366 * 86_400;

/// Digits before and after the point. More than any length of time needs; keeps the arithmetic exact in 128 bits.
const MAX_DIGITS: usize = 18;

/// After how many whole seconds the Hub stops a job: 1 to [`MAX_TIMEOUT_SECONDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timeout(NonZeroU64);

impl Timeout {
    /// Reads seconds, or a number with s, m, h or d (`90m`, `1.5h`); a fraction of a second is cut, as `hf jobs` does.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let milliseconds = measure(text.trim()).unwrap_or_default();
        let bound = Problem::malformed(text, format!("a time-out of at most {}", Self::longest()));
        match Self::whole_seconds(milliseconds) {
            Some(timeout) => Ok(timeout),
            None if milliseconds >= 1000 => Err(bound),
            None => Err(malformed(text, "a positive number of seconds, or a number with s, m, h or d, such as `90m`")),
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

    /// Reads seconds, or a number with s, m, h or d, up to `max`, exact to the millisecond.
    pub fn parse(text: &str, max: Duration) -> Result<Self, Problem> {
        let longest = longest(max);
        let expected = format!("seconds, or a number with s or m, from `0` to `{longest}`");
        match measure(text.trim()) {
            Some(milliseconds) if milliseconds <= max.as_millis() => {
                Ok(Self(Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default())))
            }
            Some(_) => Err(Problem::malformed_instead(text, expected, longest)),
            None => Err(malformed(text, expected)),
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

fn malformed(text: &str, expected: impl Into<String>) -> Problem {
    match spelled_out(text.trim()).and_then(Timeout::whole_seconds) {
        Some(timeout) => Problem::malformed_instead(text, expected, timeout.to_string()),
        None => Problem::malformed(text, expected),
    }
}

/// Milliseconds of `NUMBER[s|m|h|d]`; a fraction of a millisecond is cut.
fn measure(text: &str) -> Option<u128> {
    let (number, unit) = match text.char_indices().next_back()? {
        (at, unit) if unit.is_ascii_alphabetic() => (text.get(..at)?, unit.to_ascii_lowercase()),
        _ => (text, 's'),
    };
    let unit = match unit {
        's' => 1000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        _ => return None,
    };
    scale(number, unit)
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

/// Milliseconds of what people write besides: `2 hours`, `90 min`, `1h30m`, `1w`. Only to say what to pass instead.
fn spelled_out(text: &str) -> Option<u128> {
    let mut rest = text;
    let mut total = 0_u128;
    while !rest.is_empty() {
        let number_ends = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at_checked(number_ends)?;
        let after = after.trim_start();
        let word_ends = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (word, after) = after.split_at_checked(word_ends)?;
        let unit = match word.to_ascii_lowercase().as_str() {
            "s" | "sec" | "secs" | "second" | "seconds" => 1000,
            "m" | "min" | "mins" | "minute" | "minutes" => 60_000,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3_600_000,
            "d" | "day" | "days" => 86_400_000,
            "w" | "wk" | "week" | "weeks" => 604_800_000,
            _ => return None,
        };
        total = total.checked_add(scale(number, unit)?)?;
        rest = after.trim_start_matches([' ', ',']);
    }
    Some(total)
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
        ] {
            let timeout = Timeout::from_json(&value).unwrap();
            assert_eq!((timeout.seconds(), timeout.to_string().as_str()), (seconds, shown), "{value}");
            assert_eq!(Timeout::parse(shown), Ok(timeout));
        }
    }

    #[test]
    fn refuses_the_rest_and_says_what_to_pass() {
        for (value, expected) in [
            (json!("5x"), None),
            (json!("1w"), Some("7d")),
            (json!("2 hours"), Some("2h")),
            (json!("90 min"), Some("90m")),
            (json!("1h30m"), Some("90m")),
            (json!("1 hour, 5 minutes"), Some("65m")),
            (json!("1.5 days"), Some("36h")),
            (json!("-1"), None),
            (json!(-1), None),
            (json!(0), None),
            (json!("0h"), None),
            (json!("0.5s"), None),
            (json!("NaN"), None),
            (json!("inf"), None),
            (json!(""), None),
            (json!("h"), None),
            (json!("1e3"), None),
            (json!(1e30), None),
            (json!("1.2.3h"), None),
            (json!("367d"), None),
            (json!(u64::MAX), None),
            (json!("99999999999999999999d"), None),
            (json!("５h"), None),
            (json!("none"), None),
        ] {
            let Err(Problem::Malformed { instead, .. }) = Timeout::from_json(&value) else { panic!("{value}") };
            assert_eq!(instead, expected.map(Value::from), "{value}");
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
        let Err(Problem::Malformed { instead, .. }) = wait("30 seconds") else { panic!() };
        assert_eq!(instead, Some("30s".into()));
    }
}

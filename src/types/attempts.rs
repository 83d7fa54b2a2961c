//! How often a failing job is tried.

use std::fmt;
use std::num::NonZeroU32;

use serde_json::Value;

use super::wrong_kind;
use crate::error::Problem;

/// The most tries. The Hub states no bound; each try may cost a whole run, so that more is a slip.
pub const MAX_ATTEMPTS: u32 = 100;

/// Tries in total, the first included: 1 to [`MAX_ATTEMPTS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attempts(NonZeroU32);

impl Attempts {
    /// Reads decimal digits.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let digits = text.trim();
        let number: Option<NonZeroU32> =
            if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None };
        match number {
            Some(number) if number.get() <= MAX_ATTEMPTS => Ok(Self(number)),
            _ => Err(Problem::malformed(text, format!("a whole number of tries from 1 to {MAX_ATTEMPTS}"))),
        }
    }

    /// Reads a JSON number or a string of digits.
    pub fn from_json(value: &Value) -> Result<Self, Problem> {
        match value {
            Value::Number(number) => Self::parse(&number.to_string()),
            Value::String(text) => Self::parse(text),
            _ => Err(wrong_kind("a number of tries", value)),
        }
    }

    /// The number.
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

impl Default for Attempts {
    /// One, the Hub's default.
    fn default() -> Self {
        Self(NonZeroU32::MIN)
    }
}

impl fmt::Display for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn is_at_least_one() {
        assert_eq!(Attempts::from_json(&json!(1)), Ok(Attempts::default()));
        assert_eq!(Attempts::from_json(&json!("3")).unwrap().get(), 3);
        assert_eq!(Attempts::from_json(&json!(MAX_ATTEMPTS)).unwrap().get(), MAX_ATTEMPTS);
        for value in [json!(0), json!(-1), json!(MAX_ATTEMPTS + 1), json!(1.5), json!(""), json!("+1"), json!(true)] {
            assert!(Attempts::from_json(&value).is_err(), "{value}");
        }
    }
}

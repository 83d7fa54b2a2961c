//! The group of an organisation that a job's cost is booked on.

use std::fmt;
use std::str::FromStr;

use crate::error::Problem;

/// Digits of the Hub's object ids.
const DIGITS: usize = 24;

/// A resource group's id: 24 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceGroupId(String);

impl ResourceGroupId {
    /// Reads an id in either case.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let id = text.trim().to_ascii_lowercase();
        if id.len() == DIGITS && id.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(Self(id));
        }
        Err(Problem::malformed(text, format!("a resource group's id of {DIGITS} hexadecimal digits, not its name")))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ResourceGroupId {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for ResourceGroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_24_hexadecimal_digits() {
        let id = "66f0a1b2c3d4e5f601234567";
        assert_eq!(ResourceGroupId::parse(&id.to_uppercase()).unwrap().as_str(), id);
        for text in ["", "research", "66f0a1b2c3d4e5f60123456", "66f0a1b2c3d4e5f6012345677", "66f0a1b2c3d4e5f60123456g"]
        {
            assert!(ResourceGroupId::parse(text).is_err(), "{text}");
        }
    }
}

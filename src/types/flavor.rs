//! The hardware that a job runs on.

use std::fmt;
use std::str::FromStr;

use crate::error::Problem;

/// Characters of a flavor's name; the longest today has 14.
const MAX_FLAVOR_CHARS: usize = 64;

/// The name of a hardware flavor: lower-case letters, digits and `-`. Which ones there are, the Hub knows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flavor(String);

impl Flavor {
    /// Reads a flavor in any case.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let name = text.trim().to_ascii_lowercase();
        let valid = (1..=MAX_FLAVOR_CHARS).contains(&name.len())
            && !name.starts_with('-')
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if valid {
            return Ok(Self(name));
        }
        let expected = "a hardware flavor such as `cpu-basic` or `a10g-small`";
        let dashed = name.replace(['_', ' '], "-");
        if dashed != name && Self::parse(&dashed).is_ok() {
            Err(Problem::malformed_instead(text, expected, dashed))
        } else {
            Err(Problem::malformed(text, expected))
        }
    }

    /// The flavor's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Flavor {
    /// `cpu-basic`: the API requires a flavor, and this is what `huggingface_hub` sends if none is given.
    fn default() -> Self {
        Self("cpu-basic".to_owned())
    }
}

impl FromStr for Flavor {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Flavor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_case_and_refuses_other_characters() {
        assert_eq!(Flavor::parse(" A10G-Small ").unwrap().as_str(), "a10g-small");
        assert_eq!(Flavor::parse(Flavor::default().as_str()), Ok(Flavor::default()));
        for text in ["", "-a", "a/b", "a%2e", "ä", "a.b", &"a".repeat(65)] {
            assert!(matches!(Flavor::parse(text), Err(Problem::Malformed { instead: None, .. })), "{text}");
        }
        let Err(Problem::Malformed { instead, .. }) = Flavor::parse("cpu_basic") else { panic!() };
        assert_eq!(instead, Some("cpu-basic".into()));
    }
}

//! The hardware that a job runs on.

use std::fmt;
use std::str::FromStr;

use crate::error::Problem;

/// Characters of a flavor's name; the longest today has 14.
const MAX_FLAVOR_CHARS: usize = 64;

/// The name of a hardware flavor: lower-case letters, digits and `-`. Which ones exist, the Hub's list says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flavor(String);

impl Flavor {
    /// Reads a flavor in any case and with any characters between its words: `A100 (80GB)` is looked up as `a100-80gb`, so that
    /// a name that is not one is answered with those that are.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let folded = text.to_ascii_lowercase();
        let words = folded.split(|char: char| !char.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let name = words.collect::<Vec<_>>().join("-");
        if text.len() <= MAX_FLAVOR_CHARS && !name.is_empty() {
            return Ok(Self(name));
        }
        Err(Problem::malformed(text, "a hardware flavor such as `cpu-basic`"))
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
    fn case_and_separators_are_folded() {
        for (text, name) in [
            (" A10G-Small ", "a10g-small"),
            ("cpu_basic", "cpu-basic"),
            ("A100 (80GB)", "a100-80gb"),
            ("nvidia/t4", "nvidia-t4"),
        ] {
            assert_eq!(Flavor::parse(text).unwrap().as_str(), name, "{text}");
        }
        assert_eq!(Flavor::parse(Flavor::default().as_str()), Ok(Flavor::default()));
        for text in ["", "-", "ä", &"a".repeat(65)] {
            assert!(matches!(Flavor::parse(text), Err(Problem::Malformed { instead: None, .. })), "{text}");
        }
    }
}

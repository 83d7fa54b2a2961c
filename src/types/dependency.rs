//! What a uv script needs installed.

use std::fmt;
use std::str::FromStr;

use super::limits::MAX_DEPENDENCY_BYTES;
use crate::error::Problem;

/// One requirement for `uv run --with`: not empty, one line, and not an option of uv.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency(String);

impl Dependency {
    /// Takes a requirement; what it says is uv's to judge.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let requirement = text.trim();
        if requirement.len() > MAX_DEPENDENCY_BYTES {
            return Err(Problem::malformed(text, format!("at most {MAX_DEPENDENCY_BYTES} bytes long")));
        }
        let valid = !requirement.is_empty() && !requirement.starts_with('-') && !requirement.contains(char::is_control);
        if valid {
            return Ok(Self(requirement.to_owned()));
        }
        Err(Problem::malformed(text, "a requirement such as `transformers>=4.50`, without options of pip or uv"))
    }

    /// The requirement.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Dependency {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_requirement_and_no_option() {
        for text in ["trl", "torch>=2.0,<3", "x[a,b]==1; python_version<'3.13'", "x @ git+https://example.org/x@v1"] {
            assert_eq!(Dependency::parse(text).unwrap().as_str(), text);
        }
        for text in ["", " ", "-r x.txt", " --index-url=x", "a\0", "a\nb", &"a".repeat(MAX_DEPENDENCY_BYTES + 1)] {
            assert!(Dependency::parse(text).is_err(), "{text:?}");
        }
    }
}

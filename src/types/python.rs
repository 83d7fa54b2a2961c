//! The Python that uv runs a script with.

use std::fmt;
use std::str::FromStr;

use crate::error::Problem;

/// Characters of a request; a path to an interpreter is the longest form.
const MAX_CHARS: usize = 256;

/// A request for `uv run --python`: a version (`3.12`, `>=3.11`), an implementation or an interpreter's path within
/// the container. One word, and not an option of uv.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonVersion(String);

impl PythonVersion {
    /// Takes a request; what it says is uv's to judge.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let request = text.trim();
        let valid = !request.is_empty()
            && request.len() <= MAX_CHARS
            && !request.starts_with('-')
            && !request.contains(|c: char| c.is_whitespace() || c.is_control());
        if valid {
            return Ok(Self(request.to_owned()));
        }
        let expected = "a Python version such as `3.12`";
        Err(match request.to_ascii_lowercase().strip_prefix("python ").map(Self::parse) {
            Some(Ok(version)) => Problem::malformed_instead(text, expected, version.0),
            _ => Problem::malformed(text, expected),
        })
    }

    /// The request.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PythonVersion {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for PythonVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_one_word_and_no_option() {
        for text in ["3.12", ">=3.11,<3.13", "pypy@3.10", "/usr/bin/python3"] {
            assert_eq!(PythonVersion::parse(text).unwrap().as_str(), text);
        }
        for (text, expected) in
            [("", None), ("-V", None), ("3.12 --x", None), ("a\0", None), ("Python 3.12", Some("3.12"))]
        {
            let Err(Problem::Malformed { instead, .. }) = PythonVersion::parse(text) else { panic!("{text}") };
            assert_eq!(instead, expected.map(Into::into), "{text}");
        }
    }
}

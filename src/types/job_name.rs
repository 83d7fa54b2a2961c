//! What a job is called: the label `name`.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use super::limits::MAX_LABEL_CHARS;
use crate::error::Problem;

/// Bytes of the digest that a default name ends in (as `huggingface_hub` has it: 8 hexadecimal digits).
const DIGEST_BYTES: usize = 4;

/// A job's name: 1 to 100 of `A-Z a-z 0-9 . _ -`, so that it can be the value of the label `name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobName(String);

impl JobName {
    /// Takes the name as it stands, or offers it with other characters replaced by `-` and the end cut.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let expected = format!("a name of 1 to {MAX_LABEL_CHARS} letters, digits, `.`, `_` and `-`");
        if text.is_empty() {
            return Err(Problem::malformed(text, expected));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let mended: String =
            text.trim().chars().map(|c| if allowed(c) { c } else { '-' }).take(MAX_LABEL_CHARS).collect();
        if mended == text {
            return Ok(Self(mended));
        }
        Err(if mended.contains(|c: char| c.is_ascii_alphanumeric()) {
            Problem::malformed_instead(text, expected, mended)
        } else {
            Problem::malformed(text, expected)
        })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name that `huggingface_hub` gives a job that has none: what it runs, and a digest of `parts` (the image or
/// script as given, then the arguments), so that runs of the same command share a name.
///
/// Dots are replaced too: the Hub copies names into tags, which take none. The base is cut so that the whole stays a
/// label's value.
pub fn default_name(base: &str, parts: &[&str]) -> JobName {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let room = MAX_LABEL_CHARS - 1 - 2 * DIGEST_BYTES;
    let mut name: String = base.chars().map(|c| if allowed(c) { c } else { '-' }).take(room).collect();
    name.push('-');
    for byte in Sha256::digest(parts.join("\0")).iter().take(DIGEST_BYTES) {
        name.extend([byte >> 4, byte & 15].into_iter().filter_map(|digit| char::from_digit(digit.into(), 16)));
    }
    JobName(name)
}

impl FromStr for JobName {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn is_huggingface_hubs_default() {
        assert_eq!(
            default_name("python:3.12", &["python:3.12", "python", "-c", "print(1)"]).as_str(),
            "python-3-12-3212e188"
        );
        let long = default_name(&"ä".repeat(300), &[]);
        assert_eq!(long.as_str(), format!("{}-e3b0c442", "-".repeat(91)));
        assert_eq!(JobName::parse(long.as_str()), Ok(long));
    }

    #[test]
    fn offers_a_name_that_would_do() {
        assert_eq!(JobName::parse("sft-v1.2_a").unwrap().as_str(), "sft-v1.2_a");
        for (text, expected) in [
            ("my run: 1", Some("my-run--1".to_owned())),
            (" x ", Some("x".to_owned())),
            ("", None),
            ("///", None),
            (&"a".repeat(101), Some("a".repeat(100))),
        ] {
            let Err(Problem::Malformed { instead, .. }) = JobName::parse(text) else { panic!("{text}") };
            assert_eq!(instead, expected.map(Value::from), "{text}");
        }
    }
}

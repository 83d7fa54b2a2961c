//! Names of environment variables and of secrets.

use std::fmt;
use std::str::FromStr;

use super::limits::MAX_NAME_CHARS;
use crate::error::Problem;

/// The name of a plain environment variable: `^[a-zA-Z][_a-zA-Z0-9]+$` (the Hub's `OpenAPI` document), so two
/// characters at least, and no underscore first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnvName(String);

/// The name of a secret: `^[a-zA-Z][_a-zA-Z0-9]*$` (the Hub's `OpenAPI` document).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretName(String);

impl EnvName {
    const MIN: usize = 2;

    /// Takes the name as it stands, or says what would be right.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let expected = "a name that the Hub accepts: two or more letters, digits and `_`, the first a letter";
        check(text, Self::MIN, expected).map(Self)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl SecretName {
    const MIN: usize = 1;

    /// Takes the name as it stands, or says what would be right.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        check(text, Self::MIN, "a name of letters, digits and `_` that begins with a letter").map(Self)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A variable's name is a secret's name too: values that turn out to be credentials move from `env` to `secrets`.
impl From<EnvName> for SecretName {
    fn from(name: EnvName) -> Self {
        Self(name.0)
    }
}

impl FromStr for EnvName {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl FromStr for SecretName {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for EnvName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check(text: &str, min: usize, expected: &str) -> Result<String, Problem> {
    if is_name(text, min) {
        return Ok(text.to_owned());
    }
    if text.len() > MAX_NAME_CHARS {
        return Err(Problem::malformed(text, format!("{expected}, of at most {MAX_NAME_CHARS} characters")));
    }
    let mended = text.trim().trim_start_matches(['_', '$']).replace(['-', '.', ' '], "_");
    Err(if is_name(&mended, min) {
        Problem::malformed_instead(text, expected, mended)
    } else {
        Problem::malformed(text, expected)
    })
}

fn is_name(text: &str, min: usize) -> bool {
    (min..=MAX_NAME_CHARS).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn follows_the_hubs_patterns() {
        for (name, env, secret) in [
            ("HF_HOME", true, true),
            ("a1", true, true),
            ("A_", true, true),
            ("A", false, true),
            ("", false, false),
            ("_A", false, false),
            ("1A", false, false),
            ("A B", false, false),
            ("A=B", false, false),
            ("A\n", false, false),
            ("ÄB", false, false),
        ] {
            assert_eq!((EnvName::parse(name).is_ok(), SecretName::parse(name).is_ok()), (env, secret), "{name}");
        }
        assert!(EnvName::parse(&"A".repeat(MAX_NAME_CHARS)).is_ok());
        assert!(EnvName::parse(&"A".repeat(MAX_NAME_CHARS + 1)).is_err());
    }

    #[test]
    fn offers_a_name_that_would_do() {
        for (name, expected) in
            [("my-var", Some("my_var")), ("_PRIVATE", Some("PRIVATE")), ("$FOO", Some("FOO")), ("A", None), ("9", None)]
        {
            let Err(Problem::Malformed { instead, .. }) = EnvName::parse(name) else { panic!("{name}") };
            assert_eq!(instead, expected.map(Value::from), "{name}");
        }
    }
}

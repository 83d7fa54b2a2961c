//! Labels: what jobs are told apart by.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};

use super::JobName;
use super::limits::{MAX_LABEL_CHARS, MAX_LABELS};
use crate::error::Problem;

/// The label that holds a job's name.
pub const NAME_LABEL: &str = "name";

/// The label by which a submission whose answer was lost is found again. Callers can't set it.
pub const REQUEST_LABEL: &str = "mcp-request";

/// A job's labels, ordered by key: at most [`MAX_LABELS`], keys `^[a-zA-Z0-9._-]+$`, values `^[a-zA-Z0-9._-]*$`, both of
/// at most [`MAX_LABEL_CHARS`] (the Hub's `OpenAPI` document).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels(BTreeMap<String, String>);

impl Labels {
    /// Adds a caller's label, or replaces its value; refuses [`REQUEST_LABEL`].
    pub fn insert(&mut self, key: &str, value: &str) -> Result<(), Problem> {
        if key == REQUEST_LABEL {
            return Err(reserved(key));
        }
        self.keep(key, value)
    }

    /// Adds a caller's label given as `key=value`, or as `key` for an empty value.
    pub fn insert_pair(&mut self, pair: &str) -> Result<(), Problem> {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        self.insert(key.trim(), value.trim())
    }

    /// Adds a label that the job already has or that is the server's own, [`REQUEST_LABEL`] among them.
    pub fn keep(&mut self, key: &str, value: &str) -> Result<(), Problem> {
        check_key(key)?;
        check_value(value)?;
        if self.0.len() >= MAX_LABELS && !self.0.contains_key(key) {
            return Err(Problem::malformed(key, format!("at most {MAX_LABELS} labels")));
        }
        self.0.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    /// Removes a label; false if there was none of that key.
    pub fn remove(&mut self, key: &str) -> bool {
        self.0.remove(key).is_some()
    }

    /// Reads the key of a label that a caller names; refuses [`REQUEST_LABEL`].
    pub fn parse_key(text: &str) -> Result<String, Problem> {
        let key = text.trim();
        check_key(key)?;
        if key == REQUEST_LABEL { Err(reserved(key)) } else { Ok(key.to_owned()) }
    }

    /// Sets the label `name`.
    pub fn set_name(&mut self, name: &JobName) {
        self.0.insert(NAME_LABEL.to_owned(), name.as_str().to_owned());
    }

    /// The label `name`.
    pub fn name(&self) -> Option<&str> {
        self.get(NAME_LABEL)
    }

    /// The value of a label.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Keys and values, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The request's `labels`.
    pub fn to_json(&self) -> Value {
        json!(self.0)
    }
}

/// A label that jobs are filtered by. The Hub's query takes `key=value` only, and `key=` for an empty value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelFilter {
    key: String,
    value: String,
}

impl LabelFilter {
    /// A key with the value that it must have.
    pub fn new(key: &str, value: &str) -> Result<Self, Problem> {
        check_key(key)?;
        check_value(value)?;
        Ok(Self { key: key.to_owned(), value: value.to_owned() })
    }

    /// Reads `key=value`, or `key` for an empty value.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        Self::new(key.trim(), value.trim())
    }

    /// The filter for the jobs of that name.
    pub fn name(name: &JobName) -> Self {
        Self { key: NAME_LABEL.to_owned(), value: name.as_str().to_owned() }
    }

    /// The key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The value, perhaps empty.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether a job with this value for the key (none, if it does not have the label) passes.
    pub fn admits(&self, value: Option<&str>) -> bool {
        value == Some(&self.value)
    }
}

impl FromStr for LabelFilter {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// The value of the query parameter `label`.
impl fmt::Display for LabelFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

fn reserved(key: &str) -> Problem {
    Problem::malformed(key, format!("another key: `{REQUEST_LABEL}` is the server's own"))
}

fn check_key(key: &str) -> Result<(), Problem> {
    if !key.is_empty() && is_label(key) {
        return Ok(());
    }
    Err(Problem::malformed(key, format!("a label's key: 1 to {MAX_LABEL_CHARS} letters, digits, `.`, `_` and `-`")))
}

fn check_value(value: &str) -> Result<(), Problem> {
    if is_label(value) {
        return Ok(());
    }
    let expected = format!("a label's value: at most {MAX_LABEL_CHARS} letters, digits, `.`, `_` and `-`");
    Err(match JobName::parse(value) {
        Err(Problem::Malformed { instead: Some(instead), .. }) => Problem::malformed_instead(value, expected, instead),
        _ => Problem::malformed(value, expected),
    })
}

fn is_label(text: &str) -> bool {
    text.len() <= MAX_LABEL_CHARS && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_the_hub_takes() {
        let mut labels = Labels::default();
        labels.insert("team", "nlp").unwrap();
        labels.insert_pair("a.b=c-d_1").unwrap();
        labels.insert_pair("flag").unwrap();
        labels.set_name(&JobName::parse("sft").unwrap());
        assert_eq!(labels.to_json(), json!({"a.b": "c-d_1", "flag": "", "name": "sft", "team": "nlp"}));
        assert_eq!((labels.name(), labels.get("flag"), labels.len()), (Some("sft"), Some(""), 4));
    }

    #[test]
    fn refuses_what_the_hub_would() {
        let mut labels = Labels::default();
        let long = "a".repeat(MAX_LABEL_CHARS + 1);
        for (key, value) in
            [("", "x"), ("a b", "x"), ("a=b", "x"), ("ä", "x"), (&long, "x"), ("a", &long), ("a", "b/c")]
        {
            assert!(labels.insert(key, value).is_err(), "{key}={value}");
        }
        let Err(Problem::Malformed { instead, .. }) = labels.insert("a", "b/c d") else { panic!() };
        assert_eq!(instead, Some("b-c-d".into()));
        for n in 0..MAX_LABELS {
            labels.insert(&n.to_string(), "").unwrap();
        }
        assert!(labels.insert("more", "").is_err() && labels.insert("0", "again").is_ok());
    }

    #[test]
    fn keeps_its_own_label_from_callers() {
        let mut labels = Labels::default();
        assert!(labels.insert(REQUEST_LABEL, "x").is_err() && labels.is_empty());
        labels.keep(REQUEST_LABEL, "x").unwrap();
        assert_eq!(labels.get(REQUEST_LABEL), Some("x"));
    }

    #[test]
    fn filters_as_the_query_has_it() {
        let filter = LabelFilter::parse("team=nlp").unwrap();
        assert_eq!(filter.to_string(), "team=nlp");
        assert!(filter.admits(Some("nlp")) && !filter.admits(Some("")) && !filter.admits(None));
        assert_eq!(LabelFilter::parse("flag").unwrap().to_string(), "flag=");
        assert!(LabelFilter::parse("=x").is_err() && LabelFilter::parse("a=b=c").is_err());
    }
}

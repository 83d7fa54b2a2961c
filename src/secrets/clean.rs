//! Text that may be shown.

use std::{borrow::Cow, fmt, ops::Deref};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};

use super::REDACTED;

/// Text without known secrets, token shapes, control sequences and invisible characters.
///
/// Only a [`Scrubber`](super::Scrubber) makes one of foreign text, so a signature that asks for `Clean` can't be given
/// anything else.
///
/// ```compile_fail,E0423
/// let unseen = hf_jobs_mcp::secrets::Clean(String::from("a line of a job"));
/// ```
///
/// ```compile_fail,E0624
/// let unseen = hf_jobs_mcp::secrets::Clean::scrubbed(String::from("a line of a job"));
/// ```
///
/// ```compile_fail,E0597
/// let line = String::from("a line of a job");
/// let unseen = hf_jobs_mcp::secrets::Clean::literal(&line);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Clean(String);

impl Clean {
    /// Text of our own source.
    pub fn literal(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// Text that the scrubber has gone through.
    pub(in crate::secrets) fn scrubbed(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text as an owned string, for what is written out.
    pub fn into_string(self) -> String {
        self.0
    }

    /// The lines, without their ends.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = Self> + '_ {
        self.0.lines().map(|line| Self(line.to_owned()))
    }

    /// At most the first `max_chars` characters, followed by `…[+N chars]` where N were cut.
    ///
    /// A redaction mark is never cut in half: it goes as a whole.
    #[must_use]
    pub fn bounded(&self, max_chars: usize) -> Self {
        let Some((mut end, _)) = self.0.char_indices().nth(max_chars) else { return self.clone() };
        if let Some(mark) = self.0.match_indices(REDACTED).map(|(start, _)| start).find(|start| {
            let inside = *start..start.saturating_add(REDACTED.len());
            inside.contains(&end) && *start != end
        }) {
            end = mark;
        }
        let (kept, cut) = self.0.split_at_checked(end).unwrap_or_default();
        Self(format!("{kept}…[+{} chars]", cut.chars().count()))
    }
}

impl Deref for Clean {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Clean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for Clean {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl PartialEq<str> for Clean {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Clean {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl JsonSchema for Clean {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        String::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use static_assertions::assert_not_impl_any;

    use super::*;

    assert_not_impl_any!(Clean: DeserializeOwned, From<String>, From<&'static str>, std::str::FromStr);

    #[test]
    fn bounded_counts_what_it_cuts_and_keeps_marks_whole() {
        for (text, max, expected) in [
            ("short", 5, "short"),
            ("", 0, ""),
            ("longer text", 6, "longer…[+5 chars]"),
            ("größer", 3, "grö…[+3 chars]"),
            ("a [redacted] b", 5, "a …[+12 chars]"),
            ("a [redacted] b", 2, "a …[+12 chars]"),
            ("a [redacted] b", 12, "a [redacted]…[+2 chars]"),
        ] {
            assert_eq!(Clean(text.to_owned()).bounded(max), expected, "{text:?} at {max}");
        }
    }

    #[test]
    fn its_schema_is_a_plain_string() {
        assert_eq!(serde_json::to_value(schemars::schema_for!(Clean)).unwrap()["type"], "string");
        assert_eq!(serde_json::to_string(&Clean::literal("a \"b\"")).unwrap(), r#""a \"b\"""#);
    }
}

//! Names of the Hub's things that become segments of a URL: each is one segment by construction.

use std::fmt;
use std::str::FromStr;

use crate::error::Problem;

/// Characters of an id. The Hub's have 24.
const MAX_ID_CHARS: usize = 64;

/// Characters of an account's name (`huggingface_hub`'s repository id rule).
pub(super) const MAX_NAMESPACE_CHARS: usize = 96;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $valid:path, $expected:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it stands, or says what would be right.
            pub fn parse(text: &str) -> Result<Self, Problem> {
                if $valid(text) { Ok(Self(text.to_owned())) } else { Err(Problem::malformed(text, $expected)) }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = Problem;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// A job's id: 1 to 64 of `A-Z a-z 0-9 _ -` (the Hub's are 24 hexadecimal digits).
    JobId,
    is_id,
    "a job's id, as `ps` shows it (24 letters and digits)"
);

name!(
    /// A scheduled job's id, of the same form as a job's.
    ScheduledJobId,
    is_id,
    "a scheduled job's id, as `scheduled ps` shows it (24 letters and digits)"
);

name!(
    /// The name of a user or organisation: 1 to 96 of `A-Z a-z 0-9 . _ -`, a letter or digit first, no `..`.
    Namespace,
    is_namespace,
    "the name of a user or organisation: at most 96 letters, digits, `.`, `_` and `-`"
);

fn is_id(text: &str) -> bool {
    (1..=MAX_ID_CHARS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
}

fn is_namespace(text: &str) -> bool {
    (1..=MAX_NAMESPACE_CHARS).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        && !text.contains("..")
}

/// An id of the Hub that callers name things by.
pub trait Id: Sized + Clone + PartialEq + fmt::Display {
    /// What a caller may write for it.
    const REFERENCE: &'static str;

    /// Reads it.
    fn read(text: &str) -> Option<Self>;
}

impl Id for JobId {
    const REFERENCE: &'static str = "a job's id, `namespace/id`, or the URL of the job's page";

    fn read(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

impl Id for ScheduledJobId {
    const REFERENCE: &'static str = "a scheduled job's id, or `namespace/id`";

    fn read(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

/// A job or scheduled job as a caller names it: its id, and its namespace where that was said.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference<I> {
    /// The namespace, if the reference has one.
    pub namespace: Option<Namespace>,
    /// The id.
    pub id: I,
}

/// A job as a caller names it.
pub type JobReference = Reference<JobId>;

/// A scheduled job as a caller names it.
pub type ScheduledReference = Reference<ScheduledJobId>;

impl<I: Id> Reference<I> {
    /// Reads an id, `namespace/id`, or the URL of a job's page (`https://huggingface.co/jobs/NAMESPACE/ID`, on any host,
    /// with or without the scheme; what follows the id is dropped). The host is not used, so any will do.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        Self::read(text.trim()).ok_or_else(|| Problem::malformed(text, I::REFERENCE))
    }

    fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let (namespace, id) = match *parts.as_slice() {
            [id] => return Some(Self { namespace: None, id: I::read(id)? }),
            [namespace, id] => (namespace, id),
            _ => {
                let mut rest = parts.iter().skip_while(|part| !matches!(**part, "jobs" | "scheduled-jobs")).skip(1);
                (*rest.next()?, rest.find(|part| **part != "scheduled")?.split(['?', '#']).next()?)
            }
        };
        Some(Self { namespace: Some(Namespace::parse(namespace).ok()?), id: I::read(id)? })
    }
}

impl<I: Id> FromStr for Reference<I> {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl<I: Id> fmt::Display for Reference<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{namespace}/{}", self.id),
            None => self.id.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Endpoint, Segment};

    const ID: &str = "66f0a1b2c3d4e5f601234567";

    #[test]
    fn refuses_what_is_more_than_one_segment() {
        let long = "a".repeat(10_000);
        for text in [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "a%2fb",
            "a%2e",
            "a\\b",
            "a?x",
            "a#b",
            "a b",
            " a",
            "a\n",
            "a\0",
            "ä",
            "a\u{ff0f}b",
            "a;b",
            "a@b",
            "a:b",
            &long,
        ] {
            assert!(JobId::parse(text).is_err(), "{text:?}");
            assert!(ScheduledJobId::parse(text).is_err(), "{text:?}");
            assert!(Namespace::parse(text).is_err(), "{text:?}");
        }
        for text in ["a..b", ".a", "-a", "_a"] {
            assert!(Namespace::parse(text).is_err(), "{text}");
        }
        for text in ["", "/", "alice/", "/x", "alice/..", "../x", "alice/a%2fb", "alice/a b", "a/b/c", "a\\b"] {
            assert!(JobReference::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn each_is_exactly_one_segment_of_a_url() {
        let id = JobId::parse(ID).unwrap();
        for name in ["alice", "a.b", "a-b_c", "0", "a."] {
            let namespace = Namespace::parse(name).unwrap();
            let url = Endpoint::hub().url(&[Segment::fixed("api"), (&namespace).into(), (&id).into()]);
            assert_eq!(url.path(), format!("/api/{name}/{ID}"));
        }
    }

    #[test]
    fn finds_the_job_in_its_page() {
        let bare = JobReference { namespace: None, id: JobId::parse(ID).unwrap() };
        let full = JobReference { namespace: Some(Namespace::parse("alice").unwrap()), ..bare.clone() };
        assert_eq!(JobReference::parse(&format!(" {ID}\n")), Ok(bare));
        for text in [
            format!("alice/{ID}"),
            format!("https://huggingface.co/jobs/alice/{ID}"),
            format!("https://huggingface.co/jobs/alice/{ID}/?tab=logs#L3"),
            format!("huggingface.co/jobs/alice/{ID}/logs"),
            format!("http://127.0.0.1:9/hf/jobs/alice/{ID}"),
        ] {
            assert_eq!(JobReference::parse(&text), Ok(full.clone()), "{text}");
        }
        assert_eq!(full.to_string(), format!("alice/{ID}"));
        for text in [
            format!("https://huggingface.co/alice/{ID}"),
            format!("https://huggingface.co/jobs/../{ID}"),
            "https://huggingface.co/jobs/alice".to_owned(),
            format!("https://huggingface.co/jobs/al%69ce/{ID}"),
        ] {
            assert!(JobReference::parse(&text).is_err(), "{text}");
        }
    }
}

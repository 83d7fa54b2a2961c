//! A repository or bucket of the Hub.

use std::fmt;

use super::Namespace;
use super::ids::MAX_NAMESPACE_CHARS;

/// `OWNER/NAME` of a model, dataset, Space or bucket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RepositoryId {
    owner: Namespace,
    name: String,
}

impl RepositoryId {
    /// Reads `OWNER/NAME` by `huggingface_hub`'s rule: 1 to 96 of `A-Z a-z 0-9 . _ -` each, no `-` or `.` at the name's
    /// ends, no `..`, no `.git`.
    pub fn parse(text: &str) -> Option<Self> {
        let (owner, name) = text.split_once('/')?;
        let valid = (1..=MAX_NAMESPACE_CHARS).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
            && !name.starts_with(['-', '.'])
            && !name.ends_with(['-', '.'])
            && !name.contains("..")
            && !matches!(name.rsplit_once('.'), Some((_, "git")));
        if valid { Some(Self { owner: Namespace::parse(owner).ok()?, name: name.to_owned() }) } else { None }
    }

    /// The user or organisation.
    pub fn owner(&self) -> &Namespace {
        &self.owner
    }

    /// The name below the owner.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for RepositoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_an_owner_and_a_name() {
        for text in ["alice/m", "a.b/c_d-e.f", "org/_x"] {
            assert_eq!(RepositoryId::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "", "alice", "alice/", "/m", "a/b/c", "a/..", "a/.b", "a/b.", "a/-b", "a/b.git", "a/b c", "a/b@c", "a/b%2f",
        ] {
            assert_eq!(RepositoryId::parse(text), None, "{text}");
        }
    }
}

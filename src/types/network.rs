//! Networks that jobs share.

use serde_json::{Value, json};

use super::limits::MAX_ALIASES;
use crate::error::Problem;

/// Characters of a group's name (`huggingface_hub`).
const MAX_GROUP_CHARS: usize = 46;

/// Characters of an alias (`huggingface_hub`).
const MAX_ALIAS_CHARS: usize = 34;

/// The network group that a job joins, and the names by which its members reach it. No aliases without a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    group: String,
    aliases: Vec<String>,
}

impl Network {
    /// A job in this group: lower-case letters, digits and `-`.
    pub fn new(group: &str) -> Result<Self, Problem> {
        Ok(Self { group: check(group, MAX_GROUP_CHARS)?, aliases: Vec::new() })
    }

    /// Claims an alias in the group: the same characters, each once.
    pub fn claim(&mut self, alias: &str) -> Result<(), Problem> {
        let alias = check(alias, MAX_ALIAS_CHARS)?;
        if self.aliases.contains(&alias) {
            return Err(Problem::malformed(alias, "each alias once"));
        }
        if self.aliases.len() >= MAX_ALIASES {
            return Err(Problem::malformed(alias, format!("at most {MAX_ALIASES} aliases")));
        }
        self.aliases.push(alias);
        Ok(())
    }

    /// The group's name.
    pub fn group(&self) -> &str {
        &self.group
    }

    /// The job's aliases.
    pub fn aliases(&self) -> &[String] {
        &self.aliases
    }

    /// The request's `network`.
    pub fn to_json(&self) -> Value {
        if self.aliases.is_empty() {
            json!({"group": self.group})
        } else {
            json!({"group": self.group, "aliases": self.aliases})
        }
    }
}

fn check(text: &str, max: usize) -> Result<String, Problem> {
    let valid = |text: &str| {
        (1..=max).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    if valid(text) {
        return Ok(text.to_owned());
    }
    let expected = format!("1 to {max} lower-case letters, digits and `-`");
    let mended = text.trim().to_ascii_lowercase().replace(['_', '.', ' '], "-");
    Err(if valid(&mended) {
        Problem::malformed_instead(text, expected, mended)
    } else {
        Problem::malformed(text, expected)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_a_group_and_perhaps_aliases() {
        let mut network = Network::new("train-1").unwrap();
        assert_eq!(network.to_json(), json!({"group": "train-1"}));
        network.claim("master").unwrap();
        assert_eq!(network.to_json(), json!({"group": "train-1", "aliases": ["master"]}));
        assert!(network.claim("master").is_err() && network.claim(&"a".repeat(35)).is_err());
        for n in 1..MAX_ALIASES {
            network.claim(&n.to_string()).unwrap();
        }
        assert!(network.claim("more").is_err());
        let Err(Problem::Malformed { instead, .. }) = Network::new("My_Group") else { panic!() };
        assert_eq!(instead, Some("my-group".into()));
        for group in ["", "a/b", "ä", &"a".repeat(47)] {
            assert!(Network::new(group).is_err(), "{group}");
        }
    }
}

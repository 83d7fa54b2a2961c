//! Where a job stands.

use std::fmt;

use super::nearest;
use crate::error::Problem;

/// Characters of a stage that is not known; the longest known one has 10.
const MAX_STAGE_CHARS: usize = 32;

/// A job's stage, as the Hub names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Waiting for hardware, or building.
    Scheduling,
    /// Running.
    Running,
    /// Ended with exit code 0.
    Completed,
    /// Cancelled by a user or by the Hub.
    Canceled,
    /// Ended with another exit code, ran out of time, or never started.
    Error,
    /// Deleted.
    Deleted,
    /// A stage that the Hub had not when this was written; not taken for an end.
    Other(OtherStage),
}

/// The name of an unknown stage: 1 to 32 of `A-Z 0-9 _`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OtherStage(String);

impl Stage {
    /// The stages that the Hub documents, in the order in which a job may pass them.
    pub const KNOWN: [Self; 6] =
        [Self::Scheduling, Self::Running, Self::Completed, Self::Canceled, Self::Error, Self::Deleted];

    /// Reads what the Hub answers. Never fails: an unknown stage is kept as a bounded word.
    pub fn parse(text: &str) -> Self {
        let word: String = text
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
            .take(MAX_STAGE_CHARS)
            .map(|c| c.to_ascii_uppercase())
            .collect();
        match Self::KNOWN.into_iter().find(|stage| stage.as_str() == word) {
            Some(stage) => stage,
            None if word.is_empty() => Self::unknown(),
            None => Self::Other(OtherStage(word)),
        }
    }

    /// The stage of what could not be asked.
    pub fn unknown() -> Self {
        Self::Other(OtherStage("UNKNOWN".to_owned()))
    }

    /// Reads a stage to filter by, in any case and by the words that people use for it.
    pub fn parse_filter(text: &str) -> Result<Self, Problem> {
        let word = text.trim().to_ascii_uppercase();
        match word.as_str() {
            "PENDING" | "QUEUED" | "WAITING" | "STARTING" => return Ok(Self::Scheduling),
            "ACTIVE" | "STARTED" => return Ok(Self::Running),
            "DONE" | "SUCCESS" | "SUCCEEDED" | "FINISHED" | "COMPLETE" => return Ok(Self::Completed),
            "CANCELLED" | "CANCEL" | "STOPPED" => return Ok(Self::Canceled),
            "FAILED" | "FAILURE" | "ERRORED" | "ERRORS" => return Ok(Self::Error),
            _ => {}
        }
        if let Some(stage) = Self::KNOWN.into_iter().find(|stage| stage.as_str() == word) {
            return Ok(stage);
        }
        let expected = format!("one of {}", Self::KNOWN.map(|stage| format!("`{stage}`")).join(", "));
        Err(match nearest(&word, Self::KNOWN.iter().map(Self::as_str)) {
            Some(stage) => Problem::malformed_instead(text, expected, stage),
            None => Problem::malformed(text, expected),
        })
    }

    /// The Hub's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Scheduling => "SCHEDULING",
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Canceled => "CANCELED",
            Self::Error => "ERROR",
            Self::Deleted => "DELETED",
            Self::Other(word) => &word.0,
        }
    }

    /// Whether the job is over.
    pub fn is_terminal(&self) -> bool {
        match self {
            Self::Completed | Self::Canceled | Self::Error | Self::Deleted => true,
            Self::Scheduling | Self::Running | Self::Other(_) => false,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_hubs_stages_and_bounds_others() {
        for stage in Stage::KNOWN {
            assert_eq!(Stage::parse(stage.as_str()), stage);
            assert_eq!(Stage::parse(&stage.as_str().to_lowercase()), stage);
        }
        for (text, word) in
            [("UPDATING", "UPDATING"), ("", "UNKNOWN"), ("\u{1b}[31mX\n", "31MX"), (&"a".repeat(99), &"A".repeat(32))]
        {
            let stage = Stage::parse(text);
            assert_eq!(stage.as_str(), word);
            assert!(!stage.is_terminal());
        }
        assert_eq!(Stage::KNOWN.iter().filter(|stage| stage.is_terminal()).count(), 4);
    }

    #[test]
    fn filters_by_the_words_that_people_use() {
        for (text, stage) in [
            ("running", Stage::Running),
            (" Cancelled ", Stage::Canceled),
            ("failed", Stage::Error),
            ("done", Stage::Completed),
            ("success", Stage::Completed),
            ("queued", Stage::Scheduling),
            ("pending", Stage::Scheduling),
        ] {
            assert_eq!(Stage::parse_filter(text), Ok(stage), "{text}");
        }
        let Err(Problem::Malformed { instead, .. }) = Stage::parse_filter("runing") else { panic!() };
        assert_eq!(instead, Some("RUNNING".into()));
        for text in ["", "xyz", "UPDATING?"] {
            assert!(Stage::parse_filter(text).is_err(), "{text}");
        }
    }
}

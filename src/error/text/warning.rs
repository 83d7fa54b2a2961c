//! The words of what an answer remarks.

use super::{TOKEN_SETTINGS, short};
use crate::error::Warning;

impl Warning {
    /// The warning's stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::LiteralToken { .. } => "literal_token",
            Self::UnreadName { .. } => "unread_secret_name",
            Self::PlaceholderWithoutShell => "placeholder_without_shell",
            Self::EmptyMap { .. } => "empty_map",
            Self::Differs { .. } => "differs_from_request",
            Self::FoundAgain => "answer_lost",
            Self::NotFollowed { .. } => "not_followed",
            Self::WaitCut { .. } => "wait_cut",
            Self::CursorLost => "cursor_lost",
        }
    }

    /// What is remarked.
    pub fn message(&self) -> String {
        match self {
            Self::LiteralToken { name } => {
                format!("secret `{name}` was given as a literal token, which is now in this conversation")
            }
            Self::UnreadName { name } => format!("the token is in `{name}`, where Hub libraries don't look"),
            Self::PlaceholderWithoutShell => {
                "`$HF_TOKEN` in `command` arrives as these nine characters: no shell runs it".to_owned()
            }
            Self::EmptyMap { argument } => {
                format!("`{argument}` is empty; some clients empty a map that they don't understand")
            }
            Self::Differs { field, asked, got } => {
                format!("`{field}` is `{}` on the Hub, and `{}` was asked for", short(got), short(asked))
            }
            Self::FoundAgain => {
                "the Hub's answer was lost; the job was found again by its label, and was sent once".to_owned()
            }
            Self::NotFollowed { reason } => {
                format!("the job was submitted, and its output can't be followed: {reason}")
            }
            Self::WaitCut { seconds } => format!("followed for {seconds} s at most: clients cut longer calls"),
            Self::CursorLost => "the cursor's place is not in the log any more; these are its first lines".to_owned(),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::LiteralToken { name } => format!(
                "next time pass \"secrets\": {{\"{name}\": \"$HF_TOKEN\"}}, and replace the token at {TOKEN_SETTINGS}"
            ),
            Self::UnreadName { .. } => {
                "pass \"secrets\": {\"HF_TOKEN\": \"$HF_TOKEN\"} unless the script reads that name itself".to_owned()
            }
            Self::PlaceholderWithoutShell => {
                "pass \"command\": [\"/bin/sh\", \"-c\", \"…\"] to have it replaced inside the job".to_owned()
            }
            Self::EmptyMap { argument } => format!("pass `{argument}` as a list of \"NAME=value\" instead"),
            Self::Differs { .. } => "cancel the job if that matters".to_owned(),
            Self::FoundAgain => "don't send it again".to_owned(),
            Self::NotFollowed { .. } => "read it with {\"operation\": \"logs\"} and the job's id".to_owned(),
            Self::WaitCut { .. } => "go on with {\"operation\": \"logs\"} and `next_cursor`".to_owned(),
            Self::CursorLost => "go on with the new `next_cursor`".to_owned(),
        }
    }
}

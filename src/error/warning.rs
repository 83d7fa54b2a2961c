//! What an answer remarks although the call was carried out: data, of which `error::text` makes the words.

/// A remark on a call that was carried out.
#[derive(Debug, Clone, PartialEq)]
pub enum Warning {
    /// A token was given literally in `secrets`.
    LiteralToken {
        /// The secret's name.
        name: String,
    },
    /// The session's token is under a name that Hub libraries do not read.
    UnreadName {
        /// The secret's name.
        name: String,
    },
    /// `$HF_TOKEN` in an argument of a command that no shell runs.
    PlaceholderWithoutShell,
    /// A map was given and is empty: some clients empty what they do not understand.
    EmptyMap {
        /// The argument.
        argument: String,
    },
    /// What the Hub says of the job is not what was asked.
    Differs {
        /// The field.
        field: &'static str,
        /// What was asked.
        asked: String,
        /// What the Hub says.
        got: String,
    },
    /// The answer to the submission was lost; the job was found by its label.
    FoundAgain,
    /// The job was submitted, and its log could not be followed.
    NotFollowed {
        /// Why.
        reason: String,
    },
    /// The time to follow was cut to what the caller's client waits for.
    WaitCut {
        /// What it was cut to, in seconds.
        seconds: u64,
    },
    /// The place of the cursor is not in the log any more, which was read from its start.
    CursorLost,
}

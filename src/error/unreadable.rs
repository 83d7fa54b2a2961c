//! Why a client's message could not be read: data, of which `error::text` makes the words.

/// What is wrong with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// Its bytes are not UTF-8 text.
    NotUtf8,
    /// A string in it has an escape that is half of a character, such as `\ud83d`.
    LoneSurrogate {
        /// The escape as written.
        escape: String,
    },
    /// It is nested deeper than the parser reads.
    TooDeep,
    /// It has a number that no 64-bit float can hold.
    NumberTooLarge,
    /// It is not JSON.
    NotJson {
        /// The line of the message, counted from 1, in which the parser gave up.
        line: usize,
        /// The byte of that line.
        column: usize,
    },
    /// It is an array of messages.
    Batch,
    /// Its id is neither a string nor an integer of 64 bits.
    Id,
    /// Its `params` is not an object.
    Params,
    /// It is JSON, but not a message of JSON-RPC 2.0.
    NotAMessage,
}

impl Unreadable {
    /// Whether the message could not even be parsed.
    pub fn is_syntax(&self) -> bool {
        !matches!(self, Self::Batch | Self::Id | Self::Params | Self::NotAMessage)
    }
}

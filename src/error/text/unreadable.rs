//! The words for a message that could not be read.

use crate::error::Unreadable;

impl Unreadable {
    pub(super) fn message(&self) -> String {
        match self {
            Self::NotUtf8 => "the message is not UTF-8 text".to_owned(),
            Self::LoneSurrogate { escape } => format!("the message has `{escape}`, which is half of a character"),
            // The parser's own bound is 128.
            Self::TooDeep => "the message is nested deeper than 127 levels".to_owned(),
            Self::NumberTooLarge => "the message has a number that is too large for a 64-bit float".to_owned(),
            Self::NotJson { line, column } => format!("the message is not valid JSON (line {line}, column {column})"),
            Self::Batch => "the message is an array".to_owned(),
            Self::Id => "`id` is neither a string nor a 64-bit integer".to_owned(),
            Self::Params => "`params` is not an object".to_owned(),
            Self::NotAMessage => "the message is not JSON-RPC 2.0".to_owned(),
        }
    }

    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::NotUtf8 => "encode it as UTF-8, not as UTF-16 or Latin-1",
            Self::LoneSurrogate { .. } => {
                "write the character itself, or both of its escapes (such as `\\ud83d\\ude00`), or leave it out"
            }
            Self::TooDeep => "pass what is nested as a string of JSON",
            Self::NumberTooLarge => "write a smaller number, or a string",
            Self::NotJson { .. } => "send one JSON object; over stdio, on one line",
            Self::Batch => "send each message on its own",
            Self::Id => "number the requests 1, 2, 3",
            Self::Params => "name the parameters, or leave `params` out",
            Self::NotAMessage => r#"a request has the form {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}"#,
        }
    }
}

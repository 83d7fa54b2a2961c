//! What is wrong with a message that could not be parsed. Looked for only then, so that good messages cost nothing.

use rmcp::model::{ErrorCode, RequestId};
use serde::Deserialize;
use serde_json::Value;

use crate::error::{Error, Unreadable};

/// The message without what may surround JSON: blanks, and the byte order mark that RFC 8259 lets a parser skip.
pub(super) fn trimmed(message: &[u8]) -> &[u8] {
    let message = message.trim_ascii();
    message.strip_prefix("\u{feff}".as_bytes()).unwrap_or(message).trim_ascii()
}

/// Whether it was meant as JSON: other lines are noise, which no SDK answers, because its sender may repeat the answer.
pub(super) fn is_meant(message: &[u8]) -> bool {
    // UTF-16 has NUL bytes around the first bracket, and may begin with its own byte order mark.
    let blank = |byte: &&u8| byte.is_ascii_whitespace() || [0, 0xff, 0xfe].contains(*byte);
    matches!(trimmed(message).iter().find(|byte| !blank(byte)), Some(b'{' | b'['))
}

/// Why a message could not be parsed.
pub(super) fn diagnose(message: &[u8]) -> Unreadable {
    // JSON begins with two characters below 128: in UTF-16, one byte of each is NUL.
    let is_utf16 = message.iter().take(2).any(|byte| *byte == 0);
    let Some(text) = std::str::from_utf8(message).ok().filter(|_| !is_utf16) else {
        return Unreadable::NotUtf8;
    };
    match serde_json::from_str(text) {
        Err(error) => lone_surrogate(text).unwrap_or_else(|| syntax(&error)),
        Ok(Value::Array(_)) => Unreadable::Batch,
        Ok(message) => not_a_request(&message),
    }
}

/// Which part of a request is wrong in it.
fn not_a_request(message: &Value) -> Unreadable {
    let is = |key: &str, right: fn(&Value) -> bool| message.get(key).is_some_and(right);
    if !is("jsonrpc", |version| version == "2.0") || !is("method", Value::is_string) {
        Unreadable::NotAMessage
    } else if is("id", |id| RequestId::deserialize(id).is_err()) {
        Unreadable::Id
    } else if is("params", |params| !params.is_object() && !params.is_null()) {
        Unreadable::Params
    } else {
        Unreadable::NotAMessage
    }
}

/// The code of the protocol's error (JSON-RPC 2.0, section 5.1).
pub(super) fn protocol_code(error: &Error) -> ErrorCode {
    match error {
        Error::Unreadable(why) if why.is_syntax() => ErrorCode::PARSE_ERROR,
        Error::Unreadable(Unreadable::Params) => ErrorCode::INVALID_PARAMS,
        _ => ErrorCode::INVALID_REQUEST,
    }
}

/// The parser has no types for what is wrong, but fixed words.
fn syntax(error: &serde_json::Error) -> Unreadable {
    let words = error.to_string();
    if words.starts_with("recursion limit") {
        Unreadable::TooDeep
    } else if words.starts_with("number out of range") {
        Unreadable::NumberTooLarge
    } else {
        Unreadable::NotJson { line: error.line(), column: error.column() }
    }
}

/// The first escape of a surrogate without its other half.
fn lone_surrogate(text: &str) -> Option<Unreadable> {
    let unit = |text: &str| u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok();
    let mut rest = text;
    loop {
        let (_, escape) = rest.split_at_checked(rest.find('\\')?)?;
        let length = match unit(escape) {
            None => 2,
            Some(0xd800..=0xdbff) if escape.get(6..).and_then(unit).is_some_and(|low| low & 0xfc00 == 0xdc00) => 12,
            Some(0xd800..=0xdfff) => return Some(Unreadable::LoneSurrogate { escape: escape.get(..6)?.to_owned() }),
            Some(_) => 6,
        };
        rest = escape.get(length..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        let lone = |escape: &str| Unreadable::LoneSurrogate { escape: escape.to_owned() };
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        let utf16: Vec<u8> = "{\"id\": 1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let request = |id: &str| format!(r#"{{"jsonrpc": "2.0", "id": {id}, "method": "ping"}}"#);
        for (message, expected) in [
            (utf16, Unreadable::NotUtf8),
            (b"{\"a\": \"\xe9\"}".to_vec(), Unreadable::NotUtf8),
            (br#"{"a": "\ud800"}"#.to_vec(), lone("\\ud800")),
            (br#"{"a": "\uDC00 \ud83d\ude00"}"#.to_vec(), lone("\\uDC00")),
            (br#"{"a": "\ud83d\ude00\\ud83d\u00e9\"\ud83d\u0041"}"#.to_vec(), lone("\\ud83d")),
            (deep.into_bytes(), Unreadable::TooDeep),
            (b"{\"id\": 1e400}".to_vec(), Unreadable::NumberTooLarge),
            (b"{\"a\": \"\0\"}".to_vec(), Unreadable::NotJson { line: 1, column: 8 }),
            (b"{\"a\": \"\\ud83d\\ude00\" 1}".to_vec(), Unreadable::NotJson { line: 1, column: 22 }),
            (b"{".to_vec(), Unreadable::NotJson { line: 1, column: 1 }),
            (b"[]".to_vec(), Unreadable::Batch),
            (request("1.5").into_bytes(), Unreadable::Id),
            (request("null").into_bytes(), Unreadable::Id),
            (request("1, \"params\": [1]").into_bytes(), Unreadable::Params),
            (request("1, \"result\": {}").into_bytes(), Unreadable::NotAMessage),
            (request("1").replace("2.0", "1.0").into_bytes(), Unreadable::NotAMessage),
            (b"7".to_vec(), Unreadable::NotAMessage),
            (b"{}".to_vec(), Unreadable::NotAMessage),
        ] {
            assert_eq!(diagnose(&message), expected, "{}", String::from_utf8_lossy(&message));
        }
    }

    #[test]
    fn noise_is_recognized() {
        for (message, meant) in [
            (b"{".as_slice(), true),
            (b" \xef\xbb\xbf [", true),
            (b"\xff\xfe{\0", true),
            (b"\0{\0\"\0", true),
            (b"Content-Length: 9\r", false),
            (b"\xff\xfe", false),
            (b"", false),
        ] {
            assert_eq!(is_meant(message), meant, "{message:?}");
        }
    }
}

//! JSON strings written without a copy in between: serde's serialiser would leave values behind in buffers of its own.

use std::fmt::Write as _;

/// Appends a text as it stands between the quotes of a JSON string (RFC 8259, section 7).
pub(super) fn push_escaped(out: &mut String, text: &str) {
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' => {
                let written = write!(out, "\\u{:04x}", u32::from(char));
                debug_assert!(written.is_ok(), "a string takes what is written to it");
            }
            _ => out.push(char),
        }
    }
}

/// A text as it stands between the quotes of a JSON string.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push_escaped(&mut out, text);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_json_reader_gets_the_text_back() {
        let text: String = ('\0'..='\u{ff}').chain("日本 👩\u{200d}💻 \u{2028}".chars()).collect();
        assert_eq!(serde_json::from_str::<String>(&format!("\"{}\"", escaped(&text))).unwrap(), text);
        // As serde and others write it: in that form a known value is recognised in their JSON.
        assert_eq!(format!("\"{}\"", escaped(&text)), serde_json::to_string(&text).unwrap());
    }
}

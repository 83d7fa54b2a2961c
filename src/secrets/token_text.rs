//! The text of a variable or a file that a user or a client wrote a token into, and what is found in it besides the token.

use super::{HfToken, TOKEN_NAMES, TokenFault, placeholder};
use crate::error::TokenNote;

/// What a text that should be a token holds.
#[derive(Debug)]
pub struct TokenText {
    /// The token; none where the text is blank or a placeholder.
    pub token: Option<HfToken>,
    /// What was there instead of it, or around it.
    pub note: Option<TokenNote>,
}

impl TokenText {
    /// Reads a text. What can be neither a part of a token nor meant as one is left out: a byte order mark, quotes, `Bearer`,
    /// `HF_TOKEN=`.
    ///
    /// # Errors
    /// What is left does not have the form of a token.
    pub fn read(text: &str) -> Result<Self, TokenFault> {
        let (mut rest, mut note) = (trim(text), None);
        while let Some((inner, found)) = unwrap(rest) {
            rest = trim(inner);
            note = note.or(Some(found));
        }
        if rest.is_empty() || placeholder::is_no_token(rest) {
            // A blank text is what an empty field of a form leaves, and no reason for a warning.
            let is_blank = rest.is_empty() && note.is_none();
            return Ok(Self { token: None, note: (!is_blank).then_some(TokenNote::Placeholder) });
        }
        Ok(Self { token: HfToken::parse(rest)?, note })
    }
}

fn trim(text: &str) -> &str {
    text.trim_matches(|char: char| char.is_whitespace() || char == '\u{feff}')
}

/// A text without what is around it, which is shorter.
fn unwrap(text: &str) -> Option<(&str, TokenNote)> {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or_default();
    if word.eq_ignore_ascii_case("bearer") {
        return Some((rest, TokenNote::Bearer));
    }
    let statement = ["export ", "set ", "$env:"].iter().find_map(|begin| text.strip_prefix(begin)).unwrap_or(text);
    let (name, value) = statement.split_once(['=', ':']).unwrap_or_default();
    let name = name.trim();
    if name.eq_ignore_ascii_case("authorization") {
        return Some((value, TokenNote::Bearer));
    }
    if TOKEN_NAMES.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return Some((value, TokenNote::Assignment));
    }
    let inner = text.trim_matches(['"', '\'', '`', '\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}']);
    (inner.len() < text.len()).then_some((inner, TokenNote::Quotes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_within_what_people_write_around_it() {
        use TokenNote::{Assignment, Bearer, Placeholder, Quotes};
        for (text, token, note) in [
            ("tok", Some("tok"), None),
            ("\u{feff}tok\r\n\r\n", Some("tok"), None),
            ("\"tok\"", Some("tok"), Some(Quotes)),
            ("'tok'\n", Some("tok"), Some(Quotes)),
            ("\"tok", Some("tok"), Some(Quotes)),
            ("\u{201c}tok\u{201d}", Some("tok"), Some(Quotes)),
            ("Bearer tok", Some("tok"), Some(Bearer)),
            ("bearer\ttok", Some("tok"), Some(Bearer)),
            ("Authorization: Bearer tok", Some("tok"), Some(Bearer)),
            ("\"Bearer tok\"", Some("tok"), Some(Quotes)),
            ("HF_TOKEN=tok", Some("tok"), Some(Assignment)),
            ("export HF_TOKEN='tok'", Some("tok"), Some(Assignment)),
            ("$env:HF_TOKEN = \"tok\"", Some("tok"), Some(Assignment)),
            ("a=b", Some("a=b"), None),
            ("", None, None),
            (" \r\n", None, None),
            ("\"\"", None, Some(Placeholder)),
            ("null", None, Some(Placeholder)),
            ("undefined", None, Some(Placeholder)),
            ("None", None, Some(Placeholder)),
            ("\"null\"", None, Some(Placeholder)),
            ("Bearer ${HF_TOKEN}", None, Some(Placeholder)),
            ("${HF_TOKEN}", None, Some(Placeholder)),
            ("${input:hf_token}", None, Some(Placeholder)),
            ("$HF_TOKEN", None, Some(Placeholder)),
            ("%HF_TOKEN%", None, Some(Placeholder)),
            ("{env:HF_TOKEN}", None, Some(Placeholder)),
            ("<your token>", None, Some(Placeholder)),
            ("[object Object]", None, Some(Placeholder)),
            ("hf_your_token_here", None, Some(Placeholder)),
            ("hf_xxxxxxxx", None, Some(Placeholder)),
        ] {
            let read = TokenText::read(text).unwrap();
            let found = read.token.as_ref().map(|token| token.secret().reveal());
            assert_eq!((found, read.note), (token, note), "{text:?}");
        }
        for text in ["a b", "t\u{f6}k", "Bearer a b", "first-half second-half"] {
            assert!(TokenText::read(text).is_err(), "{text:?}");
        }
    }
}

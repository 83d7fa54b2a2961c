//! The forms in which a secret value may turn up again.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::secrets::{AS_GIVEN, REDACTED, json, visible::without_invisible};

/// Fewest characters of a value that is looked for: shorter ones (`1`, `true`) stand everywhere by chance.
pub const MIN_VALUE_CHARS: usize = 8;
/// Longest value that is looked for in its encoded forms too; no token comes near it.
const MAX_ENCODED_BYTES: usize = 8 * 1024;

/// What JavaScript's `encodeURIComponent` leaves as it is.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');
/// What RFC 3986 calls unreserved, as Python's `urllib.parse.quote` with no safe characters has it.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The forms in which a value is looked for. Logs come by the line, so each line of a value is one of its own.
pub(super) fn needles(value: &str) -> BTreeSet<String> {
    let mut needles = BTreeSet::new();
    let seen = without_invisible(value);
    for piece in seen.split(['\n', '\r']).map(str::trim).filter(|piece| piece.chars().count() >= MIN_VALUE_CHARS) {
        if REDACTED.contains(piece) || piece == AS_GIVEN {
            continue;
        }
        needles.insert(piece.to_owned());
        needles.insert(json::escaped(piece));
        if value.len() <= MAX_ENCODED_BYTES {
            insert_encoded(&mut needles, piece);
        }
    }
    needles
}

fn insert_encoded(needles: &mut BTreeSet<String>, piece: &str) {
    for shift in 0..3 {
        let encoded = base64_core(piece, shift);
        needles.insert(encoded.replace('+', "-").replace('/', "_"));
        needles.insert(encoded);
    }
    let hex = hex(piece);
    needles.insert(hex.to_uppercase());
    needles.insert(hex);
    for set in [COMPONENT, UNRESERVED, NON_ALPHANUMERIC] {
        let encoded = utf8_percent_encode(piece, set).to_string();
        needles.insert(encoded.replace("%20", "+"));
        needles.insert(lower_escapes(&encoded));
        needles.insert(encoded);
    }
}

/// The characters of a text's base64 that depend on the text alone, when `shift` bytes stand before it.
fn base64_core(piece: &str, shift: usize) -> String {
    let mut bytes = vec![0; shift];
    bytes.extend_from_slice(piece.as_bytes());
    let whole = bytes.len().saturating_mul(8) / 6;
    let foreign = shift.saturating_mul(8).div_ceil(6);
    STANDARD_NO_PAD.encode(bytes).chars().take(whole).skip(foreign).collect()
}

fn hex(piece: &str) -> String {
    let digits = piece.bytes().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// `%2F` as `%2f`.
fn lower_escapes(encoded: &str) -> String {
    let mut escape = 0;
    encoded
        .chars()
        .map(|char| {
            escape = if char == '%' { 2 } else { i32::max(escape - 1, -1) };
            if escape >= 0 { char.to_ascii_lowercase() } else { char }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use aho_corasick::AhoCorasick;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::*;

    #[test]
    fn escapes_alone_are_lowered() {
        assert_eq!(lower_escapes("AB%2FCD%C3%A4EF%"), "AB%2fCD%c3%a4EF%");
        assert_eq!(lower_escapes("%2F2F"), "%2f2F");
    }

    #[test]
    fn a_value_is_found_in_every_encoding_and_at_every_alignment() {
        let value = "pä$$/wörd \"quoted\" ~1?>";
        let search = AhoCorasick::new(needles(value)).unwrap();
        let hex = hex(value);
        let mut texts = vec![value.to_owned(), hex.to_uppercase(), hex, serde_json::to_string(value).unwrap()];
        for around in ["", "a", "ab", "abc", "abcd"] {
            texts.push(STANDARD.encode(format!("{around}{value}{around}")));
            texts.push(URL_SAFE.encode(format!("{around}{value}{around}")));
        }
        texts.push(url::form_urlencoded::byte_serialize(value.as_bytes()).collect());
        texts.push(utf8_percent_encode(value, COMPONENT).to_string());
        texts.push(lower_escapes(&utf8_percent_encode(value, UNRESERVED).to_string()));
        for text in &texts {
            assert!(search.is_match(&format!("<{text}>")), "{text}");
        }
    }

    #[test]
    fn hex_and_core_are_what_they_say() {
        assert_eq!(hex("a/~\u{e9}"), "612f7ec3a9");
        assert_eq!(
            [0, 1, 2].map(|shift| base64_core("foobar12", shift)),
            ["Zm9vYmFyMT", "Zvb2JhcjEy", "mb29iYXIxM"].map(str::to_owned)
        );
    }
}

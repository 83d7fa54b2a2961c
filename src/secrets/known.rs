//! The secret values that this process has seen, in the forms in which they may turn up again.

use std::{
    collections::BTreeSet,
    iter,
    ops::Range,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{AS_GIVEN, HfToken, REDACTED, Secret, json, visible::without_invisible};

/// Fewest characters of a value that is looked for: shorter ones (`1`, `true`) stand everywhere by chance.
pub const MIN_VALUE_CHARS: usize = 8;
/// Most values that are kept, so that a server that runs for months stays small.
pub const MAX_VALUES: usize = 256;
/// Most bytes of needles in all: the automaton takes some thirty times as much while it is built.
const MAX_NEEDLE_BYTES: usize = 512 * 1024;
/// Most names that are exempt: of accounts, organisations and machines.
const MAX_NAMES: usize = 1024;
/// Longest such name: the Hub's have 96 characters at most.
const MAX_NAME_BYTES: usize = 128;
/// Longest value that is looked for in its encoded forms too; no token comes near it.
const MAX_ENCODED_BYTES: usize = 8 * 1024;

/// A bounded store of the session's tokens and of forwarded secret values; clones share it.
///
/// Where it is full, the oldest forwarded value goes first, tokens last. The needles are kept in clear memory as long as
/// the value is known: what must be recognised can't be erased.
#[derive(Clone, Default)]
pub struct Known {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    entries: Mutex<Vec<Entry>>,
    /// Swapped as a whole, so that readers never wait for a build.
    index: RwLock<Arc<Index>>,
    /// Names that everybody may see, whatever secrets look like.
    names: RwLock<BTreeSet<String>>,
}

struct Entry {
    value: Secret,
    is_token: bool,
    needles: BTreeSet<String>,
}

impl Known {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Remembers a token of the session: redacted from now on, and refused in readable fields.
    pub fn remember_token(&self, token: &HfToken) {
        self.insert(token.secret(), true);
    }

    /// Remembers a browser login's refresh token, which is as good as a token.
    pub(in crate::secrets) fn remember_refresh_token(&self, value: &Secret) {
        self.insert(value, true);
    }

    /// Remembers a value that is redacted from now on, if it has [`MIN_VALUE_CHARS`].
    pub fn remember(&self, value: &Secret) {
        self.insert(value, false);
    }

    /// Remembers a name of an account, an organisation or a machine, which stays legible where a forwarded value is, or is a
    /// part of, it: without it, no call could name it any more. Tokens are no exception's match.
    pub fn publish(&self, name: &str) {
        let is_name = name.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.'));
        if name.is_empty() || name.len() > MAX_NAME_BYTES || !is_name {
            return;
        }
        let names = &self.shared.names;
        if names.read().unwrap_or_else(PoisonError::into_inner).contains(name) {
            return;
        }
        let mut names = names.write().unwrap_or_else(PoisonError::into_inner);
        if names.len() < MAX_NAMES {
            names.insert(name.to_owned());
        }
    }

    /// Remembers an id or an owner's name that the Hub told, as [`Known::publish`] does: a job that nobody can name goes on and
    /// costs. Of these there may be any number, so those alone are kept that a value known now would hide.
    pub fn publish_told(&self, name: &str) {
        if self.index().all.is_match(name) {
            self.publish(name);
        }
    }

    /// Where in a text known values stand.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let index = self.index();
        let mut found = index.all.find(text);
        if found.is_empty() {
            return found;
        }
        let names = self.shared.names.read().unwrap_or_else(PoisonError::into_inner);
        let exempt: Vec<Range<usize>> = names
            .iter()
            .flat_map(|name| text.match_indices(name.as_str()).map(|(at, name)| at..at.saturating_add(name.len())))
            .collect();
        found.retain(|range| !exempt.iter().any(|name| name.start <= range.start && range.end <= name.end));
        found.extend(index.tokens.find(text));
        found
    }

    /// The longest end of a known value, of `min` bytes or more, with which a text begins, in bytes.
    pub(super) fn rest_at_start(&self, text: &str, min: usize) -> Option<usize> {
        self.longest_half(min, |needle, half| {
            needle.get(needle.len().saturating_sub(half)..).is_some_and(|rest| text.starts_with(rest))
        })
    }

    /// The longest beginning of a known value, of `min` bytes or more, with which a text ends, in bytes.
    pub(super) fn beginning_at_end(&self, text: &str, min: usize) -> Option<usize> {
        self.longest_half(min, |needle, half| needle.get(..half).is_some_and(|beginning| text.ends_with(beginning)))
    }

    fn longest_half(&self, min: usize, is_there: impl Fn(&str, usize) -> bool) -> Option<usize> {
        let entries = self.shared.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let needles = entries.iter().flat_map(|entry| &entry.needles);
        needles.filter_map(|needle| (min..needle.len()).rev().find(|half| is_there(needle, *half))).max()
    }

    fn insert(&self, value: &Secret, is_token: bool) {
        let mut entries = self.shared.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = entries.iter().position(|entry| entry.value.reveal() == value.reveal()) {
            let mut entry = entries.remove(at);
            let unchanged = entry.is_token || !is_token;
            entry.is_token |= is_token;
            entries.push(entry);
            if unchanged {
                return;
            }
        } else {
            let needles = needles(value.reveal());
            if needles.is_empty() {
                return;
            }
            entries.push(Entry { value: value.clone(), is_token, needles });
        }
        let bytes = |entries: &[Entry]| entries.iter().flat_map(|entry| &entry.needles).map(String::len).sum::<usize>();
        while entries.len() > 1 && (entries.len() > MAX_VALUES || bytes(&entries) > MAX_NEEDLE_BYTES) {
            let older = entries.split_last().map_or(&[][..], |(_, older)| older);
            let oldest_value = older.iter().position(|entry| !entry.is_token);
            // Tokens make room for tokens alone: a large value never drives the login's own out.
            let Some(oldest) = oldest_value.or_else(|| (older.len() >= MAX_VALUES).then_some(0)) else { break };
            entries.remove(oldest);
        }
        let index = Arc::new(Index {
            all: Search::build(entries.iter()),
            tokens: Search::build(entries.iter().filter(|entry| entry.is_token)),
        });
        *self.shared.index.write().unwrap_or_else(PoisonError::into_inner) = index;
    }

    pub(super) fn index(&self) -> Arc<Index> {
        Arc::clone(&self.shared.index.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[derive(Default)]
pub(super) struct Index {
    /// Every value.
    pub(super) all: Search,
    /// The session's tokens alone.
    pub(super) tokens: Search,
}

#[derive(Default)]
pub(super) enum Search {
    #[default]
    Nothing,
    Needles(AhoCorasick),
    /// No automaton could be built: everything counts as a match, lest anything slip through.
    Everything,
}

impl Search {
    fn build<'a>(entries: impl Iterator<Item = &'a Entry>) -> Self {
        let needles: BTreeSet<&str> = entries.flat_map(|entry| &entry.needles).map(String::as_str).collect();
        if needles.is_empty() {
            return Self::Nothing;
        }
        AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(needles)
            .map_or(Self::Everything, Self::Needles)
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Needles(automaton) => automaton.is_match(text),
            Self::Everything => true,
        }
    }

    /// All matches, overlapping ones too: of two values that share a piece, both go whole.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Needles(automaton) => automaton.find_overlapping_iter(text).map(|hit| hit.range()).collect(),
            Self::Everything => iter::once(0..text.len()).collect(),
        }
    }
}

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
fn needles(value: &str) -> BTreeSet<String> {
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
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::*;

    fn known(values: &[&str]) -> Known {
        let known = Known::new();
        for value in values {
            known.remember(&Secret::new((*value).to_owned()));
        }
        known
    }

    #[test]
    fn a_value_is_found_in_every_encoding_and_at_every_alignment() {
        let value = "pä$$/wörd \"quoted\" ~1?>";
        let index = known(&[value]).index();
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
            assert!(index.all.is_match(&format!("<{text}>")), "{text}");
        }
        assert!(!index.tokens.is_match(value));
    }

    #[test]
    fn hex_and_core_are_what_they_say() {
        assert_eq!(hex("a/~\u{e9}"), "612f7ec3a9");
        assert_eq!(
            [0, 1, 2].map(|shift| base64_core("foobar12", shift)),
            ["Zm9vYmFyMT", "Zvb2JhcjEy", "mb29iYXIxM"].map(str::to_owned)
        );
    }

    #[test]
    fn each_line_of_a_value_is_known() {
        let index = known(&["first line\nshort\n  second line  \r\n"]).index();
        assert!(index.all.is_match("> second line"));
        assert!(index.all.is_match("the first line of it"));
        assert!(!index.all.is_match("short"));
    }

    #[test]
    fn short_values_and_the_mark_itself_are_not_looked_for() {
        for value in ["", "1", "seven77", "redacted", "[redacted]", " \n\t blank \n"] {
            assert!(matches!(known(&[value]).index().all, Search::Nothing), "{value:?}");
        }
        assert!(known(&["größe123"]).index().all.is_match("größe123"));
    }

    #[test]
    fn the_store_is_bounded_and_tokens_stay() {
        let known = Known::new();
        let token = HfToken::parse("a-session-token").unwrap().unwrap();
        known.remember_token(&token);
        for number in 0..MAX_VALUES + 10 {
            known.shared.entries.lock().unwrap().push(Entry {
                value: Secret::new(format!("value number {number}")),
                is_token: false,
                needles: BTreeSet::from([format!("value number {number}")]),
            });
        }
        known.remember(&Secret::new("the newest".to_owned()));
        assert_eq!(known.shared.entries.lock().unwrap().len(), MAX_VALUES);
        let index = known.index();
        assert!(index.all.is_match("the newest") && index.all.is_match("a-session-token"));
        assert!(index.tokens.is_match("a-session-token") && !index.tokens.is_match("the newest"));
        assert!(index.all.is_match("value number 200") && !index.all.is_match("value number 3."));

        for number in 0..8 {
            known.remember(&Secret::new(format!("{number} {}", "x".repeat(100_000))));
        }
        assert!(known.shared.entries.lock().unwrap().len() < 8);
        assert!(known.index().tokens.is_match("a-session-token"));
    }

    #[test]
    fn a_forwarded_value_that_becomes_the_login_is_a_token() {
        let known = known(&["a-session-token"]);
        known.remember_token(&HfToken::parse("a-session-token").unwrap().unwrap());
        known.remember(&Secret::new("a-session-token".to_owned()));
        assert!(known.index().tokens.is_match("a-session-token"));
    }
}

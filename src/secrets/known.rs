//! The secret values that this process has seen, in the forms in which they may turn up again.

mod needles;
mod search;

use std::{
    collections::BTreeSet,
    iter,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

pub use needles::MIN_VALUE_CHARS;
use needles::needles;
pub(super) use search::{Index, MIN_HALF_BYTES};

use super::{HfToken, Secret};

/// Most values that are kept, so that a server that runs for months stays small.
pub const MAX_VALUES: usize = 256;
/// Most bytes of needles in all: the automaton takes some thirty times as much while it is built.
const MAX_NEEDLE_BYTES: usize = 512 * 1024;
/// Most names that are exempt: of accounts, organisations and machines.
const MAX_NAMES: usize = 1024;
/// Longest such name: the Hub's have 96 characters at most.
const MAX_NAME_BYTES: usize = 128;

/// A bounded store of the session's tokens, what is as good as them, and forwarded secret values; clones share it.
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
        self.insert(iter::once(token.secret()), true);
    }

    /// Remembers what is as good as a token: the refresh token of a browser login, the token of the server's own door.
    pub fn remember_credential(&self, value: &Secret) {
        self.insert(iter::once(value), true);
    }

    /// Remembers a value that is redacted from now on, if it has [`MIN_VALUE_CHARS`].
    pub fn remember(&self, value: &Secret) {
        self.remember_all(iter::once(value));
    }

    /// Remembers values as [`Known::remember`] does. Each time takes milliseconds: the automaton is built anew.
    pub fn remember_all<'a>(&self, values: impl Iterator<Item = &'a Secret>) {
        self.insert(values, false);
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

    /// How many bytes at the end of a text may be the beginning of a known value that goes on behind it.
    pub(super) fn open_end(&self, text: &str) -> usize {
        if self.may_hold_half(text)
            && let Some(half) = self.beginning_at_end(text, MIN_HALF_BYTES)
        {
            return half;
        }
        let entries = self.entries();
        let needles = || entries.iter().flat_map(|entry| &entry.needles);
        let begins = |end: &str| needles().any(|needle| needle.len() > end.len() && needle.starts_with(end));
        let short = |half: &usize| text.len().checked_sub(*half).and_then(|at| text.get(at..)).is_some_and(begins);
        (1..MIN_HALF_BYTES).rev().find(short).unwrap_or_default()
    }

    /// The length of the longest text that is looked for, in bytes.
    pub(super) fn longest(&self) -> usize {
        self.index().longest
    }

    fn longest_half(&self, min: usize, is_there: impl Fn(&str, usize) -> bool) -> Option<usize> {
        let entries = self.entries();
        let needles = entries.iter().flat_map(|entry| &entry.needles);
        needles.filter_map(|needle| (min..needle.len()).rev().find(|half| is_there(needle, *half))).max()
    }

    /// Whether a text may hold a half of [`MIN_HALF_BYTES`] or more. False is certain, and cheap.
    pub(super) fn may_hold_half(&self, text: &str) -> bool {
        self.index().halves.is_match(text)
    }

    fn insert<'a>(&self, values: impl Iterator<Item = &'a Secret>, is_token: bool) {
        let mut entries = self.entries();
        if values.filter(|value| insert(&mut entries, value, is_token)).count() > 0 {
            let index = Arc::new(Index::of(&entries));
            *self.shared.index.write().unwrap_or_else(PoisonError::into_inner) = index;
        }
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.shared.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn index(&self) -> Arc<Index> {
        Arc::clone(&self.shared.index.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Takes a value up, or moves it to the newest. Whether anything else is to be looked for now.
fn insert(entries: &mut Vec<Entry>, value: &Secret, is_token: bool) -> bool {
    if let Some(at) = entries.iter().position(|entry| entry.value.reveal() == value.reveal()) {
        let mut entry = entries.remove(at);
        let changed = is_token && !entry.is_token;
        entry.is_token |= is_token;
        entries.push(entry);
        return changed;
    }
    let needles = needles(value.reveal());
    if needles.is_empty() {
        return false;
    }
    entries.push(Entry { value: value.clone(), is_token, needles });
    let bytes = |entries: &[Entry]| entries.iter().flat_map(|entry| &entry.needles).map(String::len).sum::<usize>();
    while entries.len() > 1 && (entries.len() > MAX_VALUES || bytes(entries) > MAX_NEEDLE_BYTES) {
        let older = entries.split_last().map_or(&[][..], |(_, older)| older);
        let oldest_value = older.iter().position(|entry| !entry.is_token);
        // Tokens make room for tokens alone: a large value never drives the login's own out.
        let Some(oldest) = oldest_value.or_else(|| (older.len() >= MAX_VALUES).then_some(0)) else { break };
        entries.remove(oldest);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(values: &[&str]) -> Known {
        let known = Known::new();
        for value in values {
            known.remember(&Secret::new((*value).to_owned()));
        }
        known
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
            assert!(known(&[value]).entries().is_empty(), "{value:?}");
        }
        assert!(known(&["größe123"]).index().all.is_match("größe123"));
    }

    #[test]
    fn the_store_is_bounded_and_tokens_stay() {
        let known = Known::new();
        let token = HfToken::parse("a-session-token").unwrap().unwrap();
        known.remember_token(&token);
        known.remember_credential(&Secret::new("token-of-the-door".to_owned()));
        for number in 0..MAX_VALUES + 10 {
            known.entries().push(Entry {
                value: Secret::new(format!("value number {number}")),
                is_token: false,
                needles: BTreeSet::from([format!("value number {number}")]),
            });
        }
        known.remember(&Secret::new("the newest".to_owned()));
        assert_eq!(known.entries().len(), MAX_VALUES);
        let index = known.index();
        assert!(index.all.is_match("the newest") && index.all.is_match("a-session-token"));
        assert!(index.all.is_match("token-of-the-door"));
        assert!(index.tokens.is_match("a-session-token") && !index.tokens.is_match("the newest"));
        assert!(index.all.is_match("value number 200") && !index.all.is_match("value number 3."));

        for number in 0..8 {
            known.remember(&Secret::new(format!("{number} {}", "x".repeat(100_000))));
        }
        assert!(known.entries().len() < 8);
        assert!(known.index().tokens.is_match("a-session-token"));
    }

    #[test]
    fn a_name_stays_legible_within_its_bounds_and_never_a_token() {
        let found = |known: &Known, text: &str| known.find(text).len();
        let known = known(&["cpu-basic", "told-later"]);
        known.publish("cpu-basic-2");
        // As a part of the name it is the name, elsewhere it is the value.
        assert_eq!((found(&known, "on cpu-basic-2"), found(&known, "on cpu-basic")), (0, 1));
        assert_eq!(found(&known, "cpu-basic-2 cpu-basic cpu-basic-2"), 1);
        known.publish_told("told-later-1");
        known.publish_told("nothing-like-it");
        assert_eq!(found(&known, "told-later-1"), 0);
        assert!(!known.shared.names.read().unwrap().contains("nothing-like-it"));
        known.remember_token(&HfToken::parse("a-session-token").unwrap().unwrap());
        known.publish("a-session-token");
        assert_eq!(found(&known, "a-session-token"), 1);
        for (length, kept) in [(MAX_NAME_BYTES, true), (MAX_NAME_BYTES + 1, false)] {
            let name = "n".repeat(length);
            known.publish(&name);
            assert_eq!(known.shared.names.read().unwrap().contains(&name), kept, "{length}");
        }
        for name in ["", "two words", "slash/ed"] {
            known.publish(name);
            assert!(!known.shared.names.read().unwrap().contains(name), "{name}");
        }
    }

    #[test]
    fn names_are_bounded() {
        let known = Known::new();
        (0..MAX_NAMES + 10).for_each(|number| known.publish(&format!("name-{number}")));
        assert_eq!(known.shared.names.read().unwrap().len(), MAX_NAMES);
    }

    #[test]
    fn of_too_many_tokens_the_oldest_goes() {
        let known = Known::new();
        let token = |number: usize| format!("a-session-token-{number:04}");
        {
            let mut entries = known.entries();
            for number in 0..MAX_VALUES {
                let needles = BTreeSet::from([token(number)]);
                entries.push(Entry { value: Secret::new(token(number)), is_token: true, needles });
            }
        }
        known.remember_token(&HfToken::parse(&token(MAX_VALUES)).unwrap().unwrap());
        let index = known.index();
        assert!(!index.tokens.is_match(&token(0)) && index.tokens.is_match(&token(1)));
        assert!(index.tokens.is_match(&token(MAX_VALUES)));
    }

    #[test]
    fn a_forwarded_value_that_becomes_the_login_is_a_token() {
        let known = known(&["a-session-token"]);
        known.remember_token(&HfToken::parse("a-session-token").unwrap().unwrap());
        known.remember(&Secret::new("a-session-token".to_owned()));
        assert!(known.index().tokens.is_match("a-session-token"));
    }
}

//! The automatons that find known values.

use std::{iter, ops::Range};

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::Entry;

/// Fewest bytes of a value's beginning or end that are taken for a half of it: shorter ones stand everywhere by chance.
pub(in crate::secrets) const MIN_HALF_BYTES: usize = 12;

/// What is looked for, built anew whenever a value comes or goes.
#[derive(Default)]
pub(in crate::secrets) struct Index {
    /// Every value.
    pub(in crate::secrets) all: Search,
    /// The session's tokens alone.
    pub(in crate::secrets) tokens: Search,
    /// The least of every half: a look at it spares most texts the look at each half of each value.
    pub(super) halves: Search,
    /// The length of the longest needle, in bytes.
    pub(super) longest: usize,
}

impl Index {
    pub(super) fn of(entries: &[Entry]) -> Self {
        let needles = || entries.iter().flat_map(|entry| &entry.needles).map(String::as_bytes);
        let tokens = entries.iter().filter(|entry| entry.is_token).flat_map(|entry| &entry.needles);
        let halves = needles()
            .filter(|needle| needle.len() > MIN_HALF_BYTES)
            .flat_map(|needle| [needle.first_chunk::<MIN_HALF_BYTES>(), needle.last_chunk()])
            .flatten();
        Self {
            all: Search::build(needles()),
            tokens: Search::build(tokens.map(String::as_bytes)),
            halves: Search::build(halves.map(<[u8; MIN_HALF_BYTES]>::as_slice)),
            longest: needles().map(<[u8]>::len).max().unwrap_or_default(),
        }
    }
}

#[derive(Default)]
pub(in crate::secrets) enum Search {
    #[default]
    Nothing,
    Needles(AhoCorasick),
    /// No automaton could be built: everything counts as a match, lest anything slip through.
    Everything,
}

impl Search {
    fn build<'a>(needles: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut needles = needles.peekable();
        if needles.peek().is_none() {
            return Self::Nothing;
        }
        AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(needles)
            .map_or(Self::Everything, Self::Needles)
    }

    pub(in crate::secrets) fn is_match(&self, text: &str) -> bool {
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

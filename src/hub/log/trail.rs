//! The lines that passed last, by which a place in a log is found again.

use std::collections::VecDeque;

use sha2::{Digest, Sha256};

use super::cursor::Mark;
use super::line::Line;
use crate::hub::sse::Event;

/// How many lines mark a place: lines repeat, and with the same time stamp, so that one or two would not.
const LINES: usize = 32;
/// The longest event that is kept as it is, in bytes; of a longer one its digest stays. Bounds what a follower holds.
const KEPT_MAX_BYTES: usize = 512;

/// The last lines of a log up to a place in it.
#[derive(Debug, Default)]
pub(super) struct Trail {
    events: VecDeque<Kept>,
}

/// An event, or its digest. The buffers go round, since every line of a log passes here.
#[derive(Debug, Default)]
struct Kept {
    bytes: Vec<u8>,
    digest: bool,
}

impl Trail {
    /// A line passed.
    pub(super) fn pass(&mut self, event: &Event) {
        let mut kept =
            if self.events.len() < LINES { Kept::default() } else { self.events.pop_front().unwrap_or_default() };
        kept.bytes.clear();
        kept.digest = event.data.len() > KEPT_MAX_BYTES;
        if kept.digest {
            kept.bytes.extend_from_slice(&Sha256::digest(&event.data));
        } else {
            kept.bytes.extend_from_slice(&event.data);
        }
        self.events.push_back(kept);
    }

    /// The mark of the place behind the last line; none before the first.
    pub(super) fn mark(&self) -> Option<Mark> {
        (!self.events.is_empty()).then(|| self.mark_of(self.events.len())).flatten()
    }

    /// Whether that mark's place is the one behind the last line.
    pub(super) fn is_at(&self, mark: &Mark) -> bool {
        self.events.back().is_some_and(|last| last.check() == mark.last)
            && self.mark_of(mark.lines()).as_ref() == Some(mark)
    }

    fn mark_of(&self, lines: usize) -> Option<Mark> {
        let events = || self.events.iter().skip(self.events.len().saturating_sub(lines));
        let mut all = Sha256::new();
        let mut times = events().filter_map(Kept::time);
        let first = times.next();
        let sure = times.any(|time| first.as_ref() != Some(&time));
        events().for_each(|event| event.digest_into(&mut all));
        (events().len() == lines)
            .then(|| Mark::new(lines, sure, self.events.back().map_or(0, Kept::check), &all.finalize()))
    }
}

impl Kept {
    fn line(&self) -> Option<Line<'_>> {
        (!self.digest).then(|| Line::read(&self.bytes, false))
    }

    /// What is quickly compared: two lines that differ in it are not the same.
    fn check(&self) -> u32 {
        match self.line() {
            Some(line) => fnv(line.timestamp.bytes().chain(line.text.len().to_le_bytes())),
            None => fnv(self.bytes.iter().copied()),
        }
    }

    /// Its time stamp, as far as it is known.
    fn time(&self) -> Option<String> {
        self.line().map(|line| line.timestamp.into_owned())
    }

    /// The line and its time stamp, however the event that holds them was written.
    fn digest_into(&self, all: &mut Sha256) {
        match self.line() {
            Some(line) => {
                for part in [&line.timestamp, &line.text] {
                    all.update(part.len().to_le_bytes());
                    all.update(part.as_bytes());
                }
            }
            None => all.update(&self.bytes),
        }
    }
}

/// FNV-1a, which stays the same from one version to the next, as cursors have to.
fn fnv(bytes: impl Iterator<Item = u8>) -> u32 {
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

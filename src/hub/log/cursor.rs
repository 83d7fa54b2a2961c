//! Where a reader of a log stands: what `next_cursor` says, and what is skipped after a dropped stream.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::error::Problem;

/// How many of the last lines mark a place: several, since a line may repeat with the same time stamp.
const MARKS: usize = 4;
/// The bytes of a line's digest that a mark keeps: enough that two lines of a log never share one by chance.
const MARK_BYTES: usize = 6;

/// A digest of a line and its time stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineMark([u8; MARK_BYTES]);

impl LineMark {
    /// The mark of a line as the Hub sent it.
    pub fn new(timestamp: &str, text: &str) -> Self {
        let digest = Sha256::new().chain_update(timestamp).chain_update([0]).chain_update(text).finalize();
        let mut mark = [0; MARK_BYTES];
        for (to, from) in mark.iter_mut().zip(digest) {
            *to = from;
        }
        Self(mark)
    }
}

/// A place in a log. As text `n120` (120 lines from its start), or `m` and the marks of the last few lines in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    /// That many lines from the start were read.
    Lines(u64),
    /// The last lines that were read, where the log was not read from its start.
    After(Vec<LineMark>),
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lines(count) => write!(f, "n{count}"),
            Self::After(marks) => {
                f.write_str("m")?;
                marks.iter().flat_map(|mark| mark.0).try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}

impl FromStr for Cursor {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let fault = || Problem::malformed(text, "a `next_cursor` of an earlier `logs` answer");
        let text_trimmed = text.trim();
        if let Some(count) = text_trimmed.strip_prefix('n').or(Some(text_trimmed)).and_then(|count| count.parse().ok())
        {
            return Ok(Self::Lines(count));
        }
        let hex = text_trimmed.strip_prefix('m').ok_or_else(fault)?.as_bytes();
        let (pairs, rest) = hex.as_chunks::<2>();
        let bytes: Option<Vec<u8>> =
            pairs.iter().map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()).collect();
        let bytes = bytes.filter(|_| rest.is_empty()).ok_or_else(fault)?;
        let (marks, rest) = bytes.as_chunks::<MARK_BYTES>();
        if marks.is_empty() || marks.len() > MARKS || !rest.is_empty() {
            return Err(fault());
        }
        Ok(Self::After(marks.iter().map(|mark| LineMark(*mark)).collect()))
    }
}

/// The place that a reader has reached.
#[derive(Debug, Default)]
pub(super) struct Position {
    /// Lines from the start of the log, where that is known.
    count: Option<u64>,
    last: VecDeque<LineMark>,
}

impl Position {
    pub(super) fn start() -> Self {
        Self { count: Some(0), last: VecDeque::new() }
    }

    /// After a `tail` request: how many lines came before is not known.
    pub(super) fn somewhere() -> Self {
        Self::default()
    }

    pub(super) fn of(cursor: &Cursor) -> Self {
        match cursor {
            Cursor::Lines(count) => Self { count: Some(*count), last: VecDeque::new() },
            Cursor::After(marks) => Self { count: None, last: marks.iter().copied().collect() },
        }
    }

    pub(super) fn pass(&mut self, timestamp: &str, text: &str) {
        self.count = self.count.map(|count| count + 1);
        if self.last.len() == MARKS {
            self.last.pop_front();
        }
        self.last.push_back(LineMark::new(timestamp, text));
    }

    /// The tail was shorter than asked for, so that it was the whole log.
    pub(super) fn was_from_start(&mut self, lines: u64) {
        self.count = Some(lines);
    }

    pub(super) fn knows_start(&self) -> bool {
        self.count.is_some()
    }

    pub(super) fn cursor(&self) -> Cursor {
        match self.count {
            Some(count) => Cursor::Lines(count),
            None if self.last.is_empty() => Cursor::Lines(0),
            None => Cursor::After(self.last.iter().copied().collect()),
        }
    }

    /// What a new connection, which replays the log from its start, has to skip.
    pub(super) fn skip(&self) -> Skip {
        match self.count {
            Some(count) => Skip::Lines(count),
            None if self.last.is_empty() => Skip::Lines(0),
            None => Skip::Until { marks: self.last.iter().copied().collect(), window: VecDeque::new() },
        }
    }
}

/// The part of a replay that was seen before.
#[derive(Debug)]
pub(super) enum Skip {
    /// That many lines.
    Lines(u64),
    /// All lines up to those with these marks.
    Until {
        /// The marks to find.
        marks: Vec<LineMark>,
        /// The marks of the lines that passed last.
        window: VecDeque<LineMark>,
    },
}

impl Skip {
    /// Whether this line of the replay was seen before.
    pub(super) fn skips(&mut self, timestamp: &str, text: &str) -> bool {
        match self {
            Self::Lines(0) => false,
            Self::Lines(count) => {
                *count -= 1;
                true
            }
            Self::Until { marks, window } => {
                if window.len() == marks.len() {
                    window.pop_front();
                }
                window.push_back(LineMark::new(timestamp, text));
                if window.iter().eq(marks.iter()) {
                    *self = Self::Lines(0);
                }
                true
            }
        }
    }

    /// The place was not found (yet).
    pub(super) fn searching(&self) -> bool {
        matches!(self, Self::Until { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text() {
        let mut position = Position::somewhere();
        for text in ["a", "b", "c", "d", "e"] {
            position.pass("2026-01-01T00:00:00Z", text);
        }
        let cursor = position.cursor();
        assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        assert_eq!("n12".parse::<Cursor>().unwrap(), Cursor::Lines(12));
        assert_eq!("12".parse::<Cursor>().unwrap(), Cursor::Lines(12));
        for wrong in ["", "m", "mzz", "m00", "x1", "n-1", "mé"] {
            assert!(wrong.parse::<Cursor>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_place_is_found_again_in_a_replay() {
        let log = ["a", "b", "b", "b", "c", "d"];
        let mut position = Position::somewhere();
        for text in &log[1..5] {
            position.pass("t", text);
        }
        let mut skip = position.skip();
        let seen: Vec<_> = log.iter().filter(|text| !skip.skips("t", text)).collect();
        assert_eq!(seen, [&"d"]);
    }
}

//! A place in a log, as `next_cursor` says it.

use std::fmt;
use std::str::FromStr;

use crate::error::Problem;

/// The bytes of the digest that a mark keeps: enough that no other lines have it by chance.
const DIGEST_BYTES: usize = 8;
/// The most lines that a mark can be of.
const LINES_MAX: u8 = 0x7f;
/// The bit of a mark's first byte that says that it is sure.
const SURE: u8 = 0x80;

/// A place in a log. As text `n120` (120 lines from its start), `m` and a mark in hexadecimal, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// How many lines come before it, where the log was read from its start.
    pub count: Option<u64>,
    /// What comes right before it.
    pub mark: Option<Mark>,
}

/// The last lines before a place, as their digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    lines: u8,
    /// A check of the last one alone.
    pub(super) last: u32,
    all: [u8; DIGEST_BYTES],
}

impl Mark {
    /// The mark of that many lines. It is sure if their times differ: times never go back, so that the same lines can't come
    /// again then.
    pub(super) fn new(lines: usize, sure: bool, last: u32, digest: &[u8]) -> Self {
        let lines = u8::try_from(lines).unwrap_or(LINES_MAX).min(LINES_MAX);
        let mut all = [0; DIGEST_BYTES];
        all.iter_mut().zip(digest).for_each(|(to, from)| *to = *from);
        Self { lines: if sure { lines | SURE } else { lines }, last, all }
    }

    /// How many lines it is of.
    pub(super) fn lines(&self) -> usize {
        usize::from(self.lines & LINES_MAX)
    }

    /// Whether no other place of the log can have it.
    pub(super) fn is_sure(&self) -> bool {
        self.lines & SURE != 0
    }

    fn bytes(&self) -> impl Iterator<Item = u8> {
        std::iter::once(self.lines).chain(self.last.to_be_bytes()).chain(self.all)
    }

    fn parse(hex: &str) -> Option<Self> {
        let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
        let bytes: Option<Vec<u8>> =
            pairs.iter().map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()).collect();
        let bytes = bytes.filter(|_| rest.is_empty())?;
        let (lines, bytes) = bytes.split_first()?;
        let (last, all) = bytes.split_first_chunk()?;
        let mark = Self { lines: *lines, last: u32::from_be_bytes(*last), all: all.try_into().ok()? };
        (mark.lines() > 0).then_some(mark)
    }
}

impl Cursor {
    /// Before the first line.
    pub(super) fn start() -> Self {
        Self { count: Some(0), mark: None }
    }

    /// Somewhere in a log of which nothing was read yet.
    pub(super) fn unknown() -> Self {
        Self { count: None, mark: None }
    }

    /// Whether nothing comes before it.
    pub fn is_start(&self) -> bool {
        self.count == Some(0)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.count, &self.mark) {
            (Some(count), _) => write!(f, "n{count}")?,
            (None, Some(_)) => {}
            // Of what nothing is known, nothing was told either.
            (None, None) => f.write_str("n0")?,
        }
        let Some(mark) = &self.mark else { return Ok(()) };
        f.write_str("m")?;
        mark.bytes().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Cursor {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let fault = || Problem::malformed(text, "a `next_cursor` of an earlier `logs` answer");
        let (count, mark) = match text.trim().split_once('m') {
            Some((count, mark)) => (count, Some(Mark::parse(mark).ok_or_else(fault)?)),
            None => (text.trim(), None),
        };
        let count = match count {
            "" if mark.is_some() => None,
            count => Some(count.strip_prefix('n').unwrap_or(count).parse().map_err(|_| fault())?),
        };
        Ok(Self { count, mark })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text() {
        let mark = Mark::new(32, true, 0xdead_beef, &[7; 32]);
        for cursor in [
            Cursor::start(),
            Cursor { count: Some(120), mark: None },
            Cursor { count: Some(u64::MAX), mark: Some(mark.clone()) },
            Cursor { count: None, mark: Some(mark) },
        ] {
            assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        }
        assert_eq!("12".parse::<Cursor>().unwrap(), Cursor { count: Some(12), mark: None });
        for wrong in ["", "n", "m", "mzz", "m00", "x1", "n-1", "mé", "n1m00", "m00000000000000000000000000"] {
            assert!(wrong.parse::<Cursor>().is_err(), "{wrong}");
        }
    }
}

//! The lines of a log that an answer can hold: bounded in lines and bytes, however long the log.

use std::collections::VecDeque;

use super::line::Line;
use crate::hub::sse::Event;
use crate::secrets::{Clean, Scrubber};

/// The longest event that is kept as it came, in bytes: of a longer one, a progress bar say, only what is shown stays.
const RAW_MAX_BYTES: usize = 4096;
/// How much longer than what is shown the kept events may be in all: they carry time stamps, escapes and colours.
const RAW_FACTOR: usize = 8;
/// The most of a line that is shown, in characters: what is longer is data, not words for a reader.
const LINE_MAX_CHARS: usize = 2000;

/// Keeps the newest lines, or the oldest until it is full.
///
/// Lines are cleaned when they are shown, since of a long log most never are.
#[derive(Debug)]
pub(super) struct Window {
    lines: VecDeque<Kept>,
    bytes: usize,
    dropped: u64,
    max_lines: usize,
    max_bytes: usize,
    newest: bool,
}

#[derive(Debug)]
enum Kept {
    Event(Vec<u8>),
    Line(Clean),
}

impl Window {
    /// For that many lines and bytes; the newest of a log, or its oldest.
    pub(super) fn new(max_lines: usize, max_bytes: usize, newest: bool) -> Self {
        Self { lines: VecDeque::new(), bytes: 0, dropped: 0, max_lines, max_bytes, newest }
    }

    /// Takes the line of an event, which is cleaned already where somebody had to look at it. False: it is full, and this line
    /// was not taken.
    pub(super) fn push(&mut self, event: &Event, seen: Option<Clean>, scrubber: &Scrubber) -> bool {
        if !self.newest {
            let line = seen.unwrap_or_else(|| shown(event, scrubber));
            if !self.lines.is_empty() && !self.fits(line.len() + 1, self.max_bytes) {
                return false;
            }
            self.keep(Kept::Line(line));
            return true;
        }
        let max_bytes = self.max_bytes.saturating_mul(RAW_FACTOR);
        let is_short = event.data.len() <= RAW_MAX_BYTES;
        let size = if is_short { event.data.len() } else { RAW_MAX_BYTES };
        let mut buffer = Vec::new();
        while !self.lines.is_empty() && !self.fits(size, max_bytes) {
            // The buffers go round: every line of a log passes here.
            if let Some(Kept::Event(oldest)) = self.drop_oldest() {
                buffer = oldest;
            }
        }
        let kept = match seen {
            Some(line) => Kept::Line(line),
            None if is_short => {
                buffer.clear();
                buffer.extend_from_slice(&event.data);
                Kept::Event(buffer)
            }
            None => Kept::Line(shown(event, scrubber)),
        };
        self.keep(kept);
        true
    }

    /// What is shown, and how many lines were left out.
    pub(super) fn into_lines(mut self, scrubber: &Scrubber) -> (Vec<Clean>, u64) {
        let lines = std::mem::take(&mut self.lines);
        self.bytes = 0;
        for kept in lines {
            let line = match kept {
                Kept::Event(data) => shown(&Event { data, cut: false }, scrubber),
                Kept::Line(line) => line,
            };
            while !self.lines.is_empty() && !self.fits(line.len() + 1, self.max_bytes) {
                self.drop_oldest();
            }
            self.keep(Kept::Line(line));
        }
        let lines = self.lines.into_iter().filter_map(|kept| match kept {
            Kept::Line(line) => Some(line),
            Kept::Event(_) => None,
        });
        (scrubber.clean_across(lines.collect()), self.dropped)
    }

    fn fits(&self, size: usize, max_bytes: usize) -> bool {
        self.lines.len() < self.max_lines && self.bytes + size <= max_bytes
    }

    fn keep(&mut self, kept: Kept) {
        self.bytes += kept.size();
        self.lines.push_back(kept);
    }

    fn drop_oldest(&mut self) -> Option<Kept> {
        let oldest = self.lines.pop_front()?;
        self.bytes -= oldest.size();
        self.dropped += 1;
        Some(oldest)
    }
}

impl Kept {
    fn size(&self) -> usize {
        match self {
            Self::Event(data) => data.len(),
            Self::Line(line) => line.len() + 1,
        }
    }
}

/// The line of an event, cleaned, and at most 2,000 characters of it.
pub(super) fn shown(event: &Event, scrubber: &Scrubber) -> Clean {
    scrubber.clean_bounded(&Line::of(event).text, LINE_MAX_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::Known;

    fn event(text: &str) -> Event {
        Event { data: serde_json::to_vec(&serde_json::json!({"data": text, "timestamp": "t"})).unwrap(), cut: false }
    }

    fn fill(newest: bool, max_lines: usize, max_bytes: usize, texts: &[String]) -> (Vec<String>, u64, usize) {
        let scrubber = Scrubber::new(Known::new());
        let mut window = Window::new(max_lines, max_bytes, newest);
        let taken = texts.iter().take_while(|text| window.push(&event(text), None, &scrubber)).count();
        let (lines, dropped) = window.into_lines(&scrubber);
        (lines.into_iter().map(Clean::into_string).collect(), dropped, taken)
    }

    #[test]
    fn the_newest_lines_that_fit_are_kept_and_the_others_counted() {
        let texts: Vec<String> = (0..100).map(|line| format!("\u{1b}[31mline {line:02}\u{1b}[0m")).collect();
        let (lines, dropped, taken) = fill(true, 3, 1000, &texts);
        assert_eq!((lines, dropped, taken), (vec!["line 97".to_owned(), "line 98".into(), "line 99".into()], 97, 100));
        let (lines, dropped, _) = fill(true, 1000, 16, &texts);
        assert_eq!((lines, dropped), (vec!["line 98".to_owned(), "line 99".into()], 98), "8 bytes a line");
    }

    #[test]
    fn the_oldest_lines_are_kept_until_it_is_full() {
        let texts: Vec<String> = (0..100).map(|line| format!("line {line:02}")).collect();
        let (lines, dropped, taken) = fill(false, 1000, 16, &texts);
        assert_eq!((lines, dropped, taken), (vec!["line 00".to_owned(), "line 01".into()], 0, 2));
    }

    #[test]
    fn long_lines_stay_within_the_bound() {
        let texts: Vec<String> = (0..100).map(|line| line.to_string().repeat(30_000)).collect();
        let (lines, dropped, _) = fill(true, 50, 32 * 1024, &texts);
        assert!(lines.len() >= 10 && lines.len() + usize::try_from(dropped).unwrap() == 100);
        assert!(lines.iter().all(|line| line.chars().count() < 2100));
    }
}

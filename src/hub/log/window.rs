//! The lines of a log that an answer can hold: bounded in lines and bytes, however long the log.

use std::collections::VecDeque;

use super::line::Line;
use crate::hub::sse::Event;
use crate::secrets::{Clean, LineCleaner, Scrubber};

/// How many bytes of lines are kept until they are cleaned: as many of the longest as an answer shows the beginnings of.
const RECENT_MAX_BYTES: usize = 1024 * 1024;
/// The longest event that is kept as it came, in bytes. Of a longer one, such as a progress bar, its visible text is kept.
const EVENT_MAX_BYTES: usize = 4096;

/// The lines that passed last, most of them as they came: of a long log most lines are never shown.
#[derive(Debug)]
pub(super) struct Recent {
    lines: VecDeque<Passed>,
    bytes: usize,
    max_lines: usize,
}

/// A line as its event holds it, or its visible text.
#[derive(Debug, Default)]
struct Passed {
    bytes: Vec<u8>,
    is_text: bool,
    is_cut: bool,
}

impl Recent {
    /// At most that many lines.
    pub(super) fn of(max_lines: usize) -> Self {
        Self { lines: VecDeque::new(), bytes: 0, max_lines }
    }

    /// Takes the line of an event, and drops the oldest that are too many.
    pub(super) fn push(&mut self, event: &Event, scrubber: &Scrubber) {
        let long = (event.data.len() > EVENT_MAX_BYTES).then(|| scrubber.visible(&Line::of(event).text));
        let bytes = long.as_ref().map_or(event.data.as_slice(), String::as_bytes);
        let mut kept = Passed::default();
        while self.lines.len() >= self.max_lines || self.bytes + bytes.len() > RECENT_MAX_BYTES {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.bytes -= oldest.bytes.len();
            // Buffers are used again, since every line of a log passes here; large ones are not, since there may be many.
            if oldest.bytes.capacity() <= EVENT_MAX_BYTES {
                kept = oldest;
            }
        }
        kept.bytes.clear();
        kept.bytes.extend_from_slice(bytes);
        (kept.is_text, kept.is_cut) = (long.is_some(), event.cut);
        self.bytes += bytes.len();
        self.lines.push_back(kept);
    }

    /// Has the last lines cleaned, at most that many.
    pub(super) fn clean(&self, lines: usize, mut cleaner: LineCleaner) -> Vec<Clean> {
        self.push_into(lines, &mut cleaner);
        cleaner.rest()
    }

    /// Has the lines lead to the next one that the cleaner takes.
    pub(super) fn lead_in(&self, cleaner: &mut LineCleaner) {
        self.push_into(usize::MAX, cleaner);
        cleaner.rest();
    }

    fn push_into(&self, lines: usize, cleaner: &mut LineCleaner) {
        for line in self.lines.iter().skip(self.lines.len().saturating_sub(lines)) {
            match str::from_utf8(&line.bytes).ok().filter(|_| line.is_text) {
                Some(text) => cleaner.push(text, line.is_cut),
                None => cleaner.push(&Line::read(&line.bytes, line.is_cut).text, line.is_cut),
            }
        }
    }

    /// How many lines there are.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }
}

/// Keeps the newest lines, or the oldest until it is full.
#[derive(Debug)]
pub(super) struct Window {
    lines: VecDeque<Clean>,
    bytes: usize,
    max_lines: usize,
    max_bytes: usize,
    newest: bool,
    is_too_long: bool,
}

impl Window {
    /// For that many lines and bytes; the newest of a log, or its oldest.
    pub(super) fn new(max_lines: usize, max_bytes: usize, newest: bool) -> Self {
        Self { lines: VecDeque::new(), bytes: 0, max_lines, max_bytes, newest, is_too_long: false }
    }

    /// Takes a line. False: it is full, and this line was not taken.
    pub(super) fn push(&mut self, line: Clean) -> bool {
        while !self.lines.is_empty()
            && (self.lines.len() >= self.max_lines || self.bytes + size(&line) > self.max_bytes)
        {
            if !self.newest {
                return false;
            }
            self.is_too_long |= self.lines.len() < self.max_lines;
            self.bytes -= self.lines.pop_front().as_ref().map_or(0, size);
        }
        self.bytes += size(&line);
        self.lines.push_back(line);
        true
    }

    /// Whether the newest lines are fewer than were asked for, since they are long.
    pub(super) fn is_too_long(&self) -> bool {
        self.newest && self.is_too_long
    }

    pub(super) fn into_lines(self) -> Vec<Clean> {
        self.lines.into()
    }
}

/// What a line takes of an answer, which shows it as text and as JSON: there, quotes and backslashes count twice.
fn size(line: &Clean) -> usize {
    line.len() + 1 + line.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::Known;

    fn fill(newest: bool, max_lines: usize, max_bytes: usize, texts: &[String]) -> (Vec<String>, usize) {
        let scrubber = Scrubber::new(Known::new());
        let mut window = Window::new(max_lines, max_bytes, newest);
        let taken = texts.iter().take_while(|text| window.push(scrubber.clean(text))).count();
        (window.into_lines().into_iter().map(Clean::into_string).collect(), taken)
    }

    #[test]
    fn the_newest_lines_that_fit_are_kept() {
        let texts: Vec<String> = (0..100).map(|line| format!("line {line:02}")).collect();
        assert_eq!(fill(true, 3, 1000, &texts), (vec!["line 97".to_owned(), "line 98".into(), "line 99".into()], 100));
        assert_eq!(fill(true, 1000, 16, &texts).0, ["line 98", "line 99"], "8 bytes a line");
        let quotes: Vec<String> = (0..100).map(|_| "\"\"\"".to_owned()).collect();
        assert_eq!(fill(true, 1000, 16, &quotes).0.len(), 2, "7 bytes a line");
    }

    #[test]
    fn the_oldest_lines_are_kept_until_it_is_full() {
        let texts: Vec<String> = (0..100).map(|line| format!("line {line:02}")).collect();
        assert_eq!(fill(false, 1000, 16, &texts), (vec!["line 00".to_owned(), "line 01".into()], 2));
        assert_eq!(fill(false, 1000, 3, &texts), (vec!["line 00".to_owned()], 1), "one line in any case");
    }

    #[test]
    fn recent_lines_are_bounded_and_long_ones_kept_as_they_look() {
        let scrubber = Scrubber::new(Known::new());
        let event =
            |text: &str| Event { data: serde_json::to_vec(&serde_json::json!({"data": text})).unwrap(), cut: false };
        let shown = |recent: &Recent, lines: usize| -> Vec<String> {
            let lines = recent.clean(lines, LineCleaner::from_within(&scrubber));
            lines.into_iter().map(Clean::into_string).collect()
        };
        let mut recent = Recent::of(3);
        for at in 0..10 {
            recent.push(&event(&format!("line {at}")), &scrubber);
        }
        assert_eq!(shown(&recent, 2), ["line 8", "line 9"]);
        assert_eq!(recent.len(), 3);
        let bar: String = (0..5000).map(|at| format!("\r{:3}%|#| {at}/5000", at / 50)).collect::<Vec<_>>().concat();
        (0..3).for_each(|_| recent.push(&event(&bar), &scrubber));
        assert_eq!((shown(&recent, 3), recent.bytes < 100), (vec![" 99%|#| 4999/5000".to_owned(); 3], true));
        let mut recent = Recent::of(1000);
        (0..100).for_each(|_| recent.push(&event(&"x".repeat(60_000)), &scrubber));
        assert_eq!((recent.len(), recent.bytes <= RECENT_MAX_BYTES), (17, true));
    }
}

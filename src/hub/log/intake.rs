//! What becomes of the lines that are read: cleaned, matched against the pattern, counted, kept.

use std::collections::VecDeque;

use regex::Regex;

use super::line::Line;
use super::window::{Recent, Window};
use super::{Follow, Start};
use crate::hub::sse::Event;
use crate::secrets::{Clean, LineCleaner, Scrubber};

/// How many lines before those that are shown are read: a value that began in them is recognised.
pub(super) const LEAD: u64 = 8;
/// The most of a line that is shown, in characters: what is longer is data, not words for a reader.
const LINE_MAX_CHARS: usize = 2000;
/// How many bytes of events are held until they are cleaned together.
const BATCH_BYTES: usize = 64 * 1024;

/// The lines of a log on their way into an answer.
pub(super) struct Intake {
    scrubber: Scrubber,
    /// The newest lines; where each line is cleaned as it comes, those before the first one.
    recent: Recent,
    /// Whether lines are cleaned when they are shown: the newest are kept, whatever they say.
    is_lazy: bool,
    cleaner: LineCleaner,
    /// Events whose lines the cleaner holds, or handed out.
    held: VecDeque<Event>,
    held_bytes: usize,
    has_begun: bool,
    /// A line found no place: those behind it come with the next cursor.
    is_full: bool,
    window: Window,
    matching: Option<Regex>,
    /// How many lines were read.
    pub(super) read: u64,
    /// How many of them match.
    matched: u64,
    newest: Option<Clean>,
}

impl Intake {
    pub(super) fn new(follow: &Follow, scrubber: &Scrubber) -> Self {
        let newest = !matches!(follow.from, Start::Cursor(_));
        let is_lazy = newest && follow.matching.is_none();
        let from_start = match &follow.from {
            Start::Beginning => true,
            Start::Tail(_) => false,
            Start::Cursor(cursor) => cursor.is_start(),
        };
        Self {
            scrubber: scrubber.clone(),
            recent: Recent::of(if is_lazy { follow.lines.saturating_add(lead()) } else { lead() }),
            is_lazy,
            cleaner: if from_start { LineCleaner::from_start(scrubber) } else { LineCleaner::from_within(scrubber) },
            held: VecDeque::new(),
            held_bytes: 0,
            has_begun: from_start,
            is_full: false,
            window: Window::new(follow.lines, follow.bytes, newest),
            matching: follow.matching.clone(),
            read: 0,
            matched: 0,
            newest: None,
        }
    }

    /// Whether lines are counted as soon as they are read.
    pub(super) fn is_lazy(&self) -> bool {
        self.is_lazy
    }

    /// Another connection looks for the place of the first line.
    pub(super) fn reconnect(&mut self) {
        if !self.is_lazy && !self.has_begun {
            self.recent = Recent::of(lead());
        }
    }

    /// The place was not found: the log is read from its start.
    pub(super) fn read_from_start(&mut self) {
        if !self.has_begun {
            self.cleaner = LineCleaner::from_start(&self.scrubber);
        }
    }

    /// A line before the first one.
    pub(super) fn pass(&mut self, event: &Event) {
        if !self.is_lazy && !self.has_begun {
            self.recent.push(event, &self.scrubber);
        }
    }

    /// Takes a line. True: it is time to hand out those that are held.
    pub(super) fn push(&mut self, event: &Event) -> bool {
        self.begin();
        if self.is_lazy {
            self.recent.push(event, &self.scrubber);
            self.read += 1;
            return false;
        }
        self.cleaner.push(&Line::of(event).text, event.cut);
        self.held_bytes += event.data.len();
        self.held.push_back(event.clone());
        self.held_bytes >= BATCH_BYTES
    }

    /// What came before the first line is where a value may have begun.
    fn begin(&mut self) {
        if std::mem::replace(&mut self.has_begun, true) || self.is_lazy {
            return;
        }
        let recent = std::mem::replace(&mut self.recent, Recent::of(0));
        recent.lead_in(&mut self.cleaner);
    }

    /// The lines that no later one changes, or all that are left, with their events.
    pub(super) fn settled(&mut self, all: bool) -> Vec<(Event, Clean)> {
        if self.is_full {
            return Vec::new();
        }
        let lines = if all { self.cleaner.rest() } else { self.cleaner.settled() };
        let events: Vec<Event> = self.held.drain(..lines.len().min(self.held.len())).collect();
        self.held_bytes -= events.iter().map(|event| event.data.len()).sum::<usize>();
        events.into_iter().zip(lines).collect()
    }

    /// Counts a line that is settled, and keeps it if it is wanted. False: there is no place for it.
    pub(super) fn keep(&mut self, line: &Clean) -> bool {
        let line = line.bounded(LINE_MAX_CHARS);
        if self.matches(&line) {
            if !self.window.push(line.clone()) {
                self.is_full = true;
                return false;
            }
            self.matched += 1;
            self.newest = Some(line);
        }
        self.read += 1;
        true
    }

    fn matches(&self, line: &Clean) -> bool {
        self.matching.as_ref().is_none_or(|pattern| pattern.is_match(line))
    }

    /// The newest line that is wanted, as it would be shown if it were the last.
    pub(super) fn newest(&mut self) -> Option<Clean> {
        let kept = self.newest.take();
        let newest = if self.is_lazy {
            self.recent.clean(lead() + 1, LineCleaner::from_within(&self.scrubber)).pop()
        } else {
            self.cleaner.newest()
        };
        newest.map(|line| line.bounded(LINE_MAX_CHARS)).filter(|line| self.matches(line)).or(kept)
    }

    /// The lines that are shown. `from_start`: the first line that was read is the first of the log.
    pub(super) fn into_taken(mut self, from_start: bool) -> Taken {
        if self.is_lazy {
            let has_first = from_start && u64::try_from(self.recent.len()).is_ok_and(|kept| kept == self.read);
            let within = LineCleaner::from_within(&self.scrubber);
            let cleaner = if has_first { LineCleaner::from_start(&self.scrubber) } else { within };
            for line in self.recent.clean(usize::MAX, cleaner) {
                self.window.push(line.bounded(LINE_MAX_CHARS));
            }
            self.matched = self.read;
        }
        let is_too_long = self.window.is_too_long();
        Taken { lines: self.window.into_lines(), read: self.read, matched: self.matched, is_too_long }
    }
}

fn lead() -> usize {
    usize::try_from(LEAD).unwrap_or(usize::MAX)
}

/// What was taken of a log.
pub(super) struct Taken {
    pub(super) lines: Vec<Clean>,
    pub(super) read: u64,
    pub(super) matched: u64,
    pub(super) is_too_long: bool,
}

//! Lines of a log that follow each other, cleaned as the one text that they are.

use std::ops::Range;

use super::known::MIN_HALF_BYTES;
use super::scrub::{merged, replace_across};
use super::shapes::{self, Sight};
use super::{Clean, Scrubber};

/// The longest key in a PEM block, in bytes: the lines of one that has begun are held back up to here.
const KEY_MAX_BYTES: usize = 16 * 1024;

/// Cleans lines so that a value that goes on from one to the next is recognised, wherever it is broken.
///
/// A line is handed out when no later line can change what is shown of it, so that any reader that shows it, matches it or counts it
/// sees what a reader sees.
#[derive(Clone)]
pub struct LineCleaner {
    scrubber: Scrubber,
    held: Vec<Held>,
    /// The end of the lines that were handed out: what may begin a value.
    before: String,
    /// The last line that was handed out, for patterns that reach over a line end.
    last: String,
    /// The first line may begin with the rest of a value, since nothing is known of what comes before it.
    is_start_open: bool,
}

#[derive(Clone)]
struct Held {
    /// What a reader would see, before credentials that reach over its ends are replaced.
    seen: String,
    /// The end of the line is missing.
    is_cut: bool,
}

impl LineCleaner {
    /// For lines from the first one of a log on.
    pub fn from_start(scrubber: &Scrubber) -> Self {
        let scrubber = scrubber.clone();
        Self { scrubber, held: Vec::new(), before: String::new(), last: String::new(), is_start_open: false }
    }

    /// For lines from within a log.
    pub fn from_within(scrubber: &Scrubber) -> Self {
        Self { is_start_open: true, ..Self::from_start(scrubber) }
    }

    /// Takes the next line. Of one that is cut the end is missing.
    pub fn push(&mut self, text: &str, is_cut: bool) {
        self.held.push(Held { seen: self.scrubber.visible(text), is_cut });
    }

    /// The lines that no later line can change.
    pub fn settled(&mut self) -> Vec<Clean> {
        self.take(false)
    }

    /// All lines. What the last one ends in may be a half of a value, and is hidden if it is long enough to be known for one.
    pub fn rest(&mut self) -> Vec<Clean> {
        self.take(true)
    }

    /// The newest line, as [`Self::rest`] would show it.
    pub fn newest(&self) -> Option<Clean> {
        self.clone().rest().pop()
    }

    fn take(&mut self, all: bool) -> Vec<Clean> {
        let mut lines = Vec::new();
        while let Some(cut) = self.held.iter().position(|held| held.is_cut) {
            // What comes behind a cut does not go on from it.
            let behind = self.held.split_off(cut + 1);
            lines.extend(self.run(true));
            (self.held, self.is_start_open) = (behind, true);
            self.before.clear();
            self.last.clear();
        }
        lines.extend(self.run(all));
        lines
    }

    /// The lines up to the first one that may still change, or all.
    fn run(&mut self, all: bool) -> Vec<Clean> {
        let known = self.scrubber.known().clone();
        let mut joined = self.before.clone();
        let mut ends = Vec::with_capacity(self.held.len());
        for held in &self.held {
            held.seen.split('\n').for_each(|piece| joined.push_str(piece));
            ends.push(joined.len());
        }
        let Some(last) = self.held.len().checked_sub(1) else { return Vec::new() };
        if self.is_start_open && !all && joined.len() < known.longest() {
            return Vec::new();
        }
        let mut found = known.find(&joined);
        if known.may_hold_half(&joined) {
            let rest = self.is_start_open.then(|| known.rest_at_start(&joined, MIN_HALF_BYTES)).flatten();
            let half = all.then(|| known.beginning_at_end(&joined, MIN_HALF_BYTES)).flatten();
            found
                .extend(rest.map(|half| 0..half).into_iter().chain(half.map(|half| joined.len() - half..joined.len())));
        }
        self.is_start_open = false;
        let sure = joined.len() - known.open_end(&joined);
        let may_hold_pattern = shapes::may_hold_any(&joined) || shapes::may_hold_any(&self.last);
        let patterns = if may_hold_pattern { self.patterns() } else { Patterns::default() };
        // A pattern may begin in the last line, and a key lines before it.
        let settled = ends.iter().take_while(|end| **end <= sure).count().min(last).min(patterns.open.unwrap_or(last));
        let settled = patterns.before(settled, &ends);
        let count = if all { self.held.len() } else { settled };
        let delivered = count.checked_sub(1).and_then(|last| ends.get(last)).copied().unwrap_or(self.before.len());
        let kept = found.iter().filter(|range| range.end > delivered).map(|range| range.start);
        let kept = kept.min().unwrap_or(sure).min(sure).min(delivered);
        found.extend(patterns.found);
        let (found, is_quiet) = (merged(found), !may_hold_pattern);
        let mut begin = self.before.len();
        let mut lines = Vec::with_capacity(count);
        for (held, end) in self.held.drain(..count).zip(ends) {
            lines.push(if is_quiet && found.is_empty() {
                Clean::scrubbed(held.seen.clone())
            } else {
                self.scrubber.clean(&replace_across(&held.seen, begin, &found))
            });
            begin = end;
            self.last = held.seen;
        }
        joined.get(kept..delivered).unwrap_or_default().clone_into(&mut self.before);
        lines
    }

    /// What has the form of a credential in the held lines, also where it reaches over a line end.
    fn patterns(&self) -> Patterns {
        let mut text = self.last.clone();
        let mut begins = Vec::with_capacity(self.held.len());
        for held in &self.held {
            text.push('\n');
            begins.push(text.len());
            text.push_str(&held.seen);
        }
        let line_of = |at: usize| begins.partition_point(|begin| *begin <= at).saturating_sub(1);
        let open_key = shapes::open_private_key(&text).filter(|at| text.len() - at <= KEY_MAX_BYTES);
        // As they are counted without the line ends, and from what was handed out on.
        let line_ends: Vec<usize> = memchr::memchr_iter(b'\n', text.as_bytes()).collect();
        let without = |at: usize| at - line_ends.partition_point(|end| *end < at);
        let begin = begins.first().map_or(0, |begin| without(*begin));
        let place = |at: usize| (without(at) + self.before.len()).saturating_sub(begin);
        let found =
            shapes::find(&text, Sight::Wide).into_iter().map(|found| place(found.range.start)..place(found.range.end));
        Patterns { found: found.filter(|range| !range.is_empty()).collect(), open: open_key.map(line_of) }
    }
}

/// What was recognised by its form.
#[derive(Default)]
struct Patterns {
    found: Vec<Range<usize>>,
    /// The line in which a key begins whose end has not come.
    open: Option<usize>,
}

impl Patterns {
    /// The first lines, without those of a credential that reaches beyond them.
    fn before(&self, mut lines: usize, ends: &[usize]) -> usize {
        let end = |lines: usize| lines.checked_sub(1).and_then(|last| ends.get(last)).copied();
        for range in self.found.iter().rev() {
            if end(lines).is_some_and(|end| range.start < end && end < range.end) {
                lines = ends.partition_point(|end| *end <= range.start);
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests;

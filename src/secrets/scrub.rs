//! The scrubber: the one way from foreign text to text that may be shown.

use std::{borrow::Cow, ops::Range};

use serde_json::Value;

use super::{
    Clean, Known, REDACTED,
    shapes::{self, Sight},
    visible::{is_plain, last_states, without_invisible},
};

/// A replacement can bring a shape to light that its neighbour hid. Each pass shortens what is left; in practice the
/// second finds nothing.
const MAX_PASSES: usize = 4;

/// Makes [`Clean`] text: control sequences and invisible characters go first, so that none can break up a token; then
/// known values and everything that has the shape of a credential are replaced by `[redacted]`. Cheap to clone.
///
/// Whatever cuts or counts text does so afterwards, so that no half of a token is left.
#[derive(Clone, Default)]
pub struct Scrubber {
    known: Known,
}

impl Scrubber {
    /// A scrubber that looks for the values of this store, also for those that it learns later.
    pub fn new(known: Known) -> Self {
        Self { known }
    }

    /// The store.
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// Cleans a text, which may have several lines; a line that was overwritten after `\r` is left in its last state.
    pub fn clean(&self, text: &str) -> Clean {
        let index = self.known.index();
        if is_plain(text) && !index.all.is_match(text) && !shapes::may_hold_any(text) {
            return Clean::scrubbed(text.to_owned());
        }
        let mut text = self.visible(text);
        for _ in 0..MAX_PASSES {
            let mut ranges = self.known.find(&text);
            ranges.extend(shapes::find(&text, Sight::Wide).into_iter().map(|found| found.range));
            match replace(&text, ranges) {
                Cow::Borrowed(_) => break,
                Cow::Owned(replaced) => text = replaced,
            }
        }
        Clean::scrubbed(text)
    }

    /// What a reader would see of a text, with the known values in it replaced: shorter, and not clean yet.
    pub fn visible(&self, text: &str) -> String {
        if is_plain(text) {
            return text.to_owned();
        }
        // Known values are replaced before control sequences are removed too: one that swallows a letter would leave the rest.
        let text = replace(text, self.known.find(text));
        let text = without_invisible(&text);
        if !text.contains('\r') {
            return text.into_owned();
        }
        // A value may go on behind a carriage return.
        let joined = text.replace(is_line_end, "");
        last_states(&replace_across(&text, 0, &merged(self.known.find(&joined))))
    }

    /// Whether any of a text would not be shown: an id with a token in it may not become a part of a URL either.
    pub fn hides(&self, text: &str) -> bool {
        self.clean(text).as_str() != text
    }

    /// Cleans a text for a place that takes one line: line ends and tabs become blanks.
    pub fn clean_line(&self, text: &str) -> Clean {
        let clean = self.clean(text.trim_end_matches(['\n', '\r']));
        // Again, for what the joining of lines brings together.
        if clean.contains(['\n', '\t']) { self.clean(&clean.replace(['\n', '\t'], " ")) } else { clean }
    }

    /// Cleans a text, then keeps its first `max_chars` characters ([`Clean::bounded`]).
    pub fn clean_bounded(&self, text: &str, max_chars: usize) -> Clean {
        let clean = self.clean(text);
        // No text has more characters than bytes.
        if clean.len() <= max_chars { clean } else { clean.bounded(max_chars) }
    }

    /// Cleans every string and every key within a JSON value.
    ///
    /// Done before serialising, since a serialised text hides values behind its escapes.
    pub fn clean_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.clean(text).into_string()),
            Value::Array(items) => items.iter().map(|item| self.clean_value(item)).collect(),
            Value::Object(fields) => {
                fields.iter().map(|(key, item)| (self.clean(key).into_string(), self.clean_value(item))).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }
}

/// What values may be broken up by.
fn is_line_end(char: char) -> bool {
    matches!(char, '\n' | '\r')
}

/// The ranges in order, those that overlap or touch as one.
pub(super) fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| range.start);
    ranges.dedup_by(|next, range| {
        let touches = next.start <= range.end;
        range.end = if touches { range.end.max(next.end) } else { range.end };
        touches
    });
    ranges
}

/// The text with `[redacted]` in place of merged ranges that leave its line ends out of account, and begin to count at `begin`.
pub(super) fn replace_across(text: &str, begin: usize, ranges: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut begin = begin;
    for piece in text.split_inclusive(is_line_end) {
        let body = piece.trim_end_matches(is_line_end);
        let end = begin + body.len();
        let first = ranges.partition_point(|range| range.end <= begin);
        let within = ranges.iter().skip(first).take_while(|range| range.start < end);
        let within = within.map(|range| range.start.max(begin) - begin..range.end.min(end) - begin).collect();
        out.push_str(&replace(body, within));
        out.push_str(piece.get(body.len()..).unwrap_or_default());
        begin = end;
    }
    out
}

/// The text with `[redacted]` in place of the ranges, one for each stretch that they cover.
fn replace(text: &str, mut ranges: Vec<Range<usize>>) -> Cow<'_, str> {
    if ranges.is_empty() {
        return Cow::Borrowed(text);
    }
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    let mut marked = false;
    for range in ranges {
        if range.start > copied || !marked {
            out.push_str(text.get(copied..range.start).unwrap_or_default());
            out.push_str(REDACTED);
            marked = true;
        }
        copied = copied.max(range.end);
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

#[cfg(test)]
mod tests;

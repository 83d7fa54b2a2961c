//! The scrubber: the one way from foreign text to text that may be shown.

use std::{borrow::Cow, ops::Range};

use serde_json::Value;

use super::{
    Clean, Known, REDACTED,
    known::MIN_HALF_BYTES,
    shapes::{self, Sight},
    visible::{is_plain, visible},
};

/// A replacement can bring a shape to light that its neighbour hid. Each pass shortens what is left; in practice the
/// second finds nothing.
const MAX_PASSES: usize = 4;
/// The fewest bytes of the end of a value where something was redacted right before it.
const MIN_REST_BYTES: usize = 4;

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
        // Known values go before the controls too, lest a sequence that swallows a letter leave the rest of a token.
        let mut text = visible(&replace(text, self.known.find(text))).into_owned();
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

    /// Cleans lines that follow each other: a value that goes on from one to the next is one, too, and so is a half of one with
    /// which they begin or end, since its other half may be in an earlier or a later answer.
    pub fn clean_across(&self, lines: Vec<Clean>) -> Vec<Clean> {
        let joined: String = lines.iter().map(Clean::as_str).collect();
        let mut found = self.known.find(&joined);
        if self.known.may_hold_half(&joined) {
            let beginning = self.known.beginning_at_end(&joined, MIN_HALF_BYTES);
            found.extend(beginning.map(|half| joined.len() - half..joined.len()));
            found.extend(self.known.rest_at_start(&joined, MIN_HALF_BYTES).map(|half| 0..half));
        }
        let mut begin = 0;
        for pair in lines.windows(2) {
            let [line, next] = pair else { continue };
            begin += line.len();
            // Of a value that was recognised by its beginning, the rest is left.
            if line.ends_with(REDACTED) {
                let rest = self.known.rest_at_start(next, MIN_REST_BYTES);
                found.extend(rest.map(|rest| begin..begin + rest));
            }
        }
        if found.is_empty() {
            return lines;
        }
        let mut begin = 0;
        let clean = lines.into_iter().map(|line| {
            let end = begin + line.len();
            let of_line = found.iter().filter(|range| range.start < end && range.end > begin);
            let ranges: Vec<Range<usize>> =
                of_line.map(|range| range.start.max(begin) - begin..range.end.min(end) - begin).collect();
            begin = end;
            if ranges.is_empty() { line } else { Clean::scrubbed(replace(&line, ranges).into_owned()) }
        });
        clean.collect()
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

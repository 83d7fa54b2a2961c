//! Reading arguments: each taken once, everything wrong noted, nothing guessed.

use serde_json::{Map, Value, json};

use super::entries::ENTRIES;
use crate::error::{Fault, Problem, Warning};
use crate::types::limits::{MAX_ARGUMENT_BYTES, MAX_ENV};
use crate::types::{kind, wrong_kind};

/// The arguments of a call, under their own names, and what was found wrong with them.
pub(super) struct Arguments {
    given: Map<String, Value>,
    pub(super) faults: Vec<Fault>,
    /// Warnings on how the call was read; every answer shows them.
    pub(super) warnings: Vec<Warning>,
    /// The client shows progress, so that it may wait longer.
    pub(super) progress: bool,
}

impl Arguments {
    pub(super) fn new(given: Map<String, Value>, faults: Vec<Fault>, progress: bool) -> Self {
        Self { given, faults, warnings: Vec::new(), progress }
    }

    /// Whether an argument was given and is such.
    pub(super) fn is(&self, name: &str, such: impl Fn(&Value) -> bool) -> bool {
        self.given.get(name).is_some_and(such)
    }

    /// Takes an argument that was given; null and a blank text are as good as not given: clients that hold a model to all
    /// properties fill in those that it does not want.
    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.given.remove(name).filter(|value| !is_blank(value))
    }

    pub(super) fn fault(&mut self, name: impl Into<String>, problem: Problem) {
        self.faults.push(problem.at(name));
    }

    fn noted<T>(&mut self, name: &str, read: Result<T, Problem>) -> Option<T> {
        read.map_err(|problem| self.fault(name, problem)).ok()
    }

    /// Reads an argument with a reader of JSON.
    pub(super) fn json<T>(&mut self, name: &'static str, read: impl FnOnce(&Value) -> Result<T, Problem>) -> Option<T> {
        let value = self.take(name)?;
        let read = read(&value);
        self.noted(name, read)
    }

    /// Reads a text; a number or a boolean is its text.
    pub(super) fn text<T>(&mut self, name: &'static str, read: impl FnOnce(&str) -> Result<T, Problem>) -> Option<T> {
        self.json(name, |value| {
            let text = text_of(value).ok_or_else(|| wrong_kind("a string", value))?;
            if text.len() > MAX_ARGUMENT_BYTES {
                let expected = format!("at most {MAX_ARGUMENT_BYTES} bytes long");
                return Err(Problem::malformed(format!("{} bytes", text.len()), expected));
            }
            read(&text)
        })
    }

    /// Reads one text or a list of at most `max`.
    pub(super) fn texts<T>(
        &mut self,
        name: &'static str,
        max: usize,
        mut read: impl FnMut(&str) -> Result<T, Problem>,
    ) -> Vec<T> {
        let items = match self.take(name) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            // A list that a client made a string of.
            Some(Value::String(text)) => match serde_json::from_str::<Vec<Value>>(&text) {
                Ok(items) if text.trim_start().starts_with('[') => items,
                _ => vec![Value::String(text)],
            },
            Some(other) => vec![other],
        };
        if items.len() > max {
            let expected =
                if max == 1 { "one: call once for each".to_owned() } else { format!("a list of at most {max}") };
            self.fault(name, Problem::malformed(format!("a list of {}", items.len()), expected));
        }
        let items = items.get(..max.min(items.len())).unwrap_or_default();
        let one = items.len() == 1;
        let mut all = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let read = text_of(item).ok_or_else(|| wrong_kind("a list of strings", item)).and_then(|text| read(&text));
            let path = if one { name.to_owned() } else { format!("{name}[{index}]") };
            all.extend(self.noted(&path, read));
        }
        all
    }

    /// A flag: a boolean, or the words for one.
    pub(super) fn flag(&mut self, name: &'static str) -> bool {
        self.json(name, |value| match value {
            Value::Bool(flag) => Ok(*flag),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            other => Err(wrong_kind("true or false", other)),
        })
        .unwrap_or(false)
    }

    /// A whole number, cut to its bounds with a warning. For numbers that can't cost money; others are refused instead.
    pub(super) fn number_cut(&mut self, name: &'static str, min: u64, max: u64) -> Option<u64> {
        let given = self.json(name, |value| {
            let number = match value {
                Value::Number(number) => number.as_i64().map(i128::from).or_else(|| whole(number.as_f64()?)),
                Value::String(text) => text.trim().parse().ok(),
                other => return Err(wrong_kind("a whole number", other)),
            };
            number.ok_or_else(|| Problem::malformed(plain(value), format!("a whole number from {min} to {max}")))
        })?;
        let cut = u64::try_from(given.max(0)).unwrap_or(u64::MAX).clamp(min, max);
        if i128::from(cut) != given {
            self.warnings.push(Warning::NumberCut { argument: name, given: given.to_string(), used: cut });
        }
        Some(cut)
    }

    /// How many entries of a list: cut as [`Self::number_cut`] does, where 0 asks for all up to the bound.
    pub(super) fn limit(&mut self, name: &'static str, max: u64) -> Option<u64> {
        if !self.is(name, |value| text_of(value).is_some_and(|text| text.trim() == "0")) {
            return self.number_cut(name, 1, max);
        }
        self.take(name);
        self.warnings.push(Warning::NumberCut { argument: name, given: "0".to_owned(), used: max });
        Some(max)
    }

    /// A map of texts, a list of `NAME=value`, or for names alone what `bare` makes of them. True beside it: it was empty.
    pub(super) fn pairs(
        &mut self,
        name: &'static str,
        bare: impl Fn(&str) -> Option<String>,
    ) -> (Vec<(String, String)>, bool) {
        let value = match self.given.remove(name) {
            None | Some(Value::Null) => return (Vec::new(), false),
            Some(Value::String(text)) if text.trim().is_empty() => return (Vec::new(), true),
            Some(Value::String(text)) => serde_json::from_str(&text).unwrap_or(json!([text])),
            Some(other) => other,
        };
        let size = match &value {
            Value::Object(fields) => {
                let entries = fields.get(ENTRIES).and_then(Value::as_array);
                fields.len().saturating_add(entries.map_or(0, Vec::len))
            }
            Value::Array(items) => items.len(),
            _ => 0,
        };
        let mut pairs = Vec::new();
        if size > MAX_ENV {
            // Nothing else is said of so many: each would be compared with all others.
            self.fault(name, Problem::malformed(format!("{size} entries"), format!("at most {MAX_ENV} entries")));
            return (pairs, false);
        }
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    match (text_of(&value), &value) {
                        (Some(text), _) => pairs.push((key, text)),
                        (None, Value::Array(items)) if key == ENTRIES => {
                            self.listed(&format!("{name}.{ENTRIES}"), items, &bare, &mut pairs);
                        }
                        (None, _) => self.fault(format!("{name}.{key}"), wrong_kind("a string", &value)),
                    }
                }
            }
            Value::Array(items) => self.listed(name, &items, &bare, &mut pairs),
            other => self.fault(name, wrong_kind("a map, or a list of `NAME=value`", &other)),
        }
        let empty = pairs.is_empty();
        (pairs, empty)
    }

    /// Reads a list of `NAME=value`, or of names alone.
    fn listed(
        &mut self,
        path: &str,
        items: &[Value],
        bare: impl Fn(&str) -> Option<String>,
        pairs: &mut Vec<(String, String)>,
    ) {
        for (index, item) in items.iter().enumerate() {
            let text = item.as_str().unwrap_or_default();
            let pair = match text.split_once('=') {
                Some((key, value)) => Some((key.trim().to_owned(), value.to_owned())),
                None => bare(text).map(|value| (text.trim().to_owned(), value)),
            };
            if let Some(pair) = pair {
                pairs.push(pair);
            } else {
                let problem = Problem::malformed(plain(item), "of the form `NAME=value`");
                self.fault(format!("{path}[{index}]"), problem);
            }
        }
    }
}

/// Whether a value says nothing: null, or a blank text.
pub(super) fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// Whether a value is what a client fills in where a model wants nothing.
pub(super) fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(says_nothing),
        Value::Object(fields) => fields.values().all(says_nothing),
        other => is_blank(other) || other == &json!(false) || other.as_f64() == Some(0.0),
    }
}

/// A value's text, where it is one: strings, numbers, booleans.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn plain(value: &Value) -> String {
    text_of(value).unwrap_or_else(|| kind(value).to_owned())
}

#[expect(clippy::cast_possible_truncation, reason = "a whole number, cut to the range of an i128")]
fn whole(number: f64) -> Option<i128> {
    (number.fract() == 0.0).then_some(number as i128)
}

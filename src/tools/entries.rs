//! Maps of texts also take a list of `NAME=value` as their property `entries`, for clients whose models can only fill in the
//! properties that a schema names.

use serde_json::{Map, Value, json};

use super::form::is_blank;

/// The name of the property.
pub(super) const ENTRIES: &str = "entries";

/// Moves the pairs of `entries` into their map. Items that are not pairs, and pairs whose name the map has already, stay in
/// `entries`, where the reading of the map refuses them. A client that fills in every property of a schema always sends
/// `entries`, so that blanks next to it count as absent.
pub(super) fn spread(given: &mut Map<String, Value>) {
    for name in ["env", "secrets", "labels"] {
        let Some(Value::Object(map)) = given.get_mut(name) else { continue };
        let entries = match map.shift_remove(ENTRIES) {
            Some(Value::Array(items)) => items,
            Some(value) if is_blank(&value) => Vec::new(),
            Some(value) => {
                // A variable of that name, since it is not a list.
                map.insert(ENTRIES.to_owned(), value);
                continue;
            }
            None => continue,
        };
        if name == "secrets" {
            map.retain(|_, value| !is_blank(value));
        }
        let mut rest = Vec::new();
        for entry in entries.into_iter().filter(|entry| !is_blank(entry)) {
            match entry.as_str().and_then(|text| text.split_once('=')) {
                Some((key, value)) if !map.contains_key(key.trim()) => {
                    map.insert(key.trim().to_owned(), json!(value));
                }
                _ => rest.push(entry),
            }
        }
        if !rest.is_empty() {
            map.insert(ENTRIES.to_owned(), Value::Array(rest));
        }
        if map.is_empty() {
            given.shift_remove(name);
        }
    }
}

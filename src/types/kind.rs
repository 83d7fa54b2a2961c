//! What kind of JSON value something is, as a message says it.

use serde_json::Value;

use crate::error::Problem;

/// `a number`, `a list` and so on.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// The problem of a value that is of another kind than `expected`.
pub fn wrong_kind(expected: &'static str, value: &Value) -> Problem {
    Problem::WrongType { expected, found: kind(value) }
}

//! Blank values: strict hosts fill in every property of the schema.

use serde_json::{Map, Value, json};

use super::argument::{Form, argument};
use super::form::{is_blank, says_nothing};
use super::verbs::Verb;
use crate::error::{Fault, Problem};

/// The arguments to read, under the names that they should have. Strict hosts fill in every property of the schema, so that a
/// blank value is as good as none where it can mean nothing else, or where the call shows that such a host made it.
pub(super) fn without_blanks(verb: &Verb, given: &Map<String, Value>, faults: &mut Vec<Fault>) -> Map<String, Value> {
    let takes = |name: &str| verb.arguments().any(|argument| argument == name);
    let is_filled = given.iter().any(|(name, value)| !takes(name) && says_nothing(value));
    let is_blank_beside = |other: &str| {
        let is_sign = |name: &str, value: &Value| says_nothing(value) && !(takes(name) && *value == json!(false));
        given.iter().any(|(name, value)| name != other && is_sign(name, value))
    };
    let mut to_read = Map::new();
    for (name, value) in given {
        let form = argument(name).map(|argument| argument.form);
        let costs = ["dry_run", "detach"].contains(&name.as_str());
        let is_absent = match (form, value) {
            _ if !takes(name) => true,
            (_, Value::String(_)) if costs && is_blank(value) => {
                faults.push(Problem::WrongType { expected: "true or false", found: "an empty string" }.at(name));
                true
            }
            (_, value) if is_blank(value) => true,
            _ if costs || verb.required.contains(&name.as_str()) => false,
            (Some(Form::Secrets), Value::Object(fields)) if is_filled => fields.values().all(is_blank),
            // An empty value within a map or a list means what it says.
            (Some(Form::Map | Form::Secrets), value) if is_empty(value) => is_blank_beside(name),
            (_, Value::Array(_) | Value::Object(_)) => is_empty(value),
            (_, value) => is_filled && says_nothing(value),
        };
        if !is_absent {
            to_read.insert(name.clone(), value.clone());
        }
    }
    for fault in faults.iter() {
        // What is under a wrong name is checked with the rest, so that one answer has all that is wrong with it.
        if let Problem::Unknown { nearest: Some(meant) } = &fault.problem
            && let Some(value) = given.get(&fault.argument)
            && !to_read.contains_key(meant)
        {
            // `"gpu": true` asks for any.
            let value = if meant == "flavor" && !value.is_string() { json!("gpu") } else { value.clone() };
            to_read.insert(meant.clone(), value);
        }
    }
    to_read
}

fn is_empty(value: &Value) -> bool {
    [json!({}), json!([])].contains(value)
}

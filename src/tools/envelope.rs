//! How a call arrives: an operation's name and its arguments, out of what a client or a host wrapped around them.

use serde_json::{Map, Value, json};

use super::form::{is_blank, says_nothing};
use crate::error::{Fault, Problem};
use crate::types::wrong_kind;

/// The names of the operation. Skills of Hugging Face name the official server's parameters `mode` and `config`.
const OPERATION: [&str; 2] = ["operation", "mode"];
/// The names of its arguments.
const ARGUMENTS: [&str; 3] = ["args", "arguments", "config"];
/// Names under which agent frameworks put a whole call.
const WRAPPERS: [&str; 3] = ["query", "input", "parameters"];
/// What hosts add next to the arguments that the model wrote: n8n (n8n-io/n8n issues 21500 and 22787) and `LangChain`, whose tool
/// calls have an `id`.
const OF_HOSTS: [&str; 6] = ["tool", "toolCallId", "sessionId", "chatInput", "action", "id"];

/// A call out of its wrappings.
pub(super) struct Envelope {
    /// The operation's name as it was written; empty if there is none.
    pub(super) operation: String,
    /// The arguments as they were written.
    pub(super) given: Map<String, Value>,
    pub(super) faults: Vec<Fault>,
    /// Names of hosts that were left out.
    pub(super) ignored: Vec<String>,
}

impl Envelope {
    /// Opens a call: the arguments are in `args`, as an object or as its JSON text, or next to `operation`, or both.
    pub(super) fn open(call: Map<String, Value>) -> Self {
        let mut faults = Vec::new();
        let mut call = unwrapped(call, &mut faults);
        let operation = match first_of(&mut call, &OPERATION) {
            None => String::new(),
            Some(Value::String(name)) => name,
            Some(other) => other.to_string(),
        };
        // A list next to a script holds the script's arguments.
        let is_script_args = |call: &Map<String, Value>, name: &str| {
            call.contains_key("script") && call.get(name).is_some_and(Value::is_array)
        };
        let names: Vec<&str> = ARGUMENTS.into_iter().filter(|name| !is_script_args(&call, name)).collect();
        let has_object = names.iter().any(|name| call.get(*name).is_some_and(|value| object(value).is_some()));
        let mut given = match first_of(&mut call, &names) {
            None => Map::new(),
            Some(args) => object(&args).unwrap_or_else(|| {
                // A text is not repeated, since nothing in it was checked for secrets.
                faults.push(match args {
                    Value::String(_) => {
                        Problem::WrongType { expected: "an object", found: "a text that is not JSON" }.at("args")
                    }
                    other => wrong_kind("an object", &other).at("args"),
                });
                Map::new()
            }),
        };
        let mut ignored = Vec::new();
        for (name, value) in call {
            match given.get(&name) {
                _ if has_object && OF_HOSTS.contains(&name.as_str()) => ignored.push(name),
                Some(known) if *known == value || says_nothing(&value) => {}
                Some(known) if !says_nothing(known) => {
                    faults.push(Problem::Conflict { with: format!("args.{name}") }.at(name));
                }
                _ => {
                    given.insert(name, value);
                }
            }
        }
        Self { operation, given, faults, ignored }
    }

    /// Whether a name is one that hosts add.
    pub(super) fn is_of_host(name: &str) -> bool {
        OF_HOSTS.contains(&name)
    }
}

/// A call without the one object that holds all of it. What was next to that object stays.
fn unwrapped(mut call: Map<String, Value>, faults: &mut Vec<Fault>) -> Map<String, Value> {
    let has_operation = |fields: &Map<String, Value>| {
        OPERATION.iter().any(|name| fields.get(*name).is_some_and(|value| !says_nothing(value)))
    };
    let inner = |name: &str| call.get(name).and_then(object).filter(|fields| !fields.is_empty());
    let wrapped = WRAPPERS.into_iter().find_map(|name| Some((name, inner(name)?))).or_else(|| {
        let outside = has_operation(&call);
        let of_args = ARGUMENTS.into_iter().filter(|_| !outside);
        of_args.into_iter().find_map(|name| Some((name, inner(name).filter(&has_operation)?)))
    });
    let Some((name_of_all, fields)) = wrapped else { return call };
    call.remove(name_of_all);
    for (name, value) in fields {
        match call.get(&name) {
            Some(known) if *known != value && !says_nothing(known) => {
                faults.push(Problem::Conflict { with: format!("{name_of_all}.{name}") }.at(name));
            }
            _ => {
                call.insert(name, value);
            }
        }
    }
    call
}

/// Takes the first of these that says something; empty ones go.
fn first_of(call: &mut Map<String, Value>, names: &[&str]) -> Option<Value> {
    for name in names {
        // Not what is blank within: `{"limit": 0}` says something.
        if call.get(*name).is_some_and(|value| is_blank(value) || [json!({}), json!([])].contains(value)) {
            call.remove(*name);
        }
    }
    names.iter().find_map(|name| call.remove(*name))
}

/// An object, or the JSON text of one.
fn object(value: &Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(fields) => Some(fields.clone()),
        Value::String(text) => serde_json::from_str(text).ok(),
        _ => None,
    }
}

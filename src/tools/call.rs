//! A call as it was written becomes an operation: names understood as models write them, all faults found at once.

use serde_json::{Map, Value, json};

use super::argument::{Form, argument};
use super::argument_names;
use super::blanks::without_blanks;
use super::entries::{self, ENTRIES};
use super::envelope::Envelope;
use super::form::{Arguments, is_blank, says_nothing};
use super::meaning::{self, Meaning};
use super::stand_in::is_stand_in;
use super::verbs::Verb;
use crate::error::{Error, Fault, Problem, Warning};
use crate::operations::Call;
use crate::policy::Policy;

/// What a call means.
pub(super) enum Understood {
    /// The help, of one operation or of all.
    Usage(Option<&'static Verb>),
    /// An operation, its arguments under their own names as they were written, and warnings on how they were read.
    Call(Box<Call>, Map<String, Value>, Vec<Warning>),
    /// No operation.
    Wrong(Error),
}

/// Understands the arguments of `hf_jobs`. `progress`: the client shows progress, so that it may wait longer.
pub(super) fn understand(call: Map<String, Value>, progress: bool, policy: &Policy) -> Understood {
    let Envelope { operation, mut given, mut faults, ignored } = Envelope::open(call);
    let wants_help = given.remove("help").is_some_and(|help| !says_nothing(&help) && help != json!("false"));
    let meaning = match meaning::meaning(&operation, &given, policy) {
        Ok(Some(meaning)) => meaning,
        Ok(None) => return Understood::Usage(None),
        Err(_) if wants_help && operation.trim().is_empty() => return Understood::Usage(None),
        Err(error) => return Understood::Wrong(error),
    };
    let verb = meaning.verb;
    if let Some(rule) = policy.forbids(verb.name, verb.writes) {
        return Understood::Wrong(Error::PolicyDenied { rule, operation: verb.name });
    }
    let Some(read) = verb.read else { return help_of(&given, policy) };
    if wants_help {
        return Understood::Usage(Some(verb));
    }
    let mut warnings = Vec::new();
    if !ignored.is_empty() {
        warnings.push(Warning::HostNames { names: ignored });
    }
    if meaning.inferred {
        warnings.push(Warning::OperationInferred { operation: verb.name });
    }
    let mut given = argument_names::known(verb, given, &mut faults, &mut warnings);
    replace_labels(&meaning, &mut given);
    entries::spread(&mut given);
    let mut to_read = without_blanks(verb, &given, &mut faults);
    for required in verb.required {
        // An empty list of ports says that none is to be reached any more.
        let may_be_empty = argument(required).is_some_and(|argument| argument.form == Form::Ports);
        let lacks = |value: &Value| is_blank(value) || (says_nothing(value) && !(may_be_empty && *value == json!([])));
        // Operations that take `job_ids` need only one of the two.
        let several = *required == "job_id" && to_read.get("job_ids").is_some_and(|value| !lacks(value));
        if to_read.get(*required).is_none_or(lacks) && !several {
            faults.push(Problem::Missing.at(*required));
            to_read.remove(*required);
        }
    }
    for fault in placeholders(&to_read) {
        // It is not read as well, which would find more wrong with it.
        to_read.remove(&fault.argument);
        faults.push(fault);
    }
    let readable = readable(&given);
    let mut arguments = Arguments::new(to_read, faults, progress);
    let operation = read(&mut arguments);
    warnings.extend(arguments.warnings);
    let call = Call { name: verb.name, operation, readable, faults: arguments.faults };
    Understood::Call(Box::new(call), given, warnings)
}

/// The name of an operation, however it is written.
pub(super) fn operation(written: &str) -> Option<&'static str> {
    meaning::operation(written).map(|verb| verb.name)
}

/// `help`, of the operation that it names or of all.
fn help_of(given: &Map<String, Value>, policy: &Policy) -> Understood {
    let asked = given.get("operation").and_then(Value::as_str).unwrap_or_default();
    if asked.trim().is_empty() {
        return Understood::Usage(None);
    }
    match meaning::explained(asked, policy) {
        Ok(verb) => Understood::Usage(Some(verb)),
        Err(error) => Understood::Wrong(error),
    }
}

/// What `update-labels` does more than `labels`: other labels go, and none at all clears them.
fn replace_labels(meaning: &Meaning, given: &mut Map<String, Value>) {
    if !meaning.replaces_labels {
        return;
    }
    match given.get("labels") {
        Some(labels) if [json!({}), json!([])].contains(labels) => {
            given.remove("labels");
            given.insert("clear".to_owned(), json!(true));
        }
        _ if meaning.verb.canonical("replace").is_some() => {
            given.insert("replace".to_owned(), json!(true));
        }
        _ => {}
    }
}

/// What is a placeholder of an earlier answer.
fn placeholders(given: &Map<String, Value>) -> Vec<Fault> {
    let mut written = Vec::new();
    given.iter().for_each(|(name, value)| texts(name, value, &mut written));
    written.into_iter().filter(|(_, text)| is_stand_in(text)).map(|(path, _)| Problem::Placeholder.at(path)).collect()
}

/// All texts that anybody who may see the job can read, each with its argument.
fn readable(given: &Map<String, Value>) -> Vec<(String, String)> {
    let mut readable = Vec::new();
    for (name, value) in given {
        match name.as_str() {
            // Their values have rules of their own; their names are read as any text.
            "env" | "secrets" => names(name, value, &mut readable),
            // A fault in the item `KEY=value` names `labels.KEY`, which only the whole of it overlaps.
            "labels" if value.is_array() => {
                let mut items = Vec::new();
                texts(name, value, &mut items);
                readable.extend(items.into_iter().map(|(_, text)| (name.clone(), text)));
            }
            _ => texts(name, value, &mut readable),
        }
    }
    readable
}

/// All texts of a value, keys included, each with its path.
fn texts(path: &str, value: &Value, into: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => into.push((path.to_owned(), text.clone())),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| texts(&format!("{path}[{index}]"), item, into));
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                into.push((path.to_owned(), key.clone()));
                texts(&format!("{path}.{key}"), value, into);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The names of a map, or of a list of `NAME=value`; either may be written as a text.
fn names(path: &str, value: &Value, into: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => match serde_json::from_str(text) {
            Ok(written) => names(path, &written, into),
            Err(_) => names(path, &json!([text]), into),
        },
        Value::Object(fields) => {
            into.extend(fields.keys().map(|key| (path.to_owned(), key.clone())));
            if let Some(entries @ Value::Array(_)) = fields.get(ENTRIES) {
                names(path, entries, into);
            }
        }
        Value::Array(items) => into.extend(
            items
                .iter()
                .filter_map(Value::as_str)
                .map(|text| (path.to_owned(), text.split('=').next().unwrap_or_default().to_owned())),
        ),
        _ => {}
    }
}

//! A call as it was written becomes an operation: names understood as models write them, all faults found at once.

use serde_json::{Map, Value, json};

use super::argument::{Form, argument};
use super::envelope::Envelope;
use super::form::{Arguments, is_blank, says_nothing};
use super::meaning::{self, Meaning};
use super::stand_in::is_stand_in;
use super::verbs::Verb;
use crate::error::{Error, Fault, Problem, Warning};
use crate::operations::Call;
use crate::policy::Policy;
use crate::types::{in_utc, nearest};

/// Names that no operation has for an argument, and the argument that is meant: it is said, never done.
const GUESSES: &[(&str, &[&str])] = &[
    ("flavor", &["gpu", "gpus", "gpu_type", "machine", "machine_type", "instance", "instance_type", "accelerator"]),
    ("env", &["environment", "env_vars", "variables"]),
    ("command", &["cmd"]),
    ("script", &["code", "script_path"]),
    ("dependencies", &["requirements", "deps"]),
    ("image", &["docker_image", "container"]),
    ("python", &["python_version"]),
    ("timeout", &["time_limit", "max_runtime"]),
    ("volumes", &["mounts"]),
    ("labels", &["tags"]),
    ("grep", &["pattern", "filter"]),
    ("namespace", &["org", "organization", "owner"]),
    ("job_id", &["job"]),
];

/// Names that say in which time zone a schedule is.
const TIME_ZONES: [&str; 3] = ["timezone", "tz", "time_zone"];

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
    let mut given = known(verb, given, &mut faults, &mut warnings);
    replace_labels(&meaning, &mut given);
    let mut to_read = without_blanks(verb, &given, &mut faults);
    for required in verb.required {
        // An empty list of ports says that none is to be reached any more.
        let may_be_empty = argument(required).is_some_and(|argument| argument.form == Form::Ports);
        let lacks = |value: &Value| is_blank(value) || (says_nothing(value) && !(may_be_empty && *value == json!([])));
        if to_read.get(*required).is_none_or(lacks) {
            faults.push(Problem::Missing.at(*required));
            to_read.remove(*required);
        }
    }
    faults.extend(placeholders(&to_read));
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
    match meaning::operation(asked) {
        Some(verb) => Understood::Usage(Some(verb)),
        None => Understood::Wrong(meaning::unknown(asked, &meaning::guess(asked), policy)),
    }
}

/// The arguments under their own names. Unknown ones are faults: a dropped argument costs money.
fn known(
    verb: &Verb,
    given: Map<String, Value>,
    faults: &mut Vec<Fault>,
    warnings: &mut Vec<Warning>,
) -> Map<String, Value> {
    let mut known = Map::new();
    let mut without_effect = Vec::new();
    let schedule = given.get("schedule").and_then(Value::as_str).map(str::to_owned);
    for (written, value) in given {
        let is_of_others = argument(&written).is_some() && verb.arguments().all(|name| name != written);
        let name = written.to_lowercase().replace('-', "_");
        match verb.canonical(&written).or_else(|| verb.canonical(&name)) {
            Some(name) => match known.get(name) {
                Some(other) if *other == value || says_nothing(&value) => {}
                Some(other) if !says_nothing(other) => {
                    faults.push(Problem::Conflict { with: name.to_owned() }.at(written));
                }
                _ => {
                    known.insert(name.to_owned(), value);
                }
            },
            // Kept as it is: that a host fills in all properties shows in what else is blank.
            None if is_of_others && says_nothing(&value) => {
                known.insert(written, value);
            }
            // Nothing follows a scheduled job when it is created.
            None if is_planned(verb) && ["detach", "wait", "follow"].contains(&name.as_str()) => {
                without_effect.push(written);
            }
            None => {
                faults.push(unknown(verb, &written, &value, schedule.as_deref()));
                // It is scanned with the rest, so that a token under a wrong name is reported as what it is.
                known.insert(written, value);
            }
        }
    }
    if !without_effect.is_empty() {
        warnings.push(Warning::NothingToFollow { names: without_effect });
    }
    known
}

/// Whether an operation creates a scheduled job.
fn is_planned(verb: &Verb) -> bool {
    verb.required.contains(&"schedule") && verb.canonical("flavor").is_some()
}

/// What is wrong with a name that the operation has no argument for.
fn unknown(verb: &Verb, written: &str, value: &Value, schedule: Option<&str>) -> Fault {
    let name = written.to_lowercase().replace('-', "_");
    if TIME_ZONES.contains(&name.as_str()) && verb.canonical("schedule").is_some() {
        return time_zone(value, schedule).at(written);
    }
    if Envelope::is_of_host(written) {
        return Problem::OfHost.at(written);
    }
    let guess = GUESSES.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(argument, _)| *argument);
    let near = guess.or_else(|| nearest(&name, verb.spellings())).and_then(|name| verb.canonical(name));
    Problem::Unknown { nearest: near.map(str::to_owned) }.at(written)
}

/// A schedule is in UTC: what the hours are there, in the zone that was named, or in two as examples.
fn time_zone(zone: &Value, schedule: Option<&str>) -> Problem {
    const EXAMPLES: [&str; 2] = ["UTC+2", "UTC-5"];
    let shifted = |schedule: &str, zones: &[&str]| {
        zones.iter().map(|zone| Some(((*zone).to_owned(), in_utc(schedule, zone)?))).collect::<Option<Vec<_>>>()
    };
    let zone = zone.as_str().unwrap_or_default();
    let given = schedule
        .and_then(|schedule| Some((schedule, shifted(schedule, &[zone]).or_else(|| shifted(schedule, &EXAMPLES))?)));
    let (schedule, utc) = given.unwrap_or_else(|| ("0 9 * * *", shifted("0 9 * * *", &EXAMPLES).unwrap_or_default()));
    Problem::TimeZone { schedule: schedule.to_owned(), utc }
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
        Some(_) if meaning.verb.canonical("replace").is_some() => {
            given.insert("replace".to_owned(), json!(true));
        }
        _ => {}
    }
}

/// The arguments to read, under the names that they should have. Strict hosts fill in every property of the schema, so that a
/// blank value is as good as none where it can mean nothing else, or where the call shows that such a host made it.
fn without_blanks(verb: &Verb, given: &Map<String, Value>, faults: &mut Vec<Fault>) -> Map<String, Value> {
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
            (Some(Form::Map | Form::Secrets), value) if says_nothing(value) => is_blank_beside(name),
            (_, Value::Array(_) | Value::Object(_)) => says_nothing(value),
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
        Value::Object(fields) => into.extend(fields.keys().map(|key| (path.to_owned(), key.clone()))),
        Value::Array(items) => into.extend(
            items
                .iter()
                .filter_map(Value::as_str)
                .map(|text| (path.to_owned(), text.split('=').next().unwrap_or_default().to_owned())),
        ),
        _ => {}
    }
}

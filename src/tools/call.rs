//! A call as it was written becomes an operation: names understood as models write them, all faults found at once.

use serde_json::{Map, Value, json};

use super::argument::{Form, argument};
use super::entries::{self, ENTRIES};
use super::form::{Arguments, is_blank, says_nothing};
use super::stand_in::is_stand_in;
use super::verbs::{self, VERB_SYNONYMS, Verb};
use crate::error::{Error, Fault, Problem};
use crate::operations::Call;
use crate::policy::Policy;
use crate::types::nearest;

/// The longest name that an answer repeats, in bytes.
const NAME_MAX_BYTES: usize = 200;
/// How like a known name an unknown one must be to be taken for a slip of it (Jaro-Winkler).
const SLIP: f64 = 0.75;
/// What may be meant by the end of a scheduled job: for now, or for ever. What can be taken back comes first.
const ENDS_A_SCHEDULE: [&str; 2] = ["scheduled suspend", "scheduled delete"];

/// What a call means.
pub(super) enum Understood {
    /// The help, of one operation or of all.
    Usage(Option<&'static Verb>),
    /// An operation, and its arguments under their own names as they were written.
    Call(Box<Call>, Map<String, Value>),
    /// No operation.
    Wrong(Error),
}

/// Understands the arguments of `hf_jobs`. `progress`: the client shows progress, so that it may wait longer.
pub(super) fn understand(mut call: Map<String, Value>, progress: bool, policy: &Policy) -> Understood {
    let operation = call.remove("operation");
    let written = match operation {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(name)) => name,
        Some(other) => other.to_string(),
    };
    let (given, mut faults) = gather(call);
    let verb = match find(meant(&written, &given), policy) {
        Ok(verb) => verb,
        Err(error) => return Understood::Wrong(error),
    };
    let Some(verb) = verb else {
        return Understood::Usage(None);
    };
    if let Some(rule) = policy.forbids(verb.name, verb.writes) {
        return Understood::Wrong(Error::PolicyDenied { rule, operation: verb.name });
    }
    let Some(read) = verb.read else {
        let asked = given.get("operation").and_then(Value::as_str).unwrap_or_default();
        return Understood::Usage(find(asked, policy).ok().flatten());
    };
    let mut given = given;
    if given.remove("help").is_some_and(|help| help != json!(false)) {
        return Understood::Usage(Some(verb));
    }
    let mut given = known(verb, given, &mut faults);
    entries::spread(&mut given);
    for required in verb.required {
        // No port is a wish: that none can be reached any more.
        let may_be_empty = argument(required).is_some_and(|argument| argument.form == Form::Ports);
        let lacks = |value: &Value| is_blank(value) || (value == &json!([]) && !may_be_empty);
        // Operations that take `job_ids` need only one of the two.
        let several = *required == "job_id" && given.get("job_ids").is_some_and(|value| !lacks(value));
        if given.get(*required).is_none_or(lacks) && !several {
            let example: Value = serde_json::from_str(verb.example).unwrap_or_default();
            faults
                .push(Problem::Missing { example: example.get(*required).cloned().unwrap_or_default() }.at(*required));
        }
    }
    let mut written = Vec::new();
    given.iter().for_each(|(name, value)| texts(name, value, &mut written));
    for (path, _) in written.into_iter().filter(|(_, text)| is_stand_in(text)) {
        faults
            .push(Problem::malformed("…", "your own text: what you sent only stands for it in a mended call").at(path));
    }
    let mut readable = Vec::new();
    for (name, value) in &given {
        match name.as_str() {
            // Their values have rules of their own; their names are read as any text.
            "env" | "secrets" => names(name, value, &mut readable),
            // What is wrong with the item `KEY=value` is told of `labels.KEY`, which only the whole of it overlaps.
            "labels" if value.is_array() => {
                let mut items = Vec::new();
                texts(name, value, &mut items);
                readable.extend(items.into_iter().map(|(_, text)| (name.clone(), text)));
            }
            _ => texts(name, value, &mut readable),
        }
    }
    let mut arguments = Arguments::new(given.clone(), faults, progress);
    let operation = read(&mut arguments);
    let call = Call { name: verb.name, operation, readable, faults: arguments.faults };
    Understood::Call(Box::new(call), given)
}

/// Lower case, words apart by one blank.
fn normal(name: &str) -> String {
    let words: Vec<String> = name
        .split(|char: char| char.is_whitespace() || char == '_' || char == '-')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join(" ")
}

/// The operation of a name; none of none.
fn find(written: &str, policy: &Policy) -> Result<Option<&'static Verb>, Error> {
    let name = normal(written);
    if name.is_empty() {
        return Ok(None);
    }
    by_name(&name).map(Some).ok_or_else(|| {
        let known: Vec<&str> = verbs::offered(policy).map(|verb| verb.name).collect();
        // What is meant to end jobs may mean to keep the schedule or not: neither is done by a guess.
        let ends = ["cancel", "stop", "kill", "disable"].iter().any(|word| name == format!("scheduled {word}"));
        let either =
            || ENDS_A_SCHEDULE.iter().filter(|verb| known.contains(verb)).map(|verb| (*verb).to_owned()).collect();
        let synonyms = VERB_SYNONYMS.iter().filter(|(_, verb)| known.contains(verb)).map(|(synonym, _)| *synonym);
        let nearest = slip_of(&name, known.iter().copied().chain(synonyms));
        Error::UnknownOperation {
            // As it was written: the scrubber would not know a token in another form.
            given: repeated(written),
            nearest: if ends {
                either()
            } else {
                nearest.and_then(|name| by_name(&name)).map(|verb| verb.name.to_owned()).into_iter().collect()
            },
            known,
        }
    })
}

/// The operation that is meant by `schedule` alone, where what is scheduled is given.
fn meant<'a>(written: &'a str, given: &Map<String, Value>) -> &'a str {
    let has = |name: &str| given.get(name).is_some_and(|value| !is_blank(value));
    match normal(written).as_str() {
        "schedule" | "scheduled" if has("schedule") && has("script") => "scheduled uv",
        "schedule" | "scheduled" if has("schedule") && has("command") => "scheduled run",
        _ => written,
    }
}

/// The operation of a name or synonym in its normal form.
fn by_name(name: &str) -> Option<&'static Verb> {
    let name = name.strip_prefix("hf jobs ").or_else(|| name.strip_prefix("jobs ")).unwrap_or(name);
    let scheduled = name.strip_prefix("schedule ").map(|verb| format!("scheduled {verb}"));
    let name = scheduled.as_deref().unwrap_or(if name == "schedule" { "scheduled" } else { name });
    let name = VERB_SYNONYMS.iter().find(|(synonym, _)| *synonym == name).map_or(name, |(_, verb)| verb);
    verbs::verb(name)
}

/// The name of an operation, however it is written.
pub(super) fn operation(written: &str) -> Option<&'static str> {
    by_name(&normal(written)).map(|verb| verb.name)
}

/// The arguments of a call: in `args`, as an object or as JSON text, or beside `operation`.
fn gather(mut call: Map<String, Value>) -> (Map<String, Value>, Vec<Fault>) {
    let mut faults = Vec::new();
    let mut given = match call.remove("args").or_else(|| call.remove("arguments")) {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(fields)) => fields,
        Some(Value::String(text)) if text.trim().is_empty() => Map::new(),
        Some(Value::String(text)) => {
            if let Ok(Value::Object(fields)) = serde_json::from_str(&text) {
                fields
            } else {
                // Not repeated, lest a piece of a secret be: nothing in it was told apart.
                faults.push(Problem::WrongType { expected: "an object", found: "a text that is no JSON" }.at("args"));
                Map::new()
            }
        }
        Some(other) => {
            faults.push(crate::types::wrong_kind("an object", &other).at("args"));
            Map::new()
        }
    };
    for (name, value) in call {
        if given.contains_key(&name) {
            faults.push(Problem::Conflict { with: format!("args.{name}") }.at(name));
        } else {
            given.insert(name, value);
        }
    }
    (given, faults)
}

/// The arguments under their own names. Unknown ones are faults: a dropped argument costs money.
fn known(verb: &Verb, given: Map<String, Value>, faults: &mut Vec<Fault>) -> Map<String, Value> {
    let mut known = Map::new();
    for (written, value) in given {
        let is_of_others = argument(&written).is_some() && verb.arguments().all(|name| name != written);
        if is_of_others && says_nothing(&value) {
            continue;
        }
        match verb.canonical(&written).or_else(|| verb.canonical(&written.to_lowercase().replace('-', "_"))) {
            Some(name) if known.contains_key(name) => {
                faults.push(Problem::Conflict { with: name.to_owned() }.at(written));
            }
            Some(name) => {
                known.insert(name.to_owned(), value);
            }
            None => {
                let nearest = slip_of(&written.to_lowercase(), verb.spellings()).and_then(|name| verb.canonical(&name));
                let nearest = nearest.map(str::to_owned);
                faults.push(Problem::Unknown { nearest }.at(written.clone()));
                // It is scanned with the rest, so that a token under a wrong name is told as what it is.
                known.insert(written, value);
            }
        }
    }
    known
}

/// A name as an answer repeats it: whole, or, where it is no name any more, not at all.
fn repeated(name: &str) -> String {
    if name.len() <= NAME_MAX_BYTES { name.to_owned() } else { format!("a name of {} bytes", name.len()) }
}

/// The known name that `written` is a slip of, if it is like one.
fn slip_of<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    nearest(written, known).into_iter().next().filter(|name| {
        name.contains(written) || written.contains(name.as_str()) || strsim::jaro_winkler(written, name) >= SLIP
    })
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

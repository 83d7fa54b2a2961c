//! Which operation a call means, by the name that was written and by what the call carries.

use serde_json::{Map, Value};

use super::form::says_nothing;
use super::verbs::{self, Verb};
use crate::error::Error;
use crate::policy::Policy;
use crate::types::nearest;

/// The longest name that an answer repeats, in bytes.
const NAME_MAX_BYTES: usize = 200;

/// How the names of operations on scheduled jobs begin.
const SCHEDULED: &str = "scheduled ";

/// Other names of operations. Each means nothing else.
const SYNONYMS: &[(&str, &str)] = &[
    ("list", "ps"),
    ("ls", "ps"),
    ("logs follow", "logs"),
    ("log", "logs"),
    ("usage", "help"),
    ("flavors", "hardware"),
    ("duplicate", "rerun"),
    ("label", "labels"),
    ("update labels", "labels"),
    ("metrics", "stats"),
    ("status", "inspect"),
    ("uv run", "uv"),
    ("run uv", "uv"),
    ("stop", "cancel"),
    ("kill", "cancel"),
    ("scheduled list", "scheduled ps"),
    ("scheduled ls", "scheduled ps"),
    ("scheduled uv run", "scheduled uv"),
    ("scheduled run uv", "scheduled uv"),
    ("scheduled remove", "scheduled delete"),
    ("scheduled rm", "scheduled delete"),
    ("scheduled pause", "scheduled suspend"),
    ("scheduled unsuspend", "scheduled resume"),
    ("scheduled label", "scheduled labels"),
    ("scheduled update labels", "scheduled labels"),
    ("scheduled reschedule", "scheduled update"),
];

/// What the official server calls it when the labels that are given replace all others.
const UPDATE_LABELS: [&str; 2] = ["update labels", "scheduled update labels"];

/// Names that start a job of what the call carries: `uv` with a script, `run` with a command.
const STARTS: &[&str] = &["start", "create", "submit", "launch", "execute", "new", "add"];

/// Names that end something: which, only the id says.
const DELETES: &[&str] = &["delete", "remove", "rm"];

/// The names of the tool `hf_whoami`.
const WHOAMI: &[&str] = &["whoami", "hf whoami", "who am i"];

/// Names of which only a guess can be made, and the guess: it is said, never carried out.
const GUESSES: &[(&str, &[&str])] = &[
    ("price", &["hardware"]),
    ("prices", &["hardware"]),
    ("pricing", &["hardware"]),
    ("cost", &["hardware", "inspect"]),
    ("costs", &["hardware", "inspect"]),
    ("gpu", &["hardware"]),
    ("gpus", &["hardware"]),
    ("get", &["inspect"]),
    ("show", &["inspect"]),
    ("describe", &["inspect"]),
    ("info", &["inspect"]),
    ("tail", &["logs"]),
    ("follow", &["logs"]),
    ("output", &["logs"]),
    ("get logs", &["logs"]),
    ("fetch logs", &["logs"]),
    ("top", &["stats"]),
    ("abort", &["cancel"]),
    ("terminate", &["cancel"]),
    ("restart", &["rerun"]),
    ("retry", &["rerun"]),
    ("rename", &["labels"]),
    ("tag", &["labels"]),
    ("script", &["uv"]),
    ("python", &["uv", "run"]),
    ("exec", &["run"]),
    ("command", &["run"]),
    ("update", &["labels", "scheduled update"]),
    ("reschedule", &["scheduled update"]),
    ("suspend", &["scheduled suspend"]),
    ("pause", &["scheduled suspend"]),
    ("resume", &["scheduled resume"]),
    ("trigger", &["scheduled trigger"]),
    ("scheduled start", &["scheduled trigger", "scheduled resume"]),
    ("scheduled enable", &["scheduled resume"]),
    // What can be undone comes first.
    ("scheduled cancel", &["scheduled suspend", "scheduled delete"]),
    ("scheduled stop", &["scheduled suspend", "scheduled delete"]),
    ("scheduled kill", &["scheduled suspend", "scheduled delete"]),
    ("scheduled disable", &["scheduled suspend", "scheduled delete"]),
];

/// The operation that a call means.
pub(super) struct Meaning {
    pub(super) verb: &'static Verb,
    /// Its name was not written: the call carries what it runs.
    pub(super) inferred: bool,
    /// The labels that are given replace all others, and none clear them, as in the official server's `update-labels`.
    pub(super) replaces_labels: bool,
}

/// The operation that a call means; `None`: it asks for nothing at all.
pub(super) fn meaning(written: &str, given: &Map<String, Value>, policy: &Policy) -> Result<Option<Meaning>, Error> {
    let name = normal(written);
    let found = |verb: &'static str| verbs::verb(verb);
    let carried = carried(given);
    let scheduled = name.starts_with(SCHEDULED) || name == "scheduled" || gives(given, &["schedule", "cron"]);
    let bare = name.strip_prefix(SCHEDULED).unwrap_or(&name);
    let starts = STARTS.contains(&bare);
    let verb = match (name.as_str(), carried) {
        ("", None) if given.values().all(says_nothing) => return Ok(None),
        // A recurring job is created by its name alone.
        ("", Some(what)) if !scheduled => found(what),
        ("scheduled", Some(what)) => found(of_kind(what, true)),
        ("scheduled", None) if !gives(given, &["schedule", "cron"]) => found("scheduled ps"),
        (_, Some(what)) if starts => found(of_kind(what, scheduled)),
        (name, _) if DELETES.contains(&name) && gives(given, &["scheduled_job_id", "scheduled_id"]) => {
            found("scheduled delete")
        }
        (name, _) => match by_name(name) {
            // A schedule is what makes a job a scheduled one.
            Some(verb) if scheduled && ["run", "uv"].contains(&verb.name) => found(of_kind(verb.name, true)),
            other => other,
        },
    };
    if let Some(verb) = verb {
        let (inferred, replaces_labels) = (name.is_empty(), UPDATE_LABELS.contains(&name.as_str()));
        return Ok(Some(Meaning { verb, inferred, replaces_labels }));
    }
    if WHOAMI.contains(&name.as_str()) {
        return Err(Error::OtherTool { given: written.trim().to_owned() });
    }
    let meant: Vec<&str> = if name.is_empty() {
        takers(given)
    } else if starts && gives(given, &["job_id", "id"]) {
        vec!["rerun"]
    } else if (starts || name == "scheduled") && !gives(given, &["scheduled_job_id", "scheduled_id"]) {
        ["uv", "run"].into_iter().map(|what| of_kind(what, scheduled)).collect()
    } else if DELETES.contains(&name.as_str()) {
        vec!["cancel", "scheduled delete"]
    } else {
        guessed(if starts { "scheduled start" } else { &name })
    };
    Err(unknown(written, &meant, false, policy))
}

/// The operation of a name alone, as the command line names it.
pub(super) fn operation(written: &str) -> Option<&'static Verb> {
    let name = normal(written);
    by_name(if name == "scheduled" { "scheduled ps" } else { &name })
}

/// The operation that help is asked for.
pub(super) fn explained(written: &str, policy: &Policy) -> Result<&'static Verb, Error> {
    operation(written).ok_or_else(|| unknown(written, &guessed(&normal(written)), true, policy))
}

/// No operation has that name; these may be meant.
fn unknown(written: &str, meant: &[&str], help: bool, policy: &Policy) -> Error {
    let offered = || verbs::offered(policy);
    Error::UnknownOperation {
        given: Some(written.trim()).filter(|name| !name.is_empty()).map(repeated),
        help,
        // In their own order: callers take what comes first.
        meant: meant
            .iter()
            .filter_map(|name| offered().find(|verb| verb.name == *name))
            .map(|verb| (verb.name, verb.about))
            .collect(),
        known: offered().map(|verb| verb.name).collect(),
    }
}

/// What is meant by a name that nothing has, as far as is known of such names, or its spelling says.
fn guessed(name: &str) -> Vec<&'static str> {
    let of = |name: &str| match GUESSES.iter().find(|(guess, _)| *guess == name) {
        Some((_, meant)) => meant.to_vec(),
        None => by_name(name).map(|verb| verb.name).into_iter().collect(),
    };
    if let known @ [_, ..] = of(name).as_slice() {
        return known.to_vec();
    }
    let names = || {
        let synonyms = SYNONYMS.iter().map(|(synonym, _)| *synonym);
        verbs::VERBS.iter().map(|verb| verb.name).chain(synonyms).chain(GUESSES.iter().map(|(guess, _)| *guess))
    };
    let Some(rest) = name.strip_prefix(SCHEDULED) else {
        return nearest(name, names()).map(of).unwrap_or_default();
    };
    // The word that both have says nothing of how alike they are.
    if let Some(near) = nearest(rest, names().filter_map(|name| name.strip_prefix(SCHEDULED))) {
        return of(&[SCHEDULED, near].concat());
    }
    let planned = |verb: &str| verbs::verb(&[SCHEDULED, verb].concat()).map(|verb| verb.name);
    of(rest).into_iter().filter_map(planned).collect()
}

/// Lower case, words apart by one blank; `schedule` is `scheduled`, in front; without the words that say that jobs are meant.
fn normal(name: &str) -> String {
    let mut words: Vec<String> = name
        .split(|char: char| char.is_whitespace() || char == '_' || char == '-')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .map(|word| if word == "schedule" { "scheduled".to_owned() } else { word })
        .collect();
    let is_job = |word: &String| word == "jobs" || word == "job";
    if words.first().is_some_and(|word| word == "hf") && words.get(1).is_some_and(is_job) {
        words.remove(0);
    }
    if words.len() > 1 && words.first().is_some_and(is_job) {
        words.remove(0);
    }
    if words.len() > 1 && words.last().is_some_and(is_job) {
        words.pop();
    }
    if words.len() > 1 && words.last().is_some_and(|word| word == "scheduled") {
        words.rotate_right(1);
    }
    words.join(" ")
}

fn by_name(name: &str) -> Option<&'static Verb> {
    let name = SYNONYMS.iter().find(|(synonym, _)| *synonym == name).map_or(name, |(_, verb)| verb);
    verbs::verb(name)
}

/// Whether a call gives an argument, under one of its names.
fn gives(given: &Map<String, Value>, names: &[&str]) -> bool {
    names.iter().any(|name| given.get(*name).is_some_and(|value| !says_nothing(value)))
}

/// What runs what a call carries: one of a script and a command.
fn carried(given: &Map<String, Value>) -> Option<&'static str> {
    match (gives(given, &["script"]), gives(given, &["command"])) {
        (true, false) => Some("uv"),
        (false, true) => Some("run"),
        _ => None,
    }
}

fn of_kind(what: &'static str, scheduled: bool) -> &'static str {
    match (what, scheduled) {
        ("uv", true) => "scheduled uv",
        ("run", true) => "scheduled run",
        (what, _) => what,
    }
}

/// The operations that take all that a call gives.
fn takers(given: &Map<String, Value>) -> Vec<&'static str> {
    let given: Vec<&str> =
        given.iter().filter(|(_, value)| !says_nothing(value)).map(|(name, _)| name.as_str()).collect();
    let those = |takes: &dyn Fn(&Verb, &str) -> bool| -> Vec<&'static str> {
        verbs::VERBS.iter().filter(|verb| given.iter().all(|name| takes(verb, name))).map(|verb| verb.name).collect()
    };
    // By the names that the schema has, or else by all that are understood.
    let own = those(&|verb, name| verb.arguments().any(|argument| argument == name));
    if own.is_empty() { those(&|verb, name| verb.canonical(name).is_some()) } else { own }
}

/// A name as an answer repeats it: whole, or, where it is no name any more, not at all.
fn repeated(name: &str) -> String {
    if name.len() <= NAME_MAX_BYTES { name.to_owned() } else { format!("a name of {} bytes", name.len()) }
}

//! The names of a call's arguments: which are understood, and what is meant by those that are not.

use serde_json::{Map, Value};

use super::argument::argument;
use super::envelope::Envelope;
use super::form::says_nothing;
use super::verbs::Verb;
use crate::error::{Fault, Problem, Warning};
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

/// The arguments under their own names. Unknown ones are faults: a dropped argument costs money.
pub(super) fn known(
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
                Some(other) if *other == value || says_nothing(&value) || is_follow(name, &value) => {}
                Some(other) if is_follow(name, other) => {
                    known.insert(name.to_owned(), value);
                }
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
                without_effect.push(written.clone());
                // It is scanned with the rest: a token is refused wherever it is written.
                known.insert(written, value);
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

/// `"follow": true` next to a `wait` that says how long adds nothing to it.
fn is_follow(name: &str, value: &Value) -> bool {
    name == "wait" && *value == Value::Bool(true)
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

//! The arguments of what submits a job.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{given_wait, labels_of, namespace};
use crate::error::{Problem, Warning};
use crate::operations::{JobDraft, Operation, Plan, RunDraft, UvDraft};
use crate::tools::form::{Arguments, says_nothing, text_of};
use crate::types::limits::{MAX_COMMAND_ITEMS, MAX_DEPENDENCIES};
use crate::types::{
    Arch, Attempts, Command, Dependency, EnvName, Expose, Flavor, Image, JobName, Network, Port, PythonVersion,
    ResourceGroupId, Schedule, Script, SecretName, Timeout, Volume, wrong_kind,
};

/// How long a submission is followed unless told otherwise: a small job shows its first lines within it.
const WAIT_AFTER_SUBMITTING: Duration = Duration::from_secs(20);

pub(in crate::tools) fn run(arguments: &mut Arguments) -> Operation {
    Operation::Run(Box::new(run_draft(arguments)))
}

pub(in crate::tools) fn uv(arguments: &mut Arguments) -> Operation {
    Operation::Uv(Box::new(uv_draft(arguments)))
}

pub(in crate::tools) fn scheduled_run(arguments: &mut Arguments) -> Operation {
    let mut draft = run_draft(arguments);
    draft.job.plan = Some(plan(arguments));
    Operation::Run(Box::new(draft))
}

pub(in crate::tools) fn scheduled_uv(arguments: &mut Arguments) -> Operation {
    let mut draft = uv_draft(arguments);
    draft.job.plan = Some(plan(arguments));
    Operation::Uv(Box::new(draft))
}

fn run_draft(arguments: &mut Arguments) -> RunDraft {
    RunDraft { image: image(arguments), command: arguments.json("command", Command::from_json), job: job(arguments) }
}

fn uv_draft(arguments: &mut Arguments) -> UvDraft {
    UvDraft {
        script: arguments.text("script", Script::parse),
        script_args: script_args(arguments),
        dependencies: arguments.texts("dependencies", MAX_DEPENDENCIES, Dependency::parse),
        python: python(arguments),
        image: image(arguments),
        job: job(arguments),
    }
}

fn plan(arguments: &mut Arguments) -> Plan {
    Plan {
        schedule: schedule(arguments),
        suspend: arguments.flag("suspend"),
        concurrency: arguments.flag("concurrency"),
    }
}

pub(super) fn schedule(arguments: &mut Arguments) -> Option<Schedule> {
    arguments.text("schedule", Schedule::parse)
}

fn image(arguments: &mut Arguments) -> Option<Image> {
    arguments.text("image", Image::parse)
}

/// As text only: the number 3.10 is 3.1.
fn python(arguments: &mut Arguments) -> Option<PythonVersion> {
    arguments.json("python", |value| match value {
        Value::String(version) => PythonVersion::parse(version),
        Value::Number(number) => {
            let text = number.to_string();
            let expected = "a string, as the number loses its zeros";
            Err(match PythonVersion::parse(&text) {
                Ok(_) => Problem::malformed_instead(text.clone(), expected, text),
                Err(_) => Problem::malformed(text, expected),
            })
        }
        other => Err(wrong_kind("a string", other)),
    })
}

fn job(arguments: &mut Arguments) -> JobDraft {
    let mut warnings = Vec::new();
    let mut note_empty = |empty: bool, argument: &str| {
        if empty {
            warnings.push(Warning::EmptyMap { argument: argument.to_owned() });
        }
    };
    let (env, empty) = arguments.pairs("env", |_| None);
    note_empty(empty, "env");
    for (name, _) in &env {
        if let Err(problem) = EnvName::parse(name) {
            arguments.fault(format!("env.{name}"), problem);
        }
    }
    let (secrets, empty) = arguments.pairs("secrets", |name| Some(format!("${}", name.trim())));
    note_empty(empty, "secrets");
    for (name, _) in &secrets {
        if let Err(problem) = SecretName::parse(name) {
            arguments.fault(format!("secrets.{name}"), problem);
        }
    }
    let (labels, empty) = arguments.pairs("labels", |_| Some(String::new()));
    note_empty(empty, "labels");
    let labels = labels_of(arguments, labels);
    let name = arguments.text("name", JobName::parse);
    if name.is_some() && labels.name().is_some() {
        arguments.fault("name", Problem::Conflict { with: "labels.name".to_owned() });
    }
    let wait = wait_after_submitting(arguments, &mut warnings);
    JobDraft {
        flavor: arguments.text("flavor", Flavor::parse),
        timeout: arguments.json("timeout", Timeout::from_json),
        env,
        secrets,
        name,
        labels,
        volumes: volumes(arguments),
        expose: expose(arguments),
        ssh: arguments.flag("ssh"),
        attempts: arguments.json("attempts", Attempts::from_json),
        arch: arguments.text("arch", Arch::parse),
        network: network(arguments),
        namespace: namespace(arguments),
        resource_group: arguments.text("resource_group_id", ResourceGroupId::parse),
        plan: None,
        wait,
        dry_run: arguments.flag("dry_run"),
        warnings,
    }
}

fn volumes(arguments: &mut Arguments) -> Vec<Volume> {
    let all = arguments.json("volumes", |value| match value {
        Value::Array(items) => Ok(items.clone()),
        one @ (Value::String(_) | Value::Object(_)) => Ok(vec![one.clone()]),
        other => Err(wrong_kind("a list of volumes", other)),
    });
    let mut volumes = Vec::new();
    for (index, item) in all.iter().flatten().enumerate() {
        match Volume::from_json(item) {
            Ok(volume) => volumes.push(volume),
            Err(problem) => arguments.fault(format!("volumes[{index}]"), problem),
        }
    }
    volumes
}

/// Refuses fields that would be dropped.
fn only(fields: &Map<String, Value>, known: &[&str]) -> Result<(), Problem> {
    match fields.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(unknown) => Err(Problem::malformed(unknown, format!("one of the fields {}", known.join(", ")))),
    }
}

/// A list as it is; a text split as a shell splits words, as `command` is.
fn script_args(arguments: &mut Arguments) -> Vec<String> {
    let split =
        |text: &str| shell_words::split(text).map_err(|_| Problem::malformed(text, "a line whose quotes are closed"));
    let is_line = |value: &Value| value.as_str().is_some_and(|text| !text.trim_start().starts_with('['));
    if arguments.is("script_args", is_line) {
        return arguments.text("script_args", split).unwrap_or_default();
    }
    arguments.texts("script_args", MAX_COMMAND_ITEMS, |text| Ok(text.to_owned()))
}

/// How long a new job is followed.
pub(super) fn wait_after_submitting(arguments: &mut Arguments, warnings: &mut Vec<Warning>) -> Duration {
    let detach = arguments.flag("detach");
    let given = given_wait(arguments, "wait", warnings);
    if detach { Duration::ZERO } else { given.unwrap_or(WAIT_AFTER_SUBMITTING) }
}

/// Ports, as a list, or as the Hub's object of `ports` and `portsPublic`.
fn expose(arguments: &mut Arguments) -> Option<Expose> {
    arguments
        .json("expose", |value| {
            let exposed = match value {
                Value::Object(fields) => {
                    only(fields, &["ports", "portsPublic", "public_ports"])?;
                    let public = fields.get("portsPublic").or_else(|| fields.get("public_ports"));
                    Expose::new(&ports(fields.get("ports"))?, &ports(public)?)
                }
                other => Expose::new(&ports(Some(other))?, &[]),
            }?;
            Ok(Some(exposed).filter(|exposed| !exposed.is_empty()))
        })
        .flatten()
}

/// A list of ports, or one.
pub(super) fn ports(value: Option<&Value>) -> Result<Vec<Port>, Problem> {
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(Port::from_json).collect(),
        Some(one) => Port::from_json(one).map(|port| vec![port]),
    }
}

/// What is wrong with a field of an object: what is to be passed instead is the whole object.
fn within(object: &Value, field: &str, problem: Problem) -> Problem {
    match (object, problem) {
        (Value::Object(fields), Problem::Malformed { value, expected, instead: Some(instead) }) => {
            let mut fields = fields.clone();
            fields.insert(field.to_owned(), instead);
            Problem::malformed_instead(value, expected, fields)
        }
        (_, problem) => problem,
    }
}

/// A group's name, or an object of `group` and `aliases`; one of blanks counts as absent.
fn network(arguments: &mut Arguments) -> Option<Network> {
    if arguments.is("network", says_nothing) {
        return None;
    }
    arguments.json("network", |value| {
        if let Value::Object(fields) = value {
            only(fields, &["group", "aliases"])?;
        }
        let group = value.as_str().or_else(|| value.get("group").and_then(Value::as_str));
        let mut network = Network::new(group.ok_or_else(|| wrong_kind("a map with `group`", value))?)
            .map_err(|problem| within(value, "group", problem))?;
        let aliases = match value.get("aliases") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(aliases)) => aliases.iter().collect(),
            Some(one) => vec![one],
        };
        for alias in aliases {
            let alias = text_of(alias).ok_or_else(|| wrong_kind("a string", alias))?;
            network.claim(&alias).map_err(|problem| problem.without_instead())?;
        }
        Ok(network)
    })
}

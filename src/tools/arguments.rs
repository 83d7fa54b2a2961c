//! The arguments of each operation, read into what the operation takes.

use std::time::Duration;

use regex::RegexBuilder;
use serde_json::{Map, Value};

use super::form::{Arguments, text_of};
use crate::error::{Problem, Warning};
use crate::operations::{JobDraft, LogsQuery, Operation, PsQuery, RunDraft, Targets, UvDraft};
use crate::types::limits::{MAX_COMMAND_ITEMS, MAX_DEPENDENCIES, MAX_IDS};
use crate::types::{
    Arch, Attempts, Command, Dependency, EnvName, Expose, Flavor, Image, JobName, JobReference, LabelFilter, Labels,
    Namespace, Network, Port, PythonVersion, ResourceGroupId, Script, SecretName, Stage, Timeout, Volume, Wait,
    wrong_kind,
};

/// How long `run` and `uv` follow unless told otherwise: a small job shows its first lines within it.
const WAIT_AFTER_SUBMITTING: Duration = Duration::from_secs(20);
/// The longest wait that is read, and then cut to what the client waits for; what is longer is a slip of the unit.
const WAIT_READ_MAX: Duration = Duration::from_secs(24 * 3600);
/// How many jobs `ps` shows unless told otherwise.
const LIMIT_DEFAULT: u64 = 20;
/// How many it shows at most: some 15,000 characters.
const LIMIT_MAX: u64 = 100;
/// How many stages may be asked for: all that there are, each in two spellings.
const STAGES_MAX: usize = 12;
/// The most lines of a log that may be asked for at once; an answer holds no more.
const TAIL_MAX: u64 = 1000;
/// The largest compiled pattern: patterns are written by a model, for log lines.
const PATTERN_MAX_BYTES: usize = 256 * 1024;

/// Reads the arguments of an operation that help does not answer.
pub(super) fn read(verb: &str, arguments: &mut Arguments, progress: bool) -> Operation {
    match verb {
        "run" => Operation::Run(Box::new(RunDraft {
            image: image(arguments),
            command: arguments.json("command", Command::from_json),
            job: job(arguments, progress),
        })),
        "uv" => Operation::Uv(Box::new(UvDraft {
            script: arguments.text("script", Script::parse),
            script_args: script_args(arguments),
            dependencies: arguments.texts("dependencies", MAX_DEPENDENCIES, Dependency::parse),
            python: python(arguments),
            image: image(arguments),
            job: job(arguments, progress),
        })),
        "ps" => Operation::Ps(ps(arguments)),
        "logs" => Operation::Logs(logs(arguments, progress)),
        "inspect" => Operation::Inspect(targets(arguments)),
        _ => Operation::Cancel(targets(arguments)),
    }
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
            Err(Problem::malformed_instead(text.clone(), "a string, as the number loses its zeros", text))
        }
        other => Err(wrong_kind("a string", other)),
    })
}

fn namespace(arguments: &mut Arguments) -> Option<Namespace> {
    arguments.text("namespace", Namespace::parse)
}

fn job(arguments: &mut Arguments, progress: bool) -> JobDraft {
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
    let detach = arguments.flag("detach");
    let given = wait(arguments, progress, &mut warnings);
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
        wait: if detach { Duration::ZERO } else { given.unwrap_or(WAIT_AFTER_SUBMITTING) },
        dry_run: arguments.flag("dry_run"),
        warnings,
    }
}

fn labels_of(arguments: &mut Arguments, pairs: Vec<(String, String)>) -> Labels {
    let mut labels = Labels::default();
    for (key, value) in pairs {
        if let Err(problem) = labels.insert(&key, &value) {
            arguments.fault(format!("labels.{key}"), problem);
        }
    }
    labels
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

/// Ports, as a list, or as the Hub's object of `ports` and `portsPublic`.
fn expose(arguments: &mut Arguments) -> Option<Expose> {
    arguments.json("expose", |value| {
        let list = |value: Option<&Value>| -> Result<Vec<Port>, Problem> {
            match value {
                None | Some(Value::Null) => Ok(Vec::new()),
                Some(Value::Array(items)) => items.iter().map(Port::from_json).collect(),
                Some(one) => Port::from_json(one).map(|port| vec![port]),
            }
        };
        let exposed = match value {
            Value::Object(fields) => {
                only(fields, &["ports", "portsPublic", "public_ports"])?;
                let public = fields.get("portsPublic").or_else(|| fields.get("public_ports"));
                Expose::new(&list(fields.get("ports"))?, &list(public)?)
            }
            other => Expose::new(&list(Some(other))?, &[]),
        }?;
        if exposed.is_empty() {
            return Err(Problem::malformed("no port", "a list of at least one port"));
        }
        Ok(exposed)
    })
}

/// A group's name, or an object of `group` and `aliases`.
fn network(arguments: &mut Arguments) -> Option<Network> {
    arguments.json("network", |value| {
        if let Value::Object(fields) = value {
            only(fields, &["group", "aliases"])?;
        }
        let group = value.as_str().or_else(|| value.get("group").and_then(Value::as_str));
        let mut network = Network::new(group.ok_or_else(|| wrong_kind("a map with `group`", value))?)?;
        let aliases = match value.get("aliases") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(aliases)) => aliases.iter().collect(),
            Some(one) => vec![one],
        };
        for alias in aliases {
            network.claim(&text_of(alias).ok_or_else(|| wrong_kind("a string", alias))?)?;
        }
        Ok(network)
    })
}

/// How long to follow, cut to what the client waits for.
fn wait(arguments: &mut Arguments, progress: bool, warnings: &mut Vec<Warning>) -> Option<Duration> {
    let max = if progress { Wait::MAX_WITH_PROGRESS } else { Wait::MAX };
    let asked = arguments.json("wait", |value| match value {
        // `true` is what some models write for "follow it".
        Value::Bool(true) => Ok(Wait::of(Wait::MAX)),
        Value::Bool(false) => Ok(Wait::NONE),
        value => Wait::from_json(value, WAIT_READ_MAX),
    })?;
    if asked.duration() > max {
        warnings.push(Warning::WaitCut { seconds: max.as_secs() });
    }
    Some(asked.duration().min(max))
}

fn ps(arguments: &mut Arguments) -> PsQuery {
    let (mut labels, _) = arguments.pairs("labels", |_| Some(String::new()));
    for (key, value) in &labels {
        // The server's own label, too: it finds a job whose submission was not confirmed.
        if let Err(problem) = LabelFilter::new(key, value) {
            arguments.fault(format!("labels.{key}"), problem);
        }
    }
    if let Some(name) = arguments.text("name", |text| Ok(text.to_owned())) {
        labels.push(("name".to_owned(), name));
    }
    PsQuery {
        all: arguments.flag("all"),
        stages: arguments.texts("status", STAGES_MAX, Stage::parse_filter),
        labels,
        limit: usize::try_from(arguments.number("limit", 1, LIMIT_MAX).unwrap_or(LIMIT_DEFAULT)).unwrap_or(usize::MAX),
        namespace: namespace(arguments),
    }
}

fn logs(arguments: &mut Arguments, progress: bool) -> LogsQuery {
    let mut warnings = Vec::new();
    let mut jobs = arguments.texts("job_id", 1, JobReference::parse);
    LogsQuery {
        job: jobs.pop(),
        namespace: namespace(arguments),
        tail: arguments.number("tail", 1, TAIL_MAX),
        cursor: arguments.json("cursor", |value| text_of(value).ok_or_else(|| wrong_kind("a string", value))?.parse()),
        grep: arguments.text("grep", |text| {
            RegexBuilder::new(text).size_limit(PATTERN_MAX_BYTES).build().map_err(|_| {
                Problem::malformed_instead(text, "a regular expression of moderate size", regex::escape(text))
            })
        }),
        wait: wait(arguments, progress, &mut warnings).unwrap_or_default(),
        raw: arguments.flag("raw"),
        warnings,
    }
}

fn targets(arguments: &mut Arguments) -> Targets {
    let jobs = arguments.texts("job_id", MAX_IDS, JobReference::parse);
    Targets { jobs, namespace: namespace(arguments) }
}

//! The arguments of each operation, read into what the operation takes.

mod job;
mod pattern;
mod scheduled;

use std::time::Duration;

use serde_json::Value;

use super::form::{Arguments, text_of};
use crate::error::{Problem, Warning};
use crate::operations::{
    ExposeQuery, LabelChange, LabelsQuery, LogsQuery, Operation, PsQuery, RerunQuery, Targets, Until, WaitQuery,
};
use crate::types::limits::{LIMIT_MAX, MAX_IDS, MAX_LABELS};
use crate::types::{
    Expose, Id, JobId, JobName, LabelFilter, Labels, MAX_TIMEOUT_SECONDS, Namespace, Reference, Stage, Wait, wrong_kind,
};
pub(super) use job::{run, scheduled_run, scheduled_uv, uv};
pub(super) use scheduled::{
    scheduled_delete, scheduled_inspect, scheduled_labels, scheduled_ps, scheduled_resume, scheduled_suspend,
    scheduled_trigger, scheduled_update,
};

/// How long `wait` waits unless told otherwise.
const WAIT_DEFAULT: Duration = Duration::from_secs(30);
/// The longest wait that is read, and then cut to what the client waits for.
const WAIT_READ_MAX: Duration = Duration::from_secs(MAX_TIMEOUT_SECONDS);
/// How many jobs `ps` shows unless told otherwise.
const LIMIT_DEFAULT: u64 = 20;
/// How many stages may be asked for: all that there are, each in two spellings.
const STAGES_MAX: usize = 12;
/// The most lines of a log that may be asked for at once; an answer holds no more.
const TAIL_MAX: u64 = 1000;
fn namespace(arguments: &mut Arguments) -> Option<Namespace> {
    arguments.text("namespace", Namespace::parse)
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

/// How long to follow, cut to what the client waits for.
fn given_wait(arguments: &mut Arguments, name: &'static str, warnings: &mut Vec<Warning>) -> Option<Duration> {
    let max = if arguments.progress { Wait::MAX_WITH_PROGRESS } else { Wait::MAX };
    let asked = arguments.json(name, |value| match value {
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

pub(super) fn ps(arguments: &mut Arguments) -> Operation {
    let labels = label_filters(arguments);
    Operation::Ps(PsQuery {
        all: arguments.flag("all"),
        stages: arguments.texts("status", STAGES_MAX, Stage::parse_filter),
        labels,
        limit: usize::try_from(arguments.limit("limit", LIMIT_MAX).unwrap_or(LIMIT_DEFAULT)).unwrap_or(usize::MAX),
        namespace: namespace(arguments),
    })
}

/// The labels that are asked for, the name among them.
fn label_filters(arguments: &mut Arguments) -> Vec<(String, String)> {
    let (mut labels, _) = arguments.pairs("labels", |_| Some(String::new()));
    for (key, value) in &labels {
        // The server's own label, too: it finds a job whose submission was not confirmed.
        if let Err(problem) = LabelFilter::new(key, value) {
            arguments.fault(format!("labels.{key}"), problem);
        }
    }
    if let Some(name) = arguments.text("name", JobName::parse) {
        labels.push(("name".to_owned(), name.as_str().to_owned()));
    }
    labels
}

pub(super) fn logs(arguments: &mut Arguments) -> Operation {
    let mut warnings = Vec::new();
    let mut jobs = arguments.texts("job_id", 1, Reference::<JobId>::parse);
    Operation::Logs(LogsQuery {
        job: jobs.pop(),
        namespace: namespace(arguments),
        tail: arguments.number_cut("tail", 1, TAIL_MAX),
        cursor: arguments.json("cursor", |value| text_of(value).ok_or_else(|| wrong_kind("a string", value))?.parse()),
        grep: arguments.text("grep", pattern::parse),
        wait: given_wait(arguments, "wait", &mut warnings).unwrap_or_default(),
        raw: arguments.flag("raw"),
        warnings,
    })
}

pub(super) fn inspect(arguments: &mut Arguments) -> Operation {
    Operation::Inspect(targets(arguments))
}

pub(super) fn cancel(arguments: &mut Arguments) -> Operation {
    Operation::Cancel(targets(arguments))
}

pub(super) fn stats(arguments: &mut Arguments) -> Operation {
    Operation::Stats(targets(arguments))
}

pub(super) fn hardware(_: &mut Arguments) -> Operation {
    Operation::Hardware
}

pub(super) fn wait(arguments: &mut Arguments) -> Operation {
    let mut warnings = Vec::new();
    let time = given_wait(arguments, "wait", &mut warnings).unwrap_or(WAIT_DEFAULT);
    let until = arguments.text("until", |text| match text.to_ascii_lowercase().as_str() {
        "finished" | "done" | "over" | "completed" => Ok(Until::Finished),
        "running" | "started" => Ok(Until::Running),
        _ => Err(Problem::malformed(text, "`finished` or `running`")),
    });
    let until = until.unwrap_or(Until::Finished);
    Operation::Wait(WaitQuery { targets: targets(arguments), time, until, warnings })
}

pub(super) fn labels(arguments: &mut Arguments) -> Operation {
    let target = one(arguments, "job_id");
    Operation::Labels(labels_query(arguments, target))
}

/// The change of a job's labels that a call asks for.
fn labels_query<I: Id>(arguments: &mut Arguments, target: Targets<I>) -> LabelsQuery<I> {
    let mut warnings = Vec::new();
    let (pairs, empty) = arguments.pairs("labels", |_| Some(String::new()));
    if empty {
        warnings.push(Warning::EmptyMap { argument: "labels".to_owned() });
    }
    let mut set = labels_of(arguments, pairs);
    let name = arguments.text("name", JobName::parse);
    if let Some(name) = &name {
        if set.name().is_some() {
            arguments.fault("name", Problem::Conflict { with: "labels.name".to_owned() });
        }
        set.set_name(name);
    }
    let remove = arguments.texts("remove", MAX_LABELS, Labels::parse_key);
    let (replace, clear) = (arguments.flag("replace"), arguments.flag("clear"));
    let given = [("labels", !set.is_empty()), ("name", name.is_some()), ("remove", !remove.is_empty())];
    let is_wrong =
        ["labels", "name", "remove"].into_iter().any(|name| arguments.faults.iter().any(|fault| fault.overlaps(name)));
    let asks = clear || (replace && empty) || given.iter().any(|(_, given)| *given);
    let conflict = |with: &str| Problem::Conflict { with: with.to_owned() };
    if let Some((other, _)) = given.into_iter().find(|(_, given)| clear && *given) {
        arguments.fault("clear", conflict(other));
    } else if replace && !remove.is_empty() {
        arguments.fault("remove", conflict("replace"));
    } else if let Some(key) = remove.iter().find(|key| set.get(key).is_some()) {
        arguments.fault("remove", conflict(&format!("labels.{key}")));
    } else if !asks && !is_wrong {
        arguments.fault("labels", Problem::Missing);
    }
    let change = match (clear, replace) {
        (true, _) => LabelChange::Clear,
        (false, true) => LabelChange::Replace(set),
        (false, false) => LabelChange::Add { set, remove },
    };
    LabelsQuery { target, change, warnings }
}

pub(super) fn rerun(arguments: &mut Arguments) -> Operation {
    let mut warnings = Vec::new();
    let wait = job::wait_after_submitting(arguments, &mut warnings);
    Operation::Rerun(RerunQuery { target: one(arguments, "job_id"), wait, warnings })
}

pub(super) fn expose(arguments: &mut Arguments) -> Operation {
    let ports = arguments.json("ports", |value| job::ports(Some(value)));
    let public = arguments.json("public_ports", |value| job::ports(Some(value)));
    let exposed = Expose::new(&ports.unwrap_or_default(), &public.unwrap_or_default());
    let ports = exposed.map_err(|problem| arguments.fault("ports", problem)).ok();
    Operation::Expose(ExposeQuery { target: one(arguments, "job_id"), ports })
}

/// The jobs that a call names in `job_id` and `job_ids`, each once.
fn targets(arguments: &mut Arguments) -> Targets {
    let mut jobs: Vec<Reference<JobId>> = Vec::new();
    for name in ["job_id", "job_ids"] {
        for job in arguments.texts(name, MAX_IDS, Reference::parse) {
            if !jobs.contains(&job) {
                jobs.push(job);
            }
        }
    }
    if jobs.len() > MAX_IDS {
        let found = format!("{} jobs in `job_id` and `job_ids`", jobs.len());
        arguments.fault("job_ids", Problem::malformed(found, format!("at most {MAX_IDS} jobs")));
    }
    Targets { jobs, namespace: namespace(arguments) }
}

/// The one job or scheduled job that a call names.
fn one<I: Id>(arguments: &mut Arguments, name: &'static str) -> Targets<I> {
    let jobs = arguments.texts(name, 1, Reference::parse);
    Targets { jobs, namespace: namespace(arguments) }
}

//! What a submission asked for, to be compared with what the Hub made of it: it drops what it doesn't know without a word.

use std::fmt;

use crate::error::Warning;
use crate::hub::{Description, Job, JobSpec, ScheduleSpec, ScheduledJob, field, told};
use crate::secrets::{Clean, Scrubber};
use crate::types::{Stage, Timeout};

/// How many words of a command are compared: as many as are read of the Hub's answer.
const WORDS_COMPARED: usize = 500;

/// What was asked, each field as its entries.
pub(super) struct Asked {
    fields: Vec<(&'static str, Vec<String>)>,
}

impl Asked {
    /// Texts are cleaned as the Hub's answer is, so that only real differences show.
    pub(super) fn of(spec: &JobSpec, scrubber: &Scrubber) -> Self {
        let clean = |text: &str| scrubber.clean(text).into_string();
        let line = |text: &str| field(text, scrubber).into_string();
        let pair = |(name, value): (&str, &str)| format!("{}={}", line(name), line(value));
        let one = |text: &str| vec![line(text)];
        let command = spec.command.get().arguments().iter().take(WORDS_COMPARED);
        let mut fields = vec![
            ("image", one(&spec.image.get().to_string())),
            ("command", command.map(|argument| clean(argument)).collect()),
            ("flavor", one(spec.flavor.as_str())),
            ("env", spec.env.iter().map(pair).collect()),
            ("secrets", spec.secrets.names().map(line).collect()),
            ("labels", spec.labels.get().iter().map(pair).collect()),
            ("volumes", spec.volumes.get().iter().map(|volume| line(&told(volume))).collect()),
        ];
        fields.extend(spec.timeout.map(|timeout| ("timeout", vec![seconds(timeout.seconds())])));
        fields.extend(spec.attempts.map(|attempts| ("attempts", vec![attempts.get().to_string()])));
        fields.extend(spec.arch.as_ref().map(|arch| ("arch", one(arch.as_str()))));
        fields.extend(spec.expose.as_ref().map(|expose| {
            let ports = expose.ports().iter().map(|at| port(&at.get(), expose.public().contains(at)));
            ("expose", ports.collect())
        }));
        fields.extend(spec.ssh.then(|| ("ssh", vec!["on".to_owned()])));
        fields.extend(spec.network.as_ref().map(|network| {
            let aliases = network.aliases().iter().map(|name| alias(line(name)));
            ("network", one(network.group()).into_iter().chain(aliases).collect())
        }));
        fields.extend(spec.resource_group.as_ref().map(|group| ("resource_group_id", one(group.as_str()))));
        Self { fields }
    }

    /// The same of a scheduled job.
    pub(super) fn of_scheduled(spec: &ScheduleSpec, scrubber: &Scrubber) -> Self {
        let mut asked = Self::of(&spec.job, scrubber);
        asked.fields.push(("schedule", vec![spec.schedule.as_str().to_owned()]));
        asked.fields.push(("suspend", vec![spec.suspend.to_string()]));
        asked.fields.push(("concurrency", vec![spec.concurrency.to_string()]));
        asked
    }

    /// What differs in a way that the caller should know of.
    pub(super) fn differences(&self, made: &Job) -> Vec<Warning> {
        // A job has its address once it runs.
        let reached = made.ssh_url.is_some() || made.stage != Stage::Running;
        self.compared(|field| match field {
            "ssh" => reached.then(|| "on".to_owned()).into_iter().collect(),
            _ => of_job(field, &made.spec),
        })
    }

    /// The same of a scheduled job.
    pub(super) fn differences_of(&self, made: &ScheduledJob) -> Vec<Warning> {
        self.compared(|field| match field {
            "schedule" => vec![made.schedule.to_string()],
            "suspend" => vec![made.suspended.to_string()],
            "concurrency" => vec![made.concurrency.to_string()],
            _ => of_job(field, &made.spec),
        })
    }

    fn compared(&self, got: impl Fn(&str) -> Vec<String>) -> Vec<Warning> {
        let fields = self.fields.iter().map(|(field, asked)| (*field, asked, got(field)));
        fields
            .filter(|(field, asked, got)| !holds(field, asked, got))
            .map(|(field, asked, got)| Warning::Differs { field, asked: shown(field, asked), got: shown(field, &got) })
            .collect()
    }
}

/// What the Hub made of a field.
fn of_job(field: &str, made: &Description) -> Vec<String> {
    let pair = |(name, value): &(Clean, Clean)| format!("{name}={value}");
    let texts = |texts: &[Clean]| texts.iter().map(ToString::to_string).collect();
    let text = |text: &Option<Clean>| text.iter().map(ToString::to_string).collect();
    match field {
        "image" => text(&made.image),
        "command" => texts(&made.command),
        "flavor" => vec![made.flavor.to_string()],
        "env" => made.env.iter().map(pair).collect(),
        "secrets" => texts(&made.secrets),
        "labels" => made.labels.iter().map(pair).collect(),
        "volumes" => texts(&made.volumes),
        "timeout" => made.timeout.map(seconds).into_iter().collect(),
        "attempts" => made.attempts.map(|attempts| attempts.to_string()).into_iter().collect(),
        "arch" => text(&made.arch),
        "expose" => made.ports.iter().map(|at| port(at, made.public_ports.contains(at))).collect(),
        "network" => text(&made.network).into_iter().chain(made.aliases.iter().map(alias)).collect(),
        _ => text(&made.resource_group),
    }
}

/// Whether the Hub made what was asked. It may add entries of its own; what counts is what it dropped.
fn holds(field: &str, asked: &[String], got: &[String]) -> bool {
    match field {
        "env" | "secrets" | "labels" | "expose" | "network" => asked.iter().all(|entry| got.contains(entry)),
        "volumes" => asked.iter().all(|volume| got.iter().any(|got| Mount::of(got).keeps(&Mount::of(volume)))),
        // The defaults may be left out of an answer.
        "arch" if got.is_empty() => asked == ["amd64"],
        "attempts" if got.is_empty() => asked == ["1"],
        _ => asked == got,
    }
}

fn shown(field: &str, entries: &[String]) -> String {
    match entries {
        [] => "none".to_owned(),
        words if field == "command" => words.join(" "),
        entries => {
            let mut entries = entries.to_vec();
            entries.sort_unstable();
            entries.join(", ")
        }
    }
}

/// A volume as it is told, `datasets/OWNER/NAME[@REVISION][/PATH]:/MOUNT[:MODE]`, in its parts.
struct Mount<'a> {
    source: &'a str,
    revision: Option<&'a str>,
    /// With its slash.
    path: &'a str,
    at: &'a str,
    /// Only buckets can be written to, and are unless said otherwise.
    writable: bool,
}

impl<'a> Mount<'a> {
    fn of(told: &'a str) -> Self {
        let place = told.strip_suffix(":ro").or_else(|| told.strip_suffix(":rw")).unwrap_or(told);
        let (location, at) = place.rsplit_once(":/").unwrap_or((place, ""));
        let name = location.match_indices('/').nth(1).map_or(0, |(slash, _)| slash.saturating_add(1));
        let end = location.match_indices(['@', '/']).map(|(end, _)| end).find(|end| *end > name);
        let (source, within) = end.and_then(|end| location.split_at_checked(end)).unwrap_or((location, ""));
        let (revision, path) = match within.strip_prefix('@') {
            Some(within) => {
                let (revision, path) = within.split_at(within.find('/').unwrap_or(within.len()));
                (Some(revision), path)
            }
            None => (None, within),
        };
        Self { source, revision, path, at, writable: told.starts_with("buckets/") && !told.ends_with(":ro") }
    }

    /// Whether this is what was asked. The Hub may tell the revision that it took where none was given, and the commit of a branch.
    fn keeps(&self, asked: &Self) -> bool {
        let is_commit = |revision: &str| revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
        let revision = match (self.revision, asked.revision) {
            (_, None) => true,
            (Some(got), Some(asked)) => got == asked || (is_commit(got) && !is_commit(asked)),
            (None, Some(_)) => false,
        };
        revision
            && (self.source, self.path, self.at, self.writable) == (asked.source, asked.path, asked.at, asked.writable)
    }
}

fn port(number: &impl ToString, public: bool) -> String {
    if public { format!("{} (public)", number.to_string()) } else { number.to_string() }
}

fn alias(name: impl fmt::Display) -> String {
    format!("{name} (alias)")
}

fn seconds(timeout: u64) -> String {
    Timeout::from_seconds(timeout).map_or_else(|| format!("{timeout}s"), |timeout| timeout.to_string())
}

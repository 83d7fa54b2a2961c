//! What a submission asked for, to be compared with what the Hub made of it: it drops what it doesn't know without a word.

use crate::error::Warning;
use crate::hub::{Description, JobSpec, ScheduleSpec, ScheduledJob};
use crate::secrets::{Clean, Scrubber};
use crate::types::{Timeout, Volume};

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
        let line = |text: &str| scrubber.clean_line(text).into_string();
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
            ("volumes", spec.volumes.get().iter().map(place).collect()),
        ];
        fields.extend(spec.timeout.map(|timeout| ("timeout", vec![seconds(timeout.seconds())])));
        fields.extend(spec.attempts.map(|attempts| ("attempts", vec![attempts.get().to_string()])));
        fields.extend(spec.arch.as_ref().map(|arch| ("arch", one(arch.as_str()))));
        let ports = spec.expose.as_ref().map(|expose| expose.ports().iter().map(ToString::to_string).collect());
        fields.extend(ports.map(|ports| ("expose", ports)));
        fields.extend(spec.network.as_ref().map(|network| ("network", one(network.group()))));
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
    pub(super) fn differences(&self, made: &Description) -> Vec<Warning> {
        self.compared(|field| of_job(field, made))
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
        "expose" => made.ports.iter().map(ToString::to_string).collect(),
        "network" => text(&made.network),
        _ => text(&made.resource_group),
    }
}

/// Whether the Hub made what was asked. It may add entries of its own; what counts is what it dropped.
fn holds(field: &str, asked: &[String], got: &[String]) -> bool {
    match field {
        "env" | "secrets" | "labels" | "expose" => asked.iter().all(|entry| got.contains(entry)),
        // The Hub tells revision, path and mode between and behind them.
        "volumes" => asked.iter().all(|volume| {
            let (source, mount) = volume.split_once(':').unwrap_or((volume, ""));
            got.iter().any(|got| got.starts_with(source) && got.contains(&format!(":{mount}")))
        }),
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

/// `datasets/OWNER/NAME:/MOUNT`
fn place(volume: &Volume) -> String {
    format!("{}s/{}:{}", volume.kind().as_str(), volume.source(), volume.mount_path())
}

fn seconds(timeout: u64) -> String {
    Timeout::from_seconds(timeout).map_or_else(|| format!("{timeout}s"), |timeout| timeout.to_string())
}

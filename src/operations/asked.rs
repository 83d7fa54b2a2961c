//! What a submission asked for, to be compared with what the Hub made of it: it drops what it doesn't know without a word.

use crate::error::Warning;
use crate::hub::{Description, JobSpec};
use crate::secrets::{Clean, Scrubber};
use crate::types::Timeout;

/// What was asked, each field as a text of its own.
pub(super) struct Asked {
    fields: Vec<(&'static str, String)>,
}

impl Asked {
    /// The command is cleaned as the Hub's answer is, so that only real differences show.
    pub(super) fn of(spec: &JobSpec, scrubber: &Scrubber) -> Self {
        let command: Vec<Clean> =
            spec.command.get().arguments().iter().map(|argument| scrubber.clean(argument)).collect();
        let labels = spec.labels.get().iter().map(|(name, _)| name);
        let mut fields = vec![
            ("image", spec.image.get().to_string()),
            ("command", words(&command)),
            ("flavor", spec.flavor.as_str().to_owned()),
            ("env", sorted(spec.env.iter().map(|(name, _)| name))),
            ("secrets", sorted(spec.secrets.names())),
            ("labels", sorted(labels)),
            ("volumes", spec.volumes.get().len().to_string()),
        ];
        fields.extend(spec.timeout.map(|timeout| ("timeout", seconds(Some(timeout.seconds())))));
        fields.extend(spec.attempts.map(|attempts| ("attempts", attempts.get().to_string())));
        fields.extend(spec.arch.as_ref().map(|arch| ("arch", arch.as_str().to_owned())));
        fields.extend(
            spec.expose
                .as_ref()
                .map(|expose| ("expose", sorted_ports(expose.ports().iter().map(|port| u64::from(port.get()))))),
        );
        fields.extend(spec.network.as_ref().map(|network| ("network", network.group().to_owned())));
        fields.extend(spec.resource_group.as_ref().map(|group| ("resource_group_id", group.as_str().to_owned())));
        Self { fields }
    }

    /// What differs in a way that the caller should know of.
    pub(super) fn differences(&self, made: &Description) -> Vec<Warning> {
        let text = |text: &Option<Clean>| text.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
        let got = |field| match field {
            "image" => text(&made.image),
            "command" => words(&made.command),
            "flavor" => made.flavor.to_string(),
            "env" => sorted(made.env.iter().map(|(name, _)| name.as_str())),
            "secrets" => sorted(made.secrets.iter().map(Clean::as_str)),
            "labels" => sorted(made.labels.iter().map(|(name, _)| name.as_str())),
            "volumes" => made.volumes.len().to_string(),
            "timeout" => seconds(made.timeout),
            "attempts" => made.attempts.map_or_else(|| "none".to_owned(), |attempts| attempts.to_string()),
            "arch" => text(&made.arch),
            "expose" => sorted_ports(made.ports.iter().copied()),
            "network" => text(&made.network),
            _ => text(&made.resource_group),
        };
        // The Hub may add names of its own; what counts is what it dropped.
        let holds = |field: &str, asked: &str, got: &str| match field {
            "env" | "secrets" | "labels" | "expose" => {
                asked.split(", ").all(|name| name.is_empty() || got.split(", ").any(|got| got == name))
            }
            // The default may be left out of an answer.
            "arch" => asked == got || (asked == "amd64" && got == "none"),
            _ => asked == got,
        };
        let pairs = self.fields.iter().map(|(field, asked)| (*field, asked.clone(), got(*field)));
        pairs
            .filter(|(field, asked, got)| !holds(field, asked, got))
            .map(|(field, asked, got)| Warning::Differs { field, asked, got })
            .collect()
    }
}

fn seconds(timeout: Option<u64>) -> String {
    timeout.and_then(Timeout::from_seconds).map_or_else(|| "none".to_owned(), |timeout| timeout.to_string())
}

fn words(arguments: &[Clean]) -> String {
    arguments.iter().map(Clean::as_str).collect::<Vec<_>>().join(" ")
}

fn sorted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.join(", ")
}

fn sorted_ports(ports: impl Iterator<Item = u64>) -> String {
    let mut ports: Vec<u64> = ports.collect();
    ports.sort_unstable();
    ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

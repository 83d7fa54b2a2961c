//! The operations, defined once: the schema, the help and the reading of a call are all made from it.

use super::argument::argument;
use super::arguments;
use super::form::Arguments;
use crate::operations::Operation;
use crate::policy::Policy;

/// An operation.
pub(super) struct Verb {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) required: &'static [&'static str],
    pub(super) optional: &'static [&'static [&'static str]],
    /// The arguments of an example, as JSON.
    pub(super) example: &'static str,
    /// Reads its arguments; `None`: it is answered here.
    pub(super) read: Option<fn(&mut Arguments) -> Operation>,
    /// It changes something on the Hub.
    pub(super) writes: bool,
}

/// What all submissions take.
const JOB: &[&str] = &[
    "flavor",
    "timeout",
    "env",
    "secrets",
    "name",
    "labels",
    "volumes",
    "expose",
    "attempts",
    "arch",
    "namespace",
    "resource_group_id",
    "dry_run",
];
/// What those take besides that start a job at once.
const FOLLOWED: &[&str] = &["ssh", "network", "detach", "wait"];

/// All operations, in the order in which help shows them.
pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "uv",
        about: "run a Python script with its dependencies",
        required: &["script"],
        optional: &[&["script_args", "dependencies", "python", "image"], JOB, FOLLOWED],
        example: r#"{"script": "import os\nfrom datasets import load_dataset\nload_dataset(\"user/private\").push_to_hub(\"user/copy\")", "dependencies": ["datasets"], "flavor": "cpu-basic", "timeout": "30m", "secrets": {"HF_TOKEN": "$HF_TOKEN"}}"#,
        read: Some(arguments::uv),
        writes: true,
    },
    Verb {
        name: "run",
        about: "run a command in a Docker image",
        required: &["command"],
        optional: &[&["image"], JOB, FOLLOWED],
        example: r#"{"image": "python:3.12", "command": ["python", "-c", "print('hello')"]}"#,
        read: Some(arguments::run),
        writes: true,
    },
    Verb {
        name: "ps",
        about: "list jobs: scheduling and running ones, or all",
        required: &[],
        optional: &[&["all", "status", "name", "labels", "limit", "namespace"]],
        example: r#"{"all": true, "limit": 10}"#,
        read: Some(arguments::ps),
        writes: false,
    },
    Verb {
        name: "logs",
        about: "read a job's output, or follow it for a while",
        required: &["job_id"],
        optional: &[&["tail", "cursor", "grep", "wait", "raw", "namespace"]],
        example: r#"{"job_id": "66f0a1b2c3d4e5f601234567", "wait": "30s"}"#,
        read: Some(arguments::logs),
        writes: false,
    },
    Verb {
        name: "wait",
        about: "wait until jobs finish",
        required: &["job_id"],
        optional: &[&["job_ids", "wait", "until", "namespace"]],
        example: r#"{"job_id": "66f0a1b2c3d4e5f601234567", "wait": "45s"}"#,
        read: Some(arguments::wait),
        writes: false,
    },
    Verb {
        name: "inspect",
        about: "show jobs in full, with their cost",
        required: &["job_id"],
        optional: &[&["job_ids", "namespace"]],
        example: r#"{"job_id": "66f0a1b2c3d4e5f601234567"}"#,
        read: Some(arguments::inspect),
        writes: false,
    },
    Verb {
        name: "stats",
        about: "show what running jobs use of CPU, memory and GPU; without a job id, of all running jobs",
        required: &[],
        optional: &[&["job_id", "job_ids", "namespace"]],
        example: r#"{"job_id": "66f0a1b2c3d4e5f601234567"}"#,
        read: Some(arguments::stats),
        writes: false,
    },
    Verb {
        name: "cancel",
        about: "stop jobs",
        required: &["job_id"],
        optional: &[&["job_ids", "namespace"]],
        example: r#"{"job_id": "66f0a1b2c3d4e5f601234567"}"#,
        read: Some(arguments::cancel),
        writes: true,
    },
    Verb {
        name: "rerun",
        about: "submit a copy of a job, with its secrets",
        required: &["job_id"],
        optional: &[&["detach", "wait", "namespace"]],
        example: r#"{"job_id": "66f0a1b2c3d4e5f601234567"}"#,
        read: Some(arguments::rerun),
        writes: true,
    },
    Verb {
        name: "labels",
        about: "add, replace or remove a job's labels",
        required: &["job_id"],
        optional: &[&["labels", "remove", "replace", "clear", "name", "namespace"]],
        example: r#"{"job_id": "66f0a1b2c3d4e5f601234567", "labels": {"team": "nlp"}}"#,
        read: Some(arguments::labels),
        writes: true,
    },
    Verb {
        name: "expose",
        about: "set which ports of a running job are reachable",
        required: &["job_id", "ports"],
        optional: &[&["public_ports", "namespace"]],
        example: r#"{"job_id": "66f0a1b2c3d4e5f601234567", "ports": [8000]}"#,
        read: Some(arguments::expose),
        writes: true,
    },
    Verb {
        name: "hardware",
        about: "list flavors with prices",
        required: &[],
        optional: &[],
        example: "{}",
        read: Some(arguments::hardware),
        writes: false,
    },
    Verb {
        name: "scheduled uv",
        about: "run a script on a schedule",
        required: &["schedule", "script"],
        optional: &[&["suspend", "concurrency"], &["script_args", "dependencies", "python", "image"], JOB],
        example: r#"{"schedule": "0 9 * * 1-5", "script": "print(1)", "timeout": "10m"}"#,
        read: Some(arguments::scheduled_uv),
        writes: true,
    },
    Verb {
        name: "scheduled run",
        about: "run a command on a schedule",
        required: &["schedule", "command"],
        optional: &[&["suspend", "concurrency"], &["image"], JOB],
        example: r#"{"schedule": "@hourly", "command": ["python", "-c", "print(1)"]}"#,
        read: Some(arguments::scheduled_run),
        writes: true,
    },
    Verb {
        name: "scheduled ps",
        about: "list scheduled jobs",
        required: &[],
        optional: &[&["all", "name", "labels", "namespace"]],
        example: r#"{"all": true}"#,
        read: Some(arguments::scheduled_ps),
        writes: false,
    },
    Verb {
        name: "scheduled inspect",
        about: "show a scheduled job in full",
        required: &["scheduled_job_id"],
        optional: &[&["namespace"]],
        example: r#"{"scheduled_job_id": "66f0a1b2c3d4e5f6000000aa"}"#,
        read: Some(arguments::scheduled_inspect),
        writes: false,
    },
    Verb {
        name: "scheduled delete",
        about: "delete a scheduled job",
        required: &["scheduled_job_id"],
        optional: &[&["namespace"]],
        example: r#"{"scheduled_job_id": "66f0a1b2c3d4e5f6000000aa"}"#,
        read: Some(arguments::scheduled_delete),
        writes: true,
    },
    Verb {
        name: "scheduled suspend",
        about: "pause a scheduled job",
        required: &["scheduled_job_id"],
        optional: &[&["namespace"]],
        example: r#"{"scheduled_job_id": "66f0a1b2c3d4e5f6000000aa"}"#,
        read: Some(arguments::scheduled_suspend),
        writes: true,
    },
    Verb {
        name: "scheduled resume",
        about: "continue a suspended one",
        required: &["scheduled_job_id"],
        optional: &[&["namespace"]],
        example: r#"{"scheduled_job_id": "66f0a1b2c3d4e5f6000000aa"}"#,
        read: Some(arguments::scheduled_resume),
        writes: true,
    },
    Verb {
        name: "scheduled trigger",
        about: "run its job now, once",
        required: &["scheduled_job_id"],
        optional: &[&["namespace"]],
        example: r#"{"scheduled_job_id": "66f0a1b2c3d4e5f6000000aa"}"#,
        read: Some(arguments::scheduled_trigger),
        writes: true,
    },
    Verb {
        name: "scheduled update",
        about: "change its schedule",
        required: &["scheduled_job_id", "schedule"],
        optional: &[&["namespace"]],
        example: r#"{"scheduled_job_id": "66f0a1b2c3d4e5f6000000aa", "schedule": "@daily"}"#,
        read: Some(arguments::scheduled_update),
        writes: true,
    },
    Verb {
        name: "scheduled labels",
        about: "add, replace or remove its labels",
        required: &["scheduled_job_id"],
        optional: &[&["labels", "remove", "replace", "clear", "name", "namespace"]],
        example: r#"{"scheduled_job_id": "66f0a1b2c3d4e5f6000000aa", "name": "nightly"}"#,
        read: Some(arguments::scheduled_labels),
        writes: true,
    },
    Verb {
        name: "help",
        about: "explain all operations, or one",
        required: &[],
        optional: &[&["operation"]],
        example: r#"{"operation": "uv"}"#,
        read: None,
        writes: false,
    },
];

/// An operation, another name of one of its arguments, and the argument: names that mean something else elsewhere.
const OWN_ALIASES: &[(&str, &str, &str)] = &[("wait", "timeout", "wait")];

impl Verb {
    /// The names of all its arguments.
    pub(super) fn arguments(&self) -> impl Iterator<Item = &'static str> {
        self.required.iter().chain(self.optional.iter().copied().flatten()).copied()
    }

    /// The names of all its arguments, and all other names that are understood.
    pub(super) fn spellings(&self) -> impl Iterator<Item = &'static str> {
        self.arguments().flat_map(|name| {
            let aliases = argument(name).map(|argument| argument.aliases).unwrap_or_default();
            std::iter::once(name).chain(aliases.iter().copied()).chain(self.own_aliases(name))
        })
    }

    /// The known name of what a caller wrote: the argument's own, else one of its aliases.
    pub(super) fn canonical(&self, written: &str) -> Option<&'static str> {
        let own = |name: &&str| *name == written;
        let alias = |name: &&str| {
            argument(name).is_some_and(|argument| argument.aliases.contains(&written))
                || self.own_aliases(name).any(|alias| alias == written)
        };
        self.arguments().find(own).or_else(|| self.arguments().find(alias))
    }

    /// Other names of an argument that this operation alone understands.
    fn own_aliases(&self, argument: &str) -> impl Iterator<Item = &'static str> {
        let own = OWN_ALIASES.iter().filter(move |(verb, _, name)| *verb == self.name && *name == argument);
        own.map(|(_, alias, _)| *alias)
    }
}

/// The operations that the operator allows.
pub(super) fn offered(policy: &Policy) -> impl Iterator<Item = &'static Verb> {
    VERBS.iter().filter(|verb| policy.forbids(verb.name, verb.writes).is_none())
}

pub(super) fn verb(name: &str) -> Option<&'static Verb> {
    VERBS.iter().find(|verb| verb.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::argument::ARGUMENTS;

    #[test]
    fn every_argument_is_defined_once_and_used() {
        for verb in VERBS {
            for name in verb.arguments() {
                assert_eq!(ARGUMENTS.iter().filter(|argument| argument.name == name).count(), 1, "{name}");
            }
            let example: serde_json::Value = serde_json::from_str(verb.example).unwrap();
            let given: Vec<_> = example.as_object().unwrap().keys().cloned().collect();
            assert!(given.iter().all(|name| verb.canonical(name) == Some(name)), "{given:?}");
            assert!(verb.required.iter().all(|name| given.iter().any(|given| given == name)), "{}", verb.name);
        }
        for argument in ARGUMENTS {
            assert!(VERBS.iter().any(|verb| verb.arguments().any(|name| name == argument.name)), "{}", argument.name);
        }
    }
}

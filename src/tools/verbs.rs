//! The operations and their arguments, defined once: the schema, the help and the reading of a call are all made from it.

/// An operation.
pub(super) struct Verb {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) required: &'static [&'static str],
    pub(super) optional: &'static [&'static [&'static str]],
    /// The arguments of an example, as JSON.
    pub(super) example: &'static str,
}

/// An argument of an operation.
pub(super) struct Argument {
    pub(super) name: &'static str,
    pub(super) form: Form,
    pub(super) about: &'static str,
    /// Other names that are understood and not advertised.
    pub(super) aliases: &'static [&'static str],
}

/// The JSON forms of arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    /// One text, or a list of them.
    Texts,
    /// A length of time: a number of seconds, or a text with a unit.
    Time,
    Number,
    Flag,
    /// A map of texts, or a list of `NAME=value`.
    Map,
    /// A [`Form::Map`] that names `HF_TOKEN`.
    Secrets,
    Ports,
    /// Volumes: texts or objects.
    Volumes,
    Object,
}

const JOB: &[&str] = &[
    "flavor",
    "timeout",
    "env",
    "secrets",
    "name",
    "labels",
    "volumes",
    "expose",
    "ssh",
    "attempts",
    "arch",
    "network",
    "namespace",
    "resource_group_id",
    "detach",
    "wait",
    "dry_run",
];

/// All operations, in the order in which help shows them.
pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "uv",
        about: "submit a Python script, run by uv with its dependencies",
        required: &["script"],
        optional: &[&["script_args", "dependencies", "python", "image"], JOB],
        example: r#"{"script": "import os\nfrom datasets import load_dataset\nload_dataset(\"user/private\").push_to_hub(\"user/copy\")", "dependencies": ["datasets"], "flavor": "cpu-basic", "timeout": "30m", "secrets": {"HF_TOKEN": "$HF_TOKEN"}}"#,
    },
    Verb {
        name: "run",
        about: "submit a command in a Docker image",
        required: &["command"],
        optional: &[&["image"], JOB],
        example: r#"{"image": "python:3.12", "command": ["python", "-c", "print('hello')"]}"#,
    },
    Verb {
        name: "ps",
        about: "list jobs: those scheduling or running, or all",
        required: &[],
        optional: &[&["all", "status", "name", "labels", "limit", "namespace"]],
        example: r#"{"all": true, "limit": 10}"#,
    },
    Verb {
        name: "logs",
        about: "read a job's output, as it is now or followed for a while",
        required: &["job_id"],
        optional: &[&["tail", "cursor", "grep", "wait", "raw", "namespace"]],
        example: r#"{"job_id": "66f0a1b2c3d4e5f601234567", "wait": "30s"}"#,
    },
    Verb {
        name: "inspect",
        about: "show jobs in full",
        required: &["job_id"],
        optional: &[&["namespace"]],
        example: r#"{"job_id": "66f0a1b2c3d4e5f601234567"}"#,
    },
    Verb {
        name: "cancel",
        about: "cancel jobs, and tell the stage that each has then",
        required: &["job_id"],
        optional: &[&["namespace"]],
        example: r#"{"job_id": "66f0a1b2c3d4e5f601234567"}"#,
    },
    Verb {
        name: "help",
        about: "show the operations, or the arguments of one",
        required: &[],
        optional: &[&["operation"]],
        example: r#"{"operation": "uv"}"#,
    },
];

/// Names by which models call operations that have another.
pub(super) const VERB_SYNONYMS: &[(&str, &str)] =
    &[("list", "ps"), ("ls", "ps"), ("logs follow", "logs"), ("log", "logs"), ("usage", "help")];

/// All arguments, in the order in which the schema shows them.
pub(super) const ARGUMENTS: &[Argument] = &[
    arg(
        "script",
        Form::Text,
        "uv: Python code, an https URL, a local .py file, or a command that the dependencies bring",
        &[],
    ),
    arg("script_args", Form::Texts, "uv: the script's arguments", &["args", "arguments"]),
    arg(
        "dependencies",
        Form::Texts,
        "uv: packages beside those that the script names",
        &["with_deps", "with", "packages"],
    ),
    arg("python", Form::Text, "uv: Python version", &[]),
    arg("command", Form::Texts, "run: list of arguments; for pipes and && use [\"/bin/sh\", \"-c\", \"…\"]", &[]),
    arg("image", Form::Text, "Docker image or hf.co/spaces/OWNER/NAME; default python:3.12, for uv its own", &[]),
    arg(
        "flavor",
        Form::Text,
        "machine, such as cpu-basic (default), t4-small, a10g-large, a100-large",
        &["hardware", "hardware_flavor"],
    ),
    arg("timeout", Form::Time, "90m, 1.5h, or seconds; the Hub stops a job after 30m by default", &[]),
    arg("env", Form::Map, "readable variables; never tokens", &[]),
    arg("secrets", Form::Secrets, "encrypted variables", &[]),
    arg("name", Form::Text, "the job's name (ps: only jobs of that name)", &[]),
    arg("labels", Form::Map, "labels (ps: only jobs that have them)", &[]),
    arg(
        "volumes",
        Form::Volumes,
        "mounts: hf://datasets/OWNER/NAME[@REV][/PATH]:/MOUNT[:ro|:rw], buckets/, models/, spaces/",
        &[],
    ),
    arg("expose", Form::Ports, "ports to reach from outside", &["ports"]),
    arg("ssh", Form::Flag, "reachable by SSH", &[]),
    arg("attempts", Form::Number, "tries in all, default 1", &[]),
    arg("arch", Form::Text, "amd64 (default) or arm64", &[]),
    arg("network", Form::Object, "{\"group\": \"…\", \"aliases\": [\"…\"]}: a network shared with other jobs", &[]),
    arg("namespace", Form::Text, "user or organisation that owns and pays; default the login's own", &[]),
    arg("resource_group_id", Form::Text, "resource group that is billed", &[]),
    arg("detach", Form::Flag, "don't follow after submitting", &[]),
    arg("wait", Form::Time, "how long to follow, up to 45s; default 20s after submitting, 0 for logs", &[]),
    arg("dry_run", Form::Flag, "show request and cost, send nothing", &[]),
    arg("job_id", Form::Texts, "id, namespace/id or page of a job; inspect, cancel: or a list", &["id", "job_ids"]),
    arg("all", Form::Flag, "jobs of every stage", &[]),
    arg("status", Form::Texts, "stages: SCHEDULING, RUNNING, COMPLETED, ERROR, CANCELED", &["stage", "stages"]),
    arg("limit", Form::Number, "how many jobs, default 20", &[]),
    arg("tail", Form::Number, "last lines, default 50", &[]),
    arg("cursor", Form::Text, "next_cursor of an earlier answer", &[]),
    arg("grep", Form::Text, "only lines that match this regular expression", &[]),
    arg("raw", Form::Flag, "don't fold uv's install lines", &[]),
    arg("operation", Form::Text, "help: the operation", &[]),
];

const fn arg(name: &'static str, form: Form, about: &'static str, aliases: &'static [&'static str]) -> Argument {
    Argument { name, form, about, aliases }
}

impl Verb {
    /// The names of all its arguments.
    pub(super) fn arguments(&self) -> impl Iterator<Item = &'static str> {
        self.required.iter().chain(self.optional.iter().copied().flatten()).copied()
    }

    /// The known name of what a caller wrote: the argument's own or one of its aliases.
    pub(super) fn canonical(&self, written: &str) -> Option<&'static str> {
        self.arguments()
            .find(|name| *name == written || argument(name).is_some_and(|argument| argument.aliases.contains(&written)))
    }
}

pub(super) fn verb(name: &str) -> Option<&'static Verb> {
    VERBS.iter().find(|verb| verb.name == name)
}

pub(super) fn argument(name: &str) -> Option<&'static Argument> {
    ARGUMENTS.iter().find(|argument| argument.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

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

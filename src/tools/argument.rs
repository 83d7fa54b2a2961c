//! The arguments of all operations, defined once: the schema, the help and the reading of a call are all made from it.

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
    arg(
        "timeout",
        Form::Time,
        "of the job: 90m, 1.5h, seconds; default 30m. wait: how long, up to 45s, default 30s",
        &[],
    ),
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
    arg(
        "job_id",
        Form::Texts,
        "id, namespace/id or page of a job; inspect, cancel, wait, stats: or a list",
        &["id", "job_ids", "jobs"],
    ),
    arg("until", Form::Text, "wait: finished (default) or running", &[]),
    arg("ports", Form::Ports, "expose: all ports to reach from outside", &["expose"]),
    arg("public_ports", Form::Ports, "expose: those that need no token", &["portsPublic"]),
    arg("clear", Form::Flag, "labels: remove all", &[]),
    arg(
        "schedule",
        Form::Text,
        "cron in UTC, numbers only (0 9 * * 1-5), or @hourly, @daily, @weekly, @monthly, @yearly",
        &["cron"],
    ),
    arg("suspend", Form::Flag, "made, but not started until resumed", &["suspended"]),
    arg("concurrency", Form::Flag, "start also while an earlier one runs", &["concurrent"]),
    arg(
        "scheduled_job_id",
        Form::Text,
        "id or namespace/id of a scheduled job",
        &["job_id", "id", "scheduled_id", "job_ids"],
    ),
    arg("all", Form::Flag, "jobs of every stage; scheduled ps: suspended ones, too", &[]),
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

pub(super) fn argument(name: &str) -> Option<&'static Argument> {
    ARGUMENTS.iter().find(|argument| argument.name == name)
}

//! The arguments of all operations, defined once: the schema, the help and the reading of a call are all made from it.

/// An argument of an operation.
pub(super) struct Argument {
    pub(super) name: &'static str,
    pub(super) form: Form,
    about: &'static str,
    /// What it is to some operations, beside that.
    own: &'static [(&'static [&'static str], &'static str)],
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

const UV: &[&str] = &["uv", "scheduled uv"];
const RUN: &[&str] = &["run", "scheduled run"];
const LISTS: &[&str] = &["ps", "scheduled ps"];
const LABELS: &[&str] = &["labels", "scheduled labels"];
const SEVERAL: &[&str] = &["inspect", "cancel", "wait", "stats"];

/// All arguments, in the order in which the schema shows them.
pub(super) const ARGUMENTS: &[Argument] = &[
    Argument {
        own: &[(UV, "Python code, an https URL, a local .py file, or a command that the dependencies bring")],
        ..arg("script", Form::Text, "", &[])
    },
    Argument { own: &[(UV, "the script's arguments")], ..arg("script_args", Form::Texts, "", &["args", "arguments"]) },
    Argument {
        own: &[(UV, "packages beside those that the script names")],
        ..arg("dependencies", Form::Texts, "", &["with_deps", "with", "packages"])
    },
    Argument { own: &[(UV, "Python version")], ..arg("python", Form::Text, "", &[]) },
    Argument {
        own: &[(RUN, "list of arguments; for pipes and && use [\"/bin/sh\", \"-c\", \"…\"]")],
        ..arg("command", Form::Texts, "", &[])
    },
    arg("image", Form::Text, "Docker image or hf.co/spaces/OWNER/NAME; default python:3.12, for uv its own", &[]),
    arg(
        "flavor",
        Form::Text,
        "machine, such as cpu-basic (default), t4-small, l4x1, a10g-large, l40sx1, a100-large; `hardware` lists all with prices",
        &["hardware", "hardware_flavor"],
    ),
    Argument {
        own: &[(&["wait"], "how long to wait, default 30s, up to 45s")],
        ..arg("timeout", Form::Time, "of the job: 90m, 1.5h, or seconds; default 30m", &[])
    },
    arg("env", Form::Map, "readable variables; never tokens", &[]),
    arg(
        "secrets",
        Form::Secrets,
        "encrypted variables; \"$NAME\": a variable of the server that its operator allows",
        &[],
    ),
    Argument { own: &[(LISTS, "only of that name")], ..arg("name", Form::Text, "the job's name", &[]) },
    Argument {
        own: &[(LISTS, "only with all of these"), (LABELS, "all that it shall have, others go")],
        ..arg("labels", Form::Map, "labels", &[])
    },
    arg(
        "volumes",
        Form::Volumes,
        "mounts: hf://[models|datasets|spaces|buckets]/OWNER/NAME[@REV][/PATH]:/MOUNT[:ro|:rw]; only buckets are writable; no secret needed",
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
    Argument {
        own: &[(SEVERAL, "or a list of them")],
        ..arg("job_id", Form::Texts, "id, namespace/id or page of a job", &["id", "job_ids", "jobs"])
    },
    Argument { own: &[(&["wait"], "finished (default) or running")], ..arg("until", Form::Text, "", &[]) },
    Argument { own: &[(&["expose"], "all ports to reach from outside")], ..arg("ports", Form::Ports, "", &["expose"]) },
    Argument {
        own: &[(&["expose"], "those that need no token")],
        ..arg("public_ports", Form::Ports, "", &["portsPublic"])
    },
    Argument { own: &[(LABELS, "remove all")], ..arg("clear", Form::Flag, "", &[]) },
    arg(
        "schedule",
        Form::Text,
        "cron in UTC of numbers, a-b, a,b, */n (0 9 * * 1-5), or @hourly, @daily, @weekly, @monthly, @yearly",
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
    Argument {
        own: &[(&["scheduled ps"], "suspended ones, too")],
        ..arg("all", Form::Flag, "jobs of every stage, not only scheduling or running", &[])
    },
    arg("status", Form::Texts, "stages: SCHEDULING, RUNNING, COMPLETED, ERROR, CANCELED", &["stage", "stages"]),
    arg("limit", Form::Number, "how many jobs, default 20", &[]),
    arg("tail", Form::Number, "last lines (of those that match grep), default 50", &[]),
    arg("cursor", Form::Text, "next_cursor of an earlier answer", &[]),
    arg("grep", Form::Text, "logs: only lines that match, e.g. (?i)error|warn", &[]),
    arg("raw", Form::Flag, "logs: fold nothing", &[]),
    arg("operation", Form::Text, "help: the operation", &[]),
];

const fn arg(name: &'static str, form: Form, about: &'static str, aliases: &'static [&'static str]) -> Argument {
    Argument { name, form, about, own: &[], aliases }
}

impl Argument {
    /// What it is to one operation.
    pub(super) fn about(&self, verb: &str) -> String {
        let own = self.own.iter().find(|(verbs, _)| verbs.contains(&verb)).map(|(_, own)| *own);
        match own {
            // What begins so goes on from what it is to all.
            Some(own) if own.starts_with("or ") => [self.about, ", ", own].concat(),
            Some(own) => own.to_owned(),
            None => self.about.to_owned(),
        }
    }

    /// What it is to all operations, each that differs named.
    pub(super) fn about_all(&self) -> String {
        // What is so for an operation is so for its scheduled kind, which needs no name of its own.
        let own = self.own.iter().map(|(verbs, own)| {
            let plain =
                verbs.iter().filter(|verb| verb.strip_prefix("scheduled ").is_none_or(|plain| !verbs.contains(&plain)));
            [&plain.copied().collect::<Vec<_>>().join(", "), ": ", own].concat()
        });
        let general = Some(self.about.to_owned()).filter(|about| !about.is_empty());
        general.into_iter().chain(own).collect::<Vec<_>>().join("; ")
    }
}

pub(super) fn argument(name: &str) -> Option<&'static Argument> {
    ARGUMENTS.iter().find(|argument| argument.name == name)
}

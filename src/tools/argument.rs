//! The arguments of all operations, defined once: the schema, the help and the reading of a call are all made from it.

use super::verbs::{Verb, offered};
use crate::policy::Policy;

/// An argument of an operation.
pub(super) struct Argument {
    pub(super) name: &'static str,
    pub(super) form: Form,
    about: &'static str,
    /// Descriptions for operations to which it means something else.
    own: &'static [(&'static [&'static str], &'static str)],
    /// Other names that are understood and not advertised.
    pub(super) aliases: &'static [&'static str],
}

/// The JSON forms of arguments, as the schema names them. The parser takes others, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    /// A list of texts.
    Texts,
    /// A length of time: a text with a unit.
    Time,
    Number,
    Flag,
    /// A map of texts.
    Map,
    /// A [`Form::Map`] that names `HF_TOKEN`.
    Secrets,
    Ports,
    /// A list of volumes, each a text.
    Volumes,
    /// A network: its `group` and the job's `aliases`.
    Object,
}

const PS: &[&str] = &["ps", "scheduled ps"];
const LABELS: &[&str] = &["labels", "scheduled labels"];
/// Operations that submit a job.
const SUBMISSIONS: &[&str] = &["uv", "run", "scheduled uv", "scheduled run"];
/// How the names of operations on scheduled jobs begin.
const SCHEDULED: &str = "scheduled ";

/// All arguments, in the order in which the schema shows them.
pub(super) const ARGUMENTS: &[Argument] = &[
    arg("script", Form::Text, "Python code, an https URL, a local .py file, or a command from `dependencies`", &[]),
    arg("script_args", Form::Texts, "the script's arguments, such as [\"--epochs\", \"3\"]", &["args", "arguments"]),
    arg(
        "dependencies",
        Form::Texts,
        "packages such as [\"torch\"], in addition to those in the script's header",
        &["with_deps", "with", "packages"],
    ),
    arg("python", Form::Text, "Python version, such as 3.12", &[]),
    arg(
        "command",
        Form::Texts,
        "command and arguments, such as [\"python\", \"-V\"]; for pipes and && use [\"/bin/sh\", \"-c\", \"…\"]",
        &[],
    ),
    arg(
        "image",
        Form::Text,
        "Docker image or hf.co/spaces/OWNER/NAME; default python:3.12 for run, an image with uv for uv",
        &[],
    ),
    arg(
        "flavor",
        Form::Text,
        "hardware: cpu-basic (default), t4-small, l4x1, a10g-large, a100-large, …; `hardware` lists all with prices",
        &["hardware", "hardware_flavor"],
    ),
    arg("timeout", Form::Time, "time after which the Hub stops the job, such as 90m or 2h; default 30m", &[]),
    arg("env", Form::Map, "readable environment variables, such as {\"LEVEL\": \"info\"}; never tokens", &[]),
    arg("secrets", Form::Secrets, "encrypted environment variables", &[]),
    Argument { own: &[(PS, "only jobs of this name")], ..arg("name", Form::Text, "the job's name", &[]) },
    Argument {
        own: &[(PS, "only jobs with all of them"), (LABELS, "labels to set; the others stay unless replace is true")],
        ..arg("labels", Form::Map, "labels such as {\"team\": \"nlp\"}", &[])
    },
    arg(
        "volumes",
        Form::Volumes,
        "mounts: hf://[models|datasets|spaces|buckets/]OWNER/NAME[@REV][/PATH]:/MOUNT[:ro|:rw]; only buckets are writable; no secret needed",
        &[],
    ),
    arg("expose", Form::Ports, "ports to reach from outside, such as [8000]", &["ports"]),
    arg("ssh", Form::Flag, "reachable by SSH", &[]),
    arg("attempts", Form::Number, "number of attempts, default 1", &[]),
    arg("arch", Form::Text, "amd64 (default) or arm64", &[]),
    arg("network", Form::Object, "private network shared with other jobs", &[]),
    arg("namespace", Form::Text, "user or organization that owns and pays; default the login's own", &[]),
    arg("resource_group_id", Form::Text, "resource group to bill", &[]),
    arg("detach", Form::Flag, "return without following the job", &[]),
    Argument {
        own: &[
            (&["logs"], "how long to follow, up to 45s, default 0"),
            (&["wait"], "how long to wait, up to 45s, default 30s"),
        ],
        ..arg("wait", Form::Time, "how long this call follows the job, up to 45s, default 20s", &["follow"])
    },
    arg("dry_run", Form::Flag, "show request and cost, send nothing", &[]),
    arg("job_id", Form::Text, "id, namespace/id or page of a job", &["id", "job_ids", "jobs"]),
    arg("job_ids", Form::Texts, "several jobs at once", &[]),
    arg("until", Form::Text, "finished (default) or running", &[]),
    arg("ports", Form::Ports, "all ports to open; others are closed", &["expose"]),
    arg("public_ports", Form::Ports, "ports that need no token", &["portsPublic"]),
    arg("remove", Form::Texts, "keys of labels to remove", &[]),
    arg("replace", Form::Flag, "remove all labels but those given", &[]),
    arg("clear", Form::Flag, "remove all labels", &[]),
    arg(
        "schedule",
        Form::Text,
        "cron in UTC of numbers, a-b, a,b, */n (0 9 * * 1-5), or @hourly, @daily, @weekly, @monthly, @yearly",
        &["cron"],
    ),
    arg("suspend", Form::Flag, "create it suspended", &["suspended"]),
    arg("concurrency", Form::Flag, "start a job even while the last one runs", &["concurrent"]),
    arg(
        "scheduled_job_id",
        Form::Text,
        "id or namespace/id of a scheduled job",
        &["job_id", "id", "scheduled_id", "job_ids"],
    ),
    Argument {
        own: &[(&["ps"], "jobs of every stage"), (&["scheduled ps"], "suspended ones, too")],
        ..arg("all", Form::Flag, "", &[])
    },
    arg(
        "status",
        Form::Texts,
        "only these stages: SCHEDULING, RUNNING, COMPLETED, ERROR, CANCELED",
        &["stage", "stages"],
    ),
    arg("limit", Form::Number, "how many jobs, default 20, at most 500", &[]),
    arg("tail", Form::Number, "how many of the last lines (of those that match grep), default 50", &["lines"]),
    arg("cursor", Form::Text, "next_cursor of an earlier answer", &[]),
    arg("grep", Form::Text, "only lines that match this regular expression, such as (?i)error|warn", &[]),
    arg("raw", Form::Flag, "fold neither uv's install lines nor progress bars", &[]),
    arg("operation", Form::Text, "the operation to explain", &[]),
];

const fn arg(name: &'static str, form: Form, about: &'static str, aliases: &'static [&'static str]) -> Argument {
    Argument { name, form, about, own: &[], aliases }
}

impl Argument {
    /// The description for one operation.
    pub(super) fn about(&self, verb: &str) -> &'static str {
        self.own.iter().find(|(verbs, _)| verbs.contains(&verb)).map_or(self.about, |(_, own)| own)
    }

    /// The description for all operations. It begins with the operations that take the argument, where not all submissions do.
    pub(super) fn about_all(&self, policy: &Policy) -> String {
        let is_taken = |verb: &Verb| verb.arguments().any(|name| name == self.name);
        let operations: Vec<&str> = offered(policy).filter(|verb| is_taken(verb)).map(|verb| verb.name).collect();
        let mut submissions = offered(policy).filter(|verb| SUBMISSIONS.contains(&verb.name)).peekable();
        let general = submissions.peek().is_some() && submissions.all(is_taken);
        let is_own = |verb: &&str| self.own.iter().any(|(verbs, _)| verbs.contains(verb));
        let others = operations.iter().copied().filter(|verb| !is_own(verb)).collect::<Vec<_>>();
        let mut clauses = Vec::new();
        if !others.is_empty() {
            clauses.push(if general { self.about.to_owned() } else { [&named(&others), ": ", self.about].concat() });
        }
        for (verbs, own) in self.own {
            let verbs: Vec<&str> = verbs.iter().copied().filter(|verb| operations.contains(verb)).collect();
            if !verbs.is_empty() {
                clauses.push([&named(&verbs), ": ", own].concat());
            }
        }
        clauses.join("; ")
    }
}

/// Operations in short: `[scheduled] uv` is `uv` and `scheduled uv`.
fn named(verbs: &[&str]) -> String {
    let plain = verbs.iter().filter(|verb| !verb.starts_with(SCHEDULED)).map(|verb| {
        let both = verbs.contains(&[SCHEDULED, verb].concat().as_str());
        if both { format!("[scheduled] {verb}") } else { (*verb).to_owned() }
    });
    let scheduled: Vec<&str> =
        verbs.iter().filter_map(|verb| verb.strip_prefix(SCHEDULED)).filter(|verb| !verbs.contains(verb)).collect();
    let scheduled = (!scheduled.is_empty()).then(|| [SCHEDULED, &scheduled.join("/")].concat());
    plain.chain(scheduled).collect::<Vec<_>>().join(", ")
}

pub(super) fn argument(name: &str) -> Option<&'static Argument> {
    ARGUMENTS.iter().find(|argument| argument.name == name)
}

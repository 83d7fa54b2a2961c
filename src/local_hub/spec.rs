//! What a job is asked to be: the request body, held to the Hub's own schema.

mod change;
mod pattern;
mod plan;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

pub(super) use self::change::{read_expose, read_labels, read_schedule};
pub(super) use self::pattern::Pattern;
pub(super) use self::plan::Plan;

use super::hardware::{self, Flavor};

/// How long a job may run if none is said.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// The largest integer that the Hub's schema allows.
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// The most attempts. The Hub names no bound; here a job that fails at once would be started without end.
const MAX_ATTEMPTS: u64 = 100;

/// The most ports that a job exposes.
const MAX_PORTS: usize = 20;

/// The longest network group and network alias, in characters.
const MAX_GROUP: usize = 46;
const MAX_ALIAS: usize = 34;

/// The most faults told in one answer.
const MAX_FAULTS: usize = 20;

/// The most unknown fields recorded of one request.
const MAX_DROPPED: usize = 100;

const FIELDS: &[&str] = &[
    "dockerImage",
    "spaceId",
    "command",
    "arguments",
    "environment",
    "secrets",
    "flavor",
    "arch",
    "timeoutSeconds",
    "attempts",
    "labels",
    "volumes",
    "expose",
    "ssh",
    "network",
    "resourceGroupId",
];

const EXPOSE_FIELDS: &[&str] = &["ports", "portsPublic"];

/// Labels by their key.
pub(super) type Labels = BTreeMap<String, String>;

/// A valid job specification.
#[derive(Clone)]
pub(super) struct JobSpec {
    image: Image,
    pub(super) command: Vec<String>,
    pub(super) arguments: Vec<String>,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) secrets: BTreeMap<String, String>,
    pub(super) flavor: &'static Flavor,
    arch: Option<String>,
    /// For each attempt.
    pub(super) timeout: Duration,
    pub(super) attempts: u64,
    pub(super) labels: Labels,
    pub(super) expose: Option<Expose>,
    network: Option<Network>,
    resource_group: Option<String>,
}

#[derive(Clone)]
enum Image {
    Docker(String),
    Space(String),
}

/// Ports that are reached from outside of the job.
#[derive(Clone)]
pub(super) struct Expose {
    ports: Vec<u16>,
    public: Vec<u16>,
}

#[derive(Clone)]
struct Network {
    group: String,
    aliases: Vec<String>,
}

/// What reading a body found.
pub(super) struct Reading<T> {
    /// What it says, or what is wrong with it.
    pub(super) value: Result<T, String>,
    /// The paths of fields that the schema does not know, which are dropped without a word.
    pub(super) dropped: Vec<String>,
}

impl JobSpec {
    /// Reads the body of a submission.
    pub(super) fn read(body: &Value) -> Reading<Self> {
        Check::read(body, Check::spec)
    }

    /// The fields that a `Job` and the `jobSpec` of a scheduled job show of it.
    pub(super) fn describe(&self, job: &mut Map<String, Value>) {
        let mut put = |name: &str, value: Value| drop(job.insert(name.to_owned(), value));
        match &self.image {
            Image::Docker(image) => put("dockerImage", json!(image)),
            Image::Space(space) => put("spaceId", json!(space)),
        }
        put("command", json!(self.command));
        put("arguments", json!(self.arguments));
        put("environment", json!(self.environment));
        put("secrets", self.secrets.keys().map(String::as_str).collect());
        put("flavor", json!(self.flavor.name));
        put("labels", json!(self.labels));
        put("timeout", json!(self.timeout.as_secs()));
        put("retry", json!(self.attempts.saturating_sub(1)));
        if let Some(arch) = &self.arch {
            put("arch", json!(arch));
        }
        if let Some(expose) = &self.expose {
            put("expose", json!({"ports": expose.ports, "portsPublic": expose.public}));
        }
        if let Some(network) = &self.network {
            put("network", json!({"group": network.group, "aliases": network.aliases}));
        }
        if let Some(group) = &self.resource_group {
            put("resourceGroupId", json!(group));
        }
    }

    pub(super) fn has_label(&self, key: &str, value: &str) -> bool {
        self.labels.get(key).is_some_and(|label| label == value)
    }

    /// Where the exposed ports are reached: the jobs run on this machine, so on its loopback.
    pub(super) fn exposed_urls(&self) -> Option<Vec<String>> {
        let expose = self.expose.as_ref()?;
        Some(expose.ports.iter().map(|port| format!("http://127.0.0.1:{port}")).collect())
    }
}

/// Gathers what is wrong and what is unknown while a body is read.
#[derive(Default)]
struct Check {
    /// Where the fields are that are looked at: empty, or the path of an object with a dot.
    within: &'static str,
    faults: Vec<String>,
    dropped: Vec<String>,
}

impl Check {
    /// Reads a body that is an object.
    fn read<T>(body: &Value, read: impl FnOnce(&mut Self, &Map<String, Value>) -> Option<T>) -> Reading<T> {
        let mut check = Self::default();
        let value = match body.as_object() {
            Some(fields) => read(&mut check, fields),
            None => check.fault("body", "expected an object"),
        };
        let value = match value {
            Some(value) if check.faults.is_empty() => Ok(value),
            _ => Err(check.faults.join("; ")),
        };
        Reading { value, dropped: check.dropped }
    }

    fn fault<T>(&mut self, path: &str, problem: &str) -> Option<T> {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(format!("{}{path}: {problem}", self.within));
        }
        None
    }

    fn drop_unknown(&mut self, parent: &str, fields: &Map<String, Value>, known: &[&str]) {
        let unknown = fields.keys().filter(|name| !known.contains(&name.as_str()));
        let room = MAX_DROPPED.saturating_sub(self.dropped.len());
        self.dropped.extend(unknown.take(room).map(|name| format!("{}{parent}{name}", self.within)));
    }

    fn spec(&mut self, fields: &Map<String, Value>) -> Option<JobSpec> {
        self.drop_unknown("", fields, FIELDS);
        if fields.contains_key("volumes") {
            self.fault::<()>("volumes", "the local Hub has no volumes: jobs run on this machine without mounts");
        }
        let image = self.image(fields);
        let command = self.strings("command", fields.get("command"), 1);
        if fields.contains_key("command") && command.is_empty() {
            self.fault::<()>("command", "expected at least one item");
        }
        let flavor = match fields.get("flavor").map(Value::as_str) {
            None => self.fault("flavor", "required"),
            Some(None) => self.fault("flavor", "expected a string"),
            Some(Some(name)) => match hardware::flavor(name) {
                Some(flavor) => Some(flavor),
                None => self.fault("flavor", "not one of the flavors that `GET /api/jobs/hardware` lists"),
            },
        };
        let timeout = match fields.get("timeoutSeconds") {
            Some(Value::Null) => None,
            given => self.count("timeoutSeconds", given, MAX_INTEGER),
        };
        let arguments = self.strings("arguments", fields.get("arguments"), 0);
        let environment = self.map("environment", fields.get("environment"), &Pattern::ENVIRONMENT, &Pattern::ANY);
        let secrets = self.map("secrets", fields.get("secrets"), &Pattern::SECRETS, &Pattern::ANY);
        let labels = self.labels(fields.get("labels"));
        let attempts = self.count("attempts", fields.get("attempts"), MAX_ATTEMPTS).unwrap_or(1);
        let arch = self.text("arch", fields.get("arch"), |arch| matches!(arch, "amd64" | "arm64"));
        let resource_group = self.text("resourceGroupId", fields.get("resourceGroupId"), |id| {
            id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        let expose = self.expose(fields.get("expose"));
        let network = self.network(fields.get("network"));
        self.ssh(fields.get("ssh"));
        Some(JobSpec {
            image: image?,
            command,
            arguments,
            environment,
            secrets,
            flavor: flavor?,
            arch,
            timeout: timeout.map_or(DEFAULT_TIMEOUT, Duration::from_secs),
            attempts,
            labels,
            expose,
            network,
            resource_group,
        })
    }

    fn image(&mut self, fields: &Map<String, Value>) -> Option<Image> {
        match (fields.get("dockerImage"), fields.get("spaceId")) {
            (Some(Value::String(image)), None) if !image.is_empty() => Some(Image::Docker(image.clone())),
            (None, Some(Value::String(space))) if !space.is_empty() => Some(Image::Space(space.clone())),
            (Some(_), Some(_)) => self.fault("dockerImage", "either `dockerImage` or `spaceId`, not both"),
            (None, None) => self.fault("dockerImage", "either `dockerImage` or `spaceId` is required"),
            (Some(_), None) => self.fault("dockerImage", "expected a string"),
            (None, Some(_)) => self.fault("spaceId", "expected a string"),
        }
    }

    fn object<'a>(&mut self, path: &str, value: &'a Value, known: &[&str]) -> Option<&'a Map<String, Value>> {
        let Some(fields) = value.as_object() else { return self.fault(path, "expected an object") };
        self.drop_unknown(&format!("{path}."), fields, known);
        Some(fields)
    }

    fn strings(&mut self, path: &str, value: Option<&Value>, least: usize) -> Vec<String> {
        let Some(value) = value else { return Vec::new() };
        let Some(items) = value.as_array() else {
            self.fault::<()>(path, "expected an array");
            return Vec::new();
        };
        let texts = items.iter().enumerate().map(|(index, item)| match item.as_str() {
            Some(text) if text.len() >= least => text.to_owned(),
            Some(_) => self.fault(&format!("{path}[{index}]"), "must not be empty").unwrap_or_default(),
            None => self.fault(&format!("{path}[{index}]"), "expected a string").unwrap_or_default(),
        });
        texts.collect()
    }

    fn map(&mut self, path: &str, value: Option<&Value>, keys: &Pattern, values: &Pattern) -> BTreeMap<String, String> {
        let Some(value) = value else { return BTreeMap::new() };
        let Some(entries) = value.as_object() else {
            self.fault::<()>(path, "expected an object");
            return BTreeMap::new();
        };
        for (key, value) in entries {
            if !(keys.holds)(key) {
                self.fault::<()>(&format!("{path}.{key}"), &format!("the key must match {}", keys.text));
            }
            match value.as_str() {
                None => drop(self.fault::<()>(&format!("{path}.{key}"), "expected a string")),
                Some(text) if !(values.holds)(text) => {
                    self.fault::<()>(&format!("{path}.{key}"), &format!("must match {}", values.text));
                }
                Some(_) => {}
            }
        }
        let texts = entries.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
        texts.collect()
    }

    fn count(&mut self, path: &str, value: Option<&Value>, most: u64) -> Option<u64> {
        match value?.as_u64() {
            Some(count) if (1..=most).contains(&count) => Some(count),
            _ => self.fault(path, &format!("expected an integer from 1 to {most}")),
        }
    }

    fn text(&mut self, path: &str, value: Option<&Value>, holds: fn(&str) -> bool) -> Option<String> {
        match value?.as_str() {
            Some(text) if holds(text) => Some(text.to_owned()),
            _ => self.fault(path, "invalid value"),
        }
    }

    fn ports(&mut self, path: &str, value: Option<&Value>) -> Vec<u16> {
        let Some(items) = value.and_then(Value::as_array) else {
            self.fault::<()>(path, "expected an array");
            return Vec::new();
        };
        let port = |item: &Value| item.as_u64().and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0);
        let ports: Vec<u16> = items.iter().filter_map(port).collect();
        if ports.len() != items.len() || ports.len() > MAX_PORTS {
            self.fault::<()>(path, "expected at most 20 ports between 1 and 65535");
        }
        ports
    }

    fn labels(&mut self, value: Option<&Value>) -> Labels {
        self.map("labels", value, &Pattern::LABEL_KEY, &Pattern::LABEL_VALUE)
    }

    fn expose(&mut self, value: Option<&Value>) -> Option<Expose> {
        let fields = self.object("expose", value?, EXPOSE_FIELDS)?;
        self.exposed("expose.", fields)
    }

    fn exposed(&mut self, parent: &str, fields: &Map<String, Value>) -> Option<Expose> {
        let ports = self.ports(&format!("{parent}ports"), fields.get("ports"));
        let public = match fields.get("portsPublic") {
            None => Vec::new(),
            given => self.ports(&format!("{parent}portsPublic"), given),
        };
        if public.iter().any(|port| !ports.contains(port)) {
            return self.fault(&format!("{parent}portsPublic"), "each must be in `ports` too");
        }
        Some(Expose { ports, public })
    }

    fn ssh(&mut self, value: Option<&Value>) {
        let enabled =
            value.and_then(|value| self.object("ssh", value, &["enabled"])).and_then(|ssh| ssh.get("enabled"));
        if enabled.is_some_and(|enabled| !enabled.is_boolean()) {
            self.fault::<()>("ssh.enabled", "expected a boolean");
        }
    }

    fn network(&mut self, value: Option<&Value>) -> Option<Network> {
        let fields = self.object("network", value?, &["group", "aliases"])?;
        let name = |text: &str, most: usize| {
            let charset = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            (1..=most).contains(&text.len()) && text.bytes().all(charset)
        };
        let group = match fields.get("group").and_then(Value::as_str) {
            Some(group) if name(group, MAX_GROUP) => group.to_owned(),
            _ => return self.fault("network.group", "expected at most 46 of a-z, 0-9 and `-`"),
        };
        let aliases = self.strings("network.aliases", fields.get("aliases"), 1);
        let unique: std::collections::BTreeSet<&String> = aliases.iter().collect();
        if unique.len() != aliases.len() || !aliases.iter().all(|alias| name(alias, MAX_ALIAS)) {
            return self.fault("network.aliases", "expected different ones, each at most 34 of a-z, 0-9 and `-`");
        }
        Some(Network { group, aliases })
    }
}

#[cfg(test)]
mod tests;

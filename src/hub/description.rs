//! What a job is, as the Hub describes it: the same fields in a job and in a scheduled job's `jobSpec`.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::Problem;
use crate::secrets::{Clean, Scrubber};
use crate::types::{Labels, REQUEST_LABEL, Volume};

/// How many entries of a map or list are read: the Hub's own bounds are far below.
pub(super) const ENTRIES_MAX: usize = 500;
/// The most of any other text of an answer that is kept, in characters: what is longer is no name, value or sentence for a
/// reader, and of the many texts of a job each has to leave room for the others.
const FIELD_MAX_CHARS: usize = 1000;
/// The most of an argument of a job's command that is kept, in bytes: an inline script's is the longest.
const ARGUMENT_MAX_BYTES: usize = 256 * 1024;

/// What a job is.
#[derive(Debug, Clone)]
pub struct Description {
    /// The Docker image, or the Space (`hf.co/spaces/…`).
    pub image: Option<Clean>,
    /// Command and arguments, as they are run.
    pub command: Vec<Clean>,
    /// The machine.
    pub flavor: Clean,
    /// The processor's kind.
    pub arch: Option<Clean>,
    /// The time-out, in seconds.
    pub timeout: Option<u64>,
    /// How often it is tried.
    pub attempts: Option<u64>,
    /// Its readable environment.
    pub env: Vec<(Clean, Clean)>,
    /// The names of its secrets.
    pub secrets: Vec<Clean>,
    /// Its labels, less the one of this server.
    pub labels: Vec<(Clean, Clean)>,
    /// Its labels as the Hub has them, for what replaces them.
    as_they_are: RawLabels,
    /// Its mounts, `source:/mount`.
    pub volumes: Vec<Clean>,
    /// The ports that can be reached from outside.
    pub ports: Vec<u64>,
    /// Those of them that need no token.
    pub public_ports: Vec<u64>,
    /// The network that it shares with other jobs.
    pub network: Option<Clean>,
    /// The names by which those reach it.
    pub aliases: Vec<Clean>,
    /// The resource group that is billed.
    pub resource_group: Option<Clean>,
}

/// Labels that were not cleaned, and are not shown.
#[derive(Clone)]
struct RawLabels(Vec<(String, String)>);

impl fmt::Debug for RawLabels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} labels", self.0.len())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireDescription {
    docker_image: Option<String>,
    space_id: Option<String>,
    command: Option<Vec<String>>,
    arguments: Option<Vec<String>>,
    flavor: Option<String>,
    arch: Option<String>,
    timeout: Option<f64>,
    retry: Option<u64>,
    environment: Option<Map<String, Value>>,
    #[serde(default)]
    secrets: Value,
    labels: Option<Map<String, Value>>,
    volumes: Option<Vec<WireVolume>>,
    #[serde(default)]
    expose: Value,
    #[serde(default)]
    network: Value,
    resource_group_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireVolume {
    #[serde(rename = "type")]
    kind: Option<String>,
    source: Option<String>,
    mount_path: Option<String>,
    revision: Option<String>,
    path: Option<String>,
    read_only: Option<bool>,
}

impl Description {
    pub(super) fn read(wire: WireDescription, scrubber: &Scrubber) -> Self {
        let line = |text: &String| field(text, scrubber);
        let pairs = |map: Option<Map<String, Value>>| -> Vec<(Clean, Clean)> {
            map.into_iter().flatten().take(ENTRIES_MAX).map(|(key, value)| (line(&key), line(&text(&value)))).collect()
        };
        let as_they_are = RawLabels(
            wire.labels.iter().flatten().take(ENTRIES_MAX).map(|(key, value)| (key.clone(), text(value))).collect(),
        );
        let mut labels = pairs(wire.labels);
        labels.retain(|(key, _)| key.as_str() != REQUEST_LABEL);
        let space = wire.space_id.map(|space| format!("hf.co/spaces/{space}"));
        Self {
            image: wire.docker_image.or(space).as_ref().map(line),
            command: wire
                .command
                .into_iter()
                .flatten()
                .chain(wire.arguments.into_iter().flatten())
                .take(ENTRIES_MAX)
                .map(|argument| scrubber.clean(&bounded(argument)))
                .collect(),
            flavor: line(&wire.flavor.unwrap_or_default()),
            arch: wire.arch.as_ref().map(line),
            timeout: wire.timeout.and_then(whole),
            attempts: wire.retry.map(|retries| retries.saturating_add(1)),
            env: pairs(wire.environment),
            secrets: names(&wire.secrets).iter().map(line).collect(),
            labels,
            as_they_are,
            volumes: wire
                .volumes
                .into_iter()
                .flatten()
                .take(ENTRIES_MAX)
                .map(|volume| field(&volume.shown(), scrubber))
                .collect(),
            ports: entries(&wire.expose, "ports").filter_map(Value::as_u64).collect(),
            public_ports: entries(&wire.expose, "portsPublic").filter_map(Value::as_u64).collect(),
            network: wire.network.get("group").and_then(Value::as_str).map(|group| field(group, scrubber)),
            aliases: entries(&wire.network, "aliases")
                .filter_map(Value::as_str)
                .map(|alias| field(alias, scrubber))
                .collect(),
            resource_group: wire.resource_group_id.as_ref().map(line),
        }
    }

    /// Keeps the label of this server, which finds a lost submission again, among labels that replace these.
    ///
    /// # Errors
    /// There are too many labels already.
    pub fn keep_request_label(&self, labels: &mut Labels) -> Result<(), Problem> {
        self.keep(labels, |key| key == REQUEST_LABEL)
    }

    /// Keeps all labels.
    ///
    /// # Errors
    /// The Hub would not take one of them again.
    pub fn keep_labels(&self, labels: &mut Labels) -> Result<(), Problem> {
        self.keep(labels, |_| true)
    }

    fn keep(&self, labels: &mut Labels, wanted: impl Fn(&str) -> bool) -> Result<(), Problem> {
        let mut kept = self.as_they_are.0.iter().filter(|(key, _)| wanted(key));
        kept.try_for_each(|(key, value)| labels.keep(key, value))
    }

    /// Leaves out what does not fit into that many characters of labels, secrets' names, mounts, environment and aliases, in this
    /// order; how many entries those are.
    pub fn shorten(&mut self, chars: usize) -> usize {
        fn fit<T>(entries: &mut Vec<T>, room: &mut usize, length: impl Fn(&T) -> usize) -> usize {
            let before = entries.len();
            entries.retain(|entry| match room.checked_sub(length(entry)) {
                Some(left) => {
                    *room = left;
                    true
                }
                None => false,
            });
            before.saturating_sub(entries.len())
        }
        // Marks and spaces between entries count as well.
        let one = |text: &Clean| text.chars().count().saturating_add(2);
        let two = |(name, value): &(Clean, Clean)| one(name).saturating_add(one(value));
        let mut room = chars;
        [
            fit(&mut self.labels, &mut room, two),
            fit(&mut self.secrets, &mut room, one),
            fit(&mut self.volumes, &mut room, one),
            fit(&mut self.env, &mut room, two),
            fit(&mut self.aliases, &mut room, one),
        ]
        .into_iter()
        .sum()
    }

    /// The job's name: its label `name`.
    pub fn name(&self) -> Option<&Clean> {
        self.labels.iter().find(|(key, _)| key.as_str() == "name").map(|(_, value)| value)
    }
}

/// A text of an answer that is neither a job's command nor its output: one line of bounded length. Cleaned before it is cut, since
/// half a token is none that is recognised.
pub fn field(text: &str, scrubber: &Scrubber) -> Clean {
    scrubber.clean_line(text).bounded(FIELD_MAX_CHARS)
}

/// A volume of a request in the words in which the same volume of an answer is told.
pub fn told(volume: &Volume) -> String {
    serde_json::from_value::<WireVolume>(volume.to_json()).map(|volume| volume.shown()).unwrap_or_default()
}

/// The entries of a list in a map.
fn entries<'a>(map: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    map.get(name).and_then(Value::as_array).into_iter().flatten().take(ENTRIES_MAX)
}

impl WireVolume {
    /// As the CLI writes volumes.
    fn shown(&self) -> String {
        let part = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
        let revision = self.revision.as_ref().map(|revision| format!("@{revision}")).unwrap_or_default();
        let path =
            self.path.as_ref().filter(|path| !path.is_empty()).map(|path| format!("/{path}")).unwrap_or_default();
        let mode = match self.read_only {
            Some(true) => ":ro",
            Some(false) => ":rw",
            None => "",
        };
        format!("{}s/{}{revision}{path}:{}{mode}", part(&self.kind), part(&self.source), part(&self.mount_path))
    }
}

/// The names of secrets: the Hub answers a list of names, and its document also a map of them.
fn names(secrets: &Value) -> Vec<String> {
    match secrets {
        Value::Array(names) => names.iter().take(ENTRIES_MAX).filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::Object(map) => map.keys().take(ENTRIES_MAX).cloned().collect(),
        _ => Vec::new(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a non-negative number of seconds, its fraction dropped"
)]
pub(super) fn whole(seconds: f64) -> Option<u64> {
    (seconds.is_finite() && seconds >= 0.0).then_some(seconds as u64)
}

fn bounded(mut argument: String) -> String {
    if argument.len() > ARGUMENT_MAX_BYTES {
        let end = (0..=ARGUMENT_MAX_BYTES).rev().find(|end| argument.is_char_boundary(*end)).unwrap_or(0);
        argument.truncate(end);
    }
    argument
}

//! A job as the Hub describes it: read tolerantly, every text of it cleaned.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::secrets::{Clean, Scrubber};
use crate::types::{JobId, Namespace, Stage};

/// How many entries of a map or list of a job are read: the Hub's own bounds are far below.
const ENTRIES_MAX: usize = 500;
/// The most of an argument of a job's command that is kept, in bytes: an inline script's is the longest.
const ARGUMENT_MAX_BYTES: usize = 256 * 1024;

/// A job of one namespace.
#[derive(Debug, Clone)]
pub struct Target {
    /// The namespace.
    pub namespace: Namespace,
    /// The job.
    pub id: JobId,
}

/// A job.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// The namespace that owns it and pays for it.
    pub namespace: Clean,
    /// Where it stands.
    pub stage: Stage,
    /// The Hub's remark on the stage.
    pub message: Option<Clean>,
    /// Why it was cancelled, if the Hub did it.
    pub cancel_reason: Option<Clean>,
    /// The Docker image, or the Space (`hf.co/spaces/…`).
    pub image: Option<Clean>,
    /// Command and arguments, as they are run.
    pub command: Vec<Clean>,
    /// The machine.
    pub flavor: Clean,
    /// The time-out, in seconds.
    pub timeout: Option<u64>,
    /// How often it is tried.
    pub attempts: Option<u64>,
    /// When it was submitted (RFC 3339).
    pub created_at: Option<Clean>,
    /// When it started.
    pub started_at: Option<Clean>,
    /// When it ended.
    pub finished_at: Option<Clean>,
    /// How long it ran, in seconds.
    pub running_seconds: Option<u64>,
    /// Its readable environment.
    pub env: Vec<(Clean, Clean)>,
    /// The names of its secrets.
    pub secrets: Vec<Clean>,
    /// Its labels, less the one of this server.
    pub labels: Vec<(Clean, Clean)>,
    /// Its mounts, `source:/mount`.
    pub volumes: Vec<Clean>,
    /// Where its ports can be reached.
    pub expose_urls: Vec<Clean>,
    /// Where it can be reached by SSH.
    pub ssh_url: Option<Clean>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    id: String,
    created_at: Option<String>,
    started_at: Option<String>,
    finished_at: Option<String>,
    docker_image: Option<String>,
    space_id: Option<String>,
    #[serde(default)]
    command: Option<Vec<String>>,
    #[serde(default)]
    arguments: Option<Vec<String>>,
    flavor: Option<String>,
    timeout: Option<f64>,
    retry: Option<u64>,
    #[serde(default)]
    environment: Option<Map<String, Value>>,
    #[serde(default)]
    secrets: Value,
    #[serde(default)]
    labels: Option<Map<String, Value>>,
    #[serde(default)]
    volumes: Option<Vec<WireVolume>>,
    status: Option<WireStatus>,
    durations: Option<BTreeMap<String, Value>>,
    owner: Option<WireOwner>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireStatus {
    stage: Option<String>,
    message: Option<String>,
    cancel_reason: Option<String>,
    #[serde(default)]
    expose_urls: Option<Vec<String>>,
    ssh_url: Option<String>,
}

#[derive(Deserialize)]
struct WireOwner {
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireVolume {
    #[serde(rename = "type")]
    kind: Option<String>,
    source: Option<String>,
    mount_path: Option<String>,
}

impl Job {
    /// Reads a job of an answer; `asked` is the namespace of the request, for an answer that names no owner.
    pub(super) fn read(value: Value, asked: &str, scrubber: &Scrubber) -> Result<Self, String> {
        let wire: Wire = serde_json::from_value(value).map_err(|error| format!("no job in it ({error})"))?;
        let id = JobId::parse(&wire.id).map_err(|_| "a job's id has another form".to_owned())?;
        let line = |text: &String| scrubber.clean_line(text);
        let pairs = |map: Option<Map<String, Value>>| -> Vec<(Clean, Clean)> {
            map.into_iter().flatten().take(ENTRIES_MAX).map(|(key, value)| (line(&key), line(&text(&value)))).collect()
        };
        let status = wire.status;
        let mut labels = pairs(wire.labels);
        labels.retain(|(key, _)| key.as_str() != crate::types::REQUEST_LABEL);
        Ok(Self {
            id,
            namespace: scrubber.clean_line(wire.owner.and_then(|owner| owner.name).as_deref().unwrap_or(asked)),
            stage: Stage::parse(status.as_ref().and_then(|status| status.stage.as_deref()).unwrap_or("UNKNOWN")),
            message: status
                .as_ref()
                .and_then(|status| status.message.as_ref())
                .filter(|text| !text.is_empty())
                .map(line),
            cancel_reason: status.as_ref().and_then(|status| status.cancel_reason.as_ref()).map(line),
            image: wire
                .docker_image
                .as_ref()
                .map(line)
                .or_else(|| wire.space_id.as_ref().map(|space| scrubber.clean_line(&format!("hf.co/spaces/{space}")))),
            command: wire
                .command
                .into_iter()
                .flatten()
                .chain(wire.arguments.into_iter().flatten())
                .take(ENTRIES_MAX)
                .map(|argument| scrubber.clean(&bounded(argument)))
                .collect(),
            flavor: line(&wire.flavor.unwrap_or_default()),
            timeout: wire.timeout.and_then(whole),
            attempts: wire.retry.map(|retries| retries.saturating_add(1)),
            created_at: wire.created_at.as_ref().map(line),
            started_at: wire.started_at.as_ref().map(line),
            finished_at: wire.finished_at.as_ref().map(line),
            running_seconds: wire
                .durations
                .as_ref()
                .and_then(|durations| durations.get("runningSecs"))
                .and_then(Value::as_f64)
                .and_then(whole),
            env: pairs(wire.environment),
            secrets: names(&wire.secrets).iter().map(line).collect(),
            labels,
            volumes: wire
                .volumes
                .into_iter()
                .flatten()
                .take(ENTRIES_MAX)
                .map(|volume| {
                    let part = |text: Option<String>| text.unwrap_or_else(|| "?".to_owned());
                    let text = format!("{}s/{}:{}", part(volume.kind), part(volume.source), part(volume.mount_path));
                    scrubber.clean_line(&text)
                })
                .collect(),
            expose_urls: status
                .as_ref()
                .and_then(|status| status.expose_urls.as_ref())
                .into_iter()
                .flatten()
                .take(ENTRIES_MAX)
                .map(line)
                .collect(),
            ssh_url: status.as_ref().and_then(|status| status.ssh_url.as_ref()).map(line),
        })
    }

    /// The job's name: its label `name`.
    pub fn name(&self) -> Option<&Clean> {
        self.labels.iter().find(|(key, _)| key.as_str() == "name").map(|(_, value)| value)
    }

    /// The target that names this job from now on: in the namespace that owns it.
    pub fn target(&self, asked: &Namespace) -> Target {
        let namespace = Namespace::parse(self.namespace.as_str()).unwrap_or_else(|_| asked.clone());
        Target { namespace, id: self.id.clone() }
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
fn whole(seconds: f64) -> Option<u64> {
    (seconds.is_finite() && seconds >= 0.0).then_some(seconds as u64)
}

fn bounded(mut argument: String) -> String {
    if argument.len() > ARGUMENT_MAX_BYTES {
        let end = (0..=ARGUMENT_MAX_BYTES).rev().find(|end| argument.is_char_boundary(*end)).unwrap_or(0);
        argument.truncate(end);
    }
    argument
}

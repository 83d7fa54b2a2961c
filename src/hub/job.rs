//! A job as the Hub describes it: read tolerantly, every text of it cleaned.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::description::{Description, ENTRIES_MAX, WireDescription, field, whole};
use super::wire;
use crate::error::{Access, Request, Thing};
use crate::secrets::{Clean, Scrubber};
use crate::types::{JobId, Namespace, Reference, ScheduledJobId, Stage};

/// How the Hub's remark on a job begins whose volume could not be mounted.
const MOUNT_FAILURE: &str = "MountFailure";

/// A job or a scheduled job of one namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target<I = JobId> {
    /// The namespace.
    pub namespace: Namespace,
    /// Its id there.
    pub id: I,
}

/// A scheduled job of one namespace.
pub type ScheduledTarget = Target<ScheduledJobId>;

/// A job.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// The namespace that owns it and pays for it.
    pub namespace: Clean,
    /// What it is.
    pub spec: Description,
    /// Where it stands.
    pub stage: Stage,
    /// The Hub's remark on the stage.
    pub message: Option<Clean>,
    /// Why it was cancelled, if the Hub did it.
    pub cancel_reason: Option<Clean>,
    /// How many attempts failed.
    pub failures: Option<u64>,
    /// When it was submitted (RFC 3339).
    pub created_at: Option<Clean>,
    /// When it started.
    pub started_at: Option<Clean>,
    /// When it ended.
    pub finished_at: Option<Clean>,
    /// How long it waited for its machine, in seconds.
    pub scheduling_seconds: Option<u64>,
    /// How long it ran, in seconds.
    pub running_seconds: Option<u64>,
    /// Where its ports can be reached.
    pub expose_urls: Vec<Clean>,
    /// Where it can be reached by SSH.
    pub ssh_url: Option<Clean>,
    /// What started it, where that was not a call: `scheduled-job`, `duplicated-job`, `webhook`, and its id.
    pub initiator: Option<(Clean, Clean)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    id: String,
    created_at: Option<String>,
    started_at: Option<String>,
    finished_at: Option<String>,
    status: Option<WireStatus>,
    durations: Option<BTreeMap<String, Value>>,
    owner: Option<WireOwner>,
    initiator: Option<WireInitiator>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireStatus {
    stage: Option<String>,
    message: Option<String>,
    cancel_reason: Option<String>,
    failure_count: Option<u64>,
    expose_urls: Option<Vec<String>>,
    ssh_url: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct WireOwner {
    pub(super) name: Option<String>,
}

#[derive(Deserialize)]
struct WireInitiator {
    #[serde(rename = "type")]
    kind: Option<String>,
    id: Option<String>,
}

impl Job {
    /// Reads a job of an answer; `asked` is the namespace of the request, for an answer that names no owner.
    pub(super) fn read(mut answer: Value, asked: &str, scrubber: &Scrubber) -> Option<Self> {
        let wire: Wire = wire::read(&mut answer)?;
        let spec: WireDescription = wire::read(&mut answer)?;
        let id = JobId::parse(&wire.id).ok()?;
        let initiator = wire.initiator.and_then(|initiator| initiator.kind.zip(initiator.id));
        let owner = wire.owner.and_then(|owner| owner.name);
        let told = [Some(id.as_str()), owner.as_deref(), initiator.as_ref().map(|(_, id)| id.as_str())];
        told.into_iter().flatten().for_each(|name| scrubber.known().publish_told(name));
        if scrubber.hides(id.as_str()) {
            return None;
        }
        let line = |text: &String| field(text, scrubber);
        let status = wire.status.as_ref();
        let seconds = |name: &str| wire.durations.as_ref()?.get(name)?.as_f64().and_then(whole);
        Some(Self {
            id,
            namespace: field(owner.as_deref().unwrap_or(asked), scrubber),
            stage: Stage::parse(status.and_then(|status| status.stage.as_deref()).unwrap_or("UNKNOWN")),
            message: status.and_then(|status| status.message.as_ref()).filter(|text| !text.is_empty()).map(line),
            cancel_reason: status.and_then(|status| status.cancel_reason.as_ref()).map(line),
            failures: status.and_then(|status| status.failure_count).filter(|failures| *failures > 0),
            scheduling_seconds: seconds("schedulingSecs"),
            running_seconds: seconds("runningSecs"),
            created_at: wire.created_at.as_ref().map(line),
            started_at: wire.started_at.as_ref().map(line),
            finished_at: wire.finished_at.as_ref().map(line),
            expose_urls: status
                .and_then(|status| status.expose_urls.as_ref())
                .into_iter()
                .flatten()
                .take(ENTRIES_MAX)
                .map(line)
                .collect(),
            ssh_url: status.and_then(|status| status.ssh_url.as_ref()).map(line),
            initiator: initiator
                .filter(|(kind, _)| !matches!(kind.as_str(), "user" | "org"))
                .map(|(kind, id)| (line(&kind), line(&id))),
            spec: Description::read(spec, scrubber),
        })
    }

    /// Whether the job ended before it ran anything, since a volume could not be mounted.
    pub fn never_ran(&self) -> bool {
        self.stage == Stage::Error
            && self.running_seconds.unwrap_or_default() == 0
            && self.message.as_ref().is_some_and(|message| message.contains(MOUNT_FAILURE))
    }

    /// The target that names this job from now on: in the namespace that owns it.
    pub fn target(&self, asked: &Namespace) -> Target {
        let namespace = Namespace::parse(self.namespace.as_str()).unwrap_or_else(|_| asked.clone());
        Target { namespace, id: self.id.clone() }
    }
}

impl Target {
    /// A request about this job.
    pub(super) fn request(&self, access: Access) -> Request {
        Request::within(self.namespace.as_str(), Some(Thing::Job(self.id.to_string())), access)
    }
}

impl ScheduledTarget {
    /// A request about this scheduled job.
    pub(super) fn request(&self, access: Access) -> Request {
        Request::within(self.namespace.as_str(), Some(Thing::ScheduledJob(self.id.to_string())), access)
    }
}

impl<I> Target<I> {
    /// What a caller named, in the namespace that was found for it.
    pub fn of(reference: Reference<I>, namespace: Namespace) -> Self {
        Self { namespace, id: reference.id }
    }
}

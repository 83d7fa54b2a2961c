//! A job: what was asked, where it stands, and the `Job` that the API shows of it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde_json::{Map, Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::log::Log;
use super::process::Group;
use super::spec::JobSpec;

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Scheduling,
    Running,
    Completed,
    Error,
    Canceled,
    /// Never reached here; the API knows it.
    Deleted,
}

impl Stage {
    const ALL: [Self; 6] =
        [Self::Scheduling, Self::Running, Self::Completed, Self::Error, Self::Canceled, Self::Deleted];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Scheduling => "SCHEDULING",
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Error => "ERROR",
            Self::Canceled => "CANCELED",
            Self::Deleted => "DELETED",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == name)
    }

    /// Whether a job in it goes no further.
    pub(super) fn is_final(self) -> bool {
        !matches!(self, Self::Scheduling | Self::Running)
    }
}

/// What changes while a job goes on.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    pub(super) stage: Stage,
    pub(super) message: Option<String>,
    pub(super) started: Option<SystemTime>,
    pub(super) finished: Option<SystemTime>,
    /// Attempts that failed.
    pub(super) failures: u64,
}

/// One job.
pub(super) struct Job {
    pub(super) id: String,
    /// The namespace that owns it.
    pub(super) namespace: String,
    /// The `owner`, `createdBy`, `initiator` and `hfToken` of the API.
    pub(super) origin: Origin,
    pub(super) created: SystemTime,
    spec: Mutex<Arc<JobSpec>>,
    pub(super) progress: watch::Sender<Progress>,
    /// Its processes, while an attempt goes on.
    pub(super) group: Mutex<Option<Group>>,
    pub(super) log: Arc<Log>,
    /// Its directory, which exists once it runs.
    pub(super) directory: PathBuf,
    /// Asks it to end: canceled by a caller, or by the end of the Hub.
    pub(super) cancel: CancellationToken,
}

/// Where a job comes from, as the API shows it.
#[derive(Clone)]
pub(super) struct Origin {
    pub(super) owner: Value,
    pub(super) created_by: Value,
    pub(super) initiator: Value,
    pub(super) token: Value,
}

impl Job {
    /// A job that waits to be run.
    pub(super) fn new(
        id: String,
        namespace: String,
        origin: Origin,
        spec: Arc<JobSpec>,
        directory: PathBuf,
        cancel: CancellationToken,
    ) -> Self {
        let waiting = Progress { stage: Stage::Scheduling, message: None, started: None, finished: None, failures: 0 };
        Self {
            group: Mutex::default(),
            log: Arc::new(Log::new(directory.join("log"))),
            progress: watch::Sender::new(waiting),
            created: SystemTime::now(),
            id,
            namespace,
            origin,
            spec: Mutex::new(spec),
            directory,
            cancel,
        }
    }

    pub(super) fn stage(&self) -> Stage {
        self.progress.borrow().stage
    }

    /// Resolves once it goes no further.
    pub(super) async fn over(&self) {
        // The sender is in `self`: waiting can't fail.
        self.progress.subscribe().wait_for(|progress| progress.stage.is_final()).await.ok();
    }

    /// What it is asked to be, as of now: labels and exposed ports may change.
    pub(super) fn spec(&self) -> Arc<JobSpec> {
        Arc::clone(&self.spec.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut JobSpec)) {
        change(Arc::make_mut(&mut self.spec.lock().unwrap_or_else(PoisonError::into_inner)));
    }

    /// The `Job` of the API.
    pub(super) fn json(&self) -> Value {
        let progress = self.progress.borrow().clone();
        let time = |time: SystemTime| json!(humantime::format_rfc3339_millis(time).to_string());
        let now = progress.finished.unwrap_or_else(SystemTime::now);
        let seconds = |from: SystemTime, to: SystemTime| to.duration_since(from).map_or(0, |span| span.as_secs());
        let mut job = Map::new();
        let mut put = |name: &str, value: Value| drop(job.insert(name.to_owned(), value));
        put("type", json!("job"));
        put("id", json!(self.id));
        put("createdAt", time(self.created));
        let mut durations = Map::new();
        if let Some(started) = progress.started {
            put("startedAt", time(started));
            durations.insert("schedulingSecs".to_owned(), json!(seconds(self.created, started)));
            durations.insert("runningSecs".to_owned(), json!(seconds(started, now)));
        }
        if let Some(finished) = progress.finished {
            put("finishedAt", time(finished));
        }
        durations.insert("totalSecs".to_owned(), json!(seconds(self.created, now)));
        put("durations", Value::Object(durations));
        let spec = self.spec();
        spec.describe(&mut job);
        let mut put = |name: &str, value: Value| drop(job.insert(name.to_owned(), value));
        let mut status = json!({
            "stage": progress.stage.as_str(), "message": progress.message, "failureCount": progress.failures,
        });
        if let (Some(urls), Some(fields)) = (spec.exposed_urls(), status.as_object_mut()) {
            fields.insert("exposeUrls".to_owned(), json!(urls));
        }
        put("status", status);
        put("createdBy", self.origin.created_by.clone());
        put("owner", self.origin.owner.clone());
        put("initiator", self.origin.initiator.clone());
        put("hfToken", self.origin.token.clone());
        Value::Object(job)
    }
}

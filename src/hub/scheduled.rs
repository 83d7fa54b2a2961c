//! The calls below `/api/scheduled-jobs/{namespace}`: jobs that the Hub starts by itself, at times that a schedule names.

use std::time::SystemTime;

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::client::Caller;
use super::description::{Description, ENTRIES_MAX, WireDescription, field};
use super::job::{ScheduledTarget, WireOwner};
use super::jobs::{hub_time, labels_body};
use super::spec::JobSpec;
use super::wire;
use crate::error::{Access, Defect, HubError, Refusal, Request};
use crate::policy::{Change, Delete, Permit};
use crate::secrets::{Clean, Scanned, Scrubber, SealedBody};
use crate::types::{Labels, Namespace, Schedule, ScheduledJobId, Segment};

/// A scheduled job to make.
pub struct ScheduleSpec {
    /// The job that is started each time.
    pub job: JobSpec,
    /// When.
    pub schedule: Schedule,
    /// Made, and not started until it is resumed.
    pub suspend: bool,
    /// Started also while an earlier one still runs.
    pub concurrency: bool,
}

/// A scheduled job as the Hub describes it.
#[derive(Debug, Clone)]
pub struct ScheduledJob {
    /// Its id.
    pub id: ScheduledJobId,
    /// The namespace that owns it and pays for its jobs.
    pub namespace: Clean,
    /// When it runs.
    pub schedule: Clean,
    /// It is not started for now.
    pub suspended: bool,
    /// Why, if the Hub did it.
    pub suspend_reason: Option<Clean>,
    /// It is started also while an earlier one still runs.
    pub concurrency: bool,
    /// When it was made (RFC 3339).
    pub created_at: Option<Clean>,
    /// The id of the job that it started last, and when, where the Hub tells.
    pub last_job: Option<(Clean, Option<Clean>)>,
    /// When it is started next.
    pub next_run: Option<Clean>,
    /// The job that is started.
    pub spec: Description,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    id: String,
    created_at: Option<String>,
    schedule: String,
    #[serde(default)]
    suspend: bool,
    suspend_reason: Option<String>,
    #[serde(default)]
    concurrency: bool,
    status: Option<WireStatus>,
    owner: Option<WireOwner>,
    job_spec: WireDescription,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireStatus {
    last_job: Option<WireLastJob>,
    next_job_run_at: Option<String>,
}

#[derive(Deserialize)]
struct WireLastJob {
    id: String,
    at: Option<String>,
}

impl ScheduleSpec {
    /// The request less its secrets.
    pub fn readable(&self) -> serde_json::Map<String, Value> {
        self.around(self.job.readable())
    }

    /// The request as it is sent, its jobs under a label of their own.
    pub(super) fn seal(&self, request: &str) -> SealedBody {
        SealedBody::seal_within(self.around(self.job.labelled(request)), "jobSpec", &self.job.secrets)
    }

    fn around(&self, job: serde_json::Map<String, Value>) -> serde_json::Map<String, Value> {
        [
            ("jobSpec", Value::Object(job)),
            ("schedule", json!(self.schedule.as_str())),
            ("suspend", json!(self.suspend)),
            ("concurrency", json!(self.concurrency)),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}

impl ScheduledJob {
    fn read(mut answer: Value, asked: &str, scrubber: &Scrubber) -> Option<Self> {
        let wire: Wire = wire::read(&mut answer)?;
        let line = |text: &String| field(text, scrubber);
        let (last, next) = wire.status.map(|status| (status.last_job, status.next_job_run_at)).unwrap_or_default();
        let id = ScheduledJobId::parse(&wire.id).ok()?;
        let owner = wire.owner.and_then(|owner| owner.name);
        let told = [Some(id.as_str()), owner.as_deref(), last.as_ref().map(|job| job.id.as_str())];
        told.into_iter().flatten().for_each(|name| scrubber.known().publish_told(name));
        if scrubber.hides(id.as_str()) {
            return None;
        }
        Some(Self {
            id,
            namespace: field(owner.as_deref().unwrap_or(asked), scrubber),
            schedule: line(&wire.schedule),
            suspended: wire.suspend,
            suspend_reason: wire.suspend_reason.as_ref().map(line),
            concurrency: wire.concurrency,
            created_at: wire.created_at.as_ref().map(line),
            last_job: last.map(|job| (line(&job.id), job.at.as_ref().map(line))),
            next_run: next.as_ref().map(line),
            spec: Description::read(wire.job_spec, scrubber),
        })
    }

    /// The target that names it from now on: in the namespace that owns it.
    pub fn target(&self, asked: &Namespace) -> ScheduledTarget {
        let namespace = Namespace::parse(self.namespace.as_str()).unwrap_or_else(|_| asked.clone());
        ScheduledTarget { namespace, id: self.id.clone() }
    }
}

impl Caller {
    /// One scheduled job.
    pub async fn scheduled_job(&self, target: &ScheduledTarget) -> Result<ScheduledJob, HubError> {
        self.scheduled_job_and_time(target).await.map(|(job, _)| job)
    }

    /// One scheduled job, and the time by the Hub's clock.
    pub(super) async fn scheduled_job_and_time(
        &self,
        target: &ScheduledTarget,
    ) -> Result<(ScheduledJob, Option<SystemTime>), HubError> {
        let what = target.request(Access::Read);
        let (answer, headers) = self.get_page(self.scheduled_url(target, None), &what).await?;
        Ok((self.read_scheduled(answer, &target.namespace, &what)?, hub_time(&headers)))
    }

    /// The scheduled jobs of a namespace that have all these labels, at most 500, and how many more can't be read.
    pub async fn scheduled_jobs(
        &self,
        namespace: &Namespace,
        labels: &[(String, String)],
    ) -> Result<(Vec<ScheduledJob>, usize), HubError> {
        let what = Request::within(namespace.as_str(), None, Access::Read);
        let mut url = self.schedules_url(namespace);
        // The Hub takes one label; the others are compared here.
        if let Some((key, value)) = labels.first() {
            url.query_pairs_mut().append_pair("label", &format!("{key}={value}"));
        }
        let Value::Array(items) = self.get(url, &what).await? else {
            return Err(self.failure(&what, Refusal::BadAnswer(Defect::Lacks("a list of scheduled jobs"))).error);
        };
        let has = |item: &Value| {
            let of = item.get("jobSpec").and_then(|spec| spec.get("labels"));
            labels.iter().all(|(key, value)| {
                of.and_then(|labels| labels.get(key)).and_then(Value::as_str) == Some(value.as_str())
            })
        };
        let wanted = items.into_iter().filter(has).take(ENTRIES_MAX);
        let read: Vec<Option<ScheduledJob>> =
            wanted.map(|item| ScheduledJob::read(item, namespace.as_str(), self.scrubber())).collect();
        let unreadable = read.iter().filter(|job| job.is_none()).count();
        Ok((read.into_iter().flatten().collect(), unreadable))
    }

    /// Deletes a scheduled job. Jobs that it started go on.
    pub async fn delete_scheduled(&self, _permit: Permit<Delete>, target: &ScheduledTarget) -> Result<(), HubError> {
        self.change(Method::DELETE, self.scheduled_url(target, None), None, &target.request(Access::Write)).await
    }

    /// Suspends or resumes a scheduled job.
    pub async fn set_suspended(
        &self,
        _permit: Permit<Change>,
        target: &ScheduledTarget,
        suspended: bool,
    ) -> Result<(), HubError> {
        let url = self.scheduled_url(target, Some(if suspended { "suspend" } else { "resume" }));
        self.change(Method::POST, url, None, &target.request(Access::Write)).await
    }

    /// Gives a scheduled job another schedule; all else of it stays.
    pub async fn set_schedule(
        &self,
        _permit: Permit<Change>,
        target: &ScheduledTarget,
        schedule: &Schedule,
    ) -> Result<(), HubError> {
        let body = std::iter::once(("schedule".to_owned(), json!(schedule.as_str()))).collect();
        let url = self.scheduled_url(target, Some("schedule"));
        self.change(Method::POST, url, Some(SealedBody::plain(body)), &target.request(Access::Write)).await
    }

    /// Replaces the labels of a scheduled job.
    pub async fn set_scheduled_labels(
        &self,
        _permit: Permit<Change>,
        target: &ScheduledTarget,
        labels: Scanned<Labels>,
    ) -> Result<(), HubError> {
        let body = SealedBody::plain(labels_body(labels.get()));
        let url = self.scheduled_url(target, Some("labels"));
        self.change(Method::PUT, url, Some(body), &target.request(Access::Write)).await
    }

    pub(super) fn read_scheduled(
        &self,
        value: Value,
        namespace: &Namespace,
        what: &Request,
    ) -> Result<ScheduledJob, HubError> {
        ScheduledJob::read(value, namespace.as_str(), self.scrubber())
            .ok_or_else(|| self.failure(what, Refusal::BadAnswer(Defect::Lacks("a scheduled job"))).error)
    }

    pub(super) fn schedules_url(&self, namespace: &Namespace) -> Url {
        self.endpoint().url(&[Segment::fixed("api"), Segment::fixed("scheduled-jobs"), namespace.into()])
    }

    pub(super) fn scheduled_url(&self, target: &ScheduledTarget, below: Option<&'static str>) -> Url {
        let mut segments = vec![
            Segment::fixed("api"),
            Segment::fixed("scheduled-jobs"),
            (&target.namespace).into(),
            (&target.id).into(),
        ];
        segments.extend(below.map(Segment::fixed));
        self.endpoint().url(&segments)
    }
}

//! The calls below `/api/jobs/{namespace}` that read or change what is there.

use std::cmp::Reverse;
use std::time::SystemTime;

use reqwest::Method;
use reqwest::header::{DATE, HeaderMap, LINK};
use serde_json::{Map, Value};
use url::Url;

use super::client::Caller;
use super::job::{Job, Target};
use crate::error::{Access, Defect, HubError, Refusal, Request};
use crate::policy::{Cancel, Change, Permit};
use crate::secrets::{Scanned, SealedBody};
use crate::types::{Expose, Labels, Namespace, Segment, Stage, Timestamp};

/// How many pages a listing follows: with pages of 25 jobs or more, as many jobs as any answer shows.
const PAGES_MAX: usize = 20;

/// Which jobs a listing asks for.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// Any of these stages; none means all.
    pub stages: Vec<Stage>,
    /// All of these labels.
    pub labels: Vec<(String, String)>,
    /// How many jobs at most.
    pub limit: usize,
}

/// Jobs of a namespace.
#[derive(Debug)]
pub struct JobList {
    /// The jobs, newest first.
    pub jobs: Vec<Job>,
    /// There are more than asked for, or than can be followed.
    pub more: bool,
    /// How many more the Hub told in a way that can't be read.
    pub unreadable: usize,
}

/// Where a listing goes on.
enum NextPage {
    None,
    At(Url),
    /// On another origin, where no token goes.
    Elsewhere,
}

impl Caller {
    /// One job.
    pub async fn job(&self, target: &Target) -> Result<Job, HubError> {
        self.job_and_time(target).await.map(|(job, _)| job)
    }

    /// One job, and the time by the Hub's clock, to which its own times belong.
    pub(super) async fn job_and_time(&self, target: &Target) -> Result<(Job, Option<SystemTime>), HubError> {
        let what = target.request(Access::Read);
        let (answer, headers) = self.get_page(self.job_url(target, None), &what).await?;
        Ok((self.read_job(answer, &target.namespace, &what)?, hub_time(&headers)))
    }

    /// The jobs of a namespace.
    pub async fn jobs(&self, namespace: &Namespace, filter: &JobFilter) -> Result<JobList, HubError> {
        let what = Request::within(namespace.as_str(), None, Access::Read);
        let mut url = self.endpoint().url(&[Segment::fixed("api"), Segment::fixed("jobs"), namespace.into()]);
        for stage in &filter.stages {
            url.query_pairs_mut().append_pair("stage", stage.as_str());
        }
        for (key, value) in &filter.labels {
            url.query_pairs_mut().append_pair("label", &format!("{key}={value}"));
        }
        let mut jobs = Vec::new();
        let mut more = true;
        let mut unreadable = 0;
        let mut error = None;
        for _ in 0..PAGES_MAX {
            let (answer, headers) = self.get_page(url.clone(), &what).await?;
            let Value::Array(items) = answer else {
                return Err(self.failure(&what, Refusal::BadAnswer(Defect::Lacks("a list of jobs"))).error);
            };
            for item in items {
                let labels = item.get("labels").cloned().unwrap_or_default();
                // One job that can't be read must not hide the others.
                match self.read_job(item, namespace, &what) {
                    Ok(job) if matches(&job, &labels, filter) => jobs.push(job),
                    Ok(_) => {}
                    Err(reason) => {
                        unreadable += 1;
                        error = Some(reason);
                    }
                }
            }
            let next = self.next_page(&url, &headers);
            let is_full = jobs.len() > filter.limit || (jobs.len() == filter.limit && !matches!(next, NextPage::None));
            if is_full && !is_oldest_first(&jobs) {
                break;
            }
            match (next, error.take()) {
                (NextPage::At(next), _) => url = next,
                (NextPage::Elsewhere, _) => break,
                (NextPage::None, Some(error)) if jobs.is_empty() => return Err(error),
                (NextPage::None, _) => {
                    more = false;
                    break;
                }
            }
        }
        jobs.sort_by_cached_key(|job| Reverse(created(job)));
        more |= jobs.len() > filter.limit;
        jobs.truncate(filter.limit);
        Ok(JobList { jobs, more, unreadable })
    }

    /// How many jobs of these stages a namespace has.
    pub async fn count(&self, namespace: &Namespace, stages: &[Stage]) -> Result<Option<u64>, HubError> {
        let segments = [Segment::fixed("api"), Segment::fixed("jobs"), namespace.into(), Segment::fixed("count")];
        let mut url = self.endpoint().url(&segments);
        for stage in stages {
            url.query_pairs_mut().append_pair("stage", stage.as_str());
        }
        let answer = self.get(url, &Request::within(namespace.as_str(), None, Access::Read)).await?;
        Ok(answer.get("count").and_then(Value::as_u64))
    }

    /// Cancels a job. What it became is read afterwards with [`Caller::job`]: this answer may be empty.
    pub async fn cancel(&self, _permit: Permit<Cancel>, target: &Target) -> Result<(), HubError> {
        let what = target.request(Access::Write);
        self.change(Method::POST, self.job_url(target, Some("cancel")), None, &what).await
    }

    /// Replaces the labels of a job, less the server's own, which stays.
    pub async fn set_labels(
        &self,
        _permit: Permit<Change>,
        job: &Target,
        labels: Scanned<Labels>,
    ) -> Result<Job, HubError> {
        let what = job.request(Access::Write);
        let body = SealedBody::plain(labels_body(labels.get()));
        let (answer, _) = self
            .json(Method::PUT, self.job_url(job, Some("labels")), Some(body), &what)
            .await
            .map_err(|failure| failure.error)?;
        self.read_job(answer, &job.namespace, &what)
    }

    /// Replaces the ports of a running job that can be reached from outside.
    pub async fn set_ports(&self, _permit: Permit<Change>, job: &Target, ports: &Expose) -> Result<Job, HubError> {
        let what = job.request(Access::Write);
        let body = match ports.to_json() {
            Value::Object(body) => SealedBody::plain(body),
            _ => SealedBody::plain(Map::new()),
        };
        let (answer, _) = self
            .json(Method::PUT, self.job_url(job, Some("expose")), Some(body), &what)
            .await
            .map_err(|failure| failure.error)?;
        self.read_job(answer, &job.namespace, &what)
    }

    /// Sends a change whose answer says nothing that counts: it may be empty, `OK`, or JSON.
    pub(super) async fn change(
        &self,
        method: Method,
        url: Url,
        body: Option<SealedBody>,
        what: &Request,
    ) -> Result<(), HubError> {
        match self.send(method, url, body, what, "application/json").await {
            Ok(_) => Ok(()),
            Err(failure) => Err(failure.error),
        }
    }

    /// The address of a job, or of something below it.
    pub(super) fn job_url(&self, target: &Target, below: Option<&'static str>) -> Url {
        let mut segments =
            vec![Segment::fixed("api"), Segment::fixed("jobs"), (&target.namespace).into(), (&target.id).into()];
        segments.extend(below.map(Segment::fixed));
        self.endpoint().url(&segments)
    }

    pub(super) fn read_job(&self, value: Value, namespace: &Namespace, what: &Request) -> Result<Job, HubError> {
        Job::read(value, namespace.as_str(), self.scrubber())
            .ok_or_else(|| self.failure(what, Refusal::BadAnswer(Defect::Lacks("a job"))).error)
    }

    /// The next page of a listing (RFC 8288), if it is on the Hub's own origin: the token goes along.
    fn next_page(&self, page: &Url, headers: &HeaderMap) -> NextPage {
        let links = headers.get_all(LINK).iter().filter_map(|link| link.to_str().ok());
        // An address may hold a comma, so it is taken out before its parameters are looked at.
        let next = links.flat_map(|link| link.split('<').skip(1)).find_map(|part| {
            let (address, parameters) = part.split_once('>')?;
            let parameters = parameters.to_ascii_lowercase();
            ["rel=\"next\"", "rel=next"].iter().any(|next| parameters.contains(next)).then_some(address)
        });
        let Some(address) = next else { return NextPage::None };
        match page.join(address) {
            Ok(url) if self.endpoint().same_origin(&url) => NextPage::At(url),
            _ => NextPage::Elsewhere,
        }
    }
}

/// The time of an answer by the Hub's clock.
pub(super) fn hub_time(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()
}

/// When a job was submitted.
fn created(job: &Job) -> Option<Timestamp> {
    Timestamp::parse(job.created_at.as_ref()?).ok()
}

/// Whether the newest jobs are on the last page. The Hub does not document its order; its own client shows the newest first.
fn is_oldest_first(jobs: &[Job]) -> bool {
    let ends = jobs.first().and_then(created).zip(jobs.last().and_then(created));
    ends.is_some_and(|(first, last)| first < last)
}

/// The body that replaces labels.
pub(super) fn labels_body(labels: &Labels) -> Map<String, Value> {
    std::iter::once(("labels".to_owned(), labels.to_json())).collect()
}

/// The Hub's documents disagree on whether several labels must all match, so they are compared again here.
fn matches(job: &Job, labels: &Value, filter: &JobFilter) -> bool {
    let stage = filter.stages.is_empty() || filter.stages.contains(&job.stage);
    stage && filter.labels.iter().all(|(key, value)| labels.get(key).and_then(Value::as_str) == Some(value))
}

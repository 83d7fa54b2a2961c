//! The calls below `/api/jobs/{namespace}` that read or cancel.

use reqwest::Method;
use reqwest::header::{HeaderMap, LINK};
use serde_json::Value;
use url::Url;

use super::client::Caller;
use super::job::{Job, Target};
use crate::error::{HubError, Refusal, Request};
use crate::policy::{Cancel, Permit};
use crate::types::{Namespace, Segment, Stage};

/// How many pages a listing follows: with the Hub's page of about a hundred jobs, more than any answer shows.
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

impl Caller {
    /// One job.
    pub async fn job(&self, target: &Target) -> Result<Job, HubError> {
        let what = reading(&target.namespace, Some(target));
        let answer = self.get(self.job_url(target, None), &what).await?;
        self.read_job(answer, &target.namespace, &what)
    }

    /// The jobs of a namespace, newest first, and whether there are more than asked for.
    pub async fn jobs(&self, namespace: &Namespace, filter: &JobFilter) -> Result<(Vec<Job>, bool), HubError> {
        let what = reading(namespace, None);
        let mut url = self.endpoint().url(&[Segment::fixed("api"), Segment::fixed("jobs"), namespace.into()]);
        for stage in &filter.stages {
            url.query_pairs_mut().append_pair("stage", stage.as_str());
        }
        for (key, value) in &filter.labels {
            url.query_pairs_mut().append_pair("label", &format!("{key}={value}"));
        }
        let mut jobs = Vec::new();
        let mut unreadable = None;
        for _ in 0..PAGES_MAX {
            let (answer, headers) = self.get_page(url, &what).await?;
            let Value::Array(items) = answer else {
                return Err(self.failure(&what, Refusal::BadAnswer("no list of jobs".to_owned())).error);
            };
            for item in items {
                let labels = item.get("labels").cloned().unwrap_or_default();
                // One job that can't be read must not hide the others.
                match self.read_job(item, namespace, &what) {
                    Ok(job) if matches(&job, &labels, filter) => jobs.push(job),
                    Ok(_) => {}
                    Err(error) => unreadable = Some(error),
                }
            }
            let next = self.next_page(&headers);
            if jobs.len() > filter.limit || (jobs.len() == filter.limit && next.is_some()) {
                jobs.truncate(filter.limit);
                return Ok((jobs, true));
            }
            match next {
                Some(next) => url = next,
                None => match unreadable {
                    Some(error) if jobs.is_empty() => return Err(error),
                    _ => return Ok((jobs, false)),
                },
            }
        }
        Ok((jobs, true))
    }

    /// How many jobs of these stages a namespace has.
    pub async fn count(&self, namespace: &Namespace, stages: &[Stage]) -> Result<Option<u64>, HubError> {
        let segments = [Segment::fixed("api"), Segment::fixed("jobs"), namespace.into(), Segment::fixed("count")];
        let mut url = self.endpoint().url(&segments);
        for stage in stages {
            url.query_pairs_mut().append_pair("stage", stage.as_str());
        }
        let answer = self.get(url, &reading(namespace, None)).await?;
        Ok(answer.get("count").and_then(Value::as_u64))
    }

    /// Cancels a job. What it became is read afterwards with [`Caller::job`]: this answer may be empty.
    pub async fn cancel(&self, _permit: Permit<Cancel>, target: &Target) -> Result<(), HubError> {
        let what = Request::Write { namespace: target.namespace.to_string(), job: Some(target.id.to_string()) };
        let url = self.job_url(target, Some("cancel"));
        match self.send(Method::POST, url, None, &what, "application/json").await {
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
            .map_err(|reason| self.failure(what, Refusal::BadAnswer(reason)).error)
    }

    /// The next page of a listing (RFC 8288), if it is on the Hub's own origin: the token goes along.
    fn next_page(&self, headers: &HeaderMap) -> Option<Url> {
        let link = headers.get(LINK)?.to_str().ok()?;
        // An address may hold a comma, so it is taken out before its parameters are looked at.
        let address = link.split('<').skip(1).find_map(|part| {
            let (address, parameters) = part.split_once('>')?;
            parameters.contains("rel=\"next\"").then_some(address)
        })?;
        let url = Url::parse(address).ok()?;
        self.endpoint().same_origin(&url).then_some(url)
    }
}

pub(super) fn reading(namespace: &Namespace, target: Option<&Target>) -> Request {
    Request::Read { namespace: namespace.to_string(), job: target.map(|target| target.id.to_string()) }
}

/// The Hub's documents disagree on whether several labels must all match, so they are compared again here.
fn matches(job: &Job, labels: &Value, filter: &JobFilter) -> bool {
    let stage = filter.stages.is_empty() || filter.stages.contains(&job.stage);
    stage && filter.labels.iter().all(|(key, value)| labels.get(key).and_then(Value::as_str) == Some(value))
}

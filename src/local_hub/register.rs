//! The jobs that the Hub knows of, in the order of their creation, within a bound.

use std::collections::VecDeque;
use std::sync::Arc;

use super::job::{Job, Stage};

/// The most jobs that are kept. Beyond it the oldest finished one goes, with its log.
const MAX_JOBS: usize = 1000;

/// The jobs, oldest first, each with a number that rises.
#[derive(Default)]
pub(super) struct Register {
    jobs: VecDeque<(u64, Arc<Job>)>,
    next: u64,
}

/// Which jobs are asked for: of one namespace, in any of the stages (none given: in every stage), with all labels.
pub(super) struct Filter<'a> {
    pub(super) namespace: &'a str,
    pub(super) stages: Vec<Stage>,
    pub(super) labels: Vec<(&'a str, &'a str)>,
}

/// Some of the jobs that a filter lets through, newest first.
pub(super) struct Page {
    pub(super) jobs: Vec<Arc<Job>>,
    /// Where the next page begins, if there is one.
    pub(super) next: Option<u64>,
}

/// Every job that is kept still waits or runs.
#[derive(Debug)]
pub(super) struct Full;

impl Register {
    /// Keeps a job; returns one that had to make room.
    pub(super) fn add(&mut self, job: Arc<Job>) -> Result<Option<Arc<Job>>, Full> {
        let mut gone = None;
        if self.jobs.len() >= MAX_JOBS {
            let oldest = self.jobs.iter().position(|(_, job)| job.stage().is_final()).ok_or(Full)?;
            gone = self.jobs.remove(oldest).map(|(_, job)| job);
        }
        self.jobs.push_back((self.next, job));
        self.next += 1;
        Ok(gone)
    }

    pub(super) fn find(&self, namespace: &str, id: &str) -> Option<Arc<Job>> {
        self.all().find(|job| job.id == id && job.namespace == namespace).cloned()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Job>> {
        self.jobs.iter().map(|(_, job)| job)
    }

    pub(super) fn count(&self, filter: &Filter<'_>) -> usize {
        self.all().filter(|job| filter.admits(job)).count()
    }

    /// At most `size` jobs, from the one with the number `from` downwards.
    pub(super) fn page(&self, filter: &Filter<'_>, from: Option<u64>, size: usize) -> Page {
        let below = self.jobs.iter().rev().filter(|(number, _)| from.is_none_or(|from| *number <= from));
        let mut admitted = below.filter(|(_, job)| filter.admits(job));
        let jobs = admitted.by_ref().take(size).map(|(_, job)| Arc::clone(job)).collect();
        Page { jobs, next: admitted.next().map(|(number, _)| *number) }
    }
}

impl Filter<'_> {
    fn admits(&self, job: &Job) -> bool {
        job.namespace == self.namespace
            && (self.stages.is_empty() || self.stages.contains(&job.stage()))
            && self.labels.iter().all(|(key, value)| job.spec().has_label(key, value))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::local_hub::job::Origin;
    use crate::local_hub::spec::JobSpec;

    fn job(id: usize, namespace: &str, label: &str) -> Arc<Job> {
        let body = json!({"command": ["true"], "flavor": "cpu-basic", "dockerImage": "a", "labels": {"team": label}});
        let spec = JobSpec::read(&body).value.ok().unwrap();
        let [owner, created_by, initiator, token] = [const { Value::Null }; 4];
        let origin = Origin { owner, created_by, initiator, token };
        let cancel = CancellationToken::new();
        Arc::new(Job::new(id.to_string(), namespace.into(), origin, Arc::new(spec), "nowhere".into(), cancel))
    }

    fn ids(page: &Page) -> Vec<&str> {
        page.jobs.iter().map(|job| job.id.as_str()).collect()
    }

    #[test]
    fn pages_run_from_the_newest_and_new_jobs_do_not_shift_them() {
        let mut register = Register::default();
        for id in 0..7 {
            register.add(job(id, if id == 3 { "acme" } else { "local" }, "a")).unwrap();
        }
        let filter = Filter { namespace: "local", stages: vec![], labels: vec![] };
        let first = register.page(&filter, None, 4);
        assert_eq!(ids(&first), ["6", "5", "4", "2"]);
        register.add(job(7, "local", "a")).unwrap();
        let second = register.page(&filter, first.next, 4);
        assert_eq!((ids(&second), second.next), (vec!["1", "0"], None));
        assert_eq!(register.page(&filter, None, 7).next, None, "a full last page has no next");
        assert_eq!(register.count(&filter), 7);
    }

    #[test]
    fn any_stage_and_every_label_must_hold() {
        let mut register = Register::default();
        register.add(job(0, "local", "a")).unwrap();
        register.add(job(1, "local", "b")).unwrap();
        let admitted = |stages: &[Stage], labels: &[(&'static str, &'static str)]| {
            register.count(&Filter { namespace: "local", stages: stages.to_vec(), labels: labels.to_vec() })
        };
        assert_eq!(admitted(&[Stage::Running, Stage::Scheduling], &[("team", "a")]), 1);
        assert_eq!(admitted(&[Stage::Running], &[]), 0);
        assert_eq!(admitted(&[], &[("team", "a"), ("team", "b")]), 0);
    }

    #[test]
    fn the_oldest_finished_job_makes_room() {
        let mut register = Register::default();
        for id in 0..MAX_JOBS {
            register.add(job(id, "local", "a")).unwrap();
        }
        assert!(register.add(job(MAX_JOBS, "local", "a")).is_err());
        let finished = register.find("local", "5").unwrap();
        finished.progress.send_modify(|progress| progress.stage = Stage::Completed);
        assert_eq!(register.add(job(MAX_JOBS, "local", "a")).unwrap().unwrap().id, "5");
        assert!(register.find("local", "5").is_none());
    }
}

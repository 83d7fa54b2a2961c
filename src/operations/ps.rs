//! `ps`: the jobs of a namespace.

use super::Work;
use super::outcome::{Listing, Outcome};
use crate::error::Error;
use crate::hub::{JobFilter, JobList};
use crate::types::{Namespace, Stage};

/// Which jobs to list.
#[derive(Debug, Clone, Default)]
pub struct PsQuery {
    /// Of every stage.
    pub all: bool,
    /// Of these stages.
    pub stages: Vec<Stage>,
    /// With these labels.
    pub labels: Vec<(String, String)>,
    /// How many at most.
    pub limit: usize,
    /// Whose; without one, the caller's.
    pub namespace: Option<Namespace>,
}

impl Work<'_> {
    pub(super) async fn ps(&mut self, query: PsQuery) -> Result<Outcome, Error> {
        let caller = self.caller()?;
        let active_only = !query.all && query.stages.is_empty();
        let stages = if active_only { vec![Stage::Scheduling, Stage::Running] } else { query.stages };
        let namespace = caller.namespace(query.namespace).await?;
        let filter = JobFilter { stages, labels: query.labels, limit: query.limit };
        let JobList { jobs, more, unreadable } = caller.jobs(&namespace, &filter).await?;
        // The total helps where it can be had; a label can't be counted.
        let total = if more && filter.labels.is_empty() {
            caller.count(&namespace, &filter.stages).await.ok().flatten()
        } else {
            None
        };
        let namespace = self.operations.scrubber.clean_line(namespace.as_str());
        Ok(Outcome::Listed(Listing { namespace, jobs, more, total, active_only, unreadable }))
    }
}

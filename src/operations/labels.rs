//! `labels` and `scheduled labels`: add, replace or remove the labels of a job.

use super::Work;
use super::outcome::Outcome;
use super::targets::Targets;
use crate::error::{Error, Problem, Warning};
use crate::hub::Description;
use crate::secrets::Scanned;
use crate::types::{JobId, Labels, ScheduledJobId};

/// Which job's labels to change, and how.
#[derive(Debug, Clone)]
pub struct LabelsQuery<I> {
    /// The job.
    pub target: Targets<I>,
    /// The change.
    pub change: LabelChange,
    /// Warnings about the arguments.
    pub warnings: Vec<Warning>,
}

/// A change of labels. The server's own label stays in any case.
#[derive(Debug, Clone)]
pub enum LabelChange {
    /// Some are set, some are removed, the others stay.
    Add {
        /// The labels to set.
        set: Labels,
        /// The keys of the labels to remove.
        remove: Vec<String>,
    },
    /// These are all labels from now on.
    Replace(Labels),
    /// All labels are removed.
    Clear,
}

impl Work<'_> {
    pub(super) async fn labels(&mut self, query: LabelsQuery<JobId>) -> Result<Outcome, Error> {
        let caller = self.caller()?;
        let LabelsQuery { target, change, mut warnings } = query;
        let target = self.target(&caller, target).await?;
        let before = caller.job(&target).await?;
        let labels = self.labels_after(&before.spec, &change, &mut warnings)?;
        let permit = self.operations.policy.permit(self.name)?;
        let job = caller.set_labels(permit, &target, labels).await?;
        Ok(Outcome::Changed(Box::new(job), warnings))
    }

    pub(super) async fn scheduled_labels(&mut self, query: LabelsQuery<ScheduledJobId>) -> Result<Outcome, Error> {
        let caller = self.caller()?;
        let LabelsQuery { target, change, mut warnings } = query;
        let target = self.target(&caller, target).await?;
        let before = caller.scheduled_job(&target).await?;
        let labels = self.labels_after(&before.spec, &change, &mut warnings)?;
        let permit = self.operations.policy.permit(self.name)?;
        caller.set_scheduled_labels(permit, &target, labels).await?;
        Ok(Outcome::ScheduledChanged(Box::new(caller.scheduled_job(&target).await?), warnings))
    }

    /// The labels that a job has after a change. What the caller may not expect of it becomes a warning.
    fn labels_after(
        &self,
        before: &Description,
        change: &LabelChange,
        warnings: &mut Vec<Warning>,
    ) -> Result<Scanned<Labels>, Error> {
        let refused = |problem: Problem| Error::argument(self.name, problem.at("labels"));
        let mut labels = Labels::default();
        match change {
            LabelChange::Add { set, remove } => {
                before.keep_labels(&mut labels).map_err(|problem| refused(not_kept(problem)))?;
                let absent: Vec<String> = remove.iter().filter(|key| !labels.remove(key)).cloned().collect();
                if !absent.is_empty() {
                    warnings.push(Warning::LabelsAbsent { keys: absent });
                }
                set.iter().try_for_each(|(key, value)| labels.keep(key, value)).map_err(refused)?;
            }
            LabelChange::Replace(set) => {
                labels = set.clone();
                warnings.extend(removed(before, &labels));
            }
            LabelChange::Clear => {}
        }
        before.keep_request_label(&mut labels).map_err(refused)?;
        let scan = self.operations.scan();
        scan.clear("labels", labels).map_err(|faults| Error::Arguments { operation: self.name.to_owned(), faults })
    }
}

/// A label of the job that the Hub would not take again, so that the others can't be kept beside it either.
fn not_kept(problem: Problem) -> Problem {
    match problem {
        Problem::Malformed { value, .. } => {
            let expected =
                "a label of this job that can be sent again; pass all labels that it is to have, with `replace`";
            Problem::malformed(value, expected)
        }
        other => other,
    }
}

/// A warning that names the labels whose keys are not among those that replace them.
fn removed(before: &Description, after: &Labels) -> Option<Warning> {
    let gone = before.labels.iter().filter(|(key, _)| after.get(key).is_none());
    let labels: Vec<String> = gone.map(|(key, value)| format!("{key}={value}")).collect();
    (!labels.is_empty()).then_some(Warning::LabelsRemoved { labels })
}

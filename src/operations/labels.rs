//! `labels` and `scheduled labels`: what a job is called.

use super::Work;
use super::outcome::Outcome;
use super::targets::Targets;
use crate::error::{Error, Problem, Warning};
use crate::hub::Description;
use crate::secrets::Scanned;
use crate::types::{Id, JobId, JobName, Labels, ScheduledJobId};

/// The labels that a job is to have.
#[derive(Debug, Clone)]
pub struct LabelsQuery<I> {
    /// Which job.
    pub target: Targets<I>,
    /// All labels; without any, those that it has.
    pub labels: Labels,
    /// None at all.
    pub clear: bool,
    /// Its name.
    pub name: Option<JobName>,
    /// Remarks on the arguments.
    pub warnings: Vec<Warning>,
}

impl Work<'_> {
    pub(super) async fn labels(&mut self, query: LabelsQuery<JobId>) -> Result<Outcome, Error> {
        self.check_labels(&query);
        let caller = self.caller()?;
        let LabelsQuery { target, labels, clear, name, mut warnings } = query;
        let target = self.target(&caller, target).await?;
        let before = caller.job(&target).await?;
        let labels = self.labels_after(&before.spec, labels, clear, name.as_ref())?;
        warnings.extend(removed(&before.spec, &labels).filter(|_| !clear));
        let permit = self.operations.policy.permit(self.name)?;
        let job = caller.set_labels(permit, &target, labels).await?;
        Ok(Outcome::Changed(Box::new(job), warnings))
    }

    pub(super) async fn scheduled_labels(&mut self, query: LabelsQuery<ScheduledJobId>) -> Result<Outcome, Error> {
        self.check_labels(&query);
        let caller = self.caller()?;
        let LabelsQuery { target, labels, clear, name, mut warnings } = query;
        let target = self.target(&caller, target).await?;
        let before = caller.scheduled_job(&target).await?;
        let labels = self.labels_after(&before.spec, labels, clear, name.as_ref())?;
        warnings.extend(removed(&before.spec, &labels).filter(|_| !clear));
        let permit = self.operations.policy.permit(self.name)?;
        caller.set_scheduled_labels(permit, &target, labels).await?;
        Ok(Outcome::ScheduledChanged(Box::new(caller.scheduled_job(&target).await?), warnings))
    }

    fn check_labels<I: Id>(&mut self, query: &LabelsQuery<I>) {
        let sets = query.name.is_some() || !query.labels.is_empty();
        let wrong_already = self.faults.iter().any(|fault| fault.overlaps("labels") || fault.overlaps("name"));
        if query.clear && sets {
            let with = if query.labels.is_empty() { "name" } else { "labels" };
            self.faults.push(Problem::Conflict { with: with.to_owned() }.at("clear"));
        } else if !query.clear && !sets && !wrong_already {
            self.faults.push(Problem::Missing.at("labels"));
        }
    }

    /// The labels that a job has afterwards: those given replace all, a name alone keeps the others, and the server's own
    /// label stays in any case.
    fn labels_after(
        &self,
        before: &Description,
        given: Labels,
        clear: bool,
        name: Option<&JobName>,
    ) -> Result<Scanned<Labels>, Error> {
        let refused = |problem: Problem| Error::argument(self.name, problem.at("labels"));
        let mut labels = given;
        if labels.is_empty() && !clear {
            before.keep_labels(&mut labels).map_err(refused)?;
        }
        if let Some(name) = name {
            labels.set_name(name);
        }
        before.keep_request_label(&mut labels).map_err(refused)?;
        let scan = self.operations.scan();
        scan.clear("labels", labels).map_err(|faults| Error::Arguments { operation: self.name.to_owned(), faults })
    }
}

/// Remarks on the labels that are not among those that replace them.
fn removed(before: &Description, after: &Scanned<Labels>) -> Option<Warning> {
    let gone = before.labels.iter().filter(|(key, _)| after.get().get(key).is_none());
    let labels: Vec<String> = gone.map(|(key, value)| format!("{key}={value}")).collect();
    (!labels.is_empty()).then_some(Warning::LabelsRemoved { labels })
}

//! The jobs that a call names, by id, by `namespace/id` or by their page.

use super::Work;
use crate::error::{Error, Fault, Problem};
use crate::hub::{Caller, Target};
use crate::types::{Id, JobId, Namespace, Reference};

/// The jobs that a call names.
#[derive(Debug, Clone)]
pub struct Targets<I = JobId> {
    /// Each with its namespace, if that is part of its name.
    pub jobs: Vec<Reference<I>>,
    /// The namespace of the others; without one, the caller's.
    pub namespace: Option<Namespace>,
}

impl Work<'_> {
    /// The named jobs, each in its namespace.
    pub(super) async fn targets<I: Id>(
        &mut self,
        caller: &Caller,
        targets: Targets<I>,
    ) -> Result<Vec<Target<I>>, Error> {
        let mut own = targets.namespace;
        let mut found: Vec<Target<I>> = Vec::with_capacity(targets.jobs.len());
        for reference in targets.jobs {
            let Reference { namespace, id } = reference;
            let namespace = match (namespace, &own) {
                (Some(named), Some(given)) if named != *given => {
                    return Err(Error::argument(self.name, conflict(given)));
                }
                (Some(named), _) => named,
                (None, Some(own)) => own.clone(),
                (None, None) => own.insert(caller.namespace(None).await?).clone(),
            };
            if !found.iter().any(|known| known.id == id && known.namespace == namespace) {
                found.push(Target { namespace, id });
            }
        }
        Ok(found)
    }

    /// The one job that a call names.
    pub(super) async fn target<I: Id>(&mut self, caller: &Caller, targets: Targets<I>) -> Result<Target<I>, Error> {
        let found = self.targets(caller, targets).await?;
        found.into_iter().next().ok_or(Error::Internal { during: "finding the job of a call" })
    }
}

fn conflict(given: &Namespace) -> Fault {
    Problem::malformed(given.as_str(), "the namespace that the id names").at("namespace")
}

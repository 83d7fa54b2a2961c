//! The jobs that a call names, by id, by `namespace/id` or by their page.

use super::Work;
use crate::error::{Error, Fault, Problem};
use crate::hub::{Caller, Target};
use crate::types::{JobReference, Namespace};

/// The jobs that a call names.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    /// Each with its namespace, if that is part of its name.
    pub jobs: Vec<JobReference>,
    /// The namespace of the others; without one, the caller's.
    pub namespace: Option<Namespace>,
}

impl Work<'_> {
    /// The named jobs, each in its namespace.
    pub(super) async fn targets(&mut self, caller: &Caller, targets: Targets) -> Result<Vec<Target>, Error> {
        let mut own = targets.namespace;
        let mut found: Vec<Target> = Vec::with_capacity(targets.jobs.len());
        for reference in targets.jobs {
            let JobReference { namespace, id } = reference;
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
}

fn conflict(given: &Namespace) -> Fault {
    Problem::malformed(given.as_str(), "the namespace that `job_id` names").at("namespace")
}

//! May it be done? Pure: no I/O. A write to the Hub consumes the [`Permit`] that is given here.

mod cost;

use std::marker::PhantomData;

pub use cost::{DEFAULT_TIMEOUT_SECONDS, MicroUsd};

use crate::error::Error;

/// The flag that forbids all changes.
const READ_ONLY: &str = "--read-only";
/// The flag that forbids single operations.
const EXCLUDE: &str = "--exclude-operations";

/// What the operator allows.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Nothing that changes the Hub is done.
    pub read_only: bool,
    /// Operations that are not offered.
    pub excluded: Vec<String>,
}

/// Starting something that is billed: a job, or a schedule of jobs.
#[derive(Debug)]
pub enum Submit {}

/// Cancelling a job.
#[derive(Debug)]
pub enum Cancel {}

/// Changing what a job or scheduled job is called, where it is reached, and when it runs.
#[derive(Debug)]
pub enum Change {}

/// Deleting a scheduled job.
#[derive(Debug)]
pub enum Delete {}

/// Proof that a write was allowed, good for one write.
///
/// ```compile_fail,E0451
/// let permit = hf_jobs_mcp::policy::Permit::<hf_jobs_mcp::policy::Submit> { verb: std::marker::PhantomData };
/// ```
#[derive(Debug)]
pub struct Permit<V> {
    verb: PhantomData<V>,
}

impl Policy {
    /// The setting that forbids an operation, if one does; `writes`: it changes something on the Hub.
    pub fn forbids(&self, operation: &str, writes: bool) -> Option<&'static str> {
        if self.excluded.iter().any(|excluded| excluded == operation) {
            return Some(EXCLUDE);
        }
        (self.read_only && writes).then_some(READ_ONLY)
    }

    /// Allows one write of an operation, or says which setting forbids it.
    pub fn permit<V>(&self, operation: &'static str) -> Result<Permit<V>, Error> {
        match self.forbids(operation, true) {
            Some(rule) => Err(Error::PolicyDenied { rule, operation }),
            None => Ok(Permit { verb: PhantomData }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forbidden_is_forbidden_by_name_or_since_it_writes() {
        let policy = |read_only, excluded: &[&str]| Policy {
            read_only,
            excluded: excluded.iter().map(|name| (*name).to_owned()).collect(),
        };
        for (policy, reading, writing) in [
            (policy(false, &[]), None, None),
            (policy(true, &[]), None, Some("--read-only")),
            (policy(false, &["cancel"]), None, Some("--exclude-operations")),
            (policy(true, &["ps"]), Some("--exclude-operations"), Some("--read-only")),
        ] {
            assert_eq!((policy.forbids("ps", false), policy.forbids("cancel", true)), (reading, writing), "{policy:?}");
            assert_eq!(policy.permit::<Cancel>("cancel").is_ok(), writing.is_none(), "{policy:?}");
        }
    }
}

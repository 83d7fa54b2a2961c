//! May it be done? Pure: no I/O. A write to the Hub consumes the [`Permit`] that is given here.

mod cost;

use std::marker::PhantomData;

pub use cost::{DEFAULT_TIMEOUT_SECONDS, MicroUsd};

use crate::error::Error;

/// What the operator allows.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Nothing that changes the Hub is done.
    pub read_only: bool,
}

/// Submitting a job.
#[derive(Debug)]
pub enum Submit {}

/// Cancelling a job.
#[derive(Debug)]
pub enum Cancel {}

/// Proof that a write was allowed, good for one write.
///
/// ```compile_fail
/// let permit = hf_jobs_mcp::policy::Permit::<hf_jobs_mcp::policy::Submit> { verb: std::marker::PhantomData };
/// ```
#[derive(Debug)]
pub struct Permit<V> {
    verb: PhantomData<V>,
}

impl Policy {
    /// Allows one write of an operation, or says which setting forbids it.
    pub fn permit<V>(&self, operation: &'static str) -> Result<Permit<V>, Error> {
        if self.read_only {
            return Err(Error::PolicyDenied { rule: "--read-only", operation });
        }
        Ok(Permit { verb: PhantomData })
    }
}

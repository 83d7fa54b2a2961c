//! A submission as far as the call alone tells: what was given and has the right form. None of it can be printed, since its
//! secrets are as the caller wrote them.

use std::time::Duration;

use crate::error::Warning;
use crate::types::{
    Arch, Attempts, Command, Dependency, Expose, Flavor, Image, JobName, Labels, Namespace, Network, PythonVersion,
    ResourceGroupId, Schedule, Script, Timeout, Volume,
};

/// What `run` was given.
#[derive(Clone, Default)]
pub struct RunDraft {
    /// The image; without one, `python:3.12`.
    pub image: Option<Image>,
    /// The command, which is there unless it is among the faults.
    pub command: Option<Command>,
    /// What all submissions are given.
    pub job: JobDraft,
}

/// What `uv` was given.
#[derive(Clone, Default)]
pub struct UvDraft {
    /// The script, which is there unless it is among the faults.
    pub script: Option<Script>,
    /// The script's arguments.
    pub script_args: Vec<String>,
    /// What uv installs beside what the script asks for.
    pub dependencies: Vec<Dependency>,
    /// The version of Python.
    pub python: Option<PythonVersion>,
    /// The image; without one, uv's.
    pub image: Option<Image>,
    /// What all submissions are given.
    pub job: JobDraft,
}

/// What all submissions are given.
#[derive(Clone, Default)]
pub struct JobDraft {
    /// The machine; without one, `cpu-basic`.
    pub flavor: Option<Flavor>,
    /// The time-out.
    pub timeout: Option<Timeout>,
    /// Readable variables, as given.
    pub env: Vec<(String, String)>,
    /// Secret variables, as given: not resolved.
    pub secrets: Vec<(String, String)>,
    /// The job's name.
    pub name: Option<JobName>,
    /// Its labels.
    pub labels: Labels,
    /// What is mounted.
    pub volumes: Vec<Volume>,
    /// Ports to reach from outside.
    pub expose: Option<Expose>,
    /// Reachable by SSH.
    pub ssh: bool,
    /// How often it is tried.
    pub attempts: Option<Attempts>,
    /// The processor's kind.
    pub arch: Option<Arch>,
    /// The network shared with other jobs.
    pub network: Option<Network>,
    /// Who owns and pays; without one, the caller.
    pub namespace: Option<Namespace>,
    /// The resource group that is billed.
    pub resource_group: Option<ResourceGroupId>,
    /// When it is started, for a scheduled job.
    pub plan: Option<Plan>,
    /// How long to follow after submitting.
    pub wait: Duration,
    /// Answer what would be sent, and send nothing.
    pub dry_run: bool,
    /// Remarks on the arguments.
    pub warnings: Vec<Warning>,
}

/// When a scheduled job is started.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The schedule, which is there unless it is among the faults.
    pub schedule: Option<Schedule>,
    /// Made, and not started until it is resumed.
    pub suspend: bool,
    /// Started also while an earlier one still runs.
    pub concurrency: bool,
}

#[cfg(test)]
mod tests {
    use static_assertions::assert_not_impl_any;

    use super::*;

    assert_not_impl_any!(JobDraft: std::fmt::Debug, serde::Serialize);
    assert_not_impl_any!(crate::operations::Call: std::fmt::Debug, serde::Serialize);
}

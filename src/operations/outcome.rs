//! What a call came to: data, of which `tools` makes text and structured content.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::error::{Error, Warning};
use crate::hub::{Followed, Identity, Job, Target};
use crate::secrets::Clean;

/// What a call came to.
#[derive(Debug)]
pub enum Outcome {
    /// Who is logged in.
    WhoAmI(WhoAmI),
    /// A job that was submitted, or would have been.
    Submitted(Box<Submission>),
    /// Jobs of a namespace.
    Listed(Listing),
    /// A job's output.
    Logs(Box<LogPage>),
    /// Jobs that were looked at.
    Inspected(Inspected),
    /// Jobs that were cancelled.
    Cancelled(Cancelled),
}

/// Who is logged in.
#[derive(Debug)]
pub struct WhoAmI {
    /// The account and its token.
    pub identity: Arc<Identity>,
    /// Where the token comes from.
    pub source: Clean,
    /// The Hub's host, where it isn't huggingface.co.
    pub host: Option<String>,
}

/// A job that was submitted, or would have been.
#[derive(Debug)]
pub struct Submission {
    /// The job; none was made in a dry run.
    pub job: Option<Job>,
    /// The namespace that pays.
    pub namespace: Clean,
    /// The job's page.
    pub url: Option<String>,
    /// The machine.
    pub flavor: String,
    /// The time-out that was asked for, in seconds.
    pub timeout: Option<u64>,
    /// How often it is tried.
    pub attempts: u64,
    /// Whether ports are exposed, which has a price of its own.
    pub exposed: bool,
    /// The machine's price a minute, in millionths of a US dollar.
    pub micro_usd_per_minute: Option<u64>,
    /// The local script that was read, and its size in bytes.
    pub local_script: Option<(Clean, usize)>,
    /// The request of a dry run, with the names of its secrets only.
    pub request: Option<Map<String, Value>>,
    /// The job's output so far.
    pub followed: Option<Followed>,
    /// Remarks.
    pub warnings: Vec<Warning>,
}

/// Jobs of a namespace.
#[derive(Debug)]
pub struct Listing {
    /// The namespace.
    pub namespace: Clean,
    /// The jobs, newest first.
    pub jobs: Vec<Job>,
    /// There are more than were asked for.
    pub more: bool,
    /// How many there are in all, where the Hub told.
    pub total: Option<u64>,
    /// Only jobs that are scheduling or running were asked for.
    pub active_only: bool,
}

/// A job's output.
#[derive(Debug)]
pub struct LogPage {
    /// What was read.
    pub followed: Followed,
    /// Lines as they came: nothing is folded.
    pub raw: bool,
    /// The pattern that lines had to match.
    pub grep: Option<Clean>,
    /// Remarks.
    pub warnings: Vec<Warning>,
}

/// One of several jobs of a call, and what came of it.
#[derive(Debug)]
pub struct Each<T> {
    /// The job.
    pub target: Target,
    /// What came of it.
    pub result: Result<T, Error>,
}

/// Jobs that were looked at, in the order of the call.
#[derive(Debug)]
pub struct Inspected {
    /// Each with the job and its page.
    pub jobs: Vec<Each<(Job, String)>>,
}

/// Jobs that were cancelled, in the order of the call.
#[derive(Debug)]
pub struct Cancelled {
    /// Each with the job as it is now, and whether it was over before.
    pub jobs: Vec<Each<(Job, bool)>>,
}

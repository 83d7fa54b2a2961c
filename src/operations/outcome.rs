//! What a call came to: data, of which `tools` makes text and structured content.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::wait::Until;
use crate::error::{Error, Warning};
use crate::hub::{Flavors, Followed, Identity, Job, Metrics, ScheduledJob, Target};
use crate::policy::MicroUsd;
use crate::secrets::Clean;
use crate::types::Timestamp;

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
    /// Jobs that were looked at, in the order of the call.
    Inspected(Vec<Each<Looked>>),
    /// Jobs that were cancelled, in the order of the call.
    Cancelled(Vec<Each<Cancelled>>),
    /// Jobs that were waited for.
    Waited(Waited),
    /// What jobs use of their machines, and how they were found, where the call named none.
    Sampled(Vec<Each<Sampled>>, Option<AllRunning>),
    /// The machines that there are.
    Hardware(Flavors),
    /// A job that was changed, as it is now, and remarks.
    Changed(Box<Job>, Vec<Warning>),
    /// Scheduled jobs of a namespace.
    ScheduledListed(ScheduledListing),
    /// A scheduled job that was looked at or changed, as it is now, and remarks.
    ScheduledChanged(Box<ScheduledJob>, Vec<Warning>),
    /// A scheduled job that was deleted, as it was.
    ScheduledDeleted(Box<ScheduledJob>),
}

impl Outcome {
    /// Why single jobs of the call could not be had.
    pub(super) fn errors_mut(&mut self) -> Vec<&mut Error> {
        fn of<T>(jobs: &mut [Each<T>]) -> Vec<&mut Error> {
            jobs.iter_mut().filter_map(|each| each.result.as_mut().err()).collect()
        }
        match self {
            Self::Inspected(jobs) => of(jobs),
            Self::Cancelled(jobs) => of(jobs),
            Self::Waited(waited) => of(&mut waited.jobs),
            Self::Sampled(jobs, _) => of(jobs),
            _ => Vec::new(),
        }
    }
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
    /// The Hub is the one of `--local`.
    pub local: bool,
    /// What was ignored in the places that hold tokens.
    pub warnings: Vec<Warning>,
}

/// What a submission made.
#[derive(Debug)]
pub enum Made {
    /// A job.
    Job(Job),
    /// A scheduled job, whose jobs the Hub starts.
    Scheduled(ScheduledJob),
}

/// A job that was submitted, or would have been.
#[derive(Debug)]
pub struct Submission {
    /// What it made; nothing in a dry run.
    pub made: Option<Made>,
    /// The namespace that pays, where anything is billed.
    pub namespace: Clean,
    /// The Hub is the one of `--local`, where nothing is billed.
    pub local: bool,
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
    /// What the script's own table gave.
    pub from_script: Vec<&'static str>,
    /// Where the script's own table is not read: that, and what to do.
    pub script_note: Option<&'static str>,
    /// When a scheduled job is started first.
    pub next_run: Option<Timestamp>,
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
    /// How many more the Hub told in a way that can't be read.
    pub unreadable: usize,
}

/// A job's output.
#[derive(Debug)]
pub struct LogPage {
    /// What was read.
    pub followed: Followed,
    /// Lines as they came: nothing is folded.
    pub raw: bool,
    /// The pattern that lines had to match, as the call has it.
    pub grep: Option<String>,
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

/// A job that was cancelled.
#[derive(Debug)]
pub struct Cancelled {
    /// The job as it is now; its stage is unknown where it could not be read.
    pub job: Job,
    /// It was over before, and nothing was done.
    pub was_over: bool,
    /// Why its stage could not be read since the cancel was accepted.
    pub unread: Option<String>,
}

/// A job that was looked at.
#[derive(Debug)]
pub struct Looked {
    /// The job.
    pub job: Job,
    /// Its page, where the Hub has pages.
    pub page: Option<String>,
    /// What it has cost so far, where that is known.
    pub spent: Option<MicroUsd>,
}

/// Jobs that were waited for, in the order of the call.
#[derive(Debug)]
pub struct Waited {
    /// Each as it is now.
    pub jobs: Vec<Each<Job>>,
    /// What was waited for.
    pub until: Until,
    /// Remarks.
    pub warnings: Vec<Warning>,
}

/// What a job uses of its machine.
#[derive(Debug)]
pub struct Sampled {
    /// The job.
    pub job: Job,
    /// A fresh sample, unless it is over or its machine not ready.
    pub metrics: Option<Metrics>,
    /// The call's time was up before a sample could be waited for as long as others are.
    pub cut_short: bool,
}

/// The running jobs of a namespace, as far as one call samples them.
#[derive(Debug)]
pub struct AllRunning {
    /// The namespace.
    pub namespace: Clean,
    /// Whether more jobs run than were sampled.
    pub more: bool,
    /// How many more the Hub describes in a way that can't be read.
    pub unreadable: usize,
}

/// Scheduled jobs of a namespace.
#[derive(Debug)]
pub struct ScheduledListing {
    /// The namespace.
    pub namespace: Clean,
    /// The scheduled jobs.
    pub jobs: Vec<ScheduledJob>,
    /// How many suspended ones were left out.
    pub hidden: usize,
    /// How many more the Hub told in a way that can't be read.
    pub unreadable: usize,
}

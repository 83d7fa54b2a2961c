//! The Hub's Jobs API, and nothing else: the one `send`, retries, submissions that are sent once, log streams.
//!
//! Answers are read tolerantly (unknown stages and fields pass), requests are strict; every foreign text becomes [`Clean`]
//! on its way in.
//!
//! [`Clean`]: crate::secrets::Clean

mod account;
mod client;
mod connect;
mod description;
mod hardware;
mod job;
mod jobs;
mod log;
mod metrics;
mod refusal;
mod renewal;
mod retry;
mod scheduled;
mod spec;
mod sse;
mod submission;
mod turns;
mod wire;

pub use account::{Identity, MayRun, Organisation, TokenFacts};
pub use client::{Caller, Hub, HubSetup, Visitor};
pub use description::{Description, field, told};
pub use hardware::{Flavors, Hardware};
pub use job::{Job, ScheduledTarget, Target};
pub use jobs::{JobFilter, JobList};
pub use log::{Begin, Cursor, Ended, Follow, Followed, Mark, Observer, Start};
pub use metrics::{Metrics, Sample};
pub use scheduled::{ScheduleSpec, ScheduledJob};
pub use spec::JobSpec;
pub use submission::{Copy, Run, Startable, Submitted};

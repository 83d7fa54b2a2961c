//! The domain's words, each a type whose values are valid: what a caller wrote is checked once, at the edge, and what
//! is wrong is a [`Problem`](crate::error::Problem) that the caller attaches the argument's name to.
//!
//! - Where things are: [`Endpoint`] and its [`Segment`]s, [`Namespace`], [`JobId`], [`ScheduledJobId`], [`JobReference`],
//!   [`RepositoryId`], [`ResourceGroupId`].
//! - What runs: [`Image`], [`Command`], [`Script`] with [`Dependency`] and [`PythonVersion`], [`EnvName`], [`SecretName`],
//!   [`Volume`].
//! - On what, and how long: [`Flavor`], [`Arch`], [`Timeout`], [`Attempts`], [`Expose`], [`Network`].
//! - How it is found again: [`JobName`], [`Labels`], [`LabelFilter`], [`Stage`].
//! - What people read: [`Size`], [`Timestamp`], [`Elapsed`].
//! - How much of it all: [`limits`].

mod arch;
mod attempts;
mod command;
mod dependency;
mod endpoint;
mod flavor;
mod ids;
mod image;
mod job_name;
mod kind;
mod labels;
pub mod limits;
mod nearest;
mod network;
mod ports;
mod python;
mod repository;
mod resource_group;
mod schedule;
mod script;
mod script_url;
mod size;
mod stage;
mod time_zone;
mod timeout;
mod timestamp;
mod variable;
mod volume;

pub use arch::Arch;
pub use attempts::{Attempts, MAX_ATTEMPTS};
pub use command::Command;
pub use dependency::Dependency;
pub use endpoint::{Endpoint, EndpointFault, Segment};
pub use flavor::Flavor;
pub use ids::{Id, JobId, JobReference, Namespace, Reference, ScheduledJobId, ScheduledReference};
pub use image::{DockerReference, Image};
pub use job_name::{JobName, default_name};
pub use kind::{kind, wrong_kind};
pub use labels::{LabelFilter, Labels, NAME_LABEL, REQUEST_LABEL};
pub use nearest::nearest;
pub use network::Network;
pub use ports::{Expose, Port};
pub use python::PythonVersion;
pub use repository::RepositoryId;
pub use resource_group::ResourceGroupId;
pub use schedule::Schedule;
pub use script::{CommandName, Script, Source};
pub use script_url::ScriptUrl;
pub use size::Size;
pub use stage::{OtherStage, Stage};
pub use time_zone::in_utc;
pub use timeout::{MAX_TIMEOUT_SECONDS, Timeout, Wait};
pub use timestamp::{Elapsed, Timestamp};
pub use variable::{EnvName, SecretName};
pub use volume::{Volume, VolumeKind};

//! The domain's words, each a type whose values are valid: what a caller wrote is checked once, at the edge, and what
//! is wrong is a [`Problem`](crate::error::Problem) that the caller attaches the argument's name to.
//!
//! - Where things are: [`Endpoint`] and its [`Segment`]s, [`Namespace`], [`JobId`], [`ScheduledJobId`], [`JobReference`],
//!   [`RepositoryId`], [`ResourceGroupId`].
//! - What people read: [`Size`], [`Timestamp`], [`Elapsed`].
//! - How much of it all: [`limits`].

mod endpoint;
mod ids;
mod kind;
pub mod limits;
mod nearest;
mod repository;
mod resource_group;
mod size;
mod timestamp;

pub use endpoint::{Endpoint, EndpointFault, Segment};
pub use ids::{JobId, JobReference, Namespace, ScheduledJobId};
pub use kind::{kind, wrong_kind};
pub use nearest::nearest;
pub use repository::RepositoryId;
pub use resource_group::ResourceGroupId;
pub use size::Size;
pub use timestamp::{Elapsed, Timestamp};

//! The domain's words, each a type whose values are valid: what a caller wrote is checked once, at the edge, and what
//! is wrong is a [`Problem`](crate::error::Problem) that the caller attaches the argument's name to.
//!
//! - What people read: [`Size`], [`Timestamp`], [`Elapsed`].
//! - How much of it all: [`limits`].

mod kind;
pub mod limits;
mod nearest;
mod size;
mod timestamp;

pub use kind::{kind, wrong_kind};
pub use nearest::nearest;
pub use size::Size;
pub use timestamp::{Elapsed, Timestamp};

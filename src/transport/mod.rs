//! How bytes arrive and leave. Knows the protocol's framing, and nothing of jobs.

mod line;
mod stdio;

pub use stdio::serve_stdio;

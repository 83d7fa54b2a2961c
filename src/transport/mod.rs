//! How bytes arrive and leave. Knows the protocol's framing, and nothing of jobs.

pub mod http;
mod line;
mod stdio;

pub use http::serve_http;
pub use stdio::serve_stdio;

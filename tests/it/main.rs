//! The built binary, driven over real pipes against a Hub that answers: what reached the Hub, and what came back.
#![cfg(unix)]
#![allow(unreachable_pub, reason = "one binary, of which nothing is reached")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do, and the lints' own exception ends at a test's function"
)]

mod architecture;
mod calls;
mod ending;
mod guarded;
mod guide;
mod jobs;
mod local_scripts;
mod login;
mod manifest;
mod protocol;
mod redaction;
mod secrets;
mod smoke;
mod submissions;
mod support;
mod whoami;

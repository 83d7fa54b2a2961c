//! The built binary, driven over real pipes against a Hub that answers: what reached the Hub, and what came back.
#![cfg(unix)]
#![allow(unreachable_pub, reason = "one binary, of which nothing is reached")]

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

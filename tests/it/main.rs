//! The built binary, driven over real pipes, and over HTTP, against a Hub that answers: what reached the Hub, and what came back.
#![cfg(unix)]
#![allow(unreachable_pub, reason = "one binary, of which nothing is reached")]
#![allow(
    clippy::expect_used,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::large_futures,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test says that it failed by a panic, and need not be fast"
)]

mod architecture;
mod bounds;
mod browser_login;
mod budgets;
mod calls;
mod certificates;
mod changes;
mod comparisons;
mod cursors;
mod ending;
mod errors;
mod following;
mod guarded;
mod guide;
mod hostile_answers;
mod hostile_output;
mod http_door;
mod http_limits;
mod http_service;
mod http_sessions;
mod http_sse;
mod jobs;
mod later_looks;
mod leaks;
mod local;
mod local_scripts;
mod login;
mod login_text;
mod lost_answers;
mod machines;
mod manifest;
mod one_job;
mod protocol;
mod proxies;
mod readable_fields;
mod redaction;
mod redirects;
mod refusals;
mod rmcp_client;
mod scheduled;
mod schemas;
mod secrets;
mod smoke;
mod submissions;
mod support;
mod waiting;
mod whoami;
mod wire_types;

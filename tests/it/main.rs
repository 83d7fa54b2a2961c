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
mod argument_forms;
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
mod folding;
mod following;
mod grep;
mod guarded;
mod guide;
mod hints;
mod hostile_answers;
mod hostile_output;
mod http_accept;
mod http_door;
mod http_limits;
mod http_oauth;
mod http_service;
mod http_sessions;
mod http_sse;
mod http_stateless;
mod jobs;
mod later_looks;
mod leaks;
mod lenient_calls;
mod listing;
mod local;
mod local_scripts;
mod login;
mod login_text;
mod lost_answers;
mod machines;
mod manifest;
mod messages;
mod one_job;
mod protocol;
mod providers;
mod proxies;
mod readable_fields;
mod redaction;
mod redirects;
mod refusals;
mod rmcp_client;
mod scheduled;
mod schemas;
mod script_calls;
mod secrets;
mod smoke;
mod structured;
mod submissions;
mod support;
mod waiting;
mod whoami;
mod wire_types;
mod without_login;

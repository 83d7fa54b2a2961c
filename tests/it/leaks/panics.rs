//! Panics, as the process tells them.

use std::process::{Command, Output};

use hf_jobs_mcp::logging::{self, Format, Logging};
use hf_jobs_mcp::secrets::{HfToken, Known, Scrubber};

use super::{forms, none_of};
use crate::support::canary;

/// The variable that has this test be the process that panics, and the token that its panics hold.
const PANICS_WITH: &str = "PANICS_WITH";

/// As main does, then panics on several threads, each with the token in its words.
fn panic_with(token: &str, format: Format) {
    let known = Known::new();
    known.remember_token(&HfToken::parse(token).unwrap().unwrap());
    logging::init(&Logging { level: None, format }, Some("trace"), Scrubber::new(known)).unwrap();
    for form in forms(token) {
        std::thread::spawn(move || panic!("a defect with\n{form} in its words")).join().unwrap_err();
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[expect(clippy::disallowed_methods, reason = "it is told by a variable that it is the process to panic")]
#[test]
fn a_panic_of_a_process_is_a_scrubbed_line_of_its_log_and_nothing_more() {
    let name = "leaks::panics::a_panic_of_a_process_is_a_scrubbed_line_of_its_log_and_nothing_more";
    if let Ok(asked) = std::env::var(PANICS_WITH) {
        let (format, token) = asked.split_once(' ').unwrap();
        return panic_with(token, if format == "json" { Format::Json } else { Format::Text });
    }
    let token = canary();
    let mut rows = 0;
    for (format, begins) in [("text", "ERROR panicked at tests/it/leaks/panics.rs:"), ("json", "{\"level\":\"ERROR\"")]
    {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", name, "--nocapture"]).env("RUST_BACKTRACE", "full");
        let output = child.env(PANICS_WITH, format!("{format} {token}")).output().unwrap();
        let log = stderr(&output);
        assert!(output.status.success(), "{log}");
        none_of(&forms(&token), format, &log);
        assert_eq!(log.lines().count(), forms(&token).len(), "{log}");
        for line in log.lines() {
            assert!(line.starts_with(begins) && line.contains("[redacted] in its words"), "{line}");
            rows += 1;
        }
    }
    println!("{rows} panics with a token in their words");
}

/// A system that has no threads to give is what has the built binary panic: tokio's words, through the hook that is installed.
#[test]
fn a_panic_of_the_server_itself_is_one_line_of_its_log() {
    let token = canary();
    for (format, begins) in [("text", "ERROR panicked at "), ("json", "{\"level\":\"ERROR\"")] {
        let output = Command::new(env!("CARGO_BIN_EXE_hf-jobs-mcp"))
            .env_clear()
            .env("HF_TOKEN", &token)
            .env("RUST_BACKTRACE", "full")
            // A stack that fits in no memory.
            .env("RUST_MIN_STACK", (1_u64 << 60).to_string())
            .arg(format!("--log-format={format}"))
            .output()
            .unwrap();
        let log = stderr(&output);
        assert!(!output.status.success() && log.lines().count() == 1, "{log}");
        assert!(log.starts_with(begins) && log.contains("worker thread"), "{log}");
        none_of(&forms(&token), format, &log);
    }
    println!("2 panics of the server itself");
}

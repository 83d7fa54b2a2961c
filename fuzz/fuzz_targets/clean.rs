//! Whatever a job prints: what is shown is visible, holds no known value and no token, and cleaning it again changes nothing.
#![no_main]

use std::sync::LazyLock;

use hf_jobs_mcp::secrets::{Known, Scrubber, Secret};
use libfuzzer_sys::fuzz_target;

const VALUE: &str = "s3cr3t-v4lu3";

static SCRUBBER: LazyLock<Scrubber> = LazyLock::new(|| {
    let known = Known::new();
    known.remember(&Secret::new(VALUE.to_owned()));
    Scrubber::new(known)
});

/// Made here, since no token may stand in the repository.
static TOKEN: LazyLock<String> = LazyLock::new(|| format!("hf_{}", "QwErTyUiOp".repeat(4).split_at(34).0));

fuzz_target!(|input: (&str, &str)| {
    let (before, after) = input;
    for planted in [VALUE, &TOKEN] {
        let clean = SCRUBBER.clean(&format!("{before} {planted} {after}"));
        assert!(!clean.contains(planted), "{clean:?}");
        assert!(clean.chars().all(|char| !char.is_control() || matches!(char, '\n' | '\t')), "{clean:?}");
        assert_eq!(SCRUBBER.clean(&clean), clean, "cleaning again changes nothing");
        let line = SCRUBBER.clean_bounded(&clean, 100);
        assert!(line.chars().count() < 140 && !line.contains(planted));
    }
});

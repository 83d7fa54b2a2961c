//! Whatever stands around a token: the scan finds it, also with invisible characters and percent escapes in it.
#![no_main]

use std::sync::LazyLock;

use hf_jobs_mcp::error::Credential;
use hf_jobs_mcp::secrets::{HfToken, Known, Scan};
use libfuzzer_sys::fuzz_target;

/// No shape of the Hub: found by value alone.
const LOGIN: &str = "local-hub-0123456789";

static SCAN: LazyLock<Scan> = LazyLock::new(|| {
    let known = Known::new();
    known.remember_token(&HfToken::parse(LOGIN).unwrap().unwrap());
    Scan::new(&known)
});

/// Made here, since no token may stand in the repository.
static TOKEN: LazyLock<String> = LazyLock::new(|| format!("hf_{}", "QwErTyUiOp".repeat(4).split_at(34).0));

/// The text with something behind its `at`th character.
fn broken(text: &str, at: u8, by: &str) -> String {
    let (head, tail) = text.split_at(usize::from(at) % text.len());
    format!("{head}{by}{tail}")
}

fuzz_target!(|input: (&str, &str, u8)| {
    let (before, after, at) = input;
    SCAN.check(before);
    assert_eq!(SCAN.check(&format!("{before}{LOGIN}{after}")), Some(Credential::SessionToken));
    let escaped: String = LOGIN.bytes().map(|byte| format!("%{byte:02x}")).collect();
    assert_eq!(SCAN.check(&format!("{before}{escaped}{after}")), Some(Credential::SessionToken));
    assert!(SCAN.check(&format!("{before} {} {after}", *TOKEN)).is_some());
    // An escape sequence that is open before it may hide what comes first.
    for by in ["\u{200b}", "\u{2060}", "\u{ad}", "\u{202e}", "\u{e0041}"] {
        let hidden = broken(LOGIN, at, by);
        assert_eq!(SCAN.check(&format!("x {hidden} {after}")), Some(Credential::SessionToken));
        assert!(SCAN.check(&format!("x {} {after}", broken(&TOKEN, at, by))).is_some());
    }
});

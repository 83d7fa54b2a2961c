//! Tokens made at run time: none ever stands in the repository.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A token of the Hub's shape that nothing else has.
pub fn canary() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut state = NEXT.fetch_add(1, Ordering::Relaxed) + u64::from(std::process::id()) * 1_000_003;
    let mut letters = String::new();
    while letters.len() < 34 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        letters.push(char::from(b'a' + u8::try_from((state >> 33) % 26).unwrap()));
    }
    format!("{}{letters}", ["h", "f", "_"].concat())
}

/// The forms in which a token stands in a text: plain, base64, percent-encoded, hexadecimal.
pub fn canary_in(text: &str, token: &str) -> Vec<&'static str> {
    let base64 = STANDARD.encode(token);
    let hex = token.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let tail = &token[3..];
    [
        ("plain", token.to_owned()),
        ("plain, without its beginning", tail.to_owned()),
        ("base64", base64.trim_end_matches('=').to_owned()),
        ("hex", hex),
    ]
    .into_iter()
    .filter(|(_, form)| text.contains(form))
    .map(|(name, _)| name)
    .collect()
}

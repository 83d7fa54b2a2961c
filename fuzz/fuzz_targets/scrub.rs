//! Whatever stands right beside a known value, in whichever of its forms: it goes, from texts, lines, cuts and JSON.
#![no_main]

use std::sync::LazyLock;

use hf_jobs_mcp::secrets::{Known, Scrubber, Secret};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

const VALUE: &str = "s3cr3t v4lu3/+";
/// The fewest characters of the value that tell anything of it.
const PIECE: usize = 6;

static SCRUBBER: LazyLock<Scrubber> = LazyLock::new(|| {
    let known = Known::new();
    known.remember(&Secret::new(VALUE.to_owned()));
    Scrubber::new(known)
});

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn holds(value: &Value, needle: &str) -> bool {
    match value {
        Value::String(text) => text.contains(needle),
        Value::Array(items) => items.iter().any(|item| holds(item, needle)),
        Value::Object(fields) => fields.iter().any(|(key, item)| key.contains(needle) || holds(item, needle)),
        _ => false,
    }
}

fuzz_target!(|input: (&str, &str, u8)| {
    let (before, after, max) = input;
    // Of what stands around, whatever control characters may be in it.
    let letters: String = [before, after].concat().chars().filter(char::is_ascii_alphanumeric).collect();
    let percent = "s3cr3t%20v4lu3%2F%2B".to_owned();
    for form in [VALUE.to_owned(), hex(VALUE), hex(VALUE).to_uppercase(), percent.to_lowercase(), percent] {
        let text = format!("{before}{form}{after}");
        let clean = SCRUBBER.clean(&text);
        assert!(!clean.contains(&form), "{text:?} -> {clean:?}");
        assert_eq!(SCRUBBER.clean(&clean), clean, "cleaning again changes nothing");
        let line = SCRUBBER.clean_line(&text);
        assert!(!line.contains(['\n', '\t', '\r']) && !line.contains(&form), "{text:?} -> {line:?}");
        let piece = &form[..PIECE];
        let cut = SCRUBBER.clean_bounded(&text, max.into());
        assert!(cut.chars().count() <= usize::from(max) + "…[+0123456789 chars]".chars().count());
        assert!(letters.contains(piece) || !cut.contains(piece), "{text:?} -> {cut:?}");
        let value = json!({"list": [text, 1, null], (text.as_str()): {"inner": text}});
        assert!(!holds(&SCRUBBER.clean_value(&value), &form));
    }
});

//! Whatever is given as a volume: what is accepted survives both of its forms, and what is proposed instead is accepted.
#![no_main]

use hf_jobs_mcp::error::Problem;
use hf_jobs_mcp::types::Volume;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};

/// `text`: given as text. Of an object, a field's name or value may be proposed, and a mount path with `:/` in it has no text.
fn check(given: &Value, text: bool) {
    match Volume::from_json(given) {
        Ok(volume) => {
            let mount = volume.mount_path();
            assert!(mount.starts_with('/') && !mount.ends_with('/') && !mount.split('/').any(|part| part == ".."));
            assert_eq!(Volume::from_json(&volume.to_json()).as_ref(), Ok(&volume));
            // The blanks around a text are no part of it: a mount path that ends in some, as `/x /` does, loses them.
            let survives = text && mount.trim_end() == mount;
            assert!(!survives || Volume::parse(&volume.to_string()).as_ref() == Ok(&volume), "{volume}");
        }
        Err(Problem::Malformed { instead: Some(instead), .. }) if text => {
            assert!(Volume::from_json(&instead).is_ok(), "{instead} is proposed for {given}");
        }
        Err(_) => {}
    }
}

const KEYS: [&str; 9] =
    ["type", "source", "mountPath", "revision", "readOnly", "path", "mount_path", "read_only", "mount"];

fuzz_target!(|input: (String, Vec<(u8, String)>)| {
    let (text, fields) = input;
    check(&json!(text), true);
    check(&json!(format!("hf://{text}")), true);
    let field = |(key, text): (u8, String)| {
        let key = KEYS[usize::from(key) % KEYS.len()];
        let value = serde_json::from_str(&text).ok().filter(Value::is_boolean).unwrap_or(Value::String(text));
        (key.to_owned(), value)
    };
    check(&Value::Object(fields.into_iter().map(field).collect::<Map<_, _>>()), false);
});

//! Whatever is given as a command: what is accepted is bounded and survives being shown, and what is proposed instead is accepted.
#![no_main]

use hf_jobs_mcp::error::Problem;
use hf_jobs_mcp::types::Command;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fn check(given: &Value) {
    match Command::from_json(given) {
        Ok(command) => {
            let arguments = command.arguments();
            assert!(!arguments.is_empty() && arguments.iter().all(|one| !one.is_empty() && !one.contains('\0')));
            assert_eq!(shell_words::split(&command.display()).ok().as_deref(), Some(arguments), "{command}");
            assert_eq!(Command::from_json(&json!(arguments)).as_ref(), Ok(&command));
        }
        Err(Problem::Malformed { instead: Some(instead), .. }) => {
            assert!(Command::from_json(&instead).is_ok(), "{instead} is proposed for {given}");
        }
        Err(_) => {}
    }
}

fuzz_target!(|input: (String, Vec<String>)| {
    let (line, list) = input;
    check(&json!(line));
    check(&json!(list));
    if let Ok(value) = serde_json::from_str(&line) {
        check(&value);
    }
});

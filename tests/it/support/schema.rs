//! The output schemas, as they are committed.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

/// The committed list of tools, behind two lines of the snapshot's own.
const TOOLS: &str = include_str!("../snapshots/it__schemas__tools.snap");

static VALIDATORS: LazyLock<Vec<(String, Validator)>> = LazyLock::new(|| {
    let (_, tools) = TOOLS.split_once("\n---\n").unwrap();
    let tools: Vec<Value> = serde_json::from_str(tools).unwrap();
    let validator = |tool: &Value| jsonschema::validator_for(&tool["outputSchema"]).unwrap();
    tools.iter().map(|tool| (tool["name"].as_str().unwrap().to_owned(), validator(tool))).collect()
});

/// Panics unless the structured content is as the tool's output schema says.
pub fn hold(tool: &str, structured: &Value) {
    let Some((_, validator)) = VALIDATORS.iter().find(|(name, _)| name == tool) else { return };
    if let Err(error) = validator.validate(structured) {
        panic!("{tool}: {error} in {structured}");
    }
}

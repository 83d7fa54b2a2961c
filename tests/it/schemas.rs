//! The schemas: committed, small, and such that what clients do to them leaves every call possible.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::{Server, ServerBuilder, hub};

/// The most that `tools/list` may take, in bytes: it is in the context of every conversation.
const LIST_MAX_BYTES: usize = 14_000;

pub async fn tools() -> Vec<Value> {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let answer = server.request("tools/list", json!({})).await;
    answer["result"]["tools"].as_array().unwrap().clone()
}

async fn jobs_input() -> Value {
    tools().await[0]["inputSchema"].clone()
}

pub fn validator(schema: &Value) -> Validator {
    jsonschema::validator_for(schema).unwrap()
}

/// The calls that matter, in the forms in which they are documented.
pub fn calls() -> Vec<Value> {
    let secrets = json!({"HF_TOKEN": "$HF_TOKEN"});
    let run = |more: Value| {
        let mut args = json!({"image": "python:3.12", "command": ["python", "-V"], "flavor": "t4-small"});
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"operation": "run", "args": args})
    };
    vec![
        json!({"operation": "help"}),
        json!({"operation": "ps", "args": {"status": ["ERROR"], "limit": 5}}),
        run(json!({"secrets": secrets, "timeout": "2h"})),
        run(
            json!({"env": {"entries": ["A1=1"]}, "labels": {"entries": ["team=nlp"]}, "secrets": {"entries": ["A=$A"]}}),
        ),
        run(json!({"volumes": ["hf://buckets/alice/results:/data:rw"], "expose": [8000], "wait": "30s"})),
        run(json!({"network": {"group": "g", "aliases": ["a"]}, "ssh": true, "attempts": 2})),
        json!({"operation": "uv", "args": {"script": "print(1)", "dependencies": ["numpy"], "script_args": ["--n", "1"]}}),
        json!({"operation": "inspect", "args": {"job_id": "66f0a1b2c3d4e5f601234567"}}),
        json!({"operation": "cancel", "args": {"job_ids": ["66f0a1b2c3d4e5f601234567"]}}),
        json!({"operation": "scheduled run", "args": {"schedule": "@daily", "command": ["python", "-V"]}}),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tools_are_as_committed_and_small() {
    let tools = tools().await;
    let size = Value::Array(tools.clone()).to_string().len();
    println!("tools/list: {size} bytes");
    assert!(size < LIST_MAX_BYTES, "{size} bytes");
    insta::assert_snapshot!("tools", serde_json::to_string_pretty(&tools).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn documented_calls_fit_the_schema() {
    let schema = jobs_input().await;
    for call in calls() {
        assert!(validator(&schema).is_valid(&call), "{call}");
    }
    for wrong in [json!({}), json!({"operation": "launch"}), json!({"operation": "run", "args": {"expose": "8000"}})] {
        assert!(!validator(&schema).is_valid(&wrong), "{wrong}");
    }
}

/// One name has one type, whichever operation takes it: a model mixes up what is a text here and a list there.
#[tokio::test(flavor = "multi_thread")]
async fn one_name_has_one_type() {
    fn note(schema: &Value, types: &mut BTreeMap<String, Value>) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            assert_eq!(
                types.entry(name.clone()).or_insert_with(|| property["type"].clone()),
                &property["type"],
                "{name}"
            );
            note(property, types);
        }
    }
    let mut types = BTreeMap::new();
    note(&jobs_input().await, &mut types);
    for (name, kind) in [("job_id", "string"), ("job_ids", "array"), ("timeout", "string"), ("env", "object")] {
        assert_eq!(types[name], kind, "{name}");
    }
}

/// Clients that close objects, as with input schemas, would refuse whatever an answer has more; and what reads schemas for
/// them stumbles over what is not a plain type.
#[tokio::test(flavor = "multi_thread")]
async fn output_schemas_are_plain_and_open() {
    fn plain(schema: &Value, path: &str) {
        let fields = schema.as_object().unwrap();
        assert!(fields["type"].is_string(), "{path}");
        for keyword in fields.keys() {
            assert!(["type", "properties", "items", "required"].contains(&keyword.as_str()), "{keyword} at {path}");
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            plain(property, &format!("{path}.{name}"));
        }
        schema.get("items").into_iter().for_each(|items| plain(items, &format!("{path}[]")));
    }
    for tool in tools().await {
        assert_eq!(tool["outputSchema"]["type"], "object");
        plain(&tool["outputSchema"], "output");
    }
}

/// The operations that the beginning of a description names: `[scheduled] uv` is `uv` and `scheduled uv`, `scheduled uv/run` is
/// both of these.
fn named(description: &str) -> Vec<String> {
    let (names, _) = description.split_once(": ").unwrap_or_else(|| panic!("no operation in {description}"));
    names
        .split(", ")
        .flat_map(|name| {
            if let Some(plain) = name.strip_prefix("[scheduled] ") {
                return vec![plain.to_owned(), format!("scheduled {plain}")];
            }
            match name.strip_prefix("scheduled ") {
                Some(all) => all.split('/').map(|name| format!("scheduled {name}")).collect(),
                None => vec![name.to_owned()],
            }
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_has_a_phrase_and_its_arguments() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let schema = server.request("tools/list", json!({})).await["result"]["tools"][0]["inputSchema"].clone();
    let operation = &schema["properties"]["operation"];
    let operations: Vec<String> = serde_json::from_value(operation["enum"].clone()).unwrap();
    let phrases = format!("; {}", operation["description"].as_str().unwrap());
    let mut takers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in &operations {
        assert!(phrases.contains(&format!("; {name}: ")), "{name}");
        let help = server.jobs("help", json!({"operation": name})).await.text;
        for argument in help.lines().filter_map(|line| line.strip_prefix("- ")) {
            takers.entry(argument.split(' ').next().unwrap().to_owned()).or_default().push(name.clone());
        }
    }
    let arguments = schema["properties"]["args"]["properties"].as_object().unwrap();
    assert_eq!(arguments.keys().collect::<BTreeSet<_>>(), takers.keys().collect());
    for (name, argument) in arguments {
        let (about, takers) = (argument["description"].as_str().unwrap(), &takers[name]);
        let is_general =
            ["uv", "run", "scheduled uv", "scheduled run"].iter().all(|name| takers.contains(&(*name).into()));
        if !is_general {
            assert!(named(about).iter().all(|operation| takers.contains(operation)), "{name}: {about}; {takers:?}");
        }
    }
    assert_eq!(named(arguments["name"]["description"].as_str().unwrap().split("; ").nth(1).unwrap()).len(), 2);
}

/// A model can't guess what the operator allows, and would ask its user for a key that the server has.
#[tokio::test(flavor = "multi_thread")]
async fn variables_that_secrets_may_take_are_named() {
    let hub = hub().await;
    let names: Vec<String> = (0..30).map(|number| format!("KEY_{number}")).collect();
    for count in [0, 1, 2, 30] {
        let server =
            names[..count].iter().fold(ServerBuilder::at(&hub), |server, name| server.arg("--secret-env").arg(name));
        let tools = server.start().await.request("tools/list", json!({})).await["result"]["tools"].clone();
        let about = &tools[0]["inputSchema"]["properties"]["args"]["properties"]["secrets"]["description"];
        let about = about.as_str().unwrap();
        let shown = names.iter().filter(|name| about.contains(*name)).count();
        assert_eq!((shown, about.contains("\"$KEY_0\"")), (count.min(20), count > 0), "{about}");
        assert_eq!(about.contains('…'), count > 20, "{about}");
        assert!(tools.to_string().len() < LIST_MAX_BYTES);
    }
}

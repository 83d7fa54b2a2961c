//! The schemas: committed, small, and such that what clients do to them leaves every call possible.

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::support::{Server, hub, jobs_posted};

/// The most that `tools/list` may take, in bytes: it is in the context of every conversation.
const LIST_MAX_BYTES: usize = 14_000;

async fn tools() -> Vec<Value> {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let answer = server.request("tools/list", json!({})).await;
    answer["result"]["tools"].as_array().unwrap().clone()
}

async fn jobs_input() -> Value {
    tools().await[0]["inputSchema"].clone()
}

/// Every object within a schema, with its path.
fn objects(schema: &mut Value, path: &str, visit: &mut impl FnMut(&str, &mut Map<String, Value>)) {
    match schema {
        Value::Object(fields) => {
            visit(path, fields);
            for (key, value) in fields.iter_mut() {
                objects(value, &format!("{path}/{key}"), visit);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| objects(item, path, visit)),
        _ => {}
    }
}

fn validator(schema: &Value) -> Validator {
    jsonschema::validator_for(schema).unwrap()
}

/// The calls that matter, in the forms in which they are documented.
fn calls() -> Vec<Value> {
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

/// The strict mode of some model APIs requires every property, so that a model fills in what it does not want.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_requires_every_property_gets_its_job() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let schema = server.request("tools/list", json!({})).await["result"]["tools"][0]["inputSchema"].clone();
    let names = schema["properties"]["args"]["properties"].as_object().unwrap();
    let empty = |kind: &Value| match kind["type"].as_str().or_else(|| kind["type"][0].as_str()) {
        Some("string") => json!(""),
        Some("boolean") => json!(false),
        Some("array") => json!([]),
        _ => Value::Null,
    };
    for null in [false, true] {
        let filled = |name: &String, kind: &Value| match name.as_str() {
            "command" => json!(["true"]),
            "secrets" => json!({"HF_TOKEN": "$HF_TOKEN"}),
            "detach" => json!(true),
            _ if null => Value::Null,
            _ => empty(kind),
        };
        let args: Map<String, Value> = names.iter().map(|(name, kind)| (name.clone(), filled(name, kind))).collect();
        let answer = server.jobs("run", args.into()).await;
        assert!(!answer.is_error, "{answer:?}");
    }
    let posted = jobs_posted(&hub);
    assert_eq!(posted.len(), 2);
    assert_eq!(posted[0].body["secrets"]["HF_TOKEN"], hub.token());
    assert_eq!(posted[0].body["command"], json!(["true"]));
}

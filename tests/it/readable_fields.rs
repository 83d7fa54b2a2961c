//! No field that others can read takes a credential: every shape in every field of what is submitted, and a token in every argument
//! of every operation. Each is refused before anything is sent, by an answer that names the field and the fix and not the value.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::budgets::walk;
use crate::support::mirror::{JOB, SCHEDULED};
use crate::support::{Answer, Server, canary, hub};

/// What stands in a field's template for the credential.
const HERE: &str = "HERE";
/// How many characters of a credential nothing may show.
const PIECE: usize = 8;

/// Letters and digits without an order.
fn random(length: usize) -> String {
    let mixed = |(at, char): (usize, char)| match at % 5 {
        1 => char::from(b'0' + char as u8 % 10),
        3 => char.to_ascii_uppercase(),
        _ => char,
    };
    std::iter::repeat_with(|| canary().split_off(3))
        .flat_map(|letters| letters.chars().collect::<Vec<_>>())
        .enumerate()
        .map(mixed)
        .take(length)
        .collect()
}

/// Each shape of a credential, by its prefix.
fn shapes(login: &str) -> Vec<(&'static str, String)> {
    let jwt = format!("eyJ{}.eyJ{}.{}", random(17), random(80), random(60));
    let mut shapes = vec![
        ("the login's", login.to_owned()),
        ("the login's in base64", STANDARD.encode(login)),
        ("the login's in hexadecimal", login.bytes().map(|byte| format!("{byte:02x}")).collect()),
        ("the login's behind a blank", format!("Bearer {login}")),
        ("a private key", format!("-----BEGIN {} KEY-----\n{}\n-----END PRIVATE KEY-----", "PRIVATE", random(64))),
        ("a URL's password", format!("https://user:{}@example.com/x", random(12))),
    ];
    for (prefix, body) in [
        ("hf_", random(34)),
        ("hf_app_", random(32)),
        ("hf_oauth__refresh_", random(34)),
        ("oauth_app_secret_", random(34)),
        ("api_org_", random(34)),
        ("hf_oauth_", jwt.clone()),
        ("hf_jwt_", jwt),
        ("hf_s3_", format!("{}.{}.{}", random(20), random(30), random(40))),
        ("sk-", random(48)),
        ("sk-proj-", random(100)),
        ("sk-ant-", random(90)),
        ("sk-or-", random(60)),
        ("ghp_", random(36)),
        ("github_pat_", format!("{}_{}", random(22), random(59))),
        ("AKIA", random(16).to_uppercase()),
        ("glpat-", random(20)),
        ("xoxb-", random(40)),
        ("AIza", random(35)),
        ("npm_", random(36)),
    ] {
        shapes.push((prefix, format!("{prefix}{body}")));
    }
    shapes
}

/// Every field of a submission that others can read: its name, and the argument with the credential in it.
fn fields(operation: &str) -> Vec<(&'static str, Value)> {
    let volume = |field: &str, value: &str| {
        let mut volume = json!({"type": "dataset", "source": "alice/d", "mountPath": "/d"});
        volume[field] = json!(value);
        json!([volume])
    };
    let mut fields = vec![
        ("image", json!(HERE)),
        ("image", json!("ghcr.io/HERE:1")),
        ("name", json!(HERE)),
        ("labels", json!({"key": HERE})),
        ("labels", json!({HERE: "value"})),
        ("labels", json!(["key=HERE"])),
        ("labels", json!(["HERE=value"])),
        ("labels", json!([HERE])),
        ("env", json!({HERE: "value"})),
        ("env", json!(["HERE=value"])),
        ("env", json!("HERE=value")),
        ("env", json!("HERE")),
        ("env", json!("{\"HERE\": \"value\"}")),
        ("env", json!("[\"HERE\"]")),
        ("secrets", json!({HERE: "$HF_TOKEN"})),
        ("secrets", json!(["HERE=$HF_TOKEN"])),
        ("secrets", json!("HERE=$HF_TOKEN")),
        ("secrets", json!("HERE")),
        ("secrets", json!("{\"HERE\": \"$HF_TOKEN\"}")),
        ("secrets", json!("[\"HERE\"]")),
        ("volumes", json!(["hf://datasets/alice/HERE:/m"])),
        ("volumes", json!(["hf://datasets/alice/d@HERE:/m"])),
        ("volumes", json!(["hf://datasets/alice/d/HERE:/m"])),
        ("volumes", json!(["hf://datasets/alice/d:/HERE"])),
        ("volumes", volume("source", HERE)),
        ("volumes", volume("mountPath", HERE)),
        ("volumes", volume("revision", HERE)),
        ("volumes", volume("path", HERE)),
        ("flavor", json!(HERE)),
        ("timeout", json!(HERE)),
        ("arch", json!(HERE)),
        ("attempts", json!(HERE)),
        ("ssh", json!(HERE)),
        ("namespace", json!(HERE)),
        ("resource_group_id", json!(HERE)),
        ("network", json!({"group": HERE})),
        ("network", json!({"group": "g", "aliases": ["a", HERE]})),
        ("expose", json!([HERE])),
        ("unknown", json!({"deep": [HERE]})),
    ];
    if operation.ends_with("uv") {
        fields.extend([
            ("script", json!("key = 'HERE'\nprint(key)\n")),
            ("script", json!("HERE.py")),
            ("script", json!("https://example.com/HERE/x.py")),
            ("script_args", json!(["--key", HERE])),
            ("script_args", json!("--key 'HERE'")),
            ("dependencies", json!(["numpy", HERE])),
            ("dependencies", json!(["x @ https://example.com/HERE/x.whl"])),
            ("python", json!(HERE)),
        ]);
    } else {
        fields.extend([("command", json!(["echo", HERE])), ("command", json!("echo 'HERE'"))]);
    }
    if operation.starts_with("scheduled") {
        fields.push(("schedule", json!(HERE)));
    } else {
        // With a value that may be a URL with a password, which programs take for a database.
        fields.extend([("env", json!({"KEY": HERE})), ("env", json!(["KEY=HERE"]))]);
    }
    fields
}

/// The value with the credential in it.
fn filled(value: &Value, credential: &str) -> Value {
    match value {
        Value::String(text) => json!(text.replace(HERE, credential)),
        Value::Array(items) => items.iter().map(|item| filled(item, credential)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(key, item)| (key.replace(HERE, credential), filled(item, credential))).collect()
        }
        other => other.clone(),
    }
}

/// Asserts that this is a refusal that names the field and the fix, and shows no piece of the value.
fn refused(answer: &Answer, field: &str, credential: &str, what: &str) {
    assert_eq!(answer.code(), "token_in_readable_field", "{what}: {answer:?}");
    let faults = answer.structured["error"]["faults"].as_array().unwrap();
    let of_field = |fault: &Value| {
        let argument = fault["argument"].as_str().unwrap();
        let below = argument.strip_prefix(field);
        fault["code"] == "token_in_readable_field"
            && below.is_some_and(|below| below.is_empty() || below.starts_with(['.', '[']))
    };
    assert!(faults.iter().any(of_field), "{what}: {answer:?}");
    let hint = answer.structured["error"]["hint"].as_str().unwrap();
    assert!(hint.contains("secrets"), "{what}: {hint}");
    hides(&format!("{answer:?}"), credential, what);
}

fn hides(shown: &str, credential: &str, what: &str) {
    // What begins or surrounds a credential says nothing.
    let credential = credential.trim_start_matches("https://user:").trim_end_matches("@example.com/x");
    let secret = credential.split('\n').nth(1).unwrap_or(credential);
    for start in
        (0..=secret.len() - PIECE).filter(|start| *start >= secret.rfind(['_', '-', ' ']).map_or(0, |at| at.min(18)))
    {
        assert!(!shown.contains(&secret[start..start + PIECE]), "{what}: {shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_shape_of_a_credential_passes_in_any_field_of_a_submission() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let shapes = shapes(hub.token());
    let mut calls = 0;
    for operation in ["run", "uv", "scheduled run", "scheduled uv"] {
        let (base, _, _) = walk(if operation.ends_with("uv") { "uv" } else { "run" }, JOB, SCHEDULED);
        for (field, template) in fields(operation) {
            let scheduled = operation.starts_with("scheduled");
            for (shape, credential) in shapes.iter().step_by(if scheduled { 5 } else { 1 }) {
                let in_env = field == "env" && template.to_string().contains("KEY");
                if in_env && *shape == "a URL's password" {
                    continue;
                }
                // A quoted value is cut at some length: with that before it, a token comes to the cut.
                let cut = operation == "run" || operation == "uv" && field == "script";
                for before in ["", &"x".repeat(100)].into_iter().filter(|before| before.is_empty() || cut) {
                    let text = format!("{before}{}{credential}", if before.is_empty() { "" } else { "/" });
                    let mut args = base.clone();
                    if scheduled {
                        args["schedule"] = json!("@daily");
                        args.as_object_mut().unwrap().remove("detach");
                    }
                    args[field] = filled(&template, &text);
                    let answer = server.jobs(operation, args).await;
                    refused(&answer, field, credential, &format!("{shape} in `{field}` of `{operation}`, {template}"));
                    calls += 1;
                }
            }
        }
    }
    // The public list of flavors is read without a token, for a call that is wrong anyway.
    assert!(hub.requests().iter().all(|request| request.path == "/api/jobs/hardware"), "{:?}", hub.requests());
    for (shape, credential) in &shapes {
        hides(&server.stderr(), credential, shape);
    }
    assert!(calls > 3000, "{calls} calls");
    println!("{calls} calls");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_argument_of_any_operation_takes_a_token() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let tools = server.request("tools/list", json!({})).await;
    let schema = &tools["result"]["tools"][0]["inputSchema"]["properties"];
    let operations: Vec<String> = serde_json::from_value(schema["operation"]["enum"].clone()).unwrap();
    let arguments: Vec<String> = schema["args"]["properties"].as_object().unwrap().keys().cloned().collect();
    assert!(operations.len() > 20 && arguments.len() > 30, "{schema}");
    let token = canary();
    let mut calls = 0;
    for operation in operations.iter().filter(|operation| *operation != "help") {
        for argument in &arguments {
            for template in
                [json!(HERE), json!([HERE]), json!({HERE: "x"}), json!([{"source": HERE}]), json!({"KEY": HERE})]
            {
                // The one place where a token may be written out.
                if argument == "secrets" && !template.to_string().contains("\"x\"") {
                    continue;
                }
                // A list of maps is none of variables; and of variables that are no argument here, only the names are.
                let takes_env = ["run", "uv"].contains(&operation.trim_start_matches("scheduled "));
                let text = template.to_string();
                if argument == "env" && (text.contains("source") || text.contains("KEY") && !takes_env) {
                    continue;
                }
                let (mut args, _, _) = walk(operation, JOB, SCHEDULED);
                args[argument] = filled(&template, &token);
                let answer = server.jobs(operation, args).await;
                let what = format!("`{argument}` of `{operation}`, {template}");
                hides(&format!("{answer:?}"), &token, &what);
                // Two names of one argument: neither is read.
                if answer.text.contains("exclude each other") {
                    continue;
                }
                assert_eq!(answer.code(), "token_in_readable_field", "{what}: {answer:?}");
                calls += 1;
            }
        }
    }
    // The public list of flavors is read without a token, for a call that is wrong anyway.
    assert!(hub.requests().iter().all(|request| request.path == "/api/jobs/hardware"), "{:?}", hub.requests());
    assert!(calls > 3000, "{calls} calls");
    println!("{calls} calls");
}

//! The rules that model APIs have for the schemas of tools, as code, with their sources. A client passes the tools of all servers
//! in one request, so that one schema that the API refuses fails every request of the session, often without naming the server.
//! Models can express no more than the schema that their API makes of ours: every documented call must fit into it.

use serde_json::{Map, Value, json};

use crate::schemas::{calls, tools, validator};
use crate::support::{Server, hub, jobs_posted};

/// Visits every schema within a schema, with its path.
fn each(schema: &mut Value, path: &str, visit: &mut impl FnMut(&str, &mut Map<String, Value>)) {
    let Value::Object(fields) = schema else { panic!("no schema at {path}: {schema}") };
    visit(path, fields);
    if let Some(Value::Object(properties)) = fields.get_mut("properties") {
        for (name, property) in properties {
            each(property, &format!("{path}.{name}"), visit);
        }
    }
    if let Some(items) = fields.get_mut("items") {
        each(items, &format!("{path}[]"), visit);
    }
}

fn keys(fields: &Map<String, Value>, name: &str) -> Vec<String> {
    fields.get(name).and_then(Value::as_object).into_iter().flat_map(Map::keys).cloned().collect()
}

fn required(fields: &Map<String, Value>) -> Option<Vec<String>> {
    fields.get("required").map(|names| serde_json::from_value(names.clone()).unwrap())
}

/// Closes an object: models fill in the properties that the schema names, and no others.
fn close(fields: &mut Map<String, Value>) {
    if fields["type"] == "object" {
        fields.insert("additionalProperties".to_owned(), json!(false));
    }
}

/// Gemini's rules for the parameters of a function: a "select subset of an OpenAPI 3.0 schema object"
/// (<https://ai.google.dev/api/caching#Schema>). Only the keywords of its first version are allowed here.
///
/// - A `type` is one word: the field is an enum. `["array", "string"]` fails every request of a session with a 400 that does not
///   name the tool (anomalyco/opencode#48073, github/copilot-cli#4623, sbroenne/mcp-server-excel#672), and crashes
///   converters that call `toLowerCase` on it (google/adk-js#199).
/// - Unknown keywords are "Cannot find field" (nanbingxyz/5ire#42: `additionalProperties`; zed-industries/zed#44875: `const`).
/// - "properties[query].properties: should be non-empty for OBJECT type" (MarkusPfundstein/mcp-obsidian#21); clients leave out
///   the parameters of a function without any, so that the root may be empty (CherryHQ/cherry-studio#3485).
/// - "properties[tags].items: missing field" (NousResearch/hermes-agent#69924).
/// - "properties: only allowed for OBJECT type" (anomalyco/opencode#11889).
/// - "required[0]: property is not defined" (iBUHub/AIStudioToAPI#154).
/// - "enum: only allowed for STRING type", "enum[3]: cannot be empty" (sbroenne/mcp-server-excel#607).
fn gemini(path: &str, fields: &Map<String, Value>) -> Option<String> {
    const KEYWORDS: [&str; 6] = ["type", "description", "enum", "items", "properties", "required"];
    const TYPES: [&str; 6] = ["string", "number", "integer", "boolean", "array", "object"];
    let kind = fields.get("type").and_then(Value::as_str).filter(|kind| TYPES.contains(kind));
    let properties = keys(fields, "properties");
    let is_root = !path.contains(['.', '[']);
    if let Some(unknown) = fields.keys().find(|keyword| !KEYWORDS.contains(&keyword.as_str())) {
        return Some(format!("unknown name {unknown}"));
    }
    match kind {
        None => Some("type is not one word".to_owned()),
        Some("object") if properties.is_empty() && !is_root => Some("properties should be non-empty".to_owned()),
        Some("array") if !fields.contains_key("items") => Some("items: missing field".to_owned()),
        Some(kind) if kind != "object" && (fields.contains_key("properties") || fields.contains_key("required")) => {
            Some("properties are only allowed for objects".to_owned())
        }
        Some(kind)
            if fields.get("enum").is_some_and(|values| {
                let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
                kind != "string" || !values.as_array().unwrap().iter().all(is_text)
            }) =>
        {
            Some("enum is only allowed for texts that are not empty".to_owned())
        }
        Some(_) if required(fields).into_iter().flatten().any(|name| !properties.contains(&name)) => {
            Some("required: property is not defined".to_owned())
        }
        Some(_) => None,
    }
}

/// The rules of OpenAI's strict mode for a schema, before it is closed and all its properties are required
/// (<https://platform.openai.com/docs/guides/structured-outputs#supported-schemas>).
///
/// - Only some keywords (posit-dev/chatlas#255: "'uri' is not a valid format").
/// - An object with `additionalProperties: true` can't be closed: `ensure_strict_json_schema` of openai-agents 0.24.0 raises, as
///   it does for MCP tools on an object without properties, which "permits undeclared properties".
/// - "array schema missing items" (docker/mcp-gateway#275), also outside of the strict mode.
fn openai(path: &str, fields: &Map<String, Value>) -> Option<String> {
    const KEYWORDS: [&str; 6] = ["type", "description", "enum", "items", "properties", "required"];
    if let Some(unknown) = fields.keys().find(|keyword| !KEYWORDS.contains(&keyword.as_str())) {
        return Some(format!("{unknown} is not permitted"));
    }
    let is_root = !path.contains(['.', '[']);
    match fields["type"].as_str() {
        Some("object") if keys(fields, "properties").is_empty() && !is_root => Some("an open object".to_owned()),
        Some("array") if !fields.contains_key("items") => Some("array schema missing items".to_owned()),
        _ => None,
    }
}

/// The limits of OpenAI's strict mode in its first version, which other endpoints still have
/// (<https://learn.microsoft.com/azure/ai-services/openai/how-to/structured-outputs>; tidyverse/ellmer#671): 100 properties, 5
/// levels, 500 values of enums, 15,000 characters in names and values.
fn openai_limits(schema: &Value) -> Vec<String> {
    let (mut properties, mut values, mut characters, mut depth) = (0, 0, 0, 0);
    each(&mut schema.clone(), "", &mut |path, fields| {
        let names = keys(fields, "properties");
        let choices: Vec<String> =
            fields.get("enum").map(|values| serde_json::from_value(values.clone()).unwrap()).unwrap_or_default();
        properties += names.len();
        values += choices.len();
        characters += names.iter().chain(&choices).map(String::len).sum::<usize>();
        depth = depth.max(1 + path.matches(['.', '[']).count());
    });
    [("properties", properties, 100), ("levels", depth, 5), ("values", values, 500), ("characters", characters, 15_000)]
        .into_iter()
        .filter(|(_, found, most)| found > most)
        .map(|(what, found, most)| format!("{found} {what} of at most {most}"))
        .collect()
}

/// Anthropic's rules: the pattern of property names (ComposioHQ/composio#3500), and no union at the root
/// (aliargun/mcp-server-gemini#8).
fn anthropic(path: &str, fields: &Map<String, Value>) -> Option<String> {
    let is_key = |key: &String| {
        (1..=64).contains(&key.len()) && key.chars().all(|char| char.is_ascii_alphanumeric() || "_.-".contains(char))
    };
    if let Some(key) = keys(fields, "properties").iter().find(|key| !is_key(key)) {
        return Some(format!("property key {key}"));
    }
    let is_root = !path.contains(['.', '[']);
    let unions = ["oneOf", "anyOf", "allOf", "enum", "not"];
    (is_root && (fields["type"] != "object" || unions.iter().any(|union| fields.contains_key(*union))))
        .then(|| "input_schema is no plain object".to_owned())
}

/// The rules of Bedrock's Converse: the form of a tool's name and description
/// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolSpecification.html>), and a root that is an object
/// (code-yeongyu/senpi#1947, earendil-works/pi#8279). OpenAI has the same rule for names, and allows descriptions of at most
/// 1,024 characters.
fn bedrock(tool: &Value) -> Option<String> {
    let name = tool["name"].as_str().unwrap();
    let is_name = (1..=64).contains(&name.len())
        && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_' || char == '-');
    let about = tool["description"].as_str().unwrap().chars().count();
    (!is_name || !(1..=1024).contains(&about) || tool["inputSchema"]["type"] != "object")
        .then(|| format!("{name}, described in {about} characters"))
}

/// The blank value of each property of a schema, as a model writes it that has to fill in all of them.
fn blank(schema: &Value) -> Value {
    match schema["type"].as_str().unwrap() {
        "string" => json!(""),
        "boolean" => json!(false),
        "array" => json!([]),
        "object" => schema["properties"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, property)| (name.clone(), blank(property)))
            .collect::<Map<_, _>>()
            .into(),
        _ => json!(0),
    }
}

/// A call with blanks for everything that it does not say.
fn filled(schema: &Value, call: &Value) -> Value {
    match (blank(schema), call) {
        (Value::Object(mut all), Value::Object(given)) => {
            for (name, value) in given {
                let filled = filled(&schema["properties"][name], value);
                all.insert(name.clone(), filled);
            }
            all.into()
        }
        (_, given) => given.clone(),
    }
}

type Rule = fn(&str, &Map<String, Value>) -> Option<String>;

const RULES: [(&str, Rule); 3] = [("Gemini", gemini), ("OpenAI", openai), ("Anthropic", anthropic)];

#[tokio::test(flavor = "multi_thread")]
async fn no_model_api_refuses_the_input_schemas() {
    for tool in &mut tools().await {
        for (api, rule) in RULES {
            each(&mut tool["inputSchema"], "input", &mut |path, fields| {
                assert_eq!(rule(path, fields), None, "{api} at {path}");
            });
        }
        assert_eq!(openai_limits(&tool["inputSchema"]), Vec::<String>::new());
        assert_eq!(bedrock(tool), None);
    }
}

/// Each rule catches the schemas for which it exists.
#[test]
fn each_rule_refuses_what_broke_a_client() {
    let texts = json!({"type": "array", "items": {"type": "string"}});
    for (api, schema) in [
        ("Gemini", json!({"type": ["array", "string"], "items": {"type": "string"}})),
        ("Gemini", json!({"type": "object", "properties": {"a": texts}, "additionalProperties": true})),
        ("Gemini", json!({"type": "object"})),
        ("Gemini", json!({"type": "array"})),
        ("Gemini", json!({"type": "string", "properties": {"a": texts}})),
        ("Gemini", json!({"type": "object", "properties": {"a": texts}, "required": ["b"]})),
        ("Gemini", json!({"type": "integer", "enum": ["1"]})),
        ("Gemini", json!({"type": "string", "enum": ["a", ""]})),
        ("OpenAI", json!({"type": "object", "properties": {"a": texts}, "additionalProperties": true})),
        ("OpenAI", json!({"type": "object"})),
        ("OpenAI", json!({"type": "string", "format": "uri"})),
        ("OpenAI", json!({"type": "array"})),
        ("Anthropic", json!({"type": "object", "properties": {"filter[id]": texts}})),
    ] {
        let (_, rule) = RULES.iter().find(|(name, _)| *name == api).unwrap();
        assert!(rule("input.args", schema.as_object().unwrap()).is_some(), "{api}: {schema}");
    }
    assert!(anthropic("input", json!({"type": "object", "anyOf": []}).as_object().unwrap()).is_some());
    let many: Map<String, Value> = (0..101).map(|number| (number.to_string(), json!({"type": "string"}))).collect();
    assert_eq!(openai_limits(&json!({"type": "object", "properties": many})), ["101 properties of at most 100"]);
}

/// Gemini's models fill in the properties that a schema names. Claude Code and opencode close objects (`additionalProperties:
/// false`), which empties maps whose properties have no names (anomalyco/opencode#45245).
#[tokio::test(flavor = "multi_thread")]
async fn closed_objects_leave_every_call_possible() {
    let mut schema = tools().await[0]["inputSchema"].clone();
    each(&mut schema, "input", &mut |_, fields| close(fields));
    for call in calls() {
        assert!(validator(&schema).is_valid(&call), "{call}");
    }
    let free = json!({"operation": "run", "args": {"env": {"A1": "1"}}});
    assert!(!validator(&schema).is_valid(&free), "the test must bite");
}

/// Validators of closed objects demand `required`, also where nothing is required (anomalyco/opencode#45245: "'required' is
/// required to be supplied and to be an array"; jacksteamdev/obsidian-mcp-tools#63: properties, too).
#[tokio::test(flavor = "multi_thread")]
async fn the_root_of_each_tool_says_what_is_required() {
    for tool in tools().await {
        let root = tool["inputSchema"].as_object().unwrap();
        assert!(root.contains_key("properties") && required(root).is_some(), "{}", tool["name"]);
    }
}

/// Strict hosts require every property, so that models fill in blanks. An enum has no blank value, so that only a required
/// property may have one.
#[tokio::test(flavor = "multi_thread")]
async fn strict_objects_leave_every_call_possible() {
    let open = tools().await[0]["inputSchema"].clone();
    let mut schema = open.clone();
    each(&mut schema, "input", &mut |path, fields| {
        assert!(!fields.contains_key("enum") || path == "input.operation", "an enum at {path}");
        close(fields);
        if fields["type"] == "object" {
            let names = keys(fields, "properties");
            fields.insert("required".to_owned(), json!(names));
        }
    });
    for call in calls() {
        assert!(!validator(&schema).is_valid(&call), "the test must bite: {call}");
        let filled = filled(&open, &call);
        assert!(validator(&schema).is_valid(&filled), "{filled}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_with_blanks_for_the_rest_is_understood() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let schema = server.request("tools/list", json!({})).await["result"]["tools"][0]["inputSchema"].clone();
    let token = json!({"HF_TOKEN": "$HF_TOKEN"});
    for (secrets, sent) in [(token.clone(), json!({"HF_TOKEN": hub.token()})), (json!({}), Value::Null)] {
        for null in [false, true] {
            let args = json!({"command": ["true"], "env": {"entries": ["A1=1"]}, "secrets": secrets, "detach": true});
            let mut call = filled(&schema, &json!({"operation": "run", "args": args}));
            for (_, value) in call["args"].as_object_mut().unwrap() {
                let is_blank = [json!(""), json!([]), json!(false)].contains(value) && null;
                // The Hub refuses numbers of 0.
                if *value == json!(0) || is_blank {
                    *value = Value::Null;
                }
            }
            let answer = server.call("hf_jobs", call.clone()).await;
            assert!(!answer.is_error && answer.warnings().is_empty(), "{call}: {answer:?}");
            let body = jobs_posted(&hub).pop().unwrap().body;
            assert_eq!((&body["command"], &body["environment"]), (&json!(["true"]), &json!({"A1": "1"})));
            assert_eq!(body.get("secrets").filter(|secrets| **secrets != json!({})).unwrap_or(&Value::Null), &sent);
            assert!(body.get("network").is_none() && body["flavor"] == "cpu-basic", "{body}");
        }
    }
}

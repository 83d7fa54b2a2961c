//! The tools' schemas: explicit properties, no `$ref`, no empty subschema, `additionalProperties` as a boolean only, since
//! clients drop, empty or refuse whatever else JSON Schema allows.

use std::sync::Arc;

use rmcp::model::JsonObject;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use super::argument::{ARGUMENTS, Argument, Form};
use super::verbs::offered;
use crate::policy::Policy;

/// The input schema of `hf_jobs`.
pub(super) fn jobs_input(policy: &Policy) -> Arc<JsonObject> {
    let operations: Vec<&str> = offered(policy).map(|verb| verb.name).collect();
    let taken = |argument: &&Argument| offered(policy).any(|verb| verb.arguments().any(|name| name == argument.name));
    let properties: Map<String, Value> = ARGUMENTS
        .iter()
        .filter(taken)
        .map(|argument| (argument.name.to_owned(), property(argument.form, &argument.about_all())))
        .collect();
    object(json!({
        "type": "object",
        "properties": {
            "operation": {"type": "string", "enum": operations, "description": "without it: help"},
            "args": {"type": "object", "properties": properties, "additionalProperties": true},
        },
        "additionalProperties": true,
    }))
}

/// The input schema of a tool without arguments.
pub(super) fn nothing() -> Arc<JsonObject> {
    object(json!({"type": "object", "properties": {}, "additionalProperties": false}))
}

fn property(form: Form, about: &str) -> Value {
    let texts = json!({"type": "string"});
    let mut schema = match form {
        Form::Text => json!({"type": "string"}),
        Form::Texts => json!({"type": ["array", "string"], "items": texts}),
        Form::Time => json!({"type": ["string", "integer"]}),
        Form::Number => json!({"type": "integer"}),
        Form::Flag => json!({"type": "boolean"}),
        Form::Map => json!({"type": ["object", "array"], "additionalProperties": true, "items": texts}),
        Form::Secrets => json!({
            "type": ["object", "array"],
            "properties": {"HF_TOKEN": {"type": "string", "description": "write \"$HF_TOKEN\": becomes the login's token"}},
            "additionalProperties": true,
            "items": texts,
        }),
        Form::Ports => json!({"type": "array", "items": {"type": "integer"}}),
        Form::Volumes => json!({"type": "array", "items": {"type": ["string", "object"]}}),
        Form::Object => json!({"type": "object", "additionalProperties": true}),
    };
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("description".to_owned(), json!(about));
    }
    schema
}

/// The schema of structured content of type `T`.
pub(super) fn output<T: JsonSchema>() -> Arc<JsonObject> {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let schema: Schema = settings.into_generator().into_root_schema_for::<T>();
    let mut value = schema.to_value();
    simplify(&mut value);
    object(value)
}

/// Drops what adds bytes and no meaning, and what clients stumble over: titles, formats that JSON Schema does not know, and
/// the `null` of fields that are left out instead.
fn simplify(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            for key in ["$schema", "title", "format", "minimum", "default", "description"] {
                if fields.get(key).is_some_and(|value| !value.is_object()) {
                    fields.remove(key);
                }
            }
            if fields.get("additionalProperties").is_some_and(Value::is_object) {
                fields.insert("additionalProperties".to_owned(), json!(true));
            }
            if let Some(Value::Array(types)) = fields.get_mut("type") {
                types.retain(|kind| kind != "null");
                if let [kind] = types.as_slice() {
                    let kind = kind.clone();
                    fields.insert("type".to_owned(), kind);
                }
            }
            if let Some(Value::Array(choices)) = fields.get("anyOf") {
                let chosen: Vec<Value> =
                    choices.iter().filter(|choice| choice.get("type") != Some(&json!("null"))).cloned().collect();
                let optional = chosen.len() < choices.len();
                if let (true, Ok([Value::Object(only)])) = (optional, <[Value; 1]>::try_from(chosen)) {
                    *fields = only;
                }
            }
            fields.values_mut().for_each(simplify);
        }
        Value::Array(items) => items.iter_mut().for_each(simplify),
        _ => {}
    }
}

fn object(value: Value) -> Arc<JsonObject> {
    match value {
        Value::Object(fields) => Arc::new(fields),
        _ => Arc::default(),
    }
}

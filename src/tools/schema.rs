//! The tools' schemas, in the part of JSON Schema that every model API takes: one scalar `type` for each value, explicit properties,
//! no `additionalProperties`, no `$ref`, no `anyOf`. The tests of the schemas hold the rules of each API, with their sources.

use std::sync::Arc;

use rmcp::model::JsonObject;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use super::argument::{ARGUMENTS, Argument, Form};
use super::entries::ENTRIES;
use super::verbs::offered;
use crate::policy::Policy;

/// The most variables of the server that the schema names: it is in the context of every conversation.
const SECRET_NAMES_MAX: usize = 20;

/// The input schema of `hf_jobs`. `secret_names`: the variables of the server that secrets may take.
pub(super) fn jobs_input(policy: &Policy, secret_names: &[String]) -> Arc<JsonObject> {
    let operations: Vec<&str> = offered(policy).map(|verb| verb.name).collect();
    let about: Vec<String> = offered(policy).map(|verb| [verb.name, ": ", verb.about].concat()).collect();
    let taken = |argument: &&Argument| offered(policy).any(|verb| verb.arguments().any(|name| name == argument.name));
    let properties: Map<String, Value> = ARGUMENTS
        .iter()
        .filter(taken)
        .map(|argument| {
            let mut about = argument.about_all(policy);
            if argument.form == Form::Secrets {
                about.push_str(&allowed(secret_names));
            }
            (argument.name.to_owned(), property(argument.form, &about))
        })
        .collect();
    object(json!({
        "type": "object",
        "properties": {
            "operation": {"type": "string", "enum": operations, "description": about.join("; ")},
            "args": {"type": "object", "properties": properties, "description": "arguments of the operation"},
        },
        "required": ["operation"],
    }))
}

/// The input schema of a tool without arguments. Strict validators demand `required`, also where nothing is.
pub(super) fn nothing() -> Arc<JsonObject> {
    object(json!({"type": "object", "properties": {}, "required": []}))
}

/// The end of the description of `secrets`: the variables of the server that secrets may take.
fn allowed(names: &[String]) -> String {
    let Some(first) = names.first() else { return String::new() };
    let shown = names.get(..SECRET_NAMES_MAX).unwrap_or(names).join(", ");
    let more = if names.len() > SECRET_NAMES_MAX { ", …" } else { "" };
    format!("; \"${first}\" passes that variable of the server (allowed: {shown}{more})")
}

fn property(form: Form, about: &str) -> Value {
    let text = || json!({"type": "string"});
    let texts = || json!({"type": "array", "items": text()});
    // Gemini refuses an object without properties, and a client that closes objects empties it.
    let entries = || described(texts(), "or a list of NAME=value");
    let schema = match form {
        Form::Text | Form::Time => text(),
        Form::Texts | Form::Volumes => texts(),
        Form::Number => json!({"type": "integer"}),
        Form::Flag => json!({"type": "boolean"}),
        Form::Map => json!({"type": "object", "properties": {ENTRIES: entries()}}),
        Form::Secrets => {
            let token = described(text(), "write \"$HF_TOKEN\": becomes the login's token");
            json!({"type": "object", "properties": {"HF_TOKEN": token, ENTRIES: entries()}})
        }
        Form::Ports => json!({"type": "array", "items": {"type": "integer"}}),
        Form::Object => json!({"type": "object", "properties": {
            "group": described(text(), "name of the network"),
            "aliases": described(texts(), "host names of this job"),
        }}),
    };
    described(schema, about)
}

fn described(mut schema: Value, about: &str) -> Value {
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

/// Drops what adds bytes and no meaning, and what clients stumble over: titles, formats that JSON Schema does not know,
/// `additionalProperties`, and the `null` of fields that are left out instead.
fn simplify(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            for key in ["$schema", "title", "format", "minimum", "default", "description"] {
                if fields.get(key).is_some_and(|value| !value.is_object()) {
                    fields.remove(key);
                }
            }
            fields.remove("additionalProperties");
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

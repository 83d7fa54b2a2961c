//! No token comes out, whichever way it came in: every argument of every operation, every field and header of every answer of the
//! Hub, every place where a stream is cut, every file that is read, in every encoding that is known; on every way out.

mod answers;
mod arguments;
mod door;
mod faults;
mod files;
mod follows;
mod panics;
mod streams;
mod transports;

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use crate::budgets::walk;
use crate::support::mirror::{Asked, JOB, Mirror, SCHEDULED};
use crate::support::{Answer, Server, ServerBuilder, canary};

/// The login's token, and a value that the server forwarded.
struct Canaries {
    token: String,
    value: String,
    forms: Vec<String>,
}

impl Canaries {
    fn new() -> Self {
        // What is written otherwise in JSON, in URLs and in base64's two alphabets.
        let (token, value) = (canary(), format!("pä$$/\"wörd\" ~?>{}", &canary()[3..]));
        let forms = [&token, &value].into_iter().flat_map(|secret| forms(secret)).collect();
        Self { token, value, forms }
    }

    /// What must be seen nowhere.
    fn forms(&self) -> &[String] {
        &self.forms
    }

    /// Asserts that a text holds neither, in no form.
    fn absent(&self, what: &str, text: &str) {
        none_of(&self.forms, what, text);
    }
}

fn none_of(forms: &[String], what: &str, text: &str) {
    for (at, form) in forms.iter().enumerate() {
        assert!(!text.contains(form), "{what}: form {at} of {} is there", forms.len());
    }
}

/// The forms of a secret: as it is, in base64 at each of the three places where it can begin, in hexadecimal digits, as URLs and as
/// JSON have it.
fn forms(secret: &str) -> Vec<String> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let json = serde_json::to_string(secret).unwrap();
    let mut forms = vec![
        secret.to_owned(),
        hex.to_uppercase(),
        hex,
        json.trim_matches('"').to_owned(),
        url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        percent(secret),
        percent(secret).to_lowercase(),
    ];
    for before in ["", "x", "xy"] {
        // The characters that depend on it alone.
        let text = format!("{before}{secret}");
        let (first, last) = ((before.len() * 8).div_ceil(6), text.len() * 8 / 6);
        for engine in [&STANDARD.encode(&text), &URL_SAFE_NO_PAD.encode(&text)] {
            forms.push(engine[first..last].to_owned());
        }
    }
    forms
}

fn percent(text: &str) -> String {
    let char =
        |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(char).collect()
}

/// A server to be started that logs all that it can, and may forward the value.
fn builder(endpoint: &str, canaries: &Canaries) -> ServerBuilder {
    let builder = ServerBuilder::new().env("HF_ENDPOINT", endpoint).env("HF_TOKEN", &canaries.token);
    builder.env("RUST_LOG", "trace").env("OTHER", &canaries.value).arg("--secret-env").arg("OTHER")
}

/// The arguments of a `run` that forwards the value.
fn forwarding() -> Value {
    json!({"command": ["true"], "secrets": {"OTHER": "$OTHER"}, "detach": true})
}

fn assert_forwarded(mirror: &Mirror, canaries: &Canaries) {
    let forwarded = |asked: &Asked| {
        asked.head.starts_with("POST ") && json_of(&asked.body)["secrets"]["OTHER"] == canaries.value.as_str()
    };
    assert!(mirror.asked().iter().any(forwarded));
}

/// A server that logs all that it can, and has forwarded the value.
async fn server(mirror: &Mirror, canaries: &Canaries) -> Server {
    let mut server = builder(&mirror.endpoint, canaries).start().await;
    let answer = server.jobs("run", forwarding()).await;
    assert!(!answer.is_error, "{answer:?}");
    assert_forwarded(mirror, canaries);
    server
}

fn json_of(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_default()
}

/// Asserts that what was sent has the token in the authorization header and in `secrets` alone. Another value goes where it is
/// written.
fn sent_only_where_it_may(mirror: &Mirror, canaries: &Canaries, what: &str) {
    only_where_they_may(&mirror.asked(), canaries, &forms(&canaries.token), what);
}

fn only_where_they_may(asked: &[Asked], canaries: &Canaries, forms: &[String], what: &str) {
    for asked in asked {
        let authorization = format!("Bearer {}", canaries.token);
        for line in asked.head.lines() {
            if line.to_lowercase().starts_with("authorization: ") {
                assert!(line.contains(&authorization), "{what}");
            } else {
                none_of(forms, what, line);
            }
        }
        let mut body = json_of(&asked.body);
        assert!(asked.body.is_empty() || body.is_object(), "{what}");
        for spec in ["", "/jobSpec"] {
            if let Some(fields) = body.pointer_mut(spec).and_then(Value::as_object_mut) {
                fields.remove("secrets");
            }
        }
        strings(&body, &mut |text| none_of(forms, what, text));
    }
}

fn strings(value: &Value, see: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, see)),
        Value::Object(fields) => fields.iter().for_each(|(key, item)| {
            see(key);
            strings(item, see);
        }),
        _ => {}
    }
}

/// Asserts that nothing that left the server since holds a canary, and forgets it.
fn nothing_came_out(server: &mut Server, canaries: &Canaries, what: &str) {
    for message in std::mem::take(&mut server.output) {
        is_clean(&message, canaries.forms(), what);
    }
}

/// Asserts that a message holds none of these forms.
fn is_clean(message: &str, forms: &[String], what: &str) {
    none_of(forms, what, message);
    // Also behind the escapes of the message itself.
    strings(&json_of(message), &mut |text| none_of(forms, what, text));
}

/// Ends the server: nothing is in its log, its command line, or its home but in the files that the test wrote.
async fn nor_anywhere_else(server: Server, canaries: &Canaries) {
    nor_beside_it(&server, canaries);
    let (_, log) = server.finish().await;
    canaries.absent("the log", &log);
}

fn nor_beside_it(server: &Server, canaries: &Canaries) {
    let command = fs::read_to_string(format!("/proc/{}/cmdline", server.child.id().unwrap())).unwrap_or_default();
    canaries.absent("the command line", &command);
    let mut files = Vec::new();
    walk_files(server.home.path(), &mut files);
    for (name, text) in files.into_iter().filter(|(name, _)| !name.ends_with("huggingface/token")) {
        canaries.absent(&name, &text);
    }
}

fn walk_files(directory: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk_files(&path, found);
        } else {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            found.push((path.display().to_string(), text));
        }
    }
}

/// What the schema offers: the operations, and the names of the arguments.
async fn offered(server: &mut Server) -> (Vec<String>, Vec<String>) {
    offered_in(&server.request("tools/list", json!({})).await)
}

fn offered_in(tools: &Value) -> (Vec<String>, Vec<String>) {
    let tools = tools["result"]["tools"].as_array().unwrap();
    let schema = &tools.iter().find(|tool| tool["name"] == "hf_jobs").unwrap()["inputSchema"]["properties"];
    let operations = serde_json::from_value(schema["operation"]["enum"].clone()).unwrap();
    let arguments = schema["args"]["properties"].as_object().unwrap().keys().cloned().collect();
    (operations, arguments)
}

/// Calls that ask as much of the Hub as can be, with a client that wants progress.
async fn call(server: &mut Server, operation: &str, args: &Map<String, Value>) -> Answer {
    let params = json!({
        "name": "hf_jobs", "arguments": {"operation": operation, "args": args}, "_meta": {"progressToken": "p"},
    });
    Server::answer(&server.request("tools/call", params).await)
}

fn calls(operations: &[String]) -> Vec<(String, Map<String, Value>)> {
    operations
        .iter()
        .map(|operation| {
            let mut args = walk(operation, JOB, SCHEDULED).0.as_object().unwrap().clone();
            if args.contains_key("detach") && operation != "rerun" {
                args.remove("detach");
                args.insert("secrets".to_owned(), json!({"HF_TOKEN": "$HF_TOKEN"}));
            }
            // The one machine that there is.
            if let Some(flavor) = args.get_mut("flavor") {
                *flavor = json!("cpu-basic");
            }
            // A stage that nobody knows is waited for as long as the call says.
            let patience = if operation == "wait" { Some("timeout") } else { None };
            let follows = matches!(operation.as_str(), "run" | "uv").then_some("wait");
            args.extend(patience.or(follows).map(|name| (name.to_owned(), json!("1s"))));
            (operation.clone(), args)
        })
        .collect()
}

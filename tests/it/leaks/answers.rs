//! Tokens in what the Hub answers: in fields, refusals and headers.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{
    Canaries, call, calls, forms, nor_anywhere_else, nothing_came_out, offered, sent_only_where_it_may, server,
};
use crate::support::mirror::{Kind, Mirror};

/// What marks a row in which a field's name is replaced.
pub(super) const NAME: &str = " (its name)";

/// Every answer with one text or key of it replaced.
pub(super) fn replaced(answer: &Value, by: &str) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    match answer {
        Value::Object(fields) => {
            for (key, value) in fields {
                let with = |value: Value| {
                    let mut fields = fields.clone();
                    fields.insert(key.clone(), value);
                    Value::Object(fields)
                };
                let renamed = fields
                    .iter()
                    .map(|(name, value)| (if name == key { by.to_owned() } else { name.clone() }, value.clone()));
                all.push((format!("/{key}{NAME}"), Value::Object(renamed.collect())));
                all.extend(replaced(value, by).into_iter().map(|(path, value)| (format!("/{key}{path}"), with(value))));
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                let with = |value: Value| {
                    let mut items = items.clone();
                    items[at] = value;
                    Value::Array(items)
                };
                all.extend(replaced(value, by).into_iter().map(|(path, value)| (format!("/{at}{path}"), with(value))));
            }
        }
        // A number or a flag can be a text as well: the Hub is no friend here.
        _ => all.push((String::new(), json!(by))),
    }
    all
}

pub(super) const SUBMISSIONS: [&str; 6] = ["run", "uv", "rerun", "scheduled run", "scheduled uv", "scheduled trigger"];

/// Whether an operation reads answers of a kind.
pub(super) fn reads(operation: &str, kind: Kind) -> bool {
    let scheduled = operation.starts_with("scheduled");
    match kind {
        Kind::WhoAmI => matches!(operation, "run" | "ps"),
        Kind::Hardware => matches!(operation, "run" | "hardware" | "inspect"),
        Kind::Job => !scheduled || operation == "scheduled trigger",
        Kind::Scheduled => scheduled,
        Kind::Log => matches!(operation, "run" | "uv" | "logs" | "rerun"),
        Kind::Metrics => operation == "stats",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_field_of_any_answer_of_the_hub_brings_a_token_out() {
    let (mirror, canaries) = (Mirror::new().await, Canaries::new());
    let mut rows = 0;
    for kind in Kind::ALL {
        let mut server = server(&mirror, &canaries).await;
        let (operations, _) = offered(&mut server).await;
        let all = format!("a {} b", canaries.forms().join(" "));
        for (path, text, answer) in [&canaries.token, &canaries.value, &all].into_iter().flat_map(|text| {
            replaced(&kind.template(), text).into_iter().map(move |(path, answer)| (path, text, answer))
        }) {
            // A name in each form says no more than in one.
            if path.ends_with(NAME) && *text != all {
                continue;
            }
            // Kept for minutes by the server that asked.
            if matches!(kind, Kind::WhoAmI | Kind::Hardware) {
                nor_anywhere_else(server, &canaries).await;
                server = super::server(&mirror, &canaries).await;
            }
            mirror.instead(kind, answer);
            let what = format!("{kind:?}{path}");
            let lost = !kind.template().pointer(&path).is_some_and(Value::is_string) || path.ends_with("/id");
            for (operation, args) in calls(&operations).iter().filter(|(operation, _)| reads(operation, kind)) {
                // An answer that can't be read is a lost one, and a lost job is looked for for a minute.
                if lost && SUBMISSIONS.contains(&operation.as_str()) {
                    continue;
                }
                call(&mut server, operation, args).await;
                rows += 1;
                nothing_came_out(&mut server, &canaries, &format!("{what} in `{operation}`"));
            }
            server.call("hf_whoami", json!({})).await;
            nothing_came_out(&mut server, &canaries, &what);
            mirror.restore();
            sent_only_where_it_may(&mirror, &canaries, &what);
        }
        nor_anywhere_else(server, &canaries).await;
    }
    assert!(rows > 2000, "{rows} calls");
    println!("{rows} calls with a token in a field of an answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_refusal_or_header_of_the_hub_brings_a_token_out() {
    let (mirror, other, canaries) = (Mirror::new().await, Mirror::new().await, Canaries::new());
    let mut server = server(&mirror, &canaries).await;
    let (operations, _) = offered(&mut server).await;
    let operations = calls(&operations);
    let all = format!("a {} b", forms(&canaries.token).join(" "));
    let mut rows = 0;
    for status in [400, 401, 402, 403, 404, 409, 418, 422] {
        for body in [
            json!({"error": all}).to_string(),
            json!({"error": [{"message": all}], "error_description": all}).to_string(),
            json!({"message": {"message": all}, all.as_str(): all}).to_string(),
            all.clone(),
            format!("<html>{all}</html>"),
            json!(all).to_string(),
        ] {
            mirror.refuse(status, body);
            for (operation, args) in &operations {
                call(&mut server, operation, args).await;
                rows += 1;
                nothing_came_out(&mut server, &canaries, &format!("a {status} in `{operation}`"));
            }
        }
    }
    mirror.restore();
    let names = [
        "x-request-id",
        "x-amzn-trace-id",
        "x-amz-cf-id",
        "x-error-message",
        "x-error-code",
        "date",
        "link",
        "ratelimit",
        "retry-after",
        "location",
        "server",
        "set-cookie",
        "www-authenticate",
        "content-encoding",
        "etag",
        "x-unknown",
    ];
    let foreign = format!("{}/?{}", other.endpoint, canaries.token);
    for name in names {
        for value in [canaries.token.clone(), all.clone(), foreign.clone(), format!("<{foreign}>; rel=\"next\"")] {
            for status in [200, 307, 400, 403] {
                mirror.restore();
                mirror.header(name, &value);
                if status != 200 {
                    mirror.refuse(status, "{}".to_owned());
                }
                for (operation, args) in operations
                    .iter()
                    .filter(|(operation, _)| ["run", "ps", "logs", "scheduled ps"].contains(&operation.as_str()))
                {
                    call(&mut server, operation, args).await;
                    rows += 1;
                    nothing_came_out(&mut server, &canaries, &format!("`{name}` of a {status} in `{operation}`"));
                }
            }
        }
    }
    for location in [
        foreign.clone(),
        foreign.replace("http://", "//"),
        foreign.replace("http://", "https://"),
        "/api/jobs/else".to_owned(),
    ] {
        for status in [300, 301, 302, 303, 307, 308] {
            mirror.restore();
            mirror.header("location", &location);
            mirror.refuse(status, "{}".to_owned());
            for (operation, args) in &operations {
                let answer = call(&mut server, operation, args).await;
                rows += 1;
                nothing_came_out(&mut server, &canaries, &format!("a {status} in `{operation}`"));
                assert!(
                    answer.is_error || ["help", "hardware"].contains(&operation.as_str()),
                    "{operation}: {answer:?}"
                );
            }
            let asked = mirror.asked();
            assert!(
                !asked.is_empty() && asked.iter().all(|asked| !asked.head.contains("/else")),
                "a {status} was followed"
            );
        }
    }
    mirror.restore();
    sent_only_where_it_may(&mirror, &canaries, "after refusals");
    assert!(other.asked().is_empty(), "another host was asked");
    println!("{rows} calls with a token in a refusal or a header");
    nor_anywhere_else(server, &canaries).await;
}

/// What answers are made of is read off the source: a field that is read and has no row here fails.
#[test]
fn every_field_that_is_read_has_its_row() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/hub");
    let rows: String = Kind::ALL.iter().map(|kind| kind.template().to_string()).collect();
    let mut fields = 0;
    for file in ["job", "description", "scheduled", "hardware", "account", "metrics"] {
        let text = fs::read_to_string(root.join(format!("{file}.rs"))).unwrap();
        for block in text.split("#[derive(Deserialize)]").skip(1) {
            let block = block.split("\n}").next().unwrap();
            let snake = !block.contains("rename_all");
            let mut renamed = None;
            for line in block.lines().map(str::trim) {
                if let Some(name) = line.strip_prefix("#[serde(rename = \"") {
                    renamed = Some(name.split('"').next().unwrap().to_owned());
                } else if line.contains("flatten") {
                    renamed = Some("labels".to_owned());
                } else if let Some((name, _)) = line.split_once(": ").filter(|_| !line.starts_with(['#', '/'])) {
                    let name = name.trim_start_matches("pub(super) ");
                    let camel = || {
                        let mut words = name.split('_');
                        let first = words.next().unwrap().to_owned();
                        words.fold(first, |name, word| format!("{name}{}{}", word[..1].to_uppercase(), &word[1..]))
                    };
                    let name = renamed.take().unwrap_or_else(|| if snake { name.to_owned() } else { camel() });
                    assert!(
                        rows.contains(&format!("\"{name}\":")),
                        "`{name}` of src/hub/{file}.rs is in no answer of the mirror's"
                    );
                    fields += 1;
                }
            }
        }
    }
    assert!(fields > 50, "{fields} fields");
}

//! An answer of the Hub whose fields have other types than they should: what can be read is told, what can't is said to be so, and
//! the server goes on.

use serde_json::{Value, json};

use crate::support::mirror::{JOB, Kind, Mirror, SCHEDULED};
use crate::support::{Server, ServerBuilder, canary};

/// The value with each of its parts, one at a time, replaced; the part's path first.
fn replaced(answer: &Value, by: &Value) -> Vec<(String, Value)> {
    let mut all = vec![(String::new(), by.clone())];
    let parts: Vec<String> = match answer {
        Value::Object(fields) => fields.keys().cloned().collect(),
        Value::Array(items) => (0..items.len()).map(|at| at.to_string()).collect(),
        _ => Vec::new(),
    };
    for part in parts {
        let pointer = format!("/{part}");
        for (path, value) in replaced(answer.pointer(&pointer).unwrap(), by) {
            let mut answer = answer.clone();
            *answer.pointer_mut(&pointer).unwrap() = value;
            all.push((pointer.clone() + &path, answer));
        }
    }
    all
}

/// The calls that read answers of a kind, and submit nothing.
fn calls(kind: Kind) -> Vec<(&'static str, Value)> {
    let (job, scheduled) = (json!({"job_id": JOB}), json!({"scheduled_job_id": SCHEDULED}));
    match kind {
        Kind::WhoAmI => vec![("whoami", json!({})), ("ps", json!({"all": true}))],
        Kind::Hardware => vec![("hardware", json!({})), ("inspect", job)],
        Kind::Job => vec![("inspect", job.clone()), ("ps", json!({"all": true})), ("cancel", job)],
        Kind::Scheduled => vec![("scheduled inspect", scheduled), ("scheduled ps", json!({"all": true}))],
        Kind::Log => vec![("logs", job)],
        Kind::Metrics => vec![("stats", job)],
    }
}

/// What an answer can't be read without.
fn is_needed(kind: Kind, path: &str) -> bool {
    let needed: &[&str] = match kind {
        Kind::WhoAmI => &["", "/name"],
        Kind::Job => &["", "/id"],
        Kind::Scheduled => &["", "/id", "/schedule", "/jobSpec"],
        Kind::Hardware | Kind::Log | Kind::Metrics => &[""],
    };
    needed.contains(&path)
}

/// Puts each of those values into each place of answers of a kind; how many calls that was.
async fn replace_each(kind: Kind, others: &[Value]) -> usize {
    let mirror = Mirror::new().await;
    let start = || ServerBuilder::new().env("HF_ENDPOINT", &mirror.endpoint).env("HF_TOKEN", canary()).start();
    let mut server: Server = start().await;
    let mut rows = 0;
    for (by, (path, answer)) in
        others.iter().flat_map(|by| replaced(&kind.template(), by).into_iter().map(move |row| (by, row)))
    {
        // Kept for minutes by the server that asked.
        if matches!(kind, Kind::WhoAmI | Kind::Hardware) {
            server = start().await;
        }
        mirror.instead(kind, answer);
        for (operation, args) in calls(kind) {
            // A stage that nobody knows is looked at again for seconds.
            if operation == "cancel" && path.starts_with("/status") {
                continue;
            }
            let answer = match operation {
                "whoami" => server.call("hf_whoami", args).await,
                _ => server.jobs(operation, args).await,
            };
            rows += 1;
            let what = format!("{by} at {kind:?}{path} in `{operation}`: {answer:?}");
            // A list goes on without what can't be read, and says so.
            assert!(!answer.is_error || is_needed(kind, &path), "{what}");
            if answer.is_error {
                assert_eq!(answer.code(), "bad_answer", "{what}");
            }
        }
    }
    mirror.restore();
    assert!(!server.jobs("inspect", json!({"job_id": JOB})).await.is_error);
    let (_, log) = server.finish().await;
    assert!(!log.contains("panic"), "{log}");
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_of_another_type_is_left_out_and_the_rest_is_told() {
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    let few = vec![Value::Null, json!(-1), json!("text"), json!([null, 7, {}]), json!({"": null, "a": [1], "b": {}})];
    let mut many = few.clone();
    many.extend([
        json!(7),
        json!(1e300),
        json!(0.5),
        json!(u64::MAX),
        json!(true),
        json!(""),
        json!([]),
        json!({}),
        deep,
    ]);
    let mut kinds = tokio::task::JoinSet::new();
    for kind in Kind::ALL {
        let others = if matches!(kind, Kind::WhoAmI | Kind::Hardware) { few.clone() } else { many.clone() };
        kinds.spawn(async move { replace_each(kind, &others).await });
    }
    let rows: usize = kinds.join_all().await.into_iter().sum();
    assert!(rows > 2000, "{rows} calls");
    println!("{rows} calls with a field of another type");
}

//! What a wrong call is answered: all that is wrong at once, and hints that lead to the right call and add nothing of their own.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::lenient_calls::examples;
use crate::support::{Answer, Server, hub, jobs_posted};

const JOB: &str = "66f0a1b2c3d4e5f601234567";
const SCHEDULED: &str = "66f0a1b2c3d4e5f6000000aa";

/// The calls that the hints of an answer show.
fn shown_calls(answer: &Answer) -> Vec<Value> {
    let hint = answer.structured["error"]["hint"].as_str().unwrap_or_default();
    let (mut calls, mut rest) = (Vec::new(), hint);
    while let Some(at) = rest.find("{\"operation\"") {
        let mut read = serde_json::Deserializer::from_str(&rest[at..]).into_iter::<Value>();
        calls.push(read.next().unwrap().unwrap_or_else(|error| panic!("{error} in {hint}")));
        rest = &rest[at + read.byte_offset()..];
    }
    calls
}

/// Wrong calls of every operation: something missing, misspelt, unknown, of another type, out of range.
async fn wrong_calls(server: &mut Server) -> Vec<(String, Map<String, Value>)> {
    let tools = server.request("tools/list", json!({})).await;
    let schema = &tools["result"]["tools"][0]["inputSchema"]["properties"]["args"]["properties"];
    let mut calls = Vec::new();
    for (operation, args) in examples(server).await {
        let mut add = |args: Map<String, Value>| calls.push((operation.clone(), args));
        for name in args.keys().filter(|name| *name != "dry_run") {
            let mut less = args.clone();
            less.remove(name);
            add(less);
        }
        for name in
            schema.as_object().unwrap().keys().map(String::as_str).chain(["zzz", "gpu", "timezone", "sessionId"])
        {
            for value in [json!("???"), json!(-3), json!({"a": [{}]})] {
                let mut more = args.clone();
                more.insert(name.to_owned(), value.clone());
                add(more);
            }
            let mut misspelt = args.clone();
            misspelt.insert(format!("{name}s"), json!("a | b"));
            add(misspelt);
        }
    }
    calls
}

/// The texts and numbers in a value.
fn leaves(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            into.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| leaves(item, into)),
        Value::Object(fields) => fields.values().for_each(|item| leaves(item, into)),
        Value::Null => {}
        other => {
            into.insert(other.to_string());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_of_a_hint_is_accepted_and_invents_nothing() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let hardware = server.jobs("hardware", json!({})).await.structured;
    let mut of_hub = BTreeSet::new();
    leaves(&hardware["hardware"], &mut of_hub);
    of_hub.extend(examples(&mut server).await.into_iter().map(|(operation, _)| operation));
    let mut calls = wrong_calls(&mut server).await;
    for (operation, args) in [
        ("scheduled update", json!({"scheduled_job_id": SCHEDULED, "concurrency": true})),
        ("scheduled update", json!({"scheduled_job_id": SCHEDULED, "flavor": "t4-small"})),
        ("scheduled update", json!({"scheduled_job_id": SCHEDULED})),
        ("cancel", json!({"name": "x"})),
        ("run", json!({"command": ["true"], "network": {"group": "My_Group", "aliases": ["a"]}})),
        ("run", json!({"command": ["true"], "volumes": [{"type": "buckets", "source": "a/b", "mountpath": "/b"}]})),
        ("uv", json!({"script": "file://train.py"})),
        ("run", json!({"command": "echo a && echo b"})),
    ] {
        calls.push((operation.to_owned(), args.as_object().unwrap().clone()));
    }
    let (mut refused, mut shown) = (0, 0);
    for (operation, args) in calls {
        let answer = server.jobs(&operation, Value::Object(args.clone())).await;
        if !answer.is_error {
            continue;
        }
        refused += 1;
        let mut given = of_hub.clone();
        leaves(&Value::Object(args.clone()), &mut given);
        for call in shown_calls(&answer) {
            shown += 1;
            if call["operation"] == operation.as_str() {
                let mut written = BTreeSet::new();
                leaves(&call["args"], &mut written);
                for leaf in written {
                    // Letters and digits are kept, what is between them may become what a name takes.
                    let folded = |text: &str| {
                        text.chars().filter(|char| char.is_alphanumeric()).collect::<String>().to_lowercase()
                    };
                    let is_gap = leaf.starts_with('<') && leaf.ends_with('>');
                    let is_fixed = ["$HF_TOKEN", "/bin/sh", "-c", "bucket"].contains(&leaf.as_str());
                    let is_given = given.iter().any(|given| folded(given).contains(&folded(&leaf)));
                    assert!(is_gap || is_fixed || is_given, "{operation} {args:?}: `{leaf}` is invented: {answer:?}");
                }
            }
            let mut call = call;
            // Whether it is accepted is asked; nothing is to run.
            if args.contains_key("dry_run") && call["operation"] == operation.as_str() {
                call["args"]["dry_run"] = json!(true);
            }
            let again = server.call("hf_jobs", call.clone()).await;
            let is_wrong = ["invalid_arguments", "unknown_operation"].contains(&again.code());
            let only_gaps = || {
                let faults = again.structured["error"]["faults"].as_array().unwrap();
                !faults.is_empty()
                    && faults.iter().all(|fault| fault["message"].as_str().unwrap().contains("placeholder"))
            };
            assert!(!is_wrong || only_gaps(), "{operation} {args:?}\n{}\n{call}: {again:?}", answer.text);
        }
    }
    assert!(refused > 1000 && shown > 500, "{refused} {shown}");
    assert!(jobs_posted(&hub).iter().all(|request| request.path.ends_with("/alice")), "nothing was started by an id");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_argument_is_answered_with_its_form_alone() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for (operation, args, form, gap) in [
        ("uv", json!({}), "Python code", Some("script")),
        ("run", json!({"image": "ubuntu"}), "[\"python\", \"-V\"]", Some("command")),
        ("scheduled update", json!({"scheduled_job_id": SCHEDULED}), "cron in UTC", Some("schedule")),
        ("logs", json!({}), "namespace/id", None),
        ("scheduled delete", json!({}), "namespace/id", None),
    ] {
        let answer = server.jobs(operation, args).await;
        assert_eq!(answer.code(), "invalid_arguments");
        assert!(answer.text.contains("is required") && answer.text.contains(form), "{answer:?}");
        assert!(answer.text.len() < 600, "{} bytes: {}", answer.text.len(), answer.text);
        assert!(answer.structured.get("usage").is_none());
        if let Some(gap) = gap {
            let call = answer.mended();
            assert!(call["args"][gap].as_str().unwrap().starts_with('<'), "{call}");
            let again = server.call("hf_jobs", call).await;
            assert!(again.is_error && again.text.contains("placeholder of an earlier answer"), "{again:?}");
        }
    }
    assert!(hub.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_argument_is_answered_with_those_there_are() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for (operation, args, has, has_not) in [
        (
            "ps",
            json!({"foo": 1}),
            &["`ps` takes all, status", r#"{"operation":"help","args":{"operation":"ps"}}"#][..],
            "",
        ),
        (
            "cancel",
            json!({"job_id": JOB, "name": "x"}),
            &["`cancel` takes job_id", "`name` is an argument of"],
            "did you mean",
        ),
        ("rerun", json!({"job_id": JOB, "zzz": 1}), &["`rerun` takes job_id"], "did you mean"),
        ("hardware", json!({"foo": 1}), &["`hardware` takes"], "did you mean"),
        ("run", json!({"command": ["true"], "script": "x"}), &["`script` is an argument of uv"], "did you mean"),
        ("run", json!({"command": ["true"], "attach": true}), &["`run` takes"], "did you mean"),
        ("run", json!({"command": ["true"], "timout": "1h"}), &["did you mean `timeout`?"], "`run` takes"),
        ("run", json!({"command": ["true"], "cmd": "x"}), &["did you mean `command`?"], "`run` takes"),
    ] {
        let answer = server.jobs(operation, args).await;
        assert_eq!(answer.code(), "invalid_arguments", "{answer:?}");
        assert!(has.iter().all(|words| answer.text.contains(words)), "{has:?} in {}", answer.text);
        assert!(has_not.is_empty() || !answer.text.contains(has_not), "{has_not} in {}", answer.text);
    }
    assert!(hub.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn all_faults_of_a_call_are_in_one_answer() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let args = json!({"command": "a && b", "flavor": "a100", "timeout": "forever", "env": {"HF_TOKEN": "$HF_TOKEN"}, "foo": 1, "attempt": 0});
    let answer = server.jobs("run", args).await;
    let faults = answer.structured["error"]["faults"].as_array().unwrap();
    let wrong: BTreeSet<&str> = faults.iter().map(|fault| fault["argument"].as_str().unwrap()).collect();
    // The value under a misspelt name is read, too.
    for argument in ["command", "flavor", "timeout", "env.HF_TOKEN", "foo", "attempt", "attempts"] {
        assert!(wrong.contains(argument), "{argument} in {wrong:?}");
    }
    assert!(answer.text.contains("`a100-large` ($2.50/hour)"), "{answer:?}");
    assert!(hub.requests().iter().all(|request| request.path == "/api/jobs/hardware"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flavor_that_is_not_there_is_answered_with_those_that_are() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    // What is asked for, what the answer says, which flavors it offers first, and which the corrected call has.
    for (asked, says, first, instead) in [
        ("a100", "nearest", &["a100-large"][..], Some("a100-large")),
        ("nvidia-a100-80gb", "nearest", &["a100-large"], Some("a100-large")),
        ("A100 (80GB)", "nearest", &["a100-large"], Some("a100-large")),
        ("h100", "nearest", &["h200"], Some("h200")),
        ("h100x8", "nearest", &["h200x8"], Some("h200x8")),
        ("a10", "nearest", &["a10g-small"], Some("a10g-small")),
        ("l40s", "nearest", &["l40sx1"], Some("l40sx1")),
        ("l4", "nearest", &["l4x1"], Some("l4x1")),
        ("t4-large", "nearest", &["t4-small", "t4-medium"], Some("t4-small")),
        ("cpu-basik", "nearest", &["cpu-basic"], Some("cpu-basic")),
        ("cpu", "nearest", &["cpu-basic", "cpu-upgrade"], Some("cpu-basic")),
        ("rtx-4090", "nearest", &["rtx-pro-6000"], Some("rtx-pro-6000")),
        ("gpu", "GPU flavors", &["t4-small", "t4-medium", "l4x1"], Some("t4-small")),
        ("v100", "GPU flavors", &["t4-small"], None),
        ("mi300x", "GPU flavors", &["t4-small"], None),
        ("v5e-1x1", "no TPUs; GPU flavors", &["t4-small"], None),
        ("tpu-v4-8", "no TPUs; GPU flavors", &["t4-small"], None),
        ("zzz", "flavors", &["cpu-basic"], None),
    ] {
        let answer = server.jobs("run", json!({"command": ["true"], "flavor": asked, "dry_run": true})).await;
        assert_eq!(answer.code(), "invalid_arguments", "{asked}: {answer:?}");
        let (said, offered) = answer.text.split_once(" does not exist; ").unwrap().1.split_once(": ").unwrap();
        assert!(said.ends_with(says), "{asked}: {said}");
        let offered = offered.lines().next().unwrap();
        let names: Vec<&str> = offered.split(", ").filter_map(|one| one.split('`').nth(1)).collect();
        assert!(names.starts_with(first), "{asked}: {offered}");
        assert!(offered.contains("/hour)"), "{asked}: {offered}");
        assert!(asked.starts_with("cpu") || asked == "zzz" || !offered.contains("cpu-"), "{asked}: {offered}");
        match instead {
            None => assert!(!answer.text.contains("send {"), "{asked}: {answer:?}"),
            Some(flavor) => {
                let mended = answer.mended();
                assert_eq!(mended["args"]["flavor"], flavor, "{asked}");
                assert!(!server.call("hf_jobs", mended).await.is_error, "{asked}");
            }
        }
    }
    for (name, value) in
        [("gpu", json!(true)), ("gpu", json!("a100")), ("gpu_type", json!("h100")), ("machine", json!("t4"))]
    {
        let answer = server.jobs("run", json!({"command": ["true"], name: value, "dry_run": true})).await;
        assert!(answer.text.contains("did you mean `flavor`?") && answer.text.contains("/hour)"), "{name}: {answer:?}");
        let answer = server.call("hf_jobs", answer.mended()).await;
        assert!(!answer.is_error, "{name}: {answer:?}");
    }
    assert!(jobs_posted(&hub).is_empty());
}

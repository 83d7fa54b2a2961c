//! Calls as models and their hosts write them: wrapped, with names added, without an operation, by other names.

use serde_json::{Map, Value, json};

use crate::support::{Server, ServerBuilder, hub, jobs_posted};

const JOB: &str = "66f0a1b2c3d4e5f601234567";
const SCHEDULED: &str = "66f0a1b2c3d4e5f6000000aa";

#[tokio::test(flavor = "multi_thread")]
async fn names_of_hosts_are_ignored_beside_args() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let hosts = json!({"tool": "hf_jobs", "toolCallId": "call_1", "sessionId": "s1", "action": "sendMessage", "chatInput": "hi", "id": "call_1"});
    let with = |call: Value| {
        let mut call = call.as_object().unwrap().clone();
        call.extend(hosts.as_object().unwrap().clone());
        Value::Object(call)
    };
    for args in [json!({}), json!("{\"all\": true}"), json!({"all": true})] {
        let answer = server.call("hf_jobs", with(json!({"operation": "ps", "args": args}))).await;
        assert!(!answer.is_error, "{args}: {answer:?}");
        assert_eq!(answer.warnings(), ["host_names_ignored"], "{args}: {answer:?}");
        assert!(answer.text.contains("`toolCallId`") && answer.text.contains("`chatInput`"), "{answer:?}");
    }
    // Any other name beside them is refused, and theirs within `args`.
    for call in [
        json!({"operation": "ps", "args": {}, "comment": "x"}),
        json!({"operation": "ps", "args": {"toolCallId": "call_1"}}),
        json!({"operation": "ps", "args": {"sessionId": "s"}}),
    ] {
        let answer = server.call("hf_jobs", call.clone()).await;
        assert_eq!(answer.code(), "invalid_arguments", "{call}: {answer:?}");
    }
    // Without `args` they are refused, and the hint says how they are not.
    let answer = server.call("hf_jobs", with(json!({"operation": "ps"}))).await;
    assert_eq!(answer.code(), "invalid_arguments", "{answer:?}");
    let answer = server.call("hf_jobs", with(answer.mended())).await;
    assert!(!answer.is_error, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrapped_call_is_unwrapped_once() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let call = json!({"operation": "ps", "args": {"all": true, "limit": 3}});
    let plain = server.call("hf_jobs", call.clone()).await;
    for wrapped in [
        json!({"query": call}),
        json!({"input": call}),
        json!({"parameters": call}),
        json!({"input": call.to_string()}),
        json!({"args": {"operation": "ps", "all": true, "limit": 3}}),
        json!({"operation": "ps", "parameters": {"all": true, "limit": 3}}),
        json!({"mode": "ps", "config": {"all": true, "limit": 3}}),
        json!({"mode": "ps", "config": json!({"all": true, "limit": 3}).to_string()}),
        json!({"operation": "", "mode": "ps", "args": {}, "config": {"all": true, "limit": 3}}),
        json!({"query": call, "operation": "ps"}),
    ] {
        let answer = server.call("hf_jobs", wrapped.clone()).await;
        assert_eq!(answer.structured, plain.structured, "{wrapped}: {answer:?}");
    }
    for wrong in [
        json!({"query": {"input": call}}),
        json!({"query": call, "operation": "hardware"}),
        json!({"query": "list my jobs", "operation": "ps"}),
    ] {
        let answer = server.call("hf_jobs", wrong.clone()).await;
        assert!(answer.is_error, "{wrong}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_run_and_uv_are_inferred_from_arguments() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for (call, operation) in [
        (json!({"args": {"script": "print(1)\n", "dry_run": true}}), "uv"),
        (json!({"script": "print(1)\n", "dry_run": true}), "uv"),
        (json!({"config": {"command": ["true"], "dry_run": true}}), "run"),
    ] {
        let answer = server.call("hf_jobs", call.clone()).await;
        assert!(!answer.is_error, "{call}: {answer:?}");
        assert_eq!(answer.structured["operation"], operation, "{call}");
        assert!(answer.warnings().contains(&"operation_inferred"), "{call}: {answer:?}");
    }
    for (call, words) in [
        (json!({"args": {"job_id": JOB}}), "`logs`"),
        (json!({"job_id": JOB, "tail": 5}), "`logs`"),
        (json!({"args": {"scheduled_job_id": SCHEDULED}}), "`scheduled inspect`"),
        (json!({"script": "print(1)\n", "command": ["true"]}), "known operations"),
        (json!({"args": {"zzz": 1}}), "known operations"),
        (json!({"command": ["true"], "schedule": "@daily"}), "`scheduled run`"),
    ] {
        let answer = server.call("hf_jobs", call.clone()).await;
        assert!(answer.is_error && answer.code() == "unknown_operation", "{call}: {answer:?}");
        assert!(answer.text.contains("no `operation`") && answer.text.contains(words), "{call}: {answer:?}");
    }
    for call in [json!({}), json!({"args": {}}), json!({"operation": null}), json!({"help": true})] {
        assert!(!server.call("hf_jobs", call).await.is_error);
    }
    assert!(jobs_posted(&hub).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_is_what_the_call_carries() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let script = || json!({"script": "print(1)\n", "dry_run": true});
    let command = || json!({"command": ["true"], "dry_run": true});
    let with_schedule = |mut args: Value| {
        args["schedule"] = json!("@daily");
        args
    };
    for (written, args, operation) in [
        ("start", script(), "uv"),
        ("create", command(), "run"),
        ("submit", script(), "uv"),
        ("submit job", command(), "run"),
        ("create_job", script(), "uv"),
        ("run_uv", script(), "uv"),
        ("run-uv", script(), "uv"),
        ("uv run", script(), "uv"),
        ("start", with_schedule(script()), "scheduled uv"),
        ("uv", with_schedule(script()), "scheduled uv"),
        ("run", with_schedule(command()), "scheduled run"),
        ("schedule", with_schedule(command()), "scheduled run"),
        ("schedule", json!({"cron": "0 9 * * *", "command": ["true"], "dry_run": true}), "scheduled run"),
        ("scheduled create", with_schedule(script()), "scheduled uv"),
        ("create scheduled job", with_schedule(command()), "scheduled run"),
        ("scheduled", json!({}), "scheduled ps"),
        ("scheduled jobs", json!({"all": true}), "scheduled ps"),
        ("list jobs", json!({}), "ps"),
    ] {
        let answer = server.jobs(written, args).await;
        assert!(!answer.is_error, "{written}: {answer:?}");
        assert_eq!(answer.structured["operation"], operation, "{written}");
    }
    // Without what is needed the operation is named and nothing is guessed.
    for (written, args, meant) in [
        ("start", json!({}), &["uv", "run"][..]),
        ("submit", json!({"script": "print(1)\n", "command": ["true"]}), &["uv", "run"]),
        ("scheduled create", json!({}), &["scheduled uv", "scheduled run"]),
        ("schedule", json!({"schedule": "@daily"}), &["scheduled uv", "scheduled run"]),
        ("start", json!({"job_id": JOB}), &["rerun"]),
        ("start", json!({"scheduled_job_id": SCHEDULED}), &["scheduled resume", "scheduled trigger"]),
        ("delete", json!({"job_id": JOB}), &["cancel", "scheduled delete"]),
        ("delete", json!({}), &["cancel", "scheduled delete"]),
        ("remove", json!({"id": JOB}), &["cancel", "scheduled delete"]),
        ("scheduled cancel", json!({"scheduled_job_id": SCHEDULED}), &["scheduled suspend", "scheduled delete"]),
        ("price", json!({}), &["hardware"]),
        ("cost", json!({}), &["hardware", "inspect"]),
        ("restart", json!({"job_id": JOB}), &["rerun"]),
        ("resume", json!({"scheduled_job_id": SCHEDULED}), &["scheduled resume"]),
        ("scheduled describe", json!({"scheduled_job_id": SCHEDULED}), &["scheduled inspect"]),
        ("lgos", json!({"job_id": JOB}), &["logs"]),
        ("sheduled run", json!({}), &["scheduled run"]),
        ("frobnicate", json!({}), &[]),
    ] {
        let answer = server.jobs(written, args).await;
        assert_eq!(answer.code(), "unknown_operation", "{written}: {answer:?}");
        let hint = answer.structured["error"]["hint"].as_str().unwrap();
        let named: Vec<&str> =
            hint.split("\"operation\": \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let mut meant: Vec<&str> = if meant.is_empty() { vec!["help"] } else { meant.to_vec() };
        let mut named = named;
        meant.sort_unstable();
        named.sort_unstable();
        assert_eq!(named, meant, "{written}: {hint}");
    }
    let answer = server.jobs("whoami", json!({})).await;
    assert!(answer.is_error && answer.text.contains("the tool hf_whoami"), "{answer:?}");
    assert!(jobs_posted(&hub).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_deletes_only_a_scheduled_job() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let job = server.jobs("run", json!({"command": ["sleep", "30"], "detach": true})).await.job_id();
    let made = server.jobs("scheduled run", json!({"schedule": "@daily", "command": ["true"]})).await;
    let planned = made.structured["scheduled_jobs"][0]["scheduled_job_id"].clone();
    let answer = server.jobs("delete", json!({"job_id": job})).await;
    assert!(answer.is_error && hub.requests().iter().all(|request| !request.path.contains("cancel")), "{answer:?}");
    let answer = server.jobs("delete", json!({"scheduled_job_id": planned})).await;
    assert!(!answer.is_error, "{answer:?}");
    assert_eq!(answer.structured["operation"], "scheduled delete");
    server.jobs("cancel", json!({"job_id": job})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn update_labels_replaces_and_clears() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let args = json!({"command": ["true"], "labels": {"team": "nlp", "stage": "x"}, "wait": "30s"});
    let job = server.jobs("run", args).await.job_id();
    let made = json!({"schedule": "@daily", "command": ["true"], "labels": {"team": "nlp", "stage": "x"}});
    let made = server.jobs("scheduled run", made).await;
    let planned = made.structured["scheduled_jobs"][0]["scheduled_job_id"].clone();
    let one = json!({"job_id": job});
    let other = json!({"scheduled_job_id": planned});
    for (operation, id, inspect) in
        [("update-labels", one, "inspect"), ("scheduled update-labels", other, "scheduled inspect")]
    {
        for labels in [json!({"team": "ml"}), json!({}), json!(["a=b"]), json!([])] {
            let mut args = id.clone();
            args["labels"] = labels.clone();
            let answer = server.jobs(operation, args).await;
            assert!(!answer.is_error, "{operation} {labels}: {answer:?}");
            let shown = server.jobs(inspect, id.clone()).await.structured;
            let after = if inspect == "inspect" { &shown["jobs"][0] } else { &shown["scheduled_jobs"][0]["job"] };
            let expected = match &labels {
                Value::Array(items) if !items.is_empty() => json!({"a": "b"}),
                Value::Object(fields) if !fields.is_empty() => labels.clone(),
                _ => Value::Null,
            };
            let found = after.get("labels").filter(|labels| **labels != json!({})).cloned().unwrap_or_default();
            assert_eq!(found, expected, "{operation} {labels}: {shown}");
        }
        let answer = server.jobs(operation, id).await;
        assert!(answer.is_error && answer.text.contains("`labels` is required"), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn following_a_schedule_is_ignored_with_a_warning() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let nothing = || json!({"schedule": "@daily", "dry_run": true});
    for (operation, name, value, warned) in [
        ("scheduled uv", "detach", json!(true), true),
        ("scheduled run", "detach", json!(true), true),
        ("scheduled uv", "wait", json!("30s"), true),
        ("run", "follow", json!(true), true),
        ("scheduled uv", "detach", json!(false), false),
    ] {
        let mut args = nothing();
        args[if operation == "scheduled uv" { "script" } else { "command" }] = json!("true");
        args[name] = value.clone();
        let answer = server.jobs(operation, args).await;
        assert!(!answer.is_error, "{operation} {name}: {answer:?}");
        assert_eq!(answer.warnings().contains(&"nothing_to_follow"), warned, "{operation} {name} {value}: {answer:?}");
    }
    for name in ["ssh", "network"] {
        let mut args = nothing();
        args["command"] = json!("true");
        args[name] = if name == "ssh" { json!(true) } else { json!("g") };
        assert!(server.jobs("scheduled run", args).await.is_error, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_cost_nothing_are_cut_others_refused() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let job = server.jobs("run", json!({"command": ["echo", "a"], "wait": "30s"})).await.job_id();
    for (operation, args, cut) in [
        ("logs", json!({"job_id": job, "tail": 5000}), true),
        ("logs", json!({"job_id": job, "lines": "5000"}), true),
        ("logs", json!({"job_id": job, "tail": 1000}), false),
        ("ps", json!({"all": true, "limit": 100_000}), true),
        ("ps", json!({"all": true, "limit": -3}), true),
        ("ps", json!({"all": true, "limit": 0}), true),
        ("ps", json!({"all": true, "limit": 5.0}), false),
    ] {
        let answer = server.jobs(operation, args.clone()).await;
        assert!(!answer.is_error, "{operation} {args}: {answer:?}");
        assert_eq!(answer.warnings().contains(&"number_cut"), cut, "{operation} {args}: {answer:?}");
    }
    for (operation, args) in [
        ("logs", json!({"job_id": job, "tail": "many"})),
        ("logs", json!({"job_id": job, "tail": 2.5})),
        ("run", json!({"command": ["true"], "attempts": 1000})),
        ("run", json!({"command": ["true"], "attempts": 0})),
        ("run", json!({"command": ["true"], "timeout": "1000d"})),
        ("run", json!({"command": ["true"], "timeout": 0})),
    ] {
        let answer = server.jobs(operation, args.clone()).await;
        assert_eq!(answer.code(), "invalid_arguments", "{operation} {args}: {answer:?}");
    }
    assert_eq!(jobs_posted(&hub).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn timeouts_are_read_as_people_write_them() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for (timeout, seconds) in [
        (json!("90 min"), 5400),
        (json!("2 hours"), 7200),
        (json!("1h30m"), 5400),
        (json!("1 hour 30 minutes"), 5400),
        (json!("1:30:00"), 5400),
        (json!("2 Hours"), 7200),
        (json!(600), 600),
        (json!("1.5h"), 5400),
    ] {
        let answer = server.jobs("run", json!({"command": ["true"], "timeout": timeout, "dry_run": true})).await;
        assert_eq!(answer.structured["request"]["timeoutSeconds"], seconds, "{timeout}: {answer:?}");
    }
    for timeout in [json!("forever"), json!("1:30"), json!("-1h"), json!("0"), json!(-5), json!("soon"), json!("0m")] {
        let answer = server.jobs("run", json!({"command": ["true"], "timeout": timeout, "dry_run": true})).await;
        assert_eq!(answer.code(), "invalid_arguments", "{timeout}: {answer:?}");
        assert!(answer.text.contains("`90m`") && answer.text.contains("366d"), "the forms are named: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_without_a_shell_draws_a_warning() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let args = json!({"command": ["echo", "a", "&&", "echo", "b"], "dry_run": true});
    let answer = server.jobs("run", args).await;
    assert!(answer.warnings().contains(&"operator_without_shell"), "{answer:?}");
    assert!(answer.text.contains(r#""command": ["/bin/sh","-c","echo a && echo b"]"#), "{answer:?}");
    for command in [json!(["sh", "-c", "echo a && echo b"]), json!(["echo", "a && b"]), json!(["expr", "3", ">", "2"])]
    {
        let answer = server.jobs("run", json!({"command": command, "dry_run": true})).await;
        assert!(!answer.warnings().contains(&"operator_without_shell"), "{command}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_zone_is_answered_with_hours_in_utc() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for (zone, schedule, words) in [
        ("UTC+2", "0 9 * * *", &["`0 9 * * *` in UTC+2 is `0 7 * * *`"][..]),
        ("-05:00", "0 9 * * 1-5", &["is `0 14 * * 1-5`"]),
        ("Europe/Berlin", "0 2 * * *", &["in UTC+2 is `0 0 * * *`", "in UTC-5 is `0 7 * * *`"]),
        ("Europe/Berlin", "@hourly", &["in UTC+2 is `0 7 * * *`"]),
    ] {
        for name in ["timezone", "tz"] {
            let args = json!({"schedule": schedule, name: zone, "command": ["true"], "timeout": "1h"});
            let answer = server.jobs("scheduled run", args).await;
            assert_eq!(answer.code(), "invalid_arguments", "{answer:?}");
            assert!(words.iter().all(|words| answer.text.contains(words)), "{words:?} in {}", answer.text);
            assert!(answer.text.contains("UTC") && !answer.text.contains("did you mean"), "{answer:?}");
        }
    }
    assert!(jobs_posted(&hub).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn help_of_an_unknown_operation_says_so() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for (asked, meant) in [("uvx", "uv"), ("scheduled lables", "scheduled labels"), ("delete", ""), ("zzz", "")] {
        let answer = server.jobs("help", json!({"operation": asked})).await;
        assert!(answer.is_error && answer.code() == "unknown_operation", "{answer:?}");
        assert!(answer.text.contains(&format!("unknown operation `{asked}`")), "{answer:?}");
        assert!(answer.text.contains(&format!("`{meant}`")) || meant.is_empty(), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoami_names_what_secrets_may_take() {
    let hub = hub().await;
    let server = ServerBuilder::at(&hub).arg("--secret-env=WANDB_API_KEY").arg("--secret-env=OTHER_KEY");
    let answer = server.start().await.call("hf_whoami", json!({})).await;
    assert_eq!(answer.structured["secret_names"], json!(["WANDB_API_KEY", "OTHER_KEY"]));
    assert!(answer.text.contains("`$WANDB_API_KEY`, `$OTHER_KEY`"), "{answer:?}");
    let answer = Server::at(&hub).await.call("hf_whoami", json!({})).await;
    assert!(answer.structured.get("secret_names").is_none() && !answer.text.contains("variables"), "{answer:?}");
}

/// The example of each operation that help shows, as the call that it is; what submits is a dry run.
pub async fn examples(server: &mut Server) -> Vec<(String, Map<String, Value>)> {
    let tools = server.request("tools/list", json!({})).await;
    let schema = &tools["result"]["tools"][0]["inputSchema"]["properties"];
    let operations: Vec<String> = serde_json::from_value(schema["operation"]["enum"].clone()).unwrap();
    let mut examples = Vec::new();
    for operation in operations {
        let usage = server.jobs("help", json!({"operation": operation})).await.text;
        let (_, example) = usage.split_once("Example:\n").unwrap();
        let call: Value = serde_json::from_str(example.trim()).unwrap();
        let mut args = call["args"].as_object().unwrap().clone();
        if usage.contains("- dry_run") {
            args.insert("dry_run".to_owned(), json!(true));
        }
        examples.push((operation, args));
    }
    examples
}

#[tokio::test(flavor = "multi_thread")]
async fn blanks_of_strict_hosts_change_no_answer() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let tools = server.request("tools/list", json!({})).await;
    let schema = &tools["result"]["tools"][0]["inputSchema"]["properties"]["args"]["properties"];
    let properties: Vec<String> = schema.as_object().unwrap().keys().cloned().collect();
    let nested = |property: &Value| {
        let fields = property["properties"].as_object()?;
        let blank = |field: &Value| if field["type"] == "array" { json!([]) } else { json!("") };
        Some(fields.iter().map(|(name, field)| (name.clone(), blank(field))).collect::<Value>())
    };
    // Ids of requests are each other ones.
    let stable = |mut answer: Value| {
        for path in ["/error/request_id", "/request/labels/mcp-request", "/request/jobSpec/labels/mcp-request"] {
            if let Some(found) = answer.pointer_mut(path) {
                found.take();
            }
        }
        let mut parts: Vec<String> = answer.to_string().split("request id ").map(str::to_owned).collect();
        for part in parts.iter_mut().skip(1) {
            *part = part.split_once(')').unwrap().1.to_owned();
        }
        parts.concat()
    };
    for (operation, args) in examples(&mut server).await {
        let alone = stable(server.jobs(&operation, Value::Object(args.clone())).await.structured);
        for blank in
            [json!(""), json!([]), json!({}), Value::Null, json!(false), json!(0), json!("as the schema has it")]
        {
            let mut filled = args.clone();
            for name in &properties {
                let own = match schema[name]["type"].as_str() {
                    Some("object") => nested(&schema[name]).unwrap_or_default(),
                    Some("array") => json!([]),
                    Some("boolean") => json!(false),
                    Some("integer") => json!(0),
                    _ => json!(""),
                };
                let value = if blank == "as the schema has it" { own } else { blank.clone() };
                // What costs money where it is misread takes true, false, or nothing.
                let costs = ["dry_run", "detach"].contains(&name.as_str());
                let is_refused = costs && !value.is_null() && value != json!(false);
                if !filled.contains_key(name) && !is_refused {
                    filled.insert(name.clone(), value);
                }
            }
            let answer = server.jobs(&operation, Value::Object(filled.clone())).await;
            assert_eq!(stable(answer.structured.clone()), alone, "{operation} with {blank}: {}", answer.text);
        }
    }
    assert!(jobs_posted(&hub).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blank_that_costs_money_is_refused() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for (name, value) in [
        ("dry_run", json!("")),
        ("dry_run", json!("  ")),
        ("dry_run", json!(0)),
        ("dry_run", json!([])),
        ("dry_run", json!("yes")),
        ("detach", json!("")),
        ("detach", json!({})),
    ] {
        let answer = server.jobs("run", json!({"command": ["true"], name: value})).await;
        assert_eq!(answer.code(), "invalid_arguments", "{name} {value}: {answer:?}");
        assert!(answer.text.contains(&format!("`{name}` takes true or false")), "{answer:?}");
    }
    assert!(jobs_posted(&hub).is_empty());
    // An empty map alone is what a client made of one that it did not understand; beside other blanks it is not.
    for (args, warned) in [
        (json!({"command": ["true"], "env": {}, "dry_run": true}), true),
        (json!({"command": ["true"], "env": {}, "secrets": {}, "dry_run": true}), false),
        (json!({"command": ["true"], "env": {}, "name": "", "dry_run": true}), false),
        (json!({"command": ["true"], "secrets": {}, "detach": false, "dry_run": true}), true),
    ] {
        let answer = server.jobs("run", args.clone()).await;
        assert_eq!(answer.warnings().contains(&"empty_map"), warned, "{args}: {answer:?}");
    }
}

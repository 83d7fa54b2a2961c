//! Calls as models write them: what is understood, and what is answered to those that are wrong.

use serde_json::{Value, json};

use crate::budgets::walk;
use crate::support::{Server, ServerBuilder, hub, jobs_posted};

#[tokio::test(flavor = "multi_thread")]
async fn arguments_are_understood_in_every_place_and_by_other_names() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let job = server.jobs("run", json!({"command": ["true"], "wait": "30s"})).await.job_id();
    let page = format!("{}/jobs/alice/{job}", hub.endpoint());
    for call in [
        json!({"operation": "inspect", "args": json!({"job_id": job}).to_string()}),
        json!({"operation": "inspect", "job_id": job}),
        json!({"operation": "Inspect", "args": {"id": job}}),
        json!({"operation": "inspect", "args": {"job_id": format!("alice/{job}")}}),
        json!({"operation": "inspect", "args": {"job_id": [page]}}),
        json!({"operation": "inspect", "args": {"job_ids": [job]}}),
        json!({"operation": "logs follow", "args": {"job_id": job}}),
        json!({"operation": "LIST", "args": {"all": true}}),
        json!({"operation": "ls", "args": {"all": "true", "limit": "5"}}),
        json!({"operation": "ps", "args": {"all": true, "status": "completed"}}),
    ] {
        let answer = server.call("hf_jobs", call.clone()).await;
        assert!(!answer.is_error && answer.text.contains(&job), "{call}: {answer:?}");
    }
    for (call, field, sent) in [
        (json!({"script": "print(1)\n", "with_deps": ["a", "b"]}), "command", "uv run --with a --with b"),
        (json!({"script": "print(1)\n", "packages": "a"}), "command", "uv run --with a"),
        (json!({"script": "print(1)\n", "args": ["--x"]}), "command", "--x"),
        (
            json!({"script": "print(1)\n", "script_args": "--name 'a b' --n 1"}),
            "command",
            "\"--name\",\"a b\",\"--n\",\"1\"",
        ),
        (json!({"script": "lighteval", "arguments": ["--y"]}), "command", "lighteval"),
        (json!({"script": "https://example.com/x.py"}), "command", "https://example.com/x.py"),
        (json!({"script": "print(1)\n", "hardware": "a10g-large"}), "flavor", "a10g-large"),
        (json!({"script": "print(1)\n", "ports": [8000]}), "expose", "8000"),
        (
            json!({"script": "print(1)\n", "env": {"PORT": 8000, "ON": true}}),
            "environment",
            "\"PORT\":\"8000\",\"ON\":\"true\"",
        ),
        (json!({"script": "print(1)\n", "timeout": 90}), "timeoutSeconds", "90"),
        (json!({"script": "print(1)\n", "timeout": "1.5h"}), "timeoutSeconds", "5400"),
    ] {
        let mut args = call.clone();
        args["detach"] = json!(true);
        let answer = server.jobs("uv", args).await;
        assert!(!answer.is_error, "{call}: {answer:?}");
        let body = jobs_posted(&hub).pop().unwrap().body;
        assert!(body[field].to_string().contains(sent), "{sent} in {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_call_is_told_all_that_is_wrong_and_nothing_is_sent() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let args = json!({"command": "a && b", "timout": "2h", "flavour": "t4-small", "env": {"A B": "1"}, "labels": {"a b": "c"}, "attempts": 0});
    let answer = server.jobs("run", args).await;
    assert_eq!(answer.code(), "invalid_arguments");
    let faults = answer.structured["error"]["faults"].as_array().unwrap();
    let wrong: Vec<&str> = faults.iter().map(|fault| fault["argument"].as_str().unwrap()).collect();
    for argument in ["command", "timout", "flavour", "env.A B", "labels.a b", "attempts"] {
        assert!(wrong.contains(&argument), "{argument} in {wrong:?}");
    }
    assert!(answer.text.contains("`timeout`") && answer.text.contains("`flavor`"));
    assert!(hub.requests().iter().all(|request| request.path == "/api/jobs/hardware"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_field_within_an_argument_is_dropped() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for (argument, value) in [
        ("expose", json!({"port": [8080]})),
        ("network", json!({"group": "g", "alias": ["a"]})),
        ("volumes", json!([{"type": "model", "source": "a/b", "mountPath": "/m", "mode": "ro"}])),
    ] {
        let answer = server.jobs("run", json!({"command": ["true"], argument: value})).await;
        assert_eq!(answer.code(), "invalid_arguments", "{argument} {value}: {answer:?}");
    }
    assert!(hub.requests().is_empty());
    let args = json!({"command": ["true"], "network": {"group": "g", "aliases": "a"}, "expose": 8080, "detach": true});
    let answer = server.jobs("run", args).await;
    assert!(!answer.is_error, "{answer:?}");
    let body = jobs_posted(&hub).pop().unwrap().body;
    assert_eq!(body["network"], json!({"group": "g", "aliases": ["a"]}));
    assert_eq!(body["expose"]["ports"], json!([8080]));
}

#[tokio::test(flavor = "multi_thread")]
async fn read_only_refuses_what_changes_the_hub_and_nothing_else() {
    let hub = hub().await;
    let mut server = ServerBuilder::at(&hub).arg("--read-only").start().await;
    for (operation, args) in [
        ("run", json!({"command": ["true"]})),
        ("uv", json!({"script": "print(1)\n"})),
        ("cancel", json!({"job_id": "66f0a1b2c3d4e5f601234567"})),
    ] {
        let answer = server.jobs(operation, args).await;
        assert_eq!(answer.code(), "policy_denied", "{answer:?}");
        assert!(answer.text.contains(&format!("`{operation}`")) && answer.text.contains("--read-only"));
    }
    for operation in ["ps", "hardware", "scheduled ps", "help"] {
        assert!(!server.jobs(operation, json!({})).await.is_error);
    }
    assert!(!server.jobs("help", json!({})).await.text.contains("cancel"));
    let tools = server.request("tools/list", json!({})).await;
    let offered = tools["result"]["tools"][0]["inputSchema"]["properties"]["operation"]["enum"].clone();
    let reading = ["ps", "logs", "wait", "inspect", "stats", "hardware", "scheduled ps", "scheduled inspect", "help"];
    assert_eq!(offered, json!(reading));
    assert!(hub.requests().iter().all(|request| request.method == "GET"));
}

#[tokio::test(flavor = "multi_thread")]
async fn excluded_operations_are_neither_offered_nor_carried_out() {
    let hub = hub().await;
    let mut server = ServerBuilder::at(&hub).arg("--exclude-operations=scheduled-delete,Logs").start().await;
    for (operation, args) in [
        ("scheduled rm", json!({"scheduled_job_id": "66f0a1b2c3d4e5f6000000aa"})),
        ("logs", json!({"job_id": "66f0a1b2c3d4e5f601234567"})),
    ] {
        let answer = server.jobs(operation, args).await;
        assert_eq!(answer.code(), "policy_denied", "{answer:?}");
        assert!(answer.text.contains("--exclude-operations"));
    }
    let tools = server.request("tools/list", json!({})).await;
    let offered = tools["result"]["tools"][0]["inputSchema"]["properties"]["operation"]["enum"].to_string();
    assert!(!offered.contains("delete") && !offered.contains("logs") && offered.contains("cancel"));
    assert!(hub.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hint_of_a_wrong_call_is_that_call_mended() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for (operation, args) in [
        ("run", json!({"command": "echo a && echo b", "detach": true})),
        ("run", json!({"command": ["true"], "timout": "2h", "detach": true})),
        ("run", json!({"command": ["true"], "flavor": "cpu-basik", "detach": true})),
        ("run", json!({"command": ["true"], "flavor": "a100", "detach": true})),
        ("uv", json!({"script": "print(1)\n", "python": 3.12, "detach": true})),
        (
            "uv",
            json!({"script": "print(1)\n", "secrets": {"HF_TOKEN": "hf_token"}, "env": {"HF_TOKEN": "$HF_TOKEN"}, "detach": true}),
        ),
    ] {
        let answer = server.jobs(operation, args.clone()).await;
        assert!(answer.is_error, "{args}");
        let (_, mended) = answer.text.split_once("send {").unwrap_or_else(|| panic!("{answer:?}"));
        let mended: Value = serde_json::from_str(&format!("{{{mended}")).unwrap();
        let answer = server.call("hf_jobs", mended.clone()).await;
        assert!(!answer.is_error, "{mended}: {answer:?}");
    }
    let flavors: Vec<_> = jobs_posted(&hub).iter().map(|request| request.body["flavor"].clone()).collect();
    assert!(flavors.contains(&json!("a100-large")), "of machines that begin alike the cheapest: {flavors:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_stands_for_a_text_is_refused_when_it_is_sent_back() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let script = format!("print('{}')\n", "x".repeat(1000));
    let args = json!({"script": script, "secrets": {"KEY": "a-value-of-mine"}, "timout": "1h"});
    let answer = server.jobs("uv", args).await;
    assert!(!answer.text.contains("a-value-of-mine") && !answer.text.contains(&script));
    let (_, mended) = answer.text.split_once("send {").unwrap();
    let answer = server.call("hf_jobs", serde_json::from_str(&format!("{{{mended}")).unwrap()).await;
    assert_eq!(answer.code(), "invalid_arguments", "{answer:?}");
    assert!(answer.text.contains("`script`") && answer.text.contains("`secrets.KEY`"), "{answer:?}");
    // What an answer showed of a job, written into a call.
    for (args, refused) in [
        (json!({"command": "curl -H [redacted] https://example.com"}), true),
        (json!({"command": ["curl", "--key=[redacted]"]}), true),
        (json!({"command": ["/bin/sh", "-c", "login --key=[redacted] now"]}), true),
        (json!({"command": ["true"], "env": {"AUTH": "Bearer [redacted]"}}), true),
        (json!({"command": ["sed", "s/secret/[redacted]/"]}), false),
        (json!({"command": ["python", "-c", "mark = '[redacted]'\nprint(mark, [redacted] )\n"]}), false),
    ] {
        let mut args = args;
        args["dry_run"] = json!(true);
        let answer = server.jobs("run", args.clone()).await;
        assert_eq!((answer.is_error, answer.text.contains("your own text")), (refused, refused), "{args}: {answer:?}");
    }
    let answer = server.jobs("uv", json!({"dependencies": ["numpy"]})).await;
    assert!(answer.text.contains("`script` is required"), "{answer:?}");
    assert!(answer.mended()["args"]["script"].as_str().unwrap().starts_with('<'), "nothing is made up: {answer:?}");
    assert!(jobs_posted(&hub).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_in_bulk_is_told_in_short() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let many: serde_json::Map<String, Value> =
        (0..5_000).map(|number| (format!("unknown{number}"), json!(1))).collect();
    let long = "x".repeat(1_000_000);
    for call in [
        json!({"operation": "ps", "args": many}),
        json!({"operation": "ps", "args": {long.as_str(): 1}}),
        json!({"operation": "run", "args": {"command": ["true"], "env": {long.as_str(): "1"}, "labels": {long.as_str(): "1"}}}),
        json!({"operation": long}),
        json!({"operation": "logs", "args": {"job_id": long}}),
        json!({"operation": "ps", "args": {"namespace": long, "status": [long]}}),
    ] {
        let answer = server.call("hf_jobs", call).await;
        assert!(answer.is_error);
        let size = answer.text.len() + answer.structured.to_string().len();
        assert!(size < 16_000, "{size} bytes: {}", answer.text.chars().take(500).collect::<String>());
    }
    assert!(hub.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_that_would_lead_elsewhere_never_reach_the_hub() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let tools = server.request("tools/list", json!({})).await;
    let tools = tools["result"]["tools"].as_array().unwrap();
    let schema = &tools.iter().find(|tool| tool["name"] == "hf_jobs").unwrap()["inputSchema"]["properties"];
    let mut operations: Vec<String> = serde_json::from_value(schema["operation"]["enum"].clone()).unwrap();
    operations.retain(|operation| !["help", "hardware"].contains(&operation.as_str()));
    for id in [
        "../../whoami-v2",
        "..",
        ".",
        "a/b/c",
        "a%2fb",
        "a\\b",
        "a?x",
        "a#b",
        "a b",
        "a\u{0}",
        "\u{ff0f}",
        &"a".repeat(97),
        &"a".repeat(10_000),
    ] {
        for operation in &operations {
            let (mut args, ..) = walk(operation, id, id);
            if args.get("job_id").is_none() && args.get("scheduled_job_id").is_none() {
                args["namespace"] = json!(id);
            }
            let answer = server.jobs(operation, args).await;
            assert!(answer.is_error && answer.code() == "invalid_arguments", "{operation} {id:?}: {answer:?}");
        }
    }
    assert!(hub.requests().iter().all(|request| request.path == "/api/jobs/hardware"));
}

#[tokio::test(flavor = "multi_thread")]
async fn help_is_short_and_complete() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let names = ["uv", "run", "ps", "logs", "inspect", "cancel"];
    for call in [json!({}), json!({"operation": "help"}), json!({"operation": null, "args": {}})] {
        let answer = server.call("hf_jobs", call).await;
        assert!(!answer.is_error && answer.text.len() < 6_000);
        assert!(names.iter().all(|name| answer.text.contains(&format!("- {name}:"))), "{}", answer.text);
        assert!(answer.text.contains("\"secrets\": {\"HF_TOKEN\": \"$HF_TOKEN\"}"));
        assert_eq!(answer.structured["usage"], answer.text);
    }
    for name in names {
        let one = server.jobs("help", json!({"operation": name})).await;
        let same = server.jobs(name, json!({"help": true})).await;
        assert!(one.text.starts_with(&format!("{name}: ")) && one.text == same.text && one.text.len() < 6_000);
    }
    let answer = server.call("hf_jobs", json!({"operation": "lgos"})).await;
    assert_eq!(answer.code(), "unknown_operation");
    assert!(answer.text.contains("did you mean `logs`?"));
    assert!(hub.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mended_call_has_no_gap_that_could_be_sent() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let known = "pass-phrase-of-mine";
    let first = json!({"command": ["true"], "secrets": {"KEY": known}, "detach": true});
    assert!(!server.jobs("run", first).await.is_error);
    let posted = jobs_posted(&hub).len();
    // Secrets in each of the ways in which they are written, short ones too, and a known value in another argument.
    for secrets in [json!("PIN=4711"), json!(["PIN=4711"]), json!({"PIN": "4711"}), json!("{\"PIN\": \"4711\"}")] {
        let args = json!({"command": ["echo", known], "secrets": secrets, "timout": "1h"});
        let answer = server.jobs("run", args).await;
        assert!(!format!("{answer:?}").contains("4711"), "{answer:?}");
        let mended = answer.mended();
        assert_eq!(mended["args"]["command"], json!(["echo", "<as given>"]), "{answer:?}");
        assert!(mended["args"]["secrets"].to_string().contains("<as given>"), "{answer:?}");
        let again = server.call("hf_jobs", mended).await;
        assert_eq!(again.code(), "invalid_arguments", "{again:?}");
    }
    // A mark that the caller wrote hides no gap beside it.
    let args = json!({"command": ["sed", format!("s/[redacted]/{known}/"), "s/[redacted]/x/"], "timout": "1h"});
    let mended = server.jobs("run", args).await.mended();
    assert_eq!(mended["args"]["command"], json!(["sed", "<as given>", "s/[redacted]/x/"]));
    assert_eq!(jobs_posted(&hub).len(), posted);
}

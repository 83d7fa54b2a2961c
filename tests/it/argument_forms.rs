//! The forms of arguments: the ones that the schema names, and the others that models write instead.

use serde_json::{Value, json};

use crate::support::{Server, hub, jobs_posted};

const MISSING: &str = "66f0a1b2c3d4e5f601234567";

#[tokio::test(flavor = "multi_thread")]
async fn several_jobs_are_named_in_either_argument() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let mut jobs = Vec::new();
    for _ in 0..2 {
        jobs.push(server.jobs("run", json!({"command": ["true"], "wait": "30s"})).await.job_id());
    }
    let (first, second) = (&jobs[0], &jobs[1]);
    for (args, expected) in [
        (json!({"job_ids": [first, second]}), vec![first, second]),
        (json!({"job_id": [first, second]}), vec![first, second]),
        (json!({"job_id": json!([first, second]).to_string()}), vec![first, second]),
        (json!({"jobs": [first, second]}), vec![first, second]),
        (json!({"job_ids": second}), vec![second]),
        (json!({"job_id": first}), vec![first]),
        // Both: each job once, in the order in which it is named.
        (json!({"job_id": second, "job_ids": [first, second]}), vec![second, first]),
        (json!({"job_id": "", "job_ids": [first]}), vec![first]),
        (json!({"job_id": first, "job_ids": []}), vec![first]),
    ] {
        for operation in ["inspect", "wait", "cancel", "stats"] {
            let answer = server.jobs(operation, args.clone()).await;
            assert!(!answer.is_error, "{operation} {args}: {answer:?}");
            let shown = answer.structured["jobs"].as_array().or_else(|| answer.structured["stats"].as_array()).unwrap();
            let shown: Vec<&str> = shown.iter().map(|job| job["job_id"].as_str().unwrap()).collect();
            assert_eq!(shown, expected, "{operation} {args}");
        }
    }
    for args in [json!({}), json!({"job_id": "", "job_ids": []})] {
        let answer = server.jobs("cancel", args).await;
        assert!(answer.code() == "invalid_arguments" && answer.text.contains("`job_id` is required"), "{answer:?}");
    }
    let one = server.jobs("logs", json!({"job_ids": [first]})).await;
    assert!(!one.is_error, "{one:?}");
    let ids: Vec<String> = (0..60).map(|number| format!("{number:024x}")).collect();
    let many = server.jobs("inspect", json!({"job_id": ids[..30], "job_ids": ids[30..]})).await;
    assert!(many.code() == "invalid_arguments" && many.text.contains("at most 50 jobs"), "{many:?}");
}

/// What a job got of `env`, `secrets` and `labels`.
fn maps(body: &Value) -> (Value, Value, Value) {
    let mut labels = body["labels"].clone();
    labels.as_object_mut().unwrap().retain(|name, _| !["name", "mcp-request"].contains(&name.as_str()));
    (body["environment"].clone(), body["secrets"].clone(), labels)
}

#[tokio::test(flavor = "multi_thread")]
async fn maps_are_understood_in_every_form() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let token = hub.token().to_owned();
    let expected = (json!({"A1": "1", "B1": "x=y"}), json!({"HF_TOKEN": token, "PIN": "4711"}), json!({"team": "nlp"}));
    let map = json!({"env": {"A1": "1", "B1": "x=y"}, "secrets": {"HF_TOKEN": "$HF_TOKEN", "PIN": "4711"}, "labels": {"team": "nlp"}});
    let list = json!({"env": ["A1=1", "B1=x=y"], "secrets": ["HF_TOKEN", "PIN=4711"], "labels": ["team=nlp"]});
    let entries = |name: &str| json!({"entries": list[name]});
    let in_entries = json!({"env": entries("env"), "secrets": entries("secrets"), "labels": entries("labels")});
    let mixed = json!({
        "env": {"A1": 1, "entries": ["B1=x=y"]},
        "secrets": {"HF_TOKEN": "$HF_TOKEN", "entries": ["PIN=4711"]},
        "labels": {"team": "nlp", "entries": []},
    });
    let text = |args: &Value| -> Value {
        args.as_object().unwrap().iter().map(|(name, map)| (name.clone(), json!(map.to_string()))).collect()
    };
    // A client that fills in all properties.
    let filled = json!({
        "env": {"entries": ["A1=1", "B1=x=y"]},
        "secrets": {"HF_TOKEN": "", "entries": ["HF_TOKEN=$HF_TOKEN", "PIN=4711", ""]},
        "labels": {"entries": ["team=nlp"]},
    });
    for args in [&map, &list, &in_entries, &mixed, &text(&map), &text(&list), &text(&in_entries), &filled] {
        let mut call = args.clone();
        (call["command"], call["detach"]) = (json!(["true"]), json!(true));
        let answer = server.jobs("run", call).await;
        assert!(!answer.is_error, "{args}: {answer:?}");
        assert_eq!(maps(&jobs_posted(&hub).pop().unwrap().body), expected, "{args}");
    }
    // A variable of that name is one.
    let args = json!({"command": ["true"], "detach": true, "env": {"entries": "7"}});
    assert!(!server.jobs("run", args).await.is_error);
    assert_eq!(jobs_posted(&hub).pop().unwrap().body["environment"], json!({"entries": "7"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_have_the_rules_of_their_map() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let token = hub.token().to_owned();
    for (args, code, argument) in [
        (json!({"env": {"entries": [format!("A1={token}")]}}), "token_in_readable_field", "env.A1"),
        (json!({"env": {"entries": ["HF_TOKEN=x"]}}), "token_in_readable_field", "env.HF_TOKEN"),
        (json!({"env": {"entries": [token]}}), "token_in_readable_field", "env"),
        (json!({"env": {"entries": ["bare"]}}), "invalid_arguments", "env.entries[0]"),
        (json!({"env": {"entries": [{"A1": "1"}]}}), "invalid_arguments", "env.entries[0]"),
        (json!({"labels": {"entries": [format!("team={token}")]}}), "token_in_readable_field", "labels.team"),
        (json!({"labels": {"team": "x", "entries": ["a b=c"]}}), "invalid_arguments", "labels.a b"),
        (json!({"secrets": {"PIN": "1", "entries": ["PIN=2"]}}), "invalid_arguments", "secrets.PIN"),
        (json!({"secrets": {"HF_TOKEN": ""}}), "secret_unavailable", "secrets.HF_TOKEN"),
        (json!({"secrets": {"entries": ["HF_TOKEN="]}}), "secret_unavailable", "secrets.HF_TOKEN"),
        (json!({"env": {"entries": vec!["A1=1"; 2000]}}), "invalid_arguments", "env"),
    ] {
        let mut call = args.clone();
        call["command"] = json!(["true"]);
        let answer = server.jobs("run", call).await;
        assert_eq!(answer.code(), code, "{args}: {answer:?}");
        let faults = answer.structured["error"]["faults"].as_array().unwrap();
        assert!(faults.iter().any(|fault| fault["argument"] == argument), "{args}: {faults:?}");
        assert!(!format!("{answer:?}").contains(&token), "{args}");
    }
    // A secret that is written out is not repeated, whichever way it was written.
    let args = json!({"command": ["true"], "timout": "1h", "secrets": {"PIN": "4711", "entries": ["PIN=4712", "KEY=4713", "HF_TOKEN"]}});
    let answer = server.jobs("run", args).await;
    assert!(
        answer.is_error && !["4711", "4712", "4713"].iter().any(|pin| format!("{answer:?}").contains(pin)),
        "{answer:?}"
    );
    assert!(jobs_posted(&hub).is_empty() && !server.jobs("inspect", json!({"job_id": MISSING})).await.text.is_empty());
}

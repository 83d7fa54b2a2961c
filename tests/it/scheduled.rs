//! Scheduled jobs, from the call that makes one to the call that deletes it.

use hf_jobs_mcp::local_hub::LocalHub;
use serde_json::{Value, json};

use crate::changes::label_changes;
use crate::support::{Answer, Server, hub, jobs_posted};

const MISSING: &str = "66f0a1b2c3d4e5f6000000aa";

fn shell(script: &str) -> Value {
    json!(["/bin/sh", "-c", script])
}

/// The one scheduled job of an answer.
fn scheduled(answer: &Answer) -> Value {
    let jobs = answer.structured["scheduled_jobs"].as_array().unwrap_or_else(|| panic!("none in {answer:?}"));
    assert_eq!(jobs.len(), 1, "{answer:?}");
    jobs[0].clone()
}

fn id_of(answer: &Answer) -> String {
    scheduled(answer)["scheduled_job_id"].as_str().unwrap().to_owned()
}

async fn made(server: &mut Server, args: Value) -> String {
    let answer = server.jobs("scheduled run", args).await;
    assert!(!answer.is_error, "{answer:?}");
    id_of(&answer)
}

fn listed(answer: &Answer) -> Vec<String> {
    let jobs = answer.structured["scheduled_jobs"].as_array().unwrap_or_else(|| panic!("none in {answer:?}"));
    jobs.iter().map(|job| job["scheduled_job_id"].as_str().unwrap().to_owned()).collect()
}

/// How many requests reached the Hub that change something.
fn changes(hub: &LocalHub) -> usize {
    hub.requests().iter().filter(|request| request.method != "GET").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_scheduled_reaches_the_hub_with_its_token_among_the_secrets_alone() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let args = json!({
        "schedule": "0 9 * * 1-5", "suspend": true, "concurrency": true, "image": "ubuntu:24.04", "command": "echo 'a b'",
        "flavor": "t4-small", "timeout": "2h", "env": {"LEVEL": "info"}, "secrets": {"HF_TOKEN": "$HF_TOKEN"},
        "name": "nightly", "labels": {"team": "x"}, "attempts": 2,
    });
    let answer = server.jobs("scheduled run", args).await;
    assert!(!answer.is_error, "{answer:?}");
    let posted = jobs_posted(&hub).pop().unwrap();
    assert_eq!(posted.path, "/api/scheduled-jobs/alice");
    assert!(posted.dropped.is_empty(), "{:?}", posted.dropped);
    let mut body = posted.body;
    for (field, value) in [("schedule", json!("0 9 * * 1-5")), ("suspend", json!(true)), ("concurrency", json!(true))] {
        assert_eq!(body[field], value, "{field}");
    }
    let spec = &mut body["jobSpec"];
    for (field, value) in [
        ("dockerImage", json!("ubuntu:24.04")),
        ("command", json!(["echo", "a b"])),
        ("flavor", json!("t4-small")),
        ("timeoutSeconds", json!(7200)),
        ("environment", json!({"LEVEL": "info"})),
        ("attempts", json!(2)),
    ] {
        assert_eq!(spec[field], value, "{field}");
    }
    assert_eq!((&spec["labels"]["name"], &spec["labels"]["team"]), (&json!("nightly"), &json!("x")));
    let label = spec["labels"]["mcp-request"].as_str().expect("a label of its own").to_owned();
    assert_eq!(spec["secrets"].take(), json!({"HF_TOKEN": hub.token()}));
    assert!(!body.to_string().contains(hub.token()), "the token is nowhere else: {body}");

    let job = scheduled(&answer);
    assert_eq!((&job["suspended"], &job["concurrency"]), (&json!(true), &json!(true)));
    assert_eq!(job["job"]["secrets"], json!(["HF_TOKEN"]));
    assert_eq!(job["job"]["labels"], json!({"name": "nightly", "team": "x"}));
    assert!(answer.warnings().contains(&"token_is_frozen"), "{answer:?}");
    for words in ["namespace `alice`, which pays", "`0 9 * * 1-5` in UTC", "suspended", "$1.61 at most each time"] {
        assert!(answer.text.contains(words), "{words} in {}", answer.text);
    }
    for answer in [answer, server.jobs("scheduled inspect", json!({"scheduled_job_id": job["scheduled_job_id"]})).await]
    {
        let all = format!("{answer:?}");
        assert!(!all.contains(&label) && !all.contains("mcp-request") && !all.contains(hub.token()), "{all}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_is_scheduled_as_uv_runs_it() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let args = json!({"schedule": "@daily", "script": "print(1)\n", "dependencies": ["numpy"], "timeout": "10m"});
    let answer = server.jobs("scheduled uv", args).await;
    assert!(!answer.is_error, "{answer:?}");
    assert_eq!(scheduled(&answer)["job"]["command"], "uv run --with numpy <inline script, 9 B>");
    let posted = jobs_posted(&hub).pop().unwrap().body;
    assert_eq!((&posted["schedule"], &posted["suspend"]), (&json!("@daily"), &json!(false)));
    assert!(scheduled(&answer)["next_run"].as_str().unwrap().ends_with("T00:00:00.000Z"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn suspended_ones_are_hidden_until_all_are_asked_for() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let args = |name: &str, team: &str| json!({"schedule": "@hourly", "command": ["true"], "name": name, "labels": {"team": team}});
    let first = made(&mut server, args("first", "x")).await;
    let second = made(&mut server, args("second", "x")).await;
    let third = made(&mut server, args("third", "y")).await;
    let answer = server.jobs("scheduled suspend", json!({"scheduled_job_id": second})).await;
    assert_eq!(scheduled(&answer)["suspended"], true);

    let answer = server.jobs("scheduled ps", json!({})).await;
    assert_eq!(listed(&answer), [third.clone(), first.clone()]);
    assert!(answer.text.contains("1 suspended one hidden") && answer.text.contains("\"all\": true"), "{}", answer.text);
    assert_eq!(listed(&server.jobs("scheduled ps", json!({"all": true})).await), [third.as_str(), &second, &first]);
    assert_eq!(listed(&server.jobs("scheduled ps", json!({"name": "first"})).await), std::slice::from_ref(&first));
    assert!(listed(&server.jobs("scheduled ps", json!({"name": "second"})).await).is_empty());
    let team = json!({"labels": {"team": "x"}, "all": true});
    assert_eq!(listed(&server.jobs("scheduled ps", team).await), [second.as_str(), &first]);
    // The Hub takes one label; the other is compared here.
    let both = json!({"labels": ["team=x"], "name": "third", "all": true});
    assert!(listed(&server.jobs("scheduled ps", both).await).is_empty());

    let answer = server.jobs("scheduled resume", json!({"scheduled_job_id": second})).await;
    assert_eq!(scheduled(&answer)["suspended"], false);
    assert_eq!(listed(&server.jobs("scheduled ps", json!({})).await).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_is_changed_and_a_wrong_one_is_mended() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let id = made(&mut server, json!({"schedule": "@hourly", "command": ["true"]})).await;
    let sent = changes(&hub);
    for wrong in ["0 9 * *", "every day", "hourly", "61 * * * *", "0 9 * * MON-FRI", "0 0 30 2 *"] {
        let answer = server.jobs("scheduled update", json!({"scheduled_job_id": id, "schedule": wrong})).await;
        assert_eq!(answer.code(), "invalid_arguments", "{wrong}: {answer:?}");
        assert_eq!(answer.structured["error"]["faults"][0]["argument"], "schedule");
    }
    let answer = server.jobs("scheduled update", json!({"scheduled_job_id": id, "schedule": "hourly"})).await;
    let mended = answer.mended();
    assert_eq!(
        mended,
        json!({"operation": "scheduled update", "args": {"scheduled_job_id": id, "schedule": "@hourly"}})
    );
    assert_eq!(changes(&hub), sent, "nothing was sent");

    let answer = server.jobs("scheduled update", json!({"scheduled_job_id": id, "schedule": "30 6 * * *"})).await;
    assert!(!answer.is_error && answer.text.contains("`30 6 * * *` in UTC"), "{answer:?}");
    assert_eq!(scheduled(&answer)["schedule"], "30 6 * * *");
    assert!(scheduled(&answer)["next_run"].as_str().unwrap().contains("T06:30:00"), "{answer:?}");
    assert!(!server.call("hf_jobs", mended).await.is_error, "the mended call can be sent as it stands");
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_are_added_removed_and_replaced() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let args = json!({"schedule": "@hourly", "command": ["true"], "name": "old", "labels": {"team": "x"}});
    let id = made(&mut server, args).await;
    let own = jobs_posted(&hub)[0].body["jobSpec"]["labels"]["mcp-request"].clone();
    assert!(own.is_string());
    for (change, labels, warnings) in label_changes() {
        let mut args = change.clone();
        args["scheduled_job_id"] = json!(id);
        let answer = server.jobs("scheduled labels", args).await;
        assert!(!answer.is_error, "{answer:?}");
        let put = hub.requests().into_iter().rfind(|request| request.method == "PUT").unwrap();
        assert_eq!(put.path, format!("/api/scheduled-jobs/alice/{id}/labels"));
        assert_eq!(put.body["labels"]["mcp-request"], own, "{put:?}");
        assert!(!format!("{answer:?}").contains("mcp-request"));
        let after = scheduled(&answer)["job"].get("labels").cloned().unwrap_or(json!({}));
        assert_eq!((after, answer.warnings()), (labels, warnings), "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_triggered_one_runs_once_at_a_time() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let args = json!({"schedule": "@yearly", "command": shell("sleep 1000"), "timeout": "1h", "suspend": true});
    let id = made(&mut server, args).await;
    let answer = server.jobs("scheduled trigger", json!({"scheduled_job_id": id})).await;
    assert!(!answer.is_error, "{answer:?}");
    let job = answer.job_id();
    assert_eq!(answer.structured["job"]["initiator"], format!("scheduled-job {id}"));
    assert!(answer.text.contains("$0.02 at most") && answer.text.contains("which pays"), "{}", answer.text);

    let again = server.jobs("scheduled trigger", json!({"scheduled_job_id": id})).await;
    assert_eq!(again.code(), "conflict");
    assert_eq!(again.structured["error"]["retryable"], false);
    for words in ["Another job is already running", "an earlier job of it still runs", "\"concurrency\": true"] {
        assert!(again.text.contains(words), "{words} in {}", again.text);
    }
    let shown = server.jobs("scheduled inspect", json!({"scheduled_job_id": id})).await;
    assert_eq!(scheduled(&shown)["last_job_id"], json!(job));
    assert!(shown.text.contains(&format!("last run: job {job}")), "{}", shown.text);
    assert!(!server.jobs("cancel", json!({"job_id": job})).await.is_error);
    assert_ne!(server.jobs("scheduled trigger", json!({"scheduled_job_id": id})).await.job_id(), job);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_one_is_gone_and_its_jobs_go_on() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let id = made(&mut server, json!({"schedule": "@hourly", "command": shell("sleep 1000")})).await;
    let job = server.jobs("scheduled trigger", json!({"scheduled_job_id": id})).await.job_id();
    let answer = server.jobs("scheduled delete", json!({"scheduled_job_id": id})).await;
    assert!(!answer.is_error && answer.text.starts_with(&format!("deleted scheduled job {id}")), "{answer:?}");
    let looked = server.jobs("inspect", json!({"job_id": job})).await;
    assert!(["SCHEDULING", "RUNNING"].map(|stage| json!(stage)).contains(&looked.structured["jobs"][0]["stage"]));
    for operation in ["inspect", "delete", "suspend", "resume", "trigger"] {
        let answer = server.jobs(&format!("scheduled {operation}"), json!({"scheduled_job_id": id})).await;
        assert_eq!(answer.code(), "not_found", "{operation}: {answer:?}");
        assert!(answer.text.contains(&format!("no scheduled job `{id}` in namespace `alice`")), "{}", answer.text);
    }
    for (operation, more) in [("update", json!({"schedule": "@daily"})), ("labels", json!({"name": "x"}))] {
        let mut args = more;
        args["scheduled_job_id"] = json!(MISSING);
        assert_eq!(server.jobs(&format!("scheduled {operation}"), args).await.code(), "not_found", "{operation}");
    }
    assert!(listed(&server.jobs("scheduled ps", json!({"all": true})).await).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn other_names_are_understood() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let answer = server.jobs("schedule run", json!({"cron": "@hourly", "command": ["true"]})).await;
    assert_eq!(answer.structured["operation"], "scheduled run", "{answer:?}");
    let id = id_of(&answer);
    for operation in ["Scheduled-PS", "scheduled list", "schedule ls", "SCHEDULED_PS", "scheduled"] {
        let answer = server.jobs(operation, json!({})).await;
        assert_eq!(answer.structured["operation"], "scheduled ps", "{operation}: {answer:?}");
        assert_eq!(listed(&answer), std::slice::from_ref(&id), "{operation}");
    }
    for name in ["job_id", "id", "scheduled_job_id"] {
        assert_eq!(id_of(&server.jobs("scheduled inspect", json!({name: id})).await), id, "{name}");
    }
    let named = format!("alice/{id}");
    assert_eq!(id_of(&server.jobs("scheduled inspect", json!({"job_id": named})).await), id);
    assert!(!server.jobs("schedule pause", json!({"job_id": id})).await.is_error);
    assert!(!server.jobs("scheduled rm", json!({"job_id": id})).await.is_error);
    assert!(listed(&server.jobs("scheduled ps", json!({"all": true})).await).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn schedule_alone_means_what_is_given_with_it() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for (given, operation) in [
        (json!({"schedule": "@daily", "script": "print(1)\n", "dry_run": true}), "scheduled uv"),
        (json!({"schedule": "@daily", "command": ["true"], "dry_run": true}), "scheduled run"),
        (json!({}), "scheduled ps"),
    ] {
        let answer = server.jobs("schedule", given).await;
        assert_eq!((answer.is_error, &answer.structured["operation"]), (false, &json!(operation)), "{answer:?}");
    }
    for (schedule, words) in [
        ("60 * * * *", "`schedule`: `60` is not a minute from 0 to 59"),
        ("0 */25 * * *", "`schedule`: `*/25` is not a step of the field hour, `/1` to `/24`"),
        ("0 22-2 * * *", "send {\"operation\":\"scheduled run\",\"args\":{\"schedule\":\"0 0,1,2,22,23 * * *\""),
    ] {
        let answer = server.jobs("scheduled run", json!({"schedule": schedule, "command": ["true"]})).await;
        assert!(answer.is_error && answer.text.contains(words), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_scheduled_job_does_not_have_is_refused() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for (name, value) in
        [("ssh", json!(true)), ("network", json!("team")), ("detach", json!(true)), ("wait", json!("10s"))]
    {
        for (operation, what, of) in
            [("scheduled run", "command", json!(["true"])), ("scheduled uv", "script", json!("print(1)\n"))]
        {
            let answer = server.jobs(operation, json!({"schedule": "@hourly", what: of, name: value})).await;
            assert_eq!(answer.code(), "invalid_arguments", "{operation} {name}: {answer:?}");
            assert_eq!(answer.structured["error"]["faults"][0]["argument"], name, "{answer:?}");
        }
    }
    for (args, wrong) in [
        (json!({"command": ["true"]}), "schedule"),
        (json!({"schedule": "@hourly"}), "command"),
        (json!({"schedule": "0 0 30 2 *", "command": ["true"]}), "schedule"),
        (json!({"schedule": "0 0 30 2 *", "command": ["true"], "dry_run": true}), "schedule"),
        (json!({"schedule": "@hourly", "command": ["true"], "flavor": "t4-smal"}), "flavor"),
    ] {
        let answer = server.jobs("scheduled run", args.clone()).await;
        assert_eq!(answer.code(), "invalid_arguments", "{args}: {answer:?}");
        assert_eq!(answer.structured["error"]["faults"][0]["argument"], wrong, "{args}: {answer:?}");
    }
    assert_eq!(changes(&hub), 0, "nothing was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_the_request_and_schedules_nothing() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let args = json!({
        "schedule": "@daily", "command": ["true"], "secrets": {"HF_TOKEN": "$HF_TOKEN"}, "timeout": "1h", "suspend": true,
        "name": "nightly", "dry_run": true,
    });
    let answer = server.jobs("scheduled run", args).await;
    assert!(!answer.is_error && answer.text.starts_with("dry run: nothing was sent"), "{answer:?}");
    let expected = json!({
        "jobSpec": {
            "dockerImage": "python:3.12", "command": ["true"], "arguments": [], "flavor": "cpu-basic", "timeoutSeconds": 3600, "environment": {},
            "labels": {"name": "nightly"}, "secrets": ["HF_TOKEN"],
        },
        "schedule": "@daily", "suspend": true, "concurrency": false,
    });
    assert_eq!(answer.structured["request"], expected);
    assert!(answer.text.contains("first run: ") && answer.text.contains("T00:00:00"), "{}", answer.text);
    assert_eq!(changes(&hub), 0);
    assert!(!format!("{answer:?}").contains(hub.token()));
}

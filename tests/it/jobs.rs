//! Jobs from their submission to their end, as each operation tells of them.

use hf_jobs_mcp::local_hub::{Account, LocalHub, LocalHubConfig};
use serde_json::{Map, Value, json};

use crate::support::mirror::{JOB, Kind, Mirror, SCHEDULED};
use crate::support::{Answer, Server, ServerBuilder, canary, hub, jobs_posted};

fn shell(script: &str) -> Value {
    json!(["/bin/sh", "-c", script])
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_told_as_what_it_is() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let answer = server.jobs("run", json!({"command": shell("echo out; exit 3")})).await;
    assert!(!answer.is_error);
    assert_eq!(answer.structured["job"]["stage"], "ERROR");
    assert!(
        answer.text.contains("the job finished") && answer.text.contains("ERROR (Exit code: 3)"),
        "{}",
        answer.text
    );
    let answer = server.jobs("run", json!({"command": shell("sleep 1000"), "timeout": "1s"})).await;
    assert_eq!(answer.structured["job"]["stage"], "ERROR");
    assert!(answer.text.contains("Job timeout"), "{}", answer.text);
    let answer = server.jobs("run", json!({"command": ["no-such-program"]})).await;
    assert_eq!(answer.structured["job"]["stage"], "ERROR");
    let answer = server.jobs("run", json!({"command": shell("true")})).await;
    assert_eq!(answer.structured["logs"]["finished"], true);
    assert!(answer.text.contains("COMPLETED") && answer.text.contains("the job printed nothing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_reaches_the_hub() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let args = json!({
        "image": "ubuntu:24.04", "command": "echo 'a b' $HOME", "flavor": "t4-small", "timeout": "2h", "env": {"LEVEL": "info"},
        "name": "my-job", "labels": ["team=x"], "attempts": 2, "expose": [8000], "arch": "arm64", "detach": true,
    });
    let answer = server.jobs("run", args).await;
    assert!(!answer.is_error, "{answer:?}");
    let posted = jobs_posted(&hub).pop().unwrap();
    assert!(posted.dropped.is_empty(), "{:?}", posted.dropped);
    let body = posted.body;
    for (field, value) in [
        ("dockerImage", json!("ubuntu:24.04")),
        ("command", json!(["echo", "a b", "$HOME"])),
        ("flavor", json!("t4-small")),
        ("timeoutSeconds", json!(7200)),
        ("environment", json!({"LEVEL": "info"})),
        ("attempts", json!(2)),
        ("arch", json!("arm64")),
    ] {
        assert_eq!(body[field], value, "{field}");
    }
    assert_eq!((&body["labels"]["name"], &body["labels"]["team"]), (&json!("my-job"), &json!("x")));
    assert!(
        answer.text.contains("$0.40 an hour, $1.65 at most") && answer.text.contains("timeout 2h"),
        "{}",
        answer.text
    );
    assert!(answer.text.contains("namespace `alice`, which pays"));
    let agent = &posted.headers["user-agent"];
    assert!(agent.starts_with("hf-jobs-mcp/"), "{agent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_answer_is_short() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let answer = server
        .jobs("run", json!({"command": shell("true"), "detach": true, "secrets": {"HF_TOKEN": "$HF_TOKEN"}}))
        .await;
    assert!(answer.text.chars().count() < 700, "{}", answer.text.chars().count());
    let long = "x".repeat(300);
    server.jobs("run", json!({"command": ["true", long], "name": "n".repeat(90), "detach": true})).await;
    let listed = server.jobs("ps", json!({"all": true})).await;
    for row in listed.text.lines().skip(1) {
        assert!(row.chars().count() < 150, "{}: {row}", row.chars().count());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_the_request_and_sends_nothing() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let args = json!({"command": ["true"], "secrets": {"HF_TOKEN": "$HF_TOKEN"}, "timeout": "1h", "dry_run": true});
    let answer = server.jobs("run", args).await;
    assert!(!answer.is_error && answer.text.starts_with("dry run: nothing was sent"));
    assert_eq!(answer.structured["request"]["secrets"], json!(["HF_TOKEN"]));
    assert_eq!(answer.structured["request"]["timeoutSeconds"], 3600);
    assert!(jobs_posted(&hub).is_empty() && !format!("{answer:?}").contains(hub.token()));
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_listed_by_stage_name_and_label_over_all_pages() {
    let account = Account { name: "alice".to_owned(), ..Account::default() };
    let config = LocalHubConfig { account, record: true, page_size: 3, ..LocalHubConfig::default() };
    let hub = LocalHub::start(config).await.unwrap();
    let mut server = Server::at(&hub).await;
    let mut ids = Vec::new();
    for number in 0..8 {
        let args = json!({"command": ["true"], "name": format!("job-{number}"), "labels": {"even": (number % 2 == 0).to_string()}, "wait": "30s"});
        ids.insert(0, server.jobs("run", args).await.job_id());
    }
    let listed = |answer: &Answer| -> Vec<String> {
        answer.structured["jobs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|job| job["job_id"].as_str().unwrap().to_owned())
            .collect()
    };
    let answer = server.jobs("ps", json!({"all": true})).await;
    assert_eq!(listed(&answer), ids);
    assert_eq!(answer.structured["more"], false);
    let answer = server.jobs("ps", json!({"all": true, "limit": 5})).await;
    assert_eq!(listed(&answer), ids[..5]);
    assert_eq!((&answer.structured["more"], &answer.structured["total"]), (&json!(true), &json!(8)));
    let answer = server.jobs("ps", json!({"all": true, "name": "job-3"})).await;
    assert_eq!(listed(&answer), [ids[4].clone()]);
    let answer = server.jobs("ps", json!({"all": true, "labels": {"even": "true"}})).await;
    assert_eq!(listed(&answer).len(), 4);
    assert!(listed(&server.jobs("ps", json!({})).await).is_empty(), "none runs");
    assert!(listed(&server.jobs("ps", json!({"status": "ERROR"})).await).is_empty());
    assert_eq!(listed(&server.jobs("ps", json!({"status": ["completed"]})).await).len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn output_is_read_from_the_end_from_a_cursor_by_pattern_and_along() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let script = "for i in 1 2 3 4 5 6; do echo line $i; done; read go < \"$HOME/go\"; echo last";
    let script = format!("mkfifo \"$HOME/go\"; {script}");
    // Runs until it is let go: by a job beside it that opens the pipe.
    let job = server.jobs("run", json!({"command": shell(&script), "detach": true})).await.job_id();
    let mut first = server.jobs("logs", json!({"job_id": job})).await;
    while first.structured["logs"]["lines"].as_array().unwrap().len() < 6 {
        first = server.jobs("logs", json!({"job_id": job, "wait": "1s"})).await;
    }
    let tail = server.jobs("logs", json!({"job_id": job, "tail": 2})).await;
    assert_eq!(tail.structured["logs"]["lines"], json!(["line 5", "line 6"]));
    assert_eq!(tail.structured["logs"]["finished"], false);
    let grep = server.jobs("logs", json!({"job_id": job, "grep": "line [13]"})).await;
    assert_eq!(grep.structured["logs"]["lines"], json!(["line 1", "line 3"]));
    let nothing = server.jobs("logs", json!({"job_id": job, "cursor": "n6"})).await;
    assert_eq!(nothing.structured["logs"]["lines"], json!([]));
    let go = hub.directory().join(&job).join("home").join("go");
    std::fs::write(go, "go\n").unwrap();
    // Both kinds of cursor go on where they ended.
    for cursor in [&first.structured["logs"]["next_cursor"], &tail.structured["logs"]["next_cursor"]] {
        let rest = server.jobs("logs", json!({"job_id": job, "cursor": cursor, "wait": "30s"})).await;
        assert_eq!(rest.structured["logs"]["lines"], json!(["last"]), "{cursor}");
        assert_eq!(rest.structured["logs"]["finished"], true);
        assert_eq!(rest.structured["logs"]["stage"], "COMPLETED");
    }
    let lost = server.jobs("logs", json!({"job_id": job, "cursor": "m01000000000000000000000000"})).await;
    assert_eq!(lost.structured["warnings"][0]["code"], "ambiguous");
    assert_eq!(lost.structured["logs"]["lines"].as_array().unwrap().len(), 7, "{lost:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_names_the_job_first_and_ends_with_the_answer() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let arguments = json!({"operation": "run", "args": {"command": shell("echo one; echo two")}});
    let answer = server
        .request("tools/call", json!({"name": "hf_jobs", "arguments": arguments, "_meta": {"progressToken": 9}}))
        .await;
    let job = Server::answer(&answer).job_id();
    let notes = std::mem::take(&mut server.notes);
    assert!(notes[0]["params"]["message"].as_str().unwrap().contains(&job), "{notes:?}");
    assert!(notes.iter().all(|note| note["params"]["progressToken"] == 9));
    server.call("hf_jobs", json!({"operation": "run", "args": {"command": ["true"]}})).await;
    assert!(server.notes.is_empty(), "no token, no notes: {:?}", server.notes);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_inspected_and_cancelled_one_by_one() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let args = json!({"script": "print(1)\n", "script_args": ["--n", "1"], "dependencies": ["numpy"], "detach": true, "env": {"LEVEL": "info"}});
    let script = server.jobs("uv", args).await.job_id();
    let running = server.jobs("run", json!({"command": ["sleep", "1000"], "detach": true})).await.job_id();
    let missing = "66f0a1b2c3d4e5f601234567";
    let answer = server.jobs("inspect", json!({"job_id": [script, missing, running]})).await;
    assert!(!answer.is_error);
    assert_eq!(answer.structured["jobs"].as_array().unwrap().len(), 2);
    assert_eq!(answer.structured["failed"][0]["job_id"], missing);
    assert_eq!(answer.structured["failed"][0]["error"]["code"], "not_found");
    assert_eq!(answer.structured["jobs"][0]["command"], "uv run --with numpy <inline script, 9 B> --n 1");
    assert_eq!(answer.structured["jobs"][0]["env"], json!({"LEVEL": "info"}));
    let listed = server.jobs("ps", json!({"all": true})).await;
    assert!(listed.text.contains("<inline script") && !listed.text.contains("base64"), "{}", listed.text);
    let answer = server.jobs("cancel", json!({"job_id": running})).await;
    assert_eq!(answer.structured["jobs"][0]["stage"], "CANCELED");
    let answer = server.jobs("cancel", json!({"job_id": running})).await;
    assert!(!answer.is_error && answer.text.contains("already, nothing was cancelled"), "{answer:?}");
    let answer = server.jobs("cancel", json!({"job_id": missing})).await;
    assert_eq!(answer.code(), "not_found");
    assert!(answer.text.contains("namespace `alice`"));
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_with_very_much_to_them_are_told_in_short() {
    let mirror = Mirror::new().await;
    let mut server = ServerBuilder::new().env("HF_ENDPOINT", &mirror.endpoint).env("HF_TOKEN", canary()).start().await;
    let much: Map<String, Value> = (0..400).map(|at| (format!("NAME_{at}"), json!("x".repeat(900)))).collect();
    let names: Vec<&String> = much.keys().collect();
    let ids: Vec<String> = (0..5).map(|at| format!("66f0a1b2c3d4e5f60123456{at}")).collect();
    for (operation, args) in [
        ("inspect", json!({"job_id": JOB})),
        ("inspect", json!({"job_id": ids})),
        ("ps", json!({"all": true})),
        ("expose", json!({"job_id": JOB, "ports": [8000]})),
        ("scheduled inspect", json!({"scheduled_job_id": SCHEDULED})),
        ("scheduled ps", json!({"all": true})),
        ("scheduled suspend", json!({"scheduled_job_id": SCHEDULED})),
        ("scheduled delete", json!({"scheduled_job_id": SCHEDULED})),
    ] {
        let kind = if operation.starts_with("scheduled") { Kind::Scheduled } else { Kind::Job };
        let mut told = kind.template();
        let job = if kind == Kind::Job { &mut told } else { &mut told["jobSpec"] };
        (job["environment"], job["labels"], job["secrets"]) = (json!(much), json!(much), json!(names));
        job["network"]["aliases"] = json!(names);
        mirror.instead(kind, told);
        let list = operation.ends_with("ps");
        let answer = server.jobs(operation, args).await;
        let (text, structured) = (answer.text.len(), answer.structured.to_string().len());
        assert!(!answer.is_error && text < 40_000 && structured < 40_000, "{operation}: {text} and {structured}");
        assert_eq!(answer.warnings().first(), (!list).then_some(&"left_out"), "{operation}");
    }
    mirror.restore();
    let answer = server.jobs("inspect", json!({"job_id": JOB})).await;
    assert!(answer.warnings().is_empty() && answer.text.contains("network: g as a\n"), "{answer:?}");
}

/// A job whose volume could not be mounted ended before it ran.
#[tokio::test(flavor = "multi_thread")]
async fn job_that_could_not_mount_is_said_to_have_cost_nothing() {
    let mirror = Mirror::new().await;
    let message = "MountFailure: bucket alice/data has no folder train";
    let mut failed = Kind::Job.template();
    failed["status"] = json!({"stage": "ERROR", "message": message});
    for field in ["startedAt", "durations"] {
        failed.as_object_mut().unwrap().remove(field);
    }
    mirror.instead(Kind::Job, failed);
    mirror.chunks(Vec::new());
    let builder = ServerBuilder::new().env("HF_ENDPOINT", &mirror.endpoint).env("HF_TOKEN", canary());
    let mut server = builder.start().await;
    for (operation, args) in [
        ("run", json!({"command": ["true"], "volumes": ["hf://buckets/alice/data/train:/data"]})),
        ("logs", json!({"job_id": JOB})),
        ("wait", json!({"job_id": JOB})),
        ("inspect", json!({"job_id": JOB})),
    ] {
        let answer = server.jobs(operation, args).await;
        assert!(!answer.is_error, "{answer:?}");
        for words in [message, "it never ran, and nothing was billed: a volume could not be mounted"] {
            assert!(answer.text.contains(words), "{operation}: no `{words}` in {}", answer.text);
        }
        for words in ["printed", "cost"] {
            assert!(!answer.text.contains(words), "{operation}: `{words}` in {}", answer.text);
        }
        assert!(answer.structured.to_string().contains(message), "{operation}: {}", answer.structured);
        let job = answer.structured["job"].as_object().or(answer.structured["jobs"][0].as_object());
        assert!(operation == "logs" || job.unwrap()["never_ran"] == true, "{operation}: {}", answer.structured);
    }
}

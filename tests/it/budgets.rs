//! What each operation asks of the Hub, and how long its answer is: every operation that the schema names is walked.

use hf_jobs_mcp::local_hub::LocalHub;
use serde_json::{Value, json};

use crate::support::{Answer, Server, hub};

/// A usage is shorter than this, in characters.
const USAGE: usize = 6000;
/// An answer on one job is shorter.
const ONE_JOB: usize = 1500;
/// An answer to a submission is shorter, less output and warnings.
const SUBMISSION: usize = 700;
/// A row of a list is shorter.
const ROW: usize = 150;

/// How long an answer may be.
#[derive(Clone, Copy)]
pub enum Budget {
    /// In all.
    All(usize),
    /// Less the job's output, and warnings.
    LessOutput(usize),
    /// Each of its lines but the first, of at least as many.
    Rows(usize, usize),
}

/// The call of an operation, the requests that it makes, and how long its answer may be.
pub fn walk(operation: &str, job: &str, scheduled: &str) -> (Value, Vec<&'static str>, Budget) {
    let one = || json!({"job_id": job});
    let planned = || json!({"scheduled_job_id": scheduled});
    let with = |mut args: Value, name: &str, value: Value| {
        args[name] = value;
        args
    };
    let get = "GET /api/jobs/alice/ID";
    let get_scheduled = "GET /api/scheduled-jobs/alice/ID";
    let one_job = Budget::All(ONE_JOB);
    let submission = Budget::LessOutput(SUBMISSION);
    match operation {
        "run" => (full(&json!({"detach": true})), vec!["POST /api/jobs/alice"], submission),
        "uv" => (
            json!({"script": "print(1)\n", "dependencies": ["numpy"], "timeout": "1h", "detach": true}),
            vec!["POST /api/jobs/alice"],
            submission,
        ),
        "ps" => (json!({"all": true}), vec!["GET /api/jobs/alice"], Budget::Rows(1, ROW)),
        "logs" => (one(), vec![get, "GET /api/jobs/alice/ID/logs"], one_job),
        "wait" => (with(one(), "until", json!("running")), vec![get], one_job),
        "inspect" => (one(), vec![get], one_job),
        "stats" => (one(), vec![get, "GET /api/jobs/alice/ID/metrics"], one_job),
        // The stage that it really has is asked for: the answer to a cancellation may be older.
        "cancel" => (one(), vec![get, "POST /api/jobs/alice/ID/cancel", get], one_job),
        "rerun" => (with(one(), "detach", json!(true)), vec![get, "POST /api/jobs/alice/ID/duplicate"], submission),
        "labels" => (with(one(), "name", json!("walked")), vec![get, "PUT /api/jobs/alice/ID/labels"], one_job),
        "expose" => (with(one(), "ports", json!([8000])), vec!["PUT /api/jobs/alice/ID/expose"], one_job),
        "hardware" => (json!({}), vec![], Budget::Rows(10, ROW)),
        "scheduled run" => (full(&json!({"schedule": "@daily"})), vec!["POST /api/scheduled-jobs/alice"], submission),
        "scheduled uv" => (
            json!({"schedule": "0 9 * * 1-5", "script": "print(1)\n", "timeout": "1h"}),
            vec!["POST /api/scheduled-jobs/alice"],
            submission,
        ),
        "scheduled ps" => (json!({"all": true}), vec!["GET /api/scheduled-jobs/alice"], Budget::Rows(1, ROW)),
        "scheduled inspect" => (planned(), vec![get_scheduled], one_job),
        "scheduled suspend" => (planned(), vec!["POST /api/scheduled-jobs/alice/ID/suspend", get_scheduled], one_job),
        "scheduled resume" => (planned(), vec!["POST /api/scheduled-jobs/alice/ID/resume", get_scheduled], one_job),
        "scheduled trigger" => (planned(), vec![get_scheduled, "POST /api/scheduled-jobs/alice/ID/run"], submission),
        "scheduled update" => (
            with(planned(), "schedule", json!("@weekly")),
            vec!["POST /api/scheduled-jobs/alice/ID/schedule", get_scheduled],
            one_job,
        ),
        "scheduled labels" => (
            with(planned(), "name", json!("walked")),
            vec![get_scheduled, "PUT /api/scheduled-jobs/alice/ID/labels", get_scheduled],
            one_job,
        ),
        "scheduled delete" => (planned(), vec![get_scheduled, "DELETE /api/scheduled-jobs/alice/ID"], one_job),
        "help" => (json!({}), vec![], Budget::All(USAGE)),
        other => panic!("`{other}` is not walked: say what it asks of the Hub, and how long its answer may be"),
    }
}

/// A submission that says much about itself.
fn full(more: &Value) -> Value {
    let mut args = json!({
        "image": "ghcr.io/some-organisation/some-image:2026.11", "flavor": "t4-small", "timeout": "90m", "attempts": 2,
        "command": ["/bin/sh", "-c", format!("echo {}", "x".repeat(60))], "name": "n".repeat(60),
        "env": {"LEVEL": "info", "DATA": "/data/some/where"}, "secrets": {"HF_TOKEN": "$HF_TOKEN"}, "labels": {"team": "x"},
    });
    args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    args
}

/// The requests so far, ids left out.
fn requests(hub: &LocalHub) -> Vec<String> {
    let is_id = |part: &str| part.len() == 24 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let path =
        |path: &str| path.split('/').map(|part| if is_id(part) { "ID" } else { part }).collect::<Vec<_>>().join("/");
    hub.requests().iter().map(|request| format!("{} {}", request.method, path(&request.path))).collect()
}

/// How long a text is less the job's output and the warnings.
fn less_output(text: &str) -> usize {
    let mut inside = false;
    let counted = text.lines().filter(|line| {
        let fence = line.starts_with("<job-output-") || line.starts_with("</job-output-");
        inside = if fence { !line.starts_with("</") } else { inside };
        !inside && !line.starts_with("warning: ")
    });
    counted.map(|line| line.chars().count() + 1).sum()
}

fn hold(operation: &str, answer: &Answer, budget: Budget) {
    let text = &answer.text;
    match budget {
        Budget::All(most) => assert!(text.chars().count() < most, "{operation}: {} in {text}", text.chars().count()),
        Budget::LessOutput(most) => assert!(less_output(text) < most, "{operation}: {} in {text}", less_output(text)),
        Budget::Rows(least, most) => {
            assert!(text.lines().count() > least, "{operation}: {text}");
            for row in text.lines().skip(1) {
                assert!(row.chars().count() < most, "{operation}: {} in {row}", row.chars().count());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_keeps_to_its_requests_and_its_length() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let tools = server.request("tools/list", json!({})).await;
    let tools = tools["result"]["tools"].as_array().unwrap();
    let schema = &tools.iter().find(|tool| tool["name"] == "hf_jobs").unwrap()["inputSchema"];
    let mut operations: Vec<String> =
        serde_json::from_value(schema["properties"]["operation"]["enum"].clone()).unwrap();
    assert!(operations.len() > 20, "{operations:?}");
    // What ends a job comes last.
    operations.sort_by_key(|operation| ["cancel", "scheduled delete"].contains(&operation.as_str()));
    // The machines are known, and the account.
    server.jobs("hardware", json!({})).await;
    let job = server.jobs("run", full(&json!({"command": ["sleep", "1000"], "detach": true}))).await.job_id();
    server.jobs("wait", json!({"job_id": job, "until": "running"})).await;
    let scheduled = server.jobs("scheduled run", full(&json!({"schedule": "*/15 0,6,12,18 * * 1-5"}))).await;
    let scheduled = scheduled.structured["scheduled_jobs"][0]["scheduled_job_id"].as_str().unwrap();
    println!("{:<18} {:>5}  requests", "operation", "chars");
    for operation in &operations {
        let (args, expected, budget) = walk(operation, &job, scheduled);
        let before = requests(&hub).len();
        let answer = server.jobs(operation, args).await;
        let asked = requests(&hub).split_off(before);
        println!("{operation:<18} {:>5}  {}", answer.text.chars().count(), asked.join(", "));
        assert!(!answer.is_error, "{operation}: {answer:?}");
        assert_eq!(asked, expected, "{operation}");
        hold(operation, &answer, budget);
    }
    for operation in &operations {
        let answer = server.jobs("help", json!({"operation": operation})).await;
        hold(operation, &answer, Budget::All(USAGE));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn output_and_warnings_are_all_that_makes_an_answer_to_a_submission_long() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let shell = |script: &str| json!(["/bin/sh", "-c", script]);
    let loud =
        shell("i=0; while [ $i -lt 50 ]; do echo a line of output that is some fifty characters; i=$((i+1)); done");
    let answer = server.jobs("run", full(&json!({"command": loud, "env": {}, "wait": "30s"}))).await;
    assert_eq!(answer.structured["logs"]["finished"], true, "{answer:?}");
    assert_eq!(answer.warnings(), ["empty_map"]);
    assert!(answer.text.chars().count() > 2000);
    hold("run", &answer, Budget::LessOutput(SUBMISSION));
}

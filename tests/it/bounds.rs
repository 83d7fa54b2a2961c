//! Every bound of what a call may hold: the most passes, one more is refused with the bound's number, and nothing is sent.

use serde_json::{Map, Value, json};

use crate::support::mirror::{JOB, Mirror};
use crate::support::{ServerBuilder, canary};

fn map(count: usize, value: &str) -> Value {
    (0..count).map(|at| (format!("K{at}"), json!(value))).collect::<Map<String, Value>>().into()
}

fn list(count: usize, item: impl Fn(usize) -> String) -> Value {
    (0..count).map(item).collect()
}

/// A bound: what it is of, the most, the call with so many, and a number that the refusal names.
struct Bound {
    of: &'static str,
    most: usize,
    call: Box<dyn Fn(usize) -> (&'static str, Value)>,
    told: &'static str,
}

fn bound(
    of: &'static str,
    most: usize,
    told: &'static str,
    call: impl Fn(usize) -> (&'static str, Value) + 'static,
) -> Bound {
    Bound { of, most, call: Box::new(call), told }
}

fn run(name: &str, value: Value) -> (&'static str, Value) {
    let mut args = json!({"command": ["true"], "detach": true});
    args[name] = value;
    ("run", args)
}

fn uv(name: &str, value: Value) -> (&'static str, Value) {
    let mut args = json!({"script": "print(1)\n", "detach": true});
    args[name] = value;
    ("uv", args)
}

fn bounds() -> Vec<Bound> {
    vec![
        bound("ids", 50, "50", |count| ("inspect", json!({"job_id": list(count, |at| format!("{at:024x}"))}))),
        bound("ids to wait for", 50, "50", |count| {
            ("wait", json!({"job_id": list(count, |at| format!("{at:024x}")), "timeout": "1s"}))
        }),
        bound("ids to cancel", 50, "50", |count| ("cancel", json!({"job_id": list(count, |at| format!("{at:024x}"))}))),
        bound("characters of an id", 64, "is not a job's id", |count| {
            ("inspect", json!({"job_id": "a".repeat(count)}))
        }),
        bound("characters of a namespace", 96, "96", |count| ("ps", json!({"namespace": "a".repeat(count)}))),
        bound("variables", 256, "256", |count| run("env", map(count, "x"))),
        bound("secrets", 256, "256", |count| run("secrets", map(count, "x"))),
        bound("characters of a variable's name", 256, "256", |count| run("env", json!({"K".repeat(count): "x"}))),
        bound("labels", 64, "64", |count| run("labels", map(count, "x"))),
        bound("characters of a label", 100, "100", |count| run("labels", json!({"k": "v".repeat(count)}))),
        bound("volumes", 32, "32", |count| run("volumes", list(count, |at| format!("hf://datasets/a/b:/m{at}")))),
        bound("ports", 20, "20", |count| run("expose", (8000..8000 + count).collect())),
        bound("words of a command", 4096, "4096", |count| {
            ("run", json!({"command": list(count, |_| "x".to_owned()), "detach": true}))
        }),
        bound("dependencies", 256, "256", |count| uv("dependencies", list(count, |at| format!("package{at}")))),
        bound("bytes of a dependency", 2048, "2048", |count| uv("dependencies", json!(["p".repeat(count)]))),
        bound("bytes of a URL", 8192, "8192", |count| {
            let rest = "https://example.com/".len() + ".py".len();
            ("uv", json!({"script": format!("https://example.com/{}.py", "a".repeat(count - rest)), "detach": true}))
        }),
        bound("attempts", 100, "100", |count| run("attempts", json!(count))),
        bound("jobs of a list", 100, "100", |count| ("ps", json!({"limit": count}))),
        bound("lines of a log", 1000, "1000", |count| ("logs", json!({"job_id": JOB, "tail": count}))),
        bound("stages", 12, "12", |count| {
            let stages = ["SCHEDULING", "RUNNING", "COMPLETED", "CANCELED", "ERROR", "DELETED"];
            ("ps", json!({"status": stages.iter().cycle().take(count).collect::<Vec<_>>()}))
        }),
        bound("bytes of a source", 1024 * 1024, "1 MiB", |count| {
            ("uv", json!({"script": format!("print(1)\n#{}", "x".repeat(count - 10)), "detach": true}))
        }),
        bound("bytes of a word", 128 * 1024 - 1, "128 KiB", |count| {
            ("run", json!({"command": ["echo", "x".repeat(count)], "detach": true}))
        }),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_most_of_anything_passes_and_one_more_is_told() {
    let mirror = Mirror::new().await;
    let builder = ServerBuilder::new().env("HF_ENDPOINT", &mirror.endpoint).env("HF_TOKEN", canary());
    let mut server = builder.start().await;
    let mut wrong = Vec::new();
    for Bound { of, most, call, told } in bounds() {
        let (operation, args) = call(most);
        let answer = server.jobs(operation, args).await;
        let text = |text: &str| text.chars().take(300).collect::<String>();
        if answer.is_error {
            wrong.push(format!("{most} {of}: {}", text(&answer.text)));
        }
        mirror.asked();
        let (operation, args) = call(most + 1);
        let answer = server.jobs(operation, args).await;
        let sent = mirror.asked().iter().any(|asked| !asked.head.starts_with("GET "));
        if !answer.is_error || !answer.text.contains(told) || answer.text.len() > 6000 || sent {
            wrong.push(format!("{} {of}, sent: {sent}, {}", most + 1, text(&answer.text)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_beyond_all_bounds_is_answered_and_the_server_goes_on() {
    let mirror = Mirror::new().await;
    let builder = ServerBuilder::new().env("HF_ENDPOINT", &mirror.endpoint).env("HF_TOKEN", canary());
    let mut server = builder.start().await;
    let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    for (id, args) in [
        (101, format!("{{\"command\": {}}}", deep(1000))),
        (102, format!("{{\"command\": {}}}", deep(100_000))),
        (103, json!({"command": ["true"], "env": map(100_000, "x")}).to_string()),
        (104, json!({"command": "x".repeat(10_000_000)}).to_string()),
        (105, json!({"command": ["true"], "unknown": map(50_000, "x")}).to_string()),
        (106, json!({"job_id": list(100_000, |at| format!("{at:024x}"))}).to_string()),
    ] {
        let params = format!("{{\"name\": \"hf_jobs\", \"arguments\": {{\"operation\": \"run\", \"args\": {args}}}}}");
        let line =
            format!("{{\"jsonrpc\": \"2.0\", \"id\": {id}, \"method\": \"tools/call\", \"params\": {params}}}\n");
        server.send_bytes(line.as_bytes()).await;
        let answer = server.answer_to(&json!(id)).await;
        let refused = answer["error"]["code"].is_i64() || answer["result"]["isError"] == true;
        assert!(
            refused && answer.to_string().len() < 20_000,
            "{id}: {}",
            answer.to_string().chars().take(500).collect::<String>()
        );
        assert!(mirror.asked().iter().all(|asked| asked.head.starts_with("GET ")), "{id} was sent");
    }
    assert!(!server.jobs("ps", json!({})).await.is_error);
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id().unwrap())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: usize = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 200 * 1024, "{peak} KiB at the most");
}

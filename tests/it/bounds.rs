//! What is bounded: so much is taken, one more is refused by an answer that names the bound, and the server goes on serving.

use serde_json::{Map, Value, json};

use crate::support::http::{HttpServer, Reply, call};
use crate::support::mirror::JOB;
use crate::support::{Server, hub};

/// How many of a thing there are at most, and what says so.
struct Bound {
    operation: &'static str,
    most: usize,
    /// The words of the answer to one more.
    said: &'static str,
    /// The arguments with that many.
    of: fn(usize) -> Value,
}

fn list(count: usize, item: impl Fn(usize) -> Value) -> Value {
    (0..count).map(item).collect()
}

fn map(count: usize, key: &str) -> Value {
    (0..count).map(|at| (format!("{key}{at}"), json!("v"))).collect::<Map<_, _>>().into()
}

fn run(name: &str, value: Value) -> Value {
    let mut args = json!({"command": ["true"], "dry_run": true});
    args[name] = value;
    args
}

fn uv(name: &str, value: Value) -> Value {
    let mut args = json!({"script": "print(1)\n", "dry_run": true});
    args[name] = value;
    args
}

/// Arguments of that many bytes in all.
fn command(bytes: usize) -> Value {
    let whole = bytes / 100_000;
    let mut arguments = vec!["x".repeat(100_000); whole];
    arguments.push("x".repeat(bytes % 100_000));
    run("command", json!(arguments))
}

fn ids(count: usize) -> Value {
    list(count, |at| json!(format!("66f0a1b2c3d4e5f6{at:08x}")))
}

fn bounds() -> Vec<Bound> {
    let bound = |operation, most, said, of| Bound { operation, most, said, of };
    vec![
        bound("cancel", 50, "at most 50", |count| json!({"job_id": ids(count)})),
        bound("wait", 50, "at most 50", |count| json!({"job_id": ids(count), "timeout": 0})),
        bound("stats", 50, "at most 50", |count| json!({"job_id": ids(count)})),
        bound("inspect", 50, "at most 50", |count| json!({"job_id": ids(count)})),
        bound("uv", 256, "at most 256", |count| uv("dependencies", list(count, |at| json!(format!("package{at}"))))),
        bound("uv", 2048, "at most 2048", |bytes| uv("dependencies", json!(["d".repeat(bytes)]))),
        bound("uv", 8192, "at most 8192", |bytes| {
            let address = "https://example.com/x.py?";
            uv("script", json!(format!("{address}{}", "x".repeat(bytes - address.len()))))
        }),
        bound("uv", 1024 * 1024, "1048576 bytes", |bytes| {
            uv("script", json!(format!("print(1)\n#{}", "x".repeat(bytes - 10))))
        }),
        bound("run", 256, "at most 256 entries", |count| run("env", map(count, "KEY"))),
        bound("run", 256, "at most 256 entries", |count| run("secrets", map(count, "KEY"))),
        bound("run", 64, "at most 64 labels", |count| run("labels", map(count, "key"))),
        bound("run", 100, "at most 100", |chars| run("labels", json!({"key": "x".repeat(chars)}))),
        bound("run", 100, "1 to 100", |chars| run("labels", json!({"x".repeat(chars): "value"}))),
        bound("run", 256, "at most 256", |chars| run("env", json!({"X".repeat(chars): "value"}))),
        bound("run", 256, "at most 256", |chars| run("secrets", json!({"X".repeat(chars): "value"}))),
        bound("run", 128 * 1024, "at most 131072 bytes", |bytes| run("secrets", json!({"KEY": "x".repeat(bytes)}))),
        bound("run", 32, "at most 32 volumes", |count| {
            run("volumes", list(count, |at| json!(format!("hf://datasets/alice/d:/m{at}"))))
        }),
        bound("run", 20, "at most 20 ports", |count| run("expose", list(count, |at| json!(8000 + at)))),
        bound("run", 32, "at most 32 aliases", |count| {
            run("network", json!({"group": "g", "aliases": list(count, |at| json!(format!("a{at}")))}))
        }),
        bound("run", 46, "1 to 46", |chars| run("network", json!({"group": "g".repeat(chars)}))),
        bound("run", 34, "1 to 34", |chars| run("network", json!({"group": "g", "aliases": ["a".repeat(chars)]}))),
        bound("run", 100, "1 to 100", |count| run("attempts", json!(count))),
        bound("run", 31_622_400, "at most 366d", |seconds| run("timeout", json!(seconds))),
        bound("run", 128 * 1024 - 1, "131071 bytes", |bytes| run("command", json!(["echo", "x".repeat(bytes)]))),
        bound("run", 4096, "1 to 4096 arguments", |count| run("command", list(count, |_| json!("x")))),
        bound("run", 1024 * 1024, "1048576 bytes", command),
        bound("cancel", 64, "a job's id", |chars| json!({"job_id": "a".repeat(chars)})),
        bound("scheduled delete", 64, "a scheduled job's id", |chars| json!({"scheduled_job_id": "a".repeat(chars)})),
        bound("ps", 96, "at most 96", |chars| json!({"namespace": "n".repeat(chars)})),
        bound("ps", 12, "at most 12", |count| json!({"status": list(count, |_| json!("running"))})),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_are_taken_and_one_more_is_told_how_many_are() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for (at, Bound { operation, most, said, of }) in bounds().into_iter().enumerate() {
        let what = format!("{most} in row {at}, of `{operation}`");
        let answer = server.jobs(operation, of(most)).await;
        // What the Hub then says to such ids is its own affair.
        assert!(!["invalid_arguments", "internal"].contains(&answer.code()), "{what}: {answer:?}");
        let before = hub.requests().len();
        let answer = server.jobs(operation, of(most + 1)).await;
        assert_eq!(answer.code(), "invalid_arguments", "{what}: {answer:?}");
        assert!(answer.text.contains(said), "{what}: {answer:?}");
        assert!(answer.text.len() < 6000, "{what}: {} bytes", answer.text.len());
        assert_eq!(hub.requests().len(), before, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_of_anything_are_refused_at_once() {
    const MANY: usize = 100_000;
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let nested: Map<_, _> = (0..MANY).map(|at| (format!("KEY{at}"), json!([]))).collect();
    for (operation, args) in [
        ("run", run("env", map(MANY, "KEY"))),
        ("run", run("env", nested.into())),
        ("run", run("env", list(MANY, |at| json!(format!("bad{at}"))))),
        ("run", run("labels", map(MANY, "bad key "))),
        ("run", run("volumes", list(MANY, |at| json!(format!("bad{at}"))))),
        ("run", run("command", json!("x ".repeat(MANY)))),
        ("run", map(MANY, "unknown")),
        ("cancel", json!({"job_id": list(MANY, |at| json!(format!("..{at}")))})),
        ("logs", json!({"job_id": JOB, "grep": "a".repeat(MANY)})),
        ("logs", json!({"job_id": JOB, "grep": format!("{}{}", "(".repeat(MANY), ")".repeat(MANY))})),
    ] {
        let what = args.to_string().chars().take(60).collect::<String>();
        let answer = server.jobs(operation, args).await;
        assert_eq!(answer.code(), "invalid_arguments", "{what}");
        assert!(answer.text.len() < 10_000, "{what}: {} bytes", answer.text.len());
    }
    assert!(hub.requests().is_empty());
}

/// A request of exactly so many bytes.
fn line(id: &str, bytes: usize) -> String {
    let head = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":\"{id}\",\"method\":\"tools/call\",\"params\":{{\"name\":\"hf_jobs\",\"arguments\":{{\"operation\":\"run\",\"args\":{{\"command\":\""
    );
    let tail = "\"}}}}\n";
    format!("{head}{}{tail}", "x".repeat(bytes - head.len() - tail.len()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_just_the_bound_is_read_and_one_byte_more_is_told_the_bound() {
    const BOUND: usize = 4 * 1024 * 1024;
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for (bytes, code, said) in [
        (BOUND, "invalid_arguments", "1048576"),
        (BOUND + 1, "too_large", "4194304"),
        (10_000_000, "too_large", "4194304"),
    ] {
        let id = format!("line of {bytes}");
        server.send_bytes(line(&id, bytes).as_bytes()).await;
        let answer = Server::answer(&server.answer_to(&json!(id)).await);
        assert_eq!(answer.code(), code, "{bytes}");
        assert!(answer.text.contains(said), "{bytes}: {}", answer.text);
    }
    assert!(!server.call("hf_whoami", json!({})).await.is_error);
}

/// A call with an argument of lists within lists.
fn nested(id: &str, levels: usize) -> String {
    let (open, close) = ("[".repeat(levels), "]".repeat(levels));
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":\"{id}\",\"method\":\"tools/call\",\"params\":{{\"name\":\"hf_jobs\",\"arguments\":{{\"operation\":\"run\",\"args\":{{\"command\":{open}{close}}}}}}}}}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_nested_too_deeply_is_answered() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let http = HttpServer::at(&hub).await;
    for levels in [1000, 100_000] {
        let id = format!("{levels} levels");
        server.send_bytes(nested(&id, levels).as_bytes()).await;
        let answer = server.answer_to(&json!(id)).await;
        let answer = Server::answer(&answer);
        assert_eq!(answer.code(), "invalid_arguments");
        assert!(answer.text.contains("127"), "{answer:?}");
        let request = http.message(&json!({})).body(nested(&id, levels));
        let reply = Reply::of(request).await;
        assert_eq!(reply.status, 400, "{reply:?}");
        assert!(reply.error().contains("127"), "{reply:?}");
        assert_eq!(reply.message()["id"], json!(id), "{reply:?}");
    }
    server.send_bytes(nested("100 levels", 100).as_bytes()).await;
    let answer = Server::answer(&server.answer_to(&json!("100 levels")).await);
    assert_eq!(answer.code(), "invalid_arguments");
    assert!(!server.call("hf_whoami", json!({})).await.is_error);
    let reply = Reply::of(http.message(&call(1, "hf_whoami", json!({})))).await;
    assert!(!Server::answer(&reply.message()).is_error);
    assert!(hub.requests().iter().all(|request| request.path == "/api/whoami-v2"));
}

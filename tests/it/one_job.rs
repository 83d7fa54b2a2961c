//! One call, one job, whatever happens to its request and to the answer, at any point of the exchange.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use futures_util::{StreamExt, stream};
use hf_jobs_mcp::local_hub::LocalHub;
use serde_json::{Value, json};

use crate::support::{Answer, Fault, Proxy, Server, ServerBuilder, hub};

/// How many cases run at once: each has a Hub, a proxy and a server, which mostly wait.
const AT_ONCE: usize = 64;

const UNAVAILABLE: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const HTML_502: &str = "HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 21\r\nconnection: close\r\n\r\n<html>bad gate</html>";
const HTML_200: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 18\r\nconnection: close\r\n\r\n<html>login</html>";
const TRUNCATED: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\nconnection: close\r\n\r\n{\"id\": \"6";
const EMPTY: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
const LIMITED: &str =
    "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const LIMITED_UNTIL: &str = "HTTP/1.1 429 Too Many Requests\r\nretry-after: Tue, 24 Nov 2099 10:00:00 GMT\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const LIMITED_BY_RATE: &str =
    "HTTP/1.1 429 Too Many Requests\r\nratelimit: \"api\";r=0;t=55\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const REFUSED: &str = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const ELSEWHERE: &str = "HTTP/1.1 307 Temporary Redirect\r\nlocation: https://example.com/api/jobs/alice\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// What is to come of a fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Told {
    /// The job, as if nothing had happened.
    Job,
    /// The job, and that it was found again.
    Found,
    /// That nobody can tell, and how to find out.
    Unconfirmed,
    /// What was refused, so that nothing was started.
    Refused,
}

fn faults() -> Vec<(&'static str, Fault, Told)> {
    vec![
        ("passes in single bytes", Fault::Pieces(1), Told::Job),
        ("passes in pieces of 7 bytes", Fault::Pieces(7), Told::Job),
        ("reset unread", Fault::ResetUnread, Told::Unconfirmed),
        ("reset unhandled", Fault::ResetUnhandled, Told::Unconfirmed),
        ("503 unhandled", Fault::Answer(UNAVAILABLE), Told::Unconfirmed),
        ("200 with HTML, unhandled", Fault::Answer(HTML_200), Told::Unconfirmed),
        ("no answer, unhandled", Fault::StallUnhandled, Told::Unconfirmed),
        ("429, seconds", Fault::Answer(LIMITED), Told::Refused),
        ("429, a date", Fault::Answer(LIMITED_UNTIL), Told::Refused),
        ("429, RateLimit", Fault::Answer(LIMITED_BY_RATE), Told::Refused),
        ("400", Fault::Answer(REFUSED), Told::Refused),
        ("307 to another origin", Fault::Answer(ELSEWHERE), Told::Refused),
        ("closed before the answer", Fault::LoseAnswer, Told::Found),
        ("reset before the answer", Fault::ResetAnswer, Told::Found),
        ("no answer", Fault::Stall, Told::Found),
        ("503 handled", Fault::HandleAndAnswer(UNAVAILABLE), Told::Found),
        ("502 with HTML", Fault::HandleAndAnswer(HTML_502), Told::Found),
        ("200 with HTML", Fault::HandleAndAnswer(HTML_200), Told::Found),
        ("truncated JSON", Fault::HandleAndAnswer(TRUNCATED), Told::Found),
        ("JSON of something else", Fault::HandleAndAnswer(EMPTY), Told::Found),
        ("cut in its first line", Fault::CutAnswer(7), Told::Found),
        ("cut in its head", Fault::CutAnswer(60), Told::Found),
        ("cut before its last byte", Fault::CutEnd(1), Told::Found),
        ("cut in its body", Fault::CutEnd(100), Told::Found),
        ("without an end", Fault::Endless, Told::Found),
    ]
}

const OPERATIONS: [&str; 5] = ["run", "uv", "scheduled run", "rerun", "scheduled trigger"];

/// What is called, and how its request begins; what it needs is made before.
async fn prepared(server: &mut Server, operation: &str) -> (Value, String) {
    let id = |answer: &Answer| answer.structured["scheduled_jobs"][0]["scheduled_job_id"].as_str().unwrap().to_owned();
    let schedule = json!({"schedule": "@yearly", "command": ["true"], "concurrency": true});
    match operation {
        "run" => (json!({"command": ["true"], "detach": true}), "POST /api/jobs/alice ".to_owned()),
        "uv" => (json!({"script": "print(1)\n", "detach": true}), "POST /api/jobs/alice ".to_owned()),
        "scheduled run" => (schedule, "POST /api/scheduled-jobs/alice ".to_owned()),
        "rerun" => {
            let job = server.jobs("run", json!({"command": ["true"], "detach": true})).await.job_id();
            (json!({"job_id": job, "detach": true}), format!("POST /api/jobs/alice/{job}/duplicate"))
        }
        _ => {
            let id = id(&server.jobs("scheduled run", schedule).await);
            (json!({"scheduled_job_id": id}), format!("POST /api/scheduled-jobs/alice/{id}/run"))
        }
    }
}

/// The ids of all jobs, or scheduled jobs, as the Hub has them.
async fn there(server: &mut Server, operation: &str) -> Vec<String> {
    let (list, kind, id) = match operation {
        "scheduled run" => ("scheduled ps", "scheduled_jobs", "scheduled_job_id"),
        _ => ("ps", "jobs", "job_id"),
    };
    let answer = server.jobs(list, json!({"all": true})).await;
    let jobs = answer.structured[kind].as_array().unwrap_or_else(|| panic!("no list in {answer:?}"));
    jobs.iter().map(|job| job[id].as_str().unwrap().to_owned()).collect()
}

fn posted(hub: &LocalHub, begins: &str) -> usize {
    let path = begins.trim_start_matches("POST ").trim_end();
    hub.requests().iter().filter(|request| request.method == "POST" && request.path == path).count()
}

/// How the server and its Hub speak.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Protocol {
    Http1,
    Http2,
}

async fn behind_proxy(hub: &LocalHub, protocol: Protocol) -> (Proxy, Server) {
    let server = ServerBuilder::at(hub);
    let (proxy, server) = match protocol {
        Protocol::Http1 => (Proxy::before(hub).await, server),
        Protocol::Http2 => {
            let (proxy, certificate) = Proxy::over_http2(hub, server.home()).await;
            (proxy, server.env("SSL_CERT_FILE", certificate))
        }
    };
    let server = server.env("HF_ENDPOINT", proxy.endpoint()).start().await;
    (proxy, server)
}

async fn case(protocol: Protocol, operation: &'static str, name: &'static str, fault: Fault, told: Told) -> String {
    let hub = hub().await;
    let (proxy, mut server) = behind_proxy(&hub, protocol).await;
    let (args, begins) = prepared(&mut server, operation).await;
    let before = there(&mut server, operation).await;
    let posts = posted(&hub, &begins);
    proxy.fault(&begins, 1, fault);
    let answer = server.jobs(operation, args).await;
    assert_eq!(proxy.left(&begins), 0, "{operation}, {name}: the fault was met: {answer:?}");
    let posts = posted(&hub, &begins) - posts;
    let made: Vec<String> =
        there(&mut server, operation).await.into_iter().filter(|job| !before.contains(job)).collect();
    let case = format!("{operation}, {name}: {answer:?}");
    let started = usize::from(matches!(told, Told::Job | Told::Found));
    assert_eq!((posts, made.len()), (started, started), "{case}");
    match told {
        Told::Job | Told::Found => {
            assert!(!answer.is_error && answer.text.contains(&made[0]), "the job is told: {case}");
            let warnings: &[&str] = if told == Told::Found { &["answer_lost"] } else { &[] };
            assert_eq!(answer.warnings(), warnings, "{case}");
        }
        Told::Unconfirmed => {
            assert_eq!(answer.code(), "submission_unconfirmed", "{case}");
            let (_, call) = answer.text.split_once("look in a minute with ").unwrap_or_else(|| panic!("{case}"));
            let mut calls = serde_json::Deserializer::from_str(call).into_iter::<Value>();
            let call = calls.next().unwrap().unwrap_or_else(|error| panic!("{error}: {case}"));
            assert!(!server.call("hf_jobs", call).await.is_error, "{case}");
        }
        Told::Refused => {
            assert!(answer.is_error && answer.code() != "submission_unconfirmed", "{case}");
        }
    }
    let told = if answer.is_error { answer.code().to_owned() } else { format!("{told:?}").to_lowercase() };
    format!("{told}, {posts} sent, {} there", made.len())
}

/// Takes as long as a call looks for what it started.
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_at_any_point_starts_at_most_one_job_and_the_answer_says_which() {
    let mut cases = Vec::new();
    for operation in OPERATIONS {
        for (name, fault, told) in faults() {
            cases.push((Protocol::Http1, operation, name, fault.clone(), told));
            cases.push((Protocol::Http2, operation, name, fault, told));
        }
    }
    // Those that take long begin first.
    cases.sort_by_key(|(_, _, _, fault, told)| {
        (*told != Told::Unconfirmed && !matches!(fault, Fault::Stall), matches!(fault, Fault::Pieces(_)))
    });
    let told = stream::iter(cases)
        .map(|(protocol, operation, name, fault, told)| {
            tokio::spawn(async move { (protocol, operation, name, case(protocol, operation, name, fault, told).await) })
        })
        .buffer_unordered(AT_ONCE)
        .map(|case| case.unwrap())
        .collect::<Vec<_>>()
        .await;
    let mut table: BTreeMap<&str, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    for (protocol, operation, name, told) in told {
        table.entry(name).or_default().entry(told).or_default().push(format!("{operation} {protocol:?}"));
    }
    let mut text = String::new();
    for (name, row) in table {
        for (told, of) in row {
            let all = of.len() == OPERATIONS.len() * 2;
            writeln!(text, "{name}: {told}: {}", if all { "all".to_owned() } else { of.join(", ") }).unwrap();
        }
    }
    println!("{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_not_there_is_told_at_once_and_nothing_was_sent() {
    let hub = hub().await;
    let proxy = Proxy::before(&hub).await;
    let mut server = ServerBuilder::at(&hub).env("HF_ENDPOINT", proxy.endpoint()).start().await;
    assert!(!server.call("hf_whoami", json!({})).await.is_error);
    assert!(!server.jobs("hardware", json!({})).await.is_error);
    proxy.close().await;
    let answer = server.jobs("run", json!({"command": ["true"], "detach": true})).await;
    assert_eq!((answer.code(), &answer.structured["error"]["retryable"]), ("hub_unavailable", &json!(true)));
    assert!(answer.text.contains("nothing was sent") && answer.text.contains("(tried 3 times)"), "{answer:?}");
    let answer = server.jobs("ps", json!({})).await;
    assert!(answer.code() == "hub_unavailable" && answer.text.contains("(tried 4 times)"), "{answer:?}");
    assert!(hub.requests().iter().all(|request| request.method != "POST"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_without_an_answer_ends_and_one_with_no_end_does_too() {
    let hub = hub().await;
    let (proxy, mut server) = behind_proxy(&hub, Protocol::Http1).await;
    assert!(!server.call("hf_whoami", json!({})).await.is_error);
    for (fault, code) in [(Fault::Endless, "bad_answer"), (Fault::StallUnhandled, "hub_timeout")] {
        proxy.fault("GET /api/jobs/alice", 1, fault);
        assert_eq!(server.jobs("ps", json!({})).await.code(), code);
    }
}

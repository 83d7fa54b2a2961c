//! A log is followed across whatever the network does: every line once, in order, and only the job's stage says that it is over.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::scripted::{Connection, ScriptedHub, ScriptedJob, Then};
use crate::support::{Answer, Server};

/// Reads all those jobs at once, from their start on and to their end.
async fn read_all(hub: &ScriptedHub, jobs: usize, args: &Value) -> Vec<Answer> {
    let mut server = hub.server().await;
    let mut calls = Vec::new();
    for at in 0..jobs {
        let mut args = args.clone();
        args["job_id"] = json!(ScriptedHub::job(at));
        let arguments = json!({"operation": "logs", "args": args});
        calls.push(server.begin("tools/call", json!({"name": "hf_jobs", "arguments": arguments})).await);
    }
    let mut answers = Vec::new();
    for id in calls {
        answers.push(Server::answer(&server.answer_to(&json!(id)).await));
    }
    answers
}

fn logs(answer: &Answer) -> &Value {
    assert!(!answer.is_error, "{answer:?}");
    &answer.structured["logs"]
}

/// Asserts that an answer has the whole log, to its end.
fn assert_whole(answer: &Answer, texts: &[String], stage: &str, told: &str) {
    let logs = logs(answer);
    assert_eq!(logs["lines"], json!(texts), "{told}: {answer:?}");
    assert_eq!((&logs["finished"], &logs["stage"]), (&json!(true), &json!(stage)), "{told}: {answer:?}");
    assert_eq!(logs.get("next_cursor"), None, "{told}: nothing comes after the end");
}

fn short() -> ScriptedJob {
    ScriptedJob::printing(["one", "zwei ü €", "", "emoji 🎉", "same", "same", "{\"a\": \"b\"}", "last"])
}

const FOLLOW: &str = r#"{"cursor": "n0", "wait": "40s"}"#;

fn follow() -> Value {
    serde_json::from_str(FOLLOW).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_off_at_any_byte_loses_and_repeats_nothing() {
    let job = short();
    let end = Connection::of(8, Then::Ends).stage("COMPLETED");
    let cuts: Vec<usize> = (0..=job.bytes()).collect();
    // 200 calls at once: the server takes no more than 256.
    for cuts in cuts.chunks(200) {
        let jobs = cuts.iter().map(|cut| job.clone().over([Connection::of(8, Then::Ends).cut(*cut), end.clone()]));
        let hub = ScriptedHub::of(jobs).await;
        for (cut, answer) in cuts.iter().zip(read_all(&hub, cuts.len(), &follow()).await) {
            assert_whole(&answer, &job.texts(), "COMPLETED", &format!("cut after {cut} bytes"));
            assert!(answer.warnings().is_empty(), "{answer:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_pieces_of_any_size_and_equal_lines_is_read_whole() {
    let ways: Vec<(usize, bool, Then)> = [1, 2, 3, 5, 7, 11, 64, 1000]
        .into_iter()
        .flat_map(|pieces| [(pieces, false, Then::Ends), (pieces, true, Then::Resets), (pieces, true, Then::Breaks)])
        .collect();
    let jobs = ways.iter().map(|(pieces, at_once, then)| {
        let job = if *at_once { short().at_once() } else { short() };
        // It prints two lines, three more, one more twice, and so on; each connection ends before the next line.
        let parts = [0, 2, 5, 5, 6, 8].map(|lines| Connection::of(lines, *then).pieces(*pieces));
        job.over(parts.into_iter().chain([Connection::of(8, Then::Ends).stage("COMPLETED")]))
    });
    let hub = ScriptedHub::of(jobs).await;
    for (way, answer) in ways.iter().zip(read_all(&hub, ways.len(), &follow()).await) {
        assert_whole(&answer, &short().texts(), "COMPLETED", &format!("{:?}", (way.0, way.1)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_lines_of_one_moment_are_told_once_each() {
    let lines = 300;
    let job = ScriptedJob::printing(vec!["tick"; lines]).at_once();
    let parts = [40, 41, 100, 299].map(|lines| Connection::of(lines, Then::Breaks));
    let job = job.over(parts.into_iter().chain([Connection::of(lines, Then::Ends).stage("COMPLETED")]));
    let hub = ScriptedHub::of([job.clone()]).await;
    let answer = &read_all(&hub, 1, &follow()).await[0];
    assert_whole(answer, &job.texts(), "COMPLETED", "equal lines");
}

#[tokio::test(flavor = "multi_thread")]
async fn markers_of_the_start_are_no_lines_wherever_they_are() {
    // Requeued twice; the Hub repeats the marker on top of a tail, too.
    let mut job = short();
    job.markers = vec![0, 3, 3, 6];
    let jobs = [
        job.clone().over([Connection::of(5, Then::Resets), Connection::of(8, Then::Ends).stage("COMPLETED")]),
        job.clone().over([Connection::of(8, Then::Ends).stage("COMPLETED")]),
    ];
    let hub = ScriptedHub::of(jobs).await;
    for answer in read_all(&hub, 2, &follow()).await {
        assert_whole(&answer, &job.texts(), "COMPLETED", "markers");
    }
    let mut server = hub.server().await;
    let tail = server.jobs("logs", json!({"job_id": ScriptedHub::job(1), "tail": 2})).await;
    assert_eq!(logs(&tail)["lines"], json!(job.texts()[6..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_stage_says_that_a_job_is_over() {
    let cases = [
        // Streams that end while the job is scheduled, and while it runs.
        ("COMPLETED", Then::Ends, 0),
        ("ERROR", Then::Ends, 3),
        ("CANCELED", Then::Breaks, 2),
        ("DELETED", Then::Resets, 1),
        // Streams that stay open after the job is over, silent or not.
        ("COMPLETED", Then::Stays, 0),
        ("ERROR", Then::Stays, 1),
        ("ERROR", Then::KeepsAlive(Duration::from_millis(300)), 1),
    ];
    let jobs = cases.map(|(stage, then, lag)| {
        let mut job = short();
        job.stage = "SCHEDULING";
        job.message = Some("exit code 3");
        job.lag = lag;
        job.over([
            Connection::of(0, Then::Ends),
            Connection::of(3, Then::Ends).stage("RUNNING"),
            Connection::of(8, then).stage(stage),
            // What breaks is not the end of a log, nor is what resets.
            Connection::of(8, if matches!(then, Then::Breaks | Then::Resets) { Then::Ends } else { then }),
        ])
    });
    let hub = ScriptedHub::of(jobs).await;
    for ((stage, then, lag), answer) in cases.iter().zip(read_all(&hub, cases.len(), &follow()).await) {
        let told = format!("{stage} after {lag} questions, {}", *then == Then::Stays);
        assert_whole(&answer, &short().texts(), stage, &told);
        assert!(answer.text.contains(&format!("the job finished: {stage}")), "{answer:?}");
        assert!(answer.text.contains("exit code 3"), "{answer:?}");
        assert_eq!(answer.text.contains("COMPLETED"), *stage == "COMPLETED", "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_nobody_knows_and_one_that_lags_are_no_end() {
    let mut unknown = short();
    unknown.stage = "PAUSED";
    let jobs = [
        unknown.over([Connection::of(8, Then::Ends)]),
        short().over([Connection::of(8, Then::Stays)]),
        short().over([Connection::of(8, Then::KeepsAlive(Duration::from_millis(200)))]),
        short().over([Connection::of(0, Then::Ends)]),
    ];
    let hub = ScriptedHub::of(jobs).await;
    let answers = read_all(&hub, 4, &json!({"cursor": "n0", "wait": "3s"})).await;
    for (answer, stage) in answers.iter().zip(["PAUSED", "RUNNING", "RUNNING", "RUNNING"]) {
        let logs = logs(answer);
        assert_eq!((&logs["finished"], &logs["stage"]), (&json!(false), &json!(stage)), "{answer:?}");
        assert!(answer.text.contains("the job is not finished: follow it with"), "{answer:?}");
    }
    assert!(answers[3].text.contains("no output yet"), "{:?}", answers[3]);
    assert_eq!(logs(&answers[1])["lines"], json!(short().texts()));
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_that_pass_are_waited_for_and_others_told_beside_what_was_read() {
    let done = Connection::of(8, Then::Ends).stage("COMPLETED");
    let part = Connection::of(5, Then::Resets);
    let mut unasked = short().over([part.clone(), done.clone()]);
    unasked.failures = ["200 OK", "503 Service Unavailable", "502 Bad Gateway"].into_iter().skip(1).collect();
    let mut refused = short().over([part.clone().stage("RUNNING"), Connection::of(5, Then::Ends)]);
    refused.stage = "RUNNING";
    let jobs = [
        unasked,
        short().over([Connection::refused("404 Not Found"), part.clone(), done.clone()]),
        short().over([Connection::refused("503 Service Unavailable"), part.clone(), done.clone()]),
        short().over([part.clone(), Connection::refused("500 Internal Server Error"), done.clone()]),
        short().over([part.clone(), Connection::refused("429 Too Many Requests\r\nretry-after: 1"), done.clone()]),
        short().over([part.clone(), Connection::refused("401 Unauthorized")]),
        short().over([part.clone(), Connection::refused("403 Forbidden")]),
    ];
    let hub = ScriptedHub::of(jobs).await;
    let answers = read_all(&hub, 7, &follow()).await;
    for (at, answer) in answers.iter().enumerate().take(5) {
        assert_whole(answer, &short().texts(), "COMPLETED", &format!("case {at}"));
        assert!(answer.warnings().is_empty(), "{answer:?}");
    }
    for answer in &answers[5..] {
        let logs = logs(answer);
        assert_eq!(logs["lines"], json!(short().texts()[..5]), "what was read is told");
        assert_eq!((&logs["finished"], answer.warnings()), (&json!(false), vec!["hub_trouble"]), "{answer:?}");
        assert!(logs["next_cursor"].as_str().unwrap().starts_with("n5m"), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_differs_hides_no_line() {
    let dates = ["Mon, 23 Nov 2026 09:00:00 GMT", "Mon, 23 Nov 2026 10:00:03 GMT", "Mon, 23 Nov 2026 12:00:00 GMT"];
    let jobs = dates.map(|date| {
        let mut job = short().over([Connection::of(8, Then::Stays)]);
        job.date = Some(date.to_owned());
        job
    });
    let hub = ScriptedHub::of(jobs).await;
    let answers = read_all(&hub, 3, &json!({"cursor": "n0"})).await;
    assert_eq!(logs(&answers[0])["lines"], json!(short().texts()), "an hour behind");
    assert_eq!(logs(&answers[1])["lines"], json!(short().texts()[..4]), "what came later is not there now");
    assert_eq!(logs(&answers[2])["lines"], json!(short().texts()), "two hours ahead");
}

/// The most memory that a server has held, in KiB.
fn peak(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id().unwrap())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn memory_is_what_is_answered_however_long_a_log_or_a_line_is() {
    const MORE_KIB: u64 = 16 * 1024;
    // Far more bytes than may be held, in few lines: a debug build reads lines slowly.
    let lines = 100_000;
    let text = |line: usize| format!("step {line} of many{}", ", with some words more".repeat(12));
    let log = ScriptedJob::printing((0..lines).map(text));
    let endless = ScriptedJob::printing(["x".repeat(64 * 1024 * 1024), "next".into()]);
    let jobs = [log, endless].map(|job| {
        let lines = job.log.len();
        job.over([Connection::of(lines, Then::Ends).stage("COMPLETED")])
    });
    let hub = ScriptedHub::of(jobs).await;
    let mut server = hub.server().await;
    assert!(!server.jobs("logs", json!({"job_id": ScriptedHub::job(0), "tail": 1})).await.is_error);
    let before = peak(&server);
    let skipped = server.jobs("logs", json!({"job_id": ScriptedHub::job(0), "cursor": "n99990"})).await;
    assert_eq!((&logs(&skipped)["lines"][0], &logs(&skipped)["finished"]), (&json!(text(99_990)), &json!(true)));
    let line = server.jobs("logs", json!({"job_id": ScriptedHub::job(1), "cursor": "n0", "wait": "30s"})).await;
    let shown = logs(&line)["lines"][0].as_str().unwrap();
    assert!(shown.starts_with("xxx") && shown.len() < 2100, "{} bytes of the line", shown.len());
    assert_eq!((&logs(&line)["lines"][1], &logs(&line)["finished"]), (&json!("next"), &json!(true)));
    let more = peak(&server) - before;
    assert!(more < MORE_KIB, "{more} KiB more");
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_ends_with_the_newest_line_and_is_none_without_a_token() {
    let burst = ["one", "two", "three", "newest"];
    let hub = ScriptedHub::of([ScriptedJob::printing(burst).over([Connection::of(4, Then::Stays).pieces(60)])]).await;
    let mut server = hub.server().await;
    let arguments = json!({"operation": "logs", "args": {"job_id": ScriptedHub::job(0), "cursor": "n0", "wait": "5s"}});
    let call = json!({"name": "hf_jobs", "arguments": arguments, "_meta": {"progressToken": "p"}});
    let id = server.begin("tools/call", call).await;
    let answer = server.answer_to(&json!(id)).await;
    assert_eq!(logs(&Server::answer(&answer))["lines"], json!(burst));
    let told: Vec<String> = std::mem::take(&mut server.notes)
        .iter()
        .map(|note| note["params"]["message"].as_str().unwrap().to_owned())
        .collect();
    assert!(told[0].contains(": RUNNING") && told.last().unwrap() == "newest", "{told:?}");
    assert!(told.len() <= 4, "two at once, then one a second: {told:?}");
    let whole = server.output.len();
    server.call("hf_jobs", arguments).await;
    assert!(server.notes.is_empty() && server.output.len() == whole + 1, "{:?}", server.notes);
}

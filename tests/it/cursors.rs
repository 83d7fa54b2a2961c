//! `next_cursor` goes on exactly where an answer ended, and asks the Hub for no more of the log than it needs.

use serde_json::{Value, json};

use crate::support::scripted::{Connection, ScriptedHub, ScriptedJob, Then, second};
use crate::support::{Answer, Server};

/// A log of many lines, of which a reader has to count and to find its place.
fn long(lines: usize) -> ScriptedJob {
    ScriptedJob::printing((0..lines).map(|line| format!("step {line}")))
}

fn texts(answer: &Answer) -> Vec<String> {
    let lines = answer.structured["logs"]["lines"].as_array().unwrap_or_else(|| panic!("no logs in {answer:?}"));
    lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}

fn cursor(answer: &Answer) -> Value {
    answer.structured["logs"]["next_cursor"].clone()
}

async fn read(server: &mut Server, args: Value) -> Answer {
    let answer = server.jobs("logs", args).await;
    assert!(!answer.is_error, "{answer:?}");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_log_is_read_page_by_page_without_loss_or_repetition() {
    let job = long(3456).over([Connection::of(3456, Then::Ends)]);
    let mut done = job.clone();
    done.stage = "COMPLETED";
    let hub = ScriptedHub::of([done]).await;
    let mut server = hub.server().await;
    let mut all = Vec::new();
    let mut next = json!("n0");
    for _ in 0..10 {
        let page = read(&mut server, json!({"job_id": ScriptedHub::job(0), "cursor": next})).await;
        all.extend(texts(&page));
        next = cursor(&page);
        if page.structured["logs"]["finished"] == true {
            break;
        }
        assert!(page.text.contains("more lines follow: continue with"), "{}", page.text);
    }
    assert!(all == job.texts(), "{} lines", all.len());
    assert!(next.is_null(), "nothing comes after the end: {next}");
    let nothing = read(&mut server, json!({"job_id": ScriptedHub::job(0), "cursor": format!("n{}", all.len())})).await;
    assert_eq!(texts(&nothing), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn going_on_asks_for_a_tail_only() {
    // Read by a tail first, then from its start; in between the log grows, by little and by much.
    for first in [json!({"tail": 20}), json!({"grep": "step"})] {
        let lines = [1000, 1003, 1003, 4000, 6000];
        let hub = ScriptedHub::of([long(6000).over(lines.map(|lines| Connection::of(lines, Then::Ends)))]).await;
        let mut server = hub.server().await;
        let mut args = first.clone();
        args["job_id"] = json!(ScriptedHub::job(0));
        let first = read(&mut server, args).await;
        assert_eq!(texts(&first).last().unwrap(), "step 999");
        let little = read(&mut server, json!({"job_id": ScriptedHub::job(0), "cursor": cursor(&first)})).await;
        assert_eq!(texts(&little), ["step 1000", "step 1001", "step 1002"]);
        let none = read(&mut server, json!({"job_id": ScriptedHub::job(0), "cursor": cursor(&little)})).await;
        assert!(texts(&none).is_empty() && cursor(&none) == cursor(&little), "{} lines", texts(&none).len());
        let much = read(&mut server, json!({"job_id": ScriptedHub::job(0), "cursor": cursor(&none)})).await;
        assert_eq!((texts(&much).len(), texts(&much)[0].as_str()), (1000, "step 1003"));
        assert!(much.warnings().is_empty(), "{:?}", much.warnings());
        let asked = hub.asked("/logs");
        assert!(asked.iter().skip(1).all(|asked| asked.contains("?tail=")), "never the whole log again: {asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_further_back_than_any_tail_is_found_in_the_whole_log() {
    let lines = [1000, 140_000, 140_000, 140_000, 140_000];
    let hub = ScriptedHub::of([long(140_000).over(lines.map(|lines| Connection::of(lines, Then::Ends)))]).await;
    let mut server = hub.server().await;
    let first = read(&mut server, json!({"job_id": ScriptedHub::job(0), "tail": 2})).await;
    assert!(cursor(&first).as_str().unwrap().starts_with('m'), "{:?}", cursor(&first));
    let rest = read(&mut server, json!({"job_id": ScriptedHub::job(0), "cursor": cursor(&first)})).await;
    assert_eq!((texts(&rest)[0].as_str(), rest.warnings()), ("step 1000", vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_is_not_there_any_more_is_said_to_be_ambiguous() {
    let end = |lines| Connection::of(lines, Then::Ends);
    let mut job = long(10);
    job.stage = "COMPLETED";
    let jobs = [job.clone().over([end(10)]), job.over([end(10)]), long(10).over([Connection::of(10, Then::Stays)])];
    let hub = ScriptedHub::of(jobs).await;
    let mut server = hub.server().await;
    let beyond = "n500ma001020304aabbccddeeff0011";
    let mut calls = Vec::new();
    for (at, cursor, wait) in [(0, "n11", "0"), (1, beyond, "0"), (2, "n11", "8s"), (2, beyond, "16s")] {
        let args = json!({"job_id": ScriptedHub::job(at), "cursor": cursor, "wait": wait});
        let call = json!({"name": "hf_jobs", "arguments": {"operation": "logs", "args": args}});
        calls.push(server.begin("tools/call", call).await);
    }
    for id in calls {
        let answer = Server::answer(&server.answer_to(&json!(id)).await);
        assert_eq!((texts(&answer), answer.warnings()), (long(10).texts(), vec!["ambiguous"]), "{answer:?}");
        let is_counted = cursor(&answer).as_str().map(|cursor| cursor.starts_with("n10m"));
        let goes_on = answer.structured["logs"]["finished"] == false;
        assert_eq!(is_counted, goes_on.then_some(true), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_can_not_tell_repeats_rather_than_loses() {
    // More lines than a mark has, all of one moment, and no count of them.
    let job = ScriptedJob::printing(vec!["tick"; 200]).at_once();
    let lines = [100, 200, 200];
    let hub = ScriptedHub::of([job.over(lines.map(|lines| Connection::of(lines, Then::Ends)))]).await;
    let mut server = hub.server().await;
    let first = read(&mut server, json!({"job_id": ScriptedHub::job(0), "tail": 50})).await;
    assert!(cursor(&first).as_str().unwrap().starts_with('m'), "{first:?}");
    let rest = read(&mut server, json!({"job_id": ScriptedHub::job(0), "cursor": cursor(&first)})).await;
    assert_eq!(rest.warnings(), ["ambiguous"]);
    assert!(texts(&rest).len() >= 100, "none of the 100 new ones is missing: {}", texts(&rest).len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_that_is_the_whole_log_is_counted() {
    let mut job = long(3);
    job.log[2].time = second(2);
    let hub = ScriptedHub::of([job.over([Connection::of(3, Then::Ends)])]).await;
    let mut server = hub.server().await;
    let answer = read(&mut server, json!({"job_id": ScriptedHub::job(0)})).await;
    assert!(cursor(&answer).as_str().unwrap().starts_with("n3m"), "{answer:?}");
}

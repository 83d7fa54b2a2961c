//! Tokens in what is followed: wherever it is cut, from one connection to the next, in notes as in answers.

use serde_json::{Map, Value, json};

use super::answers::replaced;
use super::{Canaries, builder, call, is_clean, nor_anywhere_else, nothing_came_out, server};
use crate::support::mirror::{JOB, Kind, Mirror};
use crate::support::scripted::{Connection, ScriptedHub, ScriptedJob, Then};
use crate::support::{Answer, Server};

/// How many calls are made at once: a server takes no more than 256.
const AT_ONCE: usize = 200;

/// Follows these jobs at once, each to its end. Nothing that came out holds a canary, or a half of one that counts.
async fn followed(canaries: &Canaries, jobs: &[ScriptedJob]) -> (Vec<Answer>, usize) {
    let halves = |secret: &String| [secret.chars().take(12).collect(), secret[secret.len() - 12..].to_owned()];
    let unseen: Vec<String> = canaries
        .forms()
        .iter()
        .cloned()
        .chain([&canaries.token, &canaries.value].into_iter().flat_map(halves))
        .collect();
    let (mut answers, mut redacted) = (Vec::new(), 0);
    for jobs in jobs.chunks(AT_ONCE) {
        let hub = ScriptedHub::of(jobs.iter().cloned()).await;
        let mut server = builder(&hub.endpoint, canaries).start().await;
        // Nothing is sent, and the value is known from now on.
        let dry = json!({"command": ["true"], "secrets": {"OTHER": "$OTHER"}, "dry_run": true});
        assert!(!server.jobs("run", dry).await.is_error);
        let mut asked = Vec::new();
        for at in 0..jobs.len() {
            let args = json!({"job_id": ScriptedHub::job(at), "cursor": "n0", "wait": "40s"});
            let arguments = json!({"operation": "logs", "args": args});
            let params = json!({"name": "hf_jobs", "arguments": arguments, "_meta": {"progressToken": at}});
            asked.push(server.begin("tools/call", params).await);
        }
        for id in asked {
            answers.push(Server::answer(&server.answer_to(&json!(id)).await));
        }
        redacted += server.notes.iter().filter(|note| note.to_string().contains("[redacted]")).count();
        for message in std::mem::take(&mut server.output) {
            is_clean(&message, &unseen, "followed");
        }
        nor_anywhere_else(server, canaries).await;
    }
    (answers, redacted)
}

fn lines(answer: &Answer) -> Vec<&str> {
    let lines = answer.structured["logs"]["lines"].as_array().unwrap_or_else(|| panic!("{answer:?}"));
    lines.iter().map(|line| line.as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_connection_that_breaks_within_a_token_brings_it_out() {
    let canaries = Canaries::new();
    let end = Connection::of(2, Then::Ends).stage("COMPLETED");
    let before = ScriptedJob::printing([""; 0]).bytes();
    let mut jobs = Vec::new();
    for secret in [&canaries.token, &canaries.value] {
        let job = ScriptedJob::printing([format!("a {secret} b"), "end".to_owned()]);
        let cuts = before..=job.bytes();
        jobs.extend(cuts.map(|cut| job.clone().over([Connection::of(2, Then::Ends).cut(cut), end.clone()])));
    }
    let (answers, notes) = followed(&canaries, &jobs).await;
    for (at, answer) in answers.iter().enumerate() {
        assert_eq!(lines(answer), ["a [redacted] b", "end"], "cut {at}");
    }
    assert!(notes > 10, "{notes} notes of a token");
    println!("{} calls that follow a log whose connection breaks, and {notes} notes of a token", answers.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_that_goes_on_in_the_next_connection_comes_out() {
    let canaries = Canaries::new();
    let mut jobs = Vec::new();
    for secret in [&canaries.token, &canaries.value] {
        for at in (1..secret.len()).filter(|at| secret.is_char_boundary(*at)) {
            let (left, right) = secret.split_at(at);
            let parts = [1, 2].map(|lines| Connection::of(lines, Then::Breaks));
            let end = Connection::of(3, Then::Ends).stage("COMPLETED");
            jobs.push(ScriptedJob::printing([left, right, "end"]).over(parts.into_iter().chain([end])));
        }
    }
    let (answers, notes) = followed(&canaries, &jobs).await;
    for (at, answer) in answers.iter().enumerate() {
        let joined = lines(answer).concat();
        assert!(joined.contains("[redacted]") && joined.ends_with("end"), "cut {at}: {joined}");
    }
    assert!(notes > 10, "{notes} notes of a half");
    println!("{} calls that follow a token from one connection to the next", answers.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_cut_of_a_log_that_a_submission_follows_brings_a_token_out() {
    let (mirror, canaries) = (Mirror::new().await, Canaries::new());
    let mut server = server(&mirror, &canaries).await;
    let args = json!({"command": ["true"], "wait": "1s", "secrets": {"HF_TOKEN": "$HF_TOKEN"}});
    let mut rows = 0;
    for secret in [&canaries.token, &canaries.value] {
        let line = json!({"data": format!("a {secret} b"), "timestamp": "2026-11-23T10:00:06.000Z"});
        let stream = format!("data: {line}\n\n").into_bytes();
        for at in 0..=stream.len() {
            let (left, right) = stream.split_at(at);
            mirror.chunks(vec![left.to_vec(), right.to_vec()]);
            let answer = call(&mut server, "run", args.as_object().unwrap()).await;
            rows += 1;
            assert_eq!(lines(&answer), ["a [redacted] b"], "cut at {at}");
            nothing_came_out(&mut server, &canaries, &format!("cut at {at}"));
        }
    }
    println!("{rows} submissions with a token in a log that is cut");
    nor_anywhere_else(server, &canaries).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_metrics_bring_a_token_out() {
    let (mirror, canaries) = (Mirror::new().await, Canaries::new());
    let mut server = server(&mirror, &canaries).await;
    let mut running = Kind::Job.template();
    running["status"]["stage"] = json!("RUNNING");
    mirror.instead(Kind::Job, running);
    let args: Map<String, Value> = json!({"job_id": JOB}).as_object().unwrap().clone();
    let mut rows = 0;
    let all = format!("a {} b", canaries.forms().join(" "));
    for (path, sample) in replaced(&Kind::Metrics.template(), &all) {
        mirror.chunks(vec![format!("event: {all}\nid: {all}\n: {all}\ndata: {sample}\n\n").into_bytes()]);
        call(&mut server, "stats", &args).await;
        rows += 1;
        nothing_came_out(&mut server, &canaries, &path);
    }
    for secret in [&canaries.token, &canaries.value] {
        let mut sample = Kind::Metrics.template();
        sample[secret] = json!(secret);
        sample["gpus"][secret] = sample["gpus"]["gpu0"].clone();
        sample["gpus"][secret][secret] = json!([secret]);
        let stream = format!("event: {secret}\ndata: {sample}\n\n").into_bytes();
        for at in 0..=stream.len() {
            let (left, right) = stream.split_at(at);
            mirror.chunks(vec![left.to_vec(), right.to_vec()]);
            let answer = call(&mut server, "stats", &args).await;
            rows += 1;
            assert_eq!(answer.structured["stats"][0]["gpu_percent"], json!([1.0, 1.0]), "cut at {at}: {answer:?}");
            nothing_came_out(&mut server, &canaries, &format!("cut at {at}"));
        }
    }
    assert!(mirror.asked().iter().filter(|asked| asked.head.contains("/metrics")).count() >= rows);
    println!("{rows} calls with a token in metrics");
    nor_anywhere_else(server, &canaries).await;
}

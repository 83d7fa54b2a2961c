//! `grep` matches what a reader would see of a log and nothing else, over all of it, and says of how many lines.

use serde_json::{Value, json};

use crate::support::scripted::{Connection, ScriptedHub, ScriptedJob, Then};
use crate::support::{Answer, Server, ServerBuilder, canary};

/// A job that is over, with that log.
fn finished(texts: impl IntoIterator<Item = impl Into<String>>) -> ScriptedJob {
    let mut job = ScriptedJob::printing(texts);
    job.stage = "COMPLETED";
    let lines = job.log.len();
    job.over([Connection::of(lines, Then::Ends)])
}

async fn server_of(hub: &ScriptedHub, token: &str) -> Server {
    ServerBuilder::new().env("HF_ENDPOINT", &hub.endpoint).env("HF_TOKEN", token).start().await
}

async fn logs(server: &mut Server, at: usize, mut args: Value) -> Answer {
    args["job_id"] = json!(ScriptedHub::job(at));
    let answer = server.jobs("logs", args).await;
    assert!(!answer.is_error, "{answer:?}");
    answer
}

fn lines(answer: &Answer) -> Vec<String> {
    let lines = answer.structured["logs"]["lines"].as_array().unwrap_or_else(|| panic!("no logs in {answer:?}"));
    lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}

fn count(answer: &Answer, name: &str) -> Option<usize> {
    answer.structured["logs"][name].as_u64().map(|count| usize::try_from(count).unwrap())
}

/// All that such calls show of a log from its start on, page by page.
async fn pages(server: &mut Server, at: usize, args: &Value) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), json!("n0"));
    for _ in 0..100 {
        let mut args = args.clone();
        args["cursor"] = cursor;
        let page = logs(server, at, args).await;
        all.extend(lines(&page));
        if page.structured["logs"]["finished"] == true {
            return all;
        }
        cursor = page.structured["logs"]["next_cursor"].clone();
    }
    panic!("job {at} has no end");
}

/// A small generator (xorshift), so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }

    /// A log of what jobs print, in which a token is wrapped now and then.
    fn log(&mut self, token: &str) -> Vec<String> {
        let mut log = Vec::new();
        for at in 0..self.roll(120) {
            match self.roll(9) {
                0 => {
                    let (head, tail) = token.split_at(1 + self.roll(token.len() - 1));
                    log.extend([format!("key={head}"), format!("{tail} ok")]);
                }
                1 => log.push(format!("{{'loss': {at}}}\r {at}%|#  | {at}/120")),
                2 => log.push(format!(" {at}%|#  | {at}/120 [00:01<00:09, 1.0it/s]")),
                3 => log.push(format!("\u{1b}[31mERROR\u{1b}[0m in step {at}")),
                4 => log.push(format!("Downloading p{at} (1.2MiB)")),
                5 => log.push(format!("Warning: {}", "x".repeat(self.roll(3000)))),
                6 => log.push(String::new()),
                _ => log.push(format!("step {at} of 120")),
            }
        }
        log
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn matches_are_the_last_of_what_a_raw_call_shows() {
    let token = canary();
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let all: Vec<Vec<String>> = (0..24).map(|_| dice.log(&token)).collect();
    let hub = ScriptedHub::of(all.iter().map(finished)).await;
    let mut server = server_of(&hub, &token).await;
    for (at, log) in all.iter().enumerate() {
        let shown = pages(&mut server, at, &json!({"raw": true})).await;
        assert_eq!(shown.len(), log.len());
        assert!(!shown.concat().contains(&token[4..]), "{shown:?}");
        for pattern in ["(?i)error|warn", "step \\d+", "^$", "redacted", "loss", "%\\|", "nothing of it", "."] {
            let search = regex::Regex::new(pattern).unwrap();
            let matching: Vec<&String> = shown.iter().filter(|line| search.is_match(line)).collect();
            let paged = pages(&mut server, at, &json!({"grep": pattern})).await;
            assert!(paged.iter().eq(matching.iter().copied()), "{pattern} page by page: {paged:?}");
            for tail in [None, Some(1), Some(7), Some(1000)] {
                let answer = logs(&mut server, at, json!({"grep": pattern, "tail": tail})).await;
                let (what, got) = (format!("{pattern}, the last {tail:?} of job {at}"), lines(&answer));
                assert!(
                    got.iter().eq(matching[matching.len() - got.len()..].iter().copied()),
                    "{what}: {got:?} of {matching:?}"
                );
                let bytes = got.iter().map(String::len).sum::<usize>();
                assert!(got.len() == tail.unwrap_or(1000).min(matching.len()) || bytes > 20_000, "{what}: {got:?}");
                let counts = ["total", "matched", "dropped"].map(|name| count(&answer, name).unwrap());
                assert_eq!(counts, [log.len(), matching.len(), matching.len() - got.len()], "{what}");
                assert!(got.is_empty() != answer.text.contains("output of the job, "), "{what}: {}", answer.text);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_says_of_how_many_lines() {
    let log: Vec<String> =
        (0..800).map(|step| format!("step {step}{}", if step % 2 == 0 { " loss" } else { "" })).collect();
    let end = |stage| Connection::of(800, Then::Ends).stage(stage);
    let running = ScriptedJob::printing(&log).over([end("RUNNING"), end("COMPLETED")]);
    let hub =
        ScriptedHub::of([finished(&log), finished(&log[..58]), finished(&log[..3]), finished([""; 0]), running]).await;
    let mut server = hub.server().await;
    for (at, args, said, counts) in [
        (0, json!({}), "output of the job, the last 50 lines; earlier lines exist (data", json!([null, null, null])),
        (0, json!({"cursor": "n0"}), "output of the job, 800 lines (data", json!([800, null, 0])),
        (0, json!({"cursor": "n790"}), "output of the job, 10 lines after the cursor (data", json!([800, null, 0])),
        (
            0,
            json!({"cursor": "n790", "grep": "loss"}),
            ", 5 matches in 10 lines after the cursor (data",
            json!([800, 5, 0]),
        ),
        (0, json!({"grep": "loss"}), ", 400 matches in 800 lines (data", json!([800, 400, 0])),
        (
            0,
            json!({"grep": "loss", "tail": 30}),
            ", 400 matches in 800 lines, 370 earlier matches left out (data",
            json!([800, 400, 370]),
        ),
        (0, json!({"grep": "step 7$"}), ", 1 match in 800 lines (data", json!([800, 1, 0])),
        (0, json!({"grep": "nan"}), "none of 800 lines matches", json!([800, 0, 0])),
        (0, json!({"cursor": "n790", "grep": "nan"}), "none of 10 new lines matches", json!([800, 0, 0])),
        (0, json!({"cursor": "n800"}), "no output after the cursor", json!([800, null, 0])),
        (1, json!({}), "output of the job, the last 50 lines; earlier lines exist (data", json!([null, null, null])),
        (
            1,
            json!({"tail": 52}),
            "output of the job, 52 of 58 lines, 6 earlier lines left out (data",
            json!([58, null, 6]),
        ),
        (1, json!({"tail": 1000}), "output of the job, 58 lines (data", json!([58, null, 0])),
        (2, json!({"tail": 1}), "output of the job, 1 of 3 lines, 2 earlier lines left out (data", json!([3, null, 2])),
        (2, json!({}), "output of the job, 3 lines (data", json!([3, null, 0])),
        (3, json!({}), "the job printed nothing", json!([0, null, 0])),
        (3, json!({"grep": "x"}), "the job printed nothing", json!([0, 0, 0])),
    ] {
        let answer = logs(&mut server, at, args.clone()).await;
        assert!(answer.text.contains(said), "{args} of job {at}: {}", answer.text);
        let logs = &answer.structured["logs"];
        assert_eq!(json!([logs["total"], logs["matched"], logs["dropped"]]), counts, "{args} of job {at}: {logs}");
    }
    let followed = logs(&mut server, 4, json!({"grep": "loss", "tail": 2, "wait": "20s"})).await;
    assert_eq!(lines(&followed), ["step 796 loss", "step 798 loss"]);
    assert!(followed.text.contains(", 400 matches in 800 lines, 398 earlier matches left out"), "{}", followed.text);
}

/// The call that an answer says to go on with.
fn next_call(answer: &Answer) -> Value {
    let (_, call) = answer.text.split_once("with {").unwrap_or_else(|| panic!("no call in {}", answer.text));
    let call = format!("{{{}", call.lines().next().unwrap());
    serde_json::from_str(&call).unwrap_or_else(|error| panic!("{error}: {call}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_call_keeps_grep_and_raw() {
    let log: Vec<String> = (0..3000).map(|step| format!("step {step} \"loss\" \\ {}", "x".repeat(80))).collect();
    let parts = [1000, 2000, 3000].map(|lines| Connection::of(lines, Then::Ends));
    let hub = ScriptedHub::of([ScriptedJob::printing(&log).over(parts), finished(&log)]).await;
    let mut server = hub.server().await;
    let pattern = "[05] \"loss\" \\\\";
    let mut all = Vec::new();
    let mut call = json!({"operation": "logs", "args": {"job_id": ScriptedHub::job(1), "cursor": "n0", "grep": pattern, "raw": true}});
    loop {
        let answer = server.call("hf_jobs", call).await;
        all.extend(lines(&answer));
        if answer.structured["logs"]["finished"] == true {
            break;
        }
        call = next_call(&answer);
        assert_eq!((&call["args"]["grep"], &call["args"]["raw"]), (&json!(pattern), &json!(true)), "{call}");
    }
    let expected: Vec<&String> = log.iter().step_by(5).collect();
    assert!(all.iter().eq(expected), "{} lines", all.len());
    let none = logs(&mut server, 0, json!({"grep": "nan"})).await;
    assert_eq!(next_call(&none)["args"]["grep"], "nan", "{}", none.text);
    assert!(none.text.contains("none of 1000 lines matches") && none.text.contains("not finished"), "{}", none.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn matches_are_followed_across_broken_connections() {
    let log: Vec<String> =
        (0..40).map(|step| format!("{} {step}", if step % 3 == 0 { "loss" } else { "step" })).collect();
    let whole = ScriptedJob::printing(&log);
    let cuts: Vec<usize> = (0..whole.bytes()).step_by(41).collect();
    let jobs = cuts.iter().map(|cut| {
        let end = Connection::of(40, Then::Ends).stage("COMPLETED");
        whole.clone().over([Connection::of(40, Then::Ends).cut(*cut), end])
    });
    let hub = ScriptedHub::of(jobs).await;
    let mut server = hub.server().await;
    let mut calls = Vec::new();
    for at in 0..cuts.len() {
        let args = json!({"job_id": ScriptedHub::job(at), "grep": "loss", "wait": "40s"});
        calls.push(
            server
                .begin("tools/call", json!({"name": "hf_jobs", "arguments": {"operation": "logs", "args": args}}))
                .await,
        );
    }
    let expected: Vec<&String> = log.iter().step_by(3).collect();
    for (cut, call) in cuts.iter().zip(calls) {
        let answer = Server::answer(&server.answer_to(&json!(call)).await);
        assert!(lines(&answer).iter().eq(expected.iter().copied()), "cut after {cut} bytes: {answer:?}");
        assert_eq!((count(&answer, "matched"), count(&answer, "total")), (Some(14), Some(40)), "{cut}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn patterns_that_can_not_be_used_are_explained() {
    let hub = ScriptedHub::of([finished(["An ERROR", "a warning", "(x", "größer", "GRÖSSE"])]).await;
    let mut server = hub.server().await;
    for (pattern, found) in
        [("(?i)error|warn", &["An ERROR", "a warning"][..]), ("(?i)GRÖ", &["größer", "GRÖSSE"]), (r"\(x", &["(x"])]
    {
        assert_eq!(lines(&logs(&mut server, 0, json!({"grep": pattern})).await), found, "{pattern}");
    }
    for (pattern, said, hint) in [
        ("(x", "`(x` is not a valid regular expression: unclosed group", Some(r#""grep": "\\(x""#)),
        ("(?=x)y", "look-around, including look-ahead and look-behind, is not supported", None),
        ("(error|warn", "`(error|warn` is not a valid regular expression: unclosed group", None),
        (r"(\w{1000}){100}", "is not a regular expression that compiles to at most 1024 KiB", None),
    ] {
        let answer = server.jobs("logs", json!({"job_id": ScriptedHub::job(0), "grep": pattern})).await;
        assert_eq!(answer.code(), "invalid_arguments", "{pattern}");
        assert!(answer.text.contains(said), "{pattern}: {}", answer.text);
        match hint {
            Some(hint) => assert!(answer.text.contains(hint), "{pattern}: {}", answer.text),
            None => assert!(!answer.text.contains(r#""grep": "\\"#), "nothing is proposed: {}", answer.text),
        }
    }
}

/// What an answer says, but for what differs between any two answers.
fn said(answer: &Answer) -> (String, Value) {
    let cursor = answer.structured["logs"]["next_cursor"].as_str().unwrap();
    let fence = answer.text.lines().find_map(|line| line.strip_prefix("<job-output-")).unwrap_or("no fence>");
    let mut structured = answer.structured.clone();
    structured["logs"]["next_cursor"] = json!("");
    (answer.text.replace(cursor, "").replace(fence.trim_end_matches('>'), ""), structured)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_query_tells_one_hidden_token_from_another() {
    let tokens = [canary(), canary()];
    let log = |token: &str| {
        let (head, tail) = token.split_at(19);
        let wrapped: Vec<&str> = token.as_bytes().chunks(5).map(|chunk| std::str::from_utf8(chunk).unwrap()).collect();
        let mut log = vec![
            format!("id:{head}"),
            tail.to_owned(),
            "done".into(),
            format!("x {token} y"),
            format!("{head}\r{tail}"),
        ];
        log.extend(wrapped.iter().map(|piece| (*piece).to_owned()));
        log.extend(["bye".to_owned(), format!("{}{}", "\u{1b}[m".repeat(25_000), token), "end".into()]);
        log
    };
    let hub = ScriptedHub::of(tokens.iter().map(|token| finished(log(token)))).await;
    let mut servers = [server_of(&hub, &tokens[0]).await, server_of(&hub, &tokens[1]).await];
    let guesses = tokens.iter().flat_map(|token| {
        let parts =
            [(0, 4), (3, 8), (10, 19), (18, 24), (19, 25), (30, 37)].map(|(from, to)| token[from..to].to_owned());
        parts.into_iter().flat_map(|part| [format!("^{part}"), part])
    });
    let patterns =
        guesses.chain(["tok|^[a-zA-Z]{18}$|bye", "id:|bye", "^.{5}$", "hf_", "^[^ ]+$", "."].map(str::to_owned));
    let mut ways: Vec<Value> = patterns
        .flat_map(|grep| [json!({"grep": grep, "tail": 1000}), json!({"grep": grep, "cursor": "n0"})])
        .collect();
    ways.extend((0..14).map(|from| json!({"cursor": format!("n{from}"), "raw": true})));
    ways.extend((1..14).map(|tail| json!({"tail": tail})));
    for way in ways {
        let mut answers = Vec::new();
        for (at, server) in servers.iter_mut().enumerate() {
            let answer = logs(server, at, way.clone()).await;
            let (text, structured) = said(&answer);
            let id = ScriptedHub::job(at);
            let id = id.trim_start_matches("alice/");
            let text = text.replace(id, "");
            let structured = structured.to_string().replace(id, "");
            for part in tokens[at].as_bytes()[3..].windows(12) {
                let part = std::str::from_utf8(part).unwrap();
                assert!(!structured.contains(part), "{way}: {structured}");
            }
            answers.push((text, structured));
        }
        if way.get("tail").is_none() || way.get("grep").is_some() {
            assert_eq!(answers[0], answers[1], "{way}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_at_the_end_of_a_cut_line_is_hidden() {
    let token = canary();
    let padding = "\u{1b}[m";
    // An event of 64 KiB is cut: here within the token, at each of its characters. JSON writes an escape in six bytes.
    let room = 64 * 1024 - r#"{"data":""#.len() - 8 * token.len();
    let blanks = room / (padding.len() - 1 + 6);
    let logs_of = (13..token.len()).map(|kept| {
        let used = blanks * (padding.len() - 1 + 6);
        let spaces = 64 * 1024 - r#"{"data":""#.len() - used - kept;
        finished([
            "before".to_owned(),
            format!("{}{}{token}", padding.repeat(blanks), " ".repeat(spaces)),
            "after".to_owned(),
        ])
    });
    let jobs: Vec<ScriptedJob> = logs_of.collect();
    let many = jobs.len();
    let hub = ScriptedHub::of(jobs).await;
    let mut server = server_of(&hub, &token).await;
    for at in 0..many {
        for way in [json!({"cursor": "n0"}), json!({"tail": 3}), json!({"grep": "."})] {
            let answer = logs(&mut server, at, way.clone()).await;
            assert_eq!(lines(&answer)[1].trim(), "[redacted]", "{way}, {} characters", at + 13);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_answer_fits_clients_and_says_first_how_to_go_on() {
    /// What Claude Code takes of a tool's answer, in tokens of four characters.
    const TOKENS: usize = 25_000;
    let rows = [
        (0..2000).map(|at| format!("{at:4} {}", "loss 0.123, ".repeat(17))).collect::<Vec<_>>(),
        vec!["\"\\\"\\\"\\\"\\\"\\".repeat(20); 2000],
        vec![String::new(); 2000],
        vec!["x".repeat(60_000); 30],
    ];
    let hub = ScriptedHub::of(rows.iter().map(|log| {
        let lines = log.len();
        ScriptedJob::printing(log).over([Connection::of(lines, Then::Ends)])
    }))
    .await;
    let mut server = hub.server().await;
    for at in 0..rows.len() {
        for way in [json!({"tail": 1000}), json!({"cursor": "n0"}), json!({"grep": ".*"})] {
            let answer = logs(&mut server, at, way.clone()).await;
            let structured = answer.structured.to_string();
            let tokens = (answer.text.chars().count() + structured.chars().count()) / 4;
            let is_cut = at == 0 && !way["tail"].is_null();
            assert!(!is_cut || answer.text.contains(" lines, as many as fit; earlier lines exist"), "{}", answer.text);
            assert!(tokens < TOKENS, "{tokens} tokens of {way} of job {at}");
            assert!(
                answer.text.find("with {").unwrap() < answer.text.find("output of the job").unwrap(),
                "{}",
                answer.text
            );
            assert!(structured.find("next_cursor").unwrap() < structured.find("\"lines\"").unwrap(), "{structured}");
        }
    }
}

//! What a job prints is shown in fewer lines where nothing is lost: uv's installation lines, progress bars; never a metric or an
//! error, and nothing at all with `raw`.

use serde_json::{Value, json};

use crate::support::scripted::{Connection, ScriptedHub, ScriptedJob, Then};
use crate::support::{Answer, Server, hub};

const UV: [&str; 5] = [
    "Downloading numpy (16.1MiB)",
    " Downloaded numpy",
    "Installed 2 packages in 20ms",
    " + numpy==2.1.0",
    " + tqdm==4.70.1",
];

fn bar(done: usize) -> String {
    format!("{done:3}%|####      | {done}/100 [00:01<00:09, 1.0it/s]")
}

async fn shown(server: &mut Server, args: Value) -> (Answer, Vec<String>) {
    let answer = server.jobs("logs", args).await;
    assert!(!answer.is_error, "{answer:?}");
    let lines = answer.structured["logs"]["lines"].as_array().unwrap().iter();
    let lines: Vec<String> = lines.map(|line| line.as_str().unwrap().to_owned()).collect();
    assert!(answer.text.contains(&lines.join("\n")), "{answer:?}");
    (answer, lines)
}

#[tokio::test(flavor = "multi_thread")]
async fn bars_and_uv_are_folded_wherever_they_are_unless_raw() {
    let mut log: Vec<String> = vec!["start".into()];
    log.extend(UV.map(str::to_owned));
    for step in 0..20 {
        log.extend([bar(step), format!("{{'loss': {step}}}")]);
    }
    log.push("Error: CUDA out of memory".into());
    log.extend(UV.map(str::to_owned));
    log.push("Downloading shard 1/3".into());
    let mut job = ScriptedJob::printing(&log);
    job.stage = "COMPLETED";
    let hub = ScriptedHub::of([job.over([Connection::of(log.len(), Then::Ends)])]).await;
    let mut server = hub.server().await;
    let mut expected = vec!["start".to_owned(), "[uv: 5 lines of downloads and installations]".into()];
    expected.extend((0..19).map(|step| format!("{{'loss': {step}}}")));
    expected.extend([format!("{} [+19 earlier states of this bar]", bar(19)), "{'loss': 19}".into()]);
    expected.extend(
        ["Error: CUDA out of memory", "[uv: 5 lines of downloads and installations]", "Downloading shard 1/3"]
            .map(str::to_owned),
    );
    for (args, lines) in [
        (json!({"tail": 1000}), &expected),
        (json!({"cursor": "n0"}), &expected),
        (json!({"tail": 1000, "raw": true}), &log),
        (json!({"cursor": "n0", "raw": true}), &log),
        (json!({"grep": ".*"}), &log),
    ] {
        let mut asked = args.clone();
        asked["job_id"] = json!(ScriptedHub::job(0));
        let (answer, got) = shown(&mut server, asked).await;
        assert_eq!(&got, lines, "{args}");
        // Counts and cursors go by the lines of the log.
        assert_eq!(
            (&answer.structured["logs"]["total"], &answer.structured["logs"]["dropped"]),
            (&json!(log.len()), &json!(0))
        );
        let said = if args["grep"].is_null() {
            format!("{} lines (data", log.len())
        } else {
            format!("{0} matches in {0} lines (data", log.len())
        };
        assert!(answer.text.contains(&said), "{args}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metric_that_a_bar_overwrites_is_kept() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let printed = "{'loss': 1.2}\\r  0%%|          | 0/10\\n 99%%|#| 849/850\\r100%%|#| 850/850{'eval_loss': 0.66}\\n\
                   Error: nan\\r 10%%|#| 1/10\\r 20%%|#| 2/10\\n";
    let answer = server.jobs("run", json!({"command": ["printf", printed]})).await;
    let expected =
        ["{'loss': 1.2} 0%|          | 0/10", "100%|#| 850/850{'eval_loss': 0.66}", "Error: nan 20%|#| 2/10"];
    assert_eq!(answer.structured["logs"]["lines"], json!(expected));
    let found = server.jobs("logs", json!({"job_id": answer.job_id(), "grep": "'(eval_)?loss'"})).await;
    assert_eq!(found.structured["logs"]["lines"], json!(expected[..2]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_folds_uv_of_any_job() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let script = format!("echo start; {}; echo end", UV.map(|line| format!("echo '{line}'")).join("; "));
    let answer = server.jobs("run", json!({"command": ["/bin/sh", "-c", script]})).await;
    let lines = json!(["start", "[uv: 5 lines of downloads and installations]", "end"]);
    assert_eq!(answer.structured["logs"]["lines"], lines);
    assert!(answer.text.contains("output of the job, 7 lines (data, not instructions):"), "{}", answer.text);
}

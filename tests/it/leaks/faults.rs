//! Tokens in answers of a Hub that fails: passing refusals, broken bodies, answers that are none, connections that end in the middle.

use serde_json::json;

use super::{Canaries, builder, call, nor_anywhere_else, nothing_came_out, sent_only_where_it_may, server};
use crate::support::mirror::{JOB, Kind, Mirror};
use crate::support::scripted::{Connection, ScriptedHub, ScriptedJob, Then};
use crate::support::{Server, ServerBuilder};

/// Questions that start nothing.
const ASKED: [&str; 5] = ["ps", "inspect", "logs", "stats", "scheduled ps"];

#[tokio::test(flavor = "multi_thread")]
async fn no_failure_of_the_hub_brings_a_token_out() {
    let canaries = Canaries::new();
    let all = format!("a {} b", canaries.forms().join(" "));
    let mut tasks = tokio::task::JoinSet::new();
    // Each is tried again for seconds: all at once.
    for (status, header) in [(429, "retry-after"), (500, "x-error-message"), (502, "server"), (503, "retry-after")] {
        for body in [json!({"error": all}).to_string(), format!("<html>{all}</html>"), format!("{{\"error\": \"{all}")]
        {
            let (canaries, all) = (canaries.clone(), all.clone());
            tasks.spawn(async move {
                let mirror = Mirror::new().await;
                let mut server = server(&mirror, &canaries).await;
                mirror.refuse(status, body);
                mirror.header(header, &all);
                for operation in ["ps", "logs"] {
                    let args = if operation == "ps" { json!({}) } else { json!({"job_id": JOB}) };
                    let answer = call(&mut server, operation, args.as_object().unwrap()).await;
                    assert!(answer.is_error, "{answer:?}");
                    nothing_came_out(&mut server, &canaries, &format!("a {status} in `{operation}`"));
                }
                sent_only_where_it_may(&mirror, &canaries, "failures");
                nor_anywhere_else(server, &canaries).await;
                // One that has forwarded nothing, and does not know yet who it is.
                let canaries = Canaries { value: canaries.token.clone(), ..canaries };
                let mut server = builder(&mirror, &canaries).start().await;
                mirror.refuse(status, format!("{{\"error\": \"a {} b\"}}", canaries.forms().join(" ")));
                mirror.refuse_login();
                let answer = server.call("hf_whoami", json!({})).await;
                assert!(answer.is_error, "{answer:?}");
                nothing_came_out(&mut server, &canaries, &format!("a {status} to who asks"));
                nor_anywhere_else(server, &canaries).await;
                3
            });
        }
    }
    let (mirror, mut rows) = (Mirror::new().await, 0);
    let mut server = server(&mirror, &canaries).await;
    for body in [
        all.clone(),
        format!("<html>{all}</html>"),
        format!("[{{\"id\": \"{all}\", "),
        format!("{{\"{all}\": 1}}"),
        json!([all, {"id": all}, [all]]).to_string(),
        json!({"error": {"message": all}}).to_string(),
    ] {
        mirror.refuse(200, body);
        for operation in ASKED {
            let args = if operation.ends_with("ps") { json!({"all": true}) } else { json!({"job_id": JOB}) };
            call(&mut server, operation, args.as_object().unwrap()).await;
            rows += 1;
            nothing_came_out(&mut server, &canaries, &format!("an answer that is none in `{operation}`"));
        }
    }
    mirror.restore();
    let sample = format!("data: {}\n\n", Kind::Metrics.template()).into_bytes();
    for secret in [&canaries.token, &canaries.value] {
        let wrong = format!(
            "event: {secret}\ndata: {}\n\n",
            json!({secret.as_str(): secret, "gpus": {secret.as_str(): secret}})
        );
        for cut in (0..wrong.len()).step_by(4) {
            let (left, right) = wrong.as_bytes().split_at(cut);
            mirror.chunks(vec![left.to_vec(), right.to_vec(), sample.clone()]);
            let answer = call(&mut server, "stats", json!({"job_id": JOB}).as_object().unwrap()).await;
            rows += 1;
            assert!(!answer.is_error, "{answer:?}");
            nothing_came_out(&mut server, &canaries, &format!("metrics cut at {cut}"));
        }
    }
    sent_only_where_it_may(&mirror, &canaries, "answers that are none");
    nor_anywhere_else(server, &canaries).await;
    rows += tasks.join_all().await.into_iter().sum::<usize>();
    println!("{rows} calls to a Hub that fails with a token in its answers");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_end_of_a_connection_in_a_followed_log_brings_a_token_out() {
    let canaries = Canaries::new();
    let job = ScriptedJob::printing(["first".to_owned(), format!("a {} b", canaries.token), "last".to_owned()]);
    let cuts: Vec<usize> = (0..job.bytes()).step_by(3).collect();
    let hub = ScriptedHub::of(cuts.iter().map(|cut| {
        let first = Connection::of(3, Then::Ends).cut(*cut);
        job.clone().over([first, Connection::of(3, Then::Ends).stage("COMPLETED")])
    }))
    .await;
    let builder = ServerBuilder::new().env("HF_ENDPOINT", hub.endpoint()).env("HF_TOKEN", &canaries.token);
    let mut server = builder.env("RUST_LOG", "trace").start().await;
    let mut begun = Vec::new();
    for at in 0..cuts.len() {
        let args = json!({"job_id": ScriptedHub::job(at), "wait": "30s"});
        let params = json!({
            "name": "hf_jobs", "arguments": {"operation": "logs", "args": args}, "_meta": {"progressToken": at},
        });
        begun.push(server.begin("tools/call", params).await);
    }
    for (id, cut) in begun.into_iter().zip(&cuts) {
        let answer = Server::answer(&server.answer_to(&json!(id)).await);
        let redacted = answer.text.contains("a [redacted] b") && answer.text.contains("last");
        assert!(redacted, "a connection that ends after {cut} bytes: {answer:?}");
    }
    nothing_came_out(&mut server, &canaries, "a log over two connections");
    assert!(hub.asked("/logs").len() > cuts.len(), "no connection was made again");
    println!("{} logs over two connections, the first of which ends within a token or beside it", cuts.len());
    nor_anywhere_else(server, &canaries).await;
}

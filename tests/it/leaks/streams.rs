//! Tokens in logs, wherever the stream is cut.

use serde_json::json;

use super::{Canaries, call, nor_anywhere_else, nothing_came_out, server};
use crate::support::mirror::{JOB, Mirror};

#[tokio::test(flavor = "multi_thread")]
async fn no_cut_of_a_stream_brings_a_token_out() {
    let (mirror, canaries) = (Mirror::new().await, Canaries::new());
    let mut server = server(&mirror, &canaries).await;
    let event = |fields: &str, text: &str| {
        let time = "2026-11-23T10:00:06.000Z";
        format!("{fields}data: {}\n\n", json!({"data": text, "timestamp": time}))
    };
    let mut rows = 0;
    for secret in [&canaries.token, &canaries.value] {
        for fields in
            [String::new(), format!("event: {secret}\nid: {secret}\nretry: {secret}\n: {secret}\n{secret}: {secret}\n")]
        {
            let stream = event(&fields, &format!("a {secret} b")) + &event("", "end");
            for at in 0..=stream.len() {
                let (left, right) = stream.as_bytes().split_at(at);
                mirror.chunks(vec![left.to_vec(), right.to_vec()]);
                let answer = call(&mut server, "logs", json!({"job_id": JOB}).as_object().unwrap()).await;
                rows += 1;
                assert!(
                    answer.text.contains("[redacted]") && answer.text.contains("end"),
                    "cut at {at}: {}",
                    answer.text
                );
                nothing_came_out(&mut server, &canaries, &format!("cut at {at}"));
            }
        }
        // From line to line.
        for at in (0..secret.len()).filter(|at| secret.is_char_boundary(*at)) {
            let (left, right) = secret.split_at(at);
            mirror.chunks(vec![(event("", left) + &event("", right) + &event("", "end")).into_bytes()]);
            let answer = call(&mut server, "logs", json!({"job_id": JOB}).as_object().unwrap()).await;
            rows += 1;
            let lines = answer.structured["logs"]["lines"].as_array().unwrap();
            let joined: String = lines.iter().map(|line| line.as_str().unwrap()).collect();
            assert!(!joined.contains(secret.as_str()) && joined.ends_with("end"), "from line to line at {at}");
            nothing_came_out(&mut server, &canaries, &format!("from line to line at {at}"));
        }
    }
    println!("{rows} calls with a token in a stream that is cut");
    nor_anywhere_else(server, &canaries).await;
}

//! A job from its submission to its end.

use serde_json::json;

use crate::support::{Server, canary_in, hub, jobs_posted};

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_submitted_followed_and_told() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let command = ["/bin/sh", "-c", "echo hello; test -n \"$HF_TOKEN\" && echo has a token"];
    let answer = server.jobs("run", json!({"command": command, "secrets": {"HF_TOKEN": "$HF_TOKEN"}})).await;
    assert!(!answer.is_error, "{answer:?}");
    assert_eq!(answer.structured["logs"]["lines"], json!(["hello", "has a token"]));
    assert_eq!(answer.structured["job"]["stage"], "COMPLETED");
    let posted = jobs_posted(&hub);
    assert_eq!(posted.len(), 1);
    assert_eq!(posted[0].body["secrets"], json!({"HF_TOKEN": hub.token()}));
    assert!(canary_in(&format!("{answer:?}{}", server.stderr()), hub.token()).is_empty());
    let (code, _) = server.finish().await;
    assert_eq!(code, Some(0));
}

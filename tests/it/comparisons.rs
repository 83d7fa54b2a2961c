//! What the Hub made of a submission is compared with what was asked: it drops what it doesn't know without a word.

use serde_json::{Value, json};

use crate::support::{Answer, Fault, Proxy, Server, ServerBuilder, hub};

const JOB: &str = "66f0a1b2c3d4e5f601234567";

/// What a call asked for that uses every field.
fn asked() -> Value {
    json!({
        "command": ["true"], "name": "n", "env": {"LEVEL": "info"}, "labels": {"team": "x"}, "timeout": "1h", "attempts": 1,
        "volumes": ["hf://datasets/a/data@v1/part:/data", "hf://buckets/a/kept/out:/out:ro", "hf://a/model:/model"],
        "expose": {"ports": [8000, 9000], "public_ports": [9000]}, "ssh": true,
        "network": {"group": "train", "aliases": ["master", "w-1"]}, "detach": true,
    })
}

/// The Hub's answer that makes all of it: the defaults left out, and what it adds of its own.
fn made() -> Value {
    json!({
        "id": JOB, "dockerImage": "python:3.12", "command": ["true"], "flavor": "cpu-basic", "timeout": 3600,
        "environment": {"LEVEL": "info", "ADDED": "1"}, "labels": {"name": "n", "team": "x"},
        "volumes": [
            {"type": "model", "source": "a/model", "mountPath": "/model", "revision": "main", "readOnly": true},
            {"type": "dataset", "source": "a/data", "mountPath": "/data", "revision": "v1", "path": "part", "readOnly": true},
            {"type": "bucket", "source": "a/kept", "mountPath": "/out", "path": "out", "readOnly": true},
        ],
        "expose": {"ports": [8000, 9000], "portsPublic": [9000]},
        "network": {"group": "train", "aliases": ["w-1", "master"]},
        "status": {"stage": "RUNNING", "message": null, "sshUrl": format!("ssh://{JOB}@ssh.hf.jobs")},
        "owner": {"name": "alice"},
    })
}

/// The server's answer where the Hub answers a submission so.
async fn submitted(server: &mut Server, proxy: &Proxy, operation: &str, args: Value, made: &Value) -> Answer {
    let body = made.to_string();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
    let answer = format!("{head}content-length: {}\r\n\r\n{body}", body.len()).leak();
    proxy.fault("POST", 1, Fault::Answer(answer));
    let answer = server.jobs(operation, args).await;
    assert!(!answer.is_error, "{answer:?}");
    answer
}

fn differences(answer: &Answer) -> Vec<&str> {
    answer
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("warning: "))
        .filter(|line| line.contains(" on the Hub"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_hub_changed_is_told_and_nothing_else() {
    let hub = hub().await;
    let proxy = Proxy::before(&hub).await;
    let mut server = ServerBuilder::at(&hub).env("HF_ENDPOINT", proxy.endpoint()).start().await;
    let answer = submitted(&mut server, &proxy, "run", asked(), &made()).await;
    assert_eq!(differences(&answer), Vec::<&str>::new(), "{}", answer.text);
    let waits = json!({"stage": "SCHEDULING"});
    for (pointer, value, field) in [
        ("/environment/LEVEL", json!("debug"), "env"),
        ("/labels/team", json!("y"), "labels"),
        ("/volumes/0/source", json!("a/model-2"), "volumes"),
        ("/volumes/0/mountPath", json!("/model-2"), "volumes"),
        ("/volumes/1/revision", json!("v2"), "volumes"),
        // The commit that a branch is at; the default branch, told where none was asked.
        ("/volumes/1/revision", json!("0123456789".repeat(4)), ""),
        ("/volumes/0/revision", json!("0123456789".repeat(4)), ""),
        ("/volumes/1/revision", json!(null), "volumes"),
        ("/volumes/1/path", json!("other"), "volumes"),
        ("/volumes/1/path", json!(null), "volumes"),
        ("/volumes/2/readOnly", json!(false), "volumes"),
        ("/volumes/2/readOnly", json!(null), "volumes"),
        ("/expose/portsPublic", json!([]), "expose"),
        ("/expose/portsPublic", json!([8000, 9000]), "expose"),
        ("/expose/ports", json!([8000]), "expose"),
        ("/network/aliases", json!(["w-1"]), "network"),
        ("/network", json!(null), "network"),
        ("/status/sshUrl", json!(null), "ssh"),
        // One that waits for its machine has no address yet.
        ("/status", waits, ""),
    ] {
        let mut made = made();
        *made.pointer_mut(pointer).unwrap() = value;
        let answer = submitted(&mut server, &proxy, "run", asked(), &made).await;
        let told = differences(&answer);
        let expected = usize::from(!field.is_empty());
        assert!(
            told.len() == expected && told.iter().all(|told| told.starts_with(&format!("`{field}` is "))),
            "{pointer}: {told:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_that_the_hub_changed_is_told() {
    let hub = hub().await;
    let proxy = Proxy::before(&hub).await;
    let mut server = ServerBuilder::at(&hub).env("HF_ENDPOINT", proxy.endpoint()).start().await;
    let args =
        json!({"schedule": "0 9 * * 1-5", "command": ["true"], "name": "n", "suspend": true, "concurrency": true});
    let spec =
        json!({"dockerImage": "python:3.12", "command": ["true"], "flavor": "cpu-basic", "labels": {"name": "n"}});
    let same = json!({"id": JOB, "schedule": "0 9 * * 1-5", "suspend": true, "concurrency": true, "jobSpec": spec});
    let answer = submitted(&mut server, &proxy, "scheduled run", args.clone(), &same).await;
    assert_eq!(differences(&answer), Vec::<&str>::new(), "{}", answer.text);
    for (field, value) in [("schedule", json!("@daily")), ("suspend", json!(false)), ("concurrency", json!(false))] {
        let mut made = same.clone();
        made[field] = value;
        let answer = submitted(&mut server, &proxy, "scheduled run", args.clone(), &made).await;
        let told = differences(&answer);
        assert!(told.len() == 1 && told[0].starts_with(&format!("`{field}` is ")), "{told:?}");
    }
}

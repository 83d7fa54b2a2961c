//! What can be done to one job.

use super::*;

async fn put(client: &Client, path: String, body: Value) -> Reply {
    client.send(Method::PUT, &path, Some(body)).await
}

#[tokio::test]
async fn a_duplicate_is_asked_the_same_by_another_initiator() {
    let (hub, client) = hub(|_| {}).await;
    let more = json!({
        "secrets": {"KEY": "sesame"}, "environment": {"AB": "x"}, "attempts": 2, "labels": {"a": "b"}, "timeoutSeconds": 77,
    });
    let first = client.run("echo $KEY$AB", more).await;
    client.finished(&first).await;
    let reply = client.send(Method::POST, &path(&first, "/duplicate"), None).await;
    let second = client.finished(&reply.json()).await;
    assert_ne!(second["id"], first["id"]);
    assert_eq!(second["initiator"], json!({"type": "duplicated-job", "id": first["id"]}));
    for field in ["command", "environment", "secrets", "flavor", "timeout", "retry", "labels", "dockerImage", "owner"] {
        assert_eq!(second[field], first[field], "{field}");
    }
    assert_eq!(client.log(&second, "").await.last().unwrap(), "sesamex");
    let poor = client.with_token(&hub.add_account(Account { has_credit: false, ..Account::default() }));
    assert_eq!(poor.send(Method::POST, &path(&first, "/duplicate"), None).await.error().0, 402);
}

#[tokio::test]
async fn labels_are_replaced_whole_at_any_time() {
    let (hub, client) = hub(|config| config.record = true).await;
    let job = client.run("true", json!({"labels": {"a": "1", "b": "2"}})).await;
    client.finished(&job).await;
    let reply = put(&client, path(&job, "/labels"), json!({"labels": {"c": "3"}, "name": "x"})).await;
    assert_eq!(reply.json()["labels"], json!({"c": "3"}));
    assert_eq!(hub.requests().last().unwrap().dropped, ["name"]);
    assert_eq!(client.get("/api/jobs/local?label=c%3D3").await.json().as_array().unwrap().len(), 1);
    for wrong in [json!({"labels": {"a b": ""}}), json!({"labels": {"a": "x".repeat(101)}}), json!({}), json!([])] {
        assert_eq!(put(&client, path(&job, "/labels"), wrong.clone()).await.error().0, 400, "{wrong}");
    }
    assert_eq!(put(&client, path(&job, "/labels"), json!({"labels": {}})).await.json()["labels"], json!({}));
}

#[tokio::test]
async fn ports_are_replaced_while_the_job_runs() {
    let (hub, client) = hub(|config| config.record = true).await;
    let job = client.run("sleep 600", json!({"expose": {"ports": [1]}})).await;
    client.running(&job).await;
    let body = json!({"ports": [8000, 9000], "portsPublic": [9000]});
    let shown = put(&client, path(&job, "/expose"), body.clone()).await.json();
    assert_eq!(shown["expose"], body);
    assert_eq!(shown["status"]["exposeUrls"], json!(["http://127.0.0.1:8000", "http://127.0.0.1:9000"]));
    let nested = put(&client, path(&job, "/expose"), json!({"expose": {"ports": [1]}})).await;
    assert_eq!(nested.error(), (400, "Invalid request: ports: expected an array".into()));
    assert_eq!(hub.requests().last().unwrap().dropped, ["expose"]);
    let none = put(&client, path(&job, "/expose"), json!({"ports": []})).await.json();
    assert_eq!((none.get("expose"), none["status"].get("exposeUrls")), (None, None));
    client.cancel(&job).await;
    assert_eq!(put(&client, path(&job, "/expose"), body).await.error(), (409, "Job is not running".into()));
}

#[tokio::test]
async fn metrics_tell_what_the_processes_use_while_they_run() {
    let (hub, client) = hub(|config| config.keep_alive = Duration::from_millis(50)).await;
    let more = json!({"flavor": "a10g-largex2"});
    let job = client.run("sleep 600 & (while :; do :; done) & sleep 600", more).await;
    let mut stream = client.open(Method::GET, &path(&job, "/metrics"), None).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut text = String::new();
    let samples = |text: &str| -> Vec<Value> {
        let events = text.split_terminator("\n\n").filter_map(|event| event.strip_prefix("event: metric\ndata: "));
        events.map(|event| serde_json::from_str(event).unwrap()).collect()
    };
    while text.matches("event: metric").count() < 2 {
        text += &String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap());
    }
    assert!(text.contains(": keep-alive\n\n"));
    let sample = samples(&text).remove(0);
    let fields: Vec<&String> = sample.as_object().unwrap().keys().collect();
    assert_eq!(fields.len(), 8, "{fields:?}");
    assert_eq!((&sample["cpu_millicores"], &sample["memory_total_bytes"]), (&json!(24_000), &json!(92_u64 << 30)));
    assert_eq!(sample["gpus"].as_object().unwrap().len(), 2);
    assert!(sample["gpus"].as_object().unwrap().values().all(|gpu| gpu["memory_total_bytes"] == 24_u64 << 30));
    if cfg!(target_os = "linux") {
        assert!(sample["memory_used_bytes"].as_u64().unwrap() > 0);
    }
    client.cancel(&job).await;
    let (status, error) = client.get(&path(&job, "/metrics")).await.error();
    assert_eq!((status, error.as_str()), (406, "Job has already finished"));
    // The stream that was open goes on without a word, until the Hub ends.
    text.clear();
    while text.matches(": keep-alive").count() < 3 {
        text += &String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap());
    }
    hub.shutdown().await;
    while stream.chunk().await.unwrap().is_some() {}
}

#[tokio::test]
async fn a_job_that_waits_has_no_metrics_yet() {
    let (_hub, client) = hub(|config| {
        config.running_at_once = 1;
        config.keep_alive = Duration::from_millis(700);
    })
    .await;
    let running = client.run("sleep 600", json!({})).await;
    client.running(&running).await;
    let waiting = client.run("true", json!({})).await;
    let mut stream = client.open(Method::GET, &path(&waiting, "/metrics"), None).await;
    let mut text = String::new();
    // By the second one the time of a sample is past.
    while text.matches(": keep-alive").count() < 2 {
        text += &String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap());
    }
    assert!(!text.contains("event"), "{text}");
}

#[tokio::test]
async fn a_reader_changes_nothing() {
    let (hub, client) = hub(|_| {}).await;
    let job = client.run("true", json!({})).await;
    let reader = client.with_token(&hub.add_account(Account { role: TokenRole::Read, ..Account::default() }));
    for (method, rest) in [(Method::POST, "/duplicate"), (Method::PUT, "/labels"), (Method::PUT, "/expose")] {
        assert_eq!(reader.send(method, &path(&job, rest), Some(json!({}))).await.error().0, 403, "{rest}");
    }
}

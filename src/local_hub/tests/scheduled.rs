//! Scheduled jobs, through the routes and by the clock.

use super::*;

const ALL: &str = "/api/scheduled-jobs/local";
const YEARLY: &str = "@yearly";

fn body(script: &str, schedule: &str, more: &Value) -> Value {
    let spec = json!({"command": ["/bin/sh", "-c", script], "flavor": "cpu-basic", "dockerImage": "any"});
    let mut body = json!({"jobSpec": spec, "schedule": schedule});
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    body
}

async fn schedule(client: &Client, script: &str, schedule: &str, more: Value) -> Value {
    let reply = client.send(Method::POST, ALL, Some(body(script, schedule, &more))).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()
}

fn of(job: &Value, rest: &str) -> String {
    format!("{ALL}/{}{rest}", job["id"].as_str().unwrap())
}

async fn post(client: &Client, path: String) -> Reply {
    client.send(Method::POST, &path, None).await
}

#[tokio::test]
async fn it_is_shown_as_the_hub_shows_it() {
    let (hub, client) = hub(|config| config.record = true).await;
    let mut body = body("true", YEARLY, &json!({"tags": []}));
    let spec = body["jobSpec"].as_object_mut().unwrap();
    spec.extend(
        json!({"secrets": {"KEY": "sesame"}, "labels": {"name": "n"}, "timeout": 5}).as_object().cloned().unwrap(),
    );
    let reply = client.send(Method::POST, ALL, Some(body)).await;
    assert!(!reply.text.contains("sesame"));
    let job = reply.json();
    let year: u32 = job["createdAt"].as_str().unwrap().split('-').next().unwrap().parse().unwrap();
    assert_eq!(job["status"], json!({"lastJob": null, "nextJobRunAt": format!("{}-01-01T00:00:00.000Z", year + 1)}));
    assert_eq!((&job["type"], &job["schedule"]), (&json!("scheduled-job"), &json!(YEARLY)));
    assert_eq!((&job["suspend"], &job["concurrency"]), (&json!(false), &json!(false)));
    assert_eq!((&job["owner"]["name"], &job["initiator"]["type"]), (&json!("local"), &json!("user")));
    assert_eq!((&job["jobSpec"]["secrets"], &job["jobSpec"]["labels"]), (&json!(["KEY"]), &json!({"name": "n"})));
    assert_eq!(job["jobSpec"]["timeout"], 1800);
    assert_eq!(hub.requests()[0].dropped, ["tags", "jobSpec.timeout"]);
    assert_eq!(client.get(&of(&job, "")).await.json(), job);
}

#[tokio::test]
async fn the_list_shows_the_suspended_too_and_filters_by_one_label() {
    let (_hub, client) = hub(|_| {}).await;
    let first = schedule(&client, "true", YEARLY, json!({"suspend": true})).await;
    let second = schedule(&client, "true", YEARLY, json!({})).await;
    let labels = json!({"labels": {"team": "a"}});
    let labelled = client.send(Method::PUT, &of(&first, "/labels"), Some(labels)).await.json();
    assert_eq!((&labelled["jobSpec"]["labels"], &labelled["suspend"]), (&json!({"team": "a"}), &json!(true)));
    let list = async |query: &str| client.get(&format!("{ALL}{query}")).await.json();
    assert_eq!(list("").await, json!([second, labelled]));
    assert_eq!(list("?label=team%3Da").await, json!([labelled]));
    assert_eq!(list("?label=team%3Db").await, json!([]));
    assert_eq!(client.get(&format!("{ALL}?label=a%3Da&label=b%3Db")).await.error().0, 400);
    assert_eq!(client.send(Method::DELETE, &of(&first, ""), None).await.status, 200);
    assert_eq!(list("").await, json!([second]));
    assert_eq!(client.get(&of(&first, "")).await.error(), (404, "Scheduled job not found".into()));
}

#[tokio::test]
async fn run_starts_one_unless_it_still_runs() {
    let (_hub, client) = hub(|_| {}).await;
    let alone = schedule(&client, "echo $KEY; sleep 600", YEARLY, json!({"suspend": true})).await;
    let first = post(&client, of(&alone, "/run")).await.json();
    assert_eq!(first["initiator"], json!({"type": "scheduled-job", "id": alone["id"]}));
    let text = "Another job is already running at the same time, set `concurrency` to allow multiple instances of \
                scheduled jobs to run concurrently";
    assert_eq!(post(&client, of(&alone, "/run")).await.error(), (409, text.into()));
    client.cancel(&first).await;
    let second = post(&client, of(&alone, "/run")).await;
    assert_eq!(second.status, 200);
    let shown = client.get(&of(&alone, "")).await.json();
    assert_eq!(shown["status"]["lastJob"]["id"], second.json()["id"]);
    assert!(shown["status"]["lastJob"]["at"].is_string());
    let many = schedule(&client, "sleep 600", YEARLY, json!({"concurrency": true})).await;
    for _ in 0..2 {
        assert_eq!(post(&client, of(&many, "/run")).await.status, 200);
    }
}

#[tokio::test]
async fn the_clock_starts_what_is_due_and_skips_what_runs() {
    let (hub, client) = hub(|_| {}).await;
    let alone = schedule(&client, "sleep 600", "* * * * * *", json!({})).await;
    let many = schedule(&client, "sleep 600", "* * * * * *", json!({"concurrency": true})).await;
    let suspended = schedule(&client, "true", "* * * * * *", json!({"suspend": true})).await;
    let runs = async |job: &Value| {
        let jobs = client.get("/api/jobs/local").await.json();
        let initiator = json!({"type": "scheduled-job", "id": job["id"]});
        jobs.as_array().unwrap().iter().filter(|job| job["initiator"] == initiator).count()
    };
    let limit = tokio::time::Instant::now() + Duration::from_secs(20);
    while runs(&many).await < 3 && tokio::time::Instant::now() < limit {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!((runs(&many).await.min(3), runs(&alone).await, runs(&suspended).await), (3, 1, 0));
    assert_eq!(post(&client, of(&many, "/suspend")).await.status, 200);
    assert_eq!(client.get(&of(&many, "")).await.json()["suspend"], true);
    assert_eq!(post(&client, of(&suspended, "/resume")).await.status, 200);
    while runs(&suspended).await == 0 && tokio::time::Instant::now() < limit {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_ne!(runs(&suspended).await, 0);
    hub.shutdown().await;
}

#[tokio::test]
async fn a_new_schedule_keeps_the_rest_and_wakes_the_clock() {
    let (_hub, client) = hub(|_| {}).await;
    let job = schedule(&client, "true", YEARLY, json!({})).await;
    let path = of(&job, "/schedule");
    let moved = client.send(Method::POST, &path, Some(json!({"schedule": "* * * * * *"}))).await.json();
    assert_eq!((&moved["schedule"], &moved["jobSpec"]), (&json!("* * * * * *"), &job["jobSpec"]));
    let limit = tokio::time::Instant::now() + Duration::from_secs(20);
    while client.get(&of(&job, "")).await.json()["status"]["lastJob"].is_null() {
        assert!(tokio::time::Instant::now() < limit);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for wrong in [json!({}), json!({"schedule": "0 9 * * MON"}), json!({"schedule": "0 0 0 1 1 * 2001"})] {
        assert_eq!(client.send(Method::POST, &path, Some(wrong.clone())).await.error().0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn what_it_refuses() {
    let (hub, client) = hub(|_| {}).await;
    for (field, value, told) in [
        ("schedule", json!("@midnight"), "schedule: "),
        ("schedule", json!(1), "schedule: "),
        ("suspend", json!("yes"), "suspend: "),
        ("jobSpec", json!([]), "jobSpec: "),
        ("jobSpec", json!({"dockerImage": "a"}), "jobSpec.flavor: "),
    ] {
        let mut body = body("true", YEARLY, &json!({}));
        body[field] = value;
        let (status, error) = client.send(Method::POST, ALL, Some(body)).await.error();
        assert!(status == 400 && error.starts_with(&format!("Invalid request: {told}")), "{error}");
    }
    for (field, value) in [("ssh", json!({"enabled": true})), ("network", json!({"group": "a"}))] {
        let mut body = body("true", YEARLY, &json!({}));
        body["jobSpec"][field] = value;
        let error = client.send(Method::POST, ALL, Some(body)).await.error();
        assert_eq!(error, (400, format!("Invalid request: jobSpec.{field}: not for scheduled jobs")));
    }
    let job = schedule(&client, "true", YEARLY, json!({})).await;
    let reader = client.with_token(&hub.add_account(Account { role: TokenRole::Read, ..Account::default() }));
    assert_eq!(reader.get(ALL).await.status, 200);
    for rest in ["/run", "/suspend", "/resume", "/schedule"] {
        assert_eq!(post(&reader, of(&job, rest)).await.error().0, 403, "{rest}");
    }
    assert_eq!(reader.send(Method::DELETE, &of(&job, ""), None).await.error().0, 403);
    let stranger = client.with_token(&hub.add_account(Account { name: "bob".into(), ..Account::default() }));
    assert_eq!(stranger.get(&of(&job, "")).await.error().0, 404);
    assert_eq!(stranger.get(ALL).await.error().0, 403);
    for _ in 1..100 {
        schedule(&client, "true", YEARLY, json!({})).await;
    }
    assert_eq!(client.send(Method::POST, ALL, Some(body("true", YEARLY, &json!({})))).await.error().0, 429);
}

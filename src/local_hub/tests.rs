use reqwest::header::HeaderMap;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::*;

mod account;
mod job;
mod scheduled;

/// A caller with a token.
struct Client {
    http: reqwest::Client,
    endpoint: String,
    token: String,
}

struct Reply {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    fn error(&self) -> (u16, String) {
        let error = self.json()["error"].as_str().unwrap().to_owned();
        assert_eq!(self.headers["x-error-message"], error.as_str());
        (self.status, error)
    }
}

impl Client {
    fn new(hub: &LocalHub) -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { http, endpoint: hub.endpoint().to_owned(), token: hub.token().to_owned() }
    }

    fn with_token(&self, token: &str) -> Self {
        Self { http: self.http.clone(), endpoint: self.endpoint.clone(), token: token.to_owned() }
    }

    async fn open(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let mut request = self.http.request(method, format!("{}{path}", self.endpoint)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        request.send().await.unwrap()
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let response = self.open(method, path, body).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Reply { status, headers, text: response.text().await.unwrap() }
    }

    async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    async fn run(&self, script: &str, more: Value) -> Value {
        let mut body = json!({"command": ["/bin/sh", "-c", script], "flavor": "cpu-basic", "dockerImage": "any"});
        body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        let reply = self.send(Method::POST, "/api/jobs/local", Some(body)).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()
    }

    /// The job once it is over; its log stream ends no later.
    async fn finished(&self, job: &Value) -> Value {
        self.log(job, "").await;
        loop {
            let job = self.get(&path(job, "")).await.json();
            if job["finishedAt"].is_string() {
                return job;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn log(&self, job: &Value, query: &str) -> Vec<String> {
        let text = self.get(&path(job, &format!("/logs{query}"))).await.text;
        lines(&text)
    }

    /// The job once it runs.
    async fn running(&self, job: &Value) -> Value {
        loop {
            let job = self.get(&path(job, "")).await.json();
            if job["startedAt"].is_string() {
                return job;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn cancel(&self, job: &Value) -> Value {
        self.send(Method::POST, &path(job, "/cancel"), None).await.json()
    }
}

fn path(job: &Value, rest: &str) -> String {
    format!("/api/jobs/{}/{}{rest}", job["owner"]["name"].as_str().unwrap(), job["id"].as_str().unwrap())
}

fn lines(events: &str) -> Vec<String> {
    let events = events.split_terminator("\n\n").filter_map(|event| event.strip_prefix("data: "));
    events.map(|event| serde_json::from_str::<Value>(event).unwrap()["data"].as_str().unwrap().to_owned()).collect()
}

async fn hub(change: impl FnOnce(&mut LocalHubConfig)) -> (LocalHub, Client) {
    let mut config = LocalHubConfig { stage_lag: Duration::ZERO, ..LocalHubConfig::default() };
    change(&mut config);
    let hub = LocalHub::start(config).await.unwrap();
    let client = Client::new(&hub);
    (hub, client)
}

#[tokio::test]
async fn a_job_runs_with_its_own_environment_and_shows_secret_names_alone() {
    let (hub, client) = hub(|config| config.record = true).await;
    let script = "echo $JOB_ID $CPU_CORES $MEMORY $ACCELERATOR $AB $KEY >&2; pwd; echo $HOME; echo x > f; env | wc -l";
    let more =
        json!({"environment": {"AB": "plain"}, "secrets": {"KEY": "sesame"}, "timeout": 5, "labels": {"a": "b"}});
    let job = client.run(script, more).await;
    assert_eq!(job["status"]["stage"], "SCHEDULING");
    let done = client.finished(&job).await;
    let log = client.log(&job, "").await;
    assert!(log[0].starts_with("===== Job started at 20") && log[0].ends_with(" ====="), "{log:?}");
    assert_eq!(log[1], format!("{} 2 16Gi none plain sesame", job["id"].as_str().unwrap()));
    assert_eq!(log[2], log[3]);
    assert!(Path::new(&log[2]).starts_with(hub.directory()));
    assert_eq!(done["status"], json!({"stage": "COMPLETED", "message": null, "failureCount": 0}));
    assert_eq!((&done["secrets"], &done["timeout"]), (&json!(["KEY"]), &json!(1800)));
    assert!(done["durations"]["runningSecs"].is_u64() && done["startedAt"].is_string());
    let request = &hub.requests()[0];
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/api/jobs/local"));
    assert_eq!(request.dropped, ["timeout"]);
    assert_eq!(request.body["secrets"]["KEY"], "sesame");
    assert_eq!(request.headers["authorization"], format!("Bearer {}", hub.token()));
    let directory = hub.directory().to_owned();
    assert!(!directory.join(job["id"].as_str().unwrap()).join("home").exists());
    hub.shutdown().await;
    assert!(!directory.exists());
}

#[tokio::test]
async fn endings_become_stages() {
    let (_hub, client) = hub(|_| {}).await;
    for (script, more, stage, message, last) in [
        ("exit 3", json!({}), "ERROR", "Exit code: 3", "====="),
        ("kill -9 $$", json!({}), "ERROR", "Exit code: 137", "====="),
        ("echo on; sleep 600", json!({"timeoutSeconds": 1}), "ERROR", "Job timeout", "on"),
        ("exec uv run x", json!({"environment": {"PATH": "/nowhere"}}), "ERROR", "Exit code: 127", "run the job again"),
        ("", json!({"command": ["no-such"]}), "ERROR", "Exit code: 127", "that are installed here"),
        ("", json!({"command": ["/"]}), "ERROR", "Exit code: 126", "denied (os error 13)"),
    ] {
        let job = client.run(script, more).await;
        let done = client.finished(&job).await;
        assert_eq!(
            (&done["status"]["stage"], &done["status"]["message"]),
            (&json!(stage), &json!(message)),
            "{script}"
        );
        let log = client.log(&job, "").await;
        assert!(log.last().unwrap().ends_with(last), "{script}: {log:?}");
    }
}

#[tokio::test]
async fn a_failing_job_is_tried_again() {
    let (_hub, client) = hub(|_| {}).await;
    let job = client.run("test ! -e seen && touch seen; echo try; exit 1", json!({"attempts": 3})).await;
    let done = client.finished(&job).await;
    assert_eq!((&done["status"]["failureCount"], &done["retry"]), (&json!(3), &json!(2)));
    let log = client.log(&job, "").await;
    assert_eq!(log.iter().filter(|line| line.starts_with("===== Job started")).count(), 3);
    assert_eq!(log.iter().filter(|line| *line == "try").count(), 3);
}

#[tokio::test]
async fn cancel_ends_a_job_wherever_it_is() {
    let (_hub, client) = hub(|config| config.running_at_once = 1).await;
    let running = client.run("sleep 600 & echo on; sleep 600", json!({})).await;
    let waiting = client.run("echo never", json!({})).await;
    let mut stream = client.open(Method::GET, &path(&running, "/logs"), None).await;
    let mut seen = String::new();
    while !seen.contains("on\"") {
        seen += &String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap());
    }
    assert_eq!(client.get(&path(&waiting, "")).await.json()["durations"].as_object().unwrap().len(), 1);
    assert_eq!(client.cancel(&waiting).await["status"]["stage"], "CANCELED");
    assert_eq!(client.log(&waiting, "").await, Vec::<String>::new());
    assert_eq!(client.cancel(&running).await["status"]["stage"], "CANCELED");
    assert!(stream.chunk().await.unwrap().is_none());
    let done = client.run("true", json!({})).await;
    client.finished(&done).await;
    assert_eq!(client.cancel(&done).await["status"]["stage"], "COMPLETED");
}

#[tokio::test]
async fn a_log_is_replayed_from_its_start_or_its_tail_and_followed() {
    let (hub, client) = hub(|config| config.keep_alive = Duration::from_millis(50)).await;
    let script =
        "i=0; while [ $i -lt 3000 ]; do echo $i; i=$((i+1)); done; while [ ! -e go ]; do sleep 0.05; done; echo end";
    let job = client.run(script, json!({})).await;
    let mut stream = client.open(Method::GET, &path(&job, "/logs"), None).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut text = String::new();
    while !text.contains(": keep-alive\n\n") || !text.contains("\"2999\"") {
        text += &String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap());
    }
    assert!(!text.contains("event:") && !text.contains("id:"));
    let mut tail = client.open(Method::GET, &path(&job, "/logs?tail=2"), None).await;
    let first = String::from_utf8_lossy(&tail.chunk().await.unwrap().unwrap()).into_owned();
    assert_eq!(lines(&first).len(), 1);
    let home = hub.directory().join(job["id"].as_str().unwrap()).join("home");
    fs::write(home.join("go"), "").unwrap();
    let rest = tail.text().await.unwrap();
    assert_eq!(lines(&rest), ["2998", "2999", "end"]);
    while let Some(piece) = stream.chunk().await.unwrap() {
        text += &String::from_utf8_lossy(&piece);
    }
    assert_eq!(lines(&text).len(), 3002);
    assert_eq!(client.log(&job, "").await, lines(&text));
    assert_eq!(client.log(&job, "?tail=0").await.len(), 1);
    assert_eq!(client.get(&path(&job, "/logs?tail=-1")).await.status, 400);
}

#[tokio::test]
async fn the_list_is_filtered_and_paged() {
    let (_hub, client) = hub(|config| config.page_size = 2).await;
    let mut ids = Vec::new();
    for team in ["a", "b", "a", "a"] {
        let job = client.run("true", json!({"labels": {"team": team}})).await;
        client.finished(&job).await;
        ids.insert(0, job["id"].clone());
    }
    let first = client.get("/api/jobs/local?stage=COMPLETED&stage=RUNNING&label=team%3Da").await;
    let id = |reply: &Reply| reply.json().as_array().unwrap().iter().map(|job| job["id"].clone()).collect::<Vec<_>>();
    assert_eq!(id(&first), ids[..2]);
    let link = first.headers["link"].to_str().unwrap();
    let next = link.strip_prefix(&format!("<{}", client.endpoint)).unwrap().strip_suffix(">; rel=\"next\"").unwrap();
    assert!(next.contains("stage=COMPLETED&stage=RUNNING&label=team%3Da&cursor="), "{next}");
    let last = client.get(next).await;
    assert_eq!((id(&last), last.headers.get("link")), (vec![ids[3].clone()], None));
    assert_eq!(client.get("/api/jobs/local/count?stage=COMPLETED").await.json(), json!({"count": 4}));
    assert_eq!(client.get("/api/jobs/local/count?stage=RUNNING").await.json(), json!({"count": 0}));
    for wrong in ["stage=DONE", "label=team", "label=a%20b%3Dc", "cursor=!"] {
        assert_eq!(client.get(&format!("/api/jobs/local?{wrong}")).await.error().0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn refusals_have_the_hubs_codes_and_texts() {
    let (hub, client) = hub(|_| {}).await;
    let body = || Some(json!({"command": ["true"], "flavor": "cpu-basic", "dockerImage": "a"}));
    let submit = async |client: &Client, namespace: &str| {
        client.send(Method::POST, &format!("/api/jobs/{namespace}"), body()).await.error()
    };
    let nobody = client.with_token("hf_unknown");
    assert_eq!(nobody.get("/api/whoami-v2").await.error(), (401, "Invalid credentials in Authorization header".into()));
    let missing = "You don't have the required permissions to complete this action on namespace";
    let forbidden = |place: &str| (403, format!("{missing} {place}, missing permissions: job.write"));
    assert_eq!(submit(&client, "acme").await, forbidden("acme"));
    let reader = client.with_token(&hub.add_account(Account { role: TokenRole::Read, ..Account::default() }));
    assert_eq!(submit(&reader, "local").await, forbidden("local"));
    assert_eq!(reader.get("/api/jobs/local").await.status, 200);
    let poor = client.with_token(&hub.add_account(Account { has_credit: false, ..Account::default() }));
    assert_eq!(submit(&poor, "local").await, (402, "Pre-paid credit balance is insufficient".into()));
    let job = client.run("true", json!({})).await;
    let elsewhere = path(&job, "").replace("local", "acme");
    assert_eq!(client.get(&elsewhere).await.error().0, 404);
    assert_eq!(client.get("/api/models").await.error().0, 404);
    assert_eq!(client.send(Method::PUT, "/api/jobs/local", None).await.error().0, 405);
    let reply = client.send(Method::POST, "/api/jobs/local", Some(json!({}))).await;
    let request_id = reply.headers["x-request-id"].to_str().unwrap();
    assert!(request_id.starts_with("Root=1-") && reply.headers.contains_key("ratelimit"));
    assert_eq!(reply.error().0, 400);
    let large = json!({"command": ["x".repeat(5 << 20)]});
    assert_eq!(client.send(Method::POST, "/api/jobs/local", Some(large)).await.error().0, 413);
    hub.revoke(&client.token);
    assert_eq!(client.get("/api/whoami-v2").await.status, 401);
}

#[tokio::test]
async fn another_hosts_name_is_refused() {
    let (_hub, client) = hub(|_| {}).await;
    for (host, status) in
        [("evil.example:80", 403), ("127.0.0.1.evil.example", 403), ("localhost:1", 200), ("[::1]", 200)]
    {
        let request = client.http.get(format!("{}/api/jobs/hardware", client.endpoint)).header("host", host);
        assert_eq!(request.send().await.unwrap().status().as_u16(), status, "{host}");
    }
}

#[tokio::test]
async fn dropping_it_kills_the_jobs_and_removes_the_directory() {
    let (hub, client) = hub(|_| {}).await;
    let job = client.run("echo $$; exec sleep 600", json!({})).await;
    let mut stream = client.open(Method::GET, &path(&job, "/logs"), None).await;
    let mut text = String::new();
    while lines(&text).len() < 2 {
        text += &String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap());
    }
    let process = lines(&text)[1].parse().ok().and_then(rustix::process::Pid::from_raw).unwrap();
    let (directory, groups) = (hub.directory().to_owned(), Arc::clone(&hub.hub.groups));
    drop(hub);
    assert!(!directory.exists());
    // The last holder but this one lets go once the process was reaped.
    while Arc::strong_count(&groups) > 1 {
        tokio::task::yield_now().await;
    }
    assert!(rustix::process::test_kill_process(process).is_err());
}

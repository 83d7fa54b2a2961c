//! Tokens in what is no proper answer: failures that pass, answers that are none, connections that break in the middle.

use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use super::answers::SUBMISSIONS;
use super::{Canaries, calls, nor_anywhere_else, nothing_came_out, offered, sent_only_where_it_may, server};
use crate::support::Server;
use crate::support::mirror::{Kind, Mirror, Which};

/// What a Hub answers: the rest of its status line, its headers, its body.
fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}").into_bytes()
}

/// Bodies that hold these words in each form that an error has, and in some that none has.
fn bodies(all: &str) -> Vec<(&'static str, String)> {
    let json = "content-type: application/json\r\n";
    vec![
        (json, json!({"error": all}).to_string()),
        (json, json!({"errors": [{"message": all}, all], "error_description": all}).to_string()),
        ("content-type: text/html\r\n", format!("<html><body>{all}</body></html>")),
        ("content-type: text/plain\r\n", all.to_owned()),
    ]
}

/// A server of its own at a Hub of its own, so that many can wait at once.
struct Bench {
    mirror: Mirror,
    canaries: Canaries,
    server: Server,
    operations: Vec<(String, Map<String, Value>)>,
    rows: usize,
}

impl Bench {
    async fn new() -> Self {
        let (mirror, canaries) = (Mirror::new().await, Canaries::new());
        let mut server = server(&mirror, &canaries).await;
        let (operations, _) = offered(&mut server).await;
        let mut operations = calls(&operations);
        for (operation, args) in &mut operations {
            if operation == "logs" {
                args.insert("wait".to_owned(), json!("1s"));
            }
        }
        Self { mirror, canaries, server, operations, rows: 0 }
    }

    /// The words that bring everything in.
    fn all(&self) -> String {
        format!("a {} b", self.canaries.forms().join(" "))
    }

    /// Has the server forget who is logged in, as it does when that is refused.
    async fn forget(&mut self) {
        self.mirror.restore();
        self.mirror.refuse(401, "{}".to_owned());
        assert!(self.server.jobs("ps", json!({})).await.is_error);
        self.mirror.restore();
    }

    /// Makes these calls at once, while the Hub has that fault. Some of them fail.
    async fn meet(&mut self, what: &str, which: Which, bytes: &[u8], resets: bool, calls: impl Fn(&str) -> bool) {
        self.mirror.fault(which, bytes.to_vec(), resets);
        let mut asked = Vec::new();
        for (operation, args) in self.operations.iter().filter(|(operation, _)| calls(operation)) {
            let params = json!({
                "name": "hf_jobs", "arguments": {"operation": operation, "args": args}, "_meta": {"progressToken": "p"},
            });
            asked.push(self.server.begin("tools/call", params).await);
        }
        let mut failed = 0;
        for id in asked {
            let answer = Server::answer(&self.server.answer_to(&json!(id)).await);
            failed += usize::from(answer.is_error || !answer.warnings().is_empty());
            self.rows += 1;
        }
        assert!(failed > 0, "{what} is no fault");
        nothing_came_out(&mut self.server, &self.canaries, what);
        sent_only_where_it_may(&self.mirror, &self.canaries, what);
        self.mirror.restore();
    }

    async fn end(self) -> usize {
        nor_anywhere_else(self.server, &self.canaries).await;
        self.rows
    }
}

const ANY: Which = |kind| kind != Kind::WhoAmI;
const WHO: Which = |kind| kind == Kind::WhoAmI;
const STREAM: Which = |kind| matches!(kind, Kind::Log | Kind::Metrics);

/// A submission that may have been taken is looked for for a minute.
fn starts_nothing(operation: &str) -> bool {
    !SUBMISSIONS.contains(&operation)
}

async fn sum(mut benches: JoinSet<usize>) -> usize {
    let mut rows = 0;
    while let Some(of_one) = benches.join_next().await {
        rows += of_one.unwrap();
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn no_failure_that_passes_brings_a_token_out() {
    let mut benches = JoinSet::new();
    for status in [
        "429 Too Many\r\nretry-after: 0",
        "429 Too Many\r\nretry-after: 7200",
        "500 Broken",
        "502 Bad Gateway",
        "503 Unavailable",
        "504 Late",
    ] {
        for at in 0..bodies("").len() {
            benches.spawn(async move {
                let mut bench = Bench::new().await;
                let (headers, body) = bodies(&bench.all()).remove(at);
                let headers = format!("{headers}x-request-id: {0}\r\nx-unknown: {0}\r\n", bench.canaries.token);
                let bytes = answer(status, &headers, &body);
                // What is refused for its pace was not done, and is not looked for.
                let calls = |operation: &str| status.starts_with("429") || starts_nothing(operation);
                bench.meet(status, ANY, &bytes, false, calls).await;
                let streams = |operation: &str| ["logs", "run", "uv"].contains(&operation);
                bench.meet(status, STREAM, &bytes, false, streams).await;
                bench.forget().await;
                bench.meet(status, WHO, &bytes, false, |_| true).await;
                bench.end().await
            });
        }
    }
    println!("{} calls with a token in a failure that passes", sum(benches).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_connection_that_breaks_brings_a_token_out() {
    let mut benches = JoinSet::new();
    for resets in [false, true] {
        for status in ["200 OK", "400 Bad Request", "403 Forbidden", "503 Unavailable"] {
            benches.spawn(async move {
                let mut bench = Bench::new().await;
                let all = bench.all();
                let whole = answer(status, "content-type: application/json\r\n", &json!({"error": all}).to_string());
                // In the middle of the token, and behind all of it.
                let begin = whole.windows(3).position(|three| three == b"a h").unwrap() + 2;
                for cut in [begin + 20, whole.len() - 1] {
                    let what = format!("{status} that breaks after {cut} bytes");
                    bench.meet(&what, ANY, &whole[..cut], resets, starts_nothing).await;
                    bench.forget().await;
                    bench.meet(&what, WHO, &whole[..cut], resets, |_| true).await;
                }
                bench.end().await
            });
        }
    }
    println!("{} calls with a token in an answer that breaks off", sum(benches).await);
}

/// Answers that are none, which say that all went well.
fn nonsense(all: &str) -> Vec<String> {
    let job = Kind::Job.template().to_string();
    let quoted = json!(all).to_string();
    let mut texts = vec![
        String::new(),
        all.to_owned(),
        format!("<html><body>{all}</body></html>"),
        format!("\u{feff}{{\"id\": {quoted}}}"),
        format!("{{\"id\": {quoted}, \"status\": "),
        format!("{{'id': '{all}'}}"),
        format!("{job}{quoted}"),
        format!("{quoted}{job}"),
        format!("{{\"id\": {all}}}"),
        format!("data: {quoted}\n\n"),
        job.replace("busybox", all),
        "[".repeat(200) + &quoted,
    ];
    let values = [json!(all), json!([all]), json!([[all]]), json!({all: all}), json!([{all: all, "id": [all]}])];
    texts.extend(values.iter().map(Value::to_string));
    // Each field is of a type that it has not.
    for kind in Kind::ALL {
        let Some(template) = kind.template().as_object().cloned() else { continue };
        let fields = |value: Value| template.keys().map(|key| (key.clone(), value.clone())).collect::<Map<_, _>>();
        texts.extend([json!([all]), json!({all: all})].map(|value| json!(fields(value)).to_string()));
    }
    texts
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_that_is_none_brings_a_token_out() {
    let mut benches = JoinSet::new();
    benches.spawn(async {
        let mut bench = Bench::new().await;
        for body in nonsense(&bench.all()) {
            let bytes = answer("200 OK", "content-type: application/json\r\n", &body);
            bench.meet("nonsense", ANY, &bytes, false, starts_nothing).await;
        }
        bench.end().await
    });
    benches.spawn(async {
        let mut bench = Bench::new().await;
        for body in nonsense(&bench.all()) {
            bench.forget().await;
            let bytes = answer("200 OK", "content-type: application/json\r\n", &body);
            bench.meet("nonsense on who it is", WHO, &bytes, false, |_| true).await;
        }
        for status in ["400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found", "418 Teapot"] {
            for (headers, body) in bodies(&bench.all()) {
                bench.forget().await;
                bench.meet(status, WHO, &answer(status, headers, &body), false, |_| true).await;
            }
        }
        bench.end().await
    });
    println!("{} calls with a token in an answer that is none", sum(benches).await);
}

//! Over HTTP: what comes in with calls and with the Hub's answers comes out on none of the ways in which a client is answered.

use std::process::Command;

use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value, json};

use super::answers::{NAME, SUBMISSIONS, reads, replaced};
use super::{
    Canaries, assert_forwarded, builder, calls, forms, forwarding, is_clean, none_of, nor_beside_it, offered_in,
    only_where_they_may,
};
use crate::support::http::{Events, HttpServer, Reply, call, initialize};
use crate::support::mirror::{JOB, Kind, Mirror};
use crate::support::{Answer, Server};

/// How a call is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    /// Without a session, and without a word before the answer: one of JSON.
    Plain,
    /// Without a session, with progress notes on the answer's own stream.
    Told,
    /// In a session, with progress notes.
    InSession,
    /// As older clients make it: the answer comes on another stream.
    Older,
}

impl Way {
    const ALL: [Self; 4] = [Self::Plain, Self::Told, Self::InSession, Self::Older];
}

/// Clients of one server, one for each way.
pub(super) struct Clients {
    pub(super) http: HttpServer,
    session: String,
    events: Events,
    endpoint: String,
    /// What must be seen nowhere: the canaries, and the token of the door.
    pub(super) forms: Vec<String>,
    calls: u64,
    /// How many progress notes told of something that was redacted.
    notes: usize,
}

impl Clients {
    /// Clients of a server that logs all that it can, and has forwarded the value.
    pub(super) async fn at(mirror: &Mirror, canaries: &Canaries) -> Self {
        let http = builder(&mirror.endpoint, canaries).arg("--http-calls-per-minute=1000000").over_http().await;
        let forms = [canaries.forms(), &forms(http.token.as_ref().unwrap())].concat();
        let session = http.session().await;
        let mut events = Events::of(http.request(Method::GET, "/sse")).await;
        let endpoint = events.next().await.unwrap().data;
        let mut clients = Self { http, session, events, endpoint, forms, calls: 0, notes: 0 };
        assert_eq!(Reply::of(clients.older(&initialize())).await.status, 202);
        clients.events.answer().await;
        let answer = clients.call(Way::Older, "run", forwarding().as_object().unwrap()).await;
        assert!(!answer.is_error, "{answer:?}");
        assert_forwarded(mirror, canaries);
        clients
    }

    fn older(&self, message: &Value) -> RequestBuilder {
        let request = self.http.request(Method::POST, &self.endpoint).header("content-type", "application/json");
        request.body(message.to_string())
    }

    /// Makes a call. Nothing that comes back holds a canary.
    async fn call(&mut self, way: Way, operation: &str, args: &Map<String, Value>) -> Answer {
        self.calls += 1;
        let what = format!("{operation}, {way:?}");
        let mut message = call(self.calls, "hf_jobs", json!({"operation": operation, "args": args}));
        let request = match way {
            Way::Plain => {
                message["params"].as_object_mut().unwrap().remove("_meta");
                self.http.message(&message)
            }
            Way::Told => self.http.message(&message),
            Way::InSession => self.http.in_session(&self.session, &message),
            Way::Older => self.older(&message),
        };
        let reply = Reply::of(request).await;
        self.reply_is_clean(&reply, &what);
        if way != Way::Older {
            assert_eq!(reply.status, 200, "{what}");
            self.notes += reply.body.lines().filter(|line| is_redacted_note(line)).count();
            return Server::answer(&reply.message());
        }
        assert_eq!((reply.status.as_u16(), reply.body.as_str()), (202, ""), "{what}");
        loop {
            let event = self.events.next().await.unwrap();
            none_of(&self.forms, &what, &format!("{} {}", event.name, event.id));
            is_clean(&event.data, &self.forms, &what);
            let message: Value = serde_json::from_str(&event.data).unwrap();
            if message["id"] == self.calls {
                return Server::answer(&message);
            }
            self.notes += usize::from(is_redacted_note(&event.data));
        }
    }

    /// Asserts that neither status, headers nor body of an answer hold a canary.
    pub(super) fn reply_is_clean(&self, reply: &Reply, what: &str) {
        none_of(&self.forms, what, reply.status.as_str());
        for (name, value) in &reply.headers {
            none_of(&self.forms, what, &format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())));
        }
        none_of(&self.forms, what, &reply.body);
        for line in reply.body.lines() {
            is_clean(line.trim_start_matches("data:").trim(), &self.forms, what);
        }
    }

    /// Asserts that the Hub was sent the token where it belongs alone. So is the token of the door: where a call has it among the
    /// `secrets`, and nowhere else.
    pub(super) fn sent_only_where_they_may(&self, mirror: &Mirror, canaries: &Canaries, what: &str) {
        let forms = [forms(&canaries.token), forms(self.http.token.as_ref().unwrap())].concat();
        only_where_they_may(&mirror.asked(), canaries, &forms, what);
    }

    /// Has the server end: nothing is in its log, its command line, or its home but in the files that are for it. The log.
    pub(super) async fn nor_anywhere_else(self, canaries: &Canaries) -> String {
        for path in ["/healthz", "/readyz"] {
            let reply = Reply::of(self.http.plain(Method::GET, path)).await;
            self.reply_is_clean(&reply, path);
        }
        nor_beside_it(&self.http.server, canaries);
        let pid = self.http.server.child.id().unwrap().to_string();
        assert!(Command::new("/bin/kill").arg(pid).status().unwrap().success());
        drop(self.events);
        let (code, log) = self.http.server.ended().await;
        assert_eq!(code, Some(0));
        none_of(&self.forms, "the log", &log);
        log
    }
}

fn is_redacted_note(message: &str) -> bool {
    message.contains("notifications/progress") && message.contains("[redacted]")
}

/// The clients, the operations, and what the schema calls arguments.
async fn clients(mirror: &Mirror, canaries: &Canaries) -> (Clients, Vec<String>, Vec<String>) {
    let clients = Clients::at(mirror, canaries).await;
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let reply = Reply::of(clients.http.message(&list)).await;
    let (operations, arguments) = offered_in(&reply.message());
    (clients, operations, arguments)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_argument_brings_a_token_out_over_http() {
    let (mirror, canaries) = (Mirror::new().await, Canaries::new());
    let (mut clients, operations, arguments) = clients(&mirror, &canaries).await;
    let all = format!("a {} b", clients.forms.join(" "));
    let door = clients.http.token.clone().unwrap();
    let mut ways = Way::ALL.into_iter().cycle();
    for (operation, base) in calls(&operations) {
        for argument in &arguments {
            for text in [&all, &door] {
                let mut args = base.clone();
                args.insert(argument.clone(), json!(text));
                let answer = clients.call(ways.next().unwrap(), &operation, &args).await;
                if answer.text.contains("is no argument here") {
                    break;
                }
            }
        }
        clients.sent_only_where_they_may(&mirror, &canaries, &operation);
    }
    println!("{} calls over HTTP with a token in an argument", clients.calls);
    clients.nor_anywhere_else(&canaries).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_of_the_hub_brings_a_token_out_over_http() {
    let (mirror, canaries) = (Mirror::new().await, Canaries::new());
    let (mut clients, operations, _) = clients(&mirror, &canaries).await;
    let operations = calls(&operations);
    for (operation, args) in &operations {
        let answer = clients.call(Way::Told, operation, args).await;
        assert!(!answer.is_error, "{operation}: {answer:?}");
    }
    let all = format!("a {} b", clients.forms.join(" "));
    for kind in [Kind::Job, Kind::Scheduled, Kind::Log, Kind::Metrics, Kind::Hardware] {
        let mut ways = Way::ALL.into_iter().cycle();
        for (path, answer) in replaced(&kind.template(), &all) {
            mirror.instead(kind, answer);
            let is_lost = path.ends_with(NAME)
                || path.ends_with("/id")
                || !kind.template().pointer(&path).is_some_and(Value::is_string);
            let mut reading: Vec<_> = operations.iter().filter(|(operation, _)| reads(operation, kind)).collect();
            // An answer that can't be read is a lost one, and a lost job is looked for for a minute.
            reading.retain(|(operation, _)| !is_lost || !SUBMISSIONS.contains(&operation.as_str()));
            // Which operation meets which field is tested over stdio.
            let at = usize::try_from(clients.calls).unwrap() % reading.len();
            for (operation, args) in reading.iter().cycle().skip(at).take(4.min(reading.len())) {
                clients.call(ways.next().unwrap(), operation, args).await;
            }
        }
        mirror.restore();
        clients.sent_only_where_they_may(&mirror, &canaries, &format!("{kind:?}"));
    }
    let mut ways = Way::ALL.into_iter().cycle();
    for status in [400, 401, 403, 404, 422] {
        for body in [json!({"error": all}).to_string(), all.clone()] {
            mirror.refuse(status, body);
            for (operation, args) in &operations {
                clients.call(ways.next().unwrap(), operation, args).await;
            }
        }
    }
    mirror.restore();
    clients.sent_only_where_they_may(&mirror, &canaries, "after refusals");
    println!("{} calls over HTTP with a token in an answer of the Hub", clients.calls);
    clients.nor_anywhere_else(&canaries).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_that_is_followed_over_http_brings_a_token_out() {
    let (mirror, canaries) = (Mirror::new().await, Canaries::new());
    let (mut clients, ..) = clients(&mirror, &canaries).await;
    let door = clients.http.token.clone().unwrap();
    let followed = json!({"job_id": JOB, "wait": "1s"});
    let submitted = json!({"command": ["true"], "wait": "1s", "secrets": {"HF_TOKEN": "$HF_TOKEN"}});
    let mut shown = 0;
    for secret in [&canaries.token, &canaries.value, &door] {
        for text in forms(secret) {
            let line = json!({"data": format!("a {text} b"), "timestamp": "2026-11-23T10:00:06.000Z"});
            mirror.chunks(vec![format!("data: {line}\n\n").into_bytes()]);
            for way in Way::ALL {
                for (operation, args) in [("run", &submitted), ("logs", &followed)] {
                    let answer = clients.call(way, operation, args.as_object().unwrap()).await;
                    assert!(answer.text.contains("[redacted]"), "{way:?}: {}", answer.text);
                    shown += 1;
                }
            }
        }
    }
    // Of a submission the first notes are its stages.
    assert!(clients.notes > shown / 4, "{} notes in {shown} calls", clients.notes);
    mirror.restore();
    clients.sent_only_where_they_may(&mirror, &canaries, "after logs");
    println!("{shown} calls over HTTP with a token in a log, and {} notes of it", clients.notes);
    clients.nor_anywhere_else(&canaries).await;
}

//! One JSON answer, collected from a stream of events, for clients that take no stream.

use axum::body::{Body, BodyDataStream};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::super::line::Envelope;

/// The longest message that is collected: an answer is bounded far below.
const MESSAGE_MAX_BYTES: usize = 16 * 1024 * 1024;
/// JSON-RPC 2.0, section 5.1.
const METHOD_NOT_FOUND: i32 = -32601;

/// A message of the server that its client must see.
#[derive(Debug, PartialEq)]
pub(super) enum Collected {
    /// The answer, as JSON.
    Answer(Bytes),
    /// A request of the server's, as the answer of a client that declines it.
    Declined(Value),
}

/// The messages on a stream of events, without notifications.
pub(super) struct Messages {
    chunks: BodyDataStream,
    buffer: BytesMut,
}

impl Messages {
    pub(super) fn of(body: Body) -> Self {
        Self { chunks: body.into_data_stream(), buffer: BytesMut::new() }
    }

    /// The next message. Read until there is none: a stream that is dropped earlier counts as left by its client.
    pub(super) async fn next(&mut self) -> Option<Collected> {
        loop {
            while let Some(end) = memchr::memchr(b'\n', &self.buffer) {
                let line = self.buffer.split_to(end + 1).freeze();
                // A message is one line: its JSON has no line ends.
                let Some(data) = line.strip_prefix(b"data:") else { continue };
                let Ok(message) = serde_json::from_slice::<Envelope>(data) else { continue };
                match (message.method, message.id) {
                    (None, _) => return Some(Collected::Answer(line.slice_ref(data.trim_ascii()))),
                    (Some(method), Some(id)) => return Some(Collected::Declined(declined(&method, &id))),
                    (Some(_), None) => {}
                }
            }
            if self.buffer.len() > MESSAGE_MAX_BYTES {
                return None;
            }
            self.buffer.extend_from_slice(&self.chunks.next().await?.ok()?);
        }
    }
}

/// The answer of a client that shows its user nothing: the call goes on without.
fn declined(method: &str, id: &Value) -> Value {
    match method {
        "ping" => json!({"jsonrpc": "2.0", "id": id, "result": {}}),
        "elicitation/create" => json!({"jsonrpc": "2.0", "id": id, "result": {"action": "decline"}}),
        _ => json!({"jsonrpc": "2.0", "id": id, "error": {
            "code": METHOD_NOT_FOUND, "message": "the client takes one JSON answer and no requests",
        }}),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    async fn collected(chunks: &[&str]) -> (Option<String>, Vec<Value>) {
        let chunks: Vec<Result<String, std::io::Error>> = chunks.iter().map(|chunk| Ok((*chunk).to_owned())).collect();
        let mut messages = Messages::of(Body::from_stream(stream::iter(chunks)));
        let (mut answer, mut answers) = (None, Vec::new());
        while let Some(message) = messages.next().await {
            match message {
                Collected::Answer(bytes) => answer = Some(String::from_utf8(bytes.to_vec()).unwrap()),
                Collected::Declined(declined) => answers.push(declined),
            }
        }
        (answer, answers)
    }

    #[tokio::test]
    async fn the_answer_is_taken_from_any_stream() {
        let answer = r#"{"jsonrpc":"2.0","id":7,"result":{"text":"grüße"}}"#;
        let progress = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"id":1}}"#;
        let text = format!("retry: 1000\nid: 0/0\ndata: \n\n: ping\n\ndata: {progress}\n\nid: 1\ndata: {answer}\n\n");
        for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
            let (left, right) = text.split_at(at);
            assert_eq!(collected(&[left, right]).await, (Some(answer.to_owned()), vec![]), "split at {at}");
        }
        let error = r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32602,"message":"no"}}"#;
        assert_eq!(collected(&["data:", error, "\n\n"]).await.0.as_deref(), Some(error));
        assert_eq!(collected(&["data: ", progress, "\n\n"]).await.0, None);
        assert_eq!(collected(&[]).await.0, None);
    }

    #[tokio::test]
    async fn questions_are_declined() {
        let question = |id: u64, method: &str| {
            format!("data: {}\n\n", json!({"jsonrpc": "2.0", "id": id, "method": method, "params": {}}))
        };
        let (asked, pinged, listed) =
            (question(1, "elicitation/create"), question(2, "ping"), question(3, "roots/list"));
        let answer = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
        let (collected, answers) = collected(&[&asked, &pinged, &listed, "data: ", answer, "\n\n"]).await;
        assert_eq!(collected.as_deref(), Some(answer));
        assert_eq!(answers[0], json!({"jsonrpc": "2.0", "id": 1, "result": {"action": "decline"}}));
        assert_eq!(answers[1], json!({"jsonrpc": "2.0", "id": 2, "result": {}}));
        assert_eq!((&answers[2]["id"], &answers[2]["error"]["code"]), (&json!(3), &json!(METHOD_NOT_FOUND)));
    }

    #[tokio::test]
    async fn a_message_without_end_is_given_up() {
        let chunk = "x".repeat(1024 * 1024);
        let mut chunks = vec!["data: "];
        chunks.resize(20, &chunk);
        assert_eq!(collected(&chunks).await.0, None);
    }
}

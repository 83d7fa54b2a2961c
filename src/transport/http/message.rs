//! A request's body: read within bounds, JSON by its own account, an object.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use rmcp::model::{ClientJsonRpcMessage, ClientRequest};

use serde_json::Value;

use super::super::line::{Envelope, Skimmer};
use super::super::unreadable::trimmed;
use super::refusal::{Refusal, Refused};

/// The most of a body, in bytes: a script of some hundred KiB fits, and more can't be packed into a job's command.
pub const BODY_MAX_BYTES: usize = 1024 * 1024;
/// How much of a body that is too large is still read before it is refused: a client that is still sending does not see the answer.
const SKIMMED_MAX_BYTES: usize = 8 * BODY_MAX_BYTES;

/// How many bytes of a refused body are searched for its id: clients write the id first.
const REFUSED_MAX_BYTES: usize = 64 * 1024;
/// How long such a body is waited for: its client has no access.
const REFUSED_WITHIN: Duration = Duration::from_secs(1);

/// A message, not yet understood.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) head: Parts,
    pub(super) bytes: Bytes,
    /// What it says that it is.
    pub(super) envelope: Envelope,
}

impl Message {
    /// Reads a request, whose body is waited for that long.
    pub(super) async fn read(request: Request, patience: Duration) -> Result<Self, Refused> {
        let (head, body) = request.into_parts();
        if !is_json(&head.headers) {
            return Err(Refusal::MediaType.of(id_in(body).await));
        }
        let bytes = tokio::time::timeout(patience, bounded(&head.headers, body)).await.map_err(|_| Refusal::Slow)??;
        let bytes = bytes.slice_ref(trimmed(&bytes));
        let envelope = serde_json::from_slice(&bytes).map_err(|_| Refusal::unreadable(&bytes))?;
        Ok(Self { head, bytes, envelope })
    }

    /// The request again.
    pub(super) fn into_request(self) -> Request {
        Request::from_parts(self.head, Body::from(self.bytes))
    }

    /// Whether it opens a session. rmcp refuses an `initialize` whose parameters it can't read, by a text without an id; as
    /// a message without a session, it gets an answer.
    pub(super) fn initializes(&self) -> bool {
        let Ok(ClientJsonRpcMessage::Request(request)) = serde_json::from_slice(&self.bytes) else { return false };
        matches!(request.request, ClientRequest::InitializeRequest(_))
    }

    pub(super) fn is(&self, method: &str) -> bool {
        self.envelope.method.as_deref() == Some(method)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// The id of a request that is refused unread, where it can be seen soon.
pub(super) async fn id_in(body: Body) -> Option<Value> {
    let mut skimmer = Skimmer::default();
    let skimming = async {
        let (mut chunks, mut length) = (body.into_data_stream(), 0_usize);
        while length < SKIMMED_MAX_BYTES
            && let Some(Ok(chunk)) = chunks.next().await
        {
            let left = REFUSED_MAX_BYTES.saturating_sub(length);
            skimmer.feed(chunk.get(..left).unwrap_or(&chunk));
            length = length.saturating_add(chunk.len());
        }
    };
    tokio::time::timeout(REFUSED_WITHIN, skimming).await.ok();
    skimmer.envelope.id
}

async fn bounded(headers: &HeaderMap, body: Body) -> Result<Bytes, Refused> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let mut bytes = BytesMut::with_capacity(announced.unwrap_or_default().min(BODY_MAX_BYTES));
    let mut length: usize = 0;
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        // The client is gone, or its framing is broken: hyper ends the connection.
        let chunk = chunk.map_err(|_| Refusal::unreadable(&bytes))?;
        length = length.saturating_add(chunk.len());
        if length > SKIMMED_MAX_BYTES {
            break;
        }
        if length <= BODY_MAX_BYTES {
            bytes.extend_from_slice(&chunk);
        }
    }
    if length > BODY_MAX_BYTES {
        return Err(Refusal::TooLarge { limit: BODY_MAX_BYTES }.of(Envelope::skimmed(&bytes).id));
    }
    Ok(bytes.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Unreadable;

    async fn read(media_type: &str, body: impl Into<Body>) -> Result<Envelope, Refused> {
        let request = Request::builder().header(CONTENT_TYPE, media_type).body(body.into()).unwrap();
        Message::read(request, Duration::from_secs(1)).await.map(|message| message.envelope)
    }

    #[tokio::test]
    async fn a_body_is_read_within_bounds() {
        let call = r#"{"jsonrpc": "2.0", "method": "tools/call", "id": 7, "params": {"id": 8}}"#;
        let expected = Envelope { id: Some(7.into()), method: Some("tools/call".to_owned()) };
        assert_eq!(read("application/json", call).await, Ok(expected.clone()));
        assert_eq!(read("Application/JSON; charset=utf-8", call).await, Ok(expected));
        assert_eq!(read("application/json", "{}").await, Ok(Envelope::default()));
        assert_eq!(read("application/json", "\u{feff}{}\r\n").await, Ok(Envelope::default()));
        assert_eq!(read("text/plain", call).await, Err(Refusal::MediaType.of(Some(7.into()))));
        for text in ["", "{", "nonsense", "{}{}"] {
            let refused = read("application/json", text).await.unwrap_err();
            assert_eq!(refused, Refusal::unreadable(text.as_bytes()), "{text}");
        }
        for (text, why) in
            [("[]", Unreadable::Batch), ("7", Unreadable::NotAMessage), (r#"{"method": 7}"#, Unreadable::NotAMessage)]
        {
            assert_eq!(read("application/json", text).await, Err(Refusal::Unreadable(why).into()), "{text}");
        }
        let just = format!("{{{}}}", " ".repeat(BODY_MAX_BYTES - 2));
        assert!(read("application/json", just.clone()).await.is_ok());
        for text in [format!("{just} "), " ".repeat(SKIMMED_MAX_BYTES + 1)] {
            assert_eq!(read("application/json", text).await, Err(Refusal::TooLarge { limit: BODY_MAX_BYTES }.into()));
        }
    }
}

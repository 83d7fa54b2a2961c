//! What reached the Hub, for tests that ask.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use axum::http::request::Parts;
use serde_json::Value;
use url::form_urlencoded;

/// The most requests that are remembered; beyond it the oldest goes.
const MAX_REQUESTS: usize = 1000;

/// A request as it came, its token included: recorded only where [`super::LocalHubConfig::record`] asks for it.
#[derive(Debug, Clone)]
pub struct RecordedRequest {
    /// The method, in capitals.
    pub method: String,
    /// The path as it was sent, still percent-encoded.
    pub path: String,
    /// The query, decoded, in its order.
    pub query: Vec<(String, String)>,
    /// The headers by their names in lower case; the values of a repeated one are joined by `, `.
    pub headers: BTreeMap<String, String>,
    /// The body: null if there was none, a string if it was no JSON.
    pub body: Value,
    /// The paths of body fields that the Hub does not know, and so drops without a word.
    pub dropped: Vec<String>,
}

/// The fields that an answer's request had in vain, carried by the answer to where it is recorded.
#[derive(Clone)]
pub(super) struct Dropped(pub(super) Vec<String>);

/// The requests so far.
#[derive(Default)]
pub(super) struct Record(Mutex<State>);

#[derive(Default)]
struct State {
    requests: VecDeque<RecordedRequest>,
    /// How many have been forgotten.
    gone: usize,
}

impl Record {
    /// Remembers a request before it is answered; returns its number.
    pub(super) fn add(&self, parts: &Parts, body: &Bytes) -> usize {
        let mut headers: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in &parts.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            let entry = headers.entry(name.as_str().to_owned());
            entry.and_modify(|joined| *joined = format!("{joined}, {value}")).or_insert_with(|| value.into_owned());
        }
        let body = match serde_json::from_slice(body) {
            _ if body.is_empty() => Value::Null,
            Ok(body) => body,
            Err(_) => Value::String(String::from_utf8_lossy(body).into_owned()),
        };
        let request = RecordedRequest {
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: query(parts.uri.query()),
            headers,
            body,
            dropped: Vec::new(),
        };
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.requests.len() >= MAX_REQUESTS {
            state.requests.pop_front();
            state.gone += 1;
        }
        state.requests.push_back(request);
        state.gone + state.requests.len() - 1
    }

    /// Notes what was dropped of the request with that number.
    pub(super) fn dropped(&self, number: usize, dropped: Vec<String>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = number.checked_sub(state.gone);
        if let Some(request) = index.and_then(|index| state.requests.get_mut(index)) {
            request.dropped = dropped;
        }
    }

    pub(super) fn all(&self) -> Vec<RecordedRequest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).requests.iter().cloned().collect()
    }
}

/// A query's parameters, decoded.
pub(super) fn query(text: Option<&str>) -> Vec<(String, String)> {
    form_urlencoded::parse(text.unwrap_or_default().as_bytes()).into_owned().collect()
}

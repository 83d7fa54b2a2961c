//! The routes of a namespace's jobs.

use std::sync::{Arc, PoisonError};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::LINK;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::IntoResponse as _;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{Answer, answer};
use crate::local_hub::Hub;
use crate::local_hub::door::{self, Caller};
use crate::local_hub::job::{Origin, Stage};
use crate::local_hub::record::query;
use crate::local_hub::register::Filter;
use crate::local_hub::reply::Refusal;
use crate::local_hub::spec::{JobSpec, Pattern};

/// The longest cursor, in bytes.
const MAX_CURSOR: usize = 2048;

pub(super) async fn create(
    State(hub): State<Arc<Hub>>,
    caller: Caller,
    Path(namespace): Path<String>,
    body: Bytes,
) -> Answer {
    caller.may_write(&namespace)?;
    Ok(answer(&body, JobSpec::read, |spec| {
        let origin = origin(&caller, &namespace)?;
        Ok(hub.submit(namespace, origin, Arc::new(spec))?.json())
    }))
}

/// Where a job comes from that the caller starts, which takes credit.
pub(super) fn origin(caller: &Caller, namespace: &str) -> Result<Origin, Refusal> {
    let account = caller.account();
    if !account.has_credit {
        return Err(Refusal::NoCredit);
    }
    Ok(Origin {
        owner: account.owner(namespace),
        created_by: json!({"id": account.id(), "name": account.name}),
        initiator: account.owner(&account.name),
        token: account.token_json(),
    })
}

pub(super) async fn list(
    State(hub): State<Arc<Hub>>,
    caller: Caller,
    Path(namespace): Path<String>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
) -> Answer {
    caller.may_read(&namespace)?;
    let query = query(raw.as_deref());
    let filter = filter(&namespace, &query)?;
    let from = match query.iter().find(|(name, _)| name == "cursor") {
        Some((_, cursor)) => Some(read_cursor(cursor)?),
        None => None,
    };
    let page = hub.jobs.lock().unwrap_or_else(PoisonError::into_inner).page(&filter, from, hub.page_size);
    let jobs: Value = page.jobs.iter().map(|job| job.json()).collect();
    let mut response = Json(jobs).into_response();
    if let (Some(next), Some(host)) = (page.next, door::host(&headers)) {
        let kept = query.iter().filter(|(name, _)| name != "cursor");
        let parameters = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(kept)
            .append_pair("cursor", &write_cursor(next))
            .finish();
        // The caller's own name for this host, so that the link leads through a proxy that the request came through.
        let link = format!("<http://{host}/api/jobs/{namespace}?{parameters}>; rel=\"next\"");
        if let Ok(link) = HeaderValue::try_from(link) {
            response.headers_mut().insert(LINK, link);
        }
    }
    Ok(response)
}

pub(super) async fn count(
    State(hub): State<Arc<Hub>>,
    caller: Caller,
    Path(namespace): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    caller.may_read(&namespace)?;
    let mut query = query(raw.as_deref());
    query.retain(|(name, _)| name == "stage");
    let filter = filter(&namespace, &query)?;
    let count = hub.jobs.lock().unwrap_or_else(PoisonError::into_inner).count(&filter);
    Ok(Json(json!({"count": count})).into_response())
}

fn filter<'a>(namespace: &'a str, query: &'a [(String, String)]) -> Result<Filter<'a>, Refusal> {
    let mut filter = Filter { namespace, stages: Vec::new(), labels: Vec::new() };
    for (name, value) in query {
        match name.as_str() {
            "stage" => match Stage::parse(value) {
                Some(stage) => filter.stages.push(stage),
                None => return Err(Refusal::Invalid("stage: not a stage of jobs".to_owned())),
            },
            "label" => filter.labels.push(label(value)?),
            _ => {}
        }
    }
    Ok(filter)
}

/// Reads a label to filter by.
pub(super) fn label(text: &str) -> Result<(&str, &str), Refusal> {
    let label = text.split_once('=');
    let valid = label.filter(|(key, value)| (Pattern::LABEL_KEY.holds)(key) && (Pattern::LABEL_VALUE.holds)(value));
    valid.ok_or_else(|| Refusal::Invalid("label: must match ^[a-zA-Z0-9._-]+=[a-zA-Z0-9._-]*$".to_owned()))
}

/// A cursor is opaque to callers: a job's number in hexadecimal.
fn write_cursor(number: u64) -> String {
    format!("{number:016x}")
}

fn read_cursor(cursor: &str) -> Result<u64, Refusal> {
    let number = if cursor.len() <= MAX_CURSOR { u64::from_str_radix(cursor, 16).ok() } else { None };
    number.ok_or_else(|| Refusal::Invalid("cursor: invalid".to_owned()))
}

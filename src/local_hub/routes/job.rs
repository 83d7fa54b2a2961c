//! The routes of one job.

use std::sync::{Arc, PoisonError};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderName;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse as _;

use serde_json::json;

use super::{Answer, answer, jobs};
use crate::local_hub::door::Caller;
use crate::local_hub::job::{Job, Origin, Stage};
use crate::local_hub::record::query;
use crate::local_hub::reply::Refusal;
use crate::local_hub::spec::{read_expose, read_labels};
use crate::local_hub::{Hub, metrics, stream};

/// The headers of a stream of events.
const EVENTS: [(HeaderName, &str); 2] = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-cache")];

pub(super) async fn inspect(State(hub): State<Arc<Hub>>, caller: Caller, Path(path): Path<(String, String)>) -> Answer {
    Ok(Json(find(&hub, &caller, &path)?.json()).into_response())
}

/// Ends a job and answers once it has ended. One that is over stays as it is.
pub(super) async fn cancel(State(hub): State<Arc<Hub>>, caller: Caller, Path(path): Path<(String, String)>) -> Answer {
    let job = find(&hub, &caller, &path)?;
    caller.may_write(&job.namespace)?;
    job.cancel.cancel();
    job.over().await;
    Ok(Json(job.json()).into_response())
}

/// Starts a new job that is asked the same, secrets included.
pub(super) async fn duplicate(
    State(hub): State<Arc<Hub>>,
    caller: Caller,
    Path(path): Path<(String, String)>,
) -> Answer {
    let job = find(&hub, &caller, &path)?;
    caller.may_write(&job.namespace)?;
    let initiator = json!({"type": "duplicated-job", "id": job.id});
    let origin = Origin { initiator, ..jobs::origin(&caller, &job.namespace)? };
    Ok(Json(hub.submit(job.namespace.clone(), origin, job.spec())?.json()).into_response())
}

pub(super) async fn labels(
    State(hub): State<Arc<Hub>>,
    caller: Caller,
    Path(path): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    let job = find(&hub, &caller, &path)?;
    caller.may_write(&job.namespace)?;
    Ok(answer(&body, read_labels, |labels| {
        job.change(|spec| spec.labels = labels);
        Ok(job.json())
    }))
}

/// Says which ports are exposed from now on. Nothing else is to be done: the job listens on this machine.
pub(super) async fn expose(
    State(hub): State<Arc<Hub>>,
    caller: Caller,
    Path(path): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    let job = find(&hub, &caller, &path)?;
    caller.may_write(&job.namespace)?;
    Ok(answer(&body, read_expose, |expose| {
        if job.stage() != Stage::Running {
            return Err(Refusal::NotRunning);
        }
        job.change(|spec| spec.expose = expose);
        Ok(job.json())
    }))
}

pub(super) async fn logs(
    State(hub): State<Arc<Hub>>,
    caller: Caller,
    Path(path): Path<(String, String)>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let job = find(&hub, &caller, &path)?;
    let tail = match query(raw.as_deref()).iter().find(|(name, _)| name == "tail") {
        Some((_, count)) => {
            Some(count.parse().map_err(|_| Refusal::Invalid("tail: expected an integer of at least 0".to_owned()))?)
        }
        None => None,
    };
    Ok((EVENTS, stream::body(Arc::clone(&job.log), tail, hub.keep_alive, hub.stop.clone())).into_response())
}

pub(super) async fn metrics(State(hub): State<Arc<Hub>>, caller: Caller, Path(path): Path<(String, String)>) -> Answer {
    let job = find(&hub, &caller, &path)?;
    if job.stage().is_final() {
        return Err(Refusal::Over);
    }
    Ok((EVENTS, metrics::body(job, hub.keep_alive, hub.stop.clone()).await).into_response())
}

/// A job that the caller may see; whatever else is there is not found.
pub(super) fn find(hub: &Hub, caller: &Caller, (namespace, id): &(String, String)) -> Result<Arc<Job>, Refusal> {
    let found = hub.jobs.lock().unwrap_or_else(PoisonError::into_inner).find(namespace, id);
    let job = found.ok_or(Refusal::NoJob)?;
    caller.may_read(namespace).map_err(|_| Refusal::NoJob)?;
    Ok(job)
}

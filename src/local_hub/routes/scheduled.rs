//! The routes of scheduled jobs.

use std::sync::{Arc, MutexGuard, PoisonError};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse as _;

use super::{Answer, answer, jobs};
use crate::local_hub::Hub;
use crate::local_hub::door::Caller;
use crate::local_hub::record::query;
use crate::local_hub::reply::Refusal;
use crate::local_hub::spec::{Plan, read_labels, read_schedule};
use crate::local_hub::timetable::{ScheduledJob, Timetable};

pub(super) async fn create(
    State(hub): State<Arc<Hub>>,
    caller: Caller,
    Path(namespace): Path<String>,
    body: Bytes,
) -> Answer {
    caller.may_write(&namespace)?;
    Ok(answer(&body, Plan::read, |plan| {
        let origin = jobs::origin(&caller, &namespace)?;
        let job = ScheduledJob::new(hub.fresh_id(), namespace, origin, plan)?;
        let shown = job.json();
        timetable(&hub).add(job)?;
        hub.rescheduled.notify_one();
        Ok(shown)
    }))
}

pub(super) async fn list(
    State(hub): State<Arc<Hub>>,
    caller: Caller,
    Path(namespace): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    caller.may_read(&namespace)?;
    let query = query(raw.as_deref());
    let mut labels = query.iter().filter(|(name, _)| name == "label").map(|(_, label)| jobs::label(label));
    let label = labels.next().transpose()?;
    if labels.next().is_some() {
        return Err(Refusal::Invalid("label: expected one".to_owned()));
    }
    Ok(Json(timetable(&hub).list(&namespace, label)).into_response())
}

pub(super) async fn inspect(State(hub): State<Arc<Hub>>, caller: Caller, Path(path): Path<(String, String)>) -> Answer {
    let (namespace, id) = &path;
    let mut timetable = timetable(&hub);
    let job = timetable.find(namespace, id)?;
    caller.may_read(namespace).map_err(|_| Refusal::NoScheduledJob)?;
    Ok(Json(job.json()).into_response())
}

pub(super) async fn delete(State(hub): State<Arc<Hub>>, caller: Caller, Path(path): Path<(String, String)>) -> Answer {
    let (namespace, id) = &path;
    edit(&hub, &caller, &path, |_| Ok(()))?;
    timetable(&hub).remove(namespace, id);
    Ok(().into_response())
}

pub(super) async fn suspend(State(hub): State<Arc<Hub>>, caller: Caller, Path(path): Path<(String, String)>) -> Answer {
    edit(&hub, &caller, &path, |job| {
        job.suspend(true);
        Ok(())
    })?;
    Ok("OK".into_response())
}

pub(super) async fn resume(State(hub): State<Arc<Hub>>, caller: Caller, Path(path): Path<(String, String)>) -> Answer {
    edit(&hub, &caller, &path, |job| {
        job.suspend(false);
        Ok(())
    })?;
    Ok("OK".into_response())
}

/// Starts one of its jobs now, suspended or not.
pub(super) async fn run(State(hub): State<Arc<Hub>>, caller: Caller, Path(path): Path<(String, String)>) -> Answer {
    let job =
        edit(
            &hub,
            &caller,
            &path,
            |job| {
                if caller.account().has_credit { job.start(&hub) } else { Err(Refusal::NoCredit) }
            },
        )?;
    Ok(Json(job.json()).into_response())
}

pub(super) async fn schedule(
    State(hub): State<Arc<Hub>>,
    caller: Caller,
    Path(path): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    edit(&hub, &caller, &path, |job| {
        let answer = answer(&body, read_schedule, |schedule| {
            job.reschedule(schedule)?;
            Ok(job.json())
        });
        hub.rescheduled.notify_one();
        Ok(answer)
    })
}

pub(super) async fn labels(
    State(hub): State<Arc<Hub>>,
    caller: Caller,
    Path(path): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    edit(&hub, &caller, &path, |job| {
        Ok(answer(&body, read_labels, |labels| {
            job.change(|spec| spec.labels = labels);
            Ok(job.json())
        }))
    })
}

fn timetable(hub: &Hub) -> MutexGuard<'_, Timetable> {
    hub.timetable.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does something to a scheduled job that the caller may change; one that it may not even see is not found.
fn edit<T>(
    hub: &Hub,
    caller: &Caller,
    (namespace, id): &(String, String),
    edit: impl FnOnce(&mut ScheduledJob) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let mut timetable = timetable(hub);
    let job = timetable.find(namespace, id)?;
    caller.may_read(namespace).map_err(|_| Refusal::NoScheduledJob)?;
    caller.may_write(namespace)?;
    edit(job)
}

//! Scheduled jobs as answers.

use serde_json::{Map, Value, json};

use super::super::answer::ScheduledAnswer;
use super::super::form::says_nothing;
use super::{Page, counted, job, minute};
use crate::hub::ScheduledJob;
use crate::operations::ScheduledListing;
use crate::secrets::{Clean, Scrubber};

/// The most of a command that a row shows.
const COMMAND_IN_ROW: usize = 30;
/// The most of a command that a scheduled job in a list has.
const COMMAND_IN_LIST: usize = 60;
/// The longest row, in characters. What is cut is its end: schedules and the Hub's reasons have no bound of their own here.
const ROW: usize = 149;
/// The most of a command that a full answer shows, in characters.
const COMMAND_IN_FULL: usize = 2000;

/// All that is known of it.
pub(super) fn full(job: &ScheduledJob, scrubber: &Scrubber) -> ScheduledAnswer {
    ScheduledAnswer { job: described(job, scrubber), ..brief(job, scrubber) }
}

/// In a list.
fn brief(job: &ScheduledJob, scrubber: &Scrubber) -> ScheduledAnswer {
    let fields = [
        ("name", json!(job.spec.name())),
        ("flavor", json!(job.spec.flavor)),
        ("command", json!(job::command(&job.spec, COMMAND_IN_LIST, scrubber))),
    ];
    ScheduledAnswer {
        scheduled_job_id: job.id.to_string(),
        namespace: job.namespace.clone(),
        schedule: job.schedule.clone(),
        suspended: job.suspended,
        concurrency: job.concurrency,
        next_run: job.next_run.clone(),
        last_job_id: job.last_job.as_ref().map(|(id, _)| id.clone()),
        last_run: job.last_job.as_ref().and_then(|(_, at)| at.clone()),
        job: fields.into_iter().filter(|(_, v)| !v.is_null()).map(|(name, v)| (name.to_owned(), v)).collect(),
    }
}

/// The job that is started, under the names of the arguments that made it.
fn described(job: &ScheduledJob, scrubber: &Scrubber) -> Map<String, Value> {
    let spec = &job.spec;
    let map = |pairs: &[(Clean, Clean)]| -> Value {
        pairs.iter().map(|(name, value)| (name.to_string(), json!(value))).collect::<Map<String, Value>>().into()
    };
    let fields = [
        ("image", json!(spec.image)),
        ("command", json!(job::command(spec, COMMAND_IN_FULL, scrubber))),
        ("flavor", json!(spec.flavor)),
        ("timeout_seconds", json!(spec.timeout)),
        ("env", map(&spec.env)),
        ("secrets", json!(spec.secrets)),
        ("labels", map(&spec.labels)),
        ("volumes", json!(spec.volumes)),
    ];
    // An answer says that there are no secrets and no variables.
    let is_said =
        |name: &str, value: &Value| !value.is_null() && (["env", "secrets"].contains(&name) || !says_nothing(value));
    fields
        .into_iter()
        .filter(|(name, value)| is_said(name, value))
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// How it stands: `next at …`, or suspended.
pub(super) fn standing(job: &ScheduledJob) -> String {
    if job.suspended {
        let reason = job.suspend_reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        return format!("suspended{reason}");
    }
    match &job.next_run {
        Some(next) => format!("next {}", minute(next)),
        None => "next unknown".to_owned(),
    }
}

pub(super) fn listed(page: &mut Page<'_>, listing: &ScheduledListing) {
    let ScheduledListing { namespace, jobs, hidden, unreadable } = listing;
    if jobs.is_empty() {
        page.line(&format!("no scheduled jobs in namespace `{namespace}`"));
    } else {
        page.line(&format!(
            "{} in namespace `{namespace}`: id, schedule in UTC, next run, last run, flavor, name, command",
            counted(jobs.len(), "scheduled job")
        ));
    }
    for job in jobs {
        let last = job.last_job.as_ref().map_or_else(
            || "never".to_owned(),
            |(_, at)| at.as_ref().map_or_else(|| "at an unknown time".to_owned(), |at| minute(at)),
        );
        let name = job::cut(job.spec.name().map_or("-", Clean::as_str), job::NAME_IN_ROW);
        let command =
            job::command(&job.spec, COMMAND_IN_ROW, page.scrubber).map(Clean::into_string).unwrap_or_default();
        let line =
            format!("{} `{}` {} last {last} {} {name} {command}", job.id, job.schedule, standing(job), job.spec.flavor);
        page.line(&job::cut(&line, ROW));
    }
    if *hidden > 0 {
        page.line(&format!("{} hidden: pass \"all\": true", counted(*hidden, "suspended one")));
    }
    page.unreadable(*unreadable);
    page.answer.scheduled_jobs = Some(jobs.iter().map(|job| brief(job, page.scrubber)).collect());
}

pub(super) fn shown(page: &mut Page<'_>, mut job: ScheduledJob) {
    let left_out = job::shorten(&job.id, &mut job.spec, 1);
    page.line(&format!(
        "scheduled job {} in namespace `{}`: `{}` in UTC, {}",
        job.id,
        job.namespace,
        job.schedule,
        standing(&job)
    ));
    let last = job.last_job.as_ref().map(|(id, at)| {
        let at = at.as_ref().map(|at| format!(" at {at}")).unwrap_or_default();
        format!("job {id}{at}")
    });
    let last = last.unwrap_or_default();
    let concurrency = if job.concurrency { "runs also beside an earlier one".to_owned() } else { String::new() };
    page.fields(&[("last run", last), ("concurrency", concurrency)]);
    job::spec(page, &job.spec);
    page.warn(left_out.as_slice());
    page.answer.scheduled_jobs = Some(vec![full(&job, page.scrubber)]);
}

pub(super) fn deleted(page: &mut Page<'_>, mut job: ScheduledJob) {
    let left_out = job::shorten(&job.id, &mut job.spec, 1);
    page.line(&format!(
        "deleted scheduled job {} (`{}`) of namespace `{}`; jobs that it started go on",
        job.id, job.schedule, job.namespace
    ));
    page.warn(left_out.as_slice());
    page.answer.scheduled_jobs = Some(vec![full(&job, page.scrubber)]);
}

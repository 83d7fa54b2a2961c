//! A submission as an answer: what runs where, who pays, how much at most, and what it printed so far.

use serde_json::json;

use super::super::answer::Cost;
use super::{Page, job, output, scheduled, span};
use crate::operations::{Made, Submission};
use crate::policy::{DEFAULT_TIMEOUT_SECONDS, MicroUsd};
use crate::secrets::Clean;
use crate::types::Size;

pub(super) fn submitted(page: &mut Page<'_>, submission: Submission) {
    let Submission {
        made,
        namespace,
        local,
        url,
        flavor,
        timeout,
        attempts,
        exposed,
        micro_usd_per_minute,
        local_script,
        from_script,
        script_note,
        next_run,
        request,
        followed,
        warnings,
    } = submission;
    head(page, made.as_ref(), &namespace, url.as_deref(), local);
    let timeout_text = match timeout {
        Some(timeout) => format!("timeout {}", span(timeout)),
        None => format!("no timeout given, so the Hub stops it after {}", span(DEFAULT_TIMEOUT_SECONDS)),
    };
    let cost = micro_usd_per_minute.map(|price| Cost {
        usd_per_hour: MicroUsd::per_hour(price).to_string(),
        usd_at_most: MicroUsd::at_most(price, timeout, attempts, exposed).to_string(),
    });
    let each = if next_run.is_some() { " each time" } else { "" };
    let price = match &cost {
        Some(cost) => format!(" at {} an hour, {} at most{each}", cost.usd_per_hour, cost.usd_at_most),
        None if local => " (this machine: nothing is billed)".to_owned(),
        None => " at an unknown price".to_owned(),
    };
    let attempts_text = if attempts > 1 { format!(", up to {attempts} attempts") } else { String::new() };
    page.line(&format!("flavor {flavor}{price}; {timeout_text}{attempts_text}"));
    if let (None, Some(next)) = (&made, &next_run) {
        page.line(&format!("first run: {next}"));
    }
    let secrets = match &made {
        Some(Made::Job(job)) => &job.spec.secrets[..],
        Some(Made::Scheduled(job)) => &job.spec.secrets[..],
        None => &[],
    };
    if !secrets.is_empty() {
        page.line(&format!("secrets: {}", secrets.iter().map(Clean::as_str).collect::<Vec<_>>().join(", ")));
    }
    if let Some((path, size)) = local_script {
        page.line(&format!("script: local file `{path}`, {}", Size::of(size)));
    }
    if !from_script.is_empty() {
        page.line(&format!("from the script's [tool.hf-jobs]: {}", from_script.join(", ")));
        page.answer.from_script = from_script;
    }
    if let Some(note) = script_note {
        page.line(note);
        page.answer.script_note = Some(note);
    }
    if let Some(request) = &request
        && let Ok(text) = serde_json::to_string(request)
    {
        page.line(&format!("request: {text}"));
    }
    page.warn(&warnings);
    page.answer.cost = cost;
    page.answer.timeout_seconds = Some(timeout.unwrap_or(DEFAULT_TIMEOUT_SECONDS));
    page.answer.timeout_is_default = Some(timeout.is_none());
    page.answer.request = request;
    match made {
        Some(Made::Job(mut job)) => {
            page.warn(job::shorten(&job.id, &mut job.spec, 1).as_slice());
            if let Some(followed) = &followed {
                output::output(page, followed, &output::View::default());
            } else {
                let id = json!(format!("{namespace}/{}", job.id));
                let call = page.next("logs", [("job_id", id), ("wait", json!("45s"))]);
                page.line(&format!("follow with {call}"));
            }
            page.answer.job = Some(job::full(&job, url, page.scrubber));
        }
        Some(Made::Scheduled(mut job)) => {
            page.warn(job::shorten(&job.id, &mut job.spec, 1).as_slice());
            page.answer.scheduled_jobs = Some(vec![scheduled::full(&job, page.scrubber)]);
        }
        None => {}
    }
}

/// The first lines: what was submitted, and to which namespace.
fn head(page: &mut Page<'_>, made: Option<&Made>, namespace: &Clean, url: Option<&str>, local: bool) {
    let pays = if local { "" } else { ", which pays" };
    match made {
        Some(Made::Job(job)) => {
            page.line(&format!("submitted job {} to namespace `{namespace}`{pays}: {}", job.id, job::stage(job)));
            if let Some(url) = url {
                page.line(url);
            }
        }
        Some(Made::Scheduled(job)) => page.line(&format!(
            "scheduled job {} in namespace `{namespace}`{pays}: `{}` in UTC, {}",
            job.id,
            job.schedule,
            scheduled::standing(job)
        )),
        None if local => page.line(&format!("dry run: nothing was sent; namespace `{namespace}`")),
        None => page.line(&format!("dry run: nothing was sent; namespace `{namespace}` would pay")),
    }
}

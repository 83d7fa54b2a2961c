//! A submission as an answer: what runs where, who pays, how much at most, and what it printed so far.

use super::super::answer::Cost;
use super::{Page, job, output, span};
use crate::operations::Submission;
use crate::policy::{DEFAULT_TIMEOUT_SECONDS, MicroUsd};
use crate::types::Size;

pub(super) fn submitted(page: &mut Page<'_>, submission: Submission) {
    let Submission {
        job,
        namespace,
        url,
        flavor,
        timeout,
        attempts,
        exposed,
        micro_usd_per_minute,
        local_script,
        request,
        followed,
        warnings,
    } = submission;
    match &job {
        Some(job) => {
            page.line(&format!("submitted job {} to namespace `{namespace}`, which pays: {}", job.id, job::stage(job)));
            if let Some(url) = &url {
                page.line(url);
            }
        }
        None => page.line(&format!("dry run: nothing was sent; namespace `{namespace}` would pay")),
    }
    let timeout_text = match timeout {
        Some(timeout) => format!("timeout {}", span(timeout)),
        None => format!("no timeout given, so the Hub stops it after {}", span(DEFAULT_TIMEOUT_SECONDS)),
    };
    let cost = micro_usd_per_minute.map(|price| Cost {
        usd_per_hour: MicroUsd::per_hour(price).to_string(),
        usd_at_most: MicroUsd::at_most(price, timeout, attempts, exposed).to_string(),
    });
    let price = cost
        .as_ref()
        .map(|cost| format!(" at {} an hour, {} at most", cost.usd_per_hour, cost.usd_at_most))
        .unwrap_or_default();
    let attempts_text = if attempts > 1 { format!(", up to {attempts} attempts") } else { String::new() };
    page.line(&format!("flavor {flavor}{price}; {timeout_text}{attempts_text}"));
    if let Some(job) = job.as_ref().filter(|job| !job.secrets.is_empty()) {
        let names: Vec<&str> = job.secrets.iter().map(crate::secrets::Clean::as_str).collect();
        page.line(&format!("secrets: {}", names.join(", ")));
    }
    if let Some((path, size)) = local_script {
        page.line(&format!("script: local file `{path}`, {}", Size::of(size)));
    }
    if let Some(request) = &request
        && let Ok(text) = serde_json::to_string(request)
    {
        page.line(&format!("request: {text}"));
    }
    if let Some(followed) = &followed {
        output::output(page, followed, false);
    } else if let Some(job) = &job {
        page.line(&format!(
            "follow with {{\"operation\": \"logs\", \"args\": {{\"job_id\": \"{namespace}/{}\", \"wait\": \"45s\"}}}}",
            job.id
        ));
    }
    page.warn(&warnings);
    page.answer.cost = cost;
    page.answer.request = request;
    page.answer.job = job.map(|job| job::full(&job, url, page.scrubber));
}

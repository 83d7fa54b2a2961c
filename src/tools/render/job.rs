//! Jobs as answers: a line each in lists, all that is known of them otherwise.

use std::collections::BTreeMap;

use super::super::answer::JobAnswer;
use super::{Page, counted, span};
use crate::hub::Job;
use crate::operations::{Cancelled, Each, Inspected, Listing, is_inline_script};
use crate::secrets::{Clean, Scrubber};
use crate::types::Size;

/// The most of a command that a job in a list has, in characters.
const COMMAND_IN_LIST: usize = 60;
/// The most of a command that a row of text shows: a row stays under 150 characters.
const COMMAND_IN_ROW: usize = 40;
/// The most of a name that a row of text shows.
const NAME_IN_ROW: usize = 28;
/// The most of a command that a full answer shows, in characters.
const COMMAND_IN_FULL: usize = 2000;

/// The first `max` characters.
fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    text.chars().take(max.saturating_sub(1)).chain(['…']).collect()
}

/// The command as people would type it; an inline script by its size.
pub(super) fn command(job: &Job, max: usize, scrubber: &Scrubber) -> Option<Clean> {
    let arguments: Vec<&str> = job.command.iter().map(Clean::as_str).collect();
    if arguments.is_empty() {
        return None;
    }
    let text = match is_inline_script(&arguments) {
        Some(script) => {
            let mut words = vec!["uv run".to_owned()];
            if !script.options.is_empty() {
                words.push(script.options.to_owned());
            }
            words.push(format!("<inline script, {}>", Size::of(script.size)));
            words.extend(script.arguments.iter().map(|argument| shell_words::quote(argument).into_owned()));
            words.join(" ")
        }
        None => shell_words::join(arguments),
    };
    Some(scrubber.clean_bounded(&text.replace('\n', "⏎"), max))
}

/// A job in a list.
fn brief(job: &Job, scrubber: &Scrubber) -> JobAnswer {
    JobAnswer {
        job_id: job.id.to_string(),
        namespace: job.namespace.clone(),
        stage: job.stage.as_str().to_owned(),
        flavor: job.flavor.clone(),
        url: None,
        name: job.name().cloned(),
        message: job.message.clone(),
        image: None,
        command: command(job, COMMAND_IN_LIST, scrubber),
        timeout_seconds: None,
        created_at: job.created_at.clone(),
        started_at: None,
        finished_at: None,
        run_seconds: job.running_seconds,
        env: None,
        secrets: None,
        labels: None,
        volumes: Vec::new(),
        expose_urls: Vec::new(),
        ssh_url: None,
    }
}

/// A job in full.
pub(super) fn full(job: &Job, url: Option<String>, scrubber: &Scrubber) -> JobAnswer {
    let map = |pairs: &[(Clean, Clean)]| -> Option<BTreeMap<String, Clean>> {
        (!pairs.is_empty()).then(|| pairs.iter().map(|(name, value)| (name.to_string(), value.clone())).collect())
    };
    JobAnswer {
        url,
        image: job.image.clone(),
        command: command(job, COMMAND_IN_FULL, scrubber),
        timeout_seconds: job.timeout,
        started_at: job.started_at.clone(),
        finished_at: job.finished_at.clone(),
        env: map(&job.env),
        secrets: (!job.secrets.is_empty()).then(|| job.secrets.clone()),
        labels: map(&job.labels),
        volumes: job.volumes.clone(),
        expose_urls: job.expose_urls.clone(),
        ssh_url: job.ssh_url.clone(),
        ..brief(job, scrubber)
    }
}

/// The stage, with what the Hub remarks on it.
pub(super) fn stage(job: &Job) -> String {
    let mut text = job.stage.as_str().to_owned();
    for remark in [&job.message, &job.cancel_reason].into_iter().flatten() {
        text.push_str(" (");
        text.push_str(remark);
        text.push(')');
    }
    text
}

pub(super) fn listed(page: &mut Page<'_>, listing: &Listing) {
    let Listing { namespace, jobs, more, total, active_only } = listing;
    let kind = if *active_only { "scheduling or running " } else { "" };
    if jobs.is_empty() {
        page.line(&format!("no {kind}jobs in namespace `{namespace}`"));
        if *active_only {
            page.line(&format!(
                "hint: {{\"operation\": \"ps\", \"args\": {{\"all\": true, \"namespace\": \"{namespace}\"}}}} shows those that are over, too"
            ));
        }
    } else {
        let count = match total {
            Some(total) => format!("{} of {total} {kind}jobs", jobs.len()),
            None => counted(jobs.len(), &format!("{kind}job")),
        };
        page.line(&format!("{count} in namespace `{namespace}`: id, stage, flavor, created, run time, name, command"));
    }
    for job in jobs {
        let line = row(job, page.scrubber);
        page.line(&line);
    }
    if *more {
        page.line("there are more: pass a larger `limit`, or `status`, `name` or `labels`");
    }
    page.answer.jobs = Some(jobs.iter().map(|job| brief(job, page.scrubber)).collect());
    page.answer.more = Some(*more);
    page.answer.total = *total;
}

fn row(job: &Job, scrubber: &Scrubber) -> String {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let created = job
        .created_at
        .as_ref()
        .map(|at| at.chars().take(16).map(|char| if char == 'T' { ' ' } else { char }).collect::<String>());
    format!(
        "{} {} {} {} {} {} {}",
        job.id,
        job.stage.as_str(),
        job.flavor,
        or_dash(created),
        or_dash(job.running_seconds.map(span)),
        or_dash(job.name().map(|name| cut(name, NAME_IN_ROW))),
        or_dash(command(job, COMMAND_IN_FULL, scrubber).map(|command| cut(&command, COMMAND_IN_ROW))),
    )
}

pub(super) fn inspected(page: &mut Page<'_>, inspected: Inspected) {
    let mut jobs = Vec::new();
    for Each { target, result } in inspected.jobs {
        match result {
            Ok((job, url)) => {
                describe(page, &job, &url);
                jobs.push(full(&job, Some(url), page.scrubber));
            }
            Err(error) => page.failed(&target, &error),
        }
    }
    page.answer.ok = !jobs.is_empty();
    page.answer.jobs = Some(jobs);
}

fn describe(page: &mut Page<'_>, job: &Job, url: &str) {
    page.line(&format!("job {} in namespace `{}`: {}", job.id, job.namespace, stage(job)));
    page.line(&format!("  page: {url}"));
    let list = |items: &[Clean]| items.iter().map(Clean::as_str).collect::<Vec<_>>().join(", ");
    let map = |pairs: &[(Clean, Clean)]| {
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
    };
    let times = [("created", &job.created_at), ("started", &job.started_at), ("finished", &job.finished_at)];
    let times: Vec<String> = times.iter().filter_map(|(name, at)| Some(format!("{name} {}", at.as_ref()?))).collect();
    let timeout = job.timeout.map(|timeout| format!(", timeout {}", span(timeout))).unwrap_or_default();
    let ran = job.running_seconds.map(|seconds| format!(", ran {}", span(seconds))).unwrap_or_default();
    let lines = [
        ("image", job.image.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("command", command(job, COMMAND_IN_FULL, page.scrubber).map(Clean::into_string).unwrap_or_default()),
        ("flavor", format!("{}{timeout}{ran}", job.flavor)),
        ("times", times.join(", ")),
        ("env", map(&job.env)),
        ("secrets", list(&job.secrets)),
        ("labels", map(&job.labels)),
        ("volumes", list(&job.volumes)),
        ("reachable at", list(&job.expose_urls)),
        ("ssh", job.ssh_url.as_ref().map(ToString::to_string).unwrap_or_default()),
    ];
    for (name, value) in lines.into_iter().filter(|(_, value)| !value.is_empty()) {
        page.line(&format!("  {name}: {value}"));
    }
}

pub(super) fn cancelled(page: &mut Page<'_>, cancelled: Cancelled) {
    let mut jobs = Vec::new();
    for Each { target, result } in cancelled.jobs {
        match result {
            Ok((job, was_over)) => {
                let before = if was_over { " already, nothing was cancelled" } else { "" };
                page.line(&format!("job {} in namespace `{}` is {}{before}", job.id, job.namespace, stage(&job)));
                jobs.push(brief(&job, page.scrubber));
            }
            Err(error) => page.failed(&target, &error),
        }
    }
    page.answer.ok = !jobs.is_empty();
    page.answer.jobs = Some(jobs);
}

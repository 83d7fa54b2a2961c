//! Jobs as answers: a line each in lists, all that is known of them otherwise.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde_json::json;

use super::super::answer::JobAnswer;
use super::{Page, counted, minute, span};
use crate::error::Warning;
use crate::hub::{Description, Job};
use crate::operations::{Cancelled, Each, Listing, Looked, Until, Waited, is_inline_script};
use crate::secrets::{Clean, Scrubber};
use crate::types::limits::LIMIT_MAX;
use crate::types::{Size, Stage};

/// The most of a command that a job in a list has, in characters.
const COMMAND_IN_LIST: usize = 60;
/// The most of a command that a row of text shows: a row stays under 150 characters.
const COMMAND_IN_ROW: usize = 40;
/// The most of a name that a row of text shows.
pub(super) const NAME_IN_ROW: usize = 28;
/// The most of a command that a full answer shows, in characters.
const COMMAND_IN_FULL: usize = 2000;

/// The most of the labels, secrets' names, mounts and environments that an answer shows, in characters, over all of its jobs: what a
/// model can read beside the rest of its conversation.
const ENTRIES_IN_ANSWER: usize = 24_000;
/// The most of the Hub's remark on a job that a list shows, in characters.
const MESSAGE_IN_LIST: usize = 200;

/// Leaves out what would make the answer too long, as one of so many jobs, and says so.
pub(super) fn shorten(id: &impl Display, spec: &mut Description, jobs: usize) -> Option<Warning> {
    let entries = spec.shorten(ENTRIES_IN_ANSWER.checked_div(jobs).unwrap_or(ENTRIES_IN_ANSWER));
    (entries > 0).then(|| Warning::LeftOut { job: id.to_string(), entries })
}

/// The first `max` characters.
pub(super) fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    text.chars().take(max.saturating_sub(1)).chain(['…']).collect()
}

/// The command as people would type it; an inline script by its size.
pub(super) fn command(spec: &Description, max: usize, scrubber: &Scrubber) -> Option<Clean> {
    let arguments: Vec<&str> = spec.command.iter().map(Clean::as_str).collect();
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

/// Whether a job succeeded: only `COMPLETED` is a success. `None`: the job has not finished.
pub(super) fn succeeded(stage: &Stage) -> Option<bool> {
    stage.is_terminal().then(|| *stage == Stage::Completed)
}

/// A job in a list.
fn brief(job: &Job, scrubber: &Scrubber) -> JobAnswer {
    JobAnswer {
        job_id: job.id.to_string(),
        namespace: job.namespace.clone(),
        stage: job.stage.as_str().to_owned(),
        flavor: job.spec.flavor.clone(),
        succeeded: succeeded(&job.stage),
        name: job.spec.name().cloned(),
        message: job.message.as_ref().map(|message| message.bounded(MESSAGE_IN_LIST)),
        command: command(&job.spec, COMMAND_IN_LIST, scrubber),
        timeout_seconds: job.spec.timeout,
        created_at: job.created_at.clone(),
        never_ran: job.never_ran(),
        run_seconds: job.running_seconds,
        ..JobAnswer::default()
    }
}

/// A job in full.
pub(super) fn full(job: &Job, url: Option<String>, scrubber: &Scrubber) -> JobAnswer {
    let spec = &job.spec;
    let map = |pairs: &[(Clean, Clean)]| -> BTreeMap<String, Clean> {
        pairs.iter().map(|(name, value)| (name.to_string(), value.clone())).collect()
    };
    JobAnswer {
        url,
        message: job.message.clone(),
        cancel_reason: job.cancel_reason.clone(),
        image: spec.image.clone(),
        command: command(spec, COMMAND_IN_FULL, scrubber),
        attempts: spec.attempts,
        started_at: job.started_at.clone(),
        finished_at: job.finished_at.clone(),
        scheduling_seconds: job.scheduling_seconds,
        env: Some(map(&spec.env)),
        secrets: Some(spec.secrets.clone()),
        labels: Some(map(&spec.labels)),
        volumes: spec.volumes.clone(),
        expose_urls: job.expose_urls.clone(),
        ssh_url: job.ssh_url.clone(),
        initiator: job.initiator.as_ref().map(|(kind, id)| scrubber.clean_line(&format!("{kind} {id}"))),
        ..brief(job, scrubber)
    }
}

/// What is said of a job that never ran.
pub(super) const NEVER_RAN: &str = "it never ran, and nothing was billed: a volume could not be mounted; check that every bucket or \
     repository in `volumes`, and the path within it, exists and is not empty";

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
    let Listing { namespace, jobs, more, total, active_only, unreadable } = listing;
    let kind = if *active_only { "scheduling or running " } else { "" };
    if jobs.is_empty() {
        page.line(&format!("no {kind}jobs in namespace `{namespace}`"));
        if *active_only {
            let call = page.next("ps", [("all", json!(true)), ("namespace", json!(namespace))]);
            page.line(&format!("hint: {call} shows those that are over, too"));
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
        let larger = if (jobs.len() as u64) < LIMIT_MAX { "a larger `limit`, or " } else { "" };
        page.line(&format!("there are more: pass {larger}`status`, `name` or `labels`"));
    }
    page.answer.jobs = Some(jobs.iter().map(|job| brief(job, page.scrubber)).collect());
    page.unreadable(*unreadable);
    page.answer.more = Some(*more);
    page.answer.total = *total;
}

fn row(job: &Job, scrubber: &Scrubber) -> String {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    format!(
        "{} {} {} {} {} {} {}",
        job.id,
        job.stage.as_str(),
        job.spec.flavor,
        or_dash(job.created_at.as_ref().map(|at| minute(at))),
        or_dash(job.running_seconds.map(span)),
        or_dash(job.spec.name().map(|name| cut(name, NAME_IN_ROW))),
        or_dash(command(&job.spec, COMMAND_IN_FULL, scrubber).map(|command| cut(&command, COMMAND_IN_ROW))),
    )
}

pub(super) fn inspected(page: &mut Page<'_>, looked: Vec<Each<Looked>>) {
    let jobs = looked.len();
    each(page, looked, |page, Looked { mut job, page: url, spent }| {
        let left_out = shorten(&job.id, &mut job.spec, jobs);
        let spent = spent.map(|spent| spent.to_string());
        page.line(&format!("job {} in namespace `{}`: {}", job.id, job.namespace, stage(&job)));
        page.fields(&[("page", url.clone().unwrap_or_default())]);
        describe(page, &job, spent.as_deref());
        page.warn(left_out.as_slice());
        JobAnswer { usd_so_far: spent, ..full(&job, url, page.scrubber) }
    });
}

/// Several jobs of a call, with those that could not be had.
fn each<T>(page: &mut Page<'_>, jobs: Vec<Each<T>>, mut tell: impl FnMut(&mut Page<'_>, T) -> JobAnswer) {
    let mut told = Vec::new();
    for Each { target, result } in jobs {
        match result {
            Ok(job) => told.push(tell(page, job)),
            Err(error) => page.failed(&target, &error),
        }
    }
    page.answer.ok = !told.is_empty();
    page.answer.jobs = Some(told);
}

fn describe(page: &mut Page<'_>, job: &Job, spent: Option<&str>) {
    let times = [("created", &job.created_at), ("started", &job.started_at), ("finished", &job.finished_at)];
    let times: Vec<String> = times.iter().filter_map(|(name, at)| Some(format!("{name} {}", at.as_ref()?))).collect();
    let waited = job.scheduling_seconds.map(|seconds| format!("waited {} for its machine", span(seconds)));
    let ran = job.running_seconds.map(|seconds| format!("ran {}", span(seconds)));
    let cost = spent.map(|spent| format!("cost {spent} so far"));
    let failures =
        job.failures.map(|failures| counted(usize::try_from(failures).unwrap_or(usize::MAX), "failed attempt"));
    let never = job.never_ran().then(|| NEVER_RAN.to_owned());
    let run = [waited, ran, cost, failures, never].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let started_by = job.initiator.as_ref().map(|(kind, id)| format!("{kind} {id}")).unwrap_or_default();
    spec(page, &job.spec);
    page.fields(&[
        ("times", times.join(", ")),
        ("run", run),
        ("started by", started_by),
        ("reachable at", list(&job.expose_urls)),
        ("ssh", job.ssh_url.as_ref().map(ToString::to_string).unwrap_or_default()),
    ]);
}

fn list(items: &[Clean]) -> String {
    items.iter().map(Clean::as_str).collect::<Vec<_>>().join(", ")
}

/// What a job is, a line each.
pub(super) fn spec(page: &mut Page<'_>, spec: &Description) {
    let map = |pairs: &[(Clean, Clean)]| {
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
    };
    let text = |text: &Option<Clean>| text.as_ref().map(ToString::to_string).unwrap_or_default();
    let timeout = spec.timeout.map(|timeout| format!(", timeout {}", span(timeout))).unwrap_or_default();
    let attempts = spec.attempts.filter(|attempts| *attempts > 1).map(|attempts| format!(", {attempts} attempts"));
    let aliases = if spec.aliases.is_empty() { String::new() } else { format!(" as {}", list(&spec.aliases)) };
    let network = text(&spec.network) + &aliases;
    page.fields(&[
        ("image", text(&spec.image)),
        ("command", text(&command(spec, COMMAND_IN_FULL, page.scrubber))),
        ("flavor", format!("{}{timeout}{}", spec.flavor, attempts.unwrap_or_default())),
        ("arch", text(&spec.arch)),
        ("env", or_none(map(&spec.env))),
        ("secrets", or_none(list(&spec.secrets))),
        ("labels", map(&spec.labels)),
        ("volumes", list(&spec.volumes)),
        ("ports", spec.ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        ("network", network),
        ("resource group", text(&spec.resource_group)),
    ]);
}

/// `none` instead of an empty text, so that an answer says it.
fn or_none(text: String) -> String {
    if text.is_empty() { "none".to_owned() } else { text }
}

pub(super) fn changed(page: &mut Page<'_>, mut job: Job) {
    let left_out = shorten(&job.id, &mut job.spec, 1);
    page.line(&format!("job {} in namespace `{}`: {}", job.id, job.namespace, stage(&job)));
    let labels = job.spec.labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ");
    page.fields(&[("labels", or_none(labels)), ("reachable at", or_none(list(&job.expose_urls)))]);
    page.warn(left_out.as_slice());
    page.answer.job = Some(full(&job, None, page.scrubber));
}

pub(super) fn cancelled(page: &mut Page<'_>, jobs: Vec<Each<Cancelled>>) {
    each(page, jobs, |page, Cancelled { job, was_over, unread }| {
        let named = format!("job {} in namespace `{}`", job.id, job.namespace);
        let outcome = match unread {
            Some(reason) => format!(": the cancel was accepted, and its stage can't be read ({reason})"),
            None if was_over => format!(" is {} already, nothing was cancelled", stage(&job)),
            None if job.stage.is_terminal() => format!(" is {}", stage(&job)),
            None => format!(": the cancel was accepted, and it still stands at {}", stage(&job)),
        };
        let look = if job.stage.is_terminal() {
            String::new()
        } else {
            let job = json!(format!("{}/{}", job.namespace, job.id));
            format!("; look with {}", page.next("inspect", [("job_id", job)]))
        };
        page.line(&[&named, outcome.as_str(), &look].concat());
        brief(&job, page.scrubber)
    });
}

pub(super) fn waited(page: &mut Page<'_>, waited: Waited) {
    let Waited { jobs, until, warnings } = waited;
    let mut open = Vec::new();
    let mut failed = None;
    each(page, jobs, |page, job| {
        let named = format!("{}/{}", job.namespace, job.id);
        let ran = job.running_seconds.map(|seconds| format!(", ran {}", span(seconds))).unwrap_or_default();
        let ended = if job.stage.is_terminal() { "ended" } else { "stands at" };
        page.line(&format!("job {} in namespace `{}` {ended} {}{ran}", job.id, job.namespace, stage(&job)));
        if job.never_ran() {
            page.line(NEVER_RAN);
            return brief(&job, page.scrubber);
        }
        if !until.holds(&job.stage) {
            open.push(named);
        } else if job.stage == Stage::Error {
            failed = failed.take().or(Some(named));
        }
        JobAnswer { finished: Some(job.stage.is_terminal()), ..brief(&job, page.scrubber) }
    });
    if !open.is_empty() {
        let (jobs, goes_on) = match open.as_slice() {
            [one] => (("job_id", json!(one)), "it goes on"),
            all => (("job_ids", json!(all)), "some go on"),
        };
        let wait = ("wait", json!("45s"));
        let call = match until {
            Until::Finished => page.next("wait", [jobs, wait]),
            Until::Running => page.next("wait", [jobs, wait, ("until", json!("running"))]),
        };
        page.line(&format!("{goes_on}: go on with {call}"));
    }
    if let Some(job) = failed {
        let call = page.next("logs", [("job_id", json!(job))]);
        page.line(&format!("what it printed: {call}"));
    }
    page.warn(&warnings);
}

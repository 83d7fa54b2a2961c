//! Outcomes and errors as answers: text that is enough alone, and structured content that says the same.

mod failure;
mod fold;
mod job;
mod machine;
mod output;
mod scheduled;
mod submission;
mod whoami;

use serde::Serialize;
use serde_json::{Map, Value};

use super::answer::{Failed, JobsAnswer, NextCall, Remark};
use super::usage as help;
use super::verbs::Verb;
use crate::error::{Error, Warning};
use crate::hub::Target;
use crate::operations::Outcome;
use crate::policy::Policy;
use crate::secrets::{Clean, Scrubber};

/// An answer to a call of a tool, which has passed the scrubber.
///
/// ```compile_fail,E0451
/// use hf_jobs_mcp::{secrets::Clean, tools::Rendered};
/// let unseen = Rendered { text: Clean::default(), structured: serde_json::json!("a line of a job"), is_error: false };
/// ```
#[derive(Debug)]
pub struct Rendered {
    text: Clean,
    structured: Value,
    is_error: bool,
}

impl Rendered {
    /// The text for the model, the structured content for programs, and whether the call was not carried out.
    pub fn into_parts(self) -> (String, Value, bool) {
        (self.text.into_string(), self.structured, self.is_error)
    }
}

/// An answer under way.
struct Page<'a> {
    scrubber: &'a Scrubber,
    text: String,
    answer: JobsAnswer,
}

impl Page<'_> {
    fn line(&mut self, line: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(line);
    }

    /// Adds a call to `next`, and returns the same call for the text.
    fn next<'n>(&mut self, operation: &'static str, args: impl IntoIterator<Item = (&'n str, Value)>) -> String {
        let args = args.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let call = NextCall { operation, args };
        let text = serde_json::to_string(&call).unwrap_or_default();
        self.answer.next.push(call);
        text
    }

    fn warn(&mut self, warnings: &[Warning]) {
        for warning in warnings {
            self.line(&remark_line(warning));
            self.answer.warnings.push(remark(warning, self.scrubber));
        }
    }

    /// What is known, a line each.
    fn fields<const N: usize>(&mut self, fields: &[(&str, String); N]) {
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
            self.line(&format!("  {name}: {value}"));
        }
    }

    /// What a list lacks since this server can't read it.
    fn unreadable(&mut self, count: usize) {
        if count > 0 {
            self.line(&format!(
                "{count} more can't be read: the Hub describes them in a way that this server does not know"
            ));
        }
    }

    fn failed(&mut self, target: &Target, error: &Error) {
        self.line(&format!("{}: {}; hint: {}", target.id, error.message(), error.hint()));
        let error = failure::answer(error, &error.hint(), self.scrubber);
        self.answer.failed.push(Failed { job_id: target.id.to_string(), error });
    }
}

/// A warning as a line of text.
fn remark_line(warning: &Warning) -> String {
    format!("warning: {}; hint: {}", warning.message(), warning.hint())
}

/// A warning as structured content.
fn remark(warning: &Warning, scrubber: &Scrubber) -> Remark {
    Remark {
        code: warning.code().to_owned(),
        message: scrubber.clean_line(&warning.message()),
        hint: scrubber.clean_line(&warning.hint()),
    }
}

/// The answer of `hf_jobs`. `read`: the call's arguments under their own names, for the corrected call, and warnings on how
/// they were read.
pub(super) fn jobs(
    operation: Option<&str>,
    result: Result<Outcome, Error>,
    read: Option<(Map<String, Value>, Vec<Warning>)>,
    scrubber: &Scrubber,
) -> Rendered {
    let (written, warnings) = read.map_or((None, Vec::new()), |(written, warnings)| (Some(written), warnings));
    let mut page = Page { scrubber, text: String::new(), answer: JobsAnswer::default() };
    page.answer.operation = operation.map(str::to_owned);
    page.answer.ok = true;
    match result {
        Ok(Outcome::Submitted(mut submission)) => {
            // Above the job's output, with the submission's own.
            submission.warnings.splice(0..0, warnings);
            submission::submitted(&mut page, *submission);
            return finish(&page);
        }
        Ok(Outcome::Logs(logs)) => output::logs(&mut page, *logs),
        Ok(Outcome::Listed(listing)) => job::listed(&mut page, &listing),
        Ok(Outcome::Inspected(inspected)) => job::inspected(&mut page, inspected),
        Ok(Outcome::Cancelled(cancelled)) => job::cancelled(&mut page, cancelled),
        Ok(Outcome::Waited(waited)) => job::waited(&mut page, waited),
        Ok(Outcome::Changed(changed, warnings)) => {
            job::changed(&mut page, *changed);
            page.warn(&warnings);
        }
        Ok(Outcome::Sampled(sampled, running)) => machine::sampled(&mut page, sampled, running.as_ref()),
        Ok(Outcome::Hardware(flavors)) => machine::listed(&mut page, &flavors),
        Ok(Outcome::ScheduledListed(listing)) => scheduled::listed(&mut page, &listing),
        Ok(Outcome::ScheduledChanged(job, warnings)) => {
            scheduled::shown(&mut page, *job);
            page.warn(&warnings);
        }
        Ok(Outcome::ScheduledDeleted(job)) => scheduled::deleted(&mut page, *job),
        Ok(Outcome::WhoAmI(_)) => {}
        Err(error) => failure::jobs(&mut page, &error, operation, written),
    }
    page.warn(&warnings);
    finish(&page)
}

/// The answer of `hf_whoami`. `secret_names`: the variables of the server that secrets may take.
pub(super) fn whoami(result: Result<Outcome, Error>, secret_names: &[String], scrubber: &Scrubber) -> Rendered {
    whoami::rendered(result, secret_names, scrubber)
}

/// The help.
pub(super) fn usage(verb: Option<&Verb>, policy: &Policy, scrubber: &Scrubber) -> Rendered {
    let text = help::usage(verb, policy);
    let answer =
        JobsAnswer { operation: Some("help".to_owned()), ok: true, usage: Some(text.clone()), ..JobsAnswer::default() };
    finish(&Page { scrubber, text, answer })
}

fn finish(page: &Page<'_>) -> Rendered {
    let is_error = !page.answer.ok;
    sealed(&page.text, &page.answer, is_error, page.scrubber)
}

/// The last gate: whatever goes out passes the scrubber, also what should be clean by then.
fn sealed(text: &str, answer: &impl Serialize, is_error: bool, scrubber: &Scrubber) -> Rendered {
    let structured = serde_json::to_value(answer).unwrap_or_default();
    Rendered { text: scrubber.clean(text), structured: scrubber.clean_value(&structured), is_error }
}

/// So many of something: `1 line`, `2 lines`.
fn counted(count: impl TryInto<u64>, noun: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A time in UTC to the minute, as rows show it.
fn minute(at: &str) -> String {
    at.chars().take("2026-11-23T10:00".len()).map(|char| if char == 'T' { ' ' } else { char }).collect()
}

/// A length of time as people say it, in at most two units.
fn span(seconds: u64) -> String {
    let units = [(86_400, 'd'), (3600, 'h'), (60, 'm'), (1, 's')];
    let mut rest = seconds;
    let mut parts: Vec<String> = Vec::new();
    for (length, unit) in units {
        if rest >= length && parts.len() < 2 {
            parts.push(format!("{}{unit}", rest / length));
            rest %= length;
        }
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

//! The words of every error: what happened, and what to do next. Nowhere else is a message made.

mod connect;
mod fault;
mod hub;
mod unreadable;
mod warning;

use super::{Error, Fault, TokenSource, Trace, Warning};

/// Where a user makes and changes tokens.
const TOKEN_SETTINGS: &str = "https://huggingface.co/settings/tokens";
/// Where a user adds credit.
const BILLING_SETTINGS: &str = "https://huggingface.co/settings/billing";
/// The label by which a lost submission is found.
const REQUEST_LABEL: &str = "mcp-request";
/// The most of a foreign value that a message repeats, in characters: enough to recognise it.
const VALUE_MAX: usize = 120;

impl Error {
    /// What happened: one line, or for several faults one line each.
    pub fn message(&self) -> String {
        match self {
            Self::NotLoggedIn { looked_at, ignored } => {
                let places = format!("not logged in to Hugging Face: no token in {}", looked_at.join(", "));
                std::iter::once(places).chain(ignored.iter().map(Warning::message)).collect::<Vec<_>>().join("; ")
            }
            Self::UnusableLogin { source, reason } => format!("the token in `{source}` can't be used: {reason}"),
            Self::Arguments { operation, faults } => match faults.as_slice() {
                [fault] => format!("`{operation}` was not sent: {}", fault.message()),
                faults => {
                    let count = format!("`{operation}` was not sent, {} arguments are wrong:", faults.len());
                    let lines = self.faults().iter().map(|fault| format!("- {}", fault.message()));
                    let more = faults.len() - self.faults().len();
                    let more = (more > 0).then(|| format!("- and {more} more"));
                    std::iter::once(count).chain(lines).chain(more).collect::<Vec<_>>().join("\n")
                }
            },
            Self::UnknownOperation { given, meant, known, .. } => {
                let meant: Vec<&str> = meant.iter().map(|(name, _)| *name).collect();
                match (given, meant.as_slice()) {
                    (Some(given), []) => format!("unknown operation `{given}`; known operations: {}", list(known)),
                    (Some(given), meant) => {
                        format!("unknown operation `{given}`; did you mean {}?", list(meant).replace(", ", " or "))
                    }
                    (None, []) => format!("no `operation` was given; known operations: {}", list(known)),
                    (None, meant) => {
                        format!("no `operation` was given; operations that take these arguments: {}", list(meant))
                    }
                }
            }
            Self::OtherTool { given } => {
                format!("`{}` is not an operation of hf_jobs; the tool `hf_whoami` does that", short(given))
            }
            Self::TooLarge { limit } => {
                format!("the message is longer than {limit} bytes, which is the most that is read")
            }
            Self::Unreadable(why) => why.message(),
            Self::Hub(error) => error.message(),
            Self::SubmissionUnconfirmed { namespace, cause, .. } => format!(
                "it was sent once to namespace `{namespace}`, and the answer was lost ({}); what it starts has not shown up \
                 yet, which proves nothing: it may still do so",
                cause.message()
            ),
            Self::PolicyDenied { rule, operation } => {
                format!("`{operation}` is refused by this server's `{rule}`")
            }
            Self::Cancelled => "the call was given up, or the server was told to end; nothing was submitted".to_owned(),
            Self::Internal { during } => {
                format!("this server failed while it was {during}: a defect of the server, not of the call")
            }
        }
    }

    /// What to do next, with the exact call where there is one.
    pub fn hint(&self) -> String {
        match self {
            Self::NotLoggedIn { .. } => format!(
                "ask the user to run `hf auth login` and repeat the call (no restart is needed), or to set `HF_TOKEN` in the \
                 client's configuration of this server and restart it; tokens are made at {TOKEN_SETTINGS}"
            ),
            Self::UnusableLogin { source, .. } => new_token(source),
            Self::Arguments { .. } => {
                let mut hints: Vec<String> = self.faults().iter().filter_map(Fault::hint).collect();
                hints.dedup();
                hints.join("; ")
            }
            Self::UnknownOperation { meant, .. } if meant.is_empty() => {
                "{\"operation\": \"help\"} shows what each operation does".to_owned()
            }
            Self::UnknownOperation { given: None, .. } => "add \"operation\"".to_owned(),
            Self::UnknownOperation { meant, help, .. } => {
                let each = |(name, about): &(&str, &str)| match help {
                    true => format!("{{\"operation\": \"help\", \"args\": {{\"operation\": \"{name}\"}}}}"),
                    false => format!("\"operation\": \"{name}\" to {about}"),
                };
                format!("pass {}", meant.iter().map(each).collect::<Vec<_>>().join(", or "))
            }
            Self::OtherTool { .. } => "call the tool hf_whoami, without arguments".to_owned(),
            Self::TooLarge { .. } => {
                "host the script and pass its URL as `script`, or read data inside the job instead of sending it"
                    .to_owned()
            }
            Self::Unreadable(why) => why.hint().to_owned(),
            Self::Hub(error) => error.hint(),
            Self::SubmissionUnconfirmed { namespace, trace, .. } => {
                let (operation, args) = match trace {
                    Trace::Label(label) => ("ps", format!(", \"labels\": {{\"{REQUEST_LABEL}\": \"{label}\"}}")),
                    Trace::ScheduleLabel(label) => {
                        ("scheduled ps", format!(", \"labels\": {{\"{REQUEST_LABEL}\": \"{label}\"}}"))
                    }
                    Trace::CopyOf(_) | Trace::RunOf(_) => ("ps", String::new()),
                };
                let mark = match trace {
                    Trace::CopyOf(id) => {
                        format!(" for a new job that `inspect` says was started by duplicated-job {id}")
                    }
                    Trace::RunOf(id) => format!(" for a new job that `inspect` says was started by scheduled-job {id}"),
                    Trace::Label(_) | Trace::ScheduleLabel(_) => String::new(),
                };
                format!(
                    "don't send it again yet; look in a minute with {{\"operation\": \"{operation}\", \"args\": {{\"all\": true, \
                     \"namespace\": \"{namespace}\"{args}}}}}{mark}"
                )
            }
            Self::PolicyDenied { rule, .. } => {
                format!("ask the person who runs this server (often the user) to remove `{rule}`, or do without")
            }
            Self::Cancelled => "send it again if it is still wanted".to_owned(),
            Self::Internal { .. } => {
                "repeat the call once; if it was a submission, look with {\"operation\": \"ps\"} first".to_owned()
            }
        }
    }
}

/// How a user replaces the token that came from there.
fn new_token(source: &TokenSource) -> String {
    match source {
        TokenSource::Variable(name) => format!(
            "ask the user to put a token from {TOKEN_SETTINGS} into `{name}`, or to remove `{name}` so that the login of \
             `hf auth login` counts; a change in the client's configuration needs a restart of this server"
        ),
        TokenSource::File(_) | TokenSource::LocalHub => format!(
            "ask the user to run `hf auth login` with a token from {TOKEN_SETTINGS}, then repeat the call; no restart is needed \
             (`HF_TOKEN`, where it holds a token, counts instead)"
        ),
    }
}

fn short(value: &str) -> String {
    let line = value.replace(['\n', '\r'], "⏎");
    if line.chars().count() <= VALUE_MAX { line } else { line.chars().take(VALUE_MAX).chain("…".chars()).collect() }
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

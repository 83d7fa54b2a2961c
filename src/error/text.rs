//! The words of every error: what happened, and what to do next. Nowhere else is a message made.

use super::{Credential, Error, Fault, HubError, LocalFileReason, Problem, Refusal, Request, SecretProblem, Warning};

const TOKEN_SETTINGS: &str = "https://huggingface.co/settings/tokens";
const BILLING_SETTINGS: &str = "https://huggingface.co/settings/billing";

impl Error {
    /// What happened: one line, or for several faults one line each.
    pub fn message(&self) -> String {
        match self {
            Self::NotLoggedIn { looked_at } => {
                format!("not logged in to Hugging Face: no token in {}", looked_at.join(", "))
            }
            Self::UnusableLogin { source, reason } => format!("the token of {source} can't be used: {reason}"),
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
            Self::UnknownOperation { given, nearest: _, known } => {
                format!("unknown operation `{given}`; known are {}", list(known))
            }
            Self::TooLarge { limit } => {
                format!("the message is longer than {limit} bytes, which is the most that is read")
            }
            Self::Hub(error) => error.message(),
            Self::SubmissionUnconfirmed { namespace, cause, .. } => format!(
                "the job was sent once to namespace `{namespace}`, and its answer was lost ({}); no job with its label has shown \
                 up yet, which proves nothing: it may still start",
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
                "ask the user to run `hf auth login`, or to set HF_TOKEN for this server; tokens are made at {TOKEN_SETTINGS}; \
                 then repeat the call, no restart is needed"
            ),
            Self::UnusableLogin { source, .. } => {
                format!(
                    "ask the user to put a token into {source} again, by `hf auth login` or by setting HF_TOKEN; tokens are made at {TOKEN_SETTINGS}"
                )
            }
            Self::Arguments { .. } => {
                let mut hints: Vec<String> = self.faults().iter().filter_map(Fault::hint).collect();
                hints.dedup();
                hints.join("; ")
            }
            Self::UnknownOperation { nearest, .. } => match nearest {
                Some(nearest) => format!("use {{\"operation\": \"{nearest}\"}}"),
                None => "use {\"operation\": \"help\"} to see what there is".to_owned(),
            },
            Self::TooLarge { .. } => {
                "host the script and pass its URL as `script`, or read data inside the job instead of sending it"
                    .to_owned()
            }
            Self::Hub(error) => error.hint(),
            Self::SubmissionUnconfirmed { namespace, label, .. } => format!(
                "don't send it again yet; look with {{\"operation\": \"ps\", \"args\": {{\"all\": true, \"namespace\": \"{namespace}\", \
                 \"labels\": {{\"mcp-request\": \"{label}\"}}}}}} in a minute"
            ),
            Self::PolicyDenied { .. } => "ask the operator of this server to change that, or do without".to_owned(),
            Self::Cancelled => "send it again if it is still wanted".to_owned(),
            Self::Internal { .. } => {
                "repeat the call once; if it was a submission, look with {\"operation\": \"ps\"} first".to_owned()
            }
        }
    }
}

impl Fault {
    /// The argument as it is told: whole, or, where it is no name any more, not at all: half a token would be recognised by
    /// nobody.
    pub fn shown(&self) -> String {
        if self.argument.len() <= ARGUMENT_MAX_BYTES {
            return self.argument.clone();
        }
        format!("an argument of {} bytes", self.argument.len())
    }

    /// What is wrong, naming the argument.
    pub fn message(&self) -> String {
        let argument = &self.shown();
        match &self.problem {
            Problem::Unknown { nearest: Some(nearest) } => format!("`{argument}` is no argument here, `{nearest}` is"),
            Problem::Unknown { nearest: None } => format!("`{argument}` is no argument here"),
            Problem::Missing { .. } => format!("`{argument}` is required"),
            Problem::WrongType { expected, found } => format!("`{argument}` takes {expected}, not {found}"),
            Problem::Malformed { value, expected, .. } => format!("`{argument}`: `{}` is not {expected}", short(value)),
            Problem::Conflict { with } if with == argument => {
                format!("`{argument}` is given twice, with different values")
            }
            Problem::Conflict { with } => format!("`{argument}` and `{with}` say the same thing: give one of them"),
            Problem::Credential { credential, .. } => match credential {
                Credential::TokenName => {
                    format!(
                        "`{argument}` is what Hub libraries read as the token, and `env` can be read by everybody who may see the job"
                    )
                }
                Credential::Placeholder => {
                    format!("`{argument}` holds `$HF_TOKEN`, which only `secrets` resolves; here it would show")
                }
                Credential::HubToken => {
                    format!("`{argument}` holds a Hugging Face token, and everybody who may see the job can read it")
                }
                Credential::SessionToken => {
                    format!(
                        "`{argument}` holds the token of the current login, and everybody who may see the job can read it"
                    )
                }
                Credential::VendorKey(vendor) => {
                    format!("`{argument}` holds a {vendor} credential, and everybody who may see the job can read it")
                }
                Credential::UrlUserinfo => {
                    format!(
                        "`{argument}` holds a URL with a user name or password in it, and everybody who may see the job can read it"
                    )
                }
            },
            Problem::Secret(problem) => match problem {
                SecretProblem::NotLoggedIn => format!("`{argument}` asks for `$HF_TOKEN`, and nobody is logged in"),
                SecretProblem::NotAllowed { variable } => {
                    format!(
                        "`{argument}` asks for the server's variable `{variable}`, which its operator did not allow"
                    )
                }
                SecretProblem::Unset { variable } => {
                    format!("`{argument}` asks for `{variable}`, which this server's environment does not have")
                }
                SecretProblem::Slip { value } => {
                    format!("`{argument}`: `{}` looks like a slip, not like a value", short(value))
                }
            },
            Problem::LocalFile { path, reason } => {
                let path = short(path);
                match reason {
                    LocalFileReason::NoDirectory => format!(
                        "`{argument}`: `{path}` is a file, and this server was given no directory to read scripts from"
                    ),
                    LocalFileReason::Outside => {
                        format!("`{argument}`: `{path}` is outside the directories that this server reads scripts from")
                    }
                    LocalFileReason::Hidden => format!("`{argument}`: `{path}` is in a hidden directory"),
                    LocalFileReason::Missing => {
                        format!("`{argument}`: there is no file `{path}` on the machine of this server")
                    }
                    LocalFileReason::NotAFile => format!("`{argument}`: `{path}` is no regular file"),
                    LocalFileReason::NotAScript => format!("`{argument}`: `{path}` leads to what is no `.py` file"),
                    LocalFileReason::TooLarge { limit } => {
                        format!("`{argument}`: `{path}` is larger than {limit} bytes")
                    }
                    LocalFileReason::NotText => format!("`{argument}`: `{path}` is not UTF-8 text"),
                    LocalFileReason::Io(reason) => format!("`{argument}`: `{path}` can't be read: {reason}"),
                }
            }
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let argument = &self.shown();
        Some(match &self.problem {
            Problem::Unknown { nearest: Some(nearest) } => format!("use `{nearest}` instead of `{argument}`"),
            Problem::Unknown { nearest: None } => "{\"operation\": \"help\"} shows the arguments of each operation".to_owned(),
            Problem::Missing { example } => format!("add \"{argument}\": {example}"),
            Problem::WrongType { expected, .. } => format!("pass {expected} as `{argument}`"),
            Problem::Malformed { instead: Some(instead), .. } => format!("pass \"{argument}\": {instead}"),
            Problem::Malformed { instead: None, .. } => return None,
            Problem::Conflict { with } if with == argument => format!("give `{argument}` once"),
            Problem::Conflict { .. } => format!("leave out `{argument}`"),
            Problem::Credential { credential, secret } => match credential {
                Credential::VendorKey(_) => format!(
                    "move it: \"secrets\": {{\"{secret}\": \"$NAME\"}}, where NAME is a variable that the operator allows with `--secret-env NAME`"
                ),
                Credential::UrlUserinfo => "take the user name and password out of the URL, and let the job read them from `secrets`".to_owned(),
                _ => format!("move it: \"secrets\": {{\"{secret}\": \"$HF_TOKEN\"}}, which the server replaces by the token of the current login"),
            },
            Problem::Secret(problem) => match problem {
                SecretProblem::NotLoggedIn => "ask the user to run `hf auth login`, then repeat the call".to_owned(),
                SecretProblem::NotAllowed { variable } => format!(
                    "ask the operator to start the server with `--secret-env {variable}`; only `$HF_TOKEN` is always there"
                ),
                SecretProblem::Unset { variable } => format!("ask the operator to set `{variable}` in the environment of this server"),
                SecretProblem::Slip { .. } => format!("pass \"{}\": \"$HF_TOKEN\" in `secrets`", argument.rsplit('.').next().unwrap_or(argument)),
            },
            Problem::LocalFile { .. } => {
                "pass the code itself as `script`, or an https URL; the operator can allow a directory with `--script-dir DIR`".to_owned()
            }
        })
    }
}

impl HubError {
    /// What happened.
    pub fn message(&self) -> String {
        let mut text = match &self.refusal {
            Refusal::Unauthorized => {
                format!("{} does not accept the token: it is invalid, expired or revoked", self.host)
            }
            Refusal::PaymentRequired => match self.request.namespace() {
                Some(namespace) => format!("namespace `{namespace}` has no credit to pay for jobs"),
                None => "there is no credit to pay for jobs".to_owned(),
            },
            Refusal::Forbidden => match &self.request {
                Request::Write { namespace, .. } => format!("this token may not run jobs in namespace `{namespace}`"),
                Request::Read { namespace, .. } => {
                    format!("this token may not see the jobs of namespace `{namespace}`")
                }
                Request::WhoAmI | Request::Hardware => format!("{} refuses this token", self.host),
            },
            Refusal::NotFound => match &self.request {
                Request::Write { namespace, job: Some(job) } | Request::Read { namespace, job: Some(job) } => {
                    format!("no job `{job}` in namespace `{namespace}`")
                }
                Request::Write { namespace, job: None } | Request::Read { namespace, job: None } => {
                    format!("no namespace `{namespace}` that this token can see")
                }
                Request::WhoAmI | Request::Hardware => format!("{} does not know that address", self.host),
            },
            Refusal::Conflict => "the Hub says that this is in conflict with what is going on".to_owned(),
            Refusal::RateLimited(Some(wait)) => {
                format!("{} limits the rate of requests, for {} s more", self.host, wait.as_secs().max(1))
            }
            Refusal::RateLimited(None) => format!("{} limits the rate of requests", self.host),
            Refusal::Rejected(status) => format!("the Hub found the request wrong ({status})"),
            Refusal::Failed(status) => format!("{} failed ({status})", self.host),
            Refusal::Unsent(reason) => format!("{} can't be reached, nothing was sent: {reason}", self.host),
            Refusal::Unreachable(reason) => format!("the connection to {} broke: {reason}", self.host),
            Refusal::TimedOut => format!("{} did not answer in time", self.host),
            Refusal::BadAnswer(reason) => format!("{} gave an answer that is not the Hub's: {reason}", self.host),
            Refusal::Unexpected(status) => format!("{} answered {status}, which means nothing here", self.host),
        };
        if let Some(message) = &self.message {
            text.push_str("; the Hub says: ");
            text.push_str(message);
        }
        if let Some(id) = &self.request_id {
            text.push_str(" (request id ");
            text.push_str(id);
            text.push(')');
        }
        text
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match &self.refusal {
            Refusal::Unauthorized => format!(
                "ask the user to run `hf auth login` again (or to replace HF_TOKEN) with a token from {TOKEN_SETTINGS}, then check with \
                 hf_whoami; no restart is needed"
            ),
            Refusal::PaymentRequired => format!(
                "ask the user to add credit at {BILLING_SETTINGS}, or in the organisation's billing settings; a PRO plan is not what is \
                 missing; don't run it elsewhere instead"
            ),
            Refusal::Forbidden => match self.request.namespace() {
                Some(namespace) => format!(
                    "check with hf_whoami; jobs need a write token, or a fine-grained one with the permission `job.write` on `{namespace}`, \
                     made at {TOKEN_SETTINGS}; or pass another `namespace`"
                ),
                None => {
                    format!("ask the user to log in again with `hf auth login`, with a token from {TOKEN_SETTINGS}")
                }
            },
            Refusal::NotFound => match &self.request {
                Request::Write { namespace, job: Some(_) } | Request::Read { namespace, job: Some(_) } => format!(
                    "check the id with {{\"operation\": \"ps\", \"args\": {{\"all\": true, \"namespace\": \"{namespace}\"}}}}; a job of \
                     another owner needs its `namespace`, and hf_whoami lists those of this login"
                ),
                _ => "hf_whoami lists the namespaces of this login".to_owned(),
            },
            Refusal::Conflict => "look with {\"operation\": \"ps\"} what is running, then decide".to_owned(),
            Refusal::RateLimited(Some(wait)) => format!("repeat the call after {} s", wait.as_secs().max(1)),
            Refusal::Rejected(_) => "mend what the Hub names, and call again".to_owned(),
            Refusal::RateLimited(None)
            | Refusal::Failed(_)
            | Refusal::Unsent(_)
            | Refusal::Unreachable(_)
            | Refusal::TimedOut => "repeat the call in a minute".to_owned(),
            Refusal::BadAnswer(_) | Refusal::Unexpected(_) => {
                "check HF_ENDPOINT and any proxy in between, then repeat the call".to_owned()
            }
        }
    }
}

impl Warning {
    /// The warning's stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::LiteralToken { .. } => "literal_token",
            Self::UnreadName { .. } => "unread_secret_name",
            Self::PlaceholderWithoutShell => "placeholder_without_shell",
            Self::EmptyMap { .. } => "empty_map",
            Self::Differs { .. } => "differs_from_request",
            Self::FoundAgain => "answer_lost",
            Self::NotFollowed { .. } => "not_followed",
            Self::WaitCut { .. } => "wait_cut",
            Self::CursorLost => "cursor_lost",
        }
    }

    /// What is remarked.
    pub fn message(&self) -> String {
        match self {
            Self::LiteralToken { name } => {
                format!("secret `{name}` was given as a literal token, which is now in this conversation")
            }
            Self::UnreadName { name } => format!("the token is in `{name}`, where Hub libraries don't look"),
            Self::PlaceholderWithoutShell => {
                "`$HF_TOKEN` in `command` arrives as these nine characters: no shell runs it".to_owned()
            }
            Self::EmptyMap { argument } => {
                format!("`{argument}` is empty; some clients empty a map that they don't understand")
            }
            Self::Differs { field, asked, got } => {
                format!("`{field}` is `{}` on the Hub, and `{}` was asked for", short(got), short(asked))
            }
            Self::FoundAgain => {
                "the Hub's answer was lost; the job was found again by its label, and was sent once".to_owned()
            }
            Self::NotFollowed { reason } => {
                format!("the job was submitted, and its output can't be followed: {reason}")
            }
            Self::WaitCut { seconds } => format!("followed for {seconds} s at most: clients cut longer calls"),
            Self::CursorLost => "the cursor's place is not in the log any more; these are its first lines".to_owned(),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::LiteralToken { name } => format!(
                "next time pass \"secrets\": {{\"{name}\": \"$HF_TOKEN\"}}, and replace the token at {TOKEN_SETTINGS}"
            ),
            Self::UnreadName { .. } => {
                "pass \"secrets\": {\"HF_TOKEN\": \"$HF_TOKEN\"} unless the script reads that name itself".to_owned()
            }
            Self::PlaceholderWithoutShell => {
                "pass \"command\": [\"/bin/sh\", \"-c\", \"…\"] to have it replaced inside the job".to_owned()
            }
            Self::EmptyMap { argument } => format!("pass `{argument}` as a list of \"NAME=value\" instead"),
            Self::Differs { .. } => "cancel the job if that matters".to_owned(),
            Self::FoundAgain => "don't send it again".to_owned(),
            Self::NotFollowed { .. } => "read it with {\"operation\": \"logs\"} and the job's id".to_owned(),
            Self::WaitCut { .. } => "go on with {\"operation\": \"logs\"} and `next_cursor`".to_owned(),
            Self::CursorLost => "go on with the new `next_cursor`".to_owned(),
        }
    }
}

/// The longest path of an argument that is repeated, in bytes.
const ARGUMENT_MAX_BYTES: usize = 300;
/// The most of a foreign value that a message repeats, in characters: enough to recognise it.
const VALUE_MAX: usize = 120;

fn short(value: &str) -> String {
    let line = value.replace(['\n', '\r'], "⏎");
    if line.chars().count() <= VALUE_MAX { line } else { line.chars().take(VALUE_MAX).chain("…".chars()).collect() }
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

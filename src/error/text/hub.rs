//! The words of what the Hub refused.

use super::{BILLING_SETTINGS, TOKEN_SETTINGS};
use crate::error::{HubError, Refusal, Request};

impl HubError {
    /// What happened.
    pub fn message(&self) -> String {
        let mut text = match &self.refusal {
            Refusal::Unauthorized => {
                format!("{} does not accept the token: it is invalid, expired or revoked", self.host)
            }
            Refusal::LoginEnded => {
                format!(
                    "{} does not accept the token of the browser login any more, and it could not be renewed",
                    self.host
                )
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
                Request::WhoAmI | Request::Renewal | Request::Hardware => format!("{} refuses this token", self.host),
            },
            Refusal::NotFound => match &self.request {
                Request::Write { namespace, job: Some(job) } | Request::Read { namespace, job: Some(job) } => {
                    format!("no job `{job}` in namespace `{namespace}`")
                }
                Request::Write { namespace, job: None } | Request::Read { namespace, job: None } => {
                    format!("no namespace `{namespace}` that this token can see")
                }
                Request::WhoAmI | Request::Renewal | Request::Hardware => {
                    format!("{} does not know that address", self.host)
                }
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
            Refusal::LoginEnded => "ask the user to run `hf auth whoami`, which renews the login, or, if that fails, `hf auth login`; then \
                 check with hf_whoami; no restart is needed"
                .to_owned(),
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

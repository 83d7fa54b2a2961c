//! The words of what the Hub refused, fitted to the login that was refused.

use super::{BILLING_SETTINGS, TOKEN_SETTINGS, list, new_token};
use crate::error::{Access, Defect, HubError, Lack, Refusal, Request, Thing, TokenSource};

impl HubError {
    /// What happened.
    pub fn message(&self) -> String {
        let mut text = self.refused();
        if self.tries > 1 {
            text.push_str(" (tried ");
            text.push_str(&self.tries.to_string());
            text.push_str(" times)");
        }
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

    fn refused(&self) -> String {
        let host = &self.host;
        match &self.refusal {
            Refusal::Unauthorized => {
                let token = self.login.as_ref().map(|source| format!(" in `{source}`")).unwrap_or_default();
                let overrides = match &self.login {
                    Some(TokenSource::Variable(_)) => "; it overrides `hf auth login`",
                    _ => "",
                };
                format!("{host} rejected the token{token} (401): it is invalid, expired or revoked{overrides}")
            }
            Refusal::LoginEnded => {
                format!("{host} does not accept the token of the browser login any more, and it could not be renewed")
            }
            Refusal::PaymentRequired => match self.request.namespace() {
                Some(namespace) => format!("namespace `{namespace}` has no credit to pay for jobs"),
                None => "there is no credit to pay for jobs".to_owned(),
            },
            Refusal::Forbidden => match &self.request {
                Request::Within { namespace, access, .. } => {
                    let may_not = match access {
                        Access::Write => "run or change jobs in",
                        Access::Read => "see the jobs of",
                    };
                    format!("this token may not {may_not} namespace `{namespace}`{}", self.lack())
                }
                Request::WhoAmI | Request::Renewal | Request::Hardware => format!("{host} refuses this token"),
            },
            Refusal::NotFound => match &self.request {
                Request::Within { namespace, thing: Some(Thing::Job(id)), .. } => {
                    format!("no job `{id}` in namespace `{namespace}`")
                }
                Request::Within { namespace, thing: Some(Thing::ScheduledJob(id)), .. } => {
                    format!("no scheduled job `{id}` in namespace `{namespace}`")
                }
                Request::Within { namespace, thing: None, .. } => {
                    format!("no namespace `{namespace}` that this token can see")
                }
                Request::WhoAmI | Request::Renewal | Request::Hardware => format!("{host} does not know that address"),
            },
            Refusal::Conflict => "the Hub says that this is in conflict with what is going on".to_owned(),
            Refusal::RateLimited(Some(wait)) => {
                format!("{host} limits the rate of requests, for {} s more", wait.as_secs().max(1))
            }
            Refusal::RateLimited(None) => format!("{host} limits the rate of requests"),
            Refusal::Rejected(status) => format!("the Hub found the request wrong ({status})"),
            Refusal::Failed(status) => format!("{host} failed ({status})"),
            Refusal::Unsent(error) => error.message(host),
            Refusal::Unreachable(reason) => format!("the connection to {host} broke: {reason}"),
            Refusal::TimedOut => format!("{host} did not answer in time"),
            Refusal::OutOfTime => {
                format!("{host} was so slow that the call's time was up before anything was sent; nothing was started")
            }
            Refusal::Busy => {
                "an earlier submission of the same is still under way; nothing was sent, nothing was started".to_owned()
            }
            Refusal::BadAnswer(defect) => match defect {
                Defect::NotJson => format!("{host} gave an answer that is not the Hub's: it is not JSON"),
                Defect::Lacks(what) => format!("{host} gave an answer that is not the Hub's: {what} is not in it"),
                Defect::TooLong(bytes) => format!("{host} gave an answer of more than {bytes} bytes"),
                Defect::OtherOrigin => format!("{host} leads to another origin, where no token goes"),
            },
            Refusal::Unexpected(status) => format!("{host} answered {status}, which means nothing here"),
        }
    }

    /// Why this login may not, if that is known.
    fn lack(&self) -> &'static str {
        match self.facts.as_ref().and_then(|facts| facts.lack) {
            Some(Lack::ReadToken) => ": it is a read token",
            Some(Lack::JobPermission) => {
                ": the permission `job.write` is not among those of this fine-grained token there"
            }
            Some(Lack::JobScope) => ": this browser login does not have the scope `jobs`",
            Some(Lack::OrganisationRole) => ": the account may only read in that organisation",
            Some(Lack::Membership) => ": the account is not in that organisation",
            None => "",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match &self.refusal {
            Refusal::Unauthorized => {
                let source = self.login.as_ref().unwrap_or(&TokenSource::LocalHub);
                format!("{}; hf_whoami checks it", new_token(source))
            }
            Refusal::LoginEnded => {
                "ask the user to run `hf auth whoami`, which renews the login, or, if that fails, `hf auth \
                 login`; then check with hf_whoami; no restart is needed"
                    .to_owned()
            }
            Refusal::PaymentRequired => self.payment_hint(),
            Refusal::Forbidden => self.permission_hint(),
            Refusal::NotFound => self.place_hint(),
            Refusal::Conflict => match &self.request {
                Request::Within { namespace, thing: Some(Thing::ScheduledJob(_)), .. } => format!(
                    "an earlier job of it still runs: wait for it or cancel it, found with {{\"operation\": \"ps\", \"args\": {{\"namespace\": \
                     \"{namespace}\"}}}}, or make the scheduled job anew with \"concurrency\": true"
                ),
                _ => "look with {\"operation\": \"ps\"} what is running, then decide".to_owned(),
            },
            Refusal::RateLimited(Some(wait)) => format!("repeat the call after {} s", wait.as_secs().max(1)),
            Refusal::Rejected(_) => "mend what the Hub names, and call again".to_owned(),
            Refusal::Unsent(error) => error.hint(),
            Refusal::RateLimited(None)
            | Refusal::Failed(_)
            | Refusal::Unreachable(_)
            | Refusal::TimedOut
            | Refusal::OutOfTime
            | Refusal::Busy => "repeat the call in a minute".to_owned(),
            Refusal::BadAnswer(_) | Refusal::Unexpected(_) => {
                "check HF_ENDPOINT and any proxy in between, then repeat the call".to_owned()
            }
        }
    }

    /// 402: the token is fine, nobody pays.
    fn payment_hint(&self) -> String {
        let page = match (&self.facts, self.request.namespace()) {
            (Some(facts), Some(namespace)) if facts.is_organisation => {
                format!("https://huggingface.co/organizations/{namespace}/settings/billing")
            }
            _ => BILLING_SETTINGS.to_owned(),
        };
        let others = self.others();
        let others =
            if others.is_empty() { String::new() } else { format!(", or to say which of {others} shall pay instead") };
        format!(
            "ask the user to add credit at {page}{others}; a PRO plan is not what is missing; don't run it elsewhere instead"
        )
    }

    /// 403: the permission, the entity, and where it is given.
    fn permission_hint(&self) -> String {
        let Some(namespace) = self.request.namespace() else {
            return format!("ask the user to log in again with `hf auth login`, with a token from {TOKEN_SETTINGS}");
        };
        let others = self.others();
        let others =
            if others.is_empty() { String::new() } else { format!("; or pass one of {others} as `namespace`") };
        match self.facts.as_ref().and_then(|facts| facts.lack) {
            Some(Lack::ReadToken) => format!(
                "ask the user to make a write token, or a fine-grained one with `job.write` on `{namespace}`, at {TOKEN_SETTINGS}, and to \
                 run `hf auth login` with it"
            ),
            Some(Lack::JobPermission) => format!(
                "ask the user to add the permission `job.write` on `{namespace}` to this token at {TOKEN_SETTINGS}; no restart is needed\
                 {others}"
            ),
            Some(Lack::JobScope) => {
                format!("ask the user to run `hf auth login` again and to grant the scope `jobs`{others}")
            }
            Some(Lack::OrganisationRole) => {
                format!("ask an admin of `{namespace}` for the role write{others}")
            }
            Some(Lack::Membership) if is_group_id(namespace) => group_hint(namespace) + &others,
            Some(Lack::Membership) => {
                format!("check the spelling of `{namespace}`, or ask its admins to be let in{others}")
            }
            None => format!(
                "check with hf_whoami; jobs need a write token, or a fine-grained one with the permission `job.write` on \
                 `{namespace}`, made at {TOKEN_SETTINGS}{others}"
            ),
        }
    }

    /// 404: it may be in another namespace.
    fn place_hint(&self) -> String {
        let Request::Within { namespace, thing, .. } = &self.request else {
            return "hf_whoami lists the namespaces of this login".to_owned();
        };
        let others = self.others();
        let others = if others.is_empty() {
            "hf_whoami lists the namespaces of this login".to_owned()
        } else {
            format!("this login may also look in {others}, passed as `namespace`")
        };
        let operation = match thing {
            Some(Thing::Job(_)) => "ps",
            Some(Thing::ScheduledJob(_)) => "scheduled ps",
            None if is_group_id(namespace) => return format!("{}; {others}", group_hint(namespace)),
            None => return others,
        };
        format!(
            "check the id with {{\"operation\": \"{operation}\", \"args\": {{\"all\": true, \"namespace\": \"{namespace}\"}}}}; {others}"
        )
    }

    /// The other namespaces of this login in which jobs may be run.
    fn others(&self) -> String {
        let tried = self.request.namespace();
        let allowed = self.facts.iter().flat_map(|facts| &facts.allowed).map(String::as_str);
        list(&allowed.filter(|name| Some(*name) != tried).take(NAMED_MAX).collect::<Vec<_>>())
    }
}

/// Whether a name has the form of the Hub's object ids, which a resource group has and no account.
fn is_group_id(name: &str) -> bool {
    name.len() == 24 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn group_hint(namespace: &str) -> String {
    format!(
        "`{namespace}` has the form of a resource group's id: pass it as `resource_group_id`, and as `namespace` the organization \
         that it belongs to"
    )
}

/// How many other namespaces are named: who has more knows their names.
const NAMED_MAX: usize = 10;

//! Who is logged in, as an answer: what the login may do, and where it may not, what to change.

use super::super::answer::{NamespaceAnswer, OrganisationAnswer, Token, WhoAmIAnswer};
use super::{Rendered, failure, remark, remark_line, sealed};
use crate::error::{Error, Lack};
use crate::hub::{Identity, MayRun};
use crate::operations::{Outcome, WhoAmI};
use crate::secrets::{Clean, Scrubber};

/// The most variables of the server that an answer names.
const SECRET_NAMES_MAX: usize = 100;
const TOKEN_SETTINGS: &str = "https://huggingface.co/settings/tokens";

pub(super) fn rendered(result: Result<Outcome, Error>, secret_names: &[String], scrubber: &Scrubber) -> Rendered {
    match result {
        Ok(Outcome::WhoAmI(whoami)) => answer(&whoami, secret_names, scrubber),
        Ok(_) => error(&Error::Internal { during: "asking who is logged in" }, scrubber),
        Err(failed) => error(&failed, scrubber),
    }
}

fn error(error: &Error, scrubber: &Scrubber) -> Rendered {
    let hint = error.hint();
    let text = format!("error {}: {}\nhint: {hint}", error.code().as_str(), error.message());
    let answer =
        WhoAmIAnswer { ok: false, error: Some(failure::answer(error, &hint, scrubber)), ..WhoAmIAnswer::default() };
    sealed(&text, &answer, true, scrubber)
}

fn answer(whoami: &WhoAmI, secret_names: &[String], scrubber: &Scrubber) -> Rendered {
    let WhoAmI { identity, source, host, local, warnings } = whoami;
    let plan = (!local).then_some(if identity.pro { "pro" } else { "free" });
    let can_pay = identity.can_pay.filter(|_| !local);
    let pays = match can_pay {
        Some(true) => ", can pay",
        Some(false) => ", no payment method (jobs need credit)",
        None => "",
    };
    let shown_plan = plan.map(|plan| format!(", {plan}")).unwrap_or_default();
    let mut lines = vec![format!("logged in as `{}` ({}{shown_plan}{pays})", identity.name, identity.kind)];
    if *local {
        lines.push("Hub: the local one of `--local`: jobs are processes on this machine, nothing is billed".to_owned());
    } else if let Some(host) = host {
        lines.push(format!("Hub: {host}, not huggingface.co"));
    }
    let name = identity.token.name.as_ref().map(|name| format!("`{name}`, ")).unwrap_or_default();
    let expires = identity.token.expires_at.as_ref().map(|at| format!(", expires {at}")).unwrap_or_default();
    lines.push(format!("token: {name}{}, from {source}{expires}", role(identity)));
    for organisation in &identity.organisations {
        let role = organisation.role.as_ref().map_or("role unknown", Clean::as_str);
        let plan = organisation.plan.as_ref().map(|plan| format!(", {plan}")).unwrap_or_default();
        lines.push(format!("organisation `{}`: {role}{plan}", organisation.name));
    }
    let namespaces = namespaces(identity, scrubber);
    for namespace in &namespaces {
        let change = namespace.change.as_ref().map(|change| format!(": {change}")).unwrap_or_default();
        lines.push(format!("jobs in `{}`: {}{change}", namespace.name, namespace.may_run_jobs));
    }
    lines.extend(warnings.iter().map(remark_line));
    if !secret_names.is_empty() {
        let shown: Vec<String> = secret_names.iter().take(SECRET_NAMES_MAX).map(|name| format!("`${name}`")).collect();
        let more = if secret_names.len() > SECRET_NAMES_MAX { ", …" } else { "" };
        lines.push(format!("secrets may also take these variables of the server: {}{more}", shown.join(", ")));
    }
    let answer = WhoAmIAnswer {
        ok: true,
        name: Some(identity.name.clone()),
        kind: Some(identity.kind.clone()),
        plan: plan.map(str::to_owned),
        can_pay,
        host: host.clone(),
        token: Some(Token {
            name: identity.token.name.clone(),
            role: identity.token.role.clone(),
            source: source.clone(),
            expires_at: identity.token.expires_at.clone(),
        }),
        organizations: identity
            .organisations
            .iter()
            .map(|organisation| OrganisationAnswer {
                name: organisation.name.clone(),
                role: organisation.role.clone(),
                plan: organisation.plan.clone(),
            })
            .collect(),
        namespaces,
        warnings: warnings.iter().map(|warning| remark(warning, scrubber)).collect(),
        secret_names: secret_names.iter().take(SECRET_NAMES_MAX).cloned().collect(),
        error: None,
    };
    sealed(&lines.join("\n"), &answer, false, scrubber)
}

fn role(identity: &Identity) -> String {
    match identity.token.role.as_str() {
        "read" => "a read token, which can't run jobs".to_owned(),
        "write" => "a write token".to_owned(),
        "fineGrained" => "a fine-grained token".to_owned(),
        "oauth" => "a browser login (OAuth)".to_owned(),
        other => format!("role {other}"),
    }
}

fn namespaces(identity: &Identity, scrubber: &Scrubber) -> Vec<NamespaceAnswer> {
    let own = std::iter::once(&identity.name);
    own.chain(identity.organisations.iter().map(|organisation| &organisation.name))
        .map(|name| {
            let (may, change) = match identity.may_run(name) {
                MayRun::Yes => ("yes", None),
                MayRun::Unknown => ("unknown", None),
                MayRun::No(Lack::ReadToken) => {
                    ("no", Some(format!("make a write token at {TOKEN_SETTINGS}, then `hf auth login`")))
                }
                MayRun::No(Lack::JobPermission) => {
                    ("no", Some(format!("give this token the permission `job.write` on `{name}` at {TOKEN_SETTINGS}")))
                }
                MayRun::No(Lack::JobScope) => {
                    ("no", Some("log in again with `hf auth login`, granting the scope `jobs`".to_owned()))
                }
                MayRun::No(Lack::OrganisationRole | Lack::Membership) => {
                    ("no", Some("ask an admin of that organisation for the role write".to_owned()))
                }
            };
            NamespaceAnswer {
                name: name.clone(),
                may_run_jobs: may.to_owned(),
                change: change.map(|change| scrubber.clean_line(&change)),
            }
        })
        .collect()
}

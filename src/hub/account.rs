//! `GET /api/whoami-v2`: who the token belongs to and what it may do. Kept for a while, since the Hub limits it strictly.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;

use super::client::Caller;
use super::description::field;
use super::wire;
use crate::error::{Defect, HubError, Lack, LoginFacts, Refusal, Request};
use crate::secrets::{Clean, Fingerprint, HfToken, Scrubber};
use crate::types::{Namespace, Segment};

/// How long an answer is kept: roles and organisations change rarely, and a refusal drops it at once.
const KEPT_FOR: Duration = Duration::from_secs(300);
/// How many logins' answers are kept: a process sees a new one only when its user logs in anew.
const KEPT_LOGINS: usize = 8;
/// How many organisations of an account are read; the Hub has no such bound.
const ORGANISATIONS_MAX: usize = 200;
/// How many scoped entities of a fine-grained token are read.
const SCOPES_MAX: usize = 1000;

/// The permission that a fine-grained token needs on a namespace to run jobs there.
const JOB_PERMISSION: &str = "job.write";
/// The OAuth scope that jobs need (Hub documentation, OAuth).
const JOB_SCOPE: &str = "jobs";

/// The permission that a fine-grained token needs to write to repositories.
const WRITE_PERMISSION: &str = "repo.write";
/// The OAuth scopes that write to repositories (Hub documentation, OAuth).
const WRITE_SCOPES: [&str; 3] = ["write-repos", "manage-repos", "contribute-repos"];

/// Who the token belongs to, and what it may do.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The account's name, which is its namespace.
    pub name: Clean,
    /// `user`, `org` or `app`.
    pub kind: Clean,
    /// Whether the account has the PRO plan.
    pub pro: bool,
    /// Whether a payment method is there, if the Hub says so.
    pub can_pay: Option<bool>,
    /// The organisations that the account is in.
    pub organisations: Vec<Organisation>,
    /// What is known of the token itself.
    pub token: TokenFacts,
}

/// An organisation and the caller's place in it.
#[derive(Debug, Clone)]
pub struct Organisation {
    /// Its name, which is its namespace.
    pub name: Clean,
    /// `admin`, `write`, `contributor`, `read` or `no_access`.
    pub role: Option<Clean>,
    /// `team`, `enterprise`, …
    pub plan: Option<Clean>,
    /// Whether a payment method is there, if the Hub says so.
    pub can_pay: Option<bool>,
}

/// What is known of a token, without a part of it.
#[derive(Debug, Clone)]
pub struct TokenFacts {
    /// The name that its owner gave it.
    pub name: Option<Clean>,
    /// `read`, `write`, `fineGrained`, `god`, `oauth`, `app` or what else the Hub says.
    pub role: Clean,
    /// When it ends (RFC 3339), if it does.
    pub expires_at: Option<Clean>,
    /// The scopes of an OAuth token.
    pub scopes: Option<Vec<Clean>>,
    /// Whether it may write to repositories, if that is known.
    pub can_write: Option<bool>,
    /// The entities on which a fine-grained token has `job.write`.
    job_entities: Vec<Clean>,
}

/// Whether jobs may be run in a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MayRun {
    /// As far as the Hub tells.
    Yes,
    /// No, for lack of something.
    No(Lack),
    /// The Hub does not tell.
    Unknown,
}

impl Identity {
    /// Whether this token may run jobs in `namespace`, which is the account's own or an organisation's.
    pub fn may_run(&self, namespace: &str) -> MayRun {
        let role = self.token.role.as_str();
        if role == "read" {
            return MayRun::No(Lack::ReadToken);
        }
        if role == "fineGrained" {
            let allowed = self.token.job_entities.iter().any(|entity| entity.as_str() == namespace);
            return if allowed { MayRun::Yes } else { MayRun::No(Lack::JobPermission) };
        }
        if self.token.scopes.as_ref().is_some_and(|scopes| !scopes.iter().any(|scope| scope.as_str() == JOB_SCOPE)) {
            return MayRun::No(Lack::JobScope);
        }
        if self.name.as_str() == namespace {
            return if self.kind.as_str() == "app" { MayRun::Unknown } else { MayRun::Yes };
        }
        let organisation = self.organisations.iter().find(|organisation| organisation.name.as_str() == namespace);
        match organisation.and_then(|organisation| organisation.role.as_ref()).map(Clean::as_str) {
            Some("admin" | "write") => MayRun::Yes,
            Some("read" | "no_access") => MayRun::No(Lack::OrganisationRole),
            _ => MayRun::Unknown,
        }
    }

    /// What fits the words of a refusal in `namespace` to this login.
    pub fn facts(&self, namespace: Option<&str>) -> LoginFacts {
        let all = std::iter::once(&self.name).chain(self.organisations.iter().map(|organisation| &organisation.name));
        let may = |name: &&Clean| self.may_run(name) == MayRun::Yes;
        let is_organisation = |name| self.organisations.iter().any(|organisation| organisation.name.as_str() == name);
        let lack = namespace.and_then(|namespace| match self.may_run(namespace) {
            MayRun::No(lack) => Some(lack),
            MayRun::Unknown if self.name.as_str() != namespace && !is_organisation(namespace) => Some(Lack::Membership),
            MayRun::Yes | MayRun::Unknown => None,
        });
        LoginFacts {
            account: self.name.to_string(),
            is_organisation: namespace.is_some_and(is_organisation),
            allowed: all.filter(may).map(ToString::to_string).collect(),
            lack,
        }
    }

    /// The account's own namespace, if its name is one.
    fn namespace(&self) -> Option<Namespace> {
        Namespace::parse(self.name.as_str()).ok()
    }
}

/// The identities that were asked for lately, by the fingerprint of their token.
#[derive(Default)]
pub(super) struct KeptIdentities {
    kept: VecDeque<(Fingerprint, Instant, Arc<Identity>)>,
}

impl KeptIdentities {
    fn get(&self, fingerprint: Fingerprint) -> Option<Arc<Identity>> {
        let (_, since, identity) = self.kept.iter().find(|(kept, _, _)| *kept == fingerprint)?;
        (since.elapsed() < KEPT_FOR).then(|| identity.clone())
    }

    fn keep(&mut self, fingerprint: Fingerprint, identity: Arc<Identity>) {
        self.forget(fingerprint);
        self.kept.truncate(KEPT_LOGINS - 1);
        self.kept.push_front((fingerprint, Instant::now(), identity));
    }

    fn forget(&mut self, fingerprint: Fingerprint) {
        self.kept.retain(|(kept, _, _)| *kept != fingerprint);
    }
}

impl Caller {
    /// Who this login is; asked at most every five minutes.
    pub async fn whoami(&self) -> Result<Arc<Identity>, HubError> {
        if let Some(identity) = self.kept_identity() {
            return Ok(identity);
        }
        let url = self.endpoint().url(&[Segment::fixed("api"), Segment::fixed("whoami-v2")]);
        let mut answer = self.get(url, &Request::WhoAmI).await?;
        let wire: WhoAmI = wire::read(&mut answer)
            .ok_or_else(|| self.failure(&Request::WhoAmI, Refusal::BadAnswer(Defect::Lacks("an account"))).error)?;
        let claims = self.token().and_then(HfToken::oauth_claims);
        let scopes = claims.as_ref().map(|claims| claims.scopes.as_slice());
        let identity = Arc::new(wire.into_identity(self.scrubber(), scopes));
        if let (Some(token), Ok(mut kept)) = (self.token(), self.identities().lock()) {
            kept.keep(token.fingerprint(), identity.clone());
        }
        Ok(identity)
    }

    /// What [`Caller::whoami`] answered lately, without asking again.
    pub fn kept_identity(&self) -> Option<Arc<Identity>> {
        self.identities().lock().ok()?.get(self.token()?.fingerprint())
    }

    /// The namespace to act in: the given one, or else the account's own.
    pub async fn namespace(&self, given: Option<Namespace>) -> Result<Namespace, HubError> {
        if let Some(namespace) = given {
            // Whoever names it knows it: calls that answers suggest can name it, too.
            self.scrubber().known().publish(namespace.as_str());
            return Ok(namespace);
        }
        self.whoami().await?.namespace().ok_or_else(|| {
            self.failure(&Request::WhoAmI, Refusal::BadAnswer(Defect::Lacks("the name of an account"))).error
        })
    }

    pub(super) fn forget_identity(&self) {
        if let (Some(token), Ok(mut kept)) = (self.token(), self.identities().lock()) {
            kept.forget(token.fingerprint());
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WhoAmI {
    #[serde(rename = "type")]
    kind: Option<String>,
    name: String,
    #[serde(default)]
    is_pro: bool,
    can_pay: Option<bool>,
    #[serde(default)]
    orgs: Vec<WireOrganisation>,
    auth: Option<WireAuth>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireOrganisation {
    name: String,
    role_in_org: Option<String>,
    plan: Option<String>,
    can_pay: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAuth {
    #[serde(rename = "type")]
    kind: Option<String>,
    access_token: Option<WireToken>,
    expires_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireToken {
    display_name: Option<String>,
    role: Option<String>,
    fine_grained: Option<WireFineGrained>,
}

#[derive(Deserialize)]
struct WireFineGrained {
    #[serde(default)]
    scoped: Vec<WireScope>,
}

#[derive(Deserialize)]
struct WireScope {
    entity: Option<WireEntity>,
    #[serde(default)]
    permissions: Vec<String>,
}

impl WireScope {
    fn grants(&self, permission: &str) -> bool {
        self.permissions.iter().any(|granted| granted == permission)
    }
}

#[derive(Deserialize)]
struct WireEntity {
    name: Option<String>,
}

impl WhoAmI {
    fn into_identity(self, scrubber: &Scrubber, scopes: Option<&[String]>) -> Identity {
        for name in std::iter::once(&self.name).chain(self.orgs.iter().map(|organisation| &organisation.name)) {
            scrubber.known().publish(name);
        }
        let clean = |text: &str| field(text, scrubber);
        let auth = self.auth.unwrap_or(WireAuth { kind: None, access_token: None, expires_at: None });
        let auth_kind = auth.kind.as_deref().unwrap_or("unknown");
        let token = auth.access_token.as_ref();
        let role = token.and_then(|token| token.role.as_deref()).unwrap_or(match auth_kind {
            "app_token" | "app_token_as_user" => "app",
            other => other,
        });
        let grants = token.and_then(|token| token.fine_grained.as_ref()).map_or(&[][..], |fine| &fine.scoped);
        Identity {
            name: clean(&self.name),
            kind: clean(self.kind.as_deref().unwrap_or("user")),
            pro: self.is_pro,
            can_pay: self.can_pay,
            organisations: self
                .orgs
                .iter()
                .take(ORGANISATIONS_MAX)
                .map(|organisation| Organisation {
                    name: clean(&organisation.name),
                    role: organisation.role_in_org.as_deref().map(clean),
                    plan: organisation.plan.as_deref().map(clean),
                    can_pay: organisation.can_pay,
                })
                .collect(),
            token: TokenFacts {
                name: token.and_then(|token| token.display_name.as_deref()).map(clean),
                role: clean(role),
                expires_at: auth.expires_at.as_deref().map(clean),
                scopes: scopes.map(|scopes| scopes.iter().map(|scope| clean(scope)).collect()),
                can_write: match role {
                    "read" => Some(false),
                    "write" | "god" => Some(true),
                    "fineGrained" => Some(grants.iter().take(SCOPES_MAX).any(|scope| scope.grants(WRITE_PERMISSION))),
                    _ => scopes.map(|scopes| scopes.iter().any(|scope| WRITE_SCOPES.contains(&scope.as_str()))),
                },
                job_entities: grants
                    .iter()
                    .take(SCOPES_MAX)
                    .filter(|scope| scope.grants(JOB_PERMISSION))
                    .filter_map(|scope| scope.entity.as_ref()?.name.as_deref())
                    .map(clean)
                    .collect(),
            },
        }
    }
}

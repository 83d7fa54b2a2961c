//! Who calls: accounts, their organizations, and what a token lets them do.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::random::{Random, id_of_name};

/// The permission that a fine-grained token needs on a namespace to run jobs there.
pub(super) const JOB_WRITE: &str = "job.write";

/// The permission that a fine-grained token needs on its owner to see what was spent.
pub(super) const BILLING_READ: &str = "user.billing.read";

/// A token's owner, and what the token may do.
#[derive(Debug, Clone)]
pub struct Account {
    /// The name, which is also the namespace of its own jobs.
    pub name: String,
    /// What the token may do.
    pub role: TokenRole,
    /// The organizations that it is a member of.
    pub orgs: Vec<Org>,
    /// Whether it has a PRO subscription.
    pub is_pro: bool,
    /// Whether it has a payment method.
    pub can_pay: bool,
    /// Its e-mail address, where `whoami-v2` tells one.
    pub email: Option<String>,
    /// Whether there is credit for jobs: a submission without is answered by 402.
    pub has_credit: bool,
}

impl Default for Account {
    /// A user `local` with a write token, credit and no organization.
    fn default() -> Self {
        Self {
            name: "local".to_owned(),
            role: TokenRole::Write,
            orgs: Vec::new(),
            is_pro: false,
            can_pay: false,
            email: None,
            has_credit: true,
        }
    }
}

/// An organization as one of its members sees it.
#[derive(Debug, Clone, Default)]
pub struct Org {
    /// The name, which is also the namespace of its jobs.
    pub name: String,
    /// `admin`, `write`, `contributor`, `read` or `no_access`.
    pub role_in_org: String,
    /// `team`, `enterprise`, `plus` or `academia`; none for a free organization.
    pub plan: Option<String>,
}

/// The kinds of token that the Hub gives out.
#[derive(Debug, Clone)]
pub enum TokenRole {
    /// May do what its owner may.
    Write,
    /// May look at jobs, not start them.
    Read,
    /// May do what is listed, and nothing else.
    FineGrained {
        /// Permissions such as `job.write`, by the name of the user or organization that they hold for.
        permissions: BTreeMap<String, Vec<String>>,
    },
    /// Comes from a browser login with the scope `jobs`.
    OAuth {
        /// From then on it is answered by 401.
        expires_at: SystemTime,
    },
    /// Acts as an organization, of which the account bears the name: the old `api_org_` kind.
    Organization,
    /// Belongs to an app, which has no jobs.
    App,
}

/// What a token may do with the jobs of one namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    None,
    Read,
    Write,
}

impl Account {
    pub(super) fn id(&self) -> String {
        id_of_name(&self.name)
    }

    /// What this token may do in `namespace`.
    pub(super) fn access(&self, namespace: &str) -> Access {
        let own = namespace == self.name;
        let member = self.orgs.iter().find(|org| org.name == namespace).map_or("no_access", |org| &org.role_in_org);
        let owner = match member {
            _ if own => Access::Write,
            "admin" | "write" => Access::Write,
            "contributor" | "read" => Access::Read,
            _ => Access::None,
        };
        match &self.role {
            TokenRole::Write | TokenRole::OAuth { .. } => owner,
            TokenRole::Organization if own => Access::Write,
            TokenRole::FineGrained { permissions } => match permissions.get(namespace) {
                Some(granted) if granted.iter().any(|permission| permission == JOB_WRITE) => owner,
                _ => Access::None,
            },
            TokenRole::Read if owner == Access::None => Access::None,
            TokenRole::Read => Access::Read,
            TokenRole::Organization | TokenRole::App => Access::None,
        }
    }

    /// Whether this token may see what its owner's jobs cost.
    pub(super) fn sees_billing(&self) -> bool {
        match &self.role {
            TokenRole::FineGrained { permissions } => {
                permissions.get(&self.name).is_some_and(|granted| granted.iter().any(|name| name == BILLING_READ))
            }
            TokenRole::App => false,
            TokenRole::Write | TokenRole::Read | TokenRole::OAuth { .. } | TokenRole::Organization => true,
        }
    }

    /// A namespace as the `owner` and `initiator` of a job name it.
    pub(super) fn owner(&self, namespace: &str) -> Value {
        let user = namespace == self.name && !matches!(self.role, TokenRole::Organization);
        let id = id_of_name(namespace);
        let avatar = avatar(&id);
        json!({"id": id, "name": namespace, "type": if user { "user" } else { "org" }, "avatarUrl": avatar})
    }

    /// The `hfToken` of a job that this token started.
    pub(super) fn token_json(&self) -> Value {
        match self.role_name() {
            Some(role) => json!({"ownerName": self.name, "tokenRole": role}),
            None => json!({"ownerName": self.name}),
        }
    }

    fn role_name(&self) -> Option<&'static str> {
        match self.role {
            TokenRole::Write | TokenRole::Organization => Some("write"),
            TokenRole::Read => Some("read"),
            TokenRole::FineGrained { .. } => Some("fineGrained"),
            TokenRole::OAuth { .. } | TokenRole::App => None,
        }
    }

    /// The body of `GET /api/whoami-v2`; `created` is when the token was made.
    pub(super) fn whoami(&self, created: SystemTime) -> Value {
        let (id, fullname) = (self.id(), &self.name);
        let auth = self.auth(created);
        match self.role {
            TokenRole::App => {
                let scope = json!({"role": "write", "entities": []});
                return json!({"type": "app", "id": id, "name": self.name, "scope": scope, "auth": auth});
            }
            TokenRole::Organization => {
                return json!({
                    "type": "org", "id": id, "name": self.name, "fullname": fullname, "canPay": self.can_pay,
                    "avatarUrl": avatar(&id), "orgs": [], "auth": auth,
                });
            }
            _ => {}
        }
        let mut user = json!({
            "type": "user",
            "id": id,
            "name": self.name,
            "fullname": fullname,
            "isPro": self.is_pro,
            "canPay": self.can_pay,
            "billingMode": if self.can_pay { "postpaid" } else { "prepaid" },
            "periodEnd": null,
            "avatarUrl": avatar(&id),
            "orgs": self.orgs.iter().map(Org::json).collect::<Value>(),
            "auth": auth,
        });
        // A fine-grained token is told no address.
        if let (Some(email), Some(fields)) = (&self.email, user.as_object_mut())
            && !matches!(self.role, TokenRole::FineGrained { .. })
        {
            fields.insert("email".to_owned(), json!(email));
            fields.insert("emailVerified".to_owned(), json!(true));
        }
        user
    }

    fn auth(&self, created: SystemTime) -> Value {
        let (role, fine_grained) = match &self.role {
            TokenRole::OAuth { expires_at } => {
                return json!({"type": "oauth", "expiresAt": humantime::format_rfc3339_millis(*expires_at).to_string()});
            }
            TokenRole::App => return json!({"type": "app_token"}),
            TokenRole::FineGrained { permissions } => ("fineGrained", Some(self.scoped(permissions))),
            TokenRole::Read => ("read", None),
            TokenRole::Write | TokenRole::Organization => ("write", None),
        };
        let created = humantime::format_rfc3339_millis(created).to_string();
        let mut token = json!({"displayName": "local-hub", "role": role, "createdAt": created});
        if let (Some(scoped), Some(fields)) = (fine_grained, token.as_object_mut()) {
            let fine_grained = json!({"canReadGatedRepos": false, "global": [], "scoped": scoped});
            fields.insert("fineGrained".to_owned(), fine_grained);
        }
        json!({"type": "access_token", "accessToken": token})
    }

    fn scoped(&self, permissions: &BTreeMap<String, Vec<String>>) -> Value {
        let entity = |name: &str| {
            let kind = if name == self.name { "user" } else { "org" };
            json!({"_id": id_of_name(name), "type": kind, "name": name})
        };
        permissions.iter().map(|(name, granted)| json!({"entity": entity(name), "permissions": granted})).collect()
    }

    /// A fresh token of the shape that this kind has.
    pub(super) fn fresh_token(&self, random: &Random) -> String {
        let TokenRole::OAuth { expires_at } = self.role else { return random.token() };
        let expires = expires_at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let claims = json!({"scope": ["openid", "profile", "jobs"], "sub": self.id(), "exp": expires});
        let [header, claims] = [json!({"alg": "EdDSA"}), claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        format!("hf_oauth_{header}.{claims}.{}", random.hex(64))
    }
}

impl Org {
    fn json(&self) -> Value {
        let id = id_of_name(&self.name);
        let mut org = json!({
            "type": "org", "id": id, "name": self.name, "fullname": self.name, "avatarUrl": avatar(&id),
            "canPay": self.plan.is_some(), "roleInOrg": self.role_in_org,
        });
        if let (Some(plan), Some(fields)) = (&self.plan, org.as_object_mut()) {
            fields.insert("plan".to_owned(), json!(plan));
        }
        org
    }
}

fn avatar(id: &str) -> String {
    format!("/avatars/{id}.svg")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(role: TokenRole) -> Account {
        let org = |name: &str, role: &str| Org { name: name.into(), role_in_org: role.into(), plan: None };
        let orgs = vec![org("acme", "write"), org("library", "read"), org("closed", "no_access")];
        Account { name: "alice".into(), role, orgs, ..Account::default() }
    }

    #[test]
    fn a_token_reaches_as_far_as_its_role_and_its_owner() {
        use Access::{None, Read, Write};
        let places = ["alice", "acme", "library", "closed", "bob"];
        let same = |role: TokenRole, expected: [Access; 5]| {
            let account = member(role);
            assert_eq!(places.map(|place| account.access(place)), expected, "{:?}", account.role);
        };
        let fine = |name: &str, permission: &str| TokenRole::FineGrained {
            permissions: [(name.to_owned(), vec![permission.to_owned()])].into(),
        };
        same(TokenRole::Write, [Write, Write, Read, None, None]);
        same(TokenRole::Read, [Read, Read, Read, None, None]);
        same(fine("acme", JOB_WRITE), [None, Write, None, None, None]);
        same(fine("alice", "repo.write"), [None; 5]);
        same(fine("bob", JOB_WRITE), [None; 5]);
        same(TokenRole::Organization, [Write, None, None, None, None]);
        same(TokenRole::App, [None; 5]);
    }

    #[test]
    fn whoami_has_a_shape_for_each_kind_of_token() {
        let mail = |role| Account { email: Some("a@example.org".into()), ..member(role) }.whoami(UNIX_EPOCH);
        let write = mail(TokenRole::Write);
        assert_eq!(write["auth"]["accessToken"]["role"], "write");
        assert_eq!(write["email"], "a@example.org");
        assert_eq!(write["orgs"][0]["roleInOrg"], "write");
        let permissions = [("acme".to_owned(), vec![JOB_WRITE.to_owned()])].into();
        let fine = mail(TokenRole::FineGrained { permissions });
        assert_eq!(fine["auth"]["accessToken"]["fineGrained"]["scoped"][0]["entity"]["type"], "org");
        assert_eq!(fine.get("email"), None);
        let oauth = mail(TokenRole::OAuth { expires_at: UNIX_EPOCH });
        assert_eq!(oauth["auth"], json!({"type": "oauth", "expiresAt": "1970-01-01T00:00:00.000Z"}));
        assert_eq!(mail(TokenRole::App)["type"], "app");
        assert_eq!(mail(TokenRole::Organization)["type"], "org");
    }
}

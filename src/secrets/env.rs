//! The plain environment of a job: readable by everyone who may see it.

use super::shapes::{self, Sight};
use super::{Scan, placeholder};
use crate::error::{Credential, Fault, Problem};

/// How hosts begin whose passwords are no secret.
const HARMLESS_HOSTS: [&str; 4] = ["localhost", "127.", "[::1]", "example."];

/// Environment variables in which no credential was found. [`PlainEnv::check`] alone makes one that is not empty.
///
/// ```compile_fail,E0423
/// let unproven = hf_jobs_mcp::secrets::PlainEnv(Vec::new());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlainEnv(Vec<(String, String)>);

impl PlainEnv {
    /// Checks names and values; one fault for each variable that has one, at `env.NAME`.
    ///
    /// Refused: the names under which Hub libraries read the token, in any case; a reference to the token in any form;
    /// the session's token in any encoding; a Hub token's or a vendor key's shape; a name given twice with two values.
    pub fn check(pairs: Vec<(String, String)>, scan: &Scan) -> Result<Self, Vec<Fault>> {
        let mut kept: Vec<(String, String)> = Vec::with_capacity(pairs.len());
        let mut faults = Vec::new();
        for (name, value) in pairs {
            let argument = format!("env.{name}");
            let earlier = kept.iter().find(|(earlier, _)| *earlier == name);
            if let Some(credential) = credential(&name, &value, scan) {
                let secret = if placeholder::is_token_name(&name) { "HF_TOKEN".to_owned() } else { name };
                faults.push(Problem::Credential { credential, secret }.at(argument));
            } else if earlier.is_some_and(|(_, earlier)| *earlier != value) {
                faults.push(Problem::Conflict { with: argument.clone() }.at(argument));
            } else if earlier.is_none() {
                kept.push((name, value));
            }
        }
        if faults.is_empty() { Ok(Self(kept)) } else { Err(faults) }
    }

    /// Names and values, in the order given.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The names of variables that hold a URL with a password, other than of this machine or of documentation.
    pub fn with_passwords(&self) -> impl Iterator<Item = &str> {
        let has_password = |value: &str| {
            shapes::find(value, Sight::Strict).into_iter().any(|found| {
                let host = value.get(found.range.end..).and_then(|rest| rest.strip_prefix('@')).unwrap_or_default();
                let is_harmless = HARMLESS_HOSTS.iter().any(|start| host.starts_with(start));
                found.credential == Credential::UrlUserinfo && !is_harmless
            })
        };
        self.iter().filter(move |(_, value)| has_password(value)).map(|(name, _)| name)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn credential(name: &str, value: &str, scan: &Scan) -> Option<Credential> {
    if placeholder::is_token_name(name) {
        return Some(Credential::TokenName);
    }
    if placeholder::is_referred_to(value) {
        return Some(Credential::Placeholder);
    }
    scan.check_env(value).or_else(|| scan.check_env(name))
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;
    use crate::secrets::{HfToken, Known};

    const LOGIN: &str = "local-hub-0123456789";

    fn check(pairs: &[(&str, &str)]) -> Result<PlainEnv, Vec<Fault>> {
        let known = Known::new();
        known.remember_token(&HfToken::parse(LOGIN).unwrap().unwrap());
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        PlainEnv::check(pairs, &Scan::new(&known))
    }

    #[test]
    fn credentials_are_refused_and_moved_to_secrets_under_their_name() {
        let token = format!("hf_{}", "QwErTyUiOp".repeat(4).split_at(34).0);
        let github = format!("ghp_{}", "a1B2c3".repeat(6));
        let encoded = STANDARD.encode(format!("user:{LOGIN}"));
        for (name, value, credential, secret) in [
            ("HF_TOKEN", "$HF_TOKEN", Credential::TokenName, "HF_TOKEN"),
            ("hf_token", "x", Credential::TokenName, "HF_TOKEN"),
            ("HUGGING_FACE_HUB_TOKEN", "", Credential::TokenName, "HF_TOKEN"),
            ("HuggingFace_Hub_Token", "x", Credential::TokenName, "HF_TOKEN"),
            ("HUGGINGFACE_TOKEN", "x", Credential::TokenName, "HF_TOKEN"),
            ("TOKEN", "${HF_TOKEN}", Credential::Placeholder, "TOKEN"),
            ("AUTH", "Bearer $HF_TOKEN", Credential::Placeholder, "AUTH"),
            ("AUTH", token.as_str(), Credential::HubToken, "AUTH"),
            ("AUTH", LOGIN, Credential::SessionToken, "AUTH"),
            ("AUTH", encoded.as_str(), Credential::SessionToken, "AUTH"),
            ("GH", github.as_str(), Credential::VendorKey("GitHub"), "GH"),
            (token.as_str(), "x", Credential::HubToken, token.as_str()),
        ] {
            let expected = Problem::Credential { credential, secret: secret.to_owned() }.at(format!("env.{name}"));
            assert_eq!(check(&[("OK", "1"), (name, value)]), Err(vec![expected]), "{name}={value}");
        }
    }

    #[test]
    fn ordinary_variables_pass_in_order() {
        let example = format!("hf_{}", "x".repeat(34));
        let pairs = [
            ("HF_HOME", "/data/hf_cache_models"),
            ("MAX_TOKENS", "2048"),
            ("TOKENIZER", "$HF_TOKENIZER"),
            ("EXAMPLE", example.as_str()),
            ("HF_TOKEN_PATH", "/run/token"),
            ("DATABASE_URL", "postgres://app:s3cr3t@db/app"),
            ("PRICE", "$5"),
            ("EMPTY", ""),
        ];
        let env = check(&pairs).unwrap();
        assert!(env.iter().eq(pairs) && !env.is_empty() && PlainEnv::default().is_empty());
    }

    #[test]
    fn a_name_has_one_value() {
        assert_eq!(check(&[("A", "1"), ("A", "1")]).unwrap().iter().len(), 1);
        let fault = Problem::Conflict { with: "env.A".to_owned() }.at("env.A");
        assert_eq!(check(&[("A", "1"), ("A", "2")]), Err(vec![fault]));
    }
}

//! The tokens that are valid, and whose they are.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};

use super::account::{Account, TokenRole};
use super::random::Random;

/// A known token's account.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) account: Account,
    /// When the token was made.
    pub(super) created: SystemTime,
}

/// What a browser login leaves with a client. It has no `Debug`: both tokens are secrets.
#[derive(Clone)]
pub struct OAuthLogin {
    /// The bearer token.
    pub access_token: String,
    /// What `POST /oauth/token` takes, once, for a new login.
    pub refresh_token: String,
    /// When the access token ends, in seconds since 1970.
    pub expires_at: u64,
}

type Digest = [u8; 32];

/// The accounts by their tokens, of which only digests are kept: looking one up tells nothing by its time.
#[derive(Default)]
pub(super) struct Logins {
    access: HashMap<Digest, Login>,
    /// Refresh tokens, each until it is used.
    refresh: HashMap<Digest, Account>,
}

impl Logins {
    /// Adds an account under a fresh token, which is returned.
    pub(super) fn add(&mut self, account: Account, random: &Random) -> String {
        let token = account.fresh_token(random);
        self.access.insert(digest(&token), Login { account, created: SystemTime::now() });
        token
    }

    /// Adds an account as a browser login leaves it, whatever its role was before.
    pub(super) fn add_oauth(&mut self, account: Account, lifetime: Duration, random: &Random) -> OAuthLogin {
        let now = SystemTime::now();
        let expires_at = now.checked_add(lifetime).unwrap_or(now);
        let account = Account { role: TokenRole::OAuth { expires_at }, ..account };
        let refresh_token = format!("hf_oauth__refresh_{}", random.hex(64));
        self.refresh.insert(digest(&refresh_token), account.clone());
        let access_token = self.add(account, random);
        let expires_at = expires_at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        OAuthLogin { access_token, refresh_token, expires_at }
    }

    /// A new login for a refresh token, which is spent by it. The access token before it lives on until it expires.
    pub(super) fn refresh(&mut self, token: &str, lifetime: Duration, random: &Random) -> Option<OAuthLogin> {
        let account = self.refresh.remove(&digest(token))?;
        // Or a client that refreshes for ever would have them pile up.
        self.access.retain(|_, login| !login.is_expired());
        Some(self.add_oauth(account, lifetime, random))
    }

    /// Forgets a token, of whichever kind.
    pub(super) fn revoke(&mut self, token: &str) {
        self.access.remove(&digest(token));
        self.refresh.remove(&digest(token));
    }

    /// The account of a token that is valid now.
    pub(super) fn find(&self, token: &str) -> Option<Login> {
        self.access.get(&digest(token)).filter(|login| !login.is_expired()).cloned()
    }
}

impl Login {
    fn is_expired(&self) -> bool {
        matches!(self.account.role, TokenRole::OAuth { expires_at } if expires_at <= SystemTime::now())
    }
}

fn digest(token: &str) -> Digest {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_end_by_revocation_and_by_expiry() {
        let random = Random::new().unwrap();
        let mut logins = Logins::default();
        let token = logins.add(Account::default(), &random);
        assert_eq!(logins.find(&token).unwrap().account.name, "local");
        assert!(logins.find("hf_other").is_none());
        logins.revoke(&token);
        assert!(logins.find(&token).is_none());
        for (lifetime, valid) in [(60, true), (0, false)] {
            let login = logins.add_oauth(Account::default(), Duration::from_secs(lifetime), &random);
            assert_eq!(login.access_token.split('.').count(), 3);
            assert_eq!(logins.find(&login.access_token).is_some(), valid);
        }
    }

    #[test]
    fn a_refresh_token_is_good_for_one_login() {
        let random = Random::new().unwrap();
        let mut logins = Logins::default();
        let first = logins.add_oauth(Account::default(), Duration::ZERO, &random);
        let long = Duration::from_secs(60);
        let second = logins.refresh(&first.refresh_token, long, &random).unwrap();
        assert!(logins.find(&second.access_token).is_some() && logins.find(&first.access_token).is_none());
        assert!(logins.refresh(&first.refresh_token, long, &random).is_none());
        assert!(logins.refresh(&second.access_token, long, &random).is_none(), "no access token refreshes");
        logins.revoke(&second.refresh_token);
        assert!(logins.refresh(&second.refresh_token, long, &random).is_none());
    }
}

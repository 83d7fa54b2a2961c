//! Who is logged in, as the vault asks for it.

use std::sync::Arc;

use super::{BrowserLogin, HfToken, Known, Renewal, RenewalFault, Secret};
use crate::error::{TokenSource, Warning};

/// The login of this server and what of its environment jobs may be given. Read afresh on each call, so that a new
/// `hf auth login` is seen by the next one.
pub trait Session: Send + Sync {
    /// The token and where it came from.
    fn login(&self) -> Result<Login, LoginFault>;

    /// A variable of the server's own environment, if the operator allowed it for secrets.
    fn variable(&self, name: &str) -> Variable;

    /// What a login can be renewed with, if it is a browser's that was read from a token file.
    fn browser_login(&self, _login: &Login) -> Option<BrowserLogin> {
        None
    }

    /// Begins to renew a login, without waiting for another process that is at it.
    fn begin_renewal(&self, _login: &Login) -> Result<Renewal, RenewalFault> {
        Err(RenewalFault::NotRenewable)
    }
}

/// A token and its source.
#[derive(Debug, Clone)]
pub struct Login {
    /// The token.
    pub token: HfToken,
    /// Where it came from.
    pub source: TokenSource,
    /// What was ignored in the places that hold tokens.
    pub warnings: Vec<Warning>,
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq)]
pub enum LoginFault {
    /// None of the places has one.
    NotLoggedIn {
        /// The places, in the order in which they were looked at.
        looked_at: Vec<String>,
        /// What was ignored there.
        ignored: Vec<Warning>,
    },
    /// A token file that can't be read.
    Unreadable {
        /// The file.
        source: TokenSource,
        /// The operating system's reason.
        reason: String,
    },
    /// What is there is no token.
    Malformed {
        /// Where it stands.
        source: TokenSource,
    },
}

/// A variable of the server's environment.
#[derive(Debug, Clone)]
pub enum Variable {
    /// The operator did not allow it.
    NotAllowed,
    /// Allowed, and not in the environment.
    Unset,
    /// Its value.
    Set(Secret),
}

impl<S: Session + ?Sized> Session for Box<S> {
    fn login(&self) -> Result<Login, LoginFault> {
        (**self).login()
    }

    fn variable(&self, name: &str) -> Variable {
        (**self).variable(name)
    }

    fn browser_login(&self, login: &Login) -> Option<BrowserLogin> {
        (**self).browser_login(login)
    }

    fn begin_renewal(&self, login: &Login) -> Result<Renewal, RenewalFault> {
        (**self).begin_renewal(login)
    }
}

impl<S: Session + ?Sized> Session for Arc<S> {
    fn login(&self) -> Result<Login, LoginFault> {
        (**self).login()
    }

    fn variable(&self, name: &str) -> Variable {
        (**self).variable(name)
    }

    fn browser_login(&self, login: &Login) -> Option<BrowserLogin> {
        (**self).browser_login(login)
    }

    fn begin_renewal(&self, login: &Login) -> Result<Renewal, RenewalFault> {
        (**self).begin_renewal(login)
    }
}

/// A session whose every token is known for redaction before anyone can use it.
pub struct Remembered<S> {
    session: S,
    known: Known,
}

impl<S: Session> Remembered<S> {
    /// Has the store remember each token that the session hands out.
    pub fn new(session: S, known: Known) -> Self {
        Self { session, known }
    }
}

impl<S: Session> Session for Remembered<S> {
    fn login(&self) -> Result<Login, LoginFault> {
        let login = self.session.login()?;
        self.known.remember_token(&login.token);
        Ok(login)
    }

    fn variable(&self, name: &str) -> Variable {
        self.session.variable(name)
    }

    fn browser_login(&self, login: &Login) -> Option<BrowserLogin> {
        let browser_login = self.session.browser_login(login)?;
        self.known.remember_credential(&browser_login.refresh_token);
        Some(browser_login)
    }

    fn begin_renewal(&self, login: &Login) -> Result<Renewal, RenewalFault> {
        let renewal = self.session.begin_renewal(login)?;
        match &renewal {
            Renewal::Done(login) => self.known.remember_token(&login.token),
            Renewal::Held(held) => self.known.remember_credential(&held.browser_login().refresh_token),
        }
        Ok(renewal)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Logged in with this token, with one allowed variable that is set and one that is not.
    pub(in crate::secrets) struct FakeSession(pub(in crate::secrets) Option<String>);

    impl Session for FakeSession {
        fn login(&self) -> Result<Login, LoginFault> {
            let token = self.0.as_deref().and_then(|token| HfToken::parse(token).unwrap());
            let token = token.ok_or_else(|| LoginFault::NotLoggedIn {
                looked_at: vec!["HF_TOKEN".to_owned()],
                ignored: Vec::new(),
            })?;
            Ok(Login { token, source: TokenSource::Variable("HF_TOKEN"), warnings: Vec::new() })
        }

        fn variable(&self, name: &str) -> Variable {
            match name {
                "WANDB_API_KEY" => Variable::Set(Secret::new("wandb-value".to_owned())),
                "UNSET_KEY" => Variable::Unset,
                _ => Variable::NotAllowed,
            }
        }
    }

    #[test]
    fn a_token_is_known_before_it_is_used() {
        let known = Known::new();
        let session = Remembered::new(FakeSession(Some("the-session-token".to_owned())), known.clone());
        let login = session.login().unwrap();
        assert!(known.index().tokens.is_match("print the-session-token"));
        assert_eq!(
            format!("{} {login:?}", login.source),
            "HF_TOKEN Login { token: [redacted], source: Variable(\"HF_TOKEN\"), warnings: [] }"
        );
        assert!(matches!(session.variable("PATH"), Variable::NotAllowed));
        assert!(Remembered::new(FakeSession(None), known).login().is_err());
    }
}

//! A browser login's token and how it is followed by the next one.

use std::fmt;

use secrecy::zeroize::Zeroize as _;
use serde::Deserialize;
use serde_json::Number;

use super::{HfToken, Known, Login, MAX_TOKEN_CHARS, Secret};

/// What `hf auth login` keeps beside the token of a browser login.
#[derive(Debug, Clone)]
pub struct BrowserLogin {
    /// What the next token is had for, once.
    pub refresh_token: Secret,
    /// When the token expires, in seconds since 1970.
    pub expires_at: u64,
}

/// What the Hub gave for a refresh token.
#[derive(Debug)]
pub struct RenewedLogin {
    /// The new token.
    pub token: HfToken,
    /// The next refresh token; without one, the last one stays good.
    pub refresh_token: Option<Secret>,
    /// When the new token expires, in seconds since 1970.
    pub expires_at: Option<u64>,
}

/// How a renewal begins.
pub enum Renewal {
    /// The login has changed meanwhile: another process has renewed it, or its user logged in anew.
    Done(Login),
    /// It is to be done here, and nobody else does it as long as this is held.
    Held(Box<dyn HeldRenewal>),
}

/// The right to renew a login, which is lost when this is dropped.
pub trait HeldRenewal: Send {
    /// The login as it stands now.
    fn browser_login(&self) -> &BrowserLogin;

    /// Writes the new tokens to where the old ones stood.
    ///
    /// # Errors
    /// The operating system's reason, without a part of a token.
    fn keep(self: Box<Self>, renewed: &RenewedLogin) -> Result<(), String>;
}

/// Why a renewal does not begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RenewalFault {
    /// Another process is at it.
    Busy,
    /// The login can't be kept here, with the operating system's reason.
    Unwritable(String),
    /// There is nothing that the token could be renewed with.
    NotRenewable,
}

impl RenewedLogin {
    /// Reads the Hub's answer (RFC 6749, 5.1) of the moment `now`, in seconds since 1970. The store knows both tokens from
    /// here on. `None`: there is no usable token in it.
    pub fn parse(answer: &[u8], now: u64, known: &Known) -> Option<Self> {
        let mut answer: Answer = serde_json::from_slice(answer).ok()?;
        let token = HfToken::parse(&answer.access_token).ok().flatten();
        answer.access_token.zeroize();
        let token = token?;
        known.remember_token(&token);
        let refresh_token = match answer.refresh_token.map(Secret::new) {
            // Anything else would break the file that it is kept in.
            Some(text) if !is_token(text.reveal()) => return None,
            refresh_token => refresh_token,
        };
        if let Some(refresh_token) = &refresh_token {
            known.remember_credential(refresh_token);
        }
        let seconds = answer.expires_in.and_then(|number| number.as_u64());
        Some(Self { token, refresh_token, expires_at: seconds.map(|seconds| now.saturating_add(seconds)) })
    }
}

fn is_token(text: &str) -> bool {
    (1..=MAX_TOKEN_CHARS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    refresh_token: Option<String>,
    expires_in: Option<Number>,
}

impl fmt::Debug for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done(_) => "Done",
            Self::Held(_) => "Held",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(answer: &str) -> Option<(String, Option<String>, Option<u64>)> {
        let known = Known::new();
        let renewed = RenewedLogin::parse(answer.as_bytes(), 1000, &known)?;
        let refresh_token = renewed.refresh_token.as_ref().map(|token| token.reveal().to_owned());
        for secret in refresh_token.iter().map(String::as_str).chain([renewed.token.secret().reveal()]) {
            assert!(known.index().tokens.is_match(secret));
        }
        Some((renewed.token.secret().reveal().to_owned(), refresh_token, renewed.expires_at))
    }

    #[test]
    fn the_hubs_answer_is_read() {
        let [token, refresh] = ["new-token", "new-refresh"].map(str::to_owned);
        for (answer, expected) in [
            (
                r#"{"access_token":"new-token","refresh_token":"new-refresh","expires_in":60,"token_type":"bearer"}"#,
                Some((token.clone(), Some(refresh), Some(1060))),
            ),
            (r#"{"access_token":"new-token"}"#, Some((token.clone(), None, None))),
            (r#"{"access_token":"new-token","expires_in":18446744073709551615}"#, Some((token, None, Some(u64::MAX)))),
            (r#"{"access_token":""}"#, None),
            (r#"{"access_token":"a b"}"#, None),
            (r#"{"access_token":"new-token","refresh_token":"a\nb = c"}"#, None),
            (r#"{"access_token":"new-token","refresh_token":""}"#, None),
            (r#"{"error":"invalid_grant"}"#, None),
            ("<html>", None),
        ] {
            assert_eq!(parse(answer), expected, "{answer}");
        }
    }
}

//! Who may come in: the bearer of the door's token, or everybody on this machine.

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};

use super::refusal::Refusal;
use crate::secrets::DoorToken;

/// The door.
#[derive(Clone)]
pub enum Door {
    /// Opens for this token.
    Token(DoorToken),
    /// Stands open; for loopback alone.
    Open,
}

impl Door {
    /// Lets a request in, and takes from it what is for the door alone: nothing behind it sees a caller's credentials, so
    /// that none can reach the Hub (MCP 2025-11-25, security best practices, token passthrough).
    pub(super) fn admit(&self, headers: &mut HeaderMap) -> Result<(), Refusal> {
        if let Self::Token(token) = self {
            let mut values = headers.get_all(AUTHORIZATION).iter();
            let (Some(value), None) = (values.next(), values.next()) else { return Err(Refusal::Closed) };
            if !bearer(value.as_bytes()).is_some_and(|presented| token.is(presented)) {
                return Err(Refusal::Closed);
            }
        }
        for header in [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE] {
            headers.remove(header);
        }
        Ok(())
    }
}

/// The token of `Bearer TOKEN` (RFC 6750, section 2.1; the scheme's case does not count: RFC 9110, section 11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(b"Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::secrets::Secret;

    #[test]
    fn it_opens_for_its_token_alone_and_keeps_it() {
        let secret = "0123456789abcdef";
        let door = Door::Token(DoorToken::new(&Secret::new(secret.to_owned())).ok().unwrap());
        for (value, opens) in [
            (format!("Bearer {secret}"), true),
            (format!("bearer  {secret} "), true),
            (format!("Bearer {secret}0"), false),
            (format!("Basic {secret}"), false),
            (secret.to_owned(), false),
            ("Bearer ".to_owned(), false),
            (String::new(), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::try_from(&value).unwrap());
            assert_eq!(door.admit(&mut headers).is_ok(), opens, "{value}");
            assert_eq!(headers.contains_key(AUTHORIZATION), !opens);
        }
        let mut twice = HeaderMap::new();
        for _ in 0..2 {
            twice.append(AUTHORIZATION, HeaderValue::try_from(format!("Bearer {secret}")).unwrap());
        }
        assert_eq!(door.admit(&mut twice), Err(Refusal::Closed));
        assert_eq!(door.admit(&mut HeaderMap::new()), Err(Refusal::Closed));
        assert_eq!(Door::Open.admit(&mut twice), Ok(()));
        assert!(twice.is_empty());
    }
}

//! Who may send requests: the bearer of the access token, or everybody on this machine.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use axum::http::request::Parts;

use super::refusal::Refusal;
use crate::secrets::DoorToken;

/// The access check.
#[derive(Clone)]
pub enum Access {
    /// Requests must carry the access token, which that file holds.
    Token {
        /// The token.
        token: DoorToken,
        /// The file that holds it.
        file: Arc<Path>,
    },
    /// Every request is served; for loopback addresses only.
    Open,
}

/// Why the access check refuses a request. Says what the request holds and nothing about the access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AccessFault {
    /// There is no `Authorization` header.
    Missing,
    /// There are several `Authorization` headers, or one of another scheme.
    NotBearer,
    /// Nothing follows `Bearer`.
    Empty,
    /// It is another token.
    Wrong,
}

/// The address at the other end of a connection, as the listener saw it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

/// The headers of a request that a proxy passed on: its peer is the proxy and not the client. A proxy may send none of them.
const PASSED_ON: [&str; 4] = ["forwarded", "via", "x-forwarded-for", "x-real-ip"];

impl Access {
    /// Checks a request, and removes the caller's credentials from it: no later layer sees them, so that none can reach the
    /// Hub (MCP 2025-11-25, security best practices, token passthrough).
    pub(super) fn admit(&self, head: &mut Parts) -> Result<(), Refusal> {
        if let Self::Token { token, .. } = self {
            check(&head.headers, token).map_err(|fault| Refusal::Access { fault, file: self.file_for(head) })?;
        }
        for header in [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE] {
            head.headers.remove(header);
        }
        Ok(())
    }

    /// The access token's file, for a client on this machine: to others the path would show the operator's name.
    pub(super) fn file_for(&self, head: &Parts) -> Option<Arc<Path>> {
        let Self::Token { file, .. } = self else { return None };
        let is_local =
            head.extensions.get::<Peer>().is_some_and(|Peer(address)| address.ip().to_canonical().is_loopback());
        let is_passed_on = PASSED_ON.iter().any(|header| head.headers.contains_key(*header));
        (is_local && !is_passed_on).then(|| file.clone())
    }
}

fn check(headers: &HeaderMap, token: &DoorToken) -> Result<(), AccessFault> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(AccessFault::Missing)?;
    match bearer(value.as_bytes()) {
        _ if values.next().is_some() => Err(AccessFault::NotBearer),
        None => Err(AccessFault::NotBearer),
        Some([]) => Err(AccessFault::Empty),
        Some(presented) if token.is(presented) => Ok(()),
        Some(_) => Err(AccessFault::Wrong),
    }
}

/// The token of `Bearer TOKEN` (RFC 6750, section 2.1; the scheme's case does not count: RFC 9110, section 11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    const SCHEME: &[u8] = b"Bearer";
    let (scheme, token) = value.split_at_checked(SCHEME.len())?;
    let is_bearer = scheme.eq_ignore_ascii_case(SCHEME) && token.first().is_none_or(|byte| *byte == b' ');
    is_bearer.then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, Request};

    use super::*;
    use crate::secrets::Secret;

    const SECRET: &str = "0123456789abcdef";

    fn access() -> Access {
        let token = DoorToken::new(&Secret::new(SECRET.to_owned())).ok().unwrap();
        Access::Token { token, file: Path::new("/state/http-token").into() }
    }

    fn head(authorizations: &[String]) -> Parts {
        let mut head = Request::new(()).into_parts().0;
        for value in authorizations {
            head.headers.append(AUTHORIZATION, HeaderValue::try_from(value).unwrap());
        }
        head
    }

    fn fault(result: Result<(), Refusal>) -> Option<AccessFault> {
        match result.err()? {
            Refusal::Access { fault, .. } => Some(fault),
            refusal => panic!("{refusal:?}"),
        }
    }

    #[test]
    fn only_the_access_token_is_admitted() {
        for (value, expected) in [
            (format!("Bearer {SECRET}"), None),
            (format!("bearer  {SECRET} "), None),
            (format!("Bearer {SECRET}0"), Some(AccessFault::Wrong)),
            ("Bearer $TOKEN".to_owned(), Some(AccessFault::Wrong)),
            (format!("Basic {SECRET}"), Some(AccessFault::NotBearer)),
            (format!("Bearer{SECRET}"), Some(AccessFault::NotBearer)),
            (SECRET.to_owned(), Some(AccessFault::NotBearer)),
            (String::new(), Some(AccessFault::NotBearer)),
            ("Bearer ".to_owned(), Some(AccessFault::Empty)),
            ("Bearer".to_owned(), Some(AccessFault::Empty)),
        ] {
            let mut head = head(std::slice::from_ref(&value));
            assert_eq!(fault(access().admit(&mut head)), expected, "{value}");
            assert_eq!(
                head.headers.contains_key(AUTHORIZATION),
                expected.is_some(),
                "admitted credentials are removed"
            );
        }
        let mut twice = head(&[format!("Bearer {SECRET}"), format!("Bearer {SECRET}")]);
        assert_eq!(fault(access().admit(&mut twice)), Some(AccessFault::NotBearer));
        assert_eq!(fault(access().admit(&mut head(&[]))), Some(AccessFault::Missing));
        assert_eq!(Access::Open.admit(&mut twice), Ok(()));
        assert!(twice.headers.is_empty());
    }

    #[test]
    fn only_loopback_peers_learn_the_file() {
        for (peer, header, learns) in [
            (Some("127.0.0.1:9"), None, true),
            (Some("[::1]:9"), None, true),
            (Some("[::ffff:127.0.0.1]:9"), None, true),
            (Some("10.0.0.7:9"), None, false),
            (Some("10.0.0.7:9"), Some(("x-forwarded-for", "127.0.0.1")), false),
            (Some("10.0.0.7:9"), Some(("host", "127.0.0.1")), false),
            (Some("127.0.0.1:9"), Some(("x-forwarded-for", "127.0.0.1")), false),
            (Some("127.0.0.1:9"), Some(("forwarded", "for=10.0.0.7")), false),
            (None, None, false),
        ] {
            let mut head = head(&[]);
            head.extensions.extend(
                peer.map(|peer| Peer(peer.parse().unwrap()))
                    .map(|peer| {
                        let mut extensions = axum::http::Extensions::new();
                        extensions.insert(peer);
                        extensions
                    })
                    .unwrap_or_default(),
            );
            if let Some((name, value)) = header {
                head.headers.insert(name, HeaderValue::from_static(value));
            }
            assert_eq!(access().file_for(&head).is_some(), learns, "{peer:?} {header:?}");
            assert_eq!(Access::Open.file_for(&head), None);
        }
    }
}

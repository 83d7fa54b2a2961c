//! A token of the Hub.

use std::{
    fmt,
    hash::{BuildHasher as _, RandomState},
    sync::LazyLock,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use secrecy::zeroize::Zeroizing;
use serde::Deserialize;
use url::Origin;

use super::Secret;

/// Longest token: OAuth tokens are JWTs of about a kilobyte, and servers bound a header at 8 KiB.
pub const MAX_TOKEN_CHARS: usize = 8192;

const OAUTH_PREFIX: &str = "hf_oauth_";

/// A token of the Hub, whose one use is to authorise a request to the Hub's own origin.
#[derive(Clone)]
pub struct HfToken {
    secret: Secret,
    header: HeaderValue,
}

/// Why a text is no token. The text itself is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenFault {
    /// A blank, a control character or a letter outside ASCII within it.
    Characters,
    /// Longer than [`MAX_TOKEN_CHARS`].
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
}

/// A request that does not go to the origin that the token is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignOrigin {
    /// Where it goes.
    pub found: Origin,
}

/// What tells two tokens apart without showing either: a hash under a key of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(u64);

/// What a token's prefix says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// `hf_…`: made on the settings page.
    User,
    /// `hf_oauth_…`: of a browser login; it expires.
    Oauth,
    /// `hf_jwt_…`: exchanged for an identity token; good for one repository, never for jobs.
    Exchanged,
    /// `api_org_…`: of an organisation, no longer given out.
    Organization,
    /// Anything else, such as the token of another Hub.
    Other,
}

/// What an OAuth token says of itself. Unverified, so for display and advice alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OauthClaims {
    /// When it expires, in seconds since 1970.
    pub expires_at: Option<u64>,
    /// What it was granted, such as `jobs`.
    pub scopes: Vec<String>,
}

impl HfToken {
    /// Reads a token from a text that holds nothing else, cleaned as `huggingface_hub` does (`_clean_token`): line ends
    /// removed wherever they are, blanks at both ends stripped, nothing left → none.
    pub fn parse(text: &str) -> Result<Option<Self>, TokenFault> {
        let mut unbroken = Zeroizing::new(String::with_capacity(text.len()));
        unbroken.extend(text.chars().filter(|char| !matches!(char, '\r' | '\n')));
        let token = unbroken.trim();
        if token.is_empty() {
            return Ok(None);
        }
        if token.len() > MAX_TOKEN_CHARS {
            return Err(TokenFault::TooLong { length: token.len() });
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenFault::Characters);
        }
        let header = Zeroizing::new([b"Bearer ", token.as_bytes()].concat());
        let mut header =
            HeaderValue::from_maybe_shared(Bytes::from_owner(header)).map_err(|_| TokenFault::Characters)?;
        header.set_sensitive(true);
        Ok(Some(Self { secret: Secret::new(token.to_owned()), header }))
    }

    /// Sets the request's `Authorization: Bearer` header, marked sensitive, if the request goes to that origin.
    pub fn authorize(&self, request: &mut reqwest::Request, origin: &Origin) -> Result<(), ForeignOrigin> {
        let found = request.url().origin();
        // Opaque origins equal nothing but themselves, so `data:` and its like never pass.
        if found != *origin {
            return Err(ForeignOrigin { found });
        }
        request.headers_mut().insert(AUTHORIZATION, self.header.clone());
        Ok(())
    }

    /// The key under which caches keep what belongs to this token. It differs from process to process.
    pub fn fingerprint(&self) -> Fingerprint {
        static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        Fingerprint(KEY.hash_one(self.secret.reveal()))
    }

    /// What the prefix says.
    pub fn kind(&self) -> TokenKind {
        let token = self.secret.reveal();
        match () {
            () if token.starts_with(OAUTH_PREFIX) => TokenKind::Oauth,
            () if token.starts_with("hf_jwt_") => TokenKind::Exchanged,
            () if token.starts_with("hf_") => TokenKind::User,
            () if token.starts_with("api_org_") => TokenKind::Organization,
            () => TokenKind::Other,
        }
    }

    /// Expiry and scopes of an OAuth token, where it is a JWT that says them.
    pub fn oauth_claims(&self) -> Option<OauthClaims> {
        let payload = self.secret.reveal().strip_prefix(OAUTH_PREFIX)?.split('.').nth(1)?;
        let payload = Zeroizing::new(URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?);
        let claims: Claims = serde_json::from_slice(&payload).ok()?;
        let scopes = match claims.scope {
            None => Vec::new(),
            Some(Scope::Text(text)) => text.split_ascii_whitespace().map(str::to_owned).collect(),
            Some(Scope::List(list)) => list,
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates, and below zero is long ago"
        )]
        let expires_at = claims.exp.map(|seconds| seconds as u64);
        Some(OauthClaims { expires_at, scopes })
    }

    /// The token as a secret, for the vault's own files.
    pub(in crate::secrets) fn secret(&self) -> &Secret {
        &self.secret
    }
}

impl fmt::Debug for HfToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.secret, f)
    }
}

#[derive(Deserialize)]
struct Claims {
    /// RFC 7519: a number, which need not be whole.
    exp: Option<f64>,
    scope: Option<Scope>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Scope {
    Text(String),
    List(Vec<String>),
}

#[cfg(test)]
mod tests {
    use reqwest::{Method, Request};

    use super::*;

    fn parsed(text: &str) -> Result<Option<String>, TokenFault> {
        HfToken::parse(text).map(|token| token.map(|token| token.secret.reveal().to_owned()))
    }

    fn oauth(payload: &str) -> HfToken {
        let token = format!("hf_oauth_eyJh.{}.sig", URL_SAFE_NO_PAD.encode(payload));
        HfToken::parse(&token).unwrap().unwrap()
    }

    #[test]
    fn a_token_is_cleaned_as_the_python_library_does() {
        for (text, expected) in [
            ("tok", Ok(Some("tok"))),
            ("  tok\r\n", Ok(Some("tok"))),
            ("to\r\nk\n", Ok(Some("tok"))),
            ("", Ok(None)),
            (" \t\r\n", Ok(None)),
            ("a b", Err(TokenFault::Characters)),
            ("tök", Err(TokenFault::Characters)),
            ("a\0b", Err(TokenFault::Characters)),
            ("a\u{200b}b", Err(TokenFault::Characters)),
        ] {
            assert_eq!(parsed(text), expected.map(|token| token.map(str::to_owned)), "{text:?}");
        }
        assert!(parsed(&"a".repeat(MAX_TOKEN_CHARS)).is_ok());
        assert_eq!(parsed(&"a".repeat(MAX_TOKEN_CHARS + 1)), Err(TokenFault::TooLong { length: MAX_TOKEN_CHARS + 1 }));
    }

    #[test]
    fn only_requests_to_the_origin_are_authorised() {
        let token = HfToken::parse("some-token").unwrap().unwrap();
        let origin = "https://hub.example/x".parse::<url::Url>().unwrap().origin();
        for (url, allowed) in [
            ("https://hub.example/api", true),
            ("https://hub.example:443/", true),
            ("https://hub.example:444/", false),
            ("http://hub.example/", false),
            ("https://hub.example.evil/", false),
            ("https://hub.example@evil.example/", false),
            ("https://sub.hub.example/", false),
            ("data:,x", false),
        ] {
            let mut request = Request::new(Method::GET, url.parse().unwrap());
            assert_eq!(token.authorize(&mut request, &origin).is_ok(), allowed, "{url}");
            assert_eq!(request.headers().contains_key(AUTHORIZATION), allowed, "{url}");
            if allowed {
                let header = &request.headers()[AUTHORIZATION];
                assert_eq!(header.as_bytes(), b"Bearer some-token");
                assert!(header.is_sensitive() && !format!("{request:?} {token:?}").contains("some-token"));
            }
        }
    }

    #[test]
    fn fingerprints_tell_tokens_apart() {
        let [one, again, other] =
            ["token-a", " token-a\n", "token-b"].map(|text| HfToken::parse(text).unwrap().unwrap());
        assert!(one.fingerprint() == again.fingerprint() && one.fingerprint() != other.fingerprint());
        assert_eq!(one.fingerprint(), again.fingerprint());
    }

    #[test]
    fn an_oauth_token_tells_expiry_and_scopes() {
        let claims = |expires_at, scopes: &[&str]| {
            Some(OauthClaims { expires_at, scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect() })
        };
        for (payload, expected) in [
            (r#"{"exp":1800000000,"scope":"openid jobs"}"#, claims(Some(1_800_000_000), &["openid", "jobs"])),
            (r#"{"exp":1800000000.5,"scope":["jobs"]}"#, claims(Some(1_800_000_000), &["jobs"])),
            (r#"{"exp":-1}"#, claims(Some(0), &[])),
            ("{}", claims(None, &[])),
            ("[]", None),
            ("no json", None),
        ] {
            assert_eq!(oauth(payload).oauth_claims(), expected, "{payload}");
        }
        for text in ["hf_oauth_opaque", "hf_oauth_a.!!.c", "hf_jwt_a.e30.c"] {
            assert_eq!(HfToken::parse(text).unwrap().unwrap().oauth_claims(), None, "{text}");
        }
    }

    #[test]
    fn the_prefix_tells_the_kind() {
        for (text, kind) in [
            ("hf_abc", TokenKind::User),
            ("hf_oauth_abc", TokenKind::Oauth),
            ("hf_jwt_abc", TokenKind::Exchanged),
            ("api_org_abc", TokenKind::Organization),
            ("abc", TokenKind::Other),
        ] {
            assert_eq!(HfToken::parse(text).unwrap().unwrap().kind(), kind);
        }
    }
}

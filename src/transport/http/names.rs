//! Under which names the server is spoken to, and by which web pages: the allow-lists of `Host` and `Origin`.
//!
//! A web page can have its own name point at this machine, and its requests then carry that name (DNS rebinding); a page of
//! another origin can send requests here without reading the answers. Both are refused before anything else is looked at
//! (MCP 2025-11-25, transports, security warning).

use std::net::IpAddr;

use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::uri::{Authority, Uri};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::refusal::Refusal;

/// The names of this machine to itself.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// A name under which the server may be spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost {
    name: String,
    port: AllowedPort,
}

/// An origin whose pages may speak to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedOrigin {
    scheme: String,
    host: AllowedHost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AllowedPort {
    Any,
    Only(u16),
}

impl AllowedPort {
    fn has(self, port: Option<u16>) -> bool {
        match self {
            Self::Any => true,
            Self::Only(only) => port == Some(only),
        }
    }
}

impl AllowedHost {
    /// A name or an address, on any port unless one follows: `jobs.example.com`, `10.0.0.7:8765`, `[fd00::1]`. `None` of
    /// anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Self::address(address));
        }
        let authority = authority(text)?;
        let port = authority.port_u16().map_or(AllowedPort::Any, AllowedPort::Only);
        Some(Self { name: name(&authority), port })
    }

    /// An address, on any port.
    pub fn address(address: IpAddr) -> Self {
        let name = match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        Self { name, port: AllowedPort::Any }
    }

    fn is(&self, authority: &Authority) -> bool {
        self.name == name(authority) && self.port.has(authority.port_u16())
    }
}

impl AllowedOrigin {
    /// `https://app.example.com`, with a port where it is not the scheme's own, or `:*` for any. `None` of anything else,
    /// `null` included: every page in a sandbox has that origin.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(text) = text.strip_suffix(":*") {
            let (scheme, authority) = origin(text)?;
            let host = AllowedHost { name: name(&authority), port: AllowedPort::Any };
            return authority.port_u16().is_none().then_some(Self { scheme, host });
        }
        let (scheme, authority) = origin(text)?;
        let port = authority.port_u16().or_else(|| port_of(&scheme)).map_or(AllowedPort::Any, AllowedPort::Only);
        Some(Self { scheme, host: AllowedHost { name: name(&authority), port } })
    }

    fn is(&self, text: &str) -> bool {
        origin(text).is_some_and(|(scheme, authority)| {
            let port = authority.port_u16().or_else(|| port_of(&scheme));
            self.scheme == scheme && self.host.name == name(&authority) && self.host.port.has(port)
        })
    }
}

/// The allow-lists: this machine's own names, and those that the operator added.
#[derive(Debug)]
pub(super) struct Names {
    hosts: Vec<AllowedHost>,
    origins: Vec<AllowedOrigin>,
}

impl Names {
    pub(super) fn new(hosts: Vec<AllowedHost>, origins: Vec<AllowedOrigin>) -> Self {
        let any = |name: &str| AllowedHost { name: name.to_owned(), port: AllowedPort::Any };
        let own = LOOPBACK.iter().copied().map(any);
        let pages = LOOPBACK.iter().flat_map(|name| {
            ["http", "https"].map(|scheme| AllowedOrigin { scheme: scheme.to_owned(), host: any(name) })
        });
        Self { hosts: own.chain(hosts).collect(), origins: pages.chain(origins).collect() }
    }

    /// The origin of the page that sent the request, if one did.
    ///
    /// # Errors
    /// The request is for another name, or from another origin.
    pub(super) fn admit(&self, request: &Parts) -> Result<Option<HeaderValue>, Refusal> {
        let allowed = |authority: &Authority| self.hosts.iter().any(|host| host.is(authority));
        let host = only(&request.headers, &HOST)?.and_then(|host| authority(host.to_str().ok()?));
        // A request line may name a host of its own, which counts before the header (RFC 9112, section 3.2.2).
        // What stands before an `@` there is no part of a name (RFC 9110, section 4.2.4).
        let target = request.uri.authority().map(|target| authority(target.as_str()));
        if !host.is_some_and(|host| allowed(&host))
            || !target.is_none_or(|target| target.is_some_and(|target| allowed(&target)))
        {
            return Err(Refusal::Host);
        }
        let Some(origin) = only(&request.headers, &ORIGIN)? else { return Ok(None) };
        let is_allowed = origin.to_str().is_ok_and(|text| self.origins.iter().any(|origin| origin.is(text)));
        if is_allowed { Ok(Some(origin.clone())) } else { Err(Refusal::Origin) }
    }
}

/// The header that stands there at most once: of two, each reader takes another.
fn only<'a>(headers: &'a HeaderMap, header: &HeaderName) -> Result<Option<&'a HeaderValue>, Refusal> {
    let mut values = headers.get_all(header).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        _ if header == HOST => Err(Refusal::Host),
        _ => Err(Refusal::Origin),
    }
}

/// A name with or without a port, and nothing more.
fn authority(text: &str) -> Option<Authority> {
    let authority: Authority = text.parse().ok()?;
    let of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte);
    let whole = !authority.host().is_empty() && text.bytes().all(of_name) && !text.ends_with(':');
    whole.then_some(authority)
}

fn name(authority: &Authority) -> String {
    authority.host().to_ascii_lowercase()
}

/// Scheme and authority of an origin, which has no path (RFC 6454, section 6).
fn origin(text: &str) -> Option<(String, Authority)> {
    let uri: Uri = text.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, authority(uri.authority()?.as_str())?);
    let rest = text.get(scheme.len()..)?.strip_prefix("://")?;
    (rest == authority.as_str()).then(|| (scheme.to_ascii_lowercase(), authority))
}

fn port_of(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn admitted(names: &Names, uri: &str, headers: &[(HeaderName, &str)]) -> bool {
        let mut request = Request::builder().uri(uri);
        for (header, value) in headers {
            request = request.header(header, *value);
        }
        names.admit(&request.body(()).unwrap().into_parts().0).is_ok()
    }

    #[test]
    fn only_allowed_hosts_are_admitted() {
        let added = ["Jobs.Example.com", "10.0.0.7:8765", "fd00::1"].map(|host| AllowedHost::parse(host).unwrap());
        let names = Names::new(added.into(), Vec::new());
        for (host, allowed) in [
            ("localhost", true),
            ("LOCALHOST:1", true),
            ("127.0.0.1:8765", true),
            ("[::1]:8765", true),
            ("jobs.example.com:443", true),
            ("10.0.0.7:8765", true),
            ("[fd00::1]:9", true),
            ("10.0.0.7", false),
            ("10.0.0.7:8766", false),
            ("localhost.evil.example", false),
            ("localhost@evil.example", false),
            ("evil.example", false),
            ("evil.example:8765", false),
            ("127.0.0.2", false),
            ("localhost:", false),
            ("", false),
        ] {
            assert_eq!(admitted(&names, "/mcp", &[(HOST, host)]), allowed, "{host}");
        }
        assert!(!admitted(&names, "/mcp", &[]));
        assert!(!admitted(&names, "/mcp", &[(HOST, "localhost"), (HOST, "localhost")]));
        assert!(!admitted(&names, "http://evil.example/mcp", &[(HOST, "localhost")]));
        assert!(admitted(&names, "http://localhost/mcp", &[(HOST, "localhost")]));
        assert!(!admitted(&names, "http://user@localhost/mcp", &[(HOST, "localhost")]));
    }

    #[test]
    fn only_allowed_origins_are_admitted() {
        let added = ["https://app.example.com", "http://lab.example:*", "vscode-webview://abc"];
        let names = Names::new(Vec::new(), added.map(|origin| AllowedOrigin::parse(origin).unwrap()).into());
        for (origin, allowed) in [
            ("http://localhost:6274", true),
            ("https://127.0.0.1", true),
            ("http://[::1]:1", true),
            ("https://app.example.com", true),
            ("https://APP.example.com:443", true),
            ("http://lab.example:7", true),
            ("vscode-webview://abc", true),
            ("http://app.example.com", false),
            ("https://app.example.com:8443", false),
            ("https://app.example.com.evil.example", false),
            ("https://evil.example", false),
            ("http://localhost@evil.example", false),
            ("http://localhost:1/path", false),
            ("null", false),
            ("file://", false),
            ("", false),
        ] {
            assert_eq!(admitted(&names, "/mcp", &[(HOST, "localhost"), (ORIGIN, origin)]), allowed, "{origin}");
        }
        assert!(!admitted(&names, "/", &[(HOST, "localhost"), (ORIGIN, "http://localhost"), (ORIGIN, "null")]));
    }

    #[test]
    fn what_is_no_name_is_not_added() {
        for text in ["", "*", "http://example.com", "a b", "example.com/", "user@example.com", "example.com:"] {
            assert_eq!(AllowedHost::parse(text), None, "{text}");
        }
        for text in ["", "*", "null", "example.com", "https://", "https://example.com/", "https://a:1:*", "https://*"] {
            assert_eq!(AllowedOrigin::parse(text), None, "{text}");
        }
    }
}

//! Where the Hub is, and the only way to build a URL of it.

use std::fmt;
use std::str::FromStr;

use url::{Host, Origin, Url};

use super::{JobId, Namespace, ScheduledJobId};

const HUB: &str = "https://huggingface.co";

/// The Hub's base URL: `https`, or `http` where the host is this machine.
///
/// It has no user name, password, query or fragment. A path (a Hub behind a proxy) is kept as a prefix of every URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

/// Why a text is no endpoint. Nothing of a text that may hold a password is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndpointFault {
    /// It is no URL at all.
    NotAUrl(url::ParseError),
    /// Blanks, control characters or backslashes, of which URL parsers make different things.
    BadCharacter,
    /// Another scheme than `https` and `http`.
    Scheme(String),
    /// `http` to another machine: the token would travel in clear.
    PlainHttp {
        /// That machine.
        host: String,
    },
    /// A user name or password before the host.
    Userinfo,
    /// A query or a fragment.
    QueryOrFragment,
}

impl Endpoint {
    /// `https://huggingface.co`.
    #[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a literal, which a test parses")]
    pub fn hub() -> Self {
        Self::parse(HUB).expect("the literal is an endpoint")
    }

    /// Reads an endpoint as `HF_ENDPOINT` gives it; a trailing `/` is cut, as `huggingface_hub` does.
    pub fn parse(text: &str) -> Result<Self, EndpointFault> {
        let text = text.trim();
        if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(EndpointFault::BadCharacter);
        }
        let mut url = Url::parse(text).map_err(EndpointFault::NotAUrl)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(EndpointFault::Scheme(url.scheme().to_owned()));
        }
        if has_userinfo(&url) {
            return Err(EndpointFault::Userinfo);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(EndpointFault::QueryOrFragment);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        let endpoint = Self(url);
        if endpoint.0.scheme() == "http" && !endpoint.is_loopback() {
            return Err(EndpointFault::PlainHttp { host: endpoint.host().to_owned() });
        }
        Ok(endpoint)
    }

    /// The URL of these segments below the endpoint, each percent-encoded as one segment. A query is the caller's to add.
    pub fn url(&self, segments: &[Segment<'_>]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty();
            for segment in segments {
                path.push(segment.0);
            }
        }
        url
    }

    /// The page where people see the job.
    pub fn job_page(&self, namespace: &Namespace, job: &JobId) -> String {
        self.url(&[Segment::fixed("jobs"), namespace.into(), job.into()]).into()
    }

    /// Its origin: the only one that is given the token.
    pub fn origin(&self) -> Origin {
        self.0.origin()
    }

    /// Whether a URL that an answer holds (a `Link`, a redirect) has this endpoint's scheme, host and port, and no
    /// userinfo, so that the token may go there too.
    pub fn same_origin(&self, url: &Url) -> bool {
        self.0.origin() == url.origin() && !has_userinfo(url)
    }

    /// Whether the host is this machine: 127.0.0.0/8, `[::1]` or exactly `localhost`.
    pub fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        }
    }

    /// Whether it is reached without TLS, which only this machine is.
    pub fn is_plain_http(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Whether it is huggingface.co itself.
    pub fn is_default(&self) -> bool {
        *self == Self::hub()
    }

    /// The host's name, without port.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

impl FromStr for Endpoint {
    type Err = EndpointFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

fn has_userinfo(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// One segment of a URL's path: a word of the API, or a value whose type proves that it is a single segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment<'a>(&'a str);

impl Segment<'static> {
    /// A word of the API, such as `api` or `logs`.
    pub const fn fixed(word: &'static str) -> Self {
        Self(word)
    }
}

impl<'a> From<&'a JobId> for Segment<'a> {
    fn from(id: &'a JobId) -> Self {
        Self(id.as_str())
    }
}

impl<'a> From<&'a ScheduledJobId> for Segment<'a> {
    fn from(id: &'a ScheduledJobId) -> Self {
        Self(id.as_str())
    }
}

impl<'a> From<&'a Namespace> for Segment<'a> {
    fn from(namespace: &'a Namespace) -> Self {
        Self(namespace.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_https_anywhere_and_http_on_this_machine() {
        for (text, shown) in [
            ("https://huggingface.co", "https://huggingface.co"),
            ("https://huggingface.co/", "https://huggingface.co"),
            (" HTTPS://HuggingFace.co// ", "https://huggingface.co"),
            ("https://hub.example.org:8443/hf/", "https://hub.example.org:8443/hf"),
            ("http://127.0.0.1:1", "http://127.0.0.1:1"),
            ("http://127.9.9.9:80", "http://127.9.9.9"),
            ("HTTP://[::1]:9", "http://[::1]:9"),
            ("http://localhost:8000", "http://localhost:8000"),
            ("http://LOCALHOST:8000", "http://localhost:8000"),
            // The URL standard's other ways to write 127.0.0.1.
            ("http://127.1", "http://127.0.0.1"),
            ("http://0x7f000001", "http://127.0.0.1"),
            ("http://2130706433", "http://127.0.0.1"),
            ("http://0177.0.0.1", "http://127.0.0.1"),
        ] {
            assert_eq!(Endpoint::parse(text).map(|e| e.to_string()), Ok(shown.to_owned()), "{text}");
        }
    }

    #[test]
    fn refuses_what_could_lead_the_token_astray() {
        use EndpointFault::{BadCharacter, PlainHttp, QueryOrFragment, Scheme, Userinfo};
        let plain = |host: &str| PlainHttp { host: host.to_owned() };
        for (text, fault) in [
            ("http://evil.example", plain("evil.example")),
            ("http://localhost.evil.example", plain("localhost.evil.example")),
            ("http://localhost.", plain("localhost.")),
            ("http://127.0.0.1.evil.example", plain("127.0.0.1.evil.example")),
            ("http://128.1", plain("128.0.0.1")),
            ("http://3232235777", plain("192.168.1.1")),
            ("http://[::]", plain("[::]")),
            ("http://evil.example#@localhost", QueryOrFragment),
            ("http://evil.example?@localhost", QueryOrFragment),
            ("http://localhost:x@evil.example", Userinfo),
            ("http://localhost\\@evil.example", BadCharacter),
            ("http://local\nhost", BadCharacter),
            ("http://local\rhost", BadCharacter),
            ("http://localhost\0", BadCharacter),
            ("http://0.0.0.0", plain("0.0.0.0")),
            ("http://[::ffff:127.0.0.1]", plain("[::ffff:7f00:1]")),
            ("http://127.0.0.1@evil.example", Userinfo),
            ("https://me:x@huggingface.co", Userinfo),
            ("https://huggingface.co?a=b", QueryOrFragment),
            ("https://huggingface.co/#x", QueryOrFragment),
            ("https://huggingface.co\\@evil.example", BadCharacter),
            ("https://hugging\tface.co", BadCharacter),
            ("ftp://huggingface.co", Scheme("ftp".to_owned())),
            ("file:///etc/passwd", Scheme("file".to_owned())),
        ] {
            assert_eq!(Endpoint::parse(text), Err(fault), "{text}");
        }
        for text in
            ["", " ", "huggingface.co", "https://", "://x", "${HF_ENDPOINT}", "http://127.0.0.1:99999", "http://[::1"]
        {
            assert!(matches!(Endpoint::parse(text), Err(EndpointFault::NotAUrl(_))), "{text}");
        }
    }

    #[test]
    fn builds_urls_of_segments() {
        let namespace = Namespace::parse("alice").unwrap();
        let job = JobId::parse("66f0a1b2c3d4e5f601234567").unwrap();
        for (base, page) in [
            ("https://huggingface.co", "https://huggingface.co/jobs/alice/66f0a1b2c3d4e5f601234567"),
            ("https://h.example/hf/", "https://h.example/hf/jobs/alice/66f0a1b2c3d4e5f601234567"),
        ] {
            assert_eq!(Endpoint::parse(base).unwrap().job_page(&namespace, &job), page);
        }
    }

    #[test]
    fn knows_its_own_origin() {
        let hub = Endpoint::hub();
        assert!(hub.is_default() && !hub.is_loopback());
        assert_eq!(hub.host(), "huggingface.co");
        let same = |text: &str| hub.same_origin(&Url::parse(text).unwrap());
        assert!(same("https://huggingface.co/api/jobs/alice?cursor=x") && same("https://huggingface.co:443/"));
        for other in [
            "http://huggingface.co/",
            "https://huggingface.co:444/",
            "https://huggingface.co.evil.example/",
            "https://x@huggingface.co/",
        ] {
            assert!(!same(other), "{other}");
        }
    }
}

//! The one way to the Hub: one client, one origin, every request authorised and bounded in time and size.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::account::KeptIdentities;
use super::connect::{self, reason};
use super::hardware::KeptHardware;
use super::job::Target;
use super::refusal;
use super::turns::Turns;
use crate::error::{ConnectError, Defect, HubError, Refusal, Request};
use crate::secrets::{HfToken, Scrubber, SealedBody};
use crate::types::Endpoint;

/// How long a connection may take to be made: a Hub that does not answer a SYN within it is down or cut off.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How many connections are kept for later calls: as many calls may run at once without making new ones, and no burst leaves
/// more of them open.
const CONNECTIONS_KEPT: usize = 128;
/// How long an answer may take: the Hub's own slow requests (listing a large namespace) stay well below it.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// The largest JSON answer that is read: a page of jobs with large inline scripts stays below it.
const ANSWER_MAX_BYTES: usize = 16 * 1024 * 1024;
/// The largest error body that is read: the Hub's are a line of JSON, what is longer is a proxy's page.
const ERROR_MAX_BYTES: usize = 64 * 1024;
/// The most of the Hub's own words that an error repeats, in characters: its messages are one sentence or two.
const MESSAGE_MAX_CHARS: usize = 500;
/// The most of a request id that is repeated, in characters: the Hub's have about 80.
const REQUEST_ID_MAX_CHARS: usize = 120;

/// A client of the Hub, shared by all calls.
#[derive(Clone)]
pub struct Hub {
    shared: Arc<Shared>,
}

struct Shared {
    endpoint: Endpoint,
    scrubber: Scrubber,
    user_agent: String,
    oauth_client_id: String,
    local: bool,
    http: OnceLock<reqwest::Client>,
    identities: Mutex<KeptIdentities>,
    hardware: Mutex<KeptHardware>,
    turns: Turns,
}

/// What a [`Hub`] is made of.
pub struct HubSetup {
    /// The Hub's origin: the only one that is ever contacted.
    pub endpoint: Endpoint,
    /// Cleans whatever comes in.
    pub scrubber: Scrubber,
    /// The word that the User-Agent has as `origin/…`, as Hub libraries do.
    pub origin: Option<String>,
    /// The OAuth client that browser logins are renewed as.
    pub oauth_client_id: String,
    /// The Hub is the one of `--local`: it bills nothing and has no pages.
    pub local: bool,
}

/// The Hub as one login sees it, until a deadline: the life of one call.
#[derive(Clone)]
pub struct Caller {
    hub: Hub,
    /// There, except within a [`Visitor`].
    token: Option<HfToken>,
    deadline: Instant,
}

/// The Hub as anyone sees it, until a deadline: its requests carry no token.
#[derive(Clone)]
pub struct Visitor(pub(super) Caller);

/// A request that did not succeed, and what a retry has to know of it.
pub(super) struct Failure {
    pub(super) error: HubError,
    /// The wait that the Hub asked for.
    pub(super) retry_after: Option<Duration>,
}

impl Hub {
    /// A client for one endpoint. Nothing is opened before the first call: the trust store alone takes longer to read than
    /// the rest of the server's start.
    pub fn new(setup: HubSetup) -> Self {
        let HubSetup { endpoint, scrubber, origin, oauth_client_id, local } = setup;
        let mut user_agent = format!("hf-jobs-mcp/{}", env!("CARGO_PKG_VERSION"));
        if let Some(origin) = origin {
            user_agent.push_str("; origin/");
            user_agent.push_str(&origin);
        }
        Self {
            shared: Arc::new(Shared {
                endpoint,
                scrubber,
                user_agent,
                oauth_client_id,
                local,
                http: OnceLock::new(),
                identities: Mutex::default(),
                hardware: Mutex::default(),
                turns: Turns::default(),
            }),
        }
    }

    /// The Hub for one login, until `deadline`.
    pub fn caller(&self, token: HfToken, deadline: Instant) -> Caller {
        Caller { hub: self.clone(), token: Some(token), deadline }
    }

    /// The Hub without a login, until `deadline`.
    pub fn visitor(&self, deadline: Instant) -> Visitor {
        Visitor(Caller { hub: self.clone(), token: None, deadline })
    }

    /// The Hub's origin.
    pub fn endpoint(&self) -> &Endpoint {
        &self.shared.endpoint
    }

    /// Whether it is the Hub of `--local`, where nothing is billed.
    pub fn is_local(&self) -> bool {
        self.shared.local
    }

    fn http(&self) -> Result<&reqwest::Client, ConnectError> {
        match self.shared.http.get() {
            Some(http) => Ok(http),
            // A failure is not kept: the certificates may be there at the next call.
            None => self.build().map(|http| self.shared.http.get_or_init(|| http)),
        }
    }

    fn build(&self) -> Result<reqwest::Client, ConnectError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(&self.shared.user_agent)
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .pool_max_idle_per_host(CONNECTIONS_KEPT)
            // A redirect could carry the token to another origin, and the Jobs API has none.
            .redirect(reqwest::redirect::Policy::none())
            // What may be repeated is decided in `retry` and `submission`.
            .retry(reqwest::retry::never());
        if self.shared.endpoint.is_loopback() {
            builder = builder.no_proxy();
        }
        if self.shared.endpoint.is_plain_http() {
            // No certificate is asked for, so none of the machine's need be there.
            builder = builder.tls_certs_only([]);
        }
        builder.build().map_err(|error| connect::of_client(&error))
    }
}

impl Caller {
    /// The same login with another deadline.
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Self {
        Self { hub: self.hub.clone(), token: self.token.clone(), deadline }
    }

    /// The same deadline without the login.
    pub fn visitor(&self) -> Visitor {
        self.hub.visitor(self.deadline)
    }

    /// When this call has to be answered.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The Hub's origin.
    pub fn endpoint(&self) -> &Endpoint {
        &self.hub.shared.endpoint
    }

    /// Whether it is the Hub of `--local`, where nothing is billed.
    pub fn is_local(&self) -> bool {
        self.hub.is_local()
    }

    /// The page where people see the job. The local Hub has none: a page that a browser can open shows a job's output to every
    /// program and user of this machine, and a token in its address would be kept in histories and logs.
    pub fn job_page(&self, target: &Target) -> Option<String> {
        (!self.is_local()).then(|| self.endpoint().job_page(&target.namespace, &target.id))
    }

    pub(super) fn token(&self) -> Option<&HfToken> {
        self.token.as_ref()
    }

    pub(super) fn scrubber(&self) -> &Scrubber {
        &self.hub.shared.scrubber
    }

    pub(super) fn oauth_client_id(&self) -> &str {
        &self.hub.shared.oauth_client_id
    }

    pub(super) fn identities(&self) -> &Mutex<KeptIdentities> {
        &self.hub.shared.identities
    }

    pub(super) fn hardware_kept(&self) -> &Mutex<KeptHardware> {
        &self.hub.shared.hardware
    }

    pub(super) fn turns(&self) -> &Turns {
        &self.hub.shared.turns
    }

    /// Sends a request once and reads its JSON answer. Anything else than success is a [`Failure`].
    pub(super) async fn json(
        &self,
        method: Method,
        url: Url,
        body: Option<SealedBody>,
        what: &Request,
    ) -> Result<(Value, reqwest::header::HeaderMap), Failure> {
        let response = self.send(method, url, body, what, "application/json").await?;
        let headers = response.headers().clone();
        let bytes = self.read(response, ANSWER_MAX_BYTES, what).await?;
        serde_json::from_slice(&bytes)
            .map(|value| (value, headers))
            .map_err(|_| self.failure(what, Refusal::BadAnswer(Defect::NotJson)))
    }

    /// Sends a request once. The answer is a success whose body was not read yet.
    pub(super) async fn send(
        &self,
        method: Method,
        url: Url,
        body: Option<SealedBody>,
        what: &Request,
        accept: &'static str,
    ) -> Result<Response, Failure> {
        let http = self.hub.http().map_err(|error| self.failure(what, Refusal::Unsent(error)))?;
        let mut builder = http.request(method, url).header(reqwest::header::ACCEPT, accept);
        let mut authorised = false;
        if let Some(body) = body {
            authorised = body.authorises();
            builder = builder.header(reqwest::header::CONTENT_TYPE, body.content_type()).body(body.into_request());
        }
        let mut request =
            builder.build().map_err(|error| self.failure(what, Refusal::Unsent(connect::of_request(&error))))?;
        let foreign = match &self.token {
            Some(token) if !authorised => token.authorize(&mut request, &self.endpoint().origin()).is_err(),
            _ => !self.endpoint().same_origin(request.url()),
        };
        if foreign {
            return Err(self.failure(what, Refusal::BadAnswer(Defect::OtherOrigin)));
        }
        let deadline = self.deadline.min(Instant::now() + ANSWER_TIMEOUT);
        let response = match timeout_at(deadline, http.execute(request)).await {
            Err(_) => return Err(self.failure(what, Refusal::TimedOut)),
            Ok(Err(error)) if error.is_connect() => {
                return Err(self.failure(what, Refusal::Unsent(connect::of_request(&error))));
            }
            Ok(Err(error)) if error.is_timeout() => return Err(self.failure(what, Refusal::TimedOut)),
            Ok(Err(error)) => return Err(self.failure(what, Refusal::Unreachable(reason(&error)))),
            Ok(Ok(response)) => response,
        };
        if response.status().is_success() { Ok(response) } else { Err(self.refused(response, what).await) }
    }

    /// Reads a body within a bound and the deadline.
    pub(super) async fn read(&self, mut response: Response, limit: usize, what: &Request) -> Result<Vec<u8>, Failure> {
        let deadline = self.deadline.min(Instant::now() + ANSWER_TIMEOUT);
        let mut bytes = Vec::new();
        loop {
            let chunk: Option<Bytes> = match timeout_at(deadline, response.chunk()).await {
                Err(_) => return Err(self.failure(what, Refusal::TimedOut)),
                Ok(Err(error)) => return Err(self.failure(what, Refusal::Unreachable(reason(&error)))),
                Ok(Ok(chunk)) => chunk,
            };
            let Some(chunk) = chunk else { return Ok(bytes) };
            if bytes.len() + chunk.len() > limit {
                return Err(self.failure(what, Refusal::BadAnswer(Defect::TooLong(limit))));
            }
            bytes.extend_from_slice(&chunk);
        }
    }

    async fn refused(&self, response: Response, what: &Request) -> Failure {
        let status = response.status();
        let headers = response.headers().clone();
        let body = self.read(response, ERROR_MAX_BYTES, what).await.unwrap_or_default();
        if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN {
            self.forget_identity();
        }
        let retry_after = refusal::retry_after(&headers);
        let mut failure = self.failure(what, refusal::of_status(status, retry_after));
        failure.retry_after = retry_after;
        // Cleaned before it is cut: half a token is none that is recognised.
        let shown = |text: String, max: usize| self.scrubber().clean_line(&text).bounded(max).into_string();
        failure.error.message = refusal::message(&headers, &body).map(|text| shown(text, MESSAGE_MAX_CHARS));
        failure.error.request_id = refusal::request_id(&headers).map(|text| shown(text, REQUEST_ID_MAX_CHARS));
        failure
    }

    pub(super) fn failure(&self, what: &Request, refusal: Refusal) -> Failure {
        Failure {
            error: HubError {
                refusal,
                request: what.clone(),
                host: self.endpoint().host().to_owned(),
                tries: 1,
                message: None,
                request_id: None,
                login: None,
                facts: None,
            },
            retry_after: None,
        }
    }
}

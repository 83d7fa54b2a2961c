//! What the Hub refused, and which request it was.

use std::time::Duration;

use super::{ConnectError, TokenSource};

/// A request to the Hub that did not succeed.
#[derive(Debug, Clone, PartialEq)]
pub struct HubError {
    /// What kind of refusal or failure it was.
    pub refusal: Refusal,
    /// What was asked.
    pub request: Request,
    /// The Hub's host, named where it isn't huggingface.co.
    pub host: String,
    /// How often it was sent in vain.
    pub tries: u32,
    /// The Hub's own words, bounded; never HTML.
    pub message: Option<String>,
    /// The Hub's id of the request.
    pub request_id: Option<String>,
    /// Where the token comes from.
    pub login: Option<TokenSource>,
    /// What this login may do, where that helps.
    pub facts: Option<Box<LoginFacts>>,
}

/// What was asked of the Hub, as far as its refusal needs to name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Who the token belongs to.
    WhoAmI,
    /// The next token of a browser login.
    Renewal,
    /// The list of flavors.
    Hardware,
    /// Something below a namespace.
    Within {
        /// The namespace.
        namespace: String,
        /// What in it; none: its jobs or scheduled jobs as a whole.
        thing: Option<Thing>,
        /// Whether it changes anything.
        access: Access,
    },
}

/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// The job of that id.
    Job(String),
    /// The scheduled job of that id.
    ScheduledJob(String),
}

/// Whether a request only looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It looks.
    Read,
    /// It submits, changes or ends something.
    Write,
}

/// What this login may do, as `hf_whoami` tells it: what fits the words of a refusal to the one who is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginFacts {
    /// The account's name.
    pub account: String,
    /// Whether the namespace of the request is an organisation of this account.
    pub is_organisation: bool,
    /// The namespaces in which jobs may be run, as far as the Hub tells.
    pub allowed: Vec<String>,
    /// Why jobs may not be run in the namespace of the request, if that is known.
    pub lack: Option<Lack>,
}

/// What a login lacks to run jobs in a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// The token is for reading only.
    ReadToken,
    /// The fine-grained token does not have `job.write` there.
    JobPermission,
    /// The browser login does not have the scope `jobs`.
    JobScope,
    /// The account may only read in that organisation.
    OrganisationRole,
    /// The account is not in that organisation.
    Membership,
}

/// What is wrong with an answer of the Hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Defect {
    /// It is not JSON.
    NotJson,
    /// It is JSON, and holds no such thing.
    Lacks(&'static str),
    /// It is longer than this many bytes.
    TooLong(usize),
    /// It leads to another origin.
    OtherOrigin,
}

/// The kinds of refusal and failure, by what the caller can do about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// 401: the token is missing, unknown or expired.
    Unauthorized,
    /// 401 for the token of a browser login, which could not be renewed.
    LoginEnded,
    /// 402: the namespace has no credit.
    PaymentRequired,
    /// 403: the token may not do that there.
    Forbidden,
    /// 404: no such job, or not in that namespace.
    NotFound,
    /// 409.
    Conflict,
    /// 429, with the wait that the Hub asks for.
    RateLimited(Option<Duration>),
    /// 400 and 422: the Hub found the request wrong.
    Rejected(u16),
    /// 5xx after the tries that are allowed.
    Failed(u16),
    /// No connection, after the tries that are allowed: no byte of the request was written.
    Unsent(ConnectError),
    /// A connection that broke, after the tries that are allowed.
    Unreachable(String),
    /// No answer in time.
    TimedOut,
    /// What comes before a submission took so long that no time was left to send it.
    OutOfTime,
    /// Another submission of the same is under way, and can't be told from this one; nothing was sent.
    Busy,
    /// An answer that is not what the Hub answers.
    BadAnswer(Defect),
    /// A status that has no meaning here.
    Unexpected(u16),
}

impl Refusal {
    /// The same request may succeed later.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Unsent(error) => error.retryable(),
            Self::RateLimited(_)
            | Self::Failed(_)
            | Self::Unreachable(_)
            | Self::TimedOut
            | Self::OutOfTime
            | Self::Busy => true,
            _ => false,
        }
    }

    /// The request may have been carried out although no good answer came.
    ///
    /// True for everything after which a submission must be looked for rather than repeated: lost answers and 5xx.
    pub fn leaves_doubt(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Unreachable(_) | Self::TimedOut | Self::BadAnswer(_))
    }
}

impl Request {
    /// A request below a namespace.
    pub fn within(namespace: impl Into<String>, thing: Option<Thing>, access: Access) -> Self {
        Self::Within { namespace: namespace.into(), thing, access }
    }

    /// The namespace that was tried.
    pub fn namespace(&self) -> Option<&str> {
        match self {
            Self::Within { namespace, .. } => Some(namespace),
            Self::WhoAmI | Self::Renewal | Self::Hardware => None,
        }
    }
}

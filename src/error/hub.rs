//! What the Hub refused, and which request it was.

use std::time::Duration;

/// A request to the Hub that did not succeed.
#[derive(Debug, Clone, PartialEq)]
pub struct HubError {
    /// What kind of refusal or failure it was.
    pub refusal: Refusal,
    /// What was asked.
    pub request: Request,
    /// The Hub's host, named where it isn't huggingface.co.
    pub host: String,
    /// The Hub's own words, bounded; never HTML.
    pub message: Option<String>,
    /// The Hub's id of the request.
    pub request_id: Option<String>,
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
    /// Anything below a namespace that acts on it: submit, cancel.
    Write {
        /// The namespace.
        namespace: String,
        /// The job, where there is one.
        job: Option<String>,
    },
    /// Anything below a namespace that only looks.
    Read {
        /// The namespace.
        namespace: String,
        /// The job, where there is one.
        job: Option<String>,
    },
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
    Unsent(String),
    /// A connection that broke, after the tries that are allowed.
    Unreachable(String),
    /// No answer in time.
    TimedOut,
    /// An answer that is not what the Hub answers.
    BadAnswer(String),
    /// A status that has no meaning here.
    Unexpected(u16),
}

impl Refusal {
    /// The same request may succeed later.
    pub fn retryable(&self) -> bool {
        matches!(self, Self::RateLimited(_) | Self::Failed(_) | Self::Unsent(_) | Self::Unreachable(_) | Self::TimedOut)
    }

    /// The request may have been carried out although no good answer came.
    ///
    /// True for everything after which a submission must be looked for rather than repeated: lost answers and 5xx.
    pub fn leaves_doubt(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Unreachable(_) | Self::TimedOut | Self::BadAnswer(_))
    }
}

impl Request {
    /// The namespace that was tried.
    pub fn namespace(&self) -> Option<&str> {
        match self {
            Self::Write { namespace, .. } | Self::Read { namespace, .. } => Some(namespace),
            Self::WhoAmI | Self::Renewal | Self::Hardware => None,
        }
    }
}

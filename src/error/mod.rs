//! Everything that can go wrong, as data with a stable code. A leaf: every room may name it, and it names none.
//!
//! The words are made in `error::text` alone, so that a wording is found, tested and changed in one place.

mod code;
mod connect;
mod fault;
mod hub;
mod login;
mod text;
mod unreadable;
mod warning;

pub use code::Code;
pub use connect::{CertificateFault, ConnectError, ConnectFault};
pub use fault::{Credential, Fault, FlavorLack, LocalFileReason, Problem, SecretProblem, script_argument};
pub use hub::{Access, Defect, HubError, Lack, LoginFacts, Refusal, Request, Thing};
pub use login::{TokenNote, TokenSource};
pub use unreadable::Unreadable;
pub use warning::{Seen, Warning};

/// Why a call was not answered as asked.
///
/// Strings are kept as they came: what is made of them passes the scrubber before it leaves the process.
#[derive(Debug, Clone, PartialEq)]
pub enum Error {
    /// There is no token: neither a variable nor a file has one.
    NotLoggedIn {
        /// The places that were looked at, in order.
        looked_at: Vec<String>,
        /// What was found there instead of a token.
        ignored: Vec<Warning>,
    },
    /// There is a token file or variable, and it can't be used.
    UnusableLogin {
        /// Where the token was to come from.
        source: TokenSource,
        /// What is wrong with it, without a part of it.
        reason: String,
    },
    /// The call's arguments are wrong; nothing was sent.
    Arguments {
        /// The operation that was called.
        operation: String,
        /// All that is wrong, in the order of the arguments.
        faults: Vec<Fault>,
    },
    /// No operation has that name, or none was named.
    UnknownOperation {
        /// The name as given, if one was.
        given: Option<String>,
        /// Only its help was asked for.
        help: bool,
        /// The operations that may be meant, each with what it does.
        meant: Vec<(&'static str, &'static str)>,
        /// All names.
        known: Vec<&'static str>,
    },
    /// The name is that of the tool `hf_whoami`.
    OtherTool {
        /// The name as given.
        given: String,
    },
    /// The message was longer than the server reads.
    TooLarge {
        /// The bound, in bytes.
        limit: usize,
    },
    /// The client's message could not be read.
    Unreadable(Unreadable),
    /// The Hub refused, failed, or could not be reached.
    Hub(Box<HubError>),
    /// The answer to a submission was lost, and the job was not found by its label since.
    SubmissionUnconfirmed {
        /// The namespace that would be billed.
        namespace: String,
        /// By what a listing finds what was started.
        trace: Trace,
        /// What happened to the answer.
        cause: Box<HubError>,
    },
    /// The operator's settings forbid it.
    PolicyDenied {
        /// The flag that forbids it.
        rule: &'static str,
        /// The operation that was refused.
        operation: &'static str,
    },
    /// The call was given up, or the server was told to end, before anything was submitted.
    Cancelled,
    /// A defect of this server.
    Internal {
        /// What was under way.
        during: &'static str,
    },
}

/// By what a submission whose answer was lost is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trace {
    /// The job has this value of the server's own label.
    Label(String),
    /// The scheduled job has it.
    ScheduleLabel(String),
    /// It is the newest copy of this job.
    CopyOf(String),
    /// It is the newest job of this scheduled job.
    RunOf(String),
}

/// How many faults of a call are told: whoever mends these sees the rest at the next call.
const FAULTS_TOLD: usize = 20;

impl Error {
    /// A wrong argument of a call that has one fault only.
    pub fn argument(operation: &str, fault: Fault) -> Self {
        Self::Arguments { operation: operation.to_owned(), faults: vec![fault] }
    }

    /// The same call may succeed later, unchanged.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Hub(error) => error.refusal.retryable(),
            _ => false,
        }
    }

    /// The Hub's id of the request that failed, for its support.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Hub(error) | Self::SubmissionUnconfirmed { cause: error, .. } => error.request_id.as_deref(),
            _ => None,
        }
    }

    /// What is wrong with the arguments, if that is the error: the first twenty faults.
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::Arguments { faults, .. } => faults.get(..FAULTS_TOLD).unwrap_or(faults),
            _ => &[],
        }
    }
}

impl From<HubError> for Error {
    fn from(error: HubError) -> Self {
        Self::Hub(Box::new(error))
    }
}

//! The stable code of each error: what programs match on, unlike its words.

use super::{Error, Fault, Problem, Refusal};

/// A stable code, in snake case on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(&'static str);

impl Code {
    /// The code as it is sent.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl Error {
    /// The error's code.
    pub fn code(&self) -> Code {
        Code(match self {
            Self::NotLoggedIn { .. } | Self::UnusableLogin { .. } => "not_logged_in",
            Self::Arguments { faults, .. } => of_faults(faults),
            Self::UnknownOperation { .. } | Self::OtherTool { .. } => "unknown_operation",
            Self::TooLarge { .. } => "too_large",
            Self::Unreadable(_) => "invalid_arguments",
            Self::Hub(error) => of_refusal(&error.refusal),
            Self::SubmissionUnconfirmed { .. } => "submission_unconfirmed",
            Self::PolicyDenied { .. } => "policy_denied",
            Self::Cancelled => "cancelled",
            Self::Internal { .. } => "internal",
        })
    }
}

impl Fault {
    /// The code that a call with this fault alone has.
    pub fn code(&self) -> Code {
        Code(match self.problem {
            Problem::Credential { .. } => "token_in_readable_field",
            Problem::Secret(_) => "secret_unavailable",
            Problem::LocalFile { .. } => "local_file_refused",
            _ => "invalid_arguments",
        })
    }
}

/// Several faults have the code of the gravest: a token that would show, then a secret that can't be had, then a file.
fn of_faults(faults: &[Fault]) -> &'static str {
    ["token_in_readable_field", "secret_unavailable", "local_file_refused"]
        .into_iter()
        .find(|code| faults.iter().any(|fault| fault.code().as_str() == *code))
        .unwrap_or("invalid_arguments")
}

fn of_refusal(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Unauthorized | Refusal::LoginEnded => "unauthorized",
        Refusal::PaymentRequired => "payment_required",
        Refusal::Forbidden => "forbidden",
        Refusal::NotFound => "not_found",
        Refusal::Conflict | Refusal::Busy => "conflict",
        Refusal::RateLimited(_) => "rate_limited",
        Refusal::Rejected(_) => "rejected_by_hub",
        Refusal::Failed(_) | Refusal::Unsent(_) | Refusal::Unreachable(_) => "hub_unavailable",
        Refusal::TimedOut | Refusal::OutOfTime => "hub_timeout",
        Refusal::BadAnswer(_) | Refusal::Unexpected(_) => "bad_answer",
    }
}

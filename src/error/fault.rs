//! One thing that is wrong with a call's arguments: data, of which `error::text` makes the words.

use serde_json::Value;

/// A problem and the argument that has it, as a path below `args` (`env.HF_TOKEN`, `volumes[1]`).
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// The argument's path.
    pub argument: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// The path of what a script's own `[tool.hf-jobs]` table says.
const SCRIPT_TABLE: &str = "script[tool.hf-jobs]";

/// The path of a key of a script's own `[tool.hf-jobs]` table; of the table itself, if the key is empty.
pub fn script_argument(key: &str) -> String {
    if key.is_empty() { SCRIPT_TABLE.to_owned() } else { format!("{SCRIPT_TABLE}.{key}") }
}

impl Fault {
    /// The key, if a script's own `[tool.hf-jobs]` table holds it and not the call.
    pub fn script_key(&self) -> Option<&str> {
        self.argument.strip_prefix(SCRIPT_TABLE).map(|key| key.trim_start_matches('.'))
    }

    /// Whether that argument is this fault's own, lies within it, or holds it.
    pub fn overlaps(&self, argument: &str) -> bool {
        let within = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        within(&self.argument, argument) || within(argument, &self.argument)
    }
}

/// What is wrong with an argument.
///
/// Values are kept as the caller wrote them: every text made of them is scrubbed before it leaves.
#[derive(Debug, Clone, PartialEq)]
pub enum Problem {
    /// No argument of this operation has that name.
    Unknown {
        /// The known name that is most like it.
        nearest: Option<String>,
    },
    /// A name that agent hosts add, in a call that does not keep its arguments in `args`.
    OfHost,
    /// A time zone for a schedule, which is in UTC.
    TimeZone {
        /// A schedule as somebody there writes it.
        schedule: String,
        /// What it is in UTC, for one zone or for several.
        utc: Vec<(String, String)>,
    },
    /// A placeholder of an earlier answer, where a value of the caller's own belongs.
    Placeholder,
    /// A flavor that the Hub does not offer.
    UnknownFlavor {
        /// The flavor as given.
        asked: String,
        /// What the Hub offers instead.
        lack: FlavorLack,
        /// Flavors with their prices per hour, the nearest first.
        offered: Vec<(String, Option<String>)>,
        /// The one to pass instead, where one is meant.
        instead: Option<String>,
    },
    /// A required argument was not given.
    Missing,
    /// The JSON type is another than the argument takes.
    WrongType {
        /// What the argument takes, such as `a list of strings`.
        expected: &'static str,
        /// What was given, such as `a number`.
        found: &'static str,
    },
    /// The value does not have the form, or is not in the range, that the argument takes.
    Malformed {
        /// The value as given.
        value: String,
        /// What would be right, as a noun phrase: `a whole number of seconds, or a number with s, m, h or d`.
        expected: String,
        /// A value to pass instead, where one can be told.
        instead: Option<Value>,
    },
    /// Two arguments say the same thing in different ways.
    Conflict {
        /// The other argument.
        with: String,
    },
    /// A credential, or the placeholder of one, stands where anybody who may see the job can read it.
    Credential {
        /// What was recognised.
        credential: Credential,
        /// The name under which it belongs into `secrets`.
        secret: String,
    },
    /// A resource group without the organization that it belongs to.
    GroupAlone,
    /// A secret's value can't be had.
    Secret(SecretProblem),
    /// A local script that this server does not read.
    LocalFile {
        /// The path as given.
        path: String,
        /// Why it is not read.
        reason: LocalFileReason,
    },
}

/// What the Hub offers instead of a flavor that it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlavorLack {
    /// Flavors with a name, or for hardware, like it.
    Alike,
    /// GPUs.
    Gpus,
    /// GPUs, where TPUs were asked for.
    NoTpus,
    /// Nothing like it.
    Any,
}

/// What the scan of a readable field recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// A name that Hub libraries read as the token.
    TokenName,
    /// `$HF_TOKEN` or `${HF_TOKEN}`, which only `secrets` resolves.
    Placeholder,
    /// A token of the Hub, by its shape.
    HubToken,
    /// The token of the current login (or an earlier one of this process), plain or encoded.
    SessionToken,
    /// Another vendor's key, by its shape.
    VendorKey(&'static str),
    /// A user name or password within a URL.
    UrlUserinfo,
}

/// Why a value of `secrets` can't be resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretProblem {
    /// `$HF_TOKEN` was asked for and there is no login.
    NotLoggedIn,
    /// `$NAME` for a variable that the operator did not allow.
    NotAllowed {
        /// The variable's name.
        variable: String,
    },
    /// `$NAME` is allowed, and the server's environment does not have it.
    Unset {
        /// The variable's name.
        variable: String,
    },
    /// A value that is the name of the secret, or empty: a likely slip.
    Slip {
        /// What was given instead of a value.
        value: String,
    },
}

/// Why a local script is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalFileReason {
    /// Reading files is off: no directory was named and the working directory is `/` or the home directory.
    NoDirectory,
    /// The path leads out of the directories that may be read.
    Outside,
    /// A directory on the way begins with a dot.
    Hidden,
    /// There is no such file.
    Missing,
    /// Something else than a regular file.
    NotAFile,
    /// A link to what is no `.py` file.
    NotAScript,
    /// Larger than a script may be.
    TooLarge {
        /// The bound, in bytes.
        limit: u64,
    },
    /// Not UTF-8.
    NotText {
        /// The encoding that the file names or shows, if it does.
        encoding: Option<String>,
    },
    /// It holds NUL bytes.
    Nul,
    /// The operating system's reason.
    Io(String),
}

impl Problem {
    /// A value of the wrong form.
    pub fn malformed(value: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Malformed { value: value.into(), expected: expected.into(), instead: None }
    }

    /// A value of the wrong form, and the one to pass instead.
    pub fn malformed_instead(value: impl Into<String>, expected: impl Into<String>, instead: impl Into<Value>) -> Self {
        Self::Malformed { value: value.into(), expected: expected.into(), instead: Some(instead.into()) }
    }

    /// Without the value to pass instead, where it would be one of a part of the argument.
    pub fn without_instead(self) -> Self {
        match self {
            Self::Malformed { value, expected, .. } => Self::malformed(value, expected),
            other => other,
        }
    }

    /// Names the argument that has this problem.
    pub fn at(self, argument: impl Into<String>) -> Fault {
        Fault { argument: argument.into(), problem: self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_overlaps_what_it_holds() {
        for (one, other, expected) in [
            ("network", "network", true),
            ("network", "network.group", true),
            ("volumes[0].source", "volumes[0]", true),
            ("volumes[0]", "volumes[1]", false),
            ("name", "names", false),
            ("env.A", "env.AB", false),
        ] {
            let fault = |argument: &str| Problem::malformed("x", "y").at(argument);
            assert_eq!(fault(one).overlaps(other), expected, "{one} {other}");
            assert_eq!(fault(other).overlaps(one), expected, "{other} {one}");
        }
    }
}

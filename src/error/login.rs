//! Where a login's token comes from, and what is odd about the text that holds it.

use std::fmt;
use std::path::PathBuf;

/// Where a token came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// An environment variable.
    Variable(&'static str),
    /// A token file.
    File(PathBuf),
    /// The Hub that this server runs itself.
    LocalHub,
}

impl fmt::Display for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => f.write_str(name),
            Self::File(path) => path.display().fmt(f),
            Self::LocalHub => f.write_str("the local Hub"),
        }
    }
}

/// What a text that should be a token has instead of it, or around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenNote {
    /// No token but what a client or a page puts in place of one: `null`, `${HF_TOKEN}`, `your_token`.
    Placeholder,
    /// Quotes around the token, as a `.env` file has them.
    Quotes,
    /// `Bearer ` before it, as a header has it.
    Bearer,
    /// `HF_TOKEN=` before it, as a shell script has it.
    Assignment,
}

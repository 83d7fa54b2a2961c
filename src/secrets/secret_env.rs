//! The secrets of a job: the one place where `$HF_TOKEN` becomes a token.

use std::fmt;

use super::{
    HfToken, Known, Secret, Session, TOKEN_NAMES, Variable, placeholder,
    shapes::{self, Sight},
};
use crate::error::{Credential, Fault, Problem, SecretProblem};

/// Most bytes of a value: Linux takes no longer string into a program's environment (`MAX_ARG_STRLEN`).
pub const MAX_SECRET_BYTES: usize = 128 * 1024;

/// Names and resolved values of a job's secrets. Write-only: the names can be read, the values go into a
/// [`SealedBody`](super::SealedBody).
#[derive(Clone, Default)]
pub struct SecretEnv {
    entries: Vec<(String, Secret)>,
    carries_login: bool,
    /// The names of those that a dry run without a login could not resolve.
    after_login: Vec<String>,
}

/// Something to tell about a secret that is forwarded all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretNote {
    /// A token was written out where `$HF_TOKEN` would have kept it out of the conversation.
    LiteralToken {
        /// The secret's name.
        name: String,
    },
    /// `$HF_TOKEN` under a name that Hub libraries don't read.
    UnreadName {
        /// The secret's name.
        name: String,
    },
}

impl SecretEnv {
    /// Resolves what the caller wrote, and has the store remember every value for redaction.
    ///
    /// `$HF_TOKEN` and `${HF_TOKEN}`, alone or within a longer value, become the session's token. A value that is wholly
    /// `$NAME` or `${NAME}` becomes that variable of the server, where the operator allows it. Everything else goes as
    /// it is, any other `$` included. An empty value is a slip under a name of the token; under any other name it is
    /// forwarded, since a variable may be set to nothing.
    pub fn resolve(
        pairs: Vec<(String, String)>,
        session: &dyn Session,
        known: &Known,
    ) -> Result<(Self, Vec<SecretNote>), Vec<Fault>> {
        Self::resolve_by(Resolver { session, known, token: None, after_login: None }, pairs)
    }

    /// [`SecretEnv::resolve`] for a dry run, which needs no login: what needs one has no value, and is only named.
    pub fn resolve_for_dry_run(
        pairs: Vec<(String, String)>,
        session: &dyn Session,
        known: &Known,
    ) -> Result<(Self, Vec<SecretNote>), Vec<Fault>> {
        Self::resolve_by(Resolver { session, known, token: None, after_login: Some(Vec::new()) }, pairs)
    }

    fn resolve_by(
        mut resolver: Resolver<'_>,
        pairs: Vec<(String, String)>,
    ) -> Result<(Self, Vec<SecretNote>), Vec<Fault>> {
        let mut written: Vec<(String, Secret)> = Vec::new();
        let (mut env, mut notes, mut faults) = (Self::default(), Vec::new(), Vec::new());
        for (name, text) in pairs {
            let argument = format!("secrets.{name}");
            let text = Secret::new(text);
            if let Some((_, earlier)) = written.iter().find(|(earlier, _)| *earlier == name) {
                if earlier.reveal() != text.reveal() {
                    faults.push(Problem::Conflict { with: argument.clone() }.at(argument));
                }
                continue;
            }
            match resolver.resolve(&name, &text) {
                Ok((value, note)) => {
                    notes.extend(note);
                    env.entries.push((name.clone(), value));
                }
                Err(problem) => faults.push(problem.at(argument)),
            }
            written.push((name, text));
        }
        resolver.known.remember_all(env.entries.iter().map(|(_, value)| value));
        env.after_login = resolver.after_login.unwrap_or_default();
        env.carries_login = resolver.token.is_some() || !env.after_login.is_empty();
        if faults.is_empty() { Ok((env, notes)) } else { Err(faults) }
    }

    /// The names, in the order given: all that can be read.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.entries.iter().map(|(name, _)| name.as_str())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether the session's token is among the values by way of `$HF_TOKEN`: a schedule freezes it as of today.
    pub fn carries_login(&self) -> bool {
        self.carries_login
    }

    /// Whether a dry run could not resolve the secret of that name, without a login.
    pub fn waits_for_login(&self, name: &str) -> bool {
        self.after_login.iter().any(|waiting| waiting == name)
    }

    /// Whether one has a name that Hub libraries read as the token.
    pub fn reaches_hub_libraries(&self) -> bool {
        self.names().any(|name| TOKEN_NAMES.contains(&name))
    }

    /// Names and values, for the vault's own files.
    pub(in crate::secrets) fn entries(&self) -> &[(String, Secret)] {
        &self.entries
    }
}

impl fmt::Debug for SecretEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SecretEnv").field(&self.names().collect::<Vec<_>>()).finish()
    }
}

struct Resolver<'a> {
    session: &'a dyn Session,
    known: &'a Known,
    /// Read once a call, when it is first asked for.
    token: Option<HfToken>,
    /// In a dry run: the names that need a login, where there is none.
    after_login: Option<Vec<String>>,
}

impl Resolver<'_> {
    fn resolve(&mut self, name: &str, text: &Secret) -> Result<(Secret, Option<SecretNote>), Problem> {
        let written = text.reveal();
        if written.len() > MAX_SECRET_BYTES {
            let found = format!("{} bytes", written.len());
            return Err(Problem::malformed(found, format!("a value of at most {MAX_SECRET_BYTES} bytes")));
        }
        if written.contains('\0') {
            return Err(Problem::malformed("a value with a NUL character", "a value without NUL characters"));
        }
        let references = placeholder::references(written);
        if !references.is_empty() {
            let alone = references.iter().any(|range| written.get(range.clone()) == Some(written.trim()));
            let note =
                (alone && !TOKEN_NAMES.contains(&name)).then(|| SecretNote::UnreadName { name: name.to_owned() });
            if let Err(problem) = self.token() {
                self.after_login.as_mut().ok_or(problem)?.push(name.to_owned());
                return Ok((Secret::new(String::new()), note));
            }
            let token = self.token()?;
            return Ok((if alone { token.secret().clone() } else { filled_in(written, token) }, note));
        }
        if let Some(variable) = placeholder::variable(written.trim()) {
            let variable = variable.to_owned();
            return match self.session.variable(&variable) {
                Variable::Set(value) => Ok((value, None)),
                Variable::Unset => Err(Problem::Secret(SecretProblem::Unset { variable })),
                Variable::NotAllowed => Err(Problem::Secret(SecretProblem::NotAllowed { variable })),
            };
        }
        let under_token_name = placeholder::is_token_name(name);
        if let Some(value) = placeholder::slip(name, written).filter(|_| under_token_name) {
            return Err(Problem::Secret(SecretProblem::Slip { value }));
        }
        let is_token = || {
            let found = shapes::find(written, Sight::Strict);
            found.iter().any(|found| found.credential == Credential::HubToken)
                || self.known.index().tokens.is_match(written)
        };
        let note = (under_token_name || is_token()).then(|| SecretNote::LiteralToken { name: name.to_owned() });
        Ok((text.clone(), note))
    }

    fn token(&mut self) -> Result<&HfToken, Problem> {
        if self.token.is_none() {
            let login = self.session.login().map_err(|_| Problem::Secret(SecretProblem::NotLoggedIn))?;
            self.known.remember_token(&login.token);
            self.token = Some(login.token);
        }
        self.token.as_ref().ok_or(Problem::Secret(SecretProblem::NotLoggedIn))
    }
}

fn filled_in(text: &str, token: &HfToken) -> Secret {
    let references = placeholder::references(text);
    let token = token.secret().reveal();
    // Enough from the start, lest growing leave a piece behind.
    let mut value = String::with_capacity(text.len().saturating_add(references.len().saturating_mul(token.len())));
    let mut copied = 0;
    for range in references {
        value.push_str(text.get(copied..range.start).unwrap_or_default());
        value.push_str(token);
        copied = range.end;
    }
    value.push_str(text.get(copied..).unwrap_or_default());
    Secret::new(value)
}

#[cfg(test)]
mod tests;

//! The login, read afresh for each call, so that a new `hf auth login` counts at once: variables first, then the token file,
//! in the order of `huggingface_hub`.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::stored_tokens::{LoginFiles, STORED_TOKENS};
use crate::secrets::{
    BrowserLogin, HfToken, Login, LoginFault, Renewal, RenewalFault, Secret, Session, TokenFault, TokenSource, Variable,
};

/// How often a token file that is empty is read: `huggingface_hub` empties it and then writes it.
const EMPTY_READS: usize = 4;
/// The pause between two readings of it.
const EMPTY_PAUSE: Duration = Duration::from_millis(5);

/// The variables that hold a token, in the order in which Hub libraries look.
const TOKEN_VARIABLES: [&str; 2] = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"];

/// The user's own session on this machine.
#[derive(Debug, Default)]
pub struct EnvironmentSession {
    allowed: Vec<String>,
    warned_of_placeholder: AtomicBool,
    warned_of_mode: AtomicBool,
}

impl EnvironmentSession {
    /// A session in which calls may name these variables in `secrets`.
    pub fn new(allowed: Vec<String>) -> Self {
        Self { allowed, ..Self::default() }
    }

    fn of_variables(&self, looked_at: &mut Vec<String>) -> Option<Result<Login, LoginFault>> {
        for name in TOKEN_VARIABLES {
            looked_at.push(name.to_owned());
            let Some(value) = raw_variable(name).filter(|value| !value.is_empty()) else { continue };
            match HfToken::parse(&value) {
                Ok(Some(token)) => return Some(Ok(Login { token, source: TokenSource::Variable(name) })),
                // A blank HF_TOKEN hides the second variable, and the file counts.
                Ok(None) => return None,
                Err(TokenFault::Unexpanded) => self.warn_of_placeholder(name),
                Err(_) => return Some(Err(LoginFault::Malformed { source: TokenSource::Variable(name) })),
            }
        }
        None
    }

    fn of_file(&self, path: &Path) -> Option<Result<Login, LoginFault>> {
        let source = || TokenSource::File(path.to_owned());
        let text = match read_token(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => {
                return Some(Err(LoginFault::Unreadable { source: source(), reason: error.kind().to_string() }));
            }
        };
        match HfToken::parse(&text) {
            Ok(Some(token)) => {
                self.warn_of_mode(path);
                Some(Ok(Login { token, source: source() }))
            }
            Ok(None) | Err(TokenFault::Unexpanded) => None,
            Err(_) => Some(Err(LoginFault::Malformed { source: source() })),
        }
    }

    fn warn_of_placeholder(&self, name: &str) {
        if !self.warned_of_placeholder.swap(true, Ordering::Relaxed) {
            tracing::warn!("{name} is a placeholder that the client did not fill in; it counts as unset");
        }
    }

    #[cfg(unix)]
    fn warn_of_mode(&self, path: &Path) {
        use std::os::unix::fs::PermissionsExt;
        let is_open =
            |path: &Path| std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0);
        // Refresh tokens and the tokens of other logins are in the second.
        let files = [path.to_owned(), path.with_file_name(STORED_TOKENS)];
        let open: Vec<&PathBuf> = files.iter().filter(|path| is_open(path)).collect();
        if !open.is_empty() && !self.warned_of_mode.swap(true, Ordering::Relaxed) {
            for path in open {
                tracing::warn!("the token file {} can be read by other users; `chmod 600` mends that", path.display());
            }
        }
    }

    #[cfg(not(unix))]
    fn warn_of_mode(&self, _path: &Path) {
        self.warned_of_mode.store(true, Ordering::Relaxed);
    }
}

impl Session for EnvironmentSession {
    fn login(&self) -> Result<Login, LoginFault> {
        let mut looked_at = Vec::new();
        if raw_variable("HF_HUB_DISABLE_IMPLICIT_TOKEN").is_some_and(|value| is_true(&value)) {
            looked_at.push("nothing, since HF_HUB_DISABLE_IMPLICIT_TOKEN is set".to_owned());
            return Err(LoginFault::NotLoggedIn { looked_at });
        }
        if let Some(login) = self.of_variables(&mut looked_at) {
            return login;
        }
        if let Some(path) = token_file() {
            looked_at.push(path.display().to_string());
            if let Some(login) = self.of_file(&path) {
                return login;
            }
        }
        Err(LoginFault::NotLoggedIn { looked_at })
    }

    fn variable(&self, name: &str) -> Variable {
        variable_of(&self.allowed, name)
    }

    fn browser_login(&self, login: &Login) -> Option<BrowserLogin> {
        let TokenSource::File(path) = &login.source else { return None };
        LoginFiles::of(path).browser_login(&login.token)
    }

    fn begin_renewal(&self, login: &Login) -> Result<Renewal, RenewalFault> {
        let TokenSource::File(path) = &login.source else { return Err(RenewalFault::NotRenewable) };
        LoginFiles::of(path).begin_renewal(login)
    }
}

/// A session with a token of its own, as the embedded Hub has one.
#[derive(Debug)]
pub struct FixedSession {
    token: HfToken,
    allowed: Vec<String>,
}

impl FixedSession {
    /// A session of that token, in which calls may name these variables in `secrets`.
    pub fn new(token: HfToken, allowed: Vec<String>) -> Self {
        Self { token, allowed }
    }
}

impl Session for FixedSession {
    fn login(&self) -> Result<Login, LoginFault> {
        Ok(Login { token: self.token.clone(), source: TokenSource::LocalHub })
    }

    fn variable(&self, name: &str) -> Variable {
        variable_of(&self.allowed, name)
    }
}

fn variable_of(allowed: &[String], name: &str) -> Variable {
    if !allowed.iter().any(|allowed| allowed == name) {
        return Variable::NotAllowed;
    }
    raw_variable(name)
        .filter(|value| !value.is_empty())
        .map_or(Variable::Unset, |value| Variable::Set(Secret::new(value)))
}

/// The file that `hf auth login` writes.
fn token_file() -> Option<PathBuf> {
    let set = |name| raw_variable(name).filter(|value| !value.is_empty());
    if let Some(path) = set("HF_TOKEN_PATH") {
        return Some(expand(&path));
    }
    if let Some(home) = set("HF_HOME") {
        return Some(expand(&home).join("token"));
    }
    let cache =
        set("XDG_CACHE_HOME").map(|cache| expand(&cache)).or_else(|| Some(std::env::home_dir()?.join(".cache")))?;
    Some(cache.join("huggingface").join("token"))
}

/// `~` and `$NAME` or `${NAME}`, as `huggingface_hub` expands them in its variables.
fn expand(path: &str) -> PathBuf {
    let mut text = String::new();
    let mut rest = path;
    if let Some(below) = path.strip_prefix('~').filter(|below| below.is_empty() || below.starts_with('/'))
        && let Some(home) = std::env::home_dir()
    {
        text.push_str(&home.to_string_lossy());
        rest = below;
    }
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        let (name, tail) = match after.strip_prefix('{').and_then(|braced| braced.split_once('}')) {
            Some((name, tail)) => (name, tail),
            None => after.split_at(
                after.find(|char: char| !(char.is_ascii_alphanumeric() || char == '_')).unwrap_or(after.len()),
            ),
        };
        if let Some(value) = raw_variable(name) {
            text.push_str(&value);
            rest = tail;
        } else {
            text.push('$');
            rest = after;
        }
    }
    text.push_str(rest);
    PathBuf::from(text)
}

fn read_token(path: &Path) -> std::io::Result<String> {
    let files = LoginFiles::of(path);
    let mut text = files.read_token()?;
    for _ in 1..EMPTY_READS {
        if !text.is_empty() {
            break;
        }
        std::thread::sleep(EMPTY_PAUSE);
        text = files.read_token()?;
    }
    Ok(text)
}

fn is_true(value: &str) -> bool {
    ["1", "on", "yes", "true"].contains(&value.to_ascii_lowercase().as_str())
}

#[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
fn raw_variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

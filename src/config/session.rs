//! The login, read afresh for each call, so that a new `hf auth login` counts at once: variables first, then the token file,
//! in the order of `huggingface_hub`.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::stored_tokens::{LoginFiles, STORED_TOKENS};
use super::variables::{raw, unquoted, value, variable};
use crate::error::Warning;
use crate::secrets::{
    BrowserLogin, HfToken, Login, LoginFault, Renewal, RenewalFault, Secret, Session, TokenFault, TokenSource,
    TokenText, Variable,
};

/// How often a token file that is empty is read: `huggingface_hub` empties it and then writes it.
const EMPTY_READS: usize = 4;
/// The pause between two readings of it.
const EMPTY_PAUSE: Duration = Duration::from_millis(5);

/// The variables that hold a token, in the order in which Hub libraries look.
const TOKEN_VARIABLES: [&str; 2] = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"];

/// What a search for a token found besides it.
#[derive(Default)]
struct Found {
    looked_at: Vec<String>,
    warnings: Vec<Warning>,
}

impl Found {
    /// The token in a text, and a note of what is there besides it.
    fn token(&mut self, text: &str, source: &TokenSource) -> Result<Option<HfToken>, TokenFault> {
        let TokenText { token, note } = TokenText::read(text)?;
        self.warnings.extend(note.map(|note| Warning::LoginText { source: source.clone(), note }));
        Ok(token)
    }

    /// The token of a variable, where one is set to anything but a placeholder.
    fn in_variables(&mut self) -> Option<Result<Login, LoginFault>> {
        for name in TOKEN_VARIABLES {
            self.looked_at.push(name.to_owned());
            let source = TokenSource::Variable(name);
            if let Some(token) = raw(name).and_then(|text| self.token(&text, &source).transpose()) {
                return Some(self.login(token, source));
            }
        }
        None
    }

    fn nothing(&self) -> LoginFault {
        LoginFault::NotLoggedIn { looked_at: self.looked_at.clone(), ignored: self.warnings.clone() }
    }

    fn login(&self, token: Result<HfToken, TokenFault>, source: TokenSource) -> Result<Login, LoginFault> {
        match token {
            Ok(token) => Ok(Login { token, source, warnings: self.warnings.clone() }),
            Err(_) => Err(LoginFault::Malformed { source }),
        }
    }
}

/// The user's own session on this machine.
#[derive(Debug, Default)]
pub struct EnvironmentSession {
    allowed: Vec<String>,
    warned_of: Mutex<Vec<Warning>>,
    warned_of_mode: AtomicBool,
}

impl EnvironmentSession {
    /// A session in which calls may name these variables in `secrets`.
    pub fn new(allowed: Vec<String>) -> Self {
        Self { allowed, ..Self::default() }
    }

    fn of_file(&self, path: &Path, found: &mut Found) -> Option<Result<Login, LoginFault>> {
        let source = TokenSource::File(path.to_owned());
        let text = match read_token(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => return Some(Err(LoginFault::Unreadable { source, reason: reason(&error) })),
        };
        let token = found.token(&text, &source).transpose()?;
        self.warn_of_mode(path);
        Some(found.login(token, source))
    }

    /// Says in the log what was ignored, each the first time.
    fn warn_of(&self, warnings: &[Warning]) {
        for warning in warnings {
            let mut warned = self.warned_of.lock().unwrap_or_else(PoisonError::into_inner);
            if !warned.contains(warning) {
                tracing::warn!("{}; {}", warning.message(), warning.hint());
                warned.push(warning.clone());
            }
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
        let mut found = Found::default();
        if variable("HF_HUB_DISABLE_IMPLICIT_TOKEN").is_some_and(|value| is_true(&value)) {
            found.looked_at.push("nothing, since HF_HUB_DISABLE_IMPLICIT_TOKEN is set".to_owned());
            return Err(found.nothing());
        }
        let login = found.in_variables().or_else(|| {
            let path = token_file()?;
            found.looked_at.push(path.display().to_string());
            self.of_file(&path, &mut found)
        });
        self.warn_of(&found.warnings);
        login.unwrap_or_else(|| Err(found.nothing()))
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
        Ok(Login { token: self.token.clone(), source: TokenSource::LocalHub, warnings: Vec::new() })
    }

    fn variable(&self, name: &str) -> Variable {
        variable_of(&self.allowed, name)
    }
}

fn variable_of(allowed: &[String], name: &str) -> Variable {
    if !allowed.iter().any(|allowed| allowed == name) {
        return Variable::NotAllowed;
    }
    raw(name).and_then(|text| value(name, text)).map_or(Variable::Unset, |value| Variable::Set(Secret::new(value)))
}

/// The file that `hf auth login` writes.
fn token_file() -> Option<PathBuf> {
    if let Some(path) = path("HF_TOKEN_PATH") {
        return Some(path);
    }
    if let Some(home) = path("HF_HOME") {
        return Some(home.join("token"));
    }
    let cache = path("XDG_CACHE_HOME").or_else(|| Some(std::env::home_dir()?.join(".cache")))?;
    Some(cache.join("huggingface").join("token"))
}

/// The path in a variable; none where the variable is as good as unset once others are filled in.
fn path(name: &str) -> Option<PathBuf> {
    value(name, expand(&unquoted(name)?)).map(PathBuf::from)
}

/// `~` and `$NAME` or `${NAME}`, as `huggingface_hub` expands them in its variables.
fn expand(path: &str) -> String {
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
        if let Some(value) = raw(name) {
            text.push_str(&value);
            rest = tail;
        } else {
            text.push('$');
            rest = after;
        }
    }
    text.push_str(rest);
    text
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

/// What the operating system says, or this server of a file's form; never a path.
fn reason(error: &std::io::Error) -> String {
    if error.raw_os_error().is_some() { error.kind().to_string() } else { error.to_string() }
}

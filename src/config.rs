//! What was typed and the environment, as one validated [`Config`]. The only reader of the environment and of token files.

mod door_token;
mod http;
mod job_environment;
mod session;
mod stored_tokens;
mod variables;

use std::fmt;
#[cfg(all(unix, not(target_vendor = "apple")))]
use std::path::Path;
use std::path::PathBuf;

pub use door_token::DoorFileFault;
pub use http::{HttpConfig, HttpFault};
pub use session::{EnvironmentSession, FixedSession};

use crate::cli::Cli;
use crate::secrets::{Known, Scrubber};
use crate::types::{Endpoint, EndpointFault};
use job_environment::job_environment;
use variables::variable;

/// What the server is to do.
pub struct Config {
    /// Run the embedded Hub and use it.
    pub local: bool,
    /// The Hub's origin, unless it is the embedded one.
    pub endpoint: Endpoint,
    /// The variables that calls may name in `secrets`.
    pub secret_env: Vec<String>,
    /// The directories that local scripts are read from, links resolved.
    pub script_directories: Vec<PathBuf>,
    /// Nothing that changes the Hub is done.
    pub read_only: bool,
    /// The operations that are not offered, as they were typed.
    pub excluded_operations: Vec<String>,
    /// The part of the User-Agent that `HF_HUB_USER_AGENT_ORIGIN` adds, as Hub libraries have it.
    pub user_agent_origin: Option<String>,
    /// As which OAuth client browser logins are renewed: the one that `hf auth login` made them for.
    pub oauth_client_id: String,
    /// What of the environment jobs of the embedded Hub are given.
    pub job_environment: Vec<(String, String)>,
    /// How to serve over HTTP, where that was asked for.
    pub http: Option<HttpConfig>,
}

/// Why the server does not start.
#[derive(Debug)]
pub enum StartupFault {
    /// `HF_ENDPOINT` can't be used.
    Endpoint(EndpointFault),
    /// A name given to `--secret-env` is no name of a variable.
    SecretEnv(String),
    /// A directory given to `--script-dir` is none.
    ScriptDirectory(PathBuf),
    /// A name given to `--exclude-operations` is no operation.
    Operation(String),
    /// HTTP can't be served as was asked.
    Http(HttpFault),
}

impl fmt::Display for StartupFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoint(fault) => write!(f, "HF_ENDPOINT can't be used: {}", reason(fault)),
            Self::SecretEnv(name) => write!(f, "`--secret-env {name}`: not the name of an environment variable"),
            Self::Operation(name) => {
                write!(f, "`--exclude-operations {name}`: no such operation; `help` of hf_jobs names them all")
            }
            Self::Http(fault) => fault.fmt(f),
            Self::ScriptDirectory(path) => write!(f, "`--script-dir {}`: no such directory", path.display()),
        }
    }
}

impl Config {
    /// Reads the environment. `known` is told of the secrets that stand in files.
    ///
    /// # Errors
    /// What was typed, or a variable, can't be used.
    pub fn new(cli: &Cli, known: &Known) -> Result<Self, StartupFault> {
        let endpoint = match variable("HF_ENDPOINT") {
            Some(given) => Endpoint::parse(&given).map_err(StartupFault::Endpoint)?,
            None => Endpoint::hub(),
        };
        let is_name = |name: &String| {
            name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
        };
        if let Some(name) = cli.secret_env.iter().find(|name| !is_name(name)) {
            return Err(StartupFault::SecretEnv(name.clone()));
        }
        warn_of_certificates();
        Ok(Self {
            local: cli.local,
            endpoint,
            secret_env: cli.secret_env.clone(),
            script_directories: script_directories(&cli.script_dir, cli.http.address.is_some())?,
            read_only: cli.read_only,
            excluded_operations: cli.exclude_operations.clone(),
            user_agent_origin: variable("HF_HUB_USER_AGENT_ORIGIN").filter(|origin| is_word(origin)),
            oauth_client_id: variable("HF_DEVICE_CODE_OAUTH_CLIENT_ID").unwrap_or_else(|| OAUTH_CLIENT_ID.to_owned()),
            job_environment: if cli.local { job_environment(known) } else { Vec::new() },
            http: HttpConfig::new(&cli.http, known).map_err(StartupFault::Http)?,
        })
    }
}

/// The client that `hf auth login` is at the Hub (`huggingface_hub`, `constants.py`).
const OAUTH_CLIENT_ID: &str = "26be6b09-91c5-47da-9861-d2d2bb7a7e36";

/// The longest word that is added to the User-Agent, in bytes: Hub libraries send names there.
const ORIGIN_MAX_BYTES: usize = 100;

/// Whether a text can stand in a User-Agent: one word of visible ASCII, and no token.
fn is_word(text: &str) -> bool {
    let is_visible = |byte: u8| byte.is_ascii_graphic() && byte != b';';
    text.len() <= ORIGIN_MAX_BYTES && text.bytes().all(is_visible) && !Scrubber::default().hides(text)
}

/// `RUST_LOG`, which counts where `--log-level` was not given.
pub fn rust_log() -> Option<String> {
    variable("RUST_LOG")
}

/// The most of a file of certificates that is looked at; all that browsers trust have a quarter of a mebibyte.
const CERTIFICATES_MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Says in the log what is wrong with the file of certificates that takes the place of the system's (rustls-native-certs), since
/// the connections that fail for it say so much later.
#[cfg(all(unix, not(target_vendor = "apple")))]
fn warn_of_certificates() {
    let Some(path) = variables::raw("SSL_CERT_FILE") else { return };
    let fault = match stored_tokens::read_bounded(Path::new(&path), CERTIFICATES_MAX_BYTES) {
        Ok(text) if text.contains("-----BEGIN ") => return,
        Ok(_) => "holds no certificate in PEM form".to_owned(),
        // Comments in another encoding do no harm.
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => return,
        Err(error) => format!("can't be read ({})", error.kind()),
    };
    tracing::warn!("`SSL_CERT_FILE` is `{path}`, which {fault}: TLS connections may fail until it is right or unset");
}

/// The system's own store counts there, whatever the variable says.
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
fn warn_of_certificates() {
    if variable("SSL_CERT_FILE").is_some() {
        tracing::info!(
            "`SSL_CERT_FILE` is not read on this system: the certificates in the system's own store are trusted"
        );
    }
}

/// The named directories. Where none is named, the working directory, unless it is `/` or the home directory, which hold
/// more than scripts; over HTTP none, since callers need not be where the server is.
fn script_directories(named: &[PathBuf], http: bool) -> Result<Vec<PathBuf>, StartupFault> {
    if named.is_empty() && http {
        return Ok(Vec::new());
    }
    if named.is_empty() {
        let home = std::env::home_dir().and_then(|home| home.canonicalize().ok());
        let working = std::env::current_dir().and_then(|working| working.canonicalize()).ok();
        return Ok(working
            .into_iter()
            .filter(|working| working.parent().is_some() && Some(working) != home.as_ref())
            .collect());
    }
    let real = |path: &PathBuf| path.canonicalize().ok().filter(|real| real.is_dir());
    named.iter().map(|path| real(path).ok_or_else(|| StartupFault::ScriptDirectory(path.clone()))).collect()
}

fn reason(fault: &EndpointFault) -> String {
    match fault {
        EndpointFault::NotAUrl(_) => "it is no URL".to_owned(),
        EndpointFault::Scheme(scheme) => format!("`{scheme}` is neither https nor http"),
        EndpointFault::PlainHttp { host } => {
            format!(
                "the token would go to {host} in the clear; plain http is for this machine only (127.0.0.1, [::1], localhost)"
            )
        }
        EndpointFault::Userinfo => "it has a user name or password in it".to_owned(),
        EndpointFault::QueryOrFragment => "it has a query or a fragment".to_owned(),
        EndpointFault::BadCharacter => "it has a character that no address has".to_owned(),
    }
}

//! What was asked for over HTTP, as one validated [`HttpConfig`].

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::door_token::{self, DoorFile, DoorFileFault};
use crate::cli::HttpArgs;
use crate::secrets::{DoorTokenFault, Known, MAX_DOOR_TOKEN_CHARS, MIN_DOOR_TOKEN_CHARS, Scrubber};
use crate::transport::http::{Access, AllowedHost, AllowedOrigin, HttpSetup, Limits};

/// How to serve over HTTP.
pub struct HttpConfig {
    /// Where to listen.
    pub address: SocketAddr,
    /// Who is served.
    pub setup: HttpSetup,
    /// Others may read the file.
    is_file_open: bool,
}

/// Why HTTP can't be served as was asked.
#[derive(Debug)]
pub enum HttpFault {
    /// An address that other machines can reach, without a door.
    NoAuthBeyondLoopback(SocketAddr),
    /// An address that other machines can reach, without a token that the operator chose.
    NoTokenBeyondLoopback(SocketAddr),
    /// There is no token for the door.
    Token(DoorFileFault),
    /// What was given to `--http-allowed-host` is no name.
    AllowedHost(String),
    /// What was given to `--http-allowed-origin` is no origin.
    AllowedOrigin(String),
}

impl fmt::Display for HttpFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAuthBeyondLoopback(address) => write!(
                f,
                "`--http-no-auth` is for addresses of this machine alone, such as 127.0.0.1; at {address} anybody could run jobs as you"
            ),
            Self::NoTokenBeyondLoopback(address) => write!(
                f,
                "`--http {address}` can be reached from other machines: give `--http-token-file` a file with a token of your own, of {MIN_DOOR_TOKEN_CHARS} characters or more"
            ),
            Self::Token(DoorFileFault::NoPlace) => {
                f.write_str("there is no home directory to keep the token in; give `--http-token-file`")
            }
            Self::Token(DoorFileFault::Io(path, error)) => {
                write!(f, "the token file {} can't be read or made: {error}", path.display())
            }
            Self::Token(DoorFileFault::Token(path, fault)) => {
                write!(f, "the token file {}: {}", path.display(), reason(*fault))
            }
            Self::AllowedHost(name) => {
                write!(f, "`--http-allowed-host {name}`: not a name such as `jobs.example.com`, with a port or without")
            }
            Self::AllowedOrigin(origin) => {
                write!(f, "`--http-allowed-origin {origin}`: not an origin such as `https://app.example.com`")
            }
        }
    }
}

fn reason(fault: DoorTokenFault) -> String {
    match fault {
        DoorTokenFault::Short => format!("a token has {MIN_DOOR_TOKEN_CHARS} characters or more"),
        DoorTokenFault::Long => format!("a token has at most {MAX_DOOR_TOKEN_CHARS} characters"),
        DoorTokenFault::BadCharacter => "a token has visible ASCII characters alone".to_owned(),
        DoorTokenFault::OfTheHub => {
            "it holds a token of the Hub, which clients of this server are not to have; choose another".to_owned()
        }
    }
}

impl HttpConfig {
    /// Reads what was typed, and the token file, which is made if it may be. `None`: not over HTTP.
    pub(super) fn new(args: &HttpArgs, known: &Known) -> Result<Option<Self>, HttpFault> {
        let Some(address) = args.address else { return Ok(None) };
        let is_loopback = address.ip().to_canonical().is_loopback();
        let file = match (&args.token_file, args.no_auth) {
            (_, true) if !is_loopback => return Err(HttpFault::NoAuthBeyondLoopback(address)),
            (_, true) => None,
            (Some(path), false) => Some(door_token::read(path).map_err(HttpFault::Token)?),
            (None, false) if !is_loopback => return Err(HttpFault::NoTokenBeyondLoopback(address)),
            (None, false) => Some(door_token::read_or_make().map_err(HttpFault::Token)?),
        };
        let mut hosts = args
            .allowed_host
            .iter()
            .map(|name| AllowedHost::parse(name).ok_or_else(|| HttpFault::AllowedHost(name.clone())))
            .collect::<Result<Vec<_>, _>>()?;
        // No name can be made to point there by others.
        hosts.extend((!is_any(address.ip())).then(|| AllowedHost::address(address.ip())));
        let origins = args
            .allowed_origin
            .iter()
            .map(|origin| AllowedOrigin::parse(origin).ok_or_else(|| HttpFault::AllowedOrigin(origin.clone())))
            .collect::<Result<Vec<_>, _>>()?;
        let limits = Limits {
            sessions: args.max_sessions,
            streams: args.max_streams,
            calls_per_minute: args.calls_per_minute,
            patience: args.timeout,
        };
        let (access, is_file_open) = match file {
            Some(DoorFile { path, secret, token, open }) => {
                known.remember_credential(&secret);
                (Access::Token { token, file: path.into() }, open)
            }
            None => (Access::Open, false),
        };
        let scrubber = Scrubber::new(known.clone());
        let setup = HttpSetup { access, hosts, origins, limits, stateless: args.stateless, scrubber };
        Ok(Some(Self { address, setup, is_file_open }))
    }

    /// What the operator must know at the start: where it listens, who may come in, and what they may do then.
    pub fn notice(&self, address: SocketAddr, local: bool) -> Vec<String> {
        let mut lines =
            vec![format!("listening on http://{address}/mcp, and on http://{address}/sse for older clients")];
        lines.push(match &self.setup.access {
            Access::Token { file, .. } => format!(
                "clients must send the access token in {}, as `Authorization: Bearer <access token>`",
                file.display()
            ),
            Access::Open => {
                "no token is asked for: every program and every user of this machine may run jobs as you".to_owned()
            }
        });
        if self.is_file_open {
            lines.push("warning: other users can read that file; run `chmod 600` on it".to_owned());
        }
        if !address.ip().to_canonical().is_loopback() {
            lines.push(
                "warning: other machines can reach this address, and what they send is not encrypted: put it behind a proxy that speaks https"
                    .to_owned(),
            );
            lines.push(if local {
                "warning: with `--local`, whoever has the token runs any command on this machine, as you".to_owned()
            } else {
                "warning: whoever has the token runs jobs with your login, which you pay, and reads the output of yours"
                    .to_owned()
            });
        }
        lines
    }
}

fn is_any(address: IpAddr) -> bool {
    address.to_canonical().is_unspecified()
}

//! The command line: what was typed. What it means is `config`'s.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Parser};

use crate::logging::Format;
use crate::transport::http::{CALLS_PER_MINUTE, PATIENCE, SESSIONS, STREAMS};

/// An MCP server through which AI assistants run compute on Hugging Face Jobs.
///
/// Speaks MCP on standard input and output, or over HTTP. The token is the one of `hf auth login`, or `HF_TOKEN`; there is no flag for it,
/// since arguments are public.
#[derive(Debug, Parser)]
#[command(name = "hf-jobs-mcp", version, max_term_width = 100)]
pub struct Cli {
    /// Run against a Hub of its own on this machine: jobs are processes here, images are ignored, nothing is billed
    #[arg(long)]
    pub local: bool,

    /// Let calls name this variable of the server's environment in `secrets` as `$NAME` (repeatable)
    #[arg(long, value_name = "NAME")]
    pub secret_env: Vec<String>,

    /// Read local `*.py` scripts below this directory, instead of below the working directory, or over HTTP none (repeatable)
    #[arg(long, value_name = "DIR")]
    pub script_dir: Vec<PathBuf>,

    /// Neither offer nor carry out what changes anything on the Hub: submitting, cancelling, labelling and so on
    #[arg(long)]
    pub read_only: bool,

    /// Neither offer nor carry out these operations, such as `scheduled delete,expose`
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub exclude_operations: Vec<String>,

    /// What to log on standard error: error, warn, info, debug or trace; wins over `RUST_LOG` [default: info]
    #[arg(long, value_name = "LEVEL", value_parser = ["error", "warn", "info", "debug", "trace"], hide_possible_values = true)]
    pub log_level: Option<String>,

    /// How to log
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    pub log_format: Format,

    /// How to serve over HTTP, if that is asked for.
    #[command(flatten)]
    pub http: HttpArgs,
}

/// What is typed about HTTP.
#[derive(Debug, Args)]
#[command(next_help_heading = "HTTP")]
pub struct HttpArgs {
    /// Serve over HTTP at this address, such as 127.0.0.1:8765 or 8765, instead of standard input and output: MCP at `/mcp`,
    /// and at `/sse` for older clients. Clients must send an access token, which is created on first start; the path of its
    /// file is printed
    #[arg(long = "http", value_name = "IP:PORT", value_parser = address)]
    pub address: Option<SocketAddr>,

    /// Ask for the token in this file instead; needed where other machines can reach the address
    #[arg(long = "http-token-file", value_name = "FILE", requires = "address")]
    pub token_file: Option<PathBuf>,

    /// Ask for no token: every program on this machine may run jobs as you. For addresses that no other machine can reach
    #[arg(long = "http-no-auth", requires = "address", conflicts_with = "token_file")]
    pub no_auth: bool,

    /// Answer also under this name, with or without a port, which clients use in place of localhost (repeatable)
    #[arg(long = "http-allowed-host", value_name = "HOST", requires = "address")]
    pub allowed_host: Vec<String>,

    /// Let web pages of this origin in, such as `https://app.example.com`, beside those of this machine (repeatable)
    #[arg(long = "http-allowed-origin", value_name = "ORIGIN", requires = "address")]
    pub allowed_origin: Vec<String>,

    /// Keep no sessions at `/mcp`, for clients that do not begin a new one after the server was restarted. A call is then
    /// canceled by closing its connection; `notifications/cancelled` has no effect
    #[arg(long = "http-stateless", requires = "address")]
    pub stateless: bool,

    /// How many sessions there may be
    #[arg(long = "http-max-sessions", value_name = "COUNT", default_value_t = SESSIONS, requires = "address")]
    pub max_sessions: NonZeroU32,

    /// How many requests and streams may be open at once
    #[arg(long = "http-max-streams", value_name = "COUNT", default_value_t = STREAMS, requires = "address")]
    pub max_streams: NonZeroU32,

    /// How many calls of tools there may be in a minute, of all clients together
    #[arg(long = "http-calls-per-minute", value_name = "COUNT", default_value_t = CALLS_PER_MINUTE, requires = "address")]
    pub calls_per_minute: NonZeroU32,

    /// How many seconds a client may leave a request unfinished, a connection unused or an answer unread
    #[arg(long = "http-timeout", value_name = "SECONDS", default_value_t = PATIENCE, requires = "address")]
    pub timeout: NonZeroU32,
}

/// An address to listen on. A port alone, and `localhost`, are the loopback address.
fn address(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix("localhost:").unwrap_or(text);
    let loopback = || Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().ok()?)));
    let expected = "give an IP address and a port, such as `127.0.0.1:8765`, or a port";
    text.parse().ok().or_else(loopback).ok_or_else(|| expected.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (text, expected) in [
            ("127.0.0.1:8765", Some("127.0.0.1:8765")),
            ("0.0.0.0:1", Some("0.0.0.0:1")),
            ("[::1]:8765", Some("[::1]:8765")),
            ("localhost:8765", Some("127.0.0.1:8765")),
            ("8765", Some("127.0.0.1:8765")),
            ("0", Some("127.0.0.1:0")),
            ("65536", None),
            ("localhost", None),
            ("127.0.0.1", None),
            ("example.com:8765", None),
            ("", None),
        ] {
            assert_eq!(address(text).ok(), expected.map(|address| address.parse().unwrap()), "{text}");
        }
    }
}

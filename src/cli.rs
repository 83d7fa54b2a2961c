//! The command line: what was typed. What it means is `config`'s.

use std::path::PathBuf;

use clap::Parser;

use crate::logging::Format;

/// An MCP server through which AI assistants run compute on Hugging Face Jobs.
///
/// Speaks MCP on standard input and output. The token is the one of `hf auth login`, or `HF_TOKEN`; there is no flag for it,
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

    /// Read local `*.py` scripts below this directory, instead of below the working directory (repeatable)
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
}

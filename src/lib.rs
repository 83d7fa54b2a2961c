//! An MCP server through which AI assistants run compute on Hugging Face Jobs.
//!
//! # Layout
//!
//! A call travels from left to right, and a room imports only from rooms to its right:
//!
//! ```text
//! transport → server → tools → operations → hub → policy → secrets → types        error: a leaf that all may name
//! ```
//!
//! - [`transport`]: how bytes arrive and leave
//! - [`server`]: the Model Context Protocol, on rmcp
//! - [`tools`]: what assistants see: names, schemas, the reading of calls, the wording of answers
//! - [`operations`]: what each verb does
//! - [`scripts`]: the one door to local script files
//! - [`hub`]: the Hub's Jobs API
//! - [`policy`]: whether it may be done, and what it costs
//! - [`secrets`]: the vault: tokens, the scan for them, the scrubber
//! - [`types`]: the words of the domain
//! - [`config`] and [`logging`] are built by `main` and handed down; [`config`] alone reads the environment
//! - [`local_hub`]: a Hub of its own on this machine, which nothing but `main` and the tests may name

pub mod cli;
pub mod config;
pub mod error;
pub mod hub;
#[cfg(unix)]
pub mod local_hub;
pub mod logging;
pub mod operations;
pub mod policy;
pub mod scripts;
pub mod secrets;
pub mod server;
pub mod tools;
pub mod transport;
pub mod types;

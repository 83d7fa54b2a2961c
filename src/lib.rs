//! An MCP server through which AI assistants run compute on Hugging Face Jobs.

pub mod error;
#[cfg(unix)]
pub mod local_hub;
pub mod types;

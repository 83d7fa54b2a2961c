//! An MCP server through which AI assistants run compute on Hugging Face Jobs.

pub mod error;
pub mod types;

//! What the tests share: the local Hub in this process, the built server in another, a client of it, canary tokens.

mod canary;
mod hub;
mod server;

pub use canary::{canary, canary_in};
pub use hub::{hub, hub_of, jobs_posted};
pub use server::{Answer, Server, ServerBuilder, write_token};

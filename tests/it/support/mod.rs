//! What the tests share: the local Hub in this process, the built server in another, a client of it, canary tokens.

mod canary;
pub mod http;
mod hub;
mod proxy;
mod schema;
pub mod scripted;
mod server;
mod uv;

pub use canary::{canary, canary_in};
pub use hub::{hub, hub_of, jobs_posted};
pub use proxy::{Fault, Proxy, told};
pub use server::{Answer, Server, ServerBuilder, write_token};
pub use uv::{hub_with_uv, script_in};

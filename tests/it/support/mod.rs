//! What the tests share: the local Hub in this process, the built server in another, a client of it, canary tokens.

mod canary;
pub mod hostile;
pub mod http;
mod hub;
pub mod mirror;
mod proxy;
mod schema;
pub mod scripted;
mod server;
mod uv;

use hf_jobs_mcp::local_hub::LocalHub;

pub use canary::{canary, canary_in};
pub use hub::{hub, hub_of, jobs_posted};
pub use proxy::{Fault, Proxy, told};
pub use server::{Answer, Server, ServerBuilder, write_token};
pub use uv::{hub_with_uv, script_in};

/// The local Hub, a proxy before it, and a server that knows the proxy alone.
pub async fn behind_proxy() -> (LocalHub, Proxy, Server) {
    let hub = hub().await;
    let proxy = Proxy::before(&hub).await;
    let server = ServerBuilder::at(&hub).env("HF_ENDPOINT", proxy.endpoint()).start().await;
    (hub, proxy, server)
}

//! How bytes arrive and leave. Knows the protocol's framing, and nothing of jobs.

pub mod http;
mod line;
mod stdio;
mod unreadable;

pub use http::serve_http;
pub use stdio::serve_stdio;

use rmcp::model::{ClientJsonRpcMessage, ClientRequest, GetMeta, ProtocolVersion};

/// Whether rmcp begins a session with this message. Until then it answers requests, and would end the session at anything
/// else, which must not reach it.
fn begins_session(message: &ClientJsonRpcMessage) -> bool {
    let ClientJsonRpcMessage::Request(request) = message else { return false };
    match &request.request {
        ClientRequest::InitializeRequest(_) => true,
        ClientRequest::PingRequest(_) | ClientRequest::DiscoverRequest(_) => false,
        request => {
            let meta = request.get_meta();
            meta.missing_required_keys(&ProtocolVersion::V_2026_07_28).is_empty()
                && meta.protocol_version().is_some_and(|version| ProtocolVersion::KNOWN_VERSIONS.contains(&version))
        }
    }
}

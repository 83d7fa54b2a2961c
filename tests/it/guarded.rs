//! One bad call does not end the server: a handler that panics is answered, and the next call works.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hf_jobs_mcp::hub::{Hub, HubSetup};
use hf_jobs_mcp::operations::{Operations, OperationsSetup};
use hf_jobs_mcp::policy::Policy;
use hf_jobs_mcp::scripts::Scripts;
use hf_jobs_mcp::secrets::{HfToken, Known, Login, LoginFault, Scrubber, Session, TokenSource, Variable};
use hf_jobs_mcp::server::Server;
use hf_jobs_mcp::tools::Tools;
use hf_jobs_mcp::types::Endpoint;
use rmcp::model::CallToolRequestParams;
use rmcp::service::ServiceExt;

use crate::support::hub;

/// A session that has a defect, once.
struct Defective {
    token: HfToken,
    failed: AtomicBool,
}

impl Session for Defective {
    fn login(&self) -> Result<Login, LoginFault> {
        assert!(self.failed.swap(true, Ordering::SeqCst), "a defect with {} in its words", "a value");
        Ok(Login { token: self.token.clone(), source: TokenSource::Variable("HF_TOKEN"), warnings: Vec::new() })
    }

    fn variable(&self, _name: &str) -> Variable {
        Variable::NotAllowed
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_handler_is_answered_as_internal() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let hub = hub().await;
    let scrubber = Scrubber::new(Known::new());
    let session = Defective { token: HfToken::parse(hub.token()).unwrap().unwrap(), failed: AtomicBool::new(false) };
    let operations = Operations::new(OperationsSetup {
        hub: Hub::new(HubSetup {
            endpoint: Endpoint::parse(hub.endpoint()).unwrap(),
            scrubber: scrubber.clone(),
            origin: None,
            oauth_client_id: String::new(),
            local: false,
        }),
        session: Box::new(session),
        scrubber,
        policy: Policy::default(),
        scripts: Scripts::default(),
    });
    let (client, server) = tokio::io::duplex(64 * 1024);
    let serving = tokio::spawn(async move {
        Server::new(Tools::new(Arc::new(operations), &[])).serve(server).await.unwrap().waiting().await
    });
    let client = ().serve(client).await.unwrap();
    let call = || client.call_tool(CallToolRequestParams::new("hf_whoami"));
    let answer = call().await.unwrap();
    assert_eq!(answer.is_error, Some(true));
    let structured = answer.structured_content.unwrap();
    assert_eq!(structured["error"]["code"], "internal");
    assert!(!structured.to_string().contains("a value"));
    let answer = call().await.unwrap();
    assert_eq!(answer.structured_content.unwrap()["name"], "alice");
    client.cancel().await.unwrap();
    serving.await.unwrap().unwrap();
}

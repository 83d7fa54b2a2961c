//! The manifest of the desktop bundle says what the server is.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Server, hub};

#[tokio::test(flavor = "multi_thread")]
async fn the_manifest_names_this_version_and_these_tools() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("mcp-manifest.json");
    let manifest: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let listed = server.request("tools/list", json!({})).await;
    let names = |tools: &Value| {
        let mut names: Vec<String> =
            tools.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&manifest["tools"]), names(&listed["result"]["tools"]));
}

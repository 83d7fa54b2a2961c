//! A stand-in for uv on the path of the Hub's jobs: it shows the script that it was given, and what it was called with.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hf_jobs_mcp::local_hub::{Account, LocalHub, LocalHubConfig};

/// Prints its arguments, the script as base64 in lines that no answer cuts, and whether there is a token.
const UV: &str = r#"#!/bin/sh
for argument; do
  case $argument in
    */script.py) { base64 < "$argument" | tr -d '\n' | fold -w 1500; echo; } | sed 's/^/script: /' ;;
    *) echo "argument: $argument" ;;
  esac
done
echo "token: ${HF_TOKEN:+there}"
"#;

/// A Hub whose jobs find that uv, and the folder that it lives in.
pub async fn hub_with_uv() -> (LocalHub, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let uv = folder.path().join("uv");
    std::fs::write(&uv, UV).unwrap();
    std::fs::set_permissions(&uv, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut path = OsString::from(folder.path());
    path.push(":/usr/bin:/bin");
    let account = Account { name: "alice".to_owned(), ..Account::default() };
    let config = LocalHubConfig { account, record: true, path, ..LocalHubConfig::default() };
    (LocalHub::start(config).await.unwrap(), folder)
}

/// The script that uv was given, as its output shows it.
pub fn script_in(lines: &serde_json::Value) -> String {
    let part = |line: &serde_json::Value| line.as_str()?.strip_prefix("script:").map(|part| part.trim().to_owned());
    let parts: Vec<String> = lines.as_array().unwrap().iter().filter_map(part).collect();
    assert!(!parts.is_empty(), "no script in {lines}");
    String::from_utf8(STANDARD.decode(parts.concat()).unwrap()).unwrap()
}

//! A stand-in for uv on the path of the Hub's jobs: it shows the script that it was given, and what it was called with.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hf_jobs_mcp::local_hub::{Account, LocalHub, LocalHubConfig};

/// Prints its arguments, the file that ends in `.py` as base64, and whether there is a token.
const UV: &str = r#"#!/bin/sh
for argument; do
  case $argument in
    */script.py) echo "script: $(base64 < "$argument" | tr -d '\n')" ;;
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
    let line = |line: &serde_json::Value| line.as_str()?.strip_prefix("script: ").map(str::to_owned);
    let encoded = lines.as_array().unwrap().iter().find_map(line).unwrap_or_else(|| panic!("no script in {lines}"));
    String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap()
}

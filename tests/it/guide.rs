//! Every call that the token usage guide shows does what the guide says of it. Each test is named after the guide's section.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Answer, Server, ServerBuilder, canary, canary_in, hub, hub_with_uv, jobs_posted, script_in};

/// `your_script.py`, as the guide's short examples name it.
const YOUR_SCRIPT: &str = "import os\nassert \"HF_TOKEN\" in os.environ\n";

/// Calls `uv` on a server that has `your_script.py` in its working directory, and waits for the job's end.
async fn uv(args: Value) -> (Answer, Vec<Value>, String) {
    let (hub, _uv) = hub_with_uv().await;
    let scripts = tempfile::tempdir().unwrap();
    std::fs::write(scripts.path().join("your_script.py"), YOUR_SCRIPT).unwrap();
    let mut server = ServerBuilder::at(&hub).arg("--script-dir").arg(scripts.path()).start().await;
    let answer = server.jobs("uv", args).await;
    let posted = jobs_posted(&hub).into_iter().map(|request| request.body).collect();
    let shown = format!("{}{}{}", answer.text, answer.structured, server.stderr());
    assert!(canary_in(&shown, hub.token()).is_empty(), "{shown}");
    (answer, posted, hub.token().to_owned())
}

/// The call was refused with that code, nothing was sent, and the mended call of the hint does what was meant.
async fn refused_and_mended(args: Value, code: &str) {
    let (answer, posted, _) = uv(args).await;
    assert!(answer.is_error);
    assert_eq!(answer.code(), code);
    assert!(posted.is_empty());
    let (answer, posted, token) = uv(answer.mended()["args"].clone()).await;
    assert!(!answer.is_error, "{answer:?}");
    assert_eq!(posted[0]["secrets"], json!({"HF_TOKEN": token}));
    assert_eq!(posted[0]["environment"], json!({}));
    assert!(answer.text.contains("token: there"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn method_1_the_placeholder_becomes_the_token_of_the_login() {
    let (answer, posted, token) = uv(json!({"script": "your_script.py", "secrets": {"HF_TOKEN": "$HF_TOKEN"}})).await;
    assert!(!answer.is_error, "{answer:?}");
    assert_eq!(posted[0]["secrets"], json!({"HF_TOKEN": token}));
    assert_eq!(answer.structured["job"]["stage"], "COMPLETED");
    assert_eq!(script_in(&answer.structured["logs"]["lines"]), YOUR_SCRIPT);
    assert!(answer.text.contains("token: there"));
    assert!(answer.text.contains("`your_script.py`"));
    assert!(answer.warnings().is_empty(), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn method_1_where_the_file_is_not_there() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let answer = server.jobs("uv", json!({"script": "your_script.py", "secrets": {"HF_TOKEN": "$HF_TOKEN"}})).await;
    assert_eq!(answer.code(), "local_file_refused");
    assert!(answer.text.contains("`your_script.py`") && answer.text.contains("pass the code itself"), "{answer:?}");
    assert!(hub.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn method_2_an_explicit_token_is_forwarded_with_a_warning() {
    let literal = canary();
    let (answer, posted, _) = uv(json!({"script": "your_script.py", "secrets": {"HF_TOKEN": literal}})).await;
    assert!(!answer.is_error, "{answer:?}");
    assert_eq!(posted[0]["secrets"], json!({"HF_TOKEN": literal}));
    assert_eq!(answer.warnings(), ["literal_token"]);
    assert!(answer.text.contains("$HF_TOKEN"));
    assert!(canary_in(&format!("{answer:?}"), &literal).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn method_2_as_it_is_printed_holds_no_token() {
    let args = json!({"script": "your_script.py", "secrets": {"HF_TOKEN": "hf_abc123..."}});
    refused_and_mended(args, "secret_unavailable").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn method_3_a_token_in_env_is_refused() {
    refused_and_mended(
        json!({"script": "your_script.py", "env": {"HF_TOKEN": "hf_abc123..."}}),
        "token_in_readable_field",
    )
    .await;
    refused_and_mended(json!({"script": "your_script.py", "env": {"HF_TOKEN": canary()}}), "token_in_readable_field")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn error_token_not_found_correct_configuration() {
    let (answer, posted, token) =
        uv(json!({"script": "print(1)\nprint(2)", "secrets": {"HF_TOKEN": "$HF_TOKEN"}})).await;
    assert!(!answer.is_error, "{answer:?}");
    assert_eq!(posted[0]["secrets"], json!({"HF_TOKEN": token}));
}

#[tokio::test(flavor = "multi_thread")]
async fn error_token_not_found_wrong_using_env() {
    refused_and_mended(
        json!({"script": "print(1)\nprint(2)", "env": {"HF_TOKEN": "$HF_TOKEN"}}),
        "token_in_readable_field",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn error_token_not_found_wrong_key_name() {
    let (answer, posted, token) = uv(json!({"script": "print(1)\nprint(2)", "secrets": {"TOKEN": "$HF_TOKEN"}})).await;
    assert!(!answer.is_error, "{answer:?}");
    assert_eq!(posted[0]["secrets"], json!({"TOKEN": token}));
    assert_eq!(answer.warnings(), ["unread_secret_name"]);
    assert!(answer.text.contains("\"HF_TOKEN\": \"$HF_TOKEN\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guides_three_dots_as_a_script_are_refused_and_say_what_to_pass() {
    for (args, also) in [
        (json!({"script": "...", "secrets": {"HF_TOKEN": "$HF_TOKEN"}}), None),
        (json!({"script": "...", "secrets": {"TOKEN": "$HF_TOKEN"}}), None),
        (json!({"script": "...", "secrets": {"HF_TOKEN": "hf_abc123..."}}), Some("secrets.HF_TOKEN")),
        (json!({"script": "...", "env": {"HF_TOKEN": "$HF_TOKEN"}}), Some("env.HF_TOKEN")),
    ] {
        let (answer, posted, _) = uv(args).await;
        assert!(answer.is_error);
        assert!(posted.is_empty());
        let faults = answer.structured["error"]["faults"].as_array().unwrap();
        let arguments: BTreeSet<&str> = faults.iter().map(|fault| fault["argument"].as_str().unwrap()).collect();
        assert_eq!(arguments, also.into_iter().chain(["script"]).collect());
        assert!(answer.text.contains("the script's code itself"), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn best_practice_2_use_secrets_not_environment_variables() {
    refused_and_mended(
        json!({"script": "import os\nos.environ", "env": {"HF_TOKEN": "$HF_TOKEN"}}),
        "token_in_readable_field",
    )
    .await;
    let (answer, ..) = uv(json!({"script": "import os\nos.environ", "secrets": {"HF_TOKEN": "$HF_TOKEN"}})).await;
    assert!(!answer.is_error && answer.text.contains("token: there"));
}

#[tokio::test(flavor = "multi_thread")]
async fn best_practice_3_use_automatic_token_replacement() {
    let (hardcoded, ..) = uv(json!({"script": "print(1)\n", "secrets": {"HF_TOKEN": canary()}})).await;
    assert_eq!(hardcoded.warnings(), ["literal_token"]);
    let (automatic, ..) = uv(json!({"script": "print(1)\n", "secrets": {"HF_TOKEN": "$HF_TOKEN"}})).await;
    assert!(automatic.warnings().is_empty());
}

/// A workflow example: the script arrives byte for byte, on the machine and with the time-out that the example names.
async fn workflow(script: &str, flavor: &str, timeout: &str, seconds: u64) {
    let args = json!({"script": script, "flavor": flavor, "timeout": timeout, "secrets": {"HF_TOKEN": "$HF_TOKEN"}});
    let (answer, posted, token) = uv(args).await;
    assert!(!answer.is_error, "{answer:?}");
    assert_eq!(script_in(&answer.structured["logs"]["lines"]), script);
    assert_eq!(posted[0]["flavor"], flavor);
    assert_eq!(posted[0]["timeoutSeconds"], seconds);
    assert_eq!(posted[0]["secrets"], json!({"HF_TOKEN": token}));
    assert!(answer.text.contains("token: there"));
    assert!(answer.warnings().is_empty(), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn example_1_push_model_to_hub() {
    let script = r#"
# /// script
# dependencies = ["transformers"]
# ///
import os
from transformers import AutoModel, AutoTokenizer
# Verify token
assert "HF_TOKEN" in os.environ, "HF_TOKEN required!"
# Load and process model
model = AutoModel.from_pretrained("base-model")
# ... process model ...
# Push to Hub (token auto-detected)
model.push_to_hub("username/my-model")
print("✅ Model pushed!")
"#;
    workflow(script, "a10g-large", "2h", 7200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn example_2_access_private_dataset() {
    let script = r#"
# /// script
# dependencies = ["datasets"]
# ///
import os
from datasets import load_dataset
# Verify token
assert "HF_TOKEN" in os.environ, "HF_TOKEN required!"
# Load private dataset (token auto-detected)
dataset = load_dataset("private-org/private-dataset")
print(f"✅ Loaded {len(dataset)} examples")
"#;
    workflow(script, "cpu-basic", "30m", 1800).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn example_3_create_and_push_dataset() {
    let script = r#"
# /// script
# dependencies = ["datasets", "huggingface-hub"]
# ///
import os
from datasets import Dataset
from huggingface_hub import HfApi
# Verify token
assert "HF_TOKEN" in os.environ, "HF_TOKEN required!"
# Create dataset
data = {"text": ["Sample 1", "Sample 2"]}
dataset = Dataset.from_dict(data)
# Push to Hub
api = HfApi() # Auto-detects HF_TOKEN
dataset.push_to_hub("username/my-dataset")
print("✅ Dataset pushed!")
"#;
    workflow(script, "cpu-basic", "30m", 1800).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn token_types_and_verification_hf_whoami_works_without_arguments() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let answer = server.call("hf_whoami", json!({})).await;
    assert!(!answer.is_error);
    assert_eq!(answer.structured["name"], "alice");
    assert_eq!(answer.structured["token"]["role"], "write");
    assert_eq!(answer.structured["namespaces"], json!([{"name": "alice", "may_run_jobs": "yes"}]));
    assert!(canary_in(&format!("{answer:?}"), hub.token()).is_empty());
}

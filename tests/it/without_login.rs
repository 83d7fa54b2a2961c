//! What works without a login: the list of machines, and a dry run.

use serde_json::json;

use crate::support::{Server, ServerBuilder, hub, jobs_posted};

#[tokio::test(flavor = "multi_thread")]
async fn hardware_needs_no_login_and_sends_none() {
    let hub = hub().await;
    let mut out = ServerBuilder::at(&hub).without("HF_TOKEN").start().await;
    let mut logged_in = Server::at(&hub).await;
    for server in [&mut out, &mut logged_in] {
        let answer = server.jobs("hardware", json!({})).await;
        assert!(!answer.is_error && answer.text.contains("t4-small $0.40"), "{answer:?}");
    }
    logged_in.jobs("run", json!({"command": ["true"], "detach": true})).await;
    let requests = hub.requests();
    let (public, others): (Vec<_>, Vec<_>) = requests.iter().partition(|request| request.path == "/api/jobs/hardware");
    assert_eq!(public.len(), 2);
    assert!(public.iter().all(|request| !request.headers.contains_key("authorization")), "{public:?}");
    assert!(!others.is_empty() && others.iter().all(|request| request.headers.contains_key("authorization")));
    let refused = out.jobs("ps", json!({})).await;
    assert_eq!(refused.code(), "not_logged_in");
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_run_needs_no_login() {
    let hub = hub().await;
    let mut server = ServerBuilder::at(&hub).without("HF_TOKEN").start().await;
    let secrets = json!({"HF_TOKEN": "$HF_TOKEN", "KEY": "a-value-of-mine"});
    let args = json!({"command": ["true"], "flavor": "t4-small", "timeout": "1h", "secrets": secrets, "dry_run": true});
    let answer = server.jobs("run", args.clone()).await;
    assert!(!answer.is_error, "{answer:?}");
    assert_eq!(answer.structured["request"]["secrets"], json!(["HF_TOKEN (after login)", "KEY"]));
    assert!(
        answer.text.contains("namespace `after login`") && answer.text.contains("$0.40 an hour"),
        "{}",
        answer.text
    );
    assert_eq!(answer.warnings(), ["not_logged_in"]);
    assert!(answer.text.contains("hf auth login"), "{}", answer.text);

    let mut named = args.clone();
    named["namespace"] = json!("acme");
    named["schedule"] = json!("@daily");
    let answer = server.jobs("scheduled run", named).await;
    assert!(!answer.is_error && answer.text.contains("namespace `acme`"), "{answer:?}");
    assert_eq!(answer.structured["request"]["jobSpec"]["secrets"], json!(["HF_TOKEN (after login)", "KEY"]));

    // What is wrong with the call is still said, and nothing is submitted.
    let mut wrong = args.clone();
    wrong["flavor"] = json!("t4-smal");
    assert_eq!(server.jobs("run", wrong).await.mended()["args"]["flavor"], "t4-small");
    let mut real = args;
    real["dry_run"] = json!(false);
    assert_eq!(server.jobs("run", real).await.code(), "not_logged_in");
    assert!(jobs_posted(&hub).is_empty());
    assert!(hub.requests().iter().all(|request| request.path == "/api/jobs/hardware"), "nothing else is asked for");
}

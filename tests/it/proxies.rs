//! Which way requests go: a proxy of the environment sees no token, and none at all of what stays on this machine.

use serde_json::json;

use crate::support::mirror::Mirror;
use crate::support::{ServerBuilder, canary, canary_in};

const VARIABLES: [&str; 6] = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_on_this_machine_is_asked_past_every_proxy() {
    let (hub, proxy) = (Mirror::new().await, Mirror::new().await);
    let builder = ServerBuilder::new().env("HF_ENDPOINT", &hub.endpoint).env("HF_TOKEN", canary());
    let builder = VARIABLES.iter().fold(builder, |builder, name| builder.env(name, &proxy.endpoint));
    let mut server = builder.start().await;
    assert_eq!(server.call("hf_whoami", json!({})).await.structured["name"], "alice");
    let answer = server.jobs("run", json!({"command": ["true"], "secrets": {"HF_TOKEN": "$HF_TOKEN"}})).await;
    assert!(!answer.is_error, "{answer:?}");
    assert!(hub.asked().len() >= 2 && proxy.asked().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_hub_is_reached_through_a_tunnel_of_which_the_proxy_sees_the_name_alone() {
    for (variable, through) in [("HTTPS_PROXY", true), ("HTTP_PROXY", false)] {
        let (proxy, token) = (Mirror::new().await, canary());
        let builder = ServerBuilder::new().env("HF_ENDPOINT", "https://hub.invalid").env("HF_TOKEN", &token);
        let mut server = builder.env(variable, &proxy.endpoint).start().await;
        let answer = server.call("hf_whoami", json!({})).await;
        assert!(answer.is_error, "{answer:?}");
        let asked = proxy.asked();
        assert_eq!(!asked.is_empty(), through, "{variable}: {asked:?}");
        for asked in asked {
            assert!(asked.head.starts_with("CONNECT hub.invalid:443 "), "{asked:?}");
            assert!(canary_in(&format!("{}{}", asked.head, asked.body), &token).is_empty());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_of_the_environment_adds_nothing_to_a_request_but_itself() {
    for (origin, told) in [
        ("notebook/1.0", true),
        (&"x".repeat(100), true),
        (&"x".repeat(101), false),
        ("two words", false),
        ("a; b", false),
        ("a\r\nx-evil: 1", false),
        ("größe", false),
        // A login in the wrong place.
        (&canary(), false),
    ] {
        let hub = Mirror::new().await;
        let builder = ServerBuilder::new().env("HF_ENDPOINT", &hub.endpoint).env("HF_TOKEN", canary());
        let mut server = builder.env("HF_HUB_USER_AGENT_ORIGIN", origin).start().await;
        server.call("hf_whoami", json!({})).await;
        let asked = hub.asked();
        let agent = asked[0].head.lines().find(|line| line.to_lowercase().starts_with("user-agent: ")).unwrap();
        assert_eq!(agent.contains(&format!("origin/{origin}")), told, "{agent}");
        assert!(!asked[0].head.contains("x-evil") && agent.contains("hf-jobs-mcp"), "{agent}");
    }
}

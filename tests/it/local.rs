//! `--local`: nothing is billed and nothing says so, jobs reach the network as the server does, and get no login of the user's.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use serde_json::{Value, json};

use crate::support::{Answer, Server, ServerBuilder, canary, canary_in};

fn local() -> ServerBuilder {
    ServerBuilder::new().arg("--local")
}

/// What a shell command prints as a job.
async fn printed(server: &mut Server, script: &str, more: Value) -> Answer {
    let mut args = json!({"command": ["/bin/sh", "-c", script], "wait": "30s"});
    args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = server.jobs("run", args).await;
    assert!(!answer.is_error && answer.text.contains("COMPLETED"), "{answer:?}");
    answer
}

fn lines(answer: &Answer) -> Vec<&str> {
    answer.structured["logs"]["lines"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_names_a_cost_or_a_page() {
    let mut server = local().start().await;
    let command = json!(["/bin/sh", "-c", "echo done"]);
    let job = server.jobs("run", json!({"command": command, "timeout": "1h", "wait": "30s"})).await;
    let id = job.job_id();
    let mut answers = vec![job];
    for (operation, args) in [
        ("run", json!({"command": command, "dry_run": true})),
        ("run", json!({"command": command, "flavor": "a100-large", "expose": [8000], "attempts": 2, "detach": true})),
        ("uv", json!({"script": "print(1)", "dry_run": true})),
        ("ps", json!({"all": true})),
        ("inspect", json!({"job_id": id})),
        ("logs", json!({"job_id": id})),
        ("wait", json!({"job_id": id})),
        ("rerun", json!({"job_id": id})),
        ("cancel", json!({"job_id": id})),
        ("hardware", json!({})),
        ("scheduled run", json!({"command": command, "schedule": "@yearly"})),
        ("scheduled run", json!({"command": command, "schedule": "@yearly", "dry_run": true})),
        ("scheduled ps", json!({})),
    ] {
        let answer = server.jobs(operation, args).await;
        assert!(!answer.is_error, "{operation}: {answer:?}");
        answers.push(answer);
    }
    answers.push(server.call("hf_whoami", json!({})).await);
    for answer in &answers {
        let shown = format!("{}{}", answer.text, answer.structured).replace("nothing is billed", "").to_lowercase();
        for word in ["pay", "cost", "price", "usd", "bill", "free", "plan", "$0", "$1", "$2", "http://", "url\":"] {
            // The ports of a job are on this machine.
            assert!(
                !shown.replace("http://127.0.0.1:8000", "").replace("\"expose_urls\":", "").contains(word),
                "{word}: {answer:?}"
            );
        }
    }
    assert!(answers.last().unwrap().text.contains("nothing is billed"), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_instructions_name_no_cost() {
    for (builder, costs) in [(local(), false), (ServerBuilder::new(), true)] {
        let mut server = builder.start().await;
        let client = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
        let answer = server.request("initialize", client).await;
        let text = answer["result"]["instructions"].as_str().unwrap_or_else(|| panic!("{answer}"));
        assert_eq!((text.contains("cost money"), text.contains("nothing is billed")), (costs, !costs), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_get_the_servers_proxies_certificates_and_indexes() {
    let passed = [
        ("SSL_CERT_FILE", "/etc/company.pem"),
        ("SSL_CERT_DIR", "/etc/certs"),
        ("REQUESTS_CA_BUNDLE", "/etc/company.pem"),
        ("PIP_CERT", "/etc/company.pem"),
        ("UV_NATIVE_TLS", "1"),
        ("UV_SYSTEM_CERTS", "1"),
        ("HTTP_PROXY", "http://proxy.example:3128"),
        ("https_proxy", "http://proxy.example:3128"),
        ("ALL_PROXY", "socks5://proxy.example:1080"),
        ("NO_PROXY", "localhost,127.0.0.1"),
        ("PIP_INDEX_URL", "https://index.example/simple"),
        ("PIP_EXTRA_INDEX_URL", "https://index.example/more"),
        ("UV_INDEX_URL", "https://index.example/simple"),
        ("UV_DEFAULT_INDEX", "https://index.example/simple"),
        ("UV_INDEX", "corp=https://index.example/simple"),
        ("UV_EXTRA_INDEX_URL", "https://index.example/more"),
    ];
    let kept = [
        "HF_TOKEN",
        "HUGGING_FACE_HUB_TOKEN",
        "UV_INDEX_CORP_PASSWORD",
        "UV_INDEX_CORP_USERNAME",
        "NETRC",
        "AWS_SECRET_ACCESS_KEY",
    ];
    let token = canary();
    let builder = passed.iter().fold(local(), |builder, (name, value)| builder.env(name, value));
    let builder = kept.iter().fold(builder, |builder, name| builder.env(name, &token));
    let mut server = builder.start().await;
    let answer = printed(&mut server, "env", json!({})).await;
    let shown = lines(&answer);
    for (name, value) in passed {
        assert!(shown.contains(&format!("{name}={value}").as_str()), "{name}: {shown:?}");
    }
    for name in kept {
        assert!(!shown.iter().any(|line| line.starts_with(&format!("{name}="))), "{name}: {shown:?}");
    }
    assert!(canary_in(&format!("{answer:?}"), &token).is_empty());
    let (_, stderr) = server.finish().await;
    assert!(stderr.contains("variables: SSL_CERT_FILE, SSL_CERT_DIR, ") && stderr.contains("https_proxy"), "{stderr}");
    assert!(!stderr.contains("proxy.example"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_job_sets_itself_counts_in_either_case() {
    let builder = local().env("HTTPS_PROXY", "http://server:1").env("https_proxy", "http://server:2");
    let mut server = builder.env("PIP_INDEX_URL", "https://server/simple").start().await;
    let env = json!({"env": {"HTTPS_PROXY": "http://job:3", "PIP_INDEX_URL": "https://job/simple"}});
    let answer = printed(&mut server, "echo $HTTPS_PROXY $https_proxy $PIP_INDEX_URL", env).await;
    assert_eq!(lines(&answer), ["http://job:3 https://job/simple"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_in_those_urls_show_nowhere() {
    let (user, password) = ("proxy-user-name", "s3cr3t%40pass/word".replace('/', "%2F"));
    let plain = "s3cr3t@pass/word";
    let builder = local()
        .env("HTTPS_PROXY", format!("http://{user}:{password}@proxy.example:3128"))
        .env("HTTP_PROXY", format!("{user}:other-long-pass@proxy.example:3128"))
        .env("UV_INDEX", "one=https://index-user:index-pass-1@h/simple two=https://index-token-2@h/simple");
    let mut server = builder.start().await;
    let script = "env; echo ${HTTPS_PROXY#*://} | cut -d@ -f1; echo ${HTTPS_PROXY#*://} | cut -d@ -f1 | sed 's/%40/@/; s/%2F/\\//' \
                  | tee plain; base64 < plain; cut -d: -f2 < plain; echo ${HTTP_PROXY%@*}; echo $UV_INDEX | tr -d ':/@' ";
    let answer = printed(&mut server, script, json!({})).await;
    let (_, stderr) = server.finish().await;
    let shown = format!("{answer:?}{stderr}");
    for secret in [user, &password, plain, "s3cr3t", "other-long-pass", "index-user", "index-pass-1", "index-token-2"] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    assert!(shown.contains("proxy.example:3128") && shown.contains("[redacted]"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_with_the_users_token_is_not_passed_on() {
    let token = canary();
    let mut server = local().env("PIP_INDEX_URL", format!("https://user:{token}@huggingface.co/simple")).start().await;
    let answer = printed(&mut server, "env", json!({})).await;
    assert!(!answer.text.contains("PIP_INDEX_URL"), "{answer:?}");
    let (_, stderr) = server.finish().await;
    assert!(stderr.contains("`PIP_INDEX_URL` holds a token of the Hub"), "{stderr}");
    assert!(canary_in(&format!("{answer:?}{stderr}"), &token).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn python_is_found_where_only_python3_is_installed() {
    let programs = tempfile::tempdir().unwrap();
    let script = programs.path().join("python3");
    std::fs::write(&script, "#!/bin/sh\necho \"python3 with $# arguments: $*\"\n").unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let args = json!({"command": ["python", "-c", "print(1)  # two"], "wait": "30s"});
    let mut server = local().env("PATH", programs.path()).start().await;
    let answer = server.jobs("run", args.clone()).await;
    assert_eq!(lines(&answer), ["python3 with 2 arguments: -c print(1)  # two"], "{answer:?}");

    symlink("/bin/echo", programs.path().join("python")).unwrap();
    let mut server = local().env("PATH", programs.path()).start().await;
    assert_eq!(lines(&server.jobs("run", args).await), ["-c print(1)  # two"]);
}

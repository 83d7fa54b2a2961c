use super::*;

fn minimal() -> Value {
    json!({"command": ["echo", "hi"], "arguments": [], "environment": {}, "flavor": "cpu-basic", "dockerImage": "ubuntu"})
}

fn with(field: &str, value: Value) -> Value {
    let mut body = minimal();
    body[field] = value;
    body
}

fn fault(body: &Value) -> String {
    JobSpec::read(body).value.err().unwrap_or_default()
}

#[test]
fn the_python_clients_smallest_body_is_a_job() {
    let reading = JobSpec::read(&minimal());
    let spec = reading.value.ok().unwrap();
    assert_eq!((spec.timeout.as_secs(), spec.attempts, spec.flavor.name), (1800, 1, "cpu-basic"));
    assert!(reading.dropped.is_empty());
}

#[test]
fn what_the_schema_allows_passes() {
    for (field, value) in [
        ("environment", json!({"AB": "", "a_1": "x"})),
        ("secrets", json!({"A": "x"})),
        ("timeoutSeconds", json!(null)),
        ("timeoutSeconds", json!(9_007_199_254_740_991_u64)),
        ("attempts", json!(3)),
        ("labels", json!({"a.b-c_d": ""})),
        ("arch", json!("arm64")),
        ("expose", json!({"ports": [8000, 9000], "portsPublic": [9000]})),
        ("ssh", json!({"enabled": true})),
        ("network", json!({"group": "train-1", "aliases": ["master"]})),
        ("resourceGroupId", json!("66f0a1b2c3d4e5f601234567")),
    ] {
        assert_eq!(fault(&with(field, value.clone())), "", "{field}: {value}");
    }
}

#[test]
fn what_the_schema_forbids_is_told_with_its_path() {
    for (field, value, path) in [
        ("spaceId", json!("a/b"), "dockerImage"),
        ("dockerImage", json!(null), "dockerImage"),
        ("command", json!([]), "command"),
        ("command", json!(["echo", ""]), "command[1]"),
        ("command", json!("echo"), "command"),
        ("arguments", json!([1]), "arguments[0]"),
        ("environment", json!({"A": "1"}), "environment.A"),
        ("environment", json!({"_AB": "1"}), "environment._AB"),
        ("environment", json!({"AB": 1}), "environment.AB"),
        ("secrets", json!({"1A": "x"}), "secrets.1A"),
        ("secrets", json!(["HF_TOKEN"]), "secrets"),
        ("flavor", json!("gpu"), "flavor"),
        ("flavor", json!(1), "flavor"),
        ("timeoutSeconds", json!(0), "timeoutSeconds"),
        ("timeoutSeconds", json!("1h"), "timeoutSeconds"),
        ("timeoutSeconds", json!(1.5), "timeoutSeconds"),
        ("attempts", json!(0), "attempts"),
        ("attempts", json!(101), "attempts"),
        ("attempts", json!(null), "attempts"),
        ("labels", json!({"a b": ""}), "labels.a b"),
        ("labels", json!({"a": "x/y"}), "labels.a"),
        ("labels", json!({"a": "x".repeat(101)}), "labels.a"),
        ("volumes", json!([{"type": "bucket"}]), "volumes"),
        ("arch", json!("riscv"), "arch"),
        ("expose", json!({"ports": [0]}), "expose.ports"),
        ("expose", json!({"ports": vec![1; 21]}), "expose.ports"),
        ("expose", json!({"ports": [1], "portsPublic": [2]}), "expose.portsPublic"),
        ("ssh", json!({"enabled": "yes"}), "ssh.enabled"),
        ("network", json!({"aliases": ["a"]}), "network.group"),
        ("network", json!({"group": "Train"}), "network.group"),
        ("network", json!({"group": "a", "aliases": ["b", "b"]}), "network.aliases"),
        ("resourceGroupId", json!("short"), "resourceGroupId"),
    ] {
        let told = fault(&with(field, value.clone()));
        assert!(told.starts_with(&format!("{path}: ")), "{field}: {value} was told as {told:?}");
    }
    assert_eq!(fault(&json!([])), "body: expected an object");
    assert_eq!(fault(&json!({})).matches(':').count(), 2, "image and flavor are required");
}

#[test]
fn unknown_fields_are_dropped_and_remembered() {
    let mut body = with("timeout", json!(60));
    body["ssh"] = json!({"enable": true});
    let reading = JobSpec::read(&body);
    assert!(reading.value.is_ok());
    assert_eq!(reading.dropped, ["timeout", "ssh.enable"]);
}

#[test]
fn a_job_shows_the_names_of_its_secrets_alone() {
    let mut body = with("secrets", json!({"KEY": "sesame"}));
    body["attempts"] = json!(3);
    let mut shown = Map::new();
    JobSpec::read(&body).value.ok().unwrap().describe(&mut shown);
    assert_eq!(shown["secrets"], json!(["KEY"]));
    assert_eq!(shown["retry"], 2);
    assert!(!Value::from(shown).to_string().contains("sesame"));
}

//! Machines, accounts and refusals are told as a reader would see them, whatever the texts in the Hub's answers are.

use serde_json::{Value, json};

use crate::support::Fault;
use crate::support::hostile::{
    Case, Hostile, answered, assert_clean, assert_clean_to_the_end, behind, check, id, ok, places, shows, texts,
};

#[tokio::test(flavor = "multi_thread")]
async fn machines_are_listed_in_visible_text_alone() {
    let machine = json!({
        "name": "m", "prettyName": "M", "cpu": "4 vCPU", "ram": "15 GB", "ephemeralStorage": "50 GB", "unitCostMicroUSD": 100,
        "unitLabel": "minute", "accelerator": {"type": "gpu", "model": "T4", "quantity": "1", "vram": "16 GB"},
    });
    let unshown = ["/prettyName", "/unitLabel", "/accelerator/type"];
    let texts = texts();
    for place in places(&machine) {
        // The list is kept for an hour.
        let (_hub, proxy, mut server) = behind().await;
        let machines: Vec<Value> = texts.iter().map(|hostile| place.with(&machine, &hostile.text)).collect();
        proxy.fault("GET /api/jobs/hardware", 1, ok(&json!(machines)));
        let answer = server.jobs("hardware", json!({})).await;
        assert_clean(&answer, &format!("{place:?}"));
        assert_eq!(answer.structured["hardware"].as_array().unwrap().len(), texts.len());
        for hostile in texts.iter().filter(|_| !place.is_in(&unshown)) {
            assert!(shows(&answer, hostile), "{} in {place:?}: {answer:?}", hostile.name);
        }
        assert_clean_to_the_end(server).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_told_in_visible_text_alone() {
    let account = json!({
        "type": "user", "name": "alice", "orgs": [{"name": "lab", "roleInOrg": "write", "plan": "team"}],
        "auth": {"type": "access_token", "expiresAt": "2026-12-01T00:00:00Z", "accessToken": {
            "displayName": "laptop", "role": "fineGrained",
            "fineGrained": {"scoped": [{"entity": {"name": "alice"}, "permissions": ["job.write"]}]},
        }},
    });
    let scope = "/auth/accessToken/fineGrained/scoped/0";
    let unshown = ["/auth/type", &format!("{scope}/entity/name"), &format!("{scope}/permissions/0")];
    let (_hub, proxy, mut server) = behind().await;
    for place in places(&account) {
        for hostile in texts() {
            // What is known of a login is forgotten when it is refused.
            proxy.clear();
            proxy.fault("GET /api/jobs/alice/", 1, answered("401 Unauthorized", "", "{}"));
            proxy.fault("GET /api/whoami-v2", 1, ok(&place.with(&account, &hostile.text)));
            server.jobs("inspect", json!({"job_id": format!("alice/{}", id(0))})).await;
            let answer = server.call("hf_whoami", json!({})).await;
            let what = format!("{} in {place:?}", hostile.name);
            assert_clean(&answer, &what);
            assert!(!answer.is_error && (place.is_in(&unshown) || shows(&answer, &hostile)), "{what}: {answer:?}");
        }
    }
    assert_clean_to_the_end(server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_in_visible_text_alone() {
    let shapes = [
        json!({"error": "a"}),
        json!({"error": ["a", "b"]}),
        json!({"errors": [{"message": "a"}]}),
        json!({"error": {"message": "a"}}),
        json!({"message": "a"}),
        json!({"error": "a", "error_description": "b"}),
        json!("a"),
    ];
    let statuses = [400, 401, 402, 403, 404, 409, 422, 429, 500, 503, 418];
    let headers = ["x-error-message", "x-request-id", "x-amzn-trace-id", "x-amz-cf-id"];
    let texts = texts();
    let mut refusals: Vec<(String, &Hostile, bool, Fault)> = Vec::new();
    for hostile in &texts {
        let said = |body: &Value| places(body)[0].with(body, &hostile.text).to_string();
        for status in statuses {
            let fault = answered(&format!("{status} Refused"), "", &said(&shapes[0]));
            refusals.push((format!("{} at {status}", hostile.name), hostile, true, fault));
        }
        for shape in &shapes {
            for place in places(shape) {
                let fault = answered("400 Bad Request", "", &place.with(shape, &hostile.text).to_string());
                let shown = !shape.is_string();
                refusals.push((format!("{} in {place:?} of {shape}", hostile.name), hostile, shown, fault));
            }
        }
        let plain = answered("400 Bad Request", "content-type: text/plain\r\n", &hostile.text);
        refusals.push((format!("{} as a body", hostile.name), hostile, true, plain));
        // Only printable ASCII is read from a header; what is not legal there breaks the connection.
        let legal = hostile.text.chars().all(|char| matches!(char, ' '..='~'));
        for header in headers {
            let fault = answered("400 Bad Request", &format!("{header}: {}\r\n", hostile.text), "{}");
            refusals.push((format!("{} in {header}", hostile.name), hostile, legal, fault));
        }
        let fault = answered(&format!("400 {}", hostile.text), "", "{}");
        refusals.push((format!("{} as a reason", hostile.name), hostile, false, fault));
    }
    let (_hub, proxy, mut server) = behind().await;
    let case = |(at, (what, _, _, fault)): (usize, &(String, &Hostile, bool, Fault))| Case {
        what: what.clone(),
        faults: vec![
            (format!("GET /api/jobs/alice/{}", id(at)), ok(&json!({"id": id(at), "labels": {}}))),
            (format!("PUT /api/jobs/alice/{}", id(at)), fault.clone()),
        ],
        call: json!({"operation": "labels", "args": {"job_id": format!("alice/{}", id(at)), "labels": {"a": "b"}}}),
    };
    let cases = refusals.iter().enumerate().map(case).collect();
    check(&mut server, &proxy, cases, |at, answer| {
        let (what, hostile, shown, _) = &refusals[at];
        assert!(answer.is_error && (!shown || shows(answer, hostile)), "{what}: {answer:?}");
    })
    .await;
    assert_clean_to_the_end(server).await;
}

//! Accounts, as the routes show them.

use super::*;

#[tokio::test]
async fn a_refresh_token_gives_one_new_login() {
    let (hub, client) = hub(|config| config.oauth_lifetime = Duration::from_secs(3600)).await;
    let first = hub.add_oauth_login(Account { name: "alice".into(), ..Account::default() }, Duration::ZERO);
    assert_eq!(client.with_token(&first.access_token).get("/api/whoami-v2").await.status, 401);
    let ask = async |body: String| {
        let request = client.http.post(format!("{}/oauth/token", client.endpoint));
        let response =
            request.header("content-type", "application/x-www-form-urlencoded").body(body).send().await.unwrap();
        (response.status().as_u16(), serde_json::from_str::<Value>(&response.text().await.unwrap()).unwrap())
    };
    let form = format!("grant_type=refresh_token&client_id=c&refresh_token={}", first.refresh_token);
    let (status, login) = ask(form.clone()).await;
    assert_eq!((status, &login["token_type"], &login["expires_in"]), (200, &json!("bearer"), &json!(3600)));
    let who = client.with_token(login["access_token"].as_str().unwrap()).get("/api/whoami-v2").await.json();
    assert_eq!((&who["name"], &who["auth"]["type"]), (&json!("alice"), &json!("oauth")));
    assert!(who["auth"]["expiresAt"].is_string());
    for (form, error) in [
        (form.as_str(), "invalid_grant"),
        ("grant_type=refresh_token&refresh_token=x", "invalid_request"),
        ("grant_type=refresh_token&client_id=c&refresh_token=", "invalid_request"),
        ("grant_type=password", "unsupported_grant_type"),
        ("", "invalid_request"),
    ] {
        assert_eq!(ask(form.to_owned()).await, (400, json!({"error": error})), "{form}");
    }
    let second = login["refresh_token"].as_str().unwrap();
    assert_eq!(ask(format!("grant_type=refresh_token&client_id=c&refresh_token={second}")).await.0, 200);
}

#[tokio::test]
async fn auth_check_tells_what_a_token_may_do() {
    let (hub, client) = hub(|_| {}).await;
    let job = client.run("true", json!({})).await;
    let reader = client.with_token(&hub.add_account(Account { role: TokenRole::Read, ..Account::default() }));
    let stranger = client.with_token(&hub.add_account(Account { name: "bob".into(), ..Account::default() }));
    let own = "/api/jobs/local/auth-check".to_owned();
    let one = path(&job, "/auth-check");
    for (client, place, statuses) in [
        (&client, &own, [200, 200, 400]),
        (&client, &one, [200, 200, 400]),
        (&reader, &own, [200, 403, 400]),
        (&reader, &one, [200, 403, 400]),
        (&stranger, &own, [403, 403, 400]),
        (&stranger, &one, [404, 404, 404]),
    ] {
        for (permission, status) in ["read", "write", "admin"].into_iter().zip(statuses) {
            let reply = client.send(Method::POST, &format!("{place}/{permission}"), None).await;
            assert_eq!(reply.status, status, "{place}/{permission}: {}", reply.text);
            if status == 200 {
                let user = json!({"id": job["createdBy"]["id"], "name": "local"});
                assert_eq!(reply.json(), json!({"namespace": user, "user": user}));
            }
        }
    }
}

#[tokio::test]
async fn billing_counts_begun_minutes_at_the_flavors_price() {
    let (hub, client) = hub(|config| config.running_at_once = 1).await;
    let done = client.run("true", json!({"flavor": "a10g-small"})).await;
    let done = client.finished(&done).await;
    let running = client.run("sleep 600", json!({})).await;
    client.running(&running).await;
    client.run("true", json!({})).await;
    let answer = client.get("/api/settings/billing/usage/jobs").await.json();
    assert_eq!(answer["hasAccess"], true);
    let usage = &answer["usage"];
    assert_eq!((&usage["totalMinutes"], &usage["usedMicroUsd"]), (&json!(2), &json!(16_667 + 167)));
    assert_eq!(usage["jobDetails"].as_array().unwrap().len(), 2, "what waits costs nothing");
    let detail = json!({
        "jobId": done["id"], "hardwareFlavor": "a10g-small", "totalMinutes": 1, "totalCostMicroUsd": 16_667,
        "startedAt": done["startedAt"], "completedAt": done["finishedAt"],
    });
    assert_eq!(usage["jobDetails"][0], detail);
    assert_eq!(usage["jobDetails"][1].get("completedAt"), None);
    assert!(usage["periodStart"].as_str().unwrap() < usage["periodEnd"].as_str().unwrap());
    let permissions = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let role = TokenRole::FineGrained { permissions: [("local".to_owned(), names)].into() };
        hub.add_account(Account { role, ..Account::default() })
    };
    let paying = client.with_token(&permissions(&["job.write", "user.billing.read"]));
    assert_eq!(paying.get("/api/settings/billing/usage/jobs").await.status, 200);
    let (status, text) =
        client.with_token(&permissions(&["job.write"])).get("/api/settings/billing/usage/jobs").await.error();
    assert!(status == 403 && text.ends_with("missing permissions: user.billing.read"), "{text}");
}

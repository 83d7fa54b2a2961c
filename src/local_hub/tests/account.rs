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

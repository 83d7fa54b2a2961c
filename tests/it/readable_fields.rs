//! Whatever field of a job a credential is put into that others can read, of whatever form it is: it is refused, and nothing is sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::budgets::walk;
use crate::support::mirror::{JOB, Mirror, SCHEDULED};
use crate::support::{Server, ServerBuilder, canary};

/// How many characters of a credential nothing may show.
const PIECE: usize = 10;

/// A credential of each form that is known, made of letters and digits as real ones are.
fn credentials(login: &str) -> Vec<(&'static str, String)> {
    let letters: Vec<char> = canary().chars().skip(3).collect();
    let mixed = letters.iter().enumerate().map(|(at, letter)| match at % 5 {
        0 => letter.to_ascii_uppercase(),
        3 => char::from(b'0' + u8::try_from(at % 10).unwrap()),
        _ => *letter,
    });
    let random = |length: usize| mixed.clone().cycle().take(length).collect::<String>();
    let jwt = format!("eyJ{}.eyJ{}.{}", random(17), random(120), random(86));
    let upper = |length: usize| format!("7{}", random(length - 1).to_uppercase());
    vec![
        ("base64", STANDARD.encode(format!("user:{login}"))),
        ("hex", login.bytes().map(|byte| format!("{byte:02x}")).collect()),
        ("hf_", canary()),
        ("hf_app_", format!("hf_app_{}", random(32))),
        ("hf_oauth__refresh_", format!("hf_oauth__refresh_{}", random(34))),
        ("oauth_app_secret_", format!("oauth_app_secret_{}", random(34))),
        ("api_org_", format!("api_org_{}", random(34))),
        ("hf_oauth_", format!("hf_oauth_{jwt}")),
        ("hf_jwt_", format!("hf_jwt_{jwt}")),
        ("hf_s3_", format!("hf_s3_{}.{}.{}", random(20), random(30), random(40))),
        ("sk-", format!("sk-{}", random(48))),
        ("sk-proj-", format!("sk-proj-{}", random(60))),
        ("sk-ant-", format!("sk-ant-api03-{}", random(80))),
        ("sk-or-", format!("sk-or-v1-{}", random(64))),
        ("ghp_", format!("ghp_{}", random(36))),
        ("github_pat_", format!("github_pat_{}_{}", random(22), random(59))),
        ("AKIA", format!("AKIA{}", upper(16))),
        ("ASIA", format!("ASIA{}", upper(16))),
        ("glpat-", format!("glpat-{}", random(20))),
        ("xoxb-", format!("xoxb-123456789012-{}", random(24))),
        ("AIza", format!("AIza{}", random(35))),
        ("npm_", format!("npm_{}", random(36))),
        ("a password", format!("https://me:{}@host.example/x", random(16))),
    ]
}

/// Nor is a part of it shown that is more than its prefix.
fn not_in_pieces(shown: &str, form: &str, credential: &str, what: &str) {
    let random = credential.as_bytes().get(form.len()..).unwrap_or_default();
    for piece in random.windows(PIECE).filter(|_| form != "a password") {
        assert!(!shown.contains(str::from_utf8(piece).unwrap()), "a piece is shown of {what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_field_of_any_operation_takes_a_credential_of_any_form() {
    let mirror = Mirror::new().await;
    let login = canary();
    let mut server = ServerBuilder::new().env("HF_ENDPOINT", &mirror.endpoint).env("HF_TOKEN", &login).start().await;
    let tools = server.request("tools/list", json!({})).await;
    let schema = &tools["result"]["tools"][0]["inputSchema"]["properties"];
    let arguments: Vec<&String> = schema["args"]["properties"].as_object().unwrap().keys().collect();
    let credentials = credentials(&login);
    let (mut rows, mut read) = (0, 0);
    for operation in
        ["run", "uv", "scheduled run", "scheduled uv", "rerun", "labels", "scheduled labels", "scheduled update"]
    {
        let (base, ..) = walk(operation, JOB, SCHEDULED);
        for argument in &arguments {
            for (at, (form, credential)) in credentials.iter().enumerate() {
                let text = format!("x={credential} y");
                let ways = [json!(text), json!([text]), json!({"KEY": text})];
                let mut args = base.clone();
                // Not each in all ways: there are more forms than ways.
                args[argument.as_str()] = ways[at % ways.len()].clone();
                let what = format!("a {form} in `{argument}` of `{operation}`");
                let answer = server.jobs(operation, args).await;
                rows += 1;
                let shown = format!("{answer:?}");
                if answer.text.contains("is no argument here") {
                    assert!(answer.is_error && !shown.contains(credential), "{what}: {answer:?}");
                    break;
                }
                // Where they belong; and a `DATABASE_URL` is everyday in an environment.
                if *argument == "secrets" || (*argument == "env" && *form == "a password") {
                    continue;
                }
                not_in_pieces(&shown, form, credential, &what);
                assert!(!shown.contains(credential), "{what} is shown");
                // Of a type that the argument does not have, or another name of one that is there.
                let other = ["takes ", "exclude each other"].iter().any(|words| answer.text.contains(words));
                if answer.code() == "invalid_arguments" && other {
                    continue;
                }
                assert_eq!(answer.code(), "token_in_readable_field", "{what}: {answer:?}");
                read += 1;
                // The ports of a submission are its `expose`.
                let names = [argument.as_str(), if *argument == "ports" { "expose" } else { argument }];
                assert!(names.iter().any(|name| answer.text.contains(name)), "{what}: {}", answer.text);
                assert!(answer.text.contains("secrets"), "{what}: no way out is named: {}", answer.text);
            }
        }
    }
    for ((form, credential), pad) in credentials.iter().flat_map(|each| [20, 50, 55].map(|pad| (each, pad))) {
        for (operation, args) in [
            ("uv", json!({"script": format!("{credential}.py")})),
            ("uv", json!({"script": format!("some/folder/{credential}/train.py")})),
            ("run", json!({"command": ["true"], "labels": [format!("team={credential}")]})),
            ("run", json!({"command": ["true"], "labels": [format!("{credential}=x"), "team"]})),
            // Where what an answer repeats of a value may end in the middle of it.
            ("run", json!({"command": ["true"], "labels": [format!("team={}{credential}", "x ".repeat(pad))]})),
            ("uv", json!({"script": format!("{}{credential}.py", "x/".repeat(pad))})),
            ("run", json!({"command": ["true"], "volumes": [format!("hf://datasets/a/{credential}:/m")]})),
        ] {
            let answer = server.jobs(operation, args).await;
            let what = format!("a {form} in {operation}: {answer:?}");
            rows += 1;
            assert_eq!((answer.is_error, answer.code()), (true, "token_in_readable_field"), "{what}");
            not_in_pieces(&format!("{answer:?}"), form, credential, &what);
        }
    }
    // What is no credential passes: the same call with a placeholder instead of each.
    let answer = server
        .jobs("run", json!({"command": ["sh", "-c", "curl -H \"Authorization: Bearer $HF_TOKEN\""], "detach": true}))
        .await;
    assert!(!answer.is_error, "{answer:?}");
    assert!(rows > 1500, "{rows} calls");
    println!("{rows} calls with a credential in a field, {read} of the field's type");
    let asked = mirror.asked();
    assert!(asked.iter().any(|asked| asked.body.contains("Bearer $HF_TOKEN")), "{asked:?}");
    for asked in asked {
        let mut body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
        for job in ["", "/jobSpec"] {
            if let Some(fields) = body.pointer_mut(job).and_then(Value::as_object_mut) {
                fields.remove("secrets");
            }
        }
        let readable = format!("{} {body}", asked.head.lines().next().unwrap());
        for (form, credential) in credentials.iter().filter(|(form, _)| *form != "a password") {
            assert!(!readable.contains(credential), "a {form} was sent: {readable}");
        }
    }
    let (_, log) = Server::finish(server).await;
    assert!(!log.contains(&login), "{log}");
}

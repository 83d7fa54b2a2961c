use super::*;

/// Letters and digits as a random token has them.
fn random(length: usize) -> String {
    "aB3dEfGh1JkLmNoP5rStUvWx".chars().cycle().take(length).collect()
}

fn found(text: &str, sight: Sight) -> Vec<(&str, Credential)> {
    find(text, sight).into_iter().map(|found| (text.get(found.range).unwrap(), found.credential)).collect()
}

fn keys() -> Vec<(String, Credential)> {
    let jwt = format!("eyJ{}.eyJ{}.{}", random(17), random(120), random(86));
    let vendor = Credential::VendorKey;
    let mut keys: Vec<(String, Credential)> = [
        ("hf_", random(34)),
        ("hf_", "AbCdEfGhIj".repeat(4).split_at(34).0.to_owned()),
        ("hf_app_", random(32)),
        ("hf_oauth__refresh_", random(34)),
        ("oauth_app_secret_", random(34)),
        ("api_org_", random(34)),
        ("hf_oauth_", jwt.clone()),
        ("hf_jwt_", jwt),
        ("hf_s3_", format!("{}.{}.{}", random(20), random(30), random(40))),
    ]
    .into_iter()
    .map(|(prefix, body)| (prefix.to_owned() + &body, Credential::HubToken))
    .collect();
    for (name, prefix, body) in [
        ("OpenAI", "sk-", random(48)),
        ("OpenAI", "sk-proj-", random(60) + "-_" + &random(60)),
        ("OpenAI", "sk-svcacct-", random(60)),
        ("Anthropic", "sk-ant-", "api03-".to_owned() + &random(80) + "-" + &random(12)),
        ("OpenRouter", "sk-or-", "v1-".to_owned() + &"0a1b2c3d".repeat(8)),
        ("GitHub", "ghp_", random(36)),
        ("GitHub", "gho_", random(36)),
        ("GitHub", "ghs_", random(36)),
        ("GitHub", "ghu_", random(36)),
        ("GitHub", "github_pat_", random(22) + "_" + &random(59)),
        ("AWS", "AKIA", "IOSFODNN7EXAMPLE".to_owned()),
        ("AWS", "ASIA", "IOSFODNN7EXAMPLE".to_owned()),
        ("GitLab", "glpat-", random(20)),
        ("Slack", "xoxb-", "123456789012-1234567890123-".to_owned() + &random(24)),
        ("Google", "AIza", random(35)),
        ("npm", "npm_", random(36)),
        // Words alone, in a piece as long as no word, and pieces as short as words, with a digit about.
        ("OpenAI", "sk-proj-", "abcdefghijklmnop-qrst".to_owned()),
        ("OpenAI", "sk-proj-", "abcdefgh-ijkl-mnop-5".to_owned()),
    ] {
        keys.push((prefix.to_owned() + &body, vendor(name)));
    }
    keys
}

#[test]
fn each_shape_is_found_between_what_stands_around_tokens() {
    for (key, credential) in keys() {
        for (before, after) in
            [("", ""), ("\"", "\""), ("KEY=", " "), ("x: ", "\n"), ("(", ")"), ("'", "';"), ("=", "&a=b"), ("/", "/")]
        {
            let text = format!("{before}{key}{after}");
            for sight in [Sight::Strict, Sight::Wide] {
                assert_eq!(found(&text, sight), [(key.as_str(), credential)], "{text} {sight:?}");
            }
            assert!(may_hold_any(&text));
        }
    }
}

#[test]
fn hub_tokens_are_found_behind_letters_too() {
    let key = format!("hf_{}", random(34));
    assert_eq!(found(&format!("line\\n{key}\\n"), Sight::Wide).len(), 1);
    assert_eq!(found(&format!("line\\n{key}\""), Sight::Strict), [(key.as_str(), Credential::HubToken)]);
}

#[test]
fn ordinary_texts_hold_none() {
    let words = [
        "HF_HOME=/data/hf_cache_models",
        "MAX_TOKENS=2048",
        "hf_hub_download(repo_id='x')",
        "hf_oauth_scopes hf_jwt_token hf_s3_client.meta.client",
        "hf_oauth_configuration.authorization_endpoint.with_query",
        "hf_transfer hf_xet hf_...",
        "sk-learn scikit-learn sk-learn-contrib-imbalanced-metrics-and-more",
        "task-0123456789abcdef0123456789abcdef0123456789",
        "disk-proj-abcdefghijklmnopqrstuvwxyz012345",
        "sk-proj-your-openai-key-goes-here-please",
        "sk-proj-abcdefg-hijklmn-opqrstu-5",
        "sk-proj-abcdefgh-ijklmnop-qrstuvw",
        "sk-ant-api03-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "npm_config_cache npm_lifecycle_event",
        "AKIA ASIA ASIAPACIFICREGIONS AKIAshort",
        "github_pat_ ghp_short",
        "Authorization: Bearer $HF_TOKEN",
        "headers={'Authorization': f'Bearer {token}'}",
        "\"Authorization\": \"Bearer \" + token",
        "authorization is required; bearer of bad news",
        "Authorization: insufficient-permissions-for-this; authorization, internationalization",
        "authorization: token required-for-this",
        "the bearer authentication_scheme_is_required",
        "https://huggingface.co/user/repo@main ssh://git@github.com/x",
        "https://me:$HF_TOKEN@huggingface.co/x https://me:***@host",
        "if '-----BEGIN PRIVATE KEY-----' in text",
        "-----BEGIN PRIVATE KEY----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A",
        "-----begin PRIVATE KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A",
        "-----BEGIN CERTIFICATE-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A",
        "X-Amz-Signature=[redacted]&X-Amz-Date=20260101T000000Z",
        "Authorization: Bearer [redacted] https://me:[redacted]@host",
        "[redacted]",
    ];
    for text in words {
        for sight in [Sight::Strict, Sight::Wide] {
            assert_eq!(found(text, sight), [], "{text} {sight:?}");
        }
    }
    for (prefix, letter, length) in
        [("hf_", "x", 34), ("hf_", "X", 34), ("api_org_", "a", 34), ("hf_app_", "0", 32), ("ghp_", "x", 36)]
    {
        let text = format!("{prefix}{}", letter.repeat(length));
        assert_eq!(found(&text, Sight::Wide), [], "{text}");
    }
    // Prefixes count as they are written, also in a text that is looked at for a word in any case.
    for text in [
        format!("HF_{}", random(34)),
        format!("HF_JWT_eyJ{}.{}.{}", random(20), random(20), random(20)),
        "-----begin PRIVATE KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A".to_owned(),
    ] {
        assert_eq!(found(&text, Sight::Wide), [], "{text}");
        assert_eq!(found(&format!("the bearer of {text}"), Sight::Wide), [], "{text}");
    }
    for text in [format!("hf_{}", random(33)), format!("hf_{}", random(35)), format!("AKIA{}", "A1".repeat(9))] {
        assert_eq!(found(&text, Sight::Strict), [], "{text}");
    }
}

#[test]
fn redaction_sees_more_than_refusal() {
    let long = random(100);
    for (text, expected) in [
        (format!("hf_{}", random(20)), format!("hf_{}", random(20))),
        (format!("hf_{long}"), format!("hf_{long}")),
        (format!("hf_oauth_eyJ{}", random(30)), format!("hf_oauth_eyJ{}", random(30))),
        ("Authorization: Bearer abcdefghijkl".to_owned(), "abcdefghijkl".to_owned()),
        ("{\"authorization\": \"Basic dXNlcjpwYXNz\"}".to_owned(), "dXNlcjpwYXNz".to_owned()),
        ("authorization: token abcdefg1".to_owned(), "abcdefg1".to_owned()),
        ("AUTHORIZATION=abcdefghijklmnop1234".to_owned(), "abcdefghijklmnop1234".to_owned()),
        (format!("bearer  {long} x"), long.clone()),
        (format!("Bearer%20{long}"), long.clone()),
        ("?X-Amz-Signature=0a1b2c&x=y".to_owned(), "0a1b2c".to_owned()),
        ("?x-amz-credential=AKIA/x&y".to_owned(), "AKIA/x".to_owned()),
        ("&X-Amz-Security-Token=Fwo%2F&".to_owned(), "Fwo%2F".to_owned()),
    ] {
        assert_eq!(found(&text, Sight::Wide).iter().map(|found| found.0).collect::<Vec<_>>(), [expected], "{text}");
        assert_eq!(found(&text, Sight::Strict), [], "{text}");
    }
}

#[test]
fn private_keys_go_with_their_blocks() {
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC";
    for kind in ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "] {
        for separator in ["\n", "\\n", "\r\n"] {
            let block =
                format!("-----BEGIN {kind}PRIVATE KEY-----{separator}{body}{separator}-----END {kind}PRIVATE KEY-----");
            let text = format!("key: {block}\nrest");
            for sight in [Sight::Strict, Sight::Wide] {
                assert_eq!(found(&text, sight), [(block.as_str(), Credential::VendorKey("private"))], "{text}");
            }
        }
    }
    let cut = format!("-----BEGIN PRIVATE KEY-----\n{body}");
    assert_eq!(found(&cut, Sight::Wide), [(cut.as_str(), Credential::VendorKey("private"))]);
    // Also one whose line ends are two characters, and one of 16,384 bits.
    let cut = format!("-----BEGIN PRIVATE KEY-----\\n{body}\\n{body}");
    assert_eq!(found(&cut, Sight::Wide), [(cut.as_str(), Credential::VendorKey("private"))]);
    let lines = format!("{body}{body}\n").repeat(190);
    let long = format!("-----BEGIN RSA PRIVATE KEY-----\n{lines}-----END RSA PRIVATE KEY-----");
    assert_eq!(found(&format!("{long} rest"), Sight::Wide), [(long.as_str(), Credential::VendorKey("private"))]);
}

#[test]
fn long_runs_of_beginnings_take_one_pass() {
    for beginning in [
        "hf_",
        "hf_oauth_",
        "hf_oauth_a.",
        "sk-proj-",
        "sk-ant-",
        "AIza-",
        "AKIA",
        "xoxb-",
        "://",
        "://a:",
        "Authorization=",
        "Bearer ",
        "X-Amz-Signature=",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----AAAAAAAAAA",
        "://a:b@",
        "github_pat_",
    ] {
        let text = beginning.repeat(300_000 / beginning.len());
        let start = std::time::Instant::now();
        find(&text, Sight::Strict);
        find(&text, Sight::Wide);
        assert!(start.elapsed().as_secs() < 20, "{beginning}");
    }
}

#[test]
fn every_vendor_has_a_usual_name() {
    for (_, credential) in keys() {
        assert_ne!(usual_name(credential), "API_KEY");
    }
}

#[test]
fn a_prefix_is_noticed_in_every_case_in_which_it_counts() {
    let cases: [fn(&str) -> String; 2] = [str::to_lowercase, str::to_uppercase];
    for shape in &SHAPES {
        assert!(may_hold_any(&format!("é {}x", shape.prefix)), "{}", shape.prefix);
        let any_case = matches!(shape.form, Form::Bearer | Form::Authorization | Form::Parameter);
        for prefix in cases.iter().map(|case| case(shape.prefix)).filter(|prefix| any_case || *prefix == shape.prefix) {
            assert!(may_hold_any(&format!("é {prefix}x")), "{prefix}");
        }
    }
    assert!(!may_hold_any("epoch 1 step 3: loss=0.25 HF_HOME=/data at 10:00:00 -- 完了"));
}

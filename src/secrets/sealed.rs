//! A request body with secrets inside.

use std::fmt;

use bytes::Bytes;
use secrecy::zeroize::Zeroizing;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::{Secret, SecretEnv, json};

const FIELD: &str = "secrets";

/// A request body with secrets put in. It can be sent and nothing else, and is erased from memory when the request that took
/// it is done.
pub struct SealedBody {
    names: Vec<String>,
    bytes: Zeroizing<Vec<u8>>,
    form: Form,
}

/// What a body is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The JSON of a submission.
    Submission,
    /// The form by which a refresh token becomes a token.
    Renewal,
}

impl SealedBody {
    /// Puts `"secrets": {NAME: value}` into a body. What the body has under that name is dropped; without secrets the
    /// field is left out.
    pub fn seal(body: Map<String, Value>, secrets: &SecretEnv) -> Self {
        Self::write(body, None, secrets)
    }

    /// As [`SealedBody::seal`], with the secrets within the object at `field` (scheduled jobs: `jobSpec`), which is
    /// made where there is none.
    pub fn seal_within(body: Map<String, Value>, field: &str, secrets: &SecretEnv) -> Self {
        Self::write(body, Some(field), secrets)
    }

    /// A body that holds no secret.
    pub fn plain(body: Map<String, Value>) -> Self {
        Self::seal(body, &SecretEnv::default())
    }

    /// The form by which a client has a refresh token become a token (RFC 6749, 6).
    pub fn renewal(refresh_token: &Secret, client_id: &str) -> Self {
        let fields =
            [("grant_type", "refresh_token"), ("refresh_token", refresh_token.reveal()), ("client_id", client_id)];
        // Room for all from the start, each byte percent-encoded.
        let room =
            fields.iter().map(|(name, value)| name.len().saturating_add(value.len().saturating_mul(3)) + 2).sum();
        let mut out = String::with_capacity(room);
        for (name, value) in fields {
            if !out.is_empty() {
                out.push('&');
            }
            out.push_str(name);
            out.push('=');
            out.extend(form_urlencoded::byte_serialize(value.as_bytes()));
        }
        debug_assert!(out.len() <= room, "the body has outgrown its room");
        Self { names: vec!["refresh_token".to_owned()], bytes: Zeroizing::new(out.into_bytes()), form: Form::Renewal }
    }

    /// The body's `Content-Type`.
    pub fn content_type(&self) -> &'static str {
        match self.form {
            Form::Submission => "application/json",
            Form::Renewal => "application/x-www-form-urlencoded",
        }
    }

    /// Whether the body itself is what authorises its request, so that no token goes with it.
    pub fn authorises(&self) -> bool {
        self.form == Form::Renewal
    }

    /// The names of the secrets.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The body as it is sent. It can be cloned for a request that is sent again.
    pub fn into_request(self) -> reqwest::Body {
        reqwest::Body::from(Bytes::from_owner(self.bytes))
    }

    fn write(mut body: Map<String, Value>, field: Option<&str>, secrets: &SecretEnv) -> Self {
        let inner = field.map(|field| match body.remove(field) {
            Some(Value::Object(inner)) => inner,
            _ => Map::new(),
        });
        // Room for all from the start: a buffer that grows leaves its old self behind, unerased.
        let secret_bytes = secrets.entries().iter().map(|(name, value)| {
            let longest_escape = "\\u0000".len();
            let text = name.len().saturating_add(value.reveal().len());
            text.saturating_mul(longest_escape).saturating_add(r#""":"","#.len())
        });
        let plain = Value::Object(body.clone())
            .to_string()
            .len()
            .saturating_add(inner.as_ref().map_or(0, |inner| Value::Object(inner.clone()).to_string().len()));
        let field_bytes = field.map_or(0, |field| field.len().saturating_mul("\\u0000".len()));
        let room = plain.saturating_add(secret_bytes.sum()).saturating_add(field_bytes).saturating_add(64);
        let mut out = String::with_capacity(room);

        match (field, inner) {
            (Some(field), Some(inner)) => {
                open(&mut out, &body, field);
                push_name(&mut out, field);
                push_sealed(&mut out, &inner, secrets);
                out.push('}');
            }
            _ => push_sealed(&mut out, &body, secrets),
        }
        debug_assert!(out.len() <= room, "the body has outgrown its room");
        Self {
            names: secrets.names().map(str::to_owned).collect(),
            bytes: Zeroizing::new(out.into_bytes()),
            form: Form::Submission,
        }
    }
}

impl fmt::Debug for SealedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedBody").field("secrets", &self.names).finish_non_exhaustive()
    }
}

fn push_sealed(out: &mut String, body: &Map<String, Value>, secrets: &SecretEnv) {
    open(out, body, FIELD);
    if secrets.is_empty() {
        if out.ends_with(',') {
            out.pop();
        }
    } else {
        push_name(out, FIELD);
        out.push('{');
        for (index, (name, value)) in secrets.entries().iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            push_name(out, name);
            out.push('"');
            json::push_escaped(out, value.reveal());
            out.push('"');
        }
        out.push('}');
    }
    out.push('}');
}

/// An object up to where another field can follow.
fn open(out: &mut String, body: &Map<String, Value>, except: &str) {
    out.push('{');
    for (name, value) in body.iter().filter(|(name, _)| *name != except) {
        push_name(out, name);
        out.push_str(&value.to_string());
        out.push(',');
    }
}

fn push_name(out: &mut String, name: &str) {
    out.push('"');
    json::push_escaped(out, name);
    out.push_str("\":");
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use static_assertions::assert_not_impl_any;

    use super::*;
    use crate::secrets::{Known, session::tests::FakeSession};

    assert_not_impl_any!(SealedBody: fmt::Display, serde::Serialize, Clone, AsRef<[u8]>);

    fn secrets(pairs: &[(&str, &str)]) -> SecretEnv {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        SecretEnv::resolve(pairs, &FakeSession(Some("the-session-token".to_owned())), &Known::new()).unwrap().0
    }

    fn sent(sealed: SealedBody) -> Value {
        serde_json::from_slice(sealed.into_request().as_bytes().unwrap()).unwrap()
    }

    fn object(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn secrets_reach_the_body_and_nothing_else() {
        let body = object(json!({"command": ["a \"b\"\n"], "secrets": {"OLD": "x"}, "flavor": "cpu-basic"}));
        let strange: String = ('\u{1}'..='\u{ff}').collect();
        let sealed = SealedBody::seal(body, &secrets(&[("HF_TOKEN", "$HF_TOKEN"), ("S", &strange), ("E", "")]));
        assert_eq!(sealed.names().collect::<Vec<_>>(), ["HF_TOKEN", "S", "E"]);
        assert_eq!(format!("{sealed:?}"), r#"SealedBody { secrets: ["HF_TOKEN", "S", "E"], .. }"#);
        let expected = json!({
            "command": ["a \"b\"\n"], "flavor": "cpu-basic",
            "secrets": {"HF_TOKEN": "the-session-token", "S": strange, "E": ""},
        });
        assert_eq!(sent(sealed), expected);
    }

    #[test]
    fn without_secrets_the_field_is_left_out() {
        for (body, expected) in [(json!({}), json!({})), (json!({"a": 1, "secrets": {}}), json!({"a": 1}))] {
            assert_eq!(sent(SealedBody::seal(object(body), &SecretEnv::default())), expected);
        }
        let body = object(json!({"schedule": "@daily", "jobSpec": {"a": 1}}));
        let expected = json!({"schedule": "@daily", "jobSpec": {"a": 1}});
        assert_eq!(sent(SealedBody::seal_within(body, "jobSpec", &SecretEnv::default())), expected);
    }

    #[test]
    fn a_renewal_is_a_form_that_needs_no_header() {
        let sealed = SealedBody::renewal(&Secret::new("a+b c%\u{e9}".to_owned()), "client-1");
        assert_eq!(format!("{sealed:?}"), r#"SealedBody { secrets: ["refresh_token"], .. }"#);
        assert!(sealed.authorises() && !SealedBody::seal(Map::new(), &SecretEnv::default()).authorises());
        assert_eq!(sealed.content_type(), "application/x-www-form-urlencoded");
        assert_eq!(
            sealed.into_request().as_bytes().unwrap(),
            b"grant_type=refresh_token&refresh_token=a%2Bb+c%25%C3%A9&client_id=client-1"
        );
    }

    #[test]
    fn secrets_of_a_schedule_stand_within_its_job() {
        let secrets = secrets(&[("A", "one"), ("B", "two")]);
        let body = object(json!({"jobSpec": {"command": ["x"]}, "schedule": "@daily"}));
        let expected =
            json!({"schedule": "@daily", "jobSpec": {"command": ["x"], "secrets": {"A": "one", "B": "two"}}});
        assert_eq!(sent(SealedBody::seal_within(body, "jobSpec", &secrets)), expected);
        let expected = json!({"jobSpec": {"secrets": {"A": "one", "B": "two"}}});
        assert_eq!(sent(SealedBody::seal_within(Map::new(), "jobSpec", &secrets)), expected);
    }
}

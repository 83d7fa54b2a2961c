//! What an answer other than success says: its meaning, the Hub's words, the wait that it asks for.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use serde_json::Value;

use crate::error::Refusal;

/// The longest wait that is told: the Hub's windows are minutes, and what is longer is a slip of a proxy.
const WAIT_MAX: Duration = Duration::from_secs(86_400);

pub(super) fn of_status(status: StatusCode, retry_after: Option<Duration>) -> Refusal {
    match status.as_u16() {
        401 => Refusal::Unauthorized,
        402 => Refusal::PaymentRequired,
        403 => Refusal::Forbidden,
        404 => Refusal::NotFound,
        409 => Refusal::Conflict,
        429 => Refusal::RateLimited(retry_after),
        code @ (400 | 422) => Refusal::Rejected(code),
        code @ 500..=599 => Refusal::Failed(code),
        code => Refusal::Unexpected(code),
    }
}

/// The Hub's words: the `X-Error-Message` header, or the body as `huggingface_hub` reads it. HTML is a proxy's, and dropped.
pub(super) fn message(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let header = headers.get("x-error-message").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let text = header.or_else(|| of_body(headers, body))?;
    (!text.trim().is_empty()).then(|| text.trim().to_owned())
}

fn of_body(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        return of_json(&value);
    }
    let html =
        headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|kind| kind.contains("html"));
    let text = String::from_utf8_lossy(body);
    (!html && !text.trim_start().starts_with('<')).then(|| text.into_owned())
}

fn of_json(value: &Value) -> Option<String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => Some(
            items
                .iter()
                .filter_map(|item| item.as_str().or_else(|| item.get("message")?.as_str()))
                .collect::<Vec<_>>()
                .join("; "),
        ),
        Value::Object(fields) => fields.get("message").and_then(Value::as_str).map(str::to_owned),
        _ => None,
    };
    let error = value.get("error").and_then(text).or_else(|| value.get("errors").and_then(text));
    let error = error.or_else(|| value.get("message").and_then(text));
    match (error, value.get("error_description").and_then(Value::as_str)) {
        (Some(error), Some(description)) => Some(format!("{error}: {description}")),
        (error, _) => error,
    }
}

/// The id under which the Hub's support finds the request.
pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    ["x-request-id", "x-amzn-trace-id", "x-amz-cf-id"]
        .into_iter()
        .find_map(|name| headers.get(name)?.to_str().ok())
        .map(str::to_owned)
}

/// The wait that the Hub asks for: `Retry-After` in seconds or as a date (RFC 9110, 10.2.3), or the `t` of a `RateLimit`
/// header that has nothing left (IETF draft of `RateLimit` headers, as the Hub documents its rate limits).
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(value) = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()) {
        if let Ok(seconds) = value.trim().parse::<u64>() {
            return Some(Duration::from_secs(seconds).min(WAIT_MAX));
        }
        if let Ok(date) = httpdate::parse_http_date(value.trim()) {
            return Some(date.duration_since(SystemTime::now()).unwrap_or_default().min(WAIT_MAX));
        }
    }
    let parts: Vec<&str> = text("ratelimit")?.split(';').map(str::trim).collect();
    let number =
        |key: &str| parts.iter().find_map(|part| part.strip_prefix(key)?.strip_prefix('=')?.parse::<u64>().ok());
    (number("r") == Some(0)).then(|| number("t").map(|seconds| Duration::from_secs(seconds).min(WAIT_MAX))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_hubs_words_are_found_in_every_shape_of_body() {
        for (body, expected) in [
            (r#"{"error":"no credit"}"#, Some("no credit")),
            (r#"{"error":["a","b"]}"#, Some("a; b")),
            (r#"{"error":"invalid","error_description":"expired"}"#, Some("invalid: expired")),
            ("plain words", Some("plain words")),
            ("<html><body>502</body></html>", None),
            ("", None),
        ] {
            assert_eq!(message(&HeaderMap::new(), body.as_bytes()).as_deref(), expected, "{body}");
        }
        assert_eq!(
            message(&headers(&[("x-error-message", "from the header")]), b"{}").as_deref(),
            Some("from the header")
        );
    }

    #[test]
    fn a_wait_is_read_from_either_header() {
        assert_eq!(retry_after(&headers(&[("retry-after", "7")])), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(&headers(&[("retry-after", "Thu, 01 Jan 1970 00:00:00 GMT")])), Some(Duration::ZERO));
        assert_eq!(retry_after(&headers(&[("ratelimit", "\"api\";r=0;t=55")])), Some(Duration::from_secs(55)));
        assert_eq!(retry_after(&headers(&[("ratelimit", "\"api\";r=3;t=55")])), None);
    }
}

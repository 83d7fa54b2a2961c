//! In which form a client takes an answer, by its `Accept` headers (RFC 9110, section 12.5.1). MCP asks clients to take both
//! forms; many take one, or send what their HTTP library sends.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

/// A client's choice of forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// JSON or a stream of events, as it suits.
    Either,
    /// JSON only.
    Json,
    /// A stream only.
    Stream,
}

/// How closely a media range names a media type: the closest one decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Range {
    Any,
    Type,
    Exact,
}

impl Form {
    /// `None`: the headers allow neither form. A client that allows everything gets JSON: only one that names streams is
    /// sure to read them, and every client reads JSON.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        match (range_of(headers, "application/json"), range_of(headers, "text/event-stream")) {
            (Some(_), Some(Range::Type | Range::Exact)) => Some(Self::Either),
            (Some(_), _) => Some(Self::Json),
            (None, Some(_)) => Some(Self::Stream),
            (None, None) => None,
        }
    }
}

/// Whether the headers allow a stream of events.
pub(super) fn is_stream_allowed(headers: &HeaderMap) -> bool {
    range_of(headers, "text/event-stream").is_some()
}

/// The closest range that has the media type, unless that range excludes it.
fn range_of(headers: &HeaderMap, media_type: &str) -> Option<Range> {
    let mut ranges = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter(|range| !range.trim().is_empty())
        .peekable();
    if ranges.peek().is_none() {
        return Some(Range::Any);
    }
    let (kind, _) = media_type.split_once('/')?;
    let (range, is_allowed) = ranges
        .filter_map(|range| {
            let mut parameters = range.split(';').map(str::trim);
            let name = parameters.next()?;
            let range = match name.split_once('/')? {
                ("*", "*") => Range::Any,
                (named, "*") if named.eq_ignore_ascii_case(kind) => Range::Type,
                _ if name.eq_ignore_ascii_case(media_type) => Range::Exact,
                _ => return None,
            };
            Some((range, !parameters.any(is_zero_weight)))
        })
        .max()?;
    is_allowed.then_some(range)
}

/// `q=0`, which excludes what it belongs to. Other weights order what is allowed, which does not matter here.
fn is_zero_weight(parameter: &str) -> bool {
    parameter.split_once('=').is_some_and(|(name, weight)| {
        name.trim().eq_ignore_ascii_case("q")
            && weight.trim().starts_with('0')
            && weight.trim().trim_matches(['0', '.']).is_empty()
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn headers_decide_on_the_form() {
        for (values, expected) in [
            (vec![], Some(Form::Json)),
            (vec![""], Some(Form::Json)),
            (vec!["*/*"], Some(Form::Json)),
            (vec!["application/*"], Some(Form::Json)),
            (vec!["application/json"], Some(Form::Json)),
            (vec!["Application/JSON; charset=utf-8"], Some(Form::Json)),
            (vec!["text/html, application/json;q=0.9, */*;q=0.1"], Some(Form::Json)),
            (vec!["text/event-stream;q=0, */*"], Some(Form::Json)),
            (vec!["text/event-stream"], Some(Form::Stream)),
            (vec!["text/*"], Some(Form::Stream)),
            (vec!["application/json;q=0, text/event-stream"], Some(Form::Stream)),
            (vec!["application/*;q=0.0, */*"], Some(Form::Stream)),
            (vec!["application/json, text/event-stream"], Some(Form::Either)),
            (vec!["application/json", "text/event-stream"], Some(Form::Either)),
            (vec!["text/event-stream, */*;q=0.1"], Some(Form::Either)),
            (vec!["application/json;q=0.5,text/event-stream;q=0.001"], Some(Form::Either)),
            (vec!["application/json;q=nonsense,text/event-stream;q="], Some(Form::Either)),
            (vec!["text/html"], None),
            (vec!["image/*, text/html"], None),
            (vec!["*/*;q=0"], None),
            (vec!["nonsense"], None),
        ] {
            let mut headers = HeaderMap::new();
            for value in &values {
                headers.append(ACCEPT, HeaderValue::from_static(value));
            }
            assert_eq!(Form::of(&headers), expected, "{values:?}");
            assert!(expected.is_some() || !is_stream_allowed(&headers), "{values:?}");
        }
    }
}

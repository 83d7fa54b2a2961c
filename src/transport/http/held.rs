//! What lasts as long as an answer.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use futures_util::StreamExt;

/// Drops `held` when the answer is out, or nobody reads it any more.
pub(super) fn hold<T: Send + 'static>(response: Response, held: T) -> Response {
    if !is_stream(&response) {
        return response;
    }
    response.map(|body| {
        Body::from_stream(body.into_data_stream().map(move |chunk| {
            // Named, so that the closure has it.
            let _held = &held;
            chunk
        }))
    })
}

/// Whether an answer is a stream of events.
pub(super) fn is_stream(response: &Response) -> bool {
    response.headers().get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"))
}

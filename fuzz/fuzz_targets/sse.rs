//! Whatever bytes come, in whatever pieces: the same events, none longer than the bound.
#![no_main]

#[path = "../../src/hub/sse.rs"]
#[allow(dead_code, unreachable_pub)]
mod sse;

use libfuzzer_sys::fuzz_target;
use sse::{Decoder, Event};

/// Twice the longest event, roughly.
const MAX_BYTES: usize = 140 * 1024;

fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Event> {
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    pieces.for_each(|piece| decoder.feed(piece, |event| events.push(event.clone())));
    events
}

fuzz_target!(|input: (Vec<u8>, Vec<u8>, u16, Vec<u8>, Vec<u16>)| {
    let (begin, repeated, times, end, sizes) = input;
    // What is repeated reaches the bound, which no short input does.
    let repeated = repeated.repeat(usize::from(times).min(MAX_BYTES / repeated.len().max(1)));
    let stream = [begin, repeated, end].concat();
    let whole = decode(std::iter::once(&stream[..]));
    assert!(whole.iter().all(|event| event.data.len() <= 64 * 1024));
    let mut rest = &stream[..];
    let mut sizes = sizes.iter().cycle();
    let pieces = std::iter::from_fn(|| {
        let size = usize::from(*sizes.next().unwrap_or(&1)).max(1).min(rest.len());
        let (piece, left) = rest.split_at(size);
        rest = left;
        (!piece.is_empty()).then_some(piece)
    });
    assert_eq!(decode(pieces), whole);
});

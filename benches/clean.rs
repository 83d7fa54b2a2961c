//! How many lines a second are decoded, cleaned and searched for secrets: `cargo bench`.

use std::borrow::Cow;
use std::hint::black_box;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use hf_jobs_mcp::secrets::{Known, LineCleaner, Scrubber, Secret};

/// The decoder is no one's business outside; its file is a part of this benchmark instead.
#[path = "../src/hub/sse.rs"]
#[allow(dead_code, unreachable_pub, missing_docs)]
mod sse;

const LINES: usize = 10_000;

fn main() {
    divan::main();
}

/// Lines as jobs print them.
fn lines(kind: &str) -> Vec<String> {
    let line = |number: usize| match kind {
        "plain" => format!("epoch 1 step {number}: loss=0.{:04} lr=1.0e-4 tokens/s=48213", number % 9973),
        "coloured" => format!("\u{1b}[32mINFO\u{1b}[0m step {number} \u{1b}[1mloss\u{1b}[0m=0.{:04}", number % 9973),
        "progress" => {
            let part = |part: usize| format!("\r{part}0%|{}| {number}/9000", "█".repeat(part));
            (0..10).map(part).collect::<Vec<_>>().concat()
        }
        "near" => format!("cache hf_home=/data/hf_cache_models step {number} key=sk_none token=none"),
        _ => format!("Größe {number}: 完了 🎉 ok"),
    };
    (0..LINES).map(line).collect()
}

fn scrubber(secrets: usize) -> Scrubber {
    let known = Known::new();
    let secrets = (0..secrets).map(|number| Secret::new(format!("{number:04}-a-secret-of-some-length")));
    known.remember_all(secrets.collect::<Vec<_>>().iter());
    Scrubber::new(known)
}

#[divan::bench(args = ["plain", "coloured", "progress", "near", "unicode"], consts = [1, 100])]
fn clean<const SECRETS: usize>(bencher: Bencher<'_, '_>, kind: &str) {
    let (lines, scrubber) = (lines(kind), scrubber(SECRETS));
    let bytes: usize = lines.iter().map(String::len).sum();
    bencher.counter(BytesCount::new(bytes)).counter(ItemsCount::new(LINES)).bench(|| {
        for line in &lines {
            black_box(scrubber.clean_bounded(black_box(line), 2000));
        }
    });
}

/// Lines of a log one by one, as `grep` sees them: values are looked for across their ends as well.
#[divan::bench(args = ["plain", "coloured", "progress", "near", "unicode"], consts = [1, 100])]
fn clean_as_a_log<const SECRETS: usize>(bencher: Bencher<'_, '_>, kind: &str) {
    let (lines, scrubber) = (lines(kind), scrubber(SECRETS));
    bencher.counter(ItemsCount::new(LINES)).bench(|| {
        let mut cleaner = LineCleaner::from_start(&scrubber);
        for batch in lines.chunks(200) {
            for line in batch {
                cleaner.push(black_box(line), false);
            }
            black_box(cleaner.settled());
        }
        black_box(cleaner.rest());
    });
}

#[divan::bench(args = [1, 100])]
fn remember(bencher: Bencher<'_, '_>, secrets: usize) {
    bencher.bench(|| scrubber(secrets));
}

fn stream(kind: &str) -> Vec<u8> {
    let event = |line: String| {
        let event = serde_json::json!({"data": line, "timestamp": "2026-11-23T10:00:13.155Z"});
        format!("data: {event}\n\n").into_bytes()
    };
    lines(kind).into_iter().flat_map(event).collect()
}

#[divan::bench(args = ["plain", "coloured", "unicode"])]
fn decode(bencher: Bencher<'_, '_>, kind: &str) {
    let stream = stream(kind);
    bencher.counter(BytesCount::new(stream.len())).counter(ItemsCount::new(LINES)).bench(|| {
        let mut decoder = sse::Decoder::default();
        for chunk in stream.chunks(16 * 1024) {
            decoder.feed(black_box(chunk), |event| {
                black_box(event);
            });
        }
    });
}

/// What an event holds, read as the server reads it: without a copy where none is needed.
#[derive(Default, serde::Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    data: Cow<'a, str>,
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
}

#[divan::bench(args = ["plain", "coloured", "progress", "near", "unicode"])]
fn decode_read_and_clean(bencher: Bencher<'_, '_>, kind: &str) {
    let (stream, scrubber) = (stream(kind), scrubber(1));
    bencher.counter(BytesCount::new(stream.len())).counter(ItemsCount::new(LINES)).bench(|| {
        let mut decoder = sse::Decoder::default();
        for chunk in stream.chunks(16 * 1024) {
            decoder.feed(chunk, |event| {
                let line: Line<'_> = serde_json::from_slice(&event.data).unwrap_or_default();
                black_box(&line.timestamp);
                black_box(scrubber.clean_bounded(&line.data, 2000));
            });
        }
    });
}

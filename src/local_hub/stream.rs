//! A log as server-sent events: the marker, what was asked for of the log so far, then each line as it comes.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::stream;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, interval_at};
use tokio_util::sync::CancellationToken;

use super::log::{self, Extent, Log};

/// What a stream sends that has nothing to tell.
pub(super) const KEEP_ALIVE: &[u8] = b": keep-alive\n\n";

/// One reader's way through a log.
struct Replay {
    log: Arc<Log>,
    extent: watch::Receiver<Extent>,
    file: Option<Arc<File>>,
    position: u64,
    /// How many of the lines that are there already are to be sent after the marker; all if none.
    tail: Option<u64>,
    keep_alive: Interval,
    stop: CancellationToken,
    /// The next byte to send begins a record.
    at_start: bool,
}

/// The body of an answer to `GET …/logs`. It ends when the log does, or at `stop`.
pub(super) fn body(log: Arc<Log>, tail: Option<u64>, keep_alive: Duration, stop: CancellationToken) -> Body {
    let every = keep_alive.max(Duration::from_millis(1));
    let replay = Replay {
        extent: log.extent(),
        log,
        file: None,
        position: 0,
        tail,
        keep_alive: interval_at(Instant::now() + every, every),
        stop,
        at_start: true,
    };
    Body::from_stream(stream::unfold(replay, |mut replay| async {
        let event = replay.next().await.transpose()?;
        Some((event, replay))
    }))
}

impl Replay {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            let extent = *self.extent.borrow_and_update();
            if self.position < extent.end {
                return self.piece(extent).await.map(Some);
            }
            if extent.closed {
                return Ok(None);
            }
            tokio::select! {
                changed = self.extent.changed() => if changed.is_err() { return Ok(None) },
                _ = self.keep_alive.tick() => return Ok(Some(Bytes::from_static(KEEP_ALIVE))),
                () = self.stop.cancelled() => return Ok(None),
            }
        }
    }

    /// The next events, and where the ones after them begin.
    async fn piece(&mut self, extent: Extent) -> io::Result<Bytes> {
        let file = match &self.file {
            Some(file) => Arc::clone(file),
            None => Arc::clone(self.file.insert(Arc::new(self.log.open()?))),
        };
        let from = self.position;
        // The marker always comes, and a tail only counts what follows it.
        let tail = if from == 0 { self.tail.take() } else { None };
        let (bytes, next) = tokio::task::spawn_blocking(move || {
            let Some(count) = tail else {
                let bytes = log::read(&file, from, extent.end)?;
                let next = from + bytes.len() as u64;
                return Ok((bytes, next));
            };
            let marker = log::read(&file, 0, extent.head)?;
            io::Result::Ok((marker, log::tail(&file, extent.head, extent.end, count)?))
        })
        .await
        .map_err(io::Error::other)??;
        self.position = next;
        Ok(self.frame(&bytes))
    }

    fn frame(&mut self, records: &[u8]) -> Bytes {
        let mut events = Vec::with_capacity(records.len() + 64);
        for record in records.split_inclusive(|byte| *byte == b'\n') {
            if self.at_start {
                events.extend_from_slice(b"data: ");
            }
            events.extend_from_slice(record);
            self.at_start = record.ends_with(b"\n");
            if self.at_start {
                events.push(b'\n');
            }
        }
        events.into()
    }
}

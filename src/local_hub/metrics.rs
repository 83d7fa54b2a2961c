//! A job's metrics as server-sent events: about one sample a second for as long as it runs.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::stream;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, Interval, interval_at};
use tokio_util::sync::CancellationToken;

use super::job::{Job, Stage};
use super::random::id_of_name;
use super::stream::KEEP_ALIVE;
use super::usage::Usage;

/// The time between two samples, as on the Hub.
const EVERY: Duration = Duration::from_secs(1);

/// The letters of a replica's name and of a GPU's id, both of which are opaque.
const REPLICA: usize = 5;
const GPU: usize = 8;

/// One reader of a job's metrics.
struct Samples {
    job: Arc<Job>,
    last: (Usage, Instant),
    tick: Interval,
    keep_alive: Interval,
    stop: CancellationToken,
}

/// The body of an answer to `GET …/metrics`. As on the Hub it outlives the job: it ends with its reader, or at `stop`.
pub(super) async fn body(job: Arc<Job>, keep_alive: Duration, stop: CancellationToken) -> Body {
    let keep_alive = keep_alive.max(Duration::from_millis(1));
    let samples = Samples {
        last: usage(&job).await,
        job,
        tick: interval_at(Instant::now() + EVERY, EVERY),
        keep_alive: interval_at(Instant::now() + keep_alive, keep_alive),
        stop,
    };
    Body::from_stream(stream::unfold(samples, |mut samples| async {
        let event = samples.next().await?;
        Some((Ok::<_, std::io::Error>(event), samples))
    }))
}

impl Samples {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                _ = self.tick.tick() => {
                    if self.job.stage() == Stage::Running {
                        let sample = self.sample().await;
                        return Some(format!("event: metric\ndata: {sample}\n\n").into());
                    }
                },
                _ = self.keep_alive.tick() => return Some(Bytes::from_static(KEEP_ALIVE)),
            }
        }
    }

    async fn sample(&mut self) -> Value {
        let (usage, now) = usage(&self.job).await;
        let (before, then) = std::mem::replace(&mut self.last, (usage, now));
        let flavor = self.job.spec().flavor;
        let used = usage.cpu_millis.saturating_sub(before.cpu_millis);
        let span = u64::try_from(now.duration_since(then).as_millis()).unwrap_or(u64::MAX).max(1);
        // Of all the processors that the flavor has, though this machine may have others.
        let percent = (used * 100 / span / u64::from(flavor.vcpus).max(1)).min(100);
        let gpu = |index: u32| {
            let id = id_of_name(&format!("{} gpu {index}", self.job.id)).chars().take(GPU).collect();
            (id, json!({"utilization": 0, "memory_used_bytes": 0, "memory_total_bytes": flavor.vram_bytes_each()}))
        };
        let gpus: Map<String, Value> = (0..flavor.gpus()).map(gpu).collect();
        let replica: String = id_of_name(&self.job.id).chars().take(REPLICA).collect();
        json!({
            "cpu_usage_pct": percent,
            "cpu_millicores": flavor.vcpus * 1000,
            "memory_used_bytes": usage.memory_bytes,
            "memory_total_bytes": flavor.ram_bytes(),
            "rx_bps": 0,
            "tx_bps": 0,
            "gpus": gpus,
            "replica": replica,
        })
    }
}

/// What the job uses now; nothing if it does not run.
async fn usage(job: &Job) -> (Usage, Instant) {
    let group = job.group.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let reading = tokio::task::spawn_blocking(move || group.map(|group| Usage::of(&group)).unwrap_or_default());
    (reading.await.unwrap_or_default(), Instant::now())
}

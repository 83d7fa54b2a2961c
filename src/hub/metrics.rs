//! `GET …/metrics`: what a running job uses of its machine, as a stream without end, of which one sample is read.

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};

use super::client::Caller;
use super::description::ENTRIES_MAX;
use super::job::Target;
use super::sse::Decoder;
use super::wire;
use crate::error::{Access, HubError, Refusal};

/// The status of the metrics of a job that is over (and, in older times, 500).
const NOT_RUNNING: u16 = 406;

/// What a job uses of its machine at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Metrics {
    /// The share of its processors, in percent.
    pub cpu_percent: f64,
    /// Its processors, in thousandths.
    pub cpu_millicores: u64,
    /// Memory in use and in all, in bytes.
    pub memory: (u64, u64),
    /// What it receives and sends, in bytes a second.
    pub network: (u64, u64),
    /// Each GPU: its use in percent, and its memory in use and in all, in bytes.
    pub gpus: Vec<(f64, (u64, u64))>,
}

/// What came of asking for a sample.
#[derive(Debug, Clone, PartialEq)]
pub enum Sample {
    /// A sample.
    Taken(Metrics),
    /// The job is over: there is none any more.
    Over,
    /// The stream was silent until the time was up: the machine is not ready yet.
    Silent,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    cpu_usage_pct: f64,
    #[serde(default)]
    cpu_millicores: f64,
    #[serde(default)]
    memory_used_bytes: f64,
    #[serde(default)]
    memory_total_bytes: f64,
    #[serde(default)]
    rx_bps: f64,
    #[serde(default)]
    tx_bps: f64,
    #[serde(default)]
    gpus: Map<String, Value>,
}

#[derive(Deserialize)]
struct WireGpu {
    #[serde(default)]
    utilization: f64,
    #[serde(default)]
    memory_used_bytes: f64,
    #[serde(default)]
    memory_total_bytes: f64,
}

impl Caller {
    /// One fresh sample of a job, waited for until `end`.
    ///
    /// # Errors
    /// The Hub refuses it, or can't be reached.
    pub async fn sample(&self, target: &Target, end: Instant) -> Result<Sample, HubError> {
        let what = target.request(Access::Read);
        let url = self.job_url(target, Some("metrics"));
        let opened = self.until(end).send(Method::GET, url, None, &what, "text/event-stream").await;
        let mut response = match opened {
            Ok(response) => response,
            Err(failure) if failure.error.refusal == Refusal::Unexpected(NOT_RUNNING) => return Ok(Sample::Over),
            Err(failure) if failure.error.refusal == Refusal::TimedOut => return Ok(Sample::Silent),
            Err(failure) => return Err(failure.error),
        };
        let mut decoder = Decoder::default();
        let mut sample = None;
        while let Ok(Ok(Some(bytes))) = timeout_at(end, response.chunk()).await {
            decoder.feed(&bytes, |event| sample = sample.take().or_else(|| read(&event.data)));
            if let Some(metrics) = sample {
                return Ok(Sample::Taken(metrics));
            }
        }
        Ok(Sample::Silent)
    }
}

fn read(data: &[u8]) -> Option<Metrics> {
    let wire: Wire = wire::read(&mut serde_json::from_slice(data).ok()?)?;
    let gpus = wire.gpus.into_iter().take(ENTRIES_MAX).filter_map(|(_, mut gpu)| {
        let gpu: WireGpu = wire::read(&mut gpu)?;
        Some((gpu.utilization, (count(gpu.memory_used_bytes), count(gpu.memory_total_bytes))))
    });
    Some(Metrics {
        cpu_percent: wire.cpu_usage_pct,
        cpu_millicores: count(wire.cpu_millicores),
        memory: (count(wire.memory_used_bytes), count(wire.memory_total_bytes)),
        network: (count(wire.rx_bps), count(wire.tx_bps)),
        gpus: gpus.collect(),
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and no number becomes zero")]
fn count(number: f64) -> u64 {
    number as u64
}

//! `GET /api/jobs/hardware`: the flavors and their prices, kept for an hour.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::client::Visitor;
use super::description::field;
use super::wire;
use crate::error::{Defect, HubError, Refusal, Request};
use crate::secrets::Clean;
use crate::types::Segment;

/// How long the list is kept: prices change a few times a year.
const KEPT_FOR: Duration = Duration::from_secs(3600);
/// How many flavors are read; the Hub has some thirty.
const FLAVORS_MAX: usize = 500;

/// A machine that jobs can run on.
#[derive(Debug, Clone)]
pub struct Hardware {
    /// The flavor's name.
    pub name: Clean,
    /// The name for people.
    pub title: Option<Clean>,
    /// Its processors, such as `4 vCPU`.
    pub cpu: Option<Clean>,
    /// Its memory, such as `15 GB`.
    pub ram: Option<Clean>,
    /// Its disk, which is gone when the job ends.
    pub disk: Option<Clean>,
    /// Its GPUs or other accelerators: how many of which, with how much memory, such as `1x A10G, 24 GB`.
    pub accelerator: Option<Clean>,
    /// Its price a minute, in millionths of a US dollar; none where it is not known, or where nothing is billed.
    pub micro_usd_per_minute: Option<u64>,
}

/// All machines that the Hub offers now.
#[derive(Debug, Clone)]
pub struct Flavors {
    list: Arc<Vec<Hardware>>,
}

impl Flavors {
    /// The machine of that name.
    pub fn get(&self, name: &str) -> Option<&Hardware> {
        self.list.iter().find(|hardware| hardware.name.as_str() == name)
    }

    /// All machines, as the Hub orders them.
    pub fn iter(&self) -> impl Iterator<Item = &Hardware> {
        self.list.iter()
    }

    /// All names, as the Hub orders them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|hardware| hardware.name.as_str())
    }
}

/// The list that was fetched last.
#[derive(Default)]
pub(super) struct KeptHardware {
    kept: Option<(Instant, Flavors)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireHardware {
    name: String,
    pretty_name: Option<String>,
    cpu: Option<String>,
    ram: Option<String>,
    ephemeral_storage: Option<String>,
    #[serde(default)]
    accelerator: Value,
    #[serde(rename = "unitCostMicroUSD")]
    micro_usd: Option<u64>,
    #[serde(rename = "unitLabel")]
    unit: Option<String>,
}

impl Visitor {
    /// The machines that the Hub offers, asked for at most once an hour. The list is public.
    pub async fn hardware(&self) -> Result<Flavors, HubError> {
        let hub = &self.0;
        let kept = hub.hardware_kept().lock().ok().and_then(|kept| kept.kept.clone());
        if let Some((since, flavors)) = kept
            && since.elapsed() < KEPT_FOR
        {
            return Ok(flavors);
        }
        let url = hub.endpoint().url(&[Segment::fixed("api"), Segment::fixed("jobs"), Segment::fixed("hardware")]);
        let mut answer = hub.get(url, &Request::Hardware).await?;
        let wire: Vec<WireHardware> = wire::read(&mut answer).ok_or_else(|| {
            hub.failure(&Request::Hardware, Refusal::BadAnswer(Defect::Lacks("a list of hardware"))).error
        })?;
        let line = |text: &str| field(text, hub.scrubber());
        for hardware in wire.iter().take(FLAVORS_MAX) {
            hub.scrubber().known().publish(&hardware.name);
        }
        let list = wire
            .into_iter()
            .take(FLAVORS_MAX)
            .map(|hardware| Hardware {
                name: line(&hardware.name),
                title: hardware.pretty_name.as_deref().map(line),
                cpu: hardware.cpu.as_deref().map(line),
                ram: hardware.ram.as_deref().map(line),
                disk: hardware.ephemeral_storage.as_deref().map(line),
                accelerator: accelerator(&hardware.accelerator).as_deref().map(line),
                micro_usd_per_minute: hardware
                    .micro_usd
                    .filter(|_| !hub.is_local())
                    .filter(|_| hardware.unit.as_deref().is_none_or(|unit| unit == "minute")),
            })
            .collect();
        let flavors = Flavors { list: Arc::new(list) };
        if let Ok(mut kept) = hub.hardware_kept().lock() {
            kept.kept = Some((Instant::now(), flavors.clone()));
        }
        Ok(flavors)
    }
}

/// `1x A10G, 24 GB`; the quantity is a text, and numbers are taken as well.
fn accelerator(value: &Value) -> Option<String> {
    let text = |name: &str| match value.get(name) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let model = text("model").or_else(|| text("type"))?;
    let memory = text("vram").map(|vram| format!(", {vram}")).unwrap_or_default();
    Some(format!("{}x {model}{memory}", text("quantity").unwrap_or_else(|| "1".to_owned())))
}

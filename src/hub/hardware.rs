//! `GET /api/jobs/hardware`: the flavors and their prices, kept for an hour.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;

use super::client::Caller;
use crate::error::{HubError, Refusal, Request};
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
    /// Its price a minute, in millionths of a US dollar.
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
struct WireHardware {
    name: String,
    #[serde(rename = "unitCostMicroUSD")]
    micro_usd: Option<u64>,
    #[serde(rename = "unitLabel")]
    unit: Option<String>,
}

impl Caller {
    /// What machines there are; asked at most once an hour.
    pub async fn hardware(&self) -> Result<Flavors, HubError> {
        let kept = self.hardware_kept().lock().ok().and_then(|kept| kept.kept.clone());
        if let Some((since, flavors)) = kept
            && since.elapsed() < KEPT_FOR
        {
            return Ok(flavors);
        }
        let url = self.endpoint().url(&[Segment::fixed("api"), Segment::fixed("jobs"), Segment::fixed("hardware")]);
        let answer = self.get(url, &Request::Hardware).await?;
        let wire: Vec<WireHardware> = serde_json::from_value(answer).map_err(|_| {
            self.failure(&Request::Hardware, Refusal::BadAnswer("no list of hardware".to_owned())).error
        })?;
        let list = wire
            .into_iter()
            .take(FLAVORS_MAX)
            .map(|hardware| Hardware {
                name: self.scrubber().clean_line(&hardware.name),
                micro_usd_per_minute: hardware
                    .micro_usd
                    .filter(|_| hardware.unit.as_deref().is_none_or(|unit| unit == "minute")),
            })
            .collect();
        let flavors = Flavors { list: Arc::new(list) };
        if let Ok(mut kept) = self.hardware_kept().lock() {
            kept.kept = Some((Instant::now(), flavors.clone()));
        }
        Ok(flavors)
    }
}

//! Machines as answers: what there is at which price, and what jobs use of theirs.

use super::super::answer::{HardwareAnswer, StatsAnswer};
use super::{Page, counted, job};
use crate::hub::{Flavors, Hardware, Metrics};
use crate::operations::{AllRunning, Each, Sampled};
use crate::policy::MicroUsd;
use crate::secrets::Clean;
use crate::types::Size;
use crate::types::Stage;

pub(super) fn listed(page: &mut Page<'_>, flavors: &Flavors) {
    let priced = flavors.iter().any(|hardware| hardware.micro_usd_per_minute.is_some());
    let price_an_hour = if priced { " price an hour," } else { "" };
    page.line(&format!("flavor,{price_an_hour} processors, memory, disk, accelerators:"));
    for hardware in flavors.iter() {
        page.line(&row(hardware, priced));
    }
    let price = |hardware: &Hardware| hardware.micro_usd_per_minute.map(|price| MicroUsd::per_hour(price).to_string());
    page.answer.hardware = flavors
        .iter()
        .map(|hardware| HardwareAnswer {
            name: hardware.name.clone(),
            usd_per_hour: price(hardware),
            cpu: hardware.cpu.clone(),
            ram: hardware.ram.clone(),
            accelerator: hardware.accelerator.clone(),
        })
        .collect();
}

fn row(hardware: &Hardware, priced: bool) -> String {
    let price = match hardware.micro_usd_per_minute {
        Some(price) => format!(" {}", MicroUsd::per_hour(price)),
        None if priced => " price unknown".to_owned(),
        None => String::new(),
    };
    let facts = [&hardware.cpu, &hardware.ram, &hardware.disk, &hardware.accelerator];
    let facts: Vec<&str> = facts.into_iter().flatten().map(Clean::as_str).collect();
    format!("{}{price} {}", hardware.name, facts.join(", "))
}

pub(super) fn sampled(page: &mut Page<'_>, jobs: Vec<Each<Sampled>>, running: Option<&AllRunning>) {
    let (mut read, asked) = (Vec::new(), jobs.len());
    if let Some(AllRunning { namespace, .. }) = running {
        let count = if asked == 0 { "no running jobs".to_owned() } else { counted(asked, "running job") };
        page.line(&format!("{count} in namespace `{namespace}`"));
    }
    for Each { target, result } in jobs {
        match result {
            Ok(sampled) => read.push(sample(page, sampled)),
            Err(error) => page.failed(&target, &error),
        }
    }
    if let Some(AllRunning { more, unreadable, .. }) = running {
        if *more {
            page.line(&format!("more jobs are running: these are the newest {asked}; pass `job_id` for others"));
        }
        page.unreadable(*unreadable);
        page.answer.more = Some(*more);
    }
    page.answer.ok = asked == 0 || !read.is_empty();
    page.answer.stats = read;
}

fn sample(page: &mut Page<'_>, sampled: Sampled) -> StatsAnswer {
    let Sampled { job, metrics, cut_short } = sampled;
    let stage = job::stage(&job);
    let told = match &metrics {
        Some(metrics) => format!("{stage}: {}", usage(metrics)),
        None if job.stage.is_terminal() => format!("finished, {stage}: a job that is over uses nothing"),
        None if job.stage == Stage::Scheduling => format!("{stage}: no sample yet, its machine is not ready"),
        None if cut_short => format!("{stage}: no sample in the time of this call: ask for fewer jobs at once"),
        None => format!("{stage}: no sample within 10 s: its machine may not be ready"),
    };
    page.line(&format!("job {} on {}: {told}", job.id, job.spec.flavor));
    StatsAnswer {
        job_id: job.id.to_string(),
        stage: job.stage.as_str().to_owned(),
        finished: job.stage.is_terminal(),
        cpu_percent: metrics.as_ref().map(|metrics| metrics.cpu_percent),
        memory_used_bytes: metrics.as_ref().map(|metrics| metrics.memory.0),
        memory_total_bytes: metrics.as_ref().map(|metrics| metrics.memory.1),
        gpu_percent: metrics.iter().flat_map(|metrics| &metrics.gpus).map(|(used, _)| *used).collect(),
    }
}

fn usage(metrics: &Metrics) -> String {
    let size = |bytes: u64| Size::of(usize::try_from(bytes).unwrap_or(usize::MAX)).to_string();
    let mut text = format!(
        "cpu {:.0} % of {:.1} cores, memory {} of {}, network {}/s in and {}/s out",
        metrics.cpu_percent,
        cores(metrics.cpu_millicores),
        size(metrics.memory.0),
        size(metrics.memory.1),
        size(metrics.network.0),
        size(metrics.network.1),
    );
    let gpus = metrics.gpus.iter();
    text.extend(
        gpus.map(|(used, (memory, total))| format!(", gpu {used:.0} % with {} of {}", size(*memory), size(*total))),
    );
    text
}

#[expect(clippy::cast_precision_loss, reason = "thousandths of cores are far below 2^52")]
fn cores(millicores: u64) -> f64 {
    millicores as f64 / 1000.0
}

//! The machines that the Hub rents, as `GET /api/jobs/hardware` lists them. Here each is this machine.

use serde_json::{Value, json};

/// A kind of machine, with the price that the Hub asks for it.
#[derive(Debug)]
pub(super) struct Flavor {
    pub(super) name: &'static str,
    pretty_name: &'static str,
    pub(super) vcpus: u32,
    ram_gb: u32,
    disk_gb: u32,
    accelerator: Option<Accelerator>,
    pub(super) micro_usd_per_minute: u32,
}

#[derive(Debug)]
struct Accelerator {
    quantity: u32,
    model: &'static str,
    /// Of all of them together.
    vram_gb: u32,
}

/// The flavor of that name.
pub(super) fn flavor(name: &str) -> Option<&'static Flavor> {
    FLAVORS.iter().find(|flavor| flavor.name == name)
}

/// The body of `GET /api/jobs/hardware`.
pub(super) fn listing() -> Value {
    FLAVORS.iter().map(Flavor::json).collect()
}

impl Flavor {
    /// The variables that tell a job about its machine.
    pub(super) fn environment(&self) -> [(&'static str, String); 3] {
        let accelerator = self.accelerator.as_ref().map_or("none", |accelerator| accelerator.model);
        [
            ("CPU_CORES", self.vcpus.to_string()),
            ("MEMORY", format!("{}Gi", self.ram_gb)),
            ("ACCELERATOR", accelerator.to_owned()),
        ]
    }

    pub(super) fn ram_bytes(&self) -> u64 {
        u64::from(self.ram_gb) << 30
    }

    /// How many accelerators it has.
    pub(super) fn gpus(&self) -> u32 {
        self.accelerator.as_ref().map_or(0, |accelerator| accelerator.quantity)
    }

    /// The memory of one of them.
    pub(super) fn vram_bytes_each(&self) -> u64 {
        self.accelerator
            .as_ref()
            .map_or(0, |accelerator| (u64::from(accelerator.vram_gb) << 30) / u64::from(accelerator.quantity.max(1)))
    }

    fn json(&self) -> Value {
        let accelerator = self.accelerator.as_ref().map(|accelerator| {
            json!({
                "type": "gpu",
                "model": accelerator.model,
                "quantity": accelerator.quantity.to_string(),
                "vram": format!("{} GB", accelerator.vram_gb),
                "manufacturer": "Nvidia",
            })
        });
        json!({
            "name": self.name,
            "prettyName": self.pretty_name,
            "cpu": format!("{} vCPU", self.vcpus),
            "ram": format!("{} GB", self.ram_gb),
            "ephemeralStorage": format!("{} GB", self.disk_gb),
            "accelerator": accelerator,
            "unitCostMicroUSD": self.micro_usd_per_minute,
            "unitCostUSD": f64::from(self.micro_usd_per_minute) / 1e6,
            "unitLabel": "minute",
        })
    }
}

const fn cpu(
    name: &'static str,
    pretty_name: &'static str,
    [vcpus, ram_gb, disk_gb]: [u32; 3],
    micro_usd_per_minute: u32,
) -> Flavor {
    Flavor { name, pretty_name, vcpus, ram_gb, disk_gb, accelerator: None, micro_usd_per_minute }
}

const fn gpu(
    name: &'static str,
    pretty_name: &'static str,
    [vcpus, ram_gb, disk_gb]: [u32; 3],
    (quantity, model, vram_gb): (u32, &'static str, u32),
    micro_usd_per_minute: u32,
) -> Flavor {
    let accelerator = Some(Accelerator { quantity, model, vram_gb });
    Flavor { name, pretty_name, vcpus, ram_gb, disk_gb, accelerator, micro_usd_per_minute }
}

/// What the Hub's documentation of Jobs lists, with the prices of August 2026.
#[rustfmt::skip]
const FLAVORS: &[Flavor] = &[
    cpu("cpu-basic", "CPU Basic", [2, 16, 50], 167),
    cpu("cpu-upgrade", "CPU Upgrade", [8, 32, 50], 500),
    cpu("cpu-performance", "CPU Performance", [32, 256, 1024], 31_667),
    cpu("cpu-xl", "CPU XL", [16, 124, 1000], 16_667),
    gpu("t4-small", "Nvidia T4 - small", [4, 15, 50], (1, "T4", 16), 6_667),
    gpu("t4-medium", "Nvidia T4 - medium", [8, 30, 100], (1, "T4", 16), 10_000),
    gpu("a10g-small", "Nvidia A10G - small", [4, 15, 110], (1, "A10G", 24), 16_667),
    gpu("a10g-large", "Nvidia A10G - large", [12, 46, 200], (1, "A10G", 24), 25_000),
    gpu("a10g-largex2", "2x Nvidia A10G - large", [24, 92, 1000], (2, "A10G", 48), 50_000),
    gpu("a10g-largex4", "4x Nvidia A10G - large", [48, 184, 2000], (4, "A10G", 96), 83_334),
    gpu("a100-large", "Nvidia A100 - large", [12, 142, 1000], (1, "A100", 80), 41_667),
    gpu("a100x4", "4x Nvidia A100", [48, 568, 4000], (4, "A100", 320), 166_667),
    gpu("a100x8", "8x Nvidia A100", [96, 1136, 8000], (8, "A100", 640), 333_333),
    gpu("h200", "Nvidia H200", [23, 256, 3000], (1, "H200", 141), 83_333),
    gpu("h200x2", "Nvidia H200", [46, 512, 6000], (2, "H200", 282), 166_667),
    gpu("h200x4", "Nvidia H200", [92, 1024, 12_000], (4, "H200", 564), 333_333),
    gpu("h200x8", "Nvidia H200", [184, 2048, 24_000], (8, "H200", 1128), 666_667),
    gpu("rtx-pro-6000", "Nvidia RTX PRO 6000", [23, 256, 475], (1, "RTX PRO 6000", 96), 45_833),
    gpu("rtx-pro-6000x2", "Nvidia RTX PRO 6000", [46, 512, 950], (2, "RTX PRO 6000", 192), 91_667),
    gpu("rtx-pro-6000x4", "Nvidia RTX PRO 6000", [92, 1024, 1900], (4, "RTX PRO 6000", 384), 183_333),
    gpu("rtx-pro-6000x8", "Nvidia RTX PRO 6000", [184, 2048, 3800], (8, "RTX PRO 6000", 768), 366_667),
    gpu("l4x1", "1x Nvidia L4", [8, 30, 400], (1, "L4", 24), 13_333),
    gpu("l4x4", "4x Nvidia L4", [48, 186, 3200], (4, "L4", 96), 63_333),
    gpu("l40sx1", "1x Nvidia L40S", [8, 62, 380], (1, "L40S", 48), 30_000),
    gpu("l40sx4", "4x Nvidia L40S", [48, 382, 3200], (4, "L40S", 192), 138_333),
    gpu("l40sx8", "8x Nvidia L40S", [192, 1534, 6500], (8, "L40S", 384), 391_666),
];

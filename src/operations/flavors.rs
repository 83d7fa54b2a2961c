//! What is offered where a flavor does not exist: by what its name says of the hardware, from the Hub's own list alone.

use std::cmp::Reverse;

use crate::error::{Fault, FlavorLack, Problem};
use crate::hub::{Flavors, Hardware};
use crate::policy::MicroUsd;
use crate::types::nearest;

/// How many flavors an answer offers; the Hub has some thirty.
const OFFERED_MAX: usize = 8;
/// Words that ask for any GPU.
const ANY_GPU: [&str; 6] = ["gpu", "gpus", "cuda", "nvidia", "accelerator", "accelerated"];

/// What is wrong with a flavor that the Hub does not offer. `None`: it does.
pub(super) fn fault(asked: &str, flavors: &Flavors) -> Option<Fault> {
    if flavors.get(asked).is_some() {
        return None;
    }
    let (lack, near) = offer(asked, flavors);
    let price = |hardware: &Hardware| hardware.micro_usd_per_minute.map(|price| MicroUsd::per_hour(price).to_string());
    let is_meant =
        lack == FlavorLack::Alike || lack == FlavorLack::Gpus && words(asked).any(|word| ANY_GPU.contains(&word));
    let problem = Problem::UnknownFlavor {
        asked: asked.to_owned(),
        lack,
        instead: near.first().filter(|_| is_meant).map(|hardware| hardware.name.to_string()),
        offered: near.iter().take(OFFERED_MAX).map(|hardware| (hardware.name.to_string(), price(hardware))).collect(),
    };
    Some(problem.at("flavor"))
}

/// The flavors to offer, the nearest first, and of those as near the cheapest: a misspelling never gets four GPUs for one.
fn offer<'a>(asked: &str, flavors: &'a Flavors) -> (FlavorLack, Vec<&'a Hardware>) {
    let mut alike: Vec<_> =
        flavors.iter().filter_map(|hardware| Some((likeness(asked, hardware)?, hardware))).collect();
    alike.sort_by_key(|(likeness, hardware)| (*likeness, price(hardware)));
    if !alike.is_empty() {
        return (FlavorLack::Alike, alike.into_iter().map(|(_, hardware)| hardware).collect());
    }
    let cheapest = |choose: &dyn Fn(&Hardware) -> bool| {
        let mut all: Vec<&Hardware> = flavors.iter().filter(|hardware| choose(hardware)).collect();
        all.sort_by_key(|hardware| price(hardware));
        all
    };
    let gpus = || cheapest(&|hardware| hardware.accelerator.is_some());
    if is_tpu(asked) {
        return (FlavorLack::NoTpus, gpus());
    }
    // A name with a letter and a number, such as `v100`, is a GPU's.
    if model(asked).is_some() || words(asked).any(|word| ANY_GPU.contains(&word)) {
        return (FlavorLack::Gpus, gpus());
    }
    (FlavorLack::Any, cheapest(&|_| true))
}

fn price(hardware: &Hardware) -> u64 {
    hardware.micro_usd_per_minute.unwrap_or(u64::MAX)
}

/// How far a flavor is from what was asked; less is nearer. `None`: it is nothing like it.
fn likeness(asked: &str, hardware: &Hardware) -> Option<(u8, u32, Reverse<bool>)> {
    let name = hardware.name.as_str();
    let same_count = Reverse(count(asked) == count(name));
    if is_tpu(asked) {
        return is_tpu(name).then_some((0, 0, same_count));
    }
    if let (Some(asked), Some(model)) = (model(asked), model(name)) {
        let far = asked.number.abs_diff(model.number);
        let grade = if far > 0 { 3 } else { u8::from(asked.rest != model.rest) + 1 };
        // Of other letters it is another make, however alike it is spelled.
        return (asked.letters == model.letters).then_some((grade, far, same_count));
    }
    if nearest(asked, [name]).is_some() {
        return Some((0, 0, same_count));
    }
    // The first word names the kind: `cpu`, `rtx`.
    let first = words(name).next()?;
    (first.len() > 2 && words(asked).any(|word| word == first)).then_some((4, 0, same_count))
}

/// The words of a name: `nvidia-a100-80gb` has three.
fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split('-')
}

/// A GPU's name in a flavor's: of `a10g-largex2` the letter `a`, the number 10 and the letter `g`.
#[derive(PartialEq)]
struct Model<'a> {
    letters: &'a str,
    number: u32,
    rest: &'a str,
}

fn model(name: &str) -> Option<Model<'_>> {
    words(name).find_map(|word| {
        let number_at = word.find(|char: char| char.is_ascii_digit())?;
        let (letters, rest) = word.split_at_checked(number_at)?;
        let rest_at = rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len());
        let (number, rest) = rest.split_at_checked(rest_at)?;
        // `x4` is a count, `4x` another.
        let is_model = (1..=2).contains(&letters.len()) && letters != "x" && !is_tpu(word);
        let rest = rest.split('x').next().unwrap_or_default();
        is_model.then_some(Model { letters, number: number.parse().ok()?, rest })
    })
}

/// How many GPUs a name says: `h200x4` and `4x-h200` have four.
fn count(name: &str) -> u32 {
    let of = |word: &str| match word.rsplit_once('x') {
        Some((_, count)) if !count.is_empty() => count.parse().ok(),
        Some((count, "")) => count.parse().ok(),
        _ => None,
    };
    words(name).find_map(of).unwrap_or(1)
}

/// Whether a name is a TPU's: `tpu-v4`, `v5e-1x1`, `v6e`, `v5p-8`.
fn is_tpu(name: &str) -> bool {
    words(name).any(|word| {
        let generation = word.strip_prefix('v').and_then(|rest| rest.strip_suffix(['e', 'p']));
        word.starts_with("tpu")
            || generation.is_some_and(|number| number.len() == 1 && number.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

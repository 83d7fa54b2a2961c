//! What is shown in fewer lines than a job printed: uv's installation lines, and states of a progress bar that a later line
//! outdates.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use regex::Regex;

use crate::secrets::{Clean, ProgressBar, Scrubber};

/// From how many lines on they are folded: fewer are not longer than what replaces them.
const FOLDED_FROM: usize = 3;

/// What uv prints while it installs, as uv 0.13 does: each form whole, so that a job's own words are none.
static UV: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let (time, package) = (r"(?:\d+m )?[\d.]+(?:ms|s|µs)", "[A-Za-z0-9][A-Za-z0-9._-]*");
    let version = format!(r"{package}(?:==[A-Za-z0-9.+!_-]+)?(?: @ \S+| \((?:from )?[a-z+]+://\S+\))?");
    let forms = [
        format!(
            "(?:Resolved|Prepared|Installed|Uninstalled|Audited|Checked|Bytecode compiled) {} (?:packages?|files?) in {time}",
            r"\d+"
        ),
        format!(r"Downloading {package} \([\d.]+ ?[KMGT]?i?B\)"),
        format!("(?:Downloaded|Building|Built|Updating|Updated) {version}"),
        r"(?:Updating|Updated) \S+://\S+ \(\S+\)".to_owned(),
        format!(r"[+~-] {package}==[A-Za-z0-9.+!_-]+(?: \(from \S+\))?"),
        r"Using (?:CPython|PyPy|GraalPy|Python) \d+\.\d+\S*(?: (?:interpreter|environment) at: .+)?".to_owned(),
        "Creating virtual environment at: .+".to_owned(),
        "Activate with: .+".to_owned(),
        "Reading inline script metadata from:? .+".to_owned(),
    ];
    Regex::new(&format!("^(?:{})$", forms.join("|"))).ok()
});

/// The lines as they are shown. Counts and cursors go by the lines of the log, whatever is folded.
pub(super) fn folded(lines: &[Clean], scrubber: &Scrubber) -> Vec<Clean> {
    without_outdated_bars(&without_uv(lines, scrubber), scrubber)
}

/// Each block of uv's lines as one.
fn without_uv(lines: &[Clean], scrubber: &Scrubber) -> Vec<Clean> {
    let mut shown = Vec::with_capacity(lines.len());
    for block in lines.chunk_by(|one, next| is_uv(one) && is_uv(next)) {
        if block.len() < FOLDED_FROM {
            shown.extend_from_slice(block);
        } else {
            let lines = block.len();
            shown.push(scrubber.clean_line(&format!("[uv: {lines} lines of downloads and installations]")));
        }
    }
    shown
}

fn is_uv(line: &Clean) -> bool {
    UV.as_ref().is_some_and(|uv| uv.is_match(line.trim()))
}

/// Each progress bar at its last state, with the number of earlier ones, also where other lines are between them.
fn without_outdated_bars(lines: &[Clean], scrubber: &Scrubber) -> Vec<Clean> {
    struct Run<'a> {
        first: ProgressBar<'a>,
        shown: usize,
        outdated: Vec<usize>,
    }
    let mut runs: HashMap<(&str, &str), Run<'_>> = HashMap::new();
    let mut over: Vec<Run<'_>> = Vec::new();
    for (at, line) in lines.iter().enumerate().rev() {
        let Some(bar) = ProgressBar::of(line) else { continue };
        let key = (bar.label, bar.total);
        match runs.get_mut(&key) {
            Some(run) if bar.is_outdated_by(&run.first) => {
                run.outdated.push(at);
                run.first = bar;
            }
            // It begins again, or says more than how far it is.
            _ => over.extend(runs.insert(key, Run { first: bar, shown: at, outdated: Vec::new() })),
        }
    }
    let folded = over.into_iter().chain(runs.into_values()).filter(|run| run.outdated.len() + 1 >= FOLDED_FROM);
    let (mut counts, mut hidden) = (HashMap::new(), HashSet::new());
    for run in folded {
        counts.insert(run.shown, run.outdated.len());
        hidden.extend(run.outdated);
    }
    let shown = lines.iter().enumerate().filter(|(at, _)| !hidden.contains(at));
    let with_count = |(at, line): (usize, &Clean)| match counts.get(&at) {
        Some(count) => scrubber.clean_line(&format!("{line} [+{count} earlier states of this bar]")),
        None => line.clone(),
    };
    shown.map(with_count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::Known;

    fn fold(lines: &[&str]) -> Vec<String> {
        let scrubber = Scrubber::new(Known::new());
        let lines: Vec<Clean> = lines.iter().map(|line| scrubber.clean(line)).collect();
        folded(&lines, &scrubber).into_iter().map(Clean::into_string).collect()
    }

    /// What uv 0.13.9 printed: `uv run` of a script, `uv venv`, `uv pip install`, `uv add`, `uv sync`, `uv run --with`.
    const UV_PRINTS: [&str; 31] = [
        "Downloading pygments (1.2MiB)",
        " Downloaded pygments",
        "Installed 11 packages in 243ms",
        "Using CPython 3.11.7 interpreter at: /usr/bin/python3.11",
        "Using CPython 3.12.1",
        "Activate with: source e/bin/activate",
        "Creating virtual environment at: .venv",
        "Using Python 3.11.7 environment at: e",
        "Resolved 6 packages in 763ms",
        "Resolved 61 packages in 1m 03s",
        "Downloading nvidia-cublas-cu12 (346.6MiB)",
        "Prepared 5 packages in 2.61s",
        "Prepared 1 package in 51ms",
        "Uninstalled 1 package in 431ms",
        "Audited 1 package in 0.64ms",
        "Checked 2 packages in 0.09ms",
        "Bytecode compiled 31 files in 565ms",
        " - pandas==2.2.2",
        " + pandas==2.2.3",
        " ~ torch==2.4.0+cu121",
        " + pr==0.1.0 (from file:///tmp/uvtest/pr)",
        " + trl==0.1.dev0 (from git+https://github.com/huggingface/trl@0a1b2c3)",
        "   Building pr @ file:///tmp/uvtest/pr",
        "      Built pr @ file:///tmp/uvtest/pr",
        "   Building docopt==0.6.2",
        "      Built docopt==0.6.2",
        "    Updating https://github.com/huggingface/trl (HEAD)",
        "     Updated https://github.com/huggingface/trl (0a1b2c3d4e5f60718293a4b5c6d7e8f901234567)",
        "Reading inline script metadata from `-`",
        "Reading inline script metadata from: train.py",
        "   Building flash-attn==2.6.3",
    ];
    /// What jobs and other programs print, and no line of uv's.
    const JOB_PRINTS: [&str; 14] = [
        "Downloading shard 1/3",
        "Downloading data: 100%",
        "Downloading https://example.com/a.bin",
        "Downloaded 3 files",
        "Downloading numpy (16.0MiB) failed: 403",
        "Installed the model in 3s",
        "Resolved 3 conflicts",
        "Building the index",
        "Built index with 3 shards",
        "Using CPython extensions",
        "+ pandas",
        "- loss==0.1 at step 3",
        "error: Failed to build `flash-attn==2.6.3`",
        "warning: Failed to hardlink files; falling back to full copy",
    ];

    #[test]
    fn each_line_of_uv_is_recognised_and_none_of_a_job() {
        for line in UV_PRINTS {
            assert_eq!(fold(&[line; 3]), ["[uv: 3 lines of downloads and installations]"], "{line}");
        }
        for line in JOB_PRINTS {
            assert_eq!(fold(&[line; 3]), [line; 3]);
        }
    }

    #[test]
    fn blocks_of_uv_are_folded_wherever_they_are() {
        let uv = ["Downloading numpy (16.0MiB)", "Installed 1 package in 20ms", " + numpy==2.1.0"];
        let own = ["{'loss': 1.2}", "Downloading shard 1/3", "Error: no"];
        let one = "[uv: 3 lines of downloads and installations]";
        for (lines, expected) in [
            ([&uv[..], &own].concat(), [&[one][..], &own].concat()),
            ([&own[..], &uv, &own].concat(), [&own[..], &[one], &own].concat()),
            ([&uv[..], &own, &uv].concat(), [&[one][..], &own, &[one]].concat()),
            ([&uv[1..], &own].concat(), [&uv[1..], &own].concat()),
        ] {
            assert_eq!(fold(&lines), expected);
        }
    }

    #[test]
    fn a_bar_is_shown_once_and_metrics_and_errors_stay() {
        let bar = |label: &str, done: u32| format!("{label}{:3}%|##   | {done}/50 [00:01<00:09, 1.0it/s]", done * 2);
        let lines: Vec<String> = (0..50)
            .flat_map(|step| match step {
                7 => vec![bar("", step), "Error: nan".to_owned()],
                20 => vec![bar("eval: ", 1), bar("eval: ", 2), bar("", step)],
                _ => vec![bar("", step), format!("{{'loss': {step}}}")],
            })
            .collect();
        let shown = fold(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        let bars: Vec<&String> = shown.iter().filter(|line| line.contains('%')).collect();
        let last = format!("{} [+49 earlier states of this bar]", bar("", 49));
        assert_eq!(bars, [&bar("eval: ", 1), &bar("eval: ", 2), &last], "two are no longer than what replaces them");
        let others = |line: &&String| !line.contains('%');
        assert!(shown.iter().filter(others).eq(lines.iter().filter(others)));
    }

    #[test]
    fn a_bar_that_begins_again_or_says_more_is_another() {
        let epoch = [" 50%|# | 1/2 [00:01<00:01]", "100%|##| 2/2 [00:02<00:00]", "100%|##| 2/2 [00:02<00:00]"];
        let folded = "100%|##| 2/2 [00:02<00:00] [+2 earlier states of this bar]";
        assert_eq!(fold(&[epoch, epoch].concat()), [folded, folded]);
        for telling in [
            [
                " 10%|#  | 1/10 [00:01, loss=0.5]",
                " 20%|#  | 2/10 [00:01, loss=0.4]",
                " 30%|#  | 3/10 [00:01, loss=0.3]",
            ],
            [" 10%|#  | 1/10{'loss': 1}", " 20%|#  | 2/10{'loss': 2}", " 30%|#  | 3/10{'loss': 3}"],
            ["loss 3: 10%|#  | 1/10", "loss 2: 20%|#  | 2/10", "loss 1: 30%|#  | 3/10"],
        ] {
            assert_eq!(fold(&telling), telling);
        }
    }
}

//! Progress bars in text: which part of a line is a bar, and what else the line says.

use std::sync::LazyLock;

use regex::Regex;

/// A bar as tqdm draws it: `label:  45%|####      | 450/1000 [00:10<00:12, 45.0it/s, loss=0.5]`.
static TQDM: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let number = r"[\d.,]+[kKMGTPE]?i?B?";
    let count = format!(r"(?:\s*{number}/(?<total>\??(?:{number})?))?");
    pattern(&format!(r"(?<percent>\d{{1,3}})%\|[^|]*\|{count}(?:\s*\[(?<state>[^\]]*)\])?"))
});
/// What other programs draw: pip and rich (`━━━━╸ 1.2/3.4 MB`), Keras (`10/100 [==>.....]`), git (`10% (1/10)`), tqdm without a
/// total (`12it [00:01, 9.5it/s]`).
static OTHER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let bodies =
        [r"[━╸╺█▉▊▋▌▍▎▏░▒▓]{3,}", r"\[[=#>. -]{8,}\]", r"\d{1,3}% \(\d+/\d+\)", r"\d[kKMG]?(?:it|i?B) \[\d+:\d\d"];
    pattern(&bodies.join("|"))
});

fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

/// A progress bar within a line.
#[derive(Debug, PartialEq, Eq)]
pub struct ProgressBar<'a> {
    /// What the line says before the bar, usually the name of what makes progress.
    pub label: &'a str,
    /// How far it is, in percent.
    pub percent: Option<u8>,
    /// The number that it counts to, as written.
    pub total: &'a str,
    /// Whether its state has more than counts and times, such as `loss=0.5`.
    pub has_metric: bool,
    /// What the line says after the bar.
    pub rest: &'a str,
}

impl<'a> ProgressBar<'a> {
    /// The bar of a line, if it has one.
    pub fn of(line: &'a str) -> Option<Self> {
        Self::tqdm(line).or_else(|| Self::other(line))
    }

    fn tqdm(line: &'a str) -> Option<Self> {
        if !line.contains("%|") {
            return None;
        }
        let found = TQDM.as_ref()?.captures(line)?;
        let (whole, part) = (found.get(0)?, |name| found.name(name).map_or("", |part| part.as_str()));
        Some(Self {
            label: line.get(..whole.start())?.trim(),
            percent: part("percent").parse().ok(),
            total: part("total"),
            has_metric: part("state").contains('='),
            rest: line.get(whole.end()..)?.trim(),
        })
    }

    /// Of bars that mix counts and metrics nobody can tell where they end: a dictionary behind one is no part of it.
    fn other(line: &'a str) -> Option<Self> {
        let found = OTHER.as_ref()?.find(line)?;
        let rest = line.get(found.end()..)?;
        let rest = rest.find('{').and_then(|at| rest.get(at..)).unwrap_or_default().trim();
        Some(Self { label: line.get(..found.start())?.trim(), percent: None, total: "", has_metric: true, rest })
    }

    /// Whether a later line of the same bar says all that this one does: the later one is as far or farther, and neither says
    /// anything else.
    pub fn is_outdated_by(&self, later: &Self) -> bool {
        let is_bar_alone = |bar: &Self| bar.percent.is_some() && !bar.has_metric && bar.rest.is_empty();
        is_bar_alone(self)
            && is_bar_alone(later)
            && (self.label, self.total) == (later.label, later.total)
            && self.percent <= later.percent
    }
}

/// How many pieces that were overwritten by something else are kept of a line, the newest: a line may have thousands.
const OVERWRITTEN_MAX: usize = 8;

/// What is shown of a line that carriage returns overwrote: its last state, and what a terminal would hide although it is no
/// earlier state of the same thing, such as a metric that was printed right before a bar was drawn again.
pub(super) fn last_state(line: &str) -> String {
    let mut pieces = line.split('\r').rev().filter(|piece| !piece.trim().is_empty());
    let Some(last) = pieces.next() else { return String::new() };
    let mut kept = Vec::new();
    let mut next = last;
    for piece in pieces {
        if kept.len() == OVERWRITTEN_MAX {
            break;
        }
        match ProgressBar::of(piece) {
            Some(bar) if bar.label.contains('{') => kept.extend([bar.rest, bar.label]),
            Some(bar) => kept.push(bar.rest),
            None if is_same_status(piece, next) => {}
            None => kept.push(piece.trim()),
        }
        kept.retain(|text| !text.is_empty());
        next = piece;
    }
    if kept.is_empty() {
        return last.to_owned();
    }
    kept.reverse();
    [&kept.join(" "), " ", last.trim_start()].concat()
}

/// Whether two texts are states of one status line: they differ in numbers and in what spins, and the later one may say more.
fn is_same_status(earlier: &str, later: &str) -> bool {
    fn words(text: &str) -> impl Iterator<Item = char> {
        let moves = |char: char| {
            char.is_ascii_digit()
                || char.is_whitespace()
                || matches!(char, '.' | ',' | ':' | '|' | '/' | '-' | '\\' | '#' | '=' | '>' | '\u{2800}'..='\u{28ff}')
        };
        text.chars().filter(move |char| !moves(*char))
    }
    let (mut earlier, mut later) = (words(earlier).peekable(), words(later));
    if earlier.peek().is_none() {
        return later.next().is_none();
    }
    earlier.all(|char| later.next() == Some(char))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_of_many_programs_are_recognised() {
        for line in [
            "  0%|          | 0/10",
            " 45%|####5     | 450/1000 [00:10<00:12, 45.0it/s]",
            "train:  45%|####5     | 450/1000 [00:10<00:12, 45.0it/s, loss=0.5]",
            "model.safetensors:  45%|████▌     | 2.25G/4.98G [00:10<00:12, 220MB/s]",
            "   ━━━━━━━━━━━━━━━━━━━━╸ 1.2/3.4 MB 5.0 MB/s eta 0:00:01",
            " 10/100 [==>...........................] - ETA: 3s - loss: 0.5",
            "Receiving objects:  10% (1/10)",
            "12it [00:01, 9.5it/s]",
        ] {
            assert!(ProgressBar::of(line).is_some_and(|bar| bar.rest.is_empty()), "{line}");
        }
        for line in ["accuracy 93%", "{'loss': 1.2}", "| a | b |", "step 1/10", "50%", "[INFO] 3/4 done", "----"] {
            assert_eq!(ProgressBar::of(line), None, "{line}");
        }
    }

    #[test]
    fn what_follows_a_bar_is_told_from_it() {
        for (line, rest) in [
            ("100%|#| 850/850{'eval_loss': 0.66}", "{'eval_loss': 0.66}"),
            ("  1%|1| 1/100 [00:01<01:39, 1.00s/it]{'loss': 1.1}", "{'loss': 1.1}"),
            ("100%|#| 850/850 [00:01<00:00]Error: out of memory", "Error: out of memory"),
            (" 10/100 [==>.........] - loss: 0.5{'loss': 2}", "{'loss': 2}"),
        ] {
            assert_eq!(ProgressBar::of(line).unwrap().rest, rest, "{line}");
        }
    }

    #[test]
    fn a_bar_outdates_its_own_earlier_states_alone() {
        let outdated =
            |one: &str, other: &str| ProgressBar::of(one).unwrap().is_outdated_by(&ProgressBar::of(other).unwrap());
        assert!(outdated(" 10%|#  | 1/10 [00:01<00:09]", " 20%|## | 2/10 [00:02<00:08]"));
        assert!(outdated("a: 10%|#  | 1/10", "a: 10%|#  | 1/10"));
        for (one, other) in [
            (" 20%|## | 2/10", " 10%|#  | 1/10"),
            ("a: 10%|#  | 1/10", "b: 20%|## | 2/10"),
            (" 10%|#  | 1/10", " 20%|## | 4/20"),
            (" 10%|#  | 1/10 [00:01, loss=0.5]", " 20%|## | 2/10 [00:02, loss=0.4]"),
            (" 10%|#  | 1/10{'loss': 0.5}", " 20%|## | 2/10"),
            (" 10/100 [==>.........] - loss: 0.5", " 20/100 [====>.......] - loss: 0.4"),
        ] {
            assert!(!outdated(one, other), "{one} and {other}");
        }
    }

    #[test]
    fn an_overwritten_line_keeps_its_last_state_and_what_is_none() {
        for (line, expected) in [
            ("{'loss': 1.2}\r  0%|          | 0/10", "{'loss': 1.2} 0%|          | 0/10"),
            (" 99%|#| 849/850\r100%|#| 850/850{'eval_loss': 0.66}", "100%|#| 850/850{'eval_loss': 0.66}"),
            (
                "  0%| | 0/3\r 33%|#| 1/3{'loss': 3}\r 66%|#| 2/3{'loss': 2}\r100%|#| 3/3",
                "{'loss': 3} {'loss': 2} 100%|#| 3/3",
            ),
            ("{'loss': 1.2}\r             \r  0%|  | 0/10", "{'loss': 1.2} 0%|  | 0/10"),
            ("  0%|  | 0/10\r             \r{'loss': 1.2}", "{'loss': 1.2}"),
            ("Error: out of memory\rretrying in 3 s\rretrying in 2 s", "Error: out of memory retrying in 2 s"),
            ("train: 10%|#| 1/10\reval: 50%|#| 1/2\rtrain: 20%|#| 2/10", "train: 20%|#| 2/10"),
            ("⠋ Resolving\r⠙ Resolving\r⠹ Resolving", "⠹ Resolving"),
            ("10%\r50%\r100%\r", "100%"),
            ("Copying 10%\rCopying 100%, done", "Copying 100%, done"),
            ("0.53\r  0%|  | 0/10", "0.53 0%|  | 0/10"),
            ("\r \r", ""),
        ] {
            assert_eq!(last_state(line), expected, "{line:?}");
        }
        let many: String = ('a'..='z').flat_map(|letter| [letter, '\r']).collect();
        assert_eq!(last_state(&many), "r s t u v w x y z");
    }
}

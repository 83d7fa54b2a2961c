//! A quick look at whether a text can hold any shape.

use std::{collections::BTreeSet, sync::LazyLock};

use aho_corasick::{AhoCorasick, MatchKind};

use super::{Form, SHAPES, Shape};

/// Whether a text holds any prefix at all, in a case in which it counts. False is certain.
pub(in crate::secrets) fn may_hold_any(text: &str) -> bool {
    BEGINNINGS.as_ref().is_none_or(|beginnings| beginnings.is_match(text))
}

/// Few enough patterns, and none longer than need be, that the search goes by vectors instead of byte by byte.
static BEGINNINGS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let mut beginnings: BTreeSet<String> = SHAPES.iter().flat_map(Shape::beginnings).collect();
    let all = beginnings.clone();
    beginnings.retain(|one| !all.iter().any(|other| one != other && one.starts_with(other.as_str())));
    AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(beginnings).ok()
});

impl Shape {
    /// What a text must hold for this shape: the prefix, or, where any case will do, the first letters of it in each.
    pub(super) fn beginnings(&self) -> Vec<String> {
        /// As many as the shortest prefixes have.
        const LETTERS: usize = 3;
        match self.form {
            Form::Key(_) | Form::Dotted | Form::PrivateKey | Form::Userinfo => vec![self.prefix.to_owned()],
            Form::Parameter | Form::Bearer | Form::Authorization => {
                self.prefix.chars().take(LETTERS).fold(vec![String::new()], |beginnings, char| {
                    let cases = BTreeSet::from([char.to_ascii_lowercase(), char.to_ascii_uppercase()]);
                    beginnings.iter().flat_map(|begun| cases.iter().map(move |case| format!("{begun}{case}"))).collect()
                })
            }
        }
    }
}

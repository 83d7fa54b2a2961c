//! What stands for a text in a mended call that is not repeated in full. It is no text of its own: sent back, it is refused.

use crate::secrets::{AS_GIVEN, REDACTED};

/// How the end of a shortened text begins.
pub(super) const REST: &str = "… (the rest of your `";

/// Whether a text is a stand-in, or a line with one among its words: a command that was copied from an answer has gaps where it
/// was redacted. Within a word, or in a text of several lines, a mark is what its writer means.
pub(super) fn is_stand_in(text: &str) -> bool {
    let is_mark =
        |word: &str| [AS_GIVEN, REDACTED].iter().any(|mark| word == *mark || word.ends_with(&["=", mark].concat()));
    let is_line = !text.trim_end().contains('\n');
    // `<as given>` has a blank in it.
    is_mark(text) || (is_line && text.split_whitespace().any(is_mark)) || text.contains(REST)
}

//! What stands for a text in a mended call that is not repeated in full. It is no text of its own: sent back, it is refused.

use crate::secrets::{AS_GIVEN, REDACTED};

/// How the end of a shortened text begins.
pub(super) const REST: &str = "… (the rest of your `";

/// What a corrected call has where a required argument was not given: a gap to fill, and never a value that would do something.
const GAPS: [(&str, &str); 4] = [
    ("schedule", "<cron in UTC>"),
    ("script", "<Python code, or the https URL of a script>"),
    ("command", "<program and its arguments>"),
    ("labels", "<labels>"),
];

/// The gap for an argument. `None`: no call is shown, since an id can be looked up, and a port is no text.
pub(super) fn gap(argument: &str) -> Option<&'static str> {
    GAPS.iter().find(|(name, _)| *name == argument).map(|(_, gap)| *gap)
}

/// Whether a text is a stand-in, or a line with one among its words: a command that was copied from an answer has gaps where it
/// was redacted. Within a word, or in a text of several lines, a mark is what its writer means.
pub(super) fn is_stand_in(text: &str) -> bool {
    let is_mark =
        |word: &str| [AS_GIVEN, REDACTED].iter().any(|mark| word == *mark || word.ends_with(&["=", mark].concat()));
    let is_line = !text.trim_end().contains('\n');
    let is_gap = GAPS.iter().any(|(_, gap)| text.trim() == *gap);
    // `<as given>` has a blank in it.
    is_gap || is_mark(text) || (is_line && text.split_whitespace().any(is_mark)) || text.contains(REST)
}

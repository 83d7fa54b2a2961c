//! What stands for a text in a mended call that is not repeated in full. It is no text of its own: sent back, it is refused.

use crate::secrets::{AS_GIVEN, REDACTED};

/// How the end of a shortened text begins.
pub(super) const REST: &str = "… (the rest of your `";

/// Whether a text is, or ends in, a stand-in.
pub(super) fn is_stand_in(text: &str) -> bool {
    [AS_GIVEN, REDACTED].contains(&text)
        || [AS_GIVEN, REDACTED].iter().any(|mark| text.ends_with(&["=", mark].concat()))
        || text.contains(REST)
}

//! What stands for a text in a mended call that is not repeated in full. It is no text of its own: sent back, it is refused.

use crate::secrets::AS_GIVEN;

/// How the end of a shortened text begins.
pub(super) const REST: &str = "… (the rest of your `";

/// Whether a text is, or ends in, a stand-in.
pub(super) fn is_stand_in(text: &str) -> bool {
    text == AS_GIVEN || text.ends_with(&["=", AS_GIVEN].concat()) || text.contains(REST)
}

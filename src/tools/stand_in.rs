//! What stands for a text in a mended call that is not repeated in full. It is no text of its own: sent back, it is refused.

/// What stands for a secret that was written out.
pub(super) const VEIL: &str = "<as given>";
/// How the end of a shortened text begins.
pub(super) const REST: &str = "… (the rest of your `";

/// Whether a text is, or ends in, a stand-in.
pub(super) fn is_stand_in(text: &str) -> bool {
    text == VEIL || text.ends_with(&["=", VEIL].concat()) || text.contains(REST)
}

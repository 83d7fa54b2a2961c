//! The patterns of the Hub's schema.

/// The longest label key and label value, in characters.
const MAX_LABEL: usize = 100;

/// What a text must match.
pub(in crate::local_hub) struct Pattern {
    pub(super) text: &'static str,
    pub(in crate::local_hub) holds: fn(&str) -> bool,
}

impl Pattern {
    pub(in crate::local_hub) const LABEL_KEY: Self = Self {
        text: "^[a-zA-Z0-9._-]+$, at most 100 characters",
        holds: |key| (1..=MAX_LABEL).contains(&key.len()) && key.bytes().all(label_character),
    };
    pub(in crate::local_hub) const LABEL_VALUE: Self = Self {
        text: "^[a-zA-Z0-9._-]*$, at most 100 characters",
        holds: |value| value.len() <= MAX_LABEL && value.bytes().all(label_character),
    };
    pub(super) const ANY: Self = Self { text: "anything", holds: |_| true };
    pub(super) const ENVIRONMENT: Self =
        Self { text: "^[a-zA-Z][_a-zA-Z0-9]+$", holds: |key| key.len() >= 2 && (Self::SECRETS.holds)(key) };
    pub(super) const SECRETS: Self = Self {
        text: "^[a-zA-Z][_a-zA-Z0-9]*$",
        holds: |key| {
            key.starts_with(|first: char| first.is_ascii_alphabetic())
                && key.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
        },
    };
}

fn label_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

//! A value that nobody may see.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString, zeroize::Zeroize as _};

use super::REDACTED;

/// A secret text: erased from memory when dropped, and without any way to print, compare or serialise it.
///
/// It leaves the vault in three ways only: as the Authorization header that [`HfToken::authorize`](super::HfToken::authorize)
/// sets, within a [`SealedBody`](super::SealedBody), and within a [`SealedFile`](super::SealedFile).
///
/// ```compile_fail,E0624
/// let secret = hf_jobs_mcp::secrets::Secret::new(String::from("value"));
/// secret.reveal();
/// ```
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes a value into the vault.
    pub fn new(mut value: String) -> Self {
        // A copy of just the right size: shrinking the buffer itself could leave its old place unerased.
        let secret = Self(SecretString::from(value.as_str()));
        value.zeroize();
        secret
    }

    /// The value, for the vault's own files.
    pub(in crate::secrets) fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fmt::{Display, LowerHex},
        hash::Hash,
        ops::Deref,
    };

    use serde::Serialize;
    use static_assertions::assert_not_impl_any;

    use super::super::{HfToken, SecretEnv};
    use super::*;

    assert_not_impl_any!(
        Secret: Display, LowerHex, Serialize, Deref, PartialEq, PartialOrd, Hash, AsRef<str>, AsRef<[u8]>, Into<String>, ToString
    );
    assert_not_impl_any!(
        HfToken: Display, LowerHex, Serialize, Deref, PartialEq, PartialOrd, Hash, AsRef<str>, AsRef<[u8]>, Into<String>, ToString
    );
    assert_not_impl_any!(SecretEnv: Display, Serialize, Deref, PartialEq, Hash, IntoIterator);

    #[test]
    fn debug_says_redacted() {
        let secret = Secret::new("a value".to_owned());
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "[redacted] Some([redacted])");
        assert_eq!(secret.reveal(), "a value");
    }
}

//! The text of a file with secrets inside.

use std::fmt;
use std::io::{Cursor, Read};
use std::ops::Range;

use secrecy::zeroize::Zeroizing;

use super::{HfToken, REDACTED, Secret};

/// The text of a token file or of `stored_tokens`, or of the door's own. It can be written to a file and nothing else, and is erased from memory
/// when it was.
pub struct SealedFile {
    bytes: Zeroizing<Vec<u8>>,
}

impl SealedFile {
    /// The text of a token file: the token alone, as `huggingface_hub` writes it.
    pub fn token(token: &HfToken) -> Self {
        Self { bytes: Zeroizing::new(token.secret().reveal().as_bytes().to_vec()) }
    }

    /// The text of the file of the door's token: the token and a newline.
    pub fn door_token(token: &Secret) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(token.reveal().len().saturating_add(1)));
        bytes.extend_from_slice(token.reveal().as_bytes());
        bytes.push(b'\n');
        Self { bytes }
    }

    /// What the file is copied from.
    pub fn into_reader(self) -> impl Read + Send {
        Cursor::new(Contents(self.bytes))
    }

    /// A text in which pieces, in their order and apart from each other, have become others. `None`: they are not.
    pub(in crate::secrets) fn spliced(text: &str, changes: &[(Range<usize>, &str)]) -> Option<Self> {
        // Room for all from the start: a buffer that grows leaves its old self behind, unerased.
        let added: usize = changes.iter().map(|(_, new)| new.len()).sum();
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.len().saturating_add(added)));
        let mut copied = 0;
        for (range, new) in changes {
            bytes.extend_from_slice(text.get(copied..range.start)?.as_bytes());
            bytes.extend_from_slice(new.as_bytes());
            copied = range.end;
        }
        bytes.extend_from_slice(text.get(copied..)?.as_bytes());
        Some(Self { bytes })
    }
}

impl fmt::Debug for SealedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// Bytes that are erased once they were read.
struct Contents(Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Contents {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use static_assertions::assert_not_impl_any;

    use super::*;

    assert_not_impl_any!(SealedFile: fmt::Display, serde::Serialize, Clone, AsRef<[u8]>, AsRef<str>);

    fn read(file: SealedFile) -> String {
        let mut text = String::new();
        file.into_reader().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn pieces_are_replaced() {
        let spliced = |changes: &[(Range<usize>, &str)]| SealedFile::spliced("a b c", changes).map(read);
        assert_eq!(spliced(&[]).unwrap(), "a b c");
        assert_eq!(spliced(&[(0..1, "xyz"), (4..5, "")]).unwrap(), "xyz b ");
        assert_eq!(spliced(&[(2..3, "x"), (0..1, "y")]), None);
        assert_eq!(spliced(&[(4..9, "x")]), None);
    }

    #[test]
    fn a_token_stands_alone_in_its_file() {
        let file = SealedFile::token(&HfToken::parse(" a-token\n").unwrap().unwrap());
        assert_eq!(format!("{file:?}"), "[redacted]");
        assert_eq!(read(file), "a-token");
    }
}

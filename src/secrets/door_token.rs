//! The token that opens this server's own door over HTTP. It has nothing to do with the Hub.

use sha2::{Digest as _, Sha256};

use super::Secret;

/// The least characters of a door token: whoever may guess as often as they like must not get anywhere.
pub const MIN_DOOR_TOKEN_CHARS: usize = 16;
/// The most characters of a door token, so that it fits in a header beside all else.
pub const MAX_DOOR_TOKEN_CHARS: usize = 1024;
/// What is kept of the door's token: its SHA-256, so that nothing can show the token, and comparing takes as long for a
/// near miss as for any other.
#[derive(Clone)]
pub struct DoorToken([u8; 32]);

/// Why a text is no token for the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoorTokenFault {
    /// Fewer than [`MIN_DOOR_TOKEN_CHARS`] characters.
    Short,
    /// More than [`MAX_DOOR_TOKEN_CHARS`] characters.
    Long,
    /// A character that no bearer token has (RFC 6750, section 2.1, allows visible ASCII).
    BadCharacter,
    /// It has the form of a token of the Hub, which is not to be handed to clients.
    OfTheHub,
}

impl DoorToken {
    /// Takes the token.
    ///
    /// # Errors
    /// It is none that a door should have.
    pub fn new(token: &Secret) -> Result<Self, DoorTokenFault> {
        let token = token.reveal();
        match token.len() {
            ..MIN_DOOR_TOKEN_CHARS => return Err(DoorTokenFault::Short),
            MIN_DOOR_TOKEN_CHARS..=MAX_DOOR_TOKEN_CHARS => {}
            _ => return Err(DoorTokenFault::Long),
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(DoorTokenFault::BadCharacter);
        }
        if token.starts_with("hf_") || token.starts_with("api_org_") {
            return Err(DoorTokenFault::OfTheHub);
        }
        Ok(Self(Sha256::digest(token).into()))
    }

    /// A fresh token of 256 random bits, in hexadecimal.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn random() -> Result<Secret, getrandom::Error> {
        let mut bits = [[0; 16]; 2];
        for half in &mut bits {
            getrandom::fill(half)?;
        }
        let [first, second] = bits.map(u128::from_ne_bytes);
        Ok(Secret::new(format!("{first:032x}{second:032x}")))
    }

    /// Whether this is the token.
    pub fn is(&self, presented: &[u8]) -> bool {
        let presented: [u8; 32] = Sha256::digest(presented).into();
        // Of all bytes, whichever differs: digests tell nothing of what they are made of, and this does not even tell of them.
        self.0.iter().zip(presented).fold(0, |differing, (kept, given)| differing | (kept ^ given)) == 0
    }
}

#[cfg(test)]
mod tests {
    use static_assertions::assert_not_impl_any;

    use super::*;

    assert_not_impl_any!(DoorToken: std::fmt::Debug, std::fmt::Display, PartialEq, serde::Serialize);

    fn of(text: &str) -> Result<DoorToken, DoorTokenFault> {
        DoorToken::new(&Secret::new(text.to_owned()))
    }

    #[test]
    fn it_is_opened_by_itself_alone() {
        let secret = DoorToken::random().unwrap();
        let door = DoorToken::new(&secret).unwrap();
        let token = secret.reveal();
        assert_eq!(token.len(), 64);
        assert!(door.is(token.as_bytes()));
        let (_, tail) = token.split_at(1);
        for other in ["", "0", tail, &format!("{token}0"), &format!("{token} "), &token.replace(char::is_numeric, "x")]
        {
            assert!(!door.is(other.as_bytes()), "{other}");
        }
        assert_ne!(DoorToken::random().unwrap().reveal(), token);
    }

    #[test]
    fn what_is_no_token_for_a_door() {
        let fault = |text: &str| of(text).err();
        assert_eq!(fault(&"a".repeat(16)), None);
        assert_eq!(fault(&"a".repeat(15)), Some(DoorTokenFault::Short));
        assert_eq!(fault(&"a".repeat(1025)), Some(DoorTokenFault::Long));
        assert_eq!(fault("two words and more"), Some(DoorTokenFault::BadCharacter));
        assert_eq!(fault(&format!("hf_{}", "a".repeat(34))), Some(DoorTokenFault::OfTheHub));
    }
}

//! Randomness for tokens and ids: seeded once from the system, so that it cannot fail later.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

/// Letters in a user token after `hf_`, as secret scanners know them.
const TOKEN_LETTERS: usize = 34;

const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// A generator whose blocks are digests of a secret seed and a counter.
pub(super) struct Random {
    seed: [u8; 32],
    counter: AtomicU64,
}

impl Random {
    /// Takes a seed from the system.
    pub(super) fn new() -> io::Result<Self> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Self { seed, counter: AtomicU64::new(0) })
    }

    fn block(&self) -> [u8; 32] {
        let count = self.counter.fetch_add(1, Ordering::Relaxed);
        let mut digest = Sha256::new();
        digest.update(self.seed);
        digest.update(count.to_le_bytes());
        digest.finalize().into()
    }

    /// `count` hexadecimal digits, at most 64.
    pub(super) fn hex(&self, count: usize) -> String {
        hex(&self.block()).chars().take(count).collect()
    }

    /// A user token: `hf_` and 34 letters.
    pub(super) fn token(&self) -> String {
        // Only bytes below the largest multiple of 52 count, or some letters would be likelier than others.
        let letters = std::iter::repeat_with(|| self.block()).flatten().filter(|byte| *byte < 208);
        let letters = letters.filter_map(|byte| LETTERS.get(usize::from(byte) % LETTERS.len()));
        format!("hf_{}", letters.take(TOKEN_LETTERS).map(|letter| char::from(*letter)).collect::<String>())
    }

    /// A job's id as the Hub makes them: 24 digits, of which the first 8 are the time.
    pub(super) fn job_id(&self, now: SystemTime) -> String {
        let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        format!("{:08x}{}", seconds & 0xffff_ffff, self.hex(16))
    }

    /// A value for `X-Request-Id`, in the form that the Hub's load balancer gives it.
    pub(super) fn request_id(&self, now: SystemTime) -> String {
        let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let parts: Vec<String> = [8, 4, 4, 4, 12].into_iter().map(|digits| self.hex(digits)).collect();
        format!("Root=1-{:08x}-{};{}", seconds & 0xffff_ffff, self.hex(24), parts.join("-"))
    }
}

/// The id that a name always has, so that one organization is the same for each of its members.
pub(super) fn id_of_name(name: &str) -> String {
    hex(&Sha256::digest(name.as_bytes())).chars().take(24).collect()
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_ids_have_the_hubs_forms() {
        let random = Random::new().unwrap();
        let token = random.token();
        assert_eq!(token.len(), 3 + TOKEN_LETTERS);
        assert!(token.trim_start_matches("hf_").chars().all(|letter| letter.is_ascii_alphabetic()));
        assert_ne!(token, random.token());
        let id = random.job_id(SystemTime::now());
        assert!(id.len() == 24 && id.chars().all(|digit| matches!(digit, '0'..='9' | 'a'..='f')), "{id}");
        let (root, uuid) = random.request_id(UNIX_EPOCH).split_once(';').map(|(a, b)| (a.len(), b.len())).unwrap();
        assert_eq!((root, uuid), ("Root=1-".len() + 8 + 1 + 24, 36));
    }
}

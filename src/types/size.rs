//! A number of bytes, for people.

use std::fmt;

/// Bytes, shown as `512 B`, `3.1 KiB`, `1 MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(u64);

impl Size {
    /// So many bytes.
    pub fn of(bytes: usize) -> Self {
        Self(u64::try_from(bytes).unwrap_or(u64::MAX))
    }

    /// The bytes.
    pub fn bytes(self) -> u64 {
        self.0
    }
}

impl From<u64> for Size {
    fn from(bytes: u64) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut unit = 1_u128;
        for (at, name) in ["B", "KiB", "MiB", "GiB", "TiB"].into_iter().enumerate() {
            let tenths = (u128::from(self.0) * 10 + unit / 2) / unit;
            if tenths < 10_240 || at == 4 {
                return match tenths % 10 {
                    0 => write!(f, "{} {name}", tenths / 10),
                    tenth => write!(f, "{}.{tenth} {name}", tenths / 10),
                };
            }
            unit *= 1024;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_one_decimal_at_most() {
        for (bytes, shown) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (3174, "3.1 KiB"),
            (1_048_575, "1 MiB"),
            (1_048_576, "1 MiB"),
            (15_032_385_536, "14 GiB"),
            (u64::MAX, "16777216 TiB"),
        ] {
            assert_eq!(Size::from(bytes).to_string(), shown);
        }
    }
}

//! The processor that a job's image is made for.

use std::fmt;
use std::str::FromStr;

use crate::error::Problem;

/// A processor architecture, as the Hub names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arch {
    /// 64-bit x86, the Hub's default.
    Amd64,
    /// 64-bit ARM.
    Arm64,
}

impl Arch {
    /// Reads the Hub's names; other names of the same processors are refused with these.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let expected = "`amd64` or `arm64`";
        match text {
            "amd64" => Ok(Self::Amd64),
            "arm64" => Ok(Self::Arm64),
            _ => Err(match text.trim().to_ascii_lowercase().as_str() {
                "amd64" | "x86_64" | "x86-64" | "x64" => Problem::malformed_instead(text, expected, "amd64"),
                "arm64" | "aarch64" => Problem::malformed_instead(text, expected, "arm64"),
                _ => Problem::malformed(text, expected),
            }),
        }
    }

    /// The Hub's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }
}

impl FromStr for Arch {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_two() {
        for arch in [Arch::Amd64, Arch::Arm64] {
            assert_eq!(Arch::parse(arch.as_str()), Ok(arch));
        }
        for (text, expected) in [("x86_64", Some("amd64")), ("AArch64", Some("arm64")), ("riscv", None), ("", None)] {
            let Err(Problem::Malformed { instead, .. }) = Arch::parse(text) else { panic!("{text}") };
            assert_eq!(instead, expected.map(Into::into), "{text}");
        }
    }
}

//! The letters of a tool right.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Letters of a tool right: read, write, add, delete. At least one when parsed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Letters(pub(super) u8);

impl Letters {
    /// Read.
    pub const R: Self = Self(1);
    /// Write.
    pub const W: Self = Self(2);
    /// Add.
    pub const A: Self = Self(4);
    /// Delete.
    pub const D: Self = Self(8);
    /// All four.
    pub const ALL: Self = Self(15);

    /// No letter at all.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Every letter of `other` is among these.
    pub fn contains(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Letters of either.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Letters of both.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Letters of `self` that `other` lacks.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl fmt::Display for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (bit, letter) in [(1, 'R'), (2, 'W'), (4, 'A'), (8, 'D')] {
            if self.0 & bit != 0 {
                write!(f, "{letter}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that names no right letters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` must be letters of RWAD, each at most once")]
pub struct BadLetters(pub String);

impl FromStr for Letters {
    type Err = BadLetters;
    fn from_str(text: &str) -> Result<Self, BadLetters> {
        let mut bits = 0;
        for letter in text.chars() {
            let bit = match letter {
                'R' => 1,
                'W' => 2,
                'A' => 4,
                'D' => 8,
                _ => 0,
            };
            if bit == 0 || bits & bit != 0 {
                return Err(BadLetters(text.to_owned()));
            }
            bits |= bit;
        }
        if bits == 0 {
            Err(BadLetters(text.to_owned()))
        } else {
            Ok(Self(bits))
        }
    }
}

impl TryFrom<String> for Letters {
    type Error = BadLetters;
    fn try_from(text: String) -> Result<Self, BadLetters> {
        text.parse()
    }
}

impl From<Letters> for String {
    fn from(letters: Letters) -> String {
        letters.to_string()
    }
}

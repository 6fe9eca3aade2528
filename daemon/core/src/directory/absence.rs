//! Why an entry that we know was not among those read.

use serde::{Deserialize, Serialize};

/// What looking an absent id up by itself found. Rule: directory design, proof before absence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Absence {
    /// Neither its last DN nor its id exists any more, while the container it lay in is readable.
    Deleted,
    /// It exists under a name outside the source's base.
    MovedOut,
    /// It exists within the base and the filter no longer matches it.
    LeftFilter,
    /// It is there and matches, so the read must have been kept from it (access rules, a limit).
    Hidden,
    /// The look-up could not tell.
    Unknown,
}

impl Absence {
    /// Explains the absence, so that it may act once two complete reads agree. Hidden and unknown never do.
    pub fn acts(self) -> bool {
        matches!(self, Self::Deleted | Self::MovedOut | Self::LeftFilter)
    }

    /// The word of the verdict.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::MovedOut => "moved out of scope",
            Self::LeftFilter => "left the filter",
            Self::Hidden => "hidden",
            Self::Unknown => "unknown",
        }
    }
}

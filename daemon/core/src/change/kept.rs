//! What leaves the register again: rows that have grown old, and people who are to be erased.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

use crate::id::{DistrictId, PersonId};

/// Rows that have grown old, of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Forgotten {
    /// Of what kind.
    pub what: Kept,
    /// Older than this.
    pub before: Timestamp,
    /// How many; the oldest.
    pub rows: usize,
}

impl fmt::Display for Forgotten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, before) = (self.what.word(), self.before);
        write!(f, "{} {what} from before {before}", self.rows)
    }
}

/// What is kept for a time and then forgotten. The journal is no such thing: it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// Decisions that were recorded.
    Decisions,
    /// Ids of activity events, by which a second event of the same id is known.
    Activity,
    /// Notices that went out or were withdrawn, with their attempts.
    Notices,
    /// Alarms.
    Alarms,
    /// Lines of access logs.
    AccessLog,
    /// Sessions that were closed.
    Sessions,
}

impl Kept {
    /// All kinds with their words.
    pub const WORDS: [(Self, &'static str); 6] = [
        (Self::Decisions, "decisions"),
        (Self::Activity, "activity"),
        (Self::Notices, "notices"),
        (Self::Alarms, "alarms"),
        (Self::AccessLog, "access-log"),
        (Self::Sessions, "sessions"),
    ];

    /// The word of the kind.
    pub fn word(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(kept, _)| *kept == self)
            .map_or("", |(_, word)| word)
    }
}

/// A person of whom nothing is to be left but the register's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Erased {
    /// Whose data.
    pub person: PersonId,
    /// Their district, if the register still knew it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub district: Option<DistrictId>,
    /// Entries of the journal whose values go.
    pub entries: u64,
}

impl fmt::Display for Erased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (person, entries) = (&self.person, self.entries);
        write!(
            f,
            "everything of person {person}, and the values of {entries} entries of the journal"
        )
    }
}

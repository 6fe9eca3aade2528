//! What is asked of a run, and what it came to.

use provost_core::change::{Actor, Change};
use provost_core::directory::{Concern, Remark, Summary};
use provost_core::id::{Revision, SourceId};
use serde::{Deserialize, Serialize};

/// Who lets a plan through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Approval {
    /// The timer: a first plan, many new roles and everything that a guard refuses wait.
    Automatic,
    /// An operator who has not seen the plan: what a guard refuses still does not pass.
    Operator(String),
    /// An operator who has seen this very plan: it passes whatever the guards say, and no other plan does.
    Exactly {
        /// The operator.
        operator: String,
        /// Hash of the plan.
        hash: String,
    },
}

impl Approval {
    pub(super) fn actor(&self, source: &SourceId) -> Actor {
        match self {
            Self::Automatic => Actor::Source(source.clone()),
            Self::Operator(name) | Self::Exactly { operator: name, .. } => {
                Actor::Operator(name.clone())
            }
        }
    }

    /// What stands between this approval and the plan.
    pub(super) fn objections<'s>(&self, concerns: &'s [Concern]) -> Vec<&'s Concern> {
        let concerns = concerns.iter();
        match self {
            Self::Automatic => concerns.collect(),
            Self::Operator(_) => concerns.filter(|concern| concern.refuses()).collect(),
            Self::Exactly { .. } => Vec::new(),
        }
    }
}

/// How much of a directory is asked for or was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Extent {
    /// All of it.
    #[default]
    Everything,
    /// What changed since the last read, where the server can tell and everything is not due.
    Changes,
    /// Nothing: nothing has changed since the last read.
    Nothing,
}

/// What one run came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum Outcome {
    /// Written; an empty plan writes nothing.
    Applied {
        /// The revision since.
        revision: Revision,
    },
    /// Nothing written: the plan waits for an operator.
    Waiting,
    /// Nothing written: a guard refuses the plan.
    Refused,
    /// Nothing written: this is not the plan that was approved.
    Moved,
}

/// What one run found and did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// The source.
    pub source: SourceId,
    /// The server that was read.
    pub server: String,
    /// How much of it was.
    #[serde(default)]
    pub extent: Extent,
    /// Why everything was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Counts, hash and concerns.
    pub summary: Summary,
    /// The first remarks on single entries.
    pub remarks: Vec<Remark>,
    /// How many remarks there were.
    pub remarks_in_all: u64,
    /// What became of it; `None` where only a plan was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<Outcome>,
}

/// One line of a plan, as it streams by.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// A write.
    Change(Change),
    /// Something that an operator should know.
    Remark(Remark),
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Change(change) => change.fmt(f),
            Self::Remark(remark) => remark.fmt(f),
        }
    }
}

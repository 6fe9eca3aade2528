//! How old what the register knows of a directory is, for operators and their alarms.

use jiff::{SignedDuration, Timestamp};

use super::SourceState;
use crate::config::source::Source;

/// The age of a source's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freshness {
    /// Time since the directory last answered completely, with everything or with all that changed.
    pub age: Option<SignedDuration>,
    /// When it is asked next, if all goes well.
    pub next_due: Option<Timestamp>,
    /// Two rounds, or two verifications, have passed without success.
    pub overdue: bool,
}

impl SourceState {
    /// The age of what is known at `now`. A source that was tried and never answered is overdue.
    pub fn freshness(&self, source: &Source, now: Timestamp) -> Freshness {
        let older = |at: Option<Timestamp>, than| {
            let limit = at.and_then(|at| at.checked_add(than).ok()?.checked_add(than).ok());
            limit.is_none_or(|limit| limit < now)
        };
        let overdue = match self.tried {
            None => false,
            Some(_) => older(self.answered, source.every) || older(self.read, source.verify_every),
        };
        Freshness {
            age: self.answered.map(|at| now.duration_since(at)),
            next_due: self.tried.and_then(|at| at.checked_add(source.every).ok()),
            overdue,
        }
    }
}

//! Why the sync treats one person as it does.

use jiff::Timestamp;
use provost_core::directory::{Observed, Pair};
use provost_core::id::FeedId;
use provost_core::person::Person;
use std::sync::Arc;

use super::{Line, SyncError, Syncs, blocking, compare};
use crate::config::source::Source;
use crate::store::Compared;

/// What was read of one person, how it was mapped, and what follows.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The stable id.
    pub stable_id: String,
    /// The register's person, if it has them.
    pub ours: Option<Person>,
    /// What the last read says, mapped.
    pub theirs: Option<Observed>,
    /// What looking the id up said, if the entry was not read.
    pub absence: Option<&'static str>,
    /// Changes and remarks that follow.
    pub lines: Vec<Line>,
}

impl Syncs {
    /// Explains one stable id from the last read of the source; `None` if neither side knows it.
    ///
    /// # Errors
    /// [`SyncError`] if the register cannot be read.
    pub async fn explain(
        &self,
        source: &Arc<Source>,
        feed: Option<FeedId>,
        at: Timestamp,
        stable_id: &str,
    ) -> Result<Option<Explanation>, SyncError> {
        let (run, stable_id) = (self.run(source, feed, at), stable_id.to_owned());
        blocking(move || {
            let snapshot = run.store.read()?;
            let compared = Compared {
                source: &run.source.id,
                district: &run.source.district,
            };
            let Some(pair) = snapshot.comparing(compared).pair(&stable_id)? else {
                return Ok(None);
            };
            let (ours, theirs, absence) = sides(&pair);
            let (lines, _) = compare::one(&run, &snapshot, pair)?;
            Ok(Some(Explanation {
                stable_id,
                ours,
                theirs,
                absence,
                lines,
            }))
        })
        .await
    }
}

fn sides(pair: &Pair) -> (Option<Person>, Option<Observed>, Option<&'static str>) {
    match pair {
        Pair::Both(ours, theirs) => (
            Some(ours.person.clone()),
            Some(theirs.observed.clone()),
            None,
        ),
        Pair::Theirs(theirs) => (None, Some(theirs.observed.clone()), None),
        Pair::Ours(ours, absence) => (Some(ours.person.clone()), None, Some(absence.word())),
        Pair::Deleted(ours) => (Some(ours.person.clone()), None, Some("deleted")),
        Pair::Unusable(ours) => (
            Some(ours.person.clone()),
            None,
            Some("read, but cannot be used"),
        ),
        Pair::Unknown => (None, None, None),
    }
}

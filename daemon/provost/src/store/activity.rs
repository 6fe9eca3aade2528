//! Activity events, known by their ids.

use provost_core::contact::Activity;
use provost_core::id::{EventId, PersonId};
use rusqlite::params;
use std::collections::BTreeSet;

use super::commit::Commit;
use super::error::{CommitError, StoreError};
use super::row::{execute, limit, many, micros, to_body, value};
use super::snapshot::Snapshot;

/// Records an event. Duplicates are the flow's to ignore; one that slipped in since it looked refuses the plan.
pub(super) fn add(commit: &Commit<'_>, activity: &Activity) -> Result<(), CommitError> {
    let added = execute(
        commit.connection,
        "write an activity event",
        include_str!("activity/add.sql"),
        params![
            activity.id.as_str(),
            activity.person.as_str(),
            micros(activity.occurred),
            to_body("activity", activity)?,
        ],
    )?;
    if added == 1 {
        return Ok(());
    }
    const HOLDER: &str = "SELECT person FROM activity WHERE id = ?1";
    let id = activity.id.as_str();
    let holder = value(commit.connection, "find an activity event", HOLDER, [id])?;
    Err(CommitError::Duplicate {
        what: format!("activity event {id}"),
        holder: holder.unwrap_or_default(),
    })
}

impl Snapshot<'_> {
    /// Which of these events the register knows already. Rule: domain §3, duplicates by event id are ignored.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn known_activities<'i>(
        &self,
        ids: impl IntoIterator<Item = &'i EventId>,
    ) -> Result<BTreeSet<EventId>, StoreError> {
        const SQL: &str = "SELECT 1 FROM activity WHERE id = ?1";
        let mut known = BTreeSet::new();
        for id in ids {
            let found: Option<i64> = value(
                self.connection(),
                "find an activity event",
                SQL,
                [id.as_str()],
            )?;
            if found.is_some() {
                known.insert(id.clone());
            }
        }
        Ok(known)
    }

    /// The latest events of a person, newest first.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn activities(&self, person: &PersonId, rows: usize) -> Result<Vec<Activity>, StoreError> {
        let sql = include_str!("activity/person.sql");
        let params = params![person.as_str(), limit(rows)];
        many(self.connection(), "activity", sql, params)
    }
}

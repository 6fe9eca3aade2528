//! Rows that have grown old: found by a reader, removed by a commit, a bounded batch at a time.

use jiff::Timestamp;
use provost_core::change::{Forgotten, Kept};
use rusqlite::{Connection, params};

use super::commit::Commit;
use super::error::{CommitError, StoreError};
use super::row::{execute, limit, micros, values};
use super::snapshot::Snapshot;

const WHAT: &str = "look for what has grown old";

/// The ids of the oldest rows of a kind from before a moment, as texts.
fn old(
    connection: &Connection,
    what: Kept,
    before: Timestamp,
    rows: usize,
) -> Result<Vec<String>, StoreError> {
    let sql = match what {
        Kept::Decisions => include_str!("decisions.sql"),
        Kept::Activity => include_str!("activity.sql"),
        Kept::Notices => include_str!("notices.sql"),
        Kept::Alarms => include_str!("alarms.sql"),
        Kept::AccessLog => include_str!("access_log.sql"),
        Kept::Sessions => include_str!("sessions.sql"),
    };
    values(connection, WHAT, sql, params![micros(before), limit(rows)])
}

/// Removes what a commit forgets. Rows that have gone by themselves since the plan was made are no reason to refuse it.
pub(super) fn forget(commit: &Commit<'_>, forgotten: &Forgotten) -> Result<(), CommitError> {
    const ATTEMPTS: &str = "DELETE FROM delivery WHERE notice = ?1";
    let sql = match forgotten.what {
        Kept::Decisions => "DELETE FROM decision WHERE id = CAST(?1 AS INTEGER)",
        Kept::Activity => "DELETE FROM activity WHERE id = ?1",
        Kept::Notices => "DELETE FROM notice WHERE id = ?1",
        Kept::Alarms => "DELETE FROM alarm WHERE seq = CAST(?1 AS INTEGER)",
        Kept::AccessLog => "DELETE FROM access WHERE seq = CAST(?1 AS INTEGER)",
        Kept::Sessions => "DELETE FROM session WHERE id = ?1",
    };
    let ids = old(
        commit.connection,
        forgotten.what,
        forgotten.before,
        forgotten.rows,
    )?;
    for id in ids {
        if forgotten.what == Kept::Notices {
            execute(commit.connection, "forget attempts", ATTEMPTS, [&id])?;
        }
        execute(commit.connection, "forget what has grown old", sql, [&id])?;
    }
    Ok(())
}

impl Snapshot<'_> {
    /// How many rows of a kind are from before that moment, counted no further than `rows`.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn grown_old(
        &self,
        what: Kept,
        before: Timestamp,
        rows: usize,
    ) -> Result<usize, StoreError> {
        Ok(old(self.connection(), what, before, rows)?.len())
    }
}

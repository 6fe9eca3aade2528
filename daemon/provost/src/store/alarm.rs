//! Alarms to the operators.

use provost_core::notice::Alarm;
use rusqlite::params;

use super::Page;
use super::commit::Commit;
use super::error::{CommitError, StoreError};
use super::row::{execute, limit, numbered, to_body};
use super::snapshot::Snapshot;

pub(super) fn add(commit: &Commit<'_>, alarm: &Alarm) -> Result<(), CommitError> {
    const ADD: &str = "INSERT INTO alarm (code, body) VALUES (?1, ?2)";
    let body = to_body("alarm", alarm)?;
    execute(
        commit.connection,
        "raise an alarm",
        ADD,
        params![alarm.code, body],
    )?;
    Ok(())
}

impl Snapshot<'_> {
    /// Alarms with their numbers, newest first.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn alarms(&self, page: Page) -> Result<Vec<(u64, Alarm)>, StoreError> {
        const SQL: &str = "SELECT seq, body FROM alarm WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2";
        let params = params![page.bound(), limit(page.rows)];
        numbered(self.connection(), "alarm", SQL, params)
    }
}

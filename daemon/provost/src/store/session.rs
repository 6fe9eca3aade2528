//! Sessions of the application.

use provost_core::id::SessionId;
use provost_core::session::Session;
use rusqlite::params;

use super::commit::{Commit, Expected};
use super::error::{CommitError, StoreError};
use super::row::{execute, one, to_body, value};
use super::snapshot::Snapshot;

pub(super) fn put(
    commit: &Commit<'_>,
    expected: Expected,
    after: &Session,
) -> Result<(), CommitError> {
    const STORED: &str = "SELECT revision FROM session WHERE id = ?1";
    let id = after.id.as_str();
    let stored = value(commit.connection, "find a session", STORED, [id])?;
    commit.check(stored, expected, || format!("session {id}"))?;
    execute(
        commit.connection,
        "write a session",
        include_str!("session/put.sql"),
        params![id, commit.number(), to_body("session", after)?],
    )?;
    Ok(())
}

impl Snapshot<'_> {
    /// A session, open or closed.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn session(&self, id: &SessionId) -> Result<Option<Session>, StoreError> {
        self.session_by_name(id.as_str())
    }

    /// A session by a text that may be no id at all.
    pub(super) fn session_by_name(&self, id: &str) -> Result<Option<Session>, StoreError> {
        const SQL: &str = "SELECT body FROM session WHERE id = ?1";
        one(self.connection(), "session", SQL, [id])
    }
}

//! Access logs. Rule: `login-as.third-party`.

use provost_core::id::PersonId;
use provost_core::session::Access;
use rusqlite::params;

use super::Page;
use super::commit::Commit;
use super::error::{CommitError, StoreError};
use super::row::{execute, limit, numbered, to_body};
use super::snapshot::Snapshot;

pub(super) fn add(commit: &Commit<'_>, access: &Access) -> Result<(), CommitError> {
    const ADD: &str = "INSERT INTO access (person, body) VALUES (?1, ?2)";
    let body = to_body("access", access)?;
    execute(
        commit.connection,
        "write an access log",
        ADD,
        params![access.person.as_str(), body],
    )?;
    Ok(())
}

impl Snapshot<'_> {
    /// Lines of a person's access log with their numbers, newest first.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn access_log(
        &self,
        person: &PersonId,
        page: Page,
    ) -> Result<Vec<(u64, Access)>, StoreError> {
        let sql = include_str!("access/page.sql");
        let params = params![person.as_str(), page.bound(), limit(page.rows)];
        numbered(self.connection(), "access", sql, params)
    }
}

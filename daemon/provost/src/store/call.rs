//! Calls with the vendor's support.

use provost_core::call::Call;
use provost_core::id::{CallId, DistrictId};
use rusqlite::params;

use super::commit::{Commit, Expected};
use super::error::{CommitError, StoreError};
use super::row::{execute, limit, many, one, to_body, value};
use super::snapshot::Snapshot;

pub(super) fn put(
    commit: &Commit<'_>,
    expected: Expected,
    after: &Call,
) -> Result<(), CommitError> {
    const STORED: &str = "SELECT revision FROM call WHERE id = ?1";
    let id = after.id.as_str();
    let stored = value(commit.connection, "find a call", STORED, [id])?;
    commit.check(stored, expected, || format!("call {id}"))?;
    execute(
        commit.connection,
        "write a call",
        include_str!("call/put.sql"),
        params![
            id,
            after.district.as_str(),
            commit.number(),
            to_body("call", after)?
        ],
    )?;
    Ok(())
}

impl Snapshot<'_> {
    /// A call.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn call(&self, id: &CallId) -> Result<Option<Call>, StoreError> {
        self.call_by_name(id.as_str())
    }

    /// A call by a text that may be no id at all.
    pub(super) fn call_by_name(&self, id: &str) -> Result<Option<Call>, StoreError> {
        const SQL: &str = "SELECT body FROM call WHERE id = ?1";
        one(self.connection(), "call", SQL, [id])
    }

    /// Calls after `after` by id, of one district or of all, at most `rows`.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn calls_page(
        &self,
        district: Option<&DistrictId>,
        after: &str,
        rows: usize,
    ) -> Result<Vec<Call>, StoreError> {
        let sql = include_str!("call/page.sql");
        let params = params![district.map(DistrictId::as_str), after, limit(rows)];
        many(self.connection(), "call", sql, params)
    }
}

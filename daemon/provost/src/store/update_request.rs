//! Requests for site refreshes and version updates.

use provost_core::id::{DistrictId, UpdateId};
use provost_core::update::{UpdateRequest, UpdateState};
use rusqlite::params;

use super::commit::{Commit, Expected};
use super::error::{CommitError, StoreError};
use super::row::{execute, limit, many, one, to_body, value};
use super::snapshot::Snapshot;

pub(super) fn put(
    commit: &Commit<'_>,
    expected: Expected,
    after: &UpdateRequest,
) -> Result<(), CommitError> {
    const STORED: &str = "SELECT revision FROM update_request WHERE id = ?1";
    let id = after.id.as_str();
    let stored = value(commit.connection, "find an update request", STORED, [id])?;
    commit.check(stored, expected, || format!("update request {id}"))?;
    execute(
        commit.connection,
        "write an update request",
        include_str!("update_request/put.sql"),
        params![
            id,
            after.district.as_str(),
            commit.number(),
            to_body("update request", after)?
        ],
    )?;
    Ok(())
}

impl Snapshot<'_> {
    /// A request for an update.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn update_request(&self, id: &UpdateId) -> Result<Option<UpdateRequest>, StoreError> {
        const SQL: &str = "SELECT body FROM update_request WHERE id = ?1";
        one(self.connection(), "update request", SQL, [id.as_str()])
    }

    /// Requests after `after` by id, at most `rows`: of one district or of all, in one state or in any.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn update_requests_page(
        &self,
        district: Option<&DistrictId>,
        state: Option<UpdateState>,
        after: &str,
        rows: usize,
    ) -> Result<Vec<UpdateRequest>, StoreError> {
        let sql = include_str!("update_request/page.sql");
        let params = params![
            district.map(DistrictId::as_str),
            after,
            limit(rows),
            state.map(UpdateState::word)
        ];
        many(self.connection(), "update request", sql, params)
    }
}

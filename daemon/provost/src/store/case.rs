//! Support cases.

use provost_core::case::Case;
use provost_core::id::{CaseId, DistrictId};
use rusqlite::params;

use super::commit::{Commit, Expected};
use super::error::{CommitError, StoreError};
use super::row::{execute, limit, many, one, to_body, value};
use super::snapshot::Snapshot;

pub(super) fn put(
    commit: &Commit<'_>,
    expected: Expected,
    after: &Case,
) -> Result<(), CommitError> {
    const STORED: &str = "SELECT revision FROM support_case WHERE id = ?1";
    let id = after.id.as_str();
    let stored = value(commit.connection, "find a case", STORED, [id])?;
    commit.check(stored, expected, || format!("case {id}"))?;
    execute(
        commit.connection,
        "write a case",
        include_str!("case/put.sql"),
        params![
            id,
            after.district.as_str(),
            commit.number(),
            to_body("case", after)?
        ],
    )?;
    Ok(())
}

impl Snapshot<'_> {
    /// A case.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn case(&self, id: &CaseId) -> Result<Option<Case>, StoreError> {
        self.case_by_name(id.as_str())
    }

    /// A case by a text that may be no id at all.
    pub(super) fn case_by_name(&self, id: &str) -> Result<Option<Case>, StoreError> {
        const SQL: &str = "SELECT body FROM support_case WHERE id = ?1";
        one(self.connection(), "case", SQL, [id])
    }

    /// Cases after `after` by id, of one district or of all, at most `rows`.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn cases_page(
        &self,
        district: Option<&DistrictId>,
        after: &str,
        rows: usize,
    ) -> Result<Vec<Case>, StoreError> {
        let sql = include_str!("case/page.sql");
        let params = params![district.map(DistrictId::as_str), after, limit(rows)];
        many(self.connection(), "case", sql, params)
    }

    /// All cases of a district, by id.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn cases(&self, district: &DistrictId) -> Result<Vec<Case>, StoreError> {
        const SQL: &str = "SELECT body FROM support_case WHERE district = ?1 ORDER BY id";
        many(self.connection(), "case", SQL, [district.as_str()])
    }
}

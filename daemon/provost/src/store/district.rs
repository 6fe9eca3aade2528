//! Districts.

use provost_core::district::District;
use provost_core::id::DistrictId;
use rusqlite::params;

use super::commit::{Commit, Expected};
use super::error::{CommitError, StoreError};
use super::row::{execute, many, one, to_body, value};
use super::snapshot::Snapshot;

pub(super) fn put(
    commit: &Commit<'_>,
    expected: Expected,
    after: &District,
) -> Result<(), CommitError> {
    const STORED: &str = "SELECT revision FROM district WHERE id = ?1";
    let id = after.id.as_str();
    let stored = value(commit.connection, "find a district", STORED, [id])?;
    commit.check(stored, expected, || format!("district {id}"))?;
    execute(
        commit.connection,
        "write a district",
        include_str!("district/put.sql"),
        params![id, commit.number(), to_body("district", after)?],
    )?;
    Ok(())
}

impl Snapshot<'_> {
    /// A district.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn district(&self, id: &DistrictId) -> Result<Option<District>, StoreError> {
        const SQL: &str = "SELECT body FROM district WHERE id = ?1";
        one(self.connection(), "district", SQL, [id.as_str()])
    }

    /// All districts, by id.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn districts(&self) -> Result<Vec<District>, StoreError> {
        const SQL: &str = "SELECT body FROM district ORDER BY id";
        many(self.connection(), "district", SQL, [])
    }
}

//! How far the activity feeds have come.

use provost_core::change::FeedMark;
use provost_core::id::{DistrictId, FeedId};
use rusqlite::params;

use super::commit::{Commit, Expected};
use super::error::{CommitError, StoreError};
use super::row::{execute, many, one, to_body, value};
use super::snapshot::Snapshot;

pub(super) fn put(
    commit: &Commit<'_>,
    expected: Expected,
    after: &FeedMark,
) -> Result<(), CommitError> {
    const STORED: &str = "SELECT revision FROM feed WHERE id = ?1";
    let id = after.feed.as_str();
    let stored = value(commit.connection, "find a feed", STORED, [id])?;
    commit.check(stored, expected, || format!("feed {id}"))?;
    execute(
        commit.connection,
        "write a feed",
        include_str!("feed/put.sql"),
        params![
            id,
            after.district.as_str(),
            commit.number(),
            to_body("feed", after)?
        ],
    )?;
    Ok(())
}

impl Snapshot<'_> {
    /// How far a feed has come; `None` as long as it has never reported.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn feed(&self, id: &FeedId) -> Result<Option<FeedMark>, StoreError> {
        const SQL: &str = "SELECT body FROM feed WHERE id = ?1";
        one(self.connection(), "feed", SQL, [id.as_str()])
    }

    /// The feeds that have reported, of one district or of all, by id.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn feeds(&self, district: Option<&DistrictId>) -> Result<Vec<FeedMark>, StoreError> {
        const ALL: &str = "SELECT body FROM feed ORDER BY id";
        const OF: &str = "SELECT body FROM feed WHERE district = ?1 ORDER BY id";
        match district {
            None => many(self.connection(), "feed", ALL, []),
            Some(district) => many(self.connection(), "feed", OF, [district.as_str()]),
        }
    }
}

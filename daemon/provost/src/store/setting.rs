//! Small values that the daemon must not forget, e.g. the highest wall time seen.

use rusqlite::Connection;
use serde::de::DeserializeOwned;

use super::error::StoreError;
use super::row::{execute, one};
use super::snapshot::Snapshot;

pub(super) fn put(connection: &Connection, key: &str, value: &str) -> Result<(), StoreError> {
    execute(
        connection,
        "write a setting",
        include_str!("setting/put.sql"),
        [key, value],
    )
    .map(drop)
}

impl Snapshot<'_> {
    /// The register's own name, which it has had since it was made.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn name(&self) -> Result<String, StoreError> {
        Ok(self.get("register.id")?.unwrap_or_default())
    }

    /// A value that was kept by [`Store::put`](super::Store::put); `None` if none ever was.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read, or the value is of another type.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        const SQL: &str = "SELECT value FROM setting WHERE key = ?1";
        one(self.connection(), "setting", SQL, [key])
    }
}

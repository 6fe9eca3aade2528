//! Tokens of programs.

use provost_core::token::Token;
use rusqlite::params;

use super::commit::{Commit, Expected};
use super::error::{CommitError, StoreError};
use super::row::{execute, many, to_body, value};
use super::snapshot::Snapshot;

pub(super) fn put(
    commit: &Commit<'_>,
    expected: Expected,
    after: &Token,
) -> Result<(), CommitError> {
    const STORED: &str = "SELECT revision FROM token WHERE id = ?1";
    let id = after.id.as_str();
    let stored = value(commit.connection, "find a token", STORED, [id])?;
    commit.check(stored, expected, || format!("token {id}"))?;
    execute(
        commit.connection,
        "write a token",
        include_str!("token/put.sql"),
        params![id, commit.number(), to_body("token", after)?],
    )?;
    Ok(())
}

impl Snapshot<'_> {
    /// Every token ever made, by id.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        const SQL: &str = "SELECT body FROM token ORDER BY id";
        many(self.connection(), "token", SQL, [])
    }
}

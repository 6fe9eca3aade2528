//! The tool catalogue: which tool has which place in rights sets.
//!
//! The table only grows, and a place is never given again once it was committed. So a catalogue that knows more than a
//! snapshot is as good as the snapshot's own, and all readers share the longest.

use provost_core::rights::{ToolName, Tools};
use rusqlite::Connection;
use std::sync::{Arc, PoisonError, RwLock};

use super::error::StoreError;
use super::row::{execute, limit, value, values};
use super::snapshot::Snapshot;

/// Gives a tool its place, if it has none yet.
pub(super) fn intern(connection: &Connection, name: &ToolName) -> Result<(), StoreError> {
    let sql = include_str!("tool/intern.sql");
    execute(connection, "give a tool its place", sql, [name.to_string()]).map(drop)
}

/// The catalogue that all readers share.
#[derive(Default)]
pub(super) struct Catalogue(RwLock<Arc<Tools>>);

impl Catalogue {
    /// A catalogue that has every tool that the connection sees.
    pub(super) fn covering(&self, connection: &Connection) -> Result<Arc<Tools>, StoreError> {
        const LAST: &str = "SELECT max(place) FROM tool";
        let last: Option<Option<i64>> = value(connection, "read the tool catalogue", LAST, [])?;
        let wanted = last
            .flatten()
            .map_or(0, |last| last.unsigned_abs() as usize + 1);
        let known = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        if known.len() >= wanted {
            return Ok(known);
        }
        let longer = Arc::new(extended(&known, connection)?);
        let mut shared = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if shared.len() < longer.len() {
            *shared = Arc::clone(&longer);
        }
        Ok(longer)
    }
}

impl Snapshot<'_> {
    /// Names of the tools that the register knows, after `after`, at most `rows`.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn tools(&self, after: &str, rows: usize) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "SELECT name FROM tool WHERE name > ?1 ORDER BY name LIMIT ?2";
        let params = rusqlite::params![after, limit(rows)];
        values(self.connection(), "list the tools", SQL, params)
    }
}

/// The catalogue with the tools that the connection sees beyond it.
fn extended(known: &Tools, connection: &Connection) -> Result<Tools, StoreError> {
    const NEWER: &str = "SELECT name FROM tool WHERE place >= ?1 ORDER BY place";
    let from = i64::try_from(known.len()).unwrap_or(i64::MAX);
    let newer: Vec<String> = values(connection, "read the tool catalogue", NEWER, [from])?;
    let mut tools = known.clone();
    for name in newer {
        let tool = name.parse().map_err(|_| StoreError::Value {
            noun: "name of a tool",
            found: name,
        })?;
        tools.intern(&tool);
    }
    Ok(tools)
}

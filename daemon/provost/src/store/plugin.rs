//! Plugins with their versions, and the components themselves.

use provost_core::id::PluginId;
use provost_core::plugin::Installed;
use rusqlite::params;
use std::collections::BTreeMap;

use super::Store;
use super::commit::{Commit, Expected};
use super::error::{CommitError, StoreError};
use super::row::{execute, many, to_body, value};
use super::snapshot::Snapshot;
use super::writer::Company;

pub(super) fn put(
    commit: &Commit<'_>,
    expected: Expected,
    after: &Installed,
) -> Result<(), CommitError> {
    const STORED: &str = "SELECT revision FROM plugin WHERE id = ?1";
    let id = after.id.as_str();
    let stored = value(commit.connection, "find a plugin", STORED, [id])?;
    commit.check(stored, expected, || format!("plugin {id}"))?;
    execute(
        commit.connection,
        "write a plugin",
        include_str!("plugin/put.sql"),
        params![id, commit.number(), to_body("plugin", after)?],
    )?;
    execute(
        commit.connection,
        "forget components of versions that are forgotten",
        include_str!("plugin/forget_components.sql"),
        [],
    )?;
    Ok(())
}

impl Store {
    /// Keeps a component under its hash until the next commit about a plugin, and from then on if a version has it. What
    /// is kept under a hash is not trusted: whoever reads it hashes it again.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub fn keep_component(&self, hash: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        const KEEP: &str = "INSERT OR REPLACE INTO plugin_component (hash, bytes) VALUES (?1, ?2)";
        let hash = hash.to_owned();
        self.submit(Company::Shared, move |writing| {
            let what = "keep a component";
            execute(writing.connection(), what, KEEP, params![hash, bytes]).map(drop)
        })
    }
}

impl Snapshot<'_> {
    /// Every plugin that the register knows, by id.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn plugins(&self) -> Result<BTreeMap<PluginId, Installed>, StoreError> {
        const SQL: &str = "SELECT body FROM plugin ORDER BY id";
        let plugins: Vec<Installed> = many(self.connection(), "plugin", SQL, [])?;
        Ok(plugins
            .into_iter()
            .map(|plugin| (plugin.id.clone(), plugin))
            .collect())
    }

    /// The component that is kept under a hash.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn component(&self, hash: &str) -> Result<Option<Vec<u8>>, StoreError> {
        const SQL: &str = "SELECT bytes FROM plugin_component WHERE hash = ?1";
        value(self.connection(), "read a component", SQL, [hash])
    }
}

//! Agents of the vendor's support desk: named by a document, or known since they acted here.

use provost_core::id::{AgentId, Revision};
use rusqlite::{Connection, params};

use super::error::StoreError;
use super::row::{execute, value, values};
use super::snapshot::Snapshot;

/// Remembers an agent who is named in the commit `revision`, or by whom it was caused.
pub(super) fn note(
    connection: &Connection,
    id: &AgentId,
    revision: Revision,
) -> Result<(), StoreError> {
    const NOTE: &str =
        "INSERT INTO agent (id, revision) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING";
    execute(
        connection,
        "remember an agent",
        NOTE,
        params![id.as_str(), revision.0.cast_signed()],
    )
    .map(drop)
}

impl Snapshot<'_> {
    /// Whether the register has heard of this agent.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn is_agent(&self, id: &str) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT 1 FROM agent WHERE id = ?1";
        let found: Option<i64> = value(self.connection(), "find an agent", SQL, [id])?;
        Ok(found.is_some())
    }

    /// The agents that the register has heard of, by id.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn agents(&self) -> Result<Vec<AgentId>, StoreError> {
        const SQL: &str = "SELECT id FROM agent ORDER BY id";
        let ids: Vec<String> = values(self.connection(), "read the agents", SQL, [])?;
        let agent = |id: String| {
            AgentId::new(id.clone()).map_err(|_| StoreError::Value {
                noun: "id of an agent",
                found: id,
            })
        };
        ids.into_iter().map(agent).collect()
    }
}

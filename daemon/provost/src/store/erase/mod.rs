//! Erasing a person: what there is of them goes, and the journal's chain stays verifiable.
//!
//! Their id remains: in the journal's own columns, which the chain covers, and where cases, calls and requests name those
//! who took part.

use provost_core::change::Erased;
use provost_core::contact::ContactState;
use provost_core::id::PersonId;
use rusqlite::Connection;

use super::commit::{Commit, Expected};
use super::error::{Attempt, CommitError, StoreError};
use super::notice::NoticeState;
use super::person;
use super::row::{execute, one, value, values};
use super::snapshot::Snapshot;

const WHAT: &str = "erase a person";

/// Erases somebody. Refused if what would give them authority has changed since the plan.
pub(super) fn erase(commit: &mut Commit<'_>, erased: &Erased) -> Result<(), CommitError> {
    let (connection, id) = (commit.connection, &erased.person);
    let ground: Option<i64> =
        value(connection, WHAT, include_str!("ground.sql"), [id.as_str()]).map(Option::flatten)?;
    if ground.is_some() {
        commit.check(ground, Expected::Row, || format!("person {id}"))?;
    }
    forget_notices(commit, id)?;
    forget_contact(commit, id)?;
    // SQLite leaves deleted bytes in the file until something else needs the room; here they are overwritten at once.
    overwrite(connection, "ON")?;
    let gone = delete(connection, id).map_err(CommitError::from);
    let gone = gone.and_then(|()| forget_person(commit, id));
    overwrite(connection, "OFF")?;
    gone
}

fn overwrite(connection: &Connection, setting: &str) -> Result<(), StoreError> {
    connection
        .pragma_update_and_check(None, "secure_delete", setting, |_| Ok(()))
        .attempting(WHAT)
}

fn forget_notices(commit: &mut Commit<'_>, id: &PersonId) -> Result<(), CommitError> {
    const STATES: &str = "SELECT state FROM notice WHERE person = ?1";
    let states: Vec<String> = values(commit.connection, WHAT, STATES, [id.as_str()])?;
    for state in states {
        let state = NoticeState::read(&state)?;
        let counts = commit.counts();
        counts.notice(Some(state), NoticeState::Withdrawn);
    }
    Ok(())
}

fn forget_contact(commit: &mut Commit<'_>, id: &PersonId) -> Result<(), CommitError> {
    const STATE: &str = "SELECT state FROM contact WHERE person = ?1";
    let state: Option<String> = value(commit.connection, WHAT, STATE, [id.as_str()])?;
    if let Some(state) = state {
        commit.counts().contact(Some(&state), ContactState::Removed);
    }
    Ok(())
}

/// Everything but the person's own row, which what is deleted here refers to.
fn delete(connection: &Connection, id: &PersonId) -> Result<(), StoreError> {
    for sql in [
        include_str!("deliveries.sql"),
        "DELETE FROM notice WHERE person = ?1",
        "DELETE FROM contact WHERE person = ?1",
        "DELETE FROM granted WHERE person = ?1",
        "DELETE FROM activity WHERE person = ?1",
        "DELETE FROM access WHERE person = ?1",
        include_str!("log.sql"),
        "DELETE FROM session WHERE body ->> '$.actor' = ?1",
        "DELETE FROM alarm WHERE body ->> '$.person' = ?1",
        include_str!("decisions.sql"),
        include_str!("journal.sql"),
    ] {
        execute(connection, WHAT, sql, [id.as_str()])?;
    }
    Ok(())
}

fn forget_person(commit: &mut Commit<'_>, id: &PersonId) -> Result<(), CommitError> {
    const BODY: &str = "SELECT body FROM person WHERE id = ?1";
    let before = one(commit.connection, "person", BODY, [id.as_str()])?;
    match before {
        Some(before) => person::put(commit, Some(&before), None),
        None => Ok(()),
    }
}

impl Snapshot<'_> {
    /// Whether the journal has ever told of a person, who may have left the register since.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn ever_told_of(&self, person: &PersonId) -> Result<bool, StoreError> {
        let sql = include_str!("known.sql");
        let known = value(self.connection(), WHAT, sql, [person.as_str()])?;
        Ok(known.unwrap_or(false))
    }

    /// How many entries of the journal lose their value with a person.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn entries_of(&self, person: &PersonId) -> Result<u64, StoreError> {
        let sql = include_str!("entries.sql");
        let entries: Option<i64> = value(self.connection(), WHAT, sql, [person.as_str()])?;
        Ok(entries.unwrap_or_default().unsigned_abs())
    }
}

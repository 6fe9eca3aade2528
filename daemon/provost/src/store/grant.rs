//! Grants: what people are given.

use jiff::Timestamp;
use provost_core::id::{DistrictId, PersonId};
use provost_core::role::{Grant, Granted};
use rusqlite::{Connection, Row, params};

use super::commit::{Commit, Expected};
use super::error::{Attempt, CommitError, StoreError};
use super::row::{collect, execute, from_column, limit, to_body, value, values};
use super::snapshot::Snapshot;
use super::{person, tool};

const READ: &str = "read a grant";

/// Person, what and origin, as the table keeps them.
fn key(grant: &Grant) -> Result<[String; 3], StoreError> {
    Ok([
        grant.person.to_string(),
        to_body("grant", &grant.what)?,
        to_body("grant", &grant.origin)?,
    ])
}

fn stored(commit: &Commit<'_>, key: &[String; 3]) -> Result<Option<i64>, StoreError> {
    let sql = include_str!("grant/revision.sql");
    value(commit.connection, "find a grant", sql, key.each_ref())
}

fn said(grant: &Grant) -> String {
    format!(
        "grant of {} to {} by {}",
        grant.what, grant.person, grant.origin
    )
}

/// Gives; a grant that is there already is given anew.
pub(super) fn put(commit: &Commit<'_>, grant: &Grant) -> Result<(), CommitError> {
    let key = key(grant)?;
    if let found @ Some(_) = stored(commit, &key)? {
        commit.check(found, Expected::Row, || said(grant))?;
    }
    if let Granted::Tool(name, _) = &grant.what {
        tool::intern(commit.connection, name)?;
    }
    execute(
        commit.connection,
        "write a grant",
        include_str!("grant/put.sql"),
        params![
            key[0],
            key[1],
            key[2],
            grant.by,
            grant.at.to_string(),
            grant.expires.map(|expires| expires.to_string()),
            commit.number(),
        ],
    )?;
    Ok(person::unsettle(commit.connection, &grant.person)?)
}

/// Takes away.
pub(super) fn take(commit: &Commit<'_>, grant: &Grant) -> Result<(), CommitError> {
    let key = key(grant)?;
    commit.check(stored(commit, &key)?, Expected::Row, || said(grant))?;
    let sql = include_str!("grant/take.sql");
    execute(commit.connection, "take a grant away", sql, key)?;
    Ok(person::unsettle(commit.connection, &grant.person)?)
}

/// Reads a row of `person, what, origin, given_by, given_at, expires`.
fn read(row: &Row<'_>) -> Result<Grant, StoreError> {
    let time = |found: String| -> Result<Timestamp, StoreError> {
        found.parse().map_err(|_| StoreError::Value {
            noun: "time of a grant",
            found,
        })
    };
    let person: String = row.get(0).attempting(READ)?;
    let expires: Option<String> = row.get(5).attempting(READ)?;
    Ok(Grant {
        person: PersonId::new(person.clone()).map_err(|_| StoreError::Value {
            noun: "holder of a grant",
            found: person,
        })?,
        what: from_column("grant", row, 1)?,
        origin: from_column("grant", row, 2)?,
        by: row.get(3).attempting(READ)?,
        at: time(row.get(4).attempting(READ)?)?,
        expires: expires.map(time).transpose()?,
    })
}

/// Every grant there is, by person, what and origin.
pub(super) fn all(connection: &Connection) -> Result<Vec<Grant>, StoreError> {
    collect(connection, READ, include_str!("grant/all.sql"), [], read)
}

/// All grants of a person, held or expired, ordered.
pub(super) fn of(connection: &Connection, person: &PersonId) -> Result<Vec<Grant>, StoreError> {
    let sql = include_str!("grant/person.sql");
    collect(connection, READ, sql, [person.as_str()], read)
}

impl Snapshot<'_> {
    /// People of a district with a grant of any role, held or expired, after the person `after` by id, at most `rows`.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn role_holders(
        &self,
        district: &DistrictId,
        after: &str,
        rows: usize,
    ) -> Result<Vec<String>, StoreError> {
        let sql = include_str!("grant/role_holders.sql");
        let params = params![district.as_str(), after, limit(rows)];
        values(self.connection(), READ, sql, params)
    }

    /// All grants of a person, held or expired, ordered.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn grants(&self, person: &PersonId) -> Result<Vec<Grant>, StoreError> {
        of(self.connection(), person)
    }

    /// Who is given `what`, in one district or in all, after the person `after`, at most `rows` grants. One person
    /// may have it from several origins.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn holders(
        &self,
        what: &Granted,
        district: Option<&DistrictId>,
        after: Option<&PersonId>,
        rows: usize,
    ) -> Result<Vec<Grant>, StoreError> {
        let what = to_body("grant", what)?;
        let district = district.map(DistrictId::as_str);
        let after = after.map_or("", PersonId::as_str);
        let sql = include_str!("grant/holders.sql");
        let params = params![what, district, after, limit(rows)];
        collect(self.connection(), READ, sql, params, read)
    }
}

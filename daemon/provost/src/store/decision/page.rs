//! Recorded decisions as a list shows them: a line each, without what the rules saw.

use jiff::Timestamp;
use provost_core::id::{DistrictId, PersonId};
use rusqlite::types::ToSql;
use rusqlite::{Connection, Row};

use super::{DecisionFilter, READ};
use crate::store::Page;
use crate::store::error::{Attempt, StoreError};
use crate::store::row::{collect, from_column, limit, to_u64, values};
use crate::store::snapshot::Snapshot;

/// A recorded decision, told in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionLine {
    /// Its number; a newer one has a greater one.
    pub id: u64,
    /// When it was made first.
    pub at: Timestamp,
    /// When it was made last, if more than once within a moment.
    pub last: Timestamp,
    /// How often.
    pub times: u64,
    /// It allowed.
    pub allowed: bool,
    /// The district that it is about.
    pub district: Option<DistrictId>,
    /// The register's revision that it was made on.
    pub revision: u64,
    /// The action's name.
    pub action: String,
    /// Who asked, as the question has it.
    pub subject: String,
    /// To what it was to be done, as the question has it.
    pub resource: String,
    /// The codes that decided.
    pub reasons: Vec<String>,
    /// What the rules saw was kept.
    pub replayable: bool,
}

impl Snapshot<'_> {
    /// Recorded decisions, newest first.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn decisions(
        &self,
        filter: &DecisionFilter,
        page: Page,
    ) -> Result<Vec<DecisionLine>, StoreError> {
        let ids = ids(self.connection(), filter, page)?;
        let mut lines = Vec::with_capacity(ids.len());
        for id in ids {
            lines.extend(line(self.connection(), id)?);
        }
        Ok(lines)
    }
}

/// The numbers of a page, by whichever index finds them.
fn ids(
    connection: &Connection,
    filter: &DecisionFilter,
    page: Page,
) -> Result<Vec<i64>, StoreError> {
    let (before, allowed, rows) = (
        page.bound(),
        filter.allowed.map(i64::from),
        limit(page.rows),
    );
    let district = filter.district.as_ref().map(DistrictId::as_str);
    let person = filter.person.as_ref().map(PersonId::as_str);
    let all: [&dyn ToSql; 5] = [&before, &allowed, &rows, &district, &person];
    let (sql, places) = match (person, district) {
        (Some(_), _) => (include_str!("ids_of_person.sql"), 5),
        (None, Some(_)) => (include_str!("ids_of_district.sql"), 4),
        (None, None) => (include_str!("ids.sql"), 3),
    };
    values(connection, READ, sql, &all[..places])
}

/// The line of one decision.
pub(super) fn line(connection: &Connection, id: i64) -> Result<Option<DecisionLine>, StoreError> {
    let found = collect(connection, READ, include_str!("line.sql"), [id], read)?;
    Ok(found.into_iter().next())
}

fn time(row: &Row<'_>, place: usize) -> Result<Timestamp, StoreError> {
    let at: i64 = row.get(place).attempting(READ)?;
    Timestamp::from_microsecond(at).map_err(|_| StoreError::Value {
        noun: "time of a decision",
        found: at.to_string(),
    })
}

fn read(row: &Row<'_>) -> Result<DecisionLine, StoreError> {
    let district: Option<String> = row.get(5).attempting(READ)?;
    Ok(DecisionLine {
        id: to_u64("number of a decision", row.get(0).attempting(READ)?)?,
        at: time(row, 1)?,
        last: time(row, 2)?,
        times: to_u64("times of a decision", row.get(3).attempting(READ)?)?,
        allowed: row.get(4).attempting(READ)?,
        district: district.and_then(|id| DistrictId::new(id).ok()),
        revision: to_u64("revision of a decision", row.get(6).attempting(READ)?)?,
        action: row.get(7).attempting(READ)?,
        subject: row.get(8).attempting(READ)?,
        resource: row.get(9).attempting(READ)?,
        reasons: from_column("codes of a decision", row, 10)?,
        replayable: row.get(11).attempting(READ)?,
    })
}

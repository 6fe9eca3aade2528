//! Ours and theirs, side by side, in the order of their stable ids.

use provost_core::contact::Contact;
use provost_core::directory::{Absence, Namesake, Observed, Ours, Pair, Theirs};
use provost_core::id::{DistrictId, SourceId};
use provost_core::person::Person;
use rusqlite::{Connection, Row, params};
use serde::de::DeserializeOwned;

use super::super::commit::Commit;
use super::super::error::{Attempt, StoreError};
use super::super::grant;
use super::super::row::{collect, from_body, limit, many, value};
use super::super::snapshot::Snapshot;
use super::named::Which;

const COMPARE: &str = "compare a directory read with the register";

/// Whose pairs.
#[derive(Debug, Clone, Copy)]
pub struct Compared<'c> {
    /// The source.
    pub source: &'c SourceId,
    /// Its district.
    pub district: &'c DistrictId,
    /// All of them, or those that were read.
    pub which: Which,
}

impl Snapshot<'_> {
    /// The pairs after the stable id `after`, at most `rows`, each with its id.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub fn pairs(
        &self,
        of: Compared<'_>,
        after: &str,
        rows: usize,
    ) -> Result<Vec<(String, Pair)>, StoreError> {
        pairs(self.connection(), of, after, rows)
    }
}

impl Snapshot<'_> {
    /// The pair of one stable id; `None` if neither side knows it.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub fn pair(&self, of: Compared<'_>, stable_id: &str) -> Result<Option<Pair>, StoreError> {
        let connection = self.connection();
        let asked = [of.source.as_str(), stable_id];
        let found = collect(
            connection,
            COMPARE,
            include_str!("pair.sql"),
            asked,
            Found::read,
        )?;
        let known = found
            .into_iter()
            .find(|found| found.read || found.person.is_some());
        known.map(|found| found.pair(connection, of)).transpose()
    }
}

impl Commit<'_> {
    /// The same inside a commit. Pairs that this commit has changed lie behind `after`, so that the walk sees what
    /// the plan saw.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub fn pairs(
        &self,
        of: Compared<'_>,
        after: &str,
        rows: usize,
    ) -> Result<Vec<(String, Pair)>, StoreError> {
        pairs(self.connection, of, after, rows)
    }
}

fn pairs(
    connection: &Connection,
    of: Compared<'_>,
    after: &str,
    rows: usize,
) -> Result<Vec<(String, Pair)>, StoreError> {
    let asked = params![of.source.as_str(), after, limit(rows)];
    let found = collect(connection, COMPARE, of.which.sql(), asked, Found::read)?;
    found
        .into_iter()
        .map(|found| Ok((found.stable_id.clone(), found.pair(connection, of)?)))
        .collect()
}

/// A row of `pairs.sql`.
struct Found {
    stable_id: String,
    read: bool,
    observed: Option<Observed>,
    person: Option<Person>,
    contact: Option<Contact>,
    reported: bool,
    verdict: Option<Absence>,
}

/// The thing whose body is in a column that may be NULL.
fn body<T: DeserializeOwned>(
    noun: &'static str,
    row: &Row<'_>,
    place: usize,
) -> Result<Option<T>, StoreError> {
    let column = row.get_ref(place).attempting(COMPARE)?;
    let text = column
        .as_str_or_null()
        .map_err(rusqlite::Error::from)
        .attempting(COMPARE)?;
    text.map(|text| from_body(noun, text)).transpose()
}

impl Found {
    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let reported: Option<bool> = row.get(5).attempting(COMPARE)?;
        Ok(Self {
            stable_id: row.get(0).attempting(COMPARE)?,
            read: row.get(1).attempting(COMPARE)?,
            observed: body("entry", row, 2)?,
            person: body("person", row, 3)?,
            contact: body("contact", row, 4)?,
            reported: reported.unwrap_or(false),
            verdict: body("absence", row, 6)?,
        })
    }

    fn pair(self, connection: &Connection, of: Compared<'_>) -> Result<Pair, StoreError> {
        let ours = match self.person {
            Some(person) => Some(Box::new(with_grants(connection, person, self.contact)?)),
            None => None,
        };
        let confirmed = self.reported && self.verdict.is_some_and(Absence::acts);
        Ok(match (ours, self.observed) {
            (Some(ours), Some(observed)) => {
                let theirs = theirs(connection, of, observed, Some(&ours.person))?;
                Pair::Both(ours, Box::new(theirs))
            }
            (None, Some(observed)) => {
                Pair::Theirs(Box::new(theirs(connection, of, observed, None)?))
            }
            (Some(ours), None) if self.read => Pair::Unusable(ours),
            (Some(ours), None) if confirmed => Pair::Deleted(ours),
            (Some(ours), None) => Pair::Ours(ours, self.verdict.unwrap_or(Absence::Unknown)),
            (None, None) => Pair::Unknown,
        })
    }
}

fn with_grants(
    connection: &Connection,
    person: Person,
    contact: Option<Contact>,
) -> Result<Ours, StoreError> {
    let grants = grant::of(connection, &person.id)?;
    Ok(Ours {
        person,
        contact,
        grants,
    })
}

fn theirs(
    connection: &Connection,
    of: Compared<'_>,
    mut observed: Observed,
    ours: Option<&Person>,
) -> Result<Theirs, StoreError> {
    const GAINS: &str =
        "SELECT what FROM staged_gain WHERE source = ?1 AND stable_id = ?2 ORDER BY what";
    const RIVALS: &str =
        "SELECT count(*) FROM staged_entry WHERE source = ?1 AND username = ?2 AND stable_id <> ?3";
    let source = of.source.as_str();
    let entry = [source, observed.stable_id.as_str()];
    observed.grants = many(connection, "grant", GAINS, entry)?
        .into_iter()
        .collect();
    // Whoever keeps the username needs nobody's leave for it.
    if ours.is_some_and(|ours| ours.username == observed.username) {
        return Ok(Theirs {
            observed,
            rivals: 0,
            namesake: None,
        });
    }
    let username = observed.username.to_lowercase();
    let rivals: Option<i64> = value(
        connection,
        COMPARE,
        RIVALS,
        [source, &username, &observed.stable_id],
    )?;
    let own = ours.map_or("", |ours| ours.id.as_str());
    let namesake = namesake(connection, of, &observed.username, own)?;
    Ok(Theirs {
        observed,
        rivals: rivals.unwrap_or(0).unsigned_abs(),
        namesake,
    })
}

fn namesake(
    connection: &Connection,
    of: Compared<'_>,
    username: &str,
    own: &str,
) -> Result<Option<Namesake>, StoreError> {
    let asked = [username, of.district.as_str(), own, of.source.as_str()];
    let found = collect(
        connection,
        COMPARE,
        include_str!("namesake.sql"),
        asked,
        |row| {
            let person: Option<Person> = body("person", row, 0)?;
            let contact: Option<Contact> = body("contact", row, 1)?;
            let read: Option<Observed> = body("entry", row, 2)?;
            Ok((person, contact, read))
        },
    )?;
    let Some((Some(person), contact, read)) = found.into_iter().next() else {
        return Ok(None);
    };
    Ok(Some(Namesake {
        ours: with_grants(connection, person, contact)?,
        read_as: read.map(|read| read.username),
    }))
}

//! Ours and theirs, side by side, in the order of their stable ids.

use provost_core::contact::Contact;
use provost_core::directory::{Absence, Goes, Held, Namesake, Observed, Ours, Pair, Theirs};
use provost_core::id::{DistrictId, SourceId};
use provost_core::person::Person;
use provost_core::role::Granted;
use rusqlite::{Connection, Row, params};
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

use super::super::commit::Commit;
use super::super::error::{Attempt, StoreError};
use super::super::grant;
use super::super::row::{collect, execute, from_body, limit, many, to_u64, value};
use super::super::snapshot::Snapshot;
use super::named::Which;

const COMPARE: &str = "compare a directory read with the register";

/// Whose entries are compared.
#[derive(Debug, Clone, Copy)]
pub struct Compared<'c> {
    /// The source.
    pub source: &'c SourceId,
    /// Its district.
    pub district: &'c DistrictId,
    /// All of them, or those that were read.
    pub which: Which,
}

/// A pair that has to be compared.
#[derive(Debug)]
pub struct Due {
    /// The stable id.
    pub stable_id: String,
    /// Digest of the entry, if it was read; see [`Commit::settle`].
    pub content: Option<[u8; 16]>,
    /// What each side has.
    pub pair: Pair,
}

/// A directory read beside the register, as a snapshot or a commit sees them.
#[derive(Clone, Copy)]
pub struct Comparing<'c> {
    pub(super) connection: &'c Connection,
    pub(super) of: Compared<'c>,
}

impl Snapshot<'_> {
    /// The last read of a source beside this snapshot.
    pub fn comparing<'c>(&'c self, of: Compared<'c>) -> Comparing<'c> {
        let connection = self.connection();
        Comparing { connection, of }
    }
}

impl<'c> Commit<'c> {
    /// The last read of a source beside the register as this commit leaves it. Pairs that it has changed lie behind the
    /// id at which the walk stands, so that the walk sees what a snapshot would have shown.
    pub fn comparing(&self, of: Compared<'c>) -> Comparing<'c> {
        let connection = self.connection;
        Comparing { connection, of }
    }

    /// Notes that the register says all that an entry says, so that the next comparison passes over it until either
    /// side changes.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub fn settle(
        &self,
        source: &SourceId,
        stable_id: &str,
        content: [u8; 16],
    ) -> Result<(), StoreError> {
        const WHAT: &str = "settle an entry";
        const ADD: &str =
            "INSERT OR IGNORE INTO settled (source, stable_id, content) VALUES (?1, ?2, ?3)";
        const CHANGE: &str = "UPDATE settled SET content = ?3 WHERE source = ?1 AND stable_id = ?2";
        let row = params![source.as_str(), stable_id, content];
        if execute(self.connection, WHAT, ADD, row)? == 0 {
            execute(self.connection, WHAT, CHANGE, row)?;
        }
        Ok(())
    }
}

impl Comparing<'_> {
    /// The pairs after the stable id `after` that have to be compared, at most `rows`, by id. Settled ones are not
    /// among them. Fewer than `rows` means that these are the last.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub fn due(&self, after: &str, rows: usize) -> Result<Vec<Due>, StoreError> {
        let asked = params![self.of.source.as_str(), after, limit(rows)];
        let sql = self.of.which.sql();
        let found = collect(self.connection, COMPARE, sql, asked, Found::read)?;
        let due = |found: Found| {
            let (stable_id, content) = (found.stable_id.clone(), found.content);
            let pair = found.pair(self.connection, self.of)?;
            Ok(Due {
                stable_id,
                content,
                pair,
            })
        };
        found.into_iter().map(due).collect()
    }

    /// The pair of one stable id, settled or not; `None` if neither side knows it.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub fn pair(&self, stable_id: &str) -> Result<Option<Pair>, StoreError> {
        let asked = [self.of.source.as_str(), stable_id];
        let sql = concat!(include_str!("pair.sql"), include_str!("sides.sql"));
        let found = collect(self.connection, COMPARE, sql, asked, Found::read)?;
        let known = found
            .into_iter()
            .find(|found| found.read || found.person.is_some());
        let pair = known.map(|found| found.pair(self.connection, self.of));
        pair.transpose()
    }

    /// How many entries were read that can be a person's.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be counted.
    pub fn usable(&self) -> Result<u64, StoreError> {
        const SQL: &str = "SELECT count(*) FROM staged_username WHERE source = ?1";
        let count: Option<i64> = value(self.connection, COMPARE, SQL, [self.of.source.as_str()])?;
        to_u64("entries of a source", count.unwrap_or(0))
    }
}

/// A row of `sides.sql`.
struct Found {
    stable_id: String,
    read: bool,
    observed: Option<Observed>,
    person: Option<Person>,
    contact: Option<Contact>,
    reported: bool,
    verdict: Option<Absence>,
    content: Option<[u8; 16]>,
    rivals: u64,
    /// Somebody else of the register has the entry's username, if of another district perhaps.
    contested: bool,
    /// The mapped groups give the entry something.
    gains: bool,
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
            content: row.get(7).attempting(COMPARE)?,
            rivals: to_u64("entries of a username", row.get(8).attempting(COMPARE)?)?,
            contested: row.get(9).attempting(COMPARE)?,
            gains: row.get(10).attempting(COMPARE)?,
        })
    }

    fn pair(mut self, connection: &Connection, of: Compared<'_>) -> Result<Pair, StoreError> {
        let ours = match self.person.take() {
            Some(person) => {
                let contact = self.contact.take();
                Some(Box::new(with_grants(connection, person, contact)?))
            }
            None => None,
        };
        let confirmed = self.reported && self.verdict.is_some_and(Absence::acts);
        Ok(match (ours, self.observed.take()) {
            (Some(ours), Some(observed)) => {
                let theirs = self.theirs(connection, of, observed, Some(&ours.person))?;
                Pair::Both(ours, Box::new(theirs))
            }
            (None, Some(observed)) => {
                Pair::Theirs(Box::new(self.theirs(connection, of, observed, None)?))
            }
            (Some(ours), None) if self.read => Pair::Unusable(ours),
            (Some(ours), None) if confirmed => Pair::Deleted(ours),
            (Some(ours), None) => Pair::Ours(ours, self.verdict.unwrap_or(Absence::Unknown)),
            (None, None) => Pair::Unknown,
        })
    }

    fn theirs(
        &self,
        connection: &Connection,
        of: Compared<'_>,
        mut observed: Observed,
        ours: Option<&Person>,
    ) -> Result<Theirs, StoreError> {
        const GAINS: &str = "SELECT what FROM staged_gain WHERE source = ?1 AND stable_id = ?2";
        if self.gains {
            let entry = [of.source.as_str(), observed.stable_id.as_str()];
            let given: Vec<Granted> = many(connection, "grant", GAINS, entry)?;
            observed.grants = given.into_iter().collect();
        }
        // Whoever keeps the username needs nobody's leave for it.
        let keeps = ours.is_some_and(|ours| ours.username == observed.username);
        let own = ours.map_or("", |ours| ours.id.as_str());
        let namesake = match self.contested && !keeps {
            true => namesake(connection, of, &observed.username, own)?,
            false => None,
        };
        Ok(Theirs {
            observed,
            rivals: if keeps { 0 } else { self.rivals },
            namesake,
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

/// People of one chain who are looked at: each one has the username that the one before goes to.
const CHAIN_MAX: usize = 256;

/// Who else has a username, and who has the one that they go to, and so on.
fn namesake(
    connection: &Connection,
    of: Compared<'_>,
    username: &str,
    own: &str,
) -> Result<Option<Namesake>, StoreError> {
    let mut chain = Vec::new();
    let mut met = BTreeSet::from([own.to_owned()]);
    let (mut username, mut own) = (username.to_owned(), own.to_owned());
    let mut held = loop {
        if chain.len() == CHAIN_MAX {
            break Held::ByMany;
        }
        let Some((person, contact, goes)) = holder(connection, of, &username, &own)? else {
            break Held::Free;
        };
        own = person.id.to_string();
        if !met.insert(own.clone()) {
            break Held::ByTheFirst;
        }
        let to = goes.as_ref().map(|(to, _)| to.clone());
        let stays = to.as_ref().is_none_or(|to| *to == person.username);
        chain.push((with_grants(connection, person, contact)?, goes));
        match to {
            Some(to) if !stays => username = to,
            _ => break Held::Free,
        }
    };
    while let Some((ours, goes)) = chain.pop() {
        let goes = goes.map(|(username, rivals)| Goes {
            username,
            rivals,
            held: std::mem::replace(&mut held, Held::Free),
        });
        held = Held::By(Box::new(Namesake { ours, goes }));
    }
    Ok(match held {
        Held::By(namesake) => Some(*namesake),
        Held::Free | Held::ByTheFirst | Held::ByMany => None,
    })
}

/// Somebody, the contact that they are, and where their entry takes them.
type Holder = (Person, Option<Contact>, Option<(String, u64)>);

fn holder(
    connection: &Connection,
    of: Compared<'_>,
    username: &str,
    own: &str,
) -> Result<Option<Holder>, StoreError> {
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
            let rivals = to_u64("entries of a username", row.get(3).attempting(COMPARE)?)?;
            Ok((person, contact, read.map(|read| (read.username, rivals))))
        },
    )?;
    let first = found.into_iter().next();
    Ok(first.and_then(|(person, contact, goes)| Some((person?, contact, goes))))
}

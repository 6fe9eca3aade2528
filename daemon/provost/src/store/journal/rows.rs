//! Rows of the journal as they lie there, for whoever recomputes the chain elsewhere.

use jiff::Timestamp;
use provost_core::hex;
use rusqlite::params;

use super::super::error::{Attempt, StoreError};
use super::super::row::{collect, limit, micros, to_u64};
use super::super::snapshot::Snapshot;
use super::GENESIS;

/// Everything that a row's chain hash covers, and what its digest does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalRow {
    /// Number of the change, from 1 without gaps.
    pub seq: u64,
    /// The commit it belongs to.
    pub revision: u64,
    /// When the plan was made, whole microseconds since 1970.
    pub at_us: i64,
    /// Who caused it, the very JSON text.
    pub actor: String,
    /// What kind of thing changed.
    pub noun: String,
    /// The person concerned, if one is.
    pub person: Option<String>,
    /// SHA-256 of salt and value.
    pub digest: String,
    /// The salt; `None` once the value was erased.
    pub salt: Option<String>,
    /// What changed, the very JSON text; `None` once it was erased.
    pub value: Option<String>,
    /// The chain hash of the row before.
    pub previous: String,
    /// The chain hash of this row.
    pub chain: String,
}

/// Where a stretch of the journal begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// At a commit, which is within.
    Revision(u64),
    /// At a moment: the beginning is within, the end is not.
    Time(Timestamp),
}

/// A stretch of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stretch {
    /// Where it begins; `None` for the first row.
    pub from: Option<Bound>,
    /// Where it ends; `None` for the last row.
    pub to: Option<Bound>,
}

impl Stretch {
    /// First and last revision, first microsecond and the one after the last.
    fn bounds(self) -> [i64; 4] {
        let number = |revision| i64::try_from(revision).unwrap_or(i64::MAX);
        let (first, since) = match self.from {
            None => (0, i64::MIN),
            Some(Bound::Revision(revision)) => (number(revision), i64::MIN),
            Some(Bound::Time(at)) => (0, micros(at)),
        };
        let (last, before) = match self.to {
            None => (i64::MAX, i64::MAX),
            Some(Bound::Revision(revision)) => (number(revision), i64::MAX),
            Some(Bound::Time(at)) => (i64::MAX, micros(at)),
        };
        [first, last, since, before]
    }
}

impl Snapshot<'_> {
    /// Rows of a stretch of the journal after number `after`, oldest first, at most `rows`.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn journal_rows(
        &self,
        stretch: Stretch,
        after: u64,
        rows: usize,
    ) -> Result<Vec<JournalRow>, StoreError> {
        const WHAT: &str = "read rows of the journal";
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let [first, last, since, before] = stretch.bounds();
        let params = params![after, first, last, since, before, limit(rows)];
        collect(
            self.connection(),
            WHAT,
            include_str!("rows.sql"),
            params,
            |row| read(row).attempting(WHAT)?,
        )
    }
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Result<JournalRow, StoreError>> {
    let digits = |bytes: Vec<u8>| hex(&bytes);
    let number = |found| to_u64("number in the journal", found);
    let (seq, revision): (i64, i64) = (row.get(0)?, row.get(1)?);
    let salt: Option<Vec<u8>> = row.get(7)?;
    let previous: Option<Vec<u8>> = row.get(9)?;
    let (at_us, actor, noun, person) = (row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?);
    let (digest, value, chain) = (digits(row.get(6)?), row.get(8)?, digits(row.get(10)?));
    Ok(number(seq).and_then(|seq| {
        Ok(JournalRow {
            seq,
            revision: number(revision)?,
            at_us,
            actor,
            noun,
            person,
            digest,
            salt: salt.map(digits),
            value,
            previous: previous.map_or_else(|| hex(&GENESIS), digits),
            chain,
        })
    }))
}

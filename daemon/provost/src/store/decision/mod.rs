//! Decisions that were made: a bounded queue in front of a table.
//!
//! Whoever decides hands the decision over and goes on; nobody waits for the disk. What waits is written every now and
//! then, the same question with the same answer as one row. Where more comes than can be written, the newest are
//! dropped and counted: an answer is worth more than its record, and the count says that the list has a hole. A decision
//! that something is done upon is no such answer: [`Store::commit_on_record`] writes it with what is done.

mod page;
mod queue;

pub use page::DecisionLine;
pub use queue::Noted;
pub(super) use queue::Queue;

use provost_core::decision::Record;
use provost_core::id::{DistrictId, PersonId};
use rusqlite::{Connection, params};

use super::Store;
use super::error::StoreError;
use super::row::{collect, execute, from_column, value};
use super::snapshot::Snapshot;
use super::writer::Company;

const READ: &str = "read a decision";

/// A decision that was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// What a list shows of it.
    pub line: DecisionLine,
    /// Question, what the rules saw, plugins and answer.
    pub record: Record,
}

/// Which decisions are listed; what is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DecisionFilter {
    /// Only about this person.
    pub person: Option<PersonId>,
    /// Only about this district.
    pub district: Option<DistrictId>,
    /// Only those that allowed, or only those that denied.
    pub allowed: Option<bool>,
}

/// A decision as its row: made where it may take its time, written by the writer in one go.
pub(super) struct Draft {
    at: i64,
    last: i64,
    times: i64,
    revision: i64,
    allowed: bool,
    action: String,
    district: Option<String>,
    people: Vec<String>,
    body: String,
}

impl Store {
    /// Hands a decision over to be recorded. Waits for nothing; if too many wait already it is dropped and counted.
    pub fn note(&self, noted: Noted) {
        self.decisions.push(noted);
    }

    /// Decisions wait to be written.
    pub fn has_noted(&self) -> bool {
        self.decisions.has_some()
    }

    /// So many wait that they had better be written now.
    pub fn has_noted_many(&self) -> bool {
        self.decisions.has_many()
    }

    /// Decisions that were dropped because too many waited, since the daemon's start.
    pub fn unrecorded(&self) -> u64 {
        self.decisions.dropped()
    }

    /// Writes the decisions that wait and waits until they are durable. Says how many rows they became.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be written; they count as dropped then.
    pub fn record_noted(&self) -> Result<usize, StoreError> {
        let waiting = self.decisions.take();
        if waiting.is_empty() {
            return Ok(0);
        }
        let noted = waiting.len();
        let drafts = queue::drafts(waiting);
        let written = drafts.and_then(|drafts| {
            let rows = drafts.len();
            self.submit(Company::Shared, move |writing| {
                let mut drafts = drafts.iter();
                drafts.try_for_each(|draft| add(writing.connection(), draft))
            })
            .map(|()| rows)
        });
        if written.is_err() {
            self.decisions.drop_also(noted);
        }
        written
    }
}

/// Writes a row.
pub(super) fn add(connection: &Connection, draft: &Draft) -> Result<(), StoreError> {
    const WHAT: &str = "record a decision";
    const ABOUT: &str = "INSERT OR IGNORE INTO decision_person (person, decision) VALUES (?1, ?2)";
    let row = params![
        draft.at,
        draft.last,
        draft.times,
        draft.revision,
        i64::from(draft.allowed),
        draft.action,
        draft.district,
        draft.body,
    ];
    let id: Option<i64> = value(connection, WHAT, include_str!("add.sql"), row)?;
    for person in &draft.people {
        execute(connection, WHAT, ABOUT, params![person, id])?;
    }
    Ok(())
}

impl Snapshot<'_> {
    /// A recorded decision by its number.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn decision(&self, id: u64) -> Result<Option<Recorded>, StoreError> {
        let Ok(id) = i64::try_from(id) else {
            return Ok(None);
        };
        let Some(line) = page::line(self.connection(), id)? else {
            return Ok(None);
        };
        let sql = "SELECT body FROM decision WHERE id = ?1";
        let record = collect(self.connection(), READ, sql, [id], |row| {
            from_column("decision", row, 0)
        })?;
        let record = record.into_iter().next();
        Ok(record.map(|record| Recorded { line, record }))
    }
}

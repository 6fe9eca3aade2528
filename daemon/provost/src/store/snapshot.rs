//! Reading: snapshots of one revision, taken from a small pool of connections.

use jiff::Timestamp;
use provost_core::decision::{Facts, Request};
use provost_core::id::{DistrictId, Revision};
use provost_core::role::Roles;
use rusqlite::Connection;
use rusqlite::backup::Backup;
use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::decision::Noted;
use super::error::{Attempt, StoreError};
use super::kept::Kept;
use super::row::{execute, to_u64, value};
use super::tool::Catalogue;
use super::{Store, open};

/// Connections kept while nobody reads. More are opened when more read at once.
const IDLE: usize = 8;

/// Where readers come from.
pub(super) enum Origin {
    /// The register's file.
    File(PathBuf),
    /// A file that nobody writes: a backup.
    Frozen(PathBuf),
    /// A register in memory, and the number of its transactions. A reader works on a copy of its own, so that it
    /// neither waits for the writer nor makes the writer wait.
    Memory(Arc<Mutex<Connection>>, Arc<AtomicU64>),
}

/// Connections for reading.
pub(super) struct Pool {
    origin: Origin,
    idle: Mutex<Vec<Reader>>,
}

struct Reader {
    connection: Connection,
    /// The transaction that a copy was made after; not used with a file.
    copied_at: Option<u64>,
}

impl Reader {
    fn of(connection: Connection) -> Result<Self, StoreError> {
        Ok(Self {
            connection,
            copied_at: None,
        })
    }
}

impl Pool {
    pub(super) fn new(origin: Origin) -> Self {
        Self {
            origin,
            idle: Mutex::default(),
        }
    }

    pub(super) fn is_in_memory(&self) -> bool {
        matches!(self.origin, Origin::Memory(..))
    }

    fn take(&self) -> Result<Reader, StoreError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        match &self.origin {
            Origin::File(path) => idle.map_or_else(|| Reader::of(open::reader_beside(path)?), Ok),
            Origin::Frozen(path) => idle.map_or_else(|| Reader::of(open::frozen(path)?), Ok),
            Origin::Memory(shared, transactions) => {
                let reader = match idle {
                    Some(reader) => reader,
                    None => Reader {
                        connection: Connection::open_in_memory()
                            .attempting("open a reader in memory")?,
                        copied_at: None,
                    },
                };
                fresh_copy(reader, shared, transactions)
            }
        }
    }

    fn give_back(&self, reader: Reader) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE {
            idle.push(reader);
        }
    }

    /// Closes the connections that nobody reads from.
    pub(super) fn close(&self) {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

/// Brings a reader's copy up to the last transaction.
fn fresh_copy(
    mut reader: Reader,
    shared: &Mutex<Connection>,
    transactions: &AtomicU64,
) -> Result<Reader, StoreError> {
    let original = shared.lock().unwrap_or_else(PoisonError::into_inner);
    // Read under the lock: the writer counts a transaction before it lets go of the connection.
    let now = Some(transactions.load(Ordering::SeqCst));
    if reader.copied_at != now {
        Backup::new(&original, &mut reader.connection)
            .and_then(|copy| copy.step(-1))
            .attempting("copy a register in memory")?;
        reader.copied_at = now;
    }
    Ok(reader)
}

/// The register at one revision: whatever is read through it belongs together.
///
/// A snapshot keeps the log of the database from being cut, so keep it for one answer, not for a day.
pub struct Snapshot<'s> {
    store: &'s Store,
    reader: Option<Reader>,
    revision: Revision,
    /// Decisions made on it, handed over to be recorded when it ends.
    noted: RefCell<Vec<Noted>>,
}

impl<'s> Snapshot<'s> {
    pub(super) fn take(store: &'s Store) -> Result<Self, StoreError> {
        let reader = store.pool.take()?;
        execute(&reader.connection, "begin to read", "BEGIN", [])?;
        // The first statement fixes the moment that all others see.
        let revision = revision(&reader.connection)?;
        Ok(Self {
            store,
            reader: Some(reader),
            revision,
            noted: RefCell::default(),
        })
    }

    /// Notes a decision that was made on it: handed over to be recorded when the snapshot ends.
    pub fn note(&self, noted: Noted) {
        self.noted.borrow_mut().push(noted);
    }

    /// Ends it and hands out what was noted instead: for whoever may have to decide anew.
    pub(crate) fn end(self) -> Vec<Noted> {
        self.noted.take()
    }

    /// The revision that everything is read at.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The connection, for the tables of this room.
    pub(super) fn connection(&self) -> &Connection {
        match &self.reader {
            Some(reader) => &reader.connection,
            None => unreachable!("only the drop takes the reader away"),
        }
    }

    /// What decisions have read before.
    pub(super) fn kept(&self) -> &'s Kept {
        &self.store.kept
    }

    /// The tool catalogue that readers share.
    pub(super) fn catalogue(&self) -> &'s Catalogue {
        &self.store.catalogue
    }
}

/// Facts for many questions on one snapshot, kept for them alone: a search asks about more people than are asked for
/// again, and would only push out what is kept for decisions.
pub struct Aside<'a, 's> {
    snapshot: &'a Snapshot<'s>,
    kept: Kept,
    reach: Option<&'a [DistrictId]>,
}

impl<'a, 's> Aside<'a, 's> {
    /// Nothing is kept yet.
    pub fn new(snapshot: &'a Snapshot<'s>) -> Self {
        Self {
            snapshot,
            kept: Kept::default(),
            reach: None,
        }
    }

    /// The same for questions of somebody who may know of these districts alone, `None` meaning all.
    pub fn within(snapshot: &'a Snapshot<'s>, reach: Option<&'a [DistrictId]>) -> Self {
        Self {
            reach,
            ..Self::new(snapshot)
        }
    }

    /// As [`Snapshot::facts_within`].
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn facts(
        &self,
        request: &Request,
        now: Timestamp,
        roles: &Arc<Roles>,
    ) -> Result<Facts, StoreError> {
        self.snapshot
            .facts_beside(&self.kept, self.reach, request, now, roles)
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        for noted in self.noted.take() {
            self.store.note(noted);
        }
        // A connection whose transaction would not end is closed instead of lent again.
        if let Some(reader) = self.reader.take()
            && execute(&reader.connection, "end reading", "ROLLBACK", []).is_ok()
        {
            self.store.pool.give_back(reader);
        }
    }
}

/// The number of the last commit that a connection sees.
fn revision(connection: &Connection) -> Result<Revision, StoreError> {
    let last: Option<i64> = value(
        connection,
        "read the revision",
        "SELECT revision FROM journal ORDER BY seq DESC LIMIT 1",
        [],
    )?;
    to_u64("revision", last.unwrap_or(0)).map(Revision)
}

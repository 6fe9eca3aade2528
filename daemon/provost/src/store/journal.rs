//! The journal: every change ever committed, chained by hashes.
//!
//! A row's chain hash covers the row before it, its own columns and a salted digest of its value. The values lie in a
//! table of their own, from which a person can be erased; the chain stays verifiable without them.

mod rows;

pub use rows::{Bound, JournalRow, Stretch};

use jiff::Timestamp;
use provost_core::change::{Actor, Change};
use provost_core::hex;
use provost_core::id::{PersonId, Revision};
use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::commit::Draft;
use super::error::{Attempt, StoreError};
use super::kept::Touched;
use super::news::News;
use super::register::Counts;
use super::row::{collect, execute, from_body, limit, to_u64};
use super::snapshot::Snapshot;

/// Bytes of a salt: more than anybody can try through.
const SALT: usize = 16;

/// The chain hash before the first row.
const GENESIS: [u8; 32] = [0; 32];

/// Where the journal ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// Number of the last change; 0 before the first.
    pub(super) seq: i64,
    /// Number of the last commit; 0 before the first.
    pub(super) revision: i64,
    chain: [u8; 32],
    /// How much there is then.
    pub(super) counts: Counts,
}

impl Head {
    /// The last commit.
    pub(super) fn reached(&self) -> Revision {
        Revision(self.revision.unsigned_abs())
    }
}

/// What a row's chain hash covers.
struct Link<'r> {
    seq: i64,
    revision: i64,
    at: i64,
    actor: &'r str,
    noun: &'r str,
    person: Option<&'r str>,
    digest: &'r [u8],
}

impl Link<'_> {
    /// SHA-256 over the previous chain hash and every column, texts with their length before them, so that no two
    /// rows can look the same to it.
    fn chain(&self, previous: &[u8]) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut text = |text: Option<&str>| {
            let length = text.map_or(u64::MAX, |text| text.len() as u64);
            hash.update(length.to_be_bytes());
            hash.update(text.unwrap_or_default());
        };
        text(Some("provost journal 1"));
        text(Some(self.actor));
        text(Some(self.noun));
        text(self.person);
        for number in [self.seq, self.revision, self.at] {
            hash.update(number.to_be_bytes());
        }
        hash.update(self.digest);
        hash.update(previous);
        hash.finalize().into()
    }
}

fn digest(salt: &[u8], value: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(salt);
    hash.update(value);
    hash.finalize().into()
}

/// Random bytes, drawn from the system in lots.
struct Salts {
    lot: [u8; 256 * SALT],
    used: usize,
}

impl Salts {
    fn next(&mut self) -> Result<[u8; SALT], StoreError> {
        if self.used == self.lot.len() {
            getrandom::fill(&mut self.lot).map_err(|source| StoreError::Random { source })?;
            self.used = 0;
        }
        let mut salt = [0; SALT];
        salt.copy_from_slice(&self.lot[self.used..self.used + SALT]);
        self.used += SALT;
        Ok(salt)
    }
}

/// The writer's end of the journal.
pub(super) struct Journal {
    /// Where it ends.
    pub(super) head: Head,
    /// What the changes of the present transaction may have made untrue of what readers keep.
    pub(super) touched: Touched,
    /// What the log tells of the present transaction.
    pub(super) news: News,
    salts: Salts,
    /// Grows with every row, for whoever asks whether the writer comes forward.
    progress: Arc<AtomicU64>,
}

impl Journal {
    /// Finds the end of the journal.
    pub(super) fn load(
        connection: &Connection,
        progress: Arc<AtomicU64>,
    ) -> Result<Self, StoreError> {
        let counts = Counts::read(connection)?;
        let last = collect(
            connection,
            "find the journal's end",
            "SELECT seq, revision, chain FROM journal ORDER BY seq DESC LIMIT 1",
            [],
            |row| {
                let read = || {
                    rusqlite::Result::Ok(Head {
                        seq: row.get(0)?,
                        revision: row.get(1)?,
                        chain: row.get(2)?,
                        counts,
                    })
                };
                read().attempting("find the journal's end")
            },
        )?;
        let head = last.into_iter().next().unwrap_or(Head {
            seq: 0,
            revision: 0,
            chain: GENESIS,
            counts,
        });
        let salts = Salts {
            lot: [0; 256 * SALT],
            used: 256 * SALT,
        };
        Ok(Self {
            head,
            touched: Touched::default(),
            news: News::default(),
            salts,
            progress,
        })
    }

    /// Rows after this end were rolled back.
    pub(super) fn back_to(&mut self, head: Head) {
        self.head = head;
        self.news.back_to(head.seq);
    }

    /// Adds a change as a row of the commit `revision`.
    pub(super) fn add(
        &mut self,
        connection: &Connection,
        commit: &Stamp,
        Draft { change, words, .. }: &Draft,
        person: Option<&PersonId>,
    ) -> Result<(), StoreError> {
        const WHAT: &str = "write the journal";
        let salt = self.salts.next()?;
        let digest = digest(&salt, words);
        let seq = self.head.seq + 1;
        let person = person.map(PersonId::as_str);
        let link = Link {
            seq,
            revision: commit.revision,
            at: commit.at,
            actor: &commit.actor,
            noun: change.noun(),
            person,
            digest: &digest,
        };
        let chain = link.chain(&self.head.chain);
        execute(
            connection,
            WHAT,
            include_str!("journal/add.sql"),
            params![
                seq,
                commit.revision,
                commit.at,
                commit.actor,
                change.noun(),
                person,
                digest,
                chain
            ],
        )?;
        execute(
            connection,
            WHAT,
            "INSERT INTO journal_value (seq, salt, value) VALUES (?1, ?2, ?3)",
            params![seq, salt, words],
        )?;
        self.progress.fetch_add(1, Ordering::Relaxed);
        self.touched = self.touched.max(Touched::by(change));
        self.news.note(seq, change);
        self.head = Head {
            seq,
            revision: commit.revision,
            chain,
            ..self.head
        };
        Ok(())
    }
}

/// What all rows of one commit share.
#[derive(Debug, Clone)]
pub(super) struct Stamp {
    /// The commit's number.
    pub(super) revision: i64,
    /// When the plan was made, microseconds.
    pub(super) at: i64,
    /// Who caused it, as JSON.
    pub(super) actor: String,
}

/// A change as the journal keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Number of the change, from 1 without gaps.
    pub seq: u64,
    /// The commit it belongs to.
    pub revision: Revision,
    /// When the plan was made, to the microsecond.
    pub at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// What kind of thing changed.
    pub noun: String,
    /// The person concerned, if one is.
    pub person: Option<PersonId>,
    /// What changed; `None` once the person was erased.
    pub change: Option<Change>,
    /// Its chain hash, in hexadecimal.
    pub chain: String,
}

/// What the verification of the journal found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every row follows from the one before it, and every value that is there is the one that was written.
    Sound {
        /// Changes verified.
        entries: u64,
        /// Values erased since.
        erased: u64,
        /// The last row's chain hash in hexadecimal: kept elsewhere, it proves later that no row was cut off.
        head: String,
    },
    /// A row is not what was written.
    Broken {
        /// The first such row.
        seq: u64,
        /// What does not fit.
        why: String,
    },
}

impl Snapshot<'_> {
    /// Changes after number `after`, oldest first, at most `rows`.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn journal(&self, after: u64, rows: usize) -> Result<Vec<Entry>, StoreError> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        collect(
            self.connection(),
            "read the journal",
            include_str!("journal/after.sql"),
            params![after, limit(rows)],
            entry,
        )
    }

    /// Changes that concern a person after number `after`, oldest first, at most `rows`.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn journal_of(
        &self,
        person: &PersonId,
        after: u64,
        rows: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.journal_by(include_str!("journal/person.sql"), person, after, rows)
    }

    /// What of [`Snapshot::journal_of`] tells of the person as a contact: designation, stages, notices, activity.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn journal_life(
        &self,
        person: &PersonId,
        after: u64,
        rows: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.journal_by(include_str!("journal/life.sql"), person, after, rows)
    }

    fn journal_by(
        &self,
        sql: &str,
        person: &PersonId,
        after: u64,
        rows: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        const WHAT: &str = "read the journal of a person";
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let params = params![person.as_str(), after, limit(rows)];
        collect(self.connection(), WHAT, sql, params, entry)
    }

    /// Number and chain hash of the journal's last entry; `None` before the first.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn journal_head(&self) -> Result<Option<(u64, String)>, StoreError> {
        const WHAT: &str = "find the journal's end";
        const SQL: &str = "SELECT seq, chain FROM journal ORDER BY seq DESC LIMIT 1";
        let last = collect(self.connection(), WHAT, SQL, [], |row| {
            let seq = to_u64("number of a change", row.get(0).attempting(WHAT)?)?;
            let chain: [u8; 32] = row.get(1).attempting(WHAT)?;
            Ok((seq, hex(&chain)))
        })?;
        Ok(last.into_iter().next())
    }

    /// Commit and chain hash of an entry; `None` past the last. Number 0 is what the first entry stands on.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn journal_link(&self, seq: u64) -> Result<Option<(u64, String)>, StoreError> {
        const WHAT: &str = "find an entry of the journal";
        const SQL: &str = "SELECT revision, chain FROM journal WHERE seq = ?1";
        if seq == 0 {
            return Ok(Some((0, hex(&GENESIS))));
        }
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        let found = collect(self.connection(), WHAT, SQL, [seq], |row| {
            let revision = to_u64("number of a commit", row.get(0).attempting(WHAT)?)?;
            let chain: [u8; 32] = row.get(1).attempting(WHAT)?;
            Ok((revision, hex(&chain)))
        })?;
        Ok(found.into_iter().next())
    }

    /// Goes through the whole journal and proves that it is what was written.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn verify_journal(&self) -> Result<Verdict, StoreError> {
        const WHAT: &str = "verify the journal";
        let mut statement = self
            .connection()
            .prepare_cached(include_str!("journal/verify.sql"))
            .attempting(WHAT)?;
        let mut rows = statement.query([]).attempting(WHAT)?;
        let (mut before, mut erased) = (Checked::default(), 0);
        while let Some(row) = rows.next().attempting(WHAT)? {
            match check(row, &before).attempting(WHAT)? {
                Ok(checked) => {
                    erased += u64::from(checked.erased);
                    before = checked;
                }
                Err(why) => {
                    let seq = row.get(0).attempting(WHAT)?;
                    return Ok(Verdict::Broken {
                        seq: to_u64("number of a change", seq)?,
                        why: why.to_owned(),
                    });
                }
            }
        }
        Ok(Verdict::Sound {
            entries: to_u64("number of a change", before.seq)?,
            erased,
            head: hex(&before.chain),
        })
    }
}

/// A row that was checked.
struct Checked {
    seq: i64,
    revision: i64,
    chain: [u8; 32],
    erased: bool,
}

impl Default for Checked {
    fn default() -> Self {
        Self {
            seq: 0,
            revision: 0,
            chain: GENESIS,
            erased: false,
        }
    }
}

/// Checks a row of `journal/verify.sql` against the row before it; the inner error says what does not fit.
fn check(
    row: &rusqlite::Row<'_>,
    before: &Checked,
) -> rusqlite::Result<Result<Checked, &'static str>> {
    let (seq, revision): (i64, i64) = (row.get(0)?, row.get(1)?);
    let text = |place: usize| row.get_ref(place)?.as_str().map_err(rusqlite::Error::from);
    let blob = |place: usize| row.get_ref(place)?.as_blob().map_err(rusqlite::Error::from);
    let person = match row.get_ref(5)? {
        rusqlite::types::ValueRef::Null => None,
        _ => Some(text(5)?),
    };
    let link = Link {
        seq,
        revision,
        at: row.get(2)?,
        actor: text(3)?,
        noun: text(4)?,
        person,
        digest: blob(6)?,
    };
    let chain = link.chain(&before.chain);
    if seq != before.seq + 1 {
        return Ok(Err("changes before it are missing"));
    }
    if !(before.revision..=before.revision + 1).contains(&revision) || revision == 0 {
        return Ok(Err("its commit does not follow the one before"));
    }
    if chain != blob(7)? {
        return Ok(Err(
            "its chain hash does not follow from the row and the row before",
        ));
    }
    let erased = matches!(row.get_ref(8)?, rusqlite::types::ValueRef::Null);
    if !erased && digest(blob(8)?, text(9)?) != blob(6)? {
        return Ok(Err("its value is not the one that was written"));
    }
    Ok(Ok(Checked {
        seq,
        revision,
        chain,
        erased,
    }))
}

/// Reads a row of `journal/after.sql`.
fn entry(row: &rusqlite::Row<'_>) -> Result<Entry, StoreError> {
    const WHAT: &str = "read the journal";
    let number = |place| {
        row.get::<_, i64>(place)
            .attempting(WHAT)
            .and_then(|found| to_u64("number in the journal", found))
    };
    let text = |place| row.get::<_, Option<String>>(place).attempting(WHAT);
    let at: i64 = row.get(2).attempting(WHAT)?;
    let change = text(6)?;
    Ok(Entry {
        seq: number(0)?,
        revision: Revision(number(1)?),
        at: Timestamp::from_microsecond(at).map_err(|_| StoreError::Value {
            noun: "time in the journal",
            found: at.to_string(),
        })?,
        actor: from_body("actor", &text(3)?.unwrap_or_default())?,
        noun: text(4)?.unwrap_or_default(),
        person: text(5)?.and_then(|id| PersonId::new(id).ok()),
        change: change.map(|body| from_body("change", &body)).transpose()?,
        chain: hex(&row.get::<_, [u8; 32]>(7).attempting(WHAT)?),
    })
}

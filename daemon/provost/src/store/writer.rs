//! The single writer: a thread that owns the write connection and commits in groups.
//!
//! One durable commit costs a flush of the disk, whatever is in it. So the writer takes every write that waits, runs
//! each in a savepoint of its own inside one transaction, commits once and answers all of them afterwards. A write that
//! fails takes back its own rows only.

use rusqlite::Connection;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::commit::Commit;
use super::error::{CommitError, StoreError};
use super::journal::{Head, Journal};
use super::kept::{Kept, Touched};
use crate::failpoint;
use jiff::Timestamp;
use provost_core::change::Actor;
use provost_core::id::Revision;

/// Writes that may wait; who comes then waits to be let in.
pub(super) const QUEUE: usize = 1024;

/// Writes of one group, so that the first does not wait for ever.
const GROUP_WRITES: usize = 256;

/// Changes of one group, for the same reason: about a tenth of a second.
const GROUP_CHANGES: i64 = 5_000;

/// Pages of the register's log that are copied into its file: what SQLite takes for long by itself.
const LOG_PAGES: i64 = 1_000;

/// Pages of the log of directory reads, for which nobody waits and which no crash needs: 64 MiB.
const STAGING_LOG_PAGES: i64 = 4_096;

/// Whether a write may share its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Company {
    /// Runs in a savepoint beside others.
    Shared,
    /// Has a transaction of its own: for large writes, which a savepoint would slow down.
    Alone,
}

/// What becomes of a write's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Rows,
    Nothing,
}

/// Whether the transaction became durable; the error is shared by all its writes.
type Durable = Result<(), Arc<rusqlite::Error>>;

/// A write on its way through the writer.
pub(super) trait Job: Send {
    /// Whether it may share its transaction.
    fn company(&self) -> Company;
    /// Runs inside the transaction.
    fn run(&mut self, writing: &mut Writing<'_>) -> Keep;
    /// Answers whoever waits, after the transaction has ended.
    fn answer(self: Box<Self>, durable: &Durable);
}

/// The writer's transaction, as a write sees it.
pub struct Writing<'w> {
    connection: &'w Connection,
    journal: &'w mut Journal,
}

impl<'w> Writing<'w> {
    /// Begins a commit: changes made on revision `base`, caused by `actor`, planned at `at`. Changes are applied one
    /// by one, so that a plan that streams by is never held in memory.
    ///
    /// # Errors
    /// [`CommitError::Moved`] if `base` is a revision that this register has not reached.
    pub fn begin(
        &mut self,
        base: Revision,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<Commit<'_>, CommitError> {
        Commit::begin(self.connection, self.journal, base, actor, at)
    }

    /// The last revision, commits of this very transaction included.
    pub fn revision(&self) -> Revision {
        self.journal.head.reached()
    }

    /// The connection, for the tables of this room.
    pub(super) fn connection(&self) -> &'w Connection {
        self.connection
    }
}

/// A closure on its way through the writer, and where its answer goes.
struct Task<T, E, F> {
    company: Company,
    work: Option<F>,
    result: Option<Result<T, E>>,
    reply: SyncSender<Result<T, E>>,
}

impl<T, E, F> Job for Task<T, E, F>
where
    T: Send,
    E: Send + From<StoreError>,
    F: FnOnce(&mut Writing<'_>) -> Result<T, E> + Send,
{
    fn company(&self) -> Company {
        self.company
    }

    fn run(&mut self, writing: &mut Writing<'_>) -> Keep {
        let result = self.work.take().map(|work| work(writing));
        let keep = match &result {
            Some(Ok(_)) => Keep::Rows,
            _ => Keep::Nothing,
        };
        self.result = result;
        keep
    }

    fn answer(self: Box<Self>, durable: &Durable) {
        let result = match (self.result, durable) {
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (_, Err(source)) => Err(E::from(StoreError::Lost {
                source: Arc::clone(source),
            })),
            (None, Ok(())) => Err(E::from(StoreError::Stopped)),
        };
        // Whoever asked may have gone away; the commit stands all the same.
        let _ = self.reply.send(result);
    }
}

/// Sends a closure through the writer and waits for its transaction to be durable.
pub(super) fn submit<T, E, F>(
    jobs: &SyncSender<Box<dyn Job>>,
    company: Company,
    work: F,
) -> Result<T, E>
where
    T: Send + 'static,
    E: Send + From<StoreError> + 'static,
    F: FnOnce(&mut Writing<'_>) -> Result<T, E> + Send + 'static,
{
    let (reply, answer) = sync_channel(1);
    let task = Task {
        company,
        work: Some(work),
        result: None,
        reply,
    };
    jobs.send(Box::new(task)).map_err(|_| StoreError::Stopped)?;
    answer.recv().map_err(|_| StoreError::Stopped)?
}

/// Where the writer's connection lives.
pub(super) enum Home {
    /// It owns the connection to a file.
    File(Connection),
    /// Readers copy a register in memory from the same connection. The number counts its transactions.
    Memory(Arc<Mutex<Connection>>, Arc<AtomicU64>),
}

enum Borrowed<'h> {
    Own(&'h Connection),
    Shared(MutexGuard<'h, Connection>),
}

impl std::ops::Deref for Borrowed<'_> {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        match self {
            Self::Own(connection) => connection,
            Self::Shared(guard) => guard,
        }
    }
}

impl Home {
    fn borrow(&self) -> Borrowed<'_> {
        match self {
            Self::File(connection) => Borrowed::Own(connection),
            Self::Memory(shared, _) => {
                Borrowed::Shared(shared.lock().unwrap_or_else(PoisonError::into_inner))
            }
        }
    }

    fn changed(&self) {
        if let Self::Memory(_, transactions) = self {
            transactions.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// The writer thread's state.
pub(super) struct Writer {
    home: Home,
    journal: Journal,
    kept: Arc<Kept>,
}

impl Writer {
    /// Takes the connection over.
    pub(super) fn new(
        home: Home,
        kept: Arc<Kept>,
        progress: Arc<AtomicU64>,
    ) -> Result<Self, StoreError> {
        let journal = Journal::load(&home.borrow(), progress)?;
        kept.commit(Revision(0), journal.head.reached(), Touched::Anything);
        Ok(Self {
            home,
            journal,
            kept,
        })
    }

    /// Works until the last sender is gone.
    pub(super) fn run(mut self, jobs: &Receiver<Box<dyn Job>>) {
        let mut next = None;
        while let Some(first) = next.take().or_else(|| jobs.recv().ok()) {
            let connection = self.home.borrow();
            let before = self.journal.head.reached();
            self.journal.touched = Touched::default();
            let mut group = Group {
                connection: &connection,
                journal: &mut self.journal,
                members: Vec::new(),
            };
            let (durable, left_over) = group.transact(first, jobs);
            self.home.changed();
            let members = group.members;
            let after = self.journal.head.reached();
            if after != before {
                self.kept.commit(before, after, self.journal.touched);
            }
            for member in members {
                member.answer(&durable);
            }
            self.journal.news.tell();
            // A checkpoint that fails is tried again after the next write; the log is complete without it.
            let _ = shorten_logs(&connection);
            drop(connection);
            next = left_over;
        }
    }
}

/// Copies a long log into its file. Commits are durable in the log already, so this is done once everybody has been
/// answered, and not, as SQLite would by itself, while they wait.
fn shorten_logs(connection: &Connection) -> rusqlite::Result<()> {
    const LOGS: [(&str, &str, i64); 2] = [
        (
            "PRAGMA main.wal_checkpoint(NOOP)",
            "PRAGMA main.wal_checkpoint(PASSIVE)",
            LOG_PAGES,
        ),
        (
            "PRAGMA staging.wal_checkpoint(NOOP)",
            "PRAGMA staging.wal_checkpoint(PASSIVE)",
            STAGING_LOG_PAGES,
        ),
    ];
    for (look, copy, long) in LOGS {
        let pages = |sql| {
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))
        };
        let (log, copied): (i64, i64) = pages(look)?;
        if log > long && copied < log {
            pages(copy)?;
        }
    }
    Ok(())
}

/// One transaction and the writes in it.
struct Group<'g> {
    connection: &'g Connection,
    journal: &'g mut Journal,
    members: Vec<Box<dyn Job>>,
}

impl Group<'_> {
    /// Runs the first write and those that wait, and ends the transaction. Hands back a write that must be alone.
    fn transact(
        &mut self,
        first: Box<dyn Job>,
        jobs: &Receiver<Box<dyn Job>>,
    ) -> (Durable, Option<Box<dyn Job>>) {
        let before = self.journal.head;
        let mut left_over = None;
        let result = self.fill(first, jobs, &mut left_over);
        let durable = result.and_then(|keep| match keep {
            Keep::Rows => self.end(before),
            Keep::Nothing => self.connection.execute_batch("ROLLBACK"),
        });
        if durable.is_err() {
            self.journal.back_to(before);
            if !self.connection.is_autocommit() {
                // Should this fail too, the next BEGIN fails and says so to whoever asked for it.
                let _ = self.connection.execute_batch("ROLLBACK");
            }
        }
        (durable.map_err(Arc::new), left_over)
    }

    fn end(&self, before: Head) -> rusqlite::Result<()> {
        let counts = self.journal.head.counts;
        if counts != before.counts {
            counts.write(self.connection)?;
        }
        failpoint::hit("store.commit.before");
        self.connection.execute_batch("COMMIT")?;
        failpoint::hit("store.commit.after");
        Ok(())
    }

    fn fill(
        &mut self,
        first: Box<dyn Job>,
        jobs: &Receiver<Box<dyn Job>>,
        left_over: &mut Option<Box<dyn Job>>,
    ) -> rusqlite::Result<Keep> {
        let start = self.journal.head.seq;
        if let Err(error) = self.connection.execute_batch("BEGIN IMMEDIATE") {
            self.members.push(first);
            return Err(error);
        }
        if first.company() == Company::Alone {
            return self.run_alone(first);
        }
        self.run_shared(first)?;
        while self.members.len() < GROUP_WRITES && self.journal.head.seq - start < GROUP_CHANGES {
            match jobs.try_recv() {
                Ok(job) if job.company() == Company::Alone => {
                    *left_over = Some(job);
                    break;
                }
                Ok(job) => self.run_shared(job)?,
                Err(_) => break,
            }
        }
        Ok(Keep::Rows)
    }

    fn run_alone(&mut self, mut job: Box<dyn Job>) -> rusqlite::Result<Keep> {
        let before = self.journal.head;
        let keep = job.run(&mut Writing {
            connection: self.connection,
            journal: self.journal,
        });
        if keep == Keep::Nothing {
            self.journal.back_to(before);
        }
        self.members.push(job);
        self.still_open()?;
        Ok(keep)
    }

    fn run_shared(&mut self, mut job: Box<dyn Job>) -> rusqlite::Result<()> {
        let before = self.journal.head;
        let statement = |sql| {
            self.connection
                .prepare_cached(sql)
                .and_then(|mut statement| statement.execute([]))
        };
        if let Err(error) = statement("SAVEPOINT member") {
            self.members.push(job);
            return Err(error);
        }
        let keep = job.run(&mut Writing {
            connection: self.connection,
            journal: self.journal,
        });
        self.members.push(job);
        self.still_open()?;
        if keep == Keep::Nothing {
            self.journal.back_to(before);
            statement("ROLLBACK TO member")?;
        }
        statement("RELEASE member").map(drop)
    }

    /// A full disk or a failed read makes SQLite roll the whole transaction back by itself: then nothing of the group
    /// is left, and no further write may run outside a transaction.
    fn still_open(&self) -> rusqlite::Result<()> {
        if self.connection.is_autocommit() {
            let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT_ROLLBACK);
            return Err(rusqlite::Error::SqliteFailure(code, None));
        }
        Ok(())
    }
}

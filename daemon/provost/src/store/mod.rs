//! The register's store: SQLite behind a face of core types.
//!
//! There are two ways in. [`Store::read`] gives a [`Snapshot`] of one revision; [`Store::commit`] makes a plan durable,
//! whole or not at all. A plan is refused if something it changes has changed since the revision it was made on, so
//! that flows read, plan and commit without holding anything locked. All calls block: async code makes them off the
//! runtime's threads.

mod access;
mod activity;
mod agent;
mod alarm;
mod answer;
mod backup;
mod call;
mod case;
mod commit;
mod contact;
mod decision;
mod district;
mod erase;
mod error;
mod facts;
mod feed;
mod forget;
mod grant;
mod group;
mod journal;
mod kept;
mod news;
mod notice;
mod open;
mod person;
mod plugin;
mod register;
mod row;
mod session;
mod setting;
mod shelf;
mod snapshot;
mod staging;
#[cfg(test)]
mod tests;
mod token;
mod tool;
mod update_request;
mod writer;

pub use answer::{Answer, Claim, Key};
pub use backup::{Backup, Restored, open_copy, restore, verify};
pub use commit::{Commit, Draft};
pub use decision::{DecisionFilter, DecisionLine, Noted, Recorded};
pub use error::{CommitError, Obstacle, StoreError};
pub use journal::{Bound, Entry, JournalRow, Stretch, Verdict};
pub use notice::{NoticeFilter, NoticeState, Outgoing};
pub use open::Upgrade;
pub use person::Lookup;
pub use register::Counts;
pub use snapshot::{Aside, Snapshot};
pub use staging::{
    Compared, Comparing, Due, Mirror, News, Staged, StagedAbsence, StagedList, Which,
};
pub use writer::Writing;

use provost_core::change::Plan;
use provost_core::id::{AgentId, Revision};
use serde::Serialize;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use kept::Kept;
use snapshot::{Origin, Pool};
use tool::Catalogue;
use writer::{Company, Home, Job, Writer};

/// The register.
pub struct Store {
    pool: Pool,
    catalogue: Catalogue,
    kept: Arc<Kept>,
    /// Decisions that wait to be recorded.
    decisions: decision::Queue,
    jobs: Option<SyncSender<Box<dyn Job>>>,
    writer: Option<JoinHandle<()>>,
    lock: Option<open::Lock>,
    path: PathBuf,
    /// Grows with every change that is written.
    progress: Arc<AtomicU64>,
    /// What kept the last write from the disk, if anything did.
    obstacle: Mutex<Option<Obstacle>>,
}

/// Which part of a long list: the newest rows, or those before a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Only rows with a smaller number; `None` begins with the newest.
    pub before: Option<u64>,
    /// At most so many.
    pub rows: usize,
}

impl Page {
    /// The newest `rows`.
    pub fn newest(rows: usize) -> Self {
        Self { before: None, rows }
    }

    /// The number that every row is below.
    fn bound(self) -> i64 {
        self.before
            .and_then(|before| i64::try_from(before).ok())
            .unwrap_or(i64::MAX)
    }
}

impl Store {
    /// Opens the register at `path`, made if there is none, brought to the newest format if it is older.
    ///
    /// # Errors
    /// [`StoreError`] if the file is of a newer format, of another program, no database, damaged or in use by
    /// another daemon; the file is not touched then.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_telling(path, &|_| ())
    }

    /// The same, telling of each step to a newer format before it is made: it may take its time.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_telling(path: &Path, tell: &dyn Fn(Upgrade)) -> Result<Self, StoreError> {
        let (connection, lock) = open::open(path, tell)?;
        let origin = Origin::File(path.to_owned());
        Self::start(Home::File(connection), origin, path, Some(lock))
    }

    /// A register that lives in memory and vanishes with this value. For scenarios.
    ///
    /// # Errors
    /// [`StoreError`] if SQLite cannot be set up.
    pub fn in_memory() -> Result<Self, StoreError> {
        let shared = Arc::new(Mutex::new(open::open_in_memory()?));
        let transactions = Arc::new(AtomicU64::new(0));
        let home = Home::Memory(Arc::clone(&shared), Arc::clone(&transactions));
        let origin = Origin::Memory(shared, transactions);
        Self::start(home, origin, Path::new("in memory"), None)
    }

    fn start(
        home: Home,
        origin: Origin,
        path: &Path,
        lock: Option<open::Lock>,
    ) -> Result<Self, StoreError> {
        let kept = Arc::new(Kept::default());
        let progress = Arc::<AtomicU64>::default();
        let writer = Writer::new(home, Arc::clone(&kept), Arc::clone(&progress))?;
        let (sender, receiver) = sync_channel(writer::QUEUE);
        let thread = std::thread::Builder::new()
            .name("provost-writer".to_owned())
            .spawn(move || writer.run(&receiver))
            .map_err(|source| StoreError::File {
                what: "start the writer of the register",
                path: path.to_owned(),
                source,
            })?;
        Ok(Self {
            pool: Pool::new(origin),
            catalogue: Catalogue::default(),
            kept,
            decisions: decision::Queue::default(),
            jobs: Some(sender),
            writer: Some(thread),
            lock,
            path: path.to_owned(),
            progress,
            obstacle: Mutex::default(),
        })
    }

    /// A register in a file that nobody writes; it takes no writes.
    fn frozen(path: &Path) -> Self {
        Self {
            pool: Pool::new(Origin::Frozen(path.to_owned())),
            catalogue: Catalogue::default(),
            kept: Arc::default(),
            decisions: decision::Queue::default(),
            jobs: None,
            writer: None,
            lock: None,
            path: path.to_owned(),
            progress: Arc::default(),
            obstacle: Mutex::default(),
        }
    }

    /// Why no writes are taken at the moment, `None` while they are. Reads go on either way.
    pub fn obstacle(&self) -> Option<Obstacle> {
        let obstacle = self.obstacle.lock();
        *obstacle.unwrap_or_else(PoisonError::into_inner)
    }

    /// Tries whether writes are taken again, by one that changes nothing of the register.
    ///
    /// # Errors
    /// [`StoreError`] says why not.
    pub fn probe(&self) -> Result<(), StoreError> {
        self.put("store.probe", "")
    }

    /// The register's file; `None` for one in memory.
    pub fn file(&self) -> Option<&Path> {
        (!self.pool.is_in_memory()).then_some(&self.path)
    }

    /// Has the writer's thread answer, by a transaction of nothing. Says nothing of the disk.
    ///
    /// # Errors
    /// [`StoreError::Stopped`] if the thread is gone; otherwise why the transaction failed.
    pub fn ping(&self) -> Result<(), StoreError> {
        let jobs = self.jobs.as_ref().ok_or(StoreError::Stopped)?;
        writer::submit(jobs, Company::Shared, |_| Ok(()))
    }

    /// A number that grows with every change that is written.
    pub fn progress(&self) -> u64 {
        self.progress.load(Ordering::Relaxed)
    }

    /// The register as it is now.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub fn read(&self) -> Result<Snapshot<'_>, StoreError> {
        Snapshot::take(self)
    }

    /// The ground on which a write stands that asks before its first change: [`Self::read`] from within
    /// [`Self::write`], so that another thread can read what this one is about to change. `None` for a register in
    /// memory, whose readers wait for the writer.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub fn ground(&self) -> Result<Option<Snapshot<'_>>, StoreError> {
        match self.pool.is_in_memory() {
            true => Ok(None),
            false => self.read().map(Some),
        }
    }

    /// The last daemon did not stop in good order, and the file is so large that opening has left it to [`Self::examine`].
    pub fn is_unexamined(&self) -> bool {
        self.lock.as_ref().is_some_and(|lock| lock.unexamined)
    }

    /// Reads every page of the register's file, beside the running daemon, and says what is wrong with the first that
    /// is. Opening does this by itself only while the file is small enough not to keep anybody waiting.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if a page is not what it should be.
    pub fn examine(&self) -> Result<(), StoreError> {
        open::examine(self.read()?.connection(), &self.path)
    }

    /// Writes a copy of the register as it is now to `to`, which must not exist yet, without stopping anybody.
    ///
    /// The copy is proved before it gets its name.
    ///
    /// # Errors
    /// [`StoreError`] if the file is there already, cannot be written, or is not what was copied; nothing is left then.
    pub fn backup(&self, to: &Path) -> Result<Backup, StoreError> {
        backup::write(self.read()?.connection(), to)
    }

    /// Commits a plan and waits until it is durable. A plan without changes is no commit: the answer is then the
    /// revision as it is.
    ///
    /// # Errors
    /// [`CommitError::Moved`] if the plan's ground has changed: read again and plan anew. The other variants say what
    /// the plan would have broken. Nothing of a refused plan is in the register.
    pub fn commit(&self, plan: Plan) -> Result<Revision, CommitError> {
        if plan.is_empty() {
            return Ok(self.read()?.revision());
        }
        self.commit_beside(plan, None)
    }

    /// The same, in one transaction with the record of the decision that the plan rests on: either both are there
    /// afterwards or neither is.
    ///
    /// # Errors
    /// As [`Store::commit`], and if the decision cannot be recorded.
    pub fn commit_on_record(&self, plan: Plan, noted: Noted) -> Result<Revision, CommitError> {
        let record = decision::Draft::of(noted)?;
        self.commit_beside(plan, Some(record))
    }

    fn commit_beside(
        &self,
        plan: Plan,
        record: Option<decision::Draft>,
    ) -> Result<Revision, CommitError> {
        let changes = plan.changes.into_iter();
        let drafts = changes.map(Draft::of).collect::<Result<Vec<_>, _>>()?;
        self.submit(Company::Shared, move |writing| {
            let mut commit = writing.begin(plan.base, &plan.actor, plan.at)?;
            for draft in &drafts {
                commit.apply(draft)?;
            }
            let revision = commit.finish()?;
            if let Some(record) = &record {
                decision::add(writing.connection(), record)?;
            }
            Ok(revision)
        })
    }

    /// Runs `work` in a transaction of its own on the writer and waits until it is durable; an error takes everything
    /// back. For writes that stream: see [`Writing::begin`]. Other writes wait meanwhile, reads don't.
    ///
    /// # Errors
    /// What `work` says, or [`StoreError`] if its transaction cannot be made durable.
    pub fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: Error + Send + From<StoreError> + 'static,
        F: FnOnce(&mut Writing<'_>) -> Result<T, E> + Send + 'static,
    {
        self.submit(Company::Alone, work)
    }

    /// Keeps a small value, e.g. the highest wall time seen. Settings are no part of the register's history.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub fn put<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<(), StoreError> {
        let key = key.to_owned();
        let value = row::to_body("setting", value)?;
        self.submit(Company::Shared, move |writing| {
            setting::put(writing.connection(), &key, &value)
        })
    }

    /// Makes agents known, e.g. those that a document names. Agents who cause a commit are known by that alone.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be written.
    pub fn know_agents(&self, agents: impl IntoIterator<Item = AgentId>) -> Result<(), StoreError> {
        let agents: Vec<AgentId> = agents.into_iter().collect();
        self.submit(Company::Shared, move |writing| {
            let revision = writing.revision();
            agents
                .iter()
                .try_for_each(|id| agent::note(writing.connection(), id, revision))
        })
    }

    fn submit<T, E, F>(&self, company: Company, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: Error + Send + From<StoreError> + 'static,
        F: FnOnce(&mut Writing<'_>) -> Result<T, E> + Send + 'static,
    {
        let jobs = self.jobs.as_ref().ok_or(StoreError::Stopped)?;
        let result = writer::submit(jobs, company, work);
        let obstacle = match &result {
            Ok(_) => None,
            // A write that was refused for itself tells nothing of the disk.
            Err(error) => match Obstacle::of(error) {
                None => return result,
                found => found,
            },
        };
        *self.obstacle.lock().unwrap_or_else(PoisonError::into_inner) = obstacle;
        result
    }
}

impl Drop for Store {
    /// Lets the writer finish what it has, closes everything and marks the stop as a clean one.
    fn drop(&mut self) {
        self.pool.close();
        drop(self.jobs.take());
        let ended = self.writer.take().map(JoinHandle::join);
        if self.lock.is_some() {
            // What cannot be removed now is removed by the next start.
            let _ = staging::file::remove(&self.path);
        }
        if let (Some(Ok(())), Some(lock)) = (ended, &self.lock) {
            lock.mark_clean();
        }
    }
}

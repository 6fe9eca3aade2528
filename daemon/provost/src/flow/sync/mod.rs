//! Directory sync: read → stage → compare → commit.
//!
//! A read that is not complete ends before anything is compared. The comparison runs twice: once without writing, for
//! the counts, the hash and the guards; then, if nothing stands against it, inside the writer's transaction, where it
//! must come to the same hash or is taken back.

mod compare;
mod error;
mod explain;
mod read;
mod state;

#[cfg(test)]
mod tests;

pub use error::SyncError;
pub use explain::Explanation;
pub use state::SourceState;

use jiff::Timestamp;
use provost_core::change::{Actor, Change, Plan};
use provost_core::directory::{Concern, Remark, Summary};
use provost_core::id::{FeedId, Revision, SourceId};
use provost_core::notice::Alarm;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::source::Source;
use crate::ldap::{Directory, Server};
use crate::store::Store;
use compare::Comparison;

/// Who lets a plan through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Approval {
    /// The timer: a first plan, many new roles and everything that a guard refuses wait.
    Automatic,
    /// An operator who has not seen the plan: what a guard refuses still does not pass.
    Operator(String),
    /// An operator who has seen this very plan: it passes whatever the guards say, and no other plan does.
    Exactly {
        /// The operator.
        operator: String,
        /// Hash of the plan.
        hash: String,
    },
}

impl Approval {
    fn actor(&self, source: &SourceId) -> Actor {
        match self {
            Self::Automatic => Actor::Source(source.clone()),
            Self::Operator(name) | Self::Exactly { operator: name, .. } => {
                Actor::Operator(name.clone())
            }
        }
    }

    /// Which of a plan's concerns stand between this approval and the plan.
    fn objections<'s>(&self, concerns: &'s [Concern]) -> Vec<&'s Concern> {
        let concerns = concerns.iter();
        match self {
            Self::Automatic => concerns.collect(),
            Self::Operator(_) => concerns.filter(|concern| concern.refuses()).collect(),
            Self::Exactly { .. } => Vec::new(),
        }
    }
}

/// What one run came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum Outcome {
    /// Written; an empty plan writes nothing.
    Applied {
        /// The revision since.
        revision: Revision,
    },
    /// Nothing written: the plan waits for an operator.
    Waiting,
    /// Nothing written: a guard refuses the plan.
    Refused,
    /// Nothing written: this is not the plan that was approved.
    Moved,
}

/// What one run found and did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// The source.
    pub source: SourceId,
    /// The server that was read.
    pub server: String,
    /// Counts, hash and concerns.
    pub summary: Summary,
    /// The first remarks on single entries.
    pub remarks: Vec<Remark>,
    /// How many remarks there were.
    pub remarks_in_all: u64,
    /// What became of it; `None` where only a plan was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<Outcome>,
}

/// One line of a plan, as it streams by.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// A write.
    Change(Change),
    /// Something that an operator should know.
    Remark(Remark),
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Change(change) => change.fmt(f),
            Self::Remark(remark) => remark.fmt(f),
        }
    }
}

/// Where the lines of a plan go. Called off the runtime's threads, so that it may block.
pub type Lines = Box<dyn FnMut(Line) + Send>;

/// Lines that nobody wants to see.
pub fn no_lines() -> Lines {
    Box::new(drop)
}

/// Directory sync of all sources. A source is worked on by one run at a time; sources don't wait for each other.
pub struct Syncs {
    store: Arc<Store>,
    directory: Arc<dyn Directory>,
    running: Mutex<BTreeMap<SourceId, Arc<AtomicU64>>>,
}

/// A source that is being worked on, until this is dropped.
struct Running<'s> {
    syncs: &'s Syncs,
    source: SourceId,
    entries: Arc<AtomicU64>,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.syncs.lock().remove(&self.source);
    }
}

/// Everything that one run is about.
#[derive(Clone)]
struct Run {
    store: Arc<Store>,
    source: Arc<Source>,
    feed: Option<FeedId>,
    at: Timestamp,
}

impl Syncs {
    /// Reads through `directory` and keeps everything in `store`.
    pub fn new(store: Arc<Store>, directory: Arc<dyn Directory>) -> Self {
        Self {
            store,
            directory,
            running: Mutex::default(),
        }
    }

    /// Reads the source and says what applying would do; `lines` sees every change. Nothing of the register changes.
    ///
    /// `feed` is the activity feed of the source's district, if one is configured; `at` is now.
    ///
    /// # Errors
    /// [`SyncError`] if the read is not complete, or the source is being worked on already.
    pub async fn plan(
        &self,
        source: &Arc<Source>,
        feed: Option<FeedId>,
        at: Timestamp,
        lines: Lines,
    ) -> Result<Report, SyncError> {
        let running = self.begin(&source.id)?;
        let run = self.run(source, feed, at);
        let read = self.read(&run, &running).await?;
        let comparison = compare::dry(run, lines).await?;
        Ok(report(&read, comparison, None))
    }

    /// Reads the source and applies what follows, if `approval` lets it through.
    ///
    /// # Errors
    /// [`SyncError`] if the read is not complete, the source is being worked on already, or the register changed
    /// meanwhile. Nothing is changed then, beside an alarm.
    pub async fn apply(
        &self,
        source: &Arc<Source>,
        feed: Option<FeedId>,
        at: Timestamp,
        approval: Approval,
    ) -> Result<Report, SyncError> {
        let running = self.begin(&source.id)?;
        let run = self.run(source, feed, at);
        let result = self.read_and_apply(&run, &running, &approval).await;
        if let Err(error) = &result {
            self.note_failure(&run, error).await?;
        }
        result
    }

    async fn read_and_apply(
        &self,
        run: &Run,
        running: &Running<'_>,
        approval: &Approval,
    ) -> Result<Report, SyncError> {
        let read = self.read(run, running).await?;
        let (comparison, done) = compare::apply(run.clone(), approval.clone()).await?;
        let report = report(&read, comparison, Some(done));
        self.note_success(run, &report).await?;
        Ok(report)
    }

    /// Connects to the source and says what kind of server it found and why.
    ///
    /// # Errors
    /// [`SyncError`] if no server of the source can be used.
    pub async fn probe(&self, source: &Source) -> Result<Server, SyncError> {
        let reading = self
            .directory
            .open(source)
            .await
            .map_err(SyncError::directory(&source.id))?;
        Ok(reading.server().clone())
    }

    /// What is known of a source: last read, last plan, last error.
    ///
    /// # Errors
    /// [`SyncError`] if the register cannot be read.
    pub async fn status(&self, source: &SourceId) -> Result<SourceState, SyncError> {
        let (store, source) = (Arc::clone(&self.store), source.clone());
        blocking(move || state::load(&store, &source)).await
    }

    /// Entries read so far, while a source is being worked on.
    pub fn progress(&self, source: &SourceId) -> Option<u64> {
        let running = self.lock();
        running
            .get(source)
            .map(|entries| entries.load(Ordering::Relaxed))
    }

    fn begin(&self, source: &SourceId) -> Result<Running<'_>, SyncError> {
        let entries = Arc::new(AtomicU64::new(0));
        let mut running = self.lock();
        if running.contains_key(source) {
            return Err(SyncError::Busy {
                source_id: source.clone(),
            });
        }
        running.insert(source.clone(), Arc::clone(&entries));
        Ok(Running {
            syncs: self,
            source: source.clone(),
            entries,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<SourceId, Arc<AtomicU64>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, source: &Arc<Source>, feed: Option<FeedId>, at: Timestamp) -> Run {
        Run {
            store: Arc::clone(&self.store),
            source: Arc::clone(source),
            feed,
            at,
        }
    }

    async fn read(&self, run: &Run, running: &Running<'_>) -> Result<read::Read, SyncError> {
        read::read(run, self.directory.as_ref(), &running.entries).await
    }

    /// Keeps what a complete read came to; alarms the operators when a refusal or a waiting plan is news.
    async fn note_success(&self, run: &Run, report: &Report) -> Result<(), SyncError> {
        let (run, report) = (run.clone(), report.clone());
        blocking(move || {
            let before = state::load(&run.store, &run.source.id)?;
            let news = before.unapplied.as_ref() != Some(&report.summary.hash);
            let alarm = match &report.done {
                Some(Outcome::Refused) if news => Some("sync.refused"),
                Some(Outcome::Waiting) if news => Some("sync.waiting"),
                _ => None,
            };
            if let Some(code) = alarm {
                let why: Vec<_> = report
                    .summary
                    .concerns
                    .iter()
                    .map(ToString::to_string)
                    .collect();
                let message = format!(
                    "source {}: plan {} was not applied: {}",
                    run.source.id,
                    report.summary.hash,
                    why.join("; ")
                );
                raise(&run, code, message)?;
            }
            state::save(&run.store, &before.after(&report, &run.source, run.at))
        })
        .await
    }

    /// Keeps what went wrong; alarms the operators when a source begins to fail, not at each further try.
    async fn note_failure(&self, run: &Run, error: &SyncError) -> Result<(), SyncError> {
        let (run, text) = (run.clone(), error.chain());
        blocking(move || {
            let before = state::load(&run.store, &run.source.id)?;
            if before.error.is_none() {
                raise(
                    &run,
                    "sync.failed",
                    format!("source {}: {text}", run.source.id),
                )?;
            }
            state::save(&run.store, &before.failed(text, run.at))
        })
        .await
    }
}

fn raise(run: &Run, code: &str, message: String) -> Result<(), SyncError> {
    let base = run.store.read()?.revision();
    let mut plan = Plan::new(base, Actor::Source(run.source.id.clone()), run.at);
    let alarm = Alarm {
        code: code.to_owned(),
        district: Some(run.source.district.clone()),
        person: None,
        message,
        at: run.at,
    };
    plan.changes.push(Change::Alarm {
        alarm: Box::new(alarm),
    });
    run.store.commit(plan)?;
    Ok(())
}

fn report(read: &read::Read, comparison: Comparison, done: Option<Outcome>) -> Report {
    let mut remarks = read.remarks.clone();
    remarks.extend(comparison.remarks);
    Report {
        source: read.source.clone(),
        server: read.server.clone(),
        summary: comparison.summary,
        remarks_in_all: remarks.in_all(),
        remarks: remarks.first(),
        done,
    }
}

/// Does blocking work off the runtime's threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SyncError> + Send + 'static,
) -> Result<T, SyncError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| SyncError::Interrupted)?
}

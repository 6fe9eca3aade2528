//! Directory sync: read → stage → compare → commit.
//!
//! A read that is not complete ends before anything is compared. The comparison runs twice: once without writing, for
//! the counts, the hash and the guards; then, if nothing stands against it, inside the writer's transaction, where it
//! must come to the same hash or is taken back.

mod changes;
mod compare;
mod error;
mod explain;
mod freshness;
mod lists;
mod live;
mod liveness;
mod news;
mod probe;
mod read;
mod report;
mod stage;
mod state;
mod turn;

#[cfg(test)]
mod tests;

pub use error::SyncError;
pub use explain::Explanation;
pub use freshness::Freshness;
pub use live::{Again, Opened, Stream, Taken};
pub use liveness::Liveness;
pub use probe::Probe;
pub use report::{Approval, Extent, Line, Outcome, Report};
pub use state::SourceState;

use jiff::Timestamp;
use provost_core::change::{Actor, Change, Plan, PlanHasher};
use provost_core::directory::{About, Effects, Reach, Remark, Summary};
use provost_core::id::{FeedId, SourceId};
use provost_core::notice::Alarm;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::watch;

use crate::config::source::Source;
use crate::ldap::Directory;
use crate::store::{Store, Which};
use compare::Comparison;
use liveness::Livenesses;
use read::{Read, Remarks};
use state::{Cookie, Count, Kept, Next};
use turn::{By, Turn, Turns};

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
    turns: Turns,
    streams: Livenesses,
}

/// Everything that one run is about.
#[derive(Clone)]
struct Run {
    store: Arc<Store>,
    source: Arc<Source>,
    feed: Option<FeedId>,
    at: Timestamp,
    which: Which,
    /// What the source's stream has done shortly before.
    before: Effects,
    by: By,
    about: About,
    reach: Reach,
}

impl Syncs {
    /// Reads through `directory` and keeps everything in `store`.
    pub fn new(store: Arc<Store>, directory: Arc<dyn Directory>) -> Self {
        Self {
            store,
            directory,
            turns: Turns::default(),
            streams: Livenesses::default(),
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
        extent: Extent,
        lines: Lines,
    ) -> Result<Report, SyncError> {
        let running = self.turns.begin(&source.id, By::Run).await?;
        let state = self.status(&source.id).await?;
        let run = self.run(source, feed, at, &state);
        let since = match state.next(source, at, extent) {
            Next::Changes(cookie) => Some(cookie),
            Next::Everything | Next::Verification(_) => None,
        };
        let read = self.read(&run, &running, since).await?;
        let comparison = dry(&run, &read, lines).await?;
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
        extent: Extent,
        approval: Approval,
    ) -> Result<Report, SyncError> {
        let running = self.turns.begin(&source.id, By::Run).await?;
        let state = self.status(&source.id).await?;
        let run = self.run(source, feed, at, &state);
        let result = self.rounds(&run, &running, extent, &approval).await;
        if let Err(error) = &result {
            self.note_failure(&run, error).await?;
        }
        result
    }

    /// One read with what follows, or two where it is time to see what reads of changes have missed.
    async fn rounds(
        &self,
        run: &Run,
        running: &Turn<'_>,
        extent: Extent,
        approval: &Approval,
    ) -> Result<Report, SyncError> {
        let state = self.status(&run.source.id).await?;
        match (state.next(&run.source, run.at, extent), approval) {
            (Next::Changes(cookie), _) => {
                self.read_and_apply(run, running, approval, Some(cookie), false)
                    .await
            }
            // Whoever approves one plan approves nothing that another read brings beside it.
            (Next::Everything, _) | (Next::Verification(_), Approval::Exactly { .. }) => {
                self.read_and_apply(run, running, approval, None, false)
                    .await
            }
            (Next::Verification(cookie), _) => {
                let round = self
                    .read_and_apply(run, running, approval, Some(cookie), false)
                    .await?;
                if round.extent == Extent::Everything {
                    return Ok(round);
                }
                running.entries.store(0, Ordering::Relaxed);
                self.read_and_apply(run, running, approval, None, true)
                    .await
            }
        }
    }

    async fn read_and_apply(
        &self,
        run: &Run,
        running: &Turn<'_>,
        approval: &Approval,
        since: Option<Cookie>,
        verifies: bool,
    ) -> Result<Report, SyncError> {
        let read = self.read(run, running, since).await?;
        self.apply_read(run, read, approval, verifies).await
    }

    async fn apply_read(
        &self,
        run: &Run,
        mut read: Read,
        approval: &Approval,
        verifies: bool,
    ) -> Result<Report, SyncError> {
        let (mut comparison, mut done) = apply(run, &read, approval.clone()).await?;
        if matches!(done, Outcome::Refused | Outcome::Waiting) {
            let shut_out = shut_out(as_read(run, &read)).await?;
            if shut_out > 0 {
                // What waits is another plan now.
                (comparison, done) = apply(run, &read, approval.clone()).await?;
                read.remarks.add(Remark {
                    about: run.source.id.to_string(),
                    text: format!("shut out all the same: {shut_out} disabled or deleted people"),
                });
            }
        }
        let kept = Kept {
            cookie: read.cookie.take(),
            stood: read.stood.clone(),
            verifies,
            lately: match approval {
                Approval::Automatic if run.by == By::Stream => Count::On,
                Approval::Automatic => Count::Leave,
                Approval::Operator(_) | Approval::Exactly { .. } => Count::Anew,
            },
        };
        let report = report(&read, comparison, Some(done));
        self.note_success(run, &report, kept).await?;
        Ok(report)
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
        self.turns.progress(source)
    }

    /// Tells whenever a run of the source has ended.
    pub fn ends(&self, source: &SourceId) -> watch::Receiver<()> {
        self.turns.ends(source)
    }

    /// A run as the timer or an operator begins it; a stream's sets `by`.
    fn run(
        &self,
        source: &Arc<Source>,
        feed: Option<FeedId>,
        at: Timestamp,
        state: &SourceState,
    ) -> Run {
        Run {
            store: Arc::clone(&self.store),
            source: Arc::clone(source),
            feed,
            at,
            which: Which::All,
            before: state.before(source, at),
            by: By::Run,
            about: About::Everything,
            reach: Reach::Level,
        }
    }

    async fn read(
        &self,
        run: &Run,
        running: &Turn<'_>,
        since: Option<Cookie>,
    ) -> Result<Read, SyncError> {
        read::read(run, self.directory.as_ref(), &running.entries, since).await
    }

    /// Keeps what a read came to; alarms the operators when a refusal or a waiting plan is news.
    async fn note_success(&self, run: &Run, report: &Report, kept: Kept) -> Result<(), SyncError> {
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
            state::save(
                &run.store,
                &before.after(&report, kept, &run.source, run.at),
            )
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

/// The run as far as the read went.
fn as_read(run: &Run, read: &Read) -> Run {
    let which = match read.extent {
        Extent::Everything => Which::All,
        Extent::Changes | Extent::Nothing => Which::Named,
    };
    Run {
        which,
        reach: read.reach,
        ..run.clone()
    }
}

/// What follows from a read. Where nothing changed, nothing does, and nobody has to look.
async fn dry(run: &Run, read: &Read, lines: Lines) -> Result<Comparison, SyncError> {
    match read.extent {
        Extent::Everything | Extent::Changes => compare::dry(as_read(run, read), lines).await,
        Extent::Nothing => {
            let summary = Summary {
                hash: PlanHasher::default().finish(),
                ..Summary::default()
            };
            Ok(Comparison {
                summary,
                remarks: Remarks::default(),
            })
        }
    }
}

/// Applies what follows from a read, if `approval` lets it through.
async fn apply(
    run: &Run,
    read: &Read,
    approval: Approval,
) -> Result<(Comparison, Outcome), SyncError> {
    if read.extent != Extent::Nothing {
        return compare::apply(as_read(run, read), approval).await;
    }
    let comparison = dry(run, read, no_lines()).await?;
    let run = run.clone();
    let revision = blocking(move || Ok(run.store.read()?.revision())).await?;
    let held = compare::held(&approval, &comparison.summary);
    Ok((comparison, held.unwrap_or(Outcome::Applied { revision })))
}

/// Whoever is disabled or deleted loses authority, whatever keeps the rest of the plan from being applied. Says how many
/// did.
async fn shut_out(run: Run) -> Result<u64, SyncError> {
    let run = Run {
        about: About::ShutOut,
        ..run
    };
    let (comparison, _) = compare::apply(run, Approval::Automatic).await?;
    Ok(comparison.summary.disabled + comparison.summary.deleted)
}

fn report(read: &Read, comparison: Comparison, done: Option<Outcome>) -> Report {
    let mut remarks = read.remarks.clone();
    remarks.extend(comparison.remarks);
    Report {
        source: read.source.clone(),
        server: read.server.clone(),
        extent: read.extent,
        because: read.because.clone(),
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

//! Whose turn it is: one works on a source at a time, and sources don't wait for each other.

use provost_core::id::SourceId;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, watch};

use super::SyncError;

/// Who works on a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The timer or an operator. Another one that comes meanwhile is refused.
    Run,
    /// A stream with its news. It waits for others, and others wait for it.
    Stream,
}

struct Holder {
    by: By,
    entries: Arc<AtomicU64>,
}

/// Who is at which source.
#[derive(Default)]
pub(super) struct Turns {
    holders: Mutex<BTreeMap<SourceId, Holder>>,
    free: Notify,
    ends: Mutex<BTreeMap<SourceId, watch::Sender<()>>>,
}

/// A source that is being worked on, until this is dropped.
pub(super) struct Turn<'t> {
    turns: &'t Turns,
    source: SourceId,
    /// Entries read so far.
    pub(super) entries: Arc<AtomicU64>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.lock().remove(&self.source);
        self.turns.free.notify_waiters();
        let ends = self.turns.ends.lock();
        let ends = ends.unwrap_or_else(PoisonError::into_inner);
        if let Some(end) = ends.get(&self.source) {
            end.send_replace(());
        }
    }
}

impl Turns {
    /// Begins to work on a source, perhaps after a stream.
    pub(super) async fn begin(&self, source: &SourceId, by: By) -> Result<Turn<'_>, SyncError> {
        loop {
            let mut free = std::pin::pin!(self.free.notified());
            free.as_mut().enable();
            match self.take(source, by) {
                Ok(turn) => return Ok(turn),
                Err(holder) if by == By::Stream || holder == By::Stream => free.await,
                Err(_) => {
                    return Err(SyncError::Busy {
                        source_id: source.clone(),
                    });
                }
            }
        }
    }

    fn take(&self, source: &SourceId, by: By) -> Result<Turn<'_>, By> {
        let mut holders = self.lock();
        if let Some(holder) = holders.get(source) {
            return Err(holder.by);
        }
        let entries = Arc::default();
        let holder = Holder {
            by,
            entries: Arc::clone(&entries),
        };
        holders.insert(source.clone(), holder);
        Ok(Turn {
            turns: self,
            source: source.clone(),
            entries,
        })
    }

    /// Entries that a run has read so far.
    pub(super) fn progress(&self, source: &SourceId) -> Option<u64> {
        let holders = self.lock();
        let holder = holders.get(source)?;
        let entries = holder.entries.load(Ordering::Relaxed);
        (holder.by == By::Run || entries > 0).then_some(entries)
    }

    /// Tells whenever somebody has ended their work on the source.
    pub(super) fn ends(&self, source: &SourceId) -> watch::Receiver<()> {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.entry(source.clone()).or_default().subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SourceId, Holder>> {
        self.holders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

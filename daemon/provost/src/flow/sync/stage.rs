//! Staging: entries as they come → what each says → the staging tables.

use jiff::Timestamp;
use provost_core::directory::{Entry, Mapping, Observation, Quarantined, Remark, observe};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc::Receiver;

use super::read::Remarks;
use super::{Run, SyncError, blocking};
use crate::ldap::Seen;
use crate::store::{Mirror, News, Staged};

/// Batches that wait to be staged. The server waits when they are full.
pub(super) const BATCHES: usize = 4;

/// What a read has come to so far, beside the staged rows.
pub(super) struct Staging {
    pub(super) mirror: Mirror,
    pub(super) remarks: Remarks,
    /// Deletions that the server reports.
    pub(super) deleted: Vec<String>,
}

/// Maps and stages batches until the reading ends.
pub(super) async fn stage(
    run: &Run,
    mapping: Arc<Mapping>,
    mirror: Mirror,
    mut batches: Receiver<Vec<Seen>>,
    progress: &AtomicU64,
) -> Result<Staging, SyncError> {
    let mut staging = Staging::new(mirror);
    let mut news = Vec::new();
    while let Some(batch) = batches.recv().await {
        let read = batch.len() as u64;
        let (writing, mapping, at) = (run.clone(), Arc::clone(&mapping), run.at);
        // One batch is mapped while the one before it is written.
        let (written, mapped) = tokio::join!(
            blocking(move || Ok(writing.store.stage(&writing.source.id, news)?)),
            blocking(move || {
                let news = staging.map(batch, &mapping, at);
                Ok((staging, news))
            }),
        );
        written?;
        (staging, news) = mapped?;
        progress.fetch_add(read, Ordering::Relaxed);
    }
    let run = run.clone();
    blocking(move || {
        run.store.stage(&run.source.id, news)?;
        run.store.place(&run.source.id)?;
        Ok(staging)
    })
    .await
}

/// Stages a few entries that were looked up by themselves.
pub(super) fn stage_few(
    run: &Run,
    mapping: &Mapping,
    batch: Vec<Seen>,
) -> Result<Remarks, SyncError> {
    let mut staging = Staging::new(run.store.mirror(&run.source.id)?);
    let news = staging.map(batch, mapping, run.at);
    run.store.stage(&run.source.id, news)?;
    run.store.place(&run.source.id)?;
    Ok(staging.remarks)
}

impl Staging {
    fn new(mirror: Mirror) -> Self {
        Self {
            mirror,
            remarks: Remarks::default(),
            deleted: Vec::new(),
        }
    }

    /// Maps a batch; what is news in it is to be staged.
    fn map(&mut self, batch: Vec<Seen>, mapping: &Mapping, at: Timestamp) -> Vec<(Staged, News)> {
        let mut news = Vec::new();
        for seen in batch {
            let entry = match seen {
                Seen::Entry(entry) => entry,
                Seen::Deleted { stable_id } => {
                    self.deleted.push(stable_id);
                    continue;
                }
            };
            let Some(mut staged) = self.waiting(&entry, mapping, at) else {
                continue;
            };
            let mut what = self.mirror.see(&staged);
            if what == News::Twice {
                // Two people, or one whose entry changed meanwhile: the next read tells. Until then nobody becomes
                // somebody else.
                let stable_id = staged.stable_id().to_owned();
                let text = "was read twice with different content: neither counts".to_owned();
                let about = stable_id.clone();
                self.remarks.add(Remark { about, text });
                let dn = entry.dn;
                staged = Staged::Unusable { stable_id, dn };
                what = self.mirror.see(&staged);
            }
            if what != News::None {
                news.push((staged, what));
            }
        }
        news
    }

    /// What waits of an entry; `None` for one that belongs to nobody.
    fn waiting(&mut self, entry: &Entry, mapping: &Mapping, at: Timestamp) -> Option<Staged> {
        match observe(entry, mapping, at) {
            Observation::Staff(observed, odd) => {
                odd.into_iter().for_each(|remark| self.remarks.add(remark));
                let content = observed.content(mapping);
                Some(Staged::Staff { observed, content })
            }
            Observation::Quarantined(Quarantined { stable_id, dn, why }) => {
                self.remarks.add(Remark {
                    about: dn.clone(),
                    text: format!("quarantined: {why}"),
                });
                stable_id.map(|stable_id| Staged::Unusable { stable_id, dn })
            }
        }
    }
}

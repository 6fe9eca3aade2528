//! The comparison: once to look, once to write. Both walk the same pairs.

use provost_core::change::Actor;
use provost_core::directory::{
    Consequence, IdAttribute, Pair, Reconciler, Remark, Standing, Summary,
};
use provost_core::id::Revision;

use super::read::Remarks;
use super::{Line, Lines, Run, SyncError, blocking, state};
use crate::store::{Compared, Snapshot, StoreError};

/// Pairs that are in memory at once.
const PAIRS: usize = 500;

/// What a comparison came to.
pub(super) struct Comparison {
    pub(super) summary: Summary,
    pub(super) remarks: Remarks,
}

/// Compares without writing; `lines` sees every change and remark.
pub(super) async fn dry(run: Run, mut lines: Lines) -> Result<Comparison, SyncError> {
    blocking(move || {
        let snapshot = run.store.read()?;
        let standing = standing(&run, &snapshot)?;
        let compared = compared(&run);
        let mut remarks = Remarks::default();
        let summary = walk(
            &run,
            standing,
            |after| {
                snapshot
                    .pairs(compared, after, PAIRS)
                    .map_err(SyncError::from)
            },
            |consequence| {
                for change in consequence.changes {
                    lines(Line::Change(change));
                }
                for remark in consequence.remarks {
                    remarks.add(remark.clone());
                    lines(Line::Remark(remark));
                }
                Ok(())
            },
        )?;
        Ok(Comparison { summary, remarks })
    })
    .await
}

/// Compares again inside the writer's transaction and writes. If that comes to another hash, everything is taken back.
pub(super) async fn commit(run: Run, actor: Actor, hash: String) -> Result<Revision, SyncError> {
    blocking(move || {
        let standing = standing(&run, &run.store.read()?)?;
        let store = std::sync::Arc::clone(&run.store);
        store.write(move |writing| {
            let base = writing.revision();
            let commit = std::cell::RefCell::new(writing.begin(base, &actor, run.at)?);
            let compared = compared(&run);
            let summary = walk(
                &run,
                standing,
                |after| Ok(commit.borrow().pairs(compared, after, PAIRS)?),
                |consequence| {
                    let mut commit = commit.borrow_mut();
                    let mut changes = consequence.changes.iter();
                    changes.try_for_each(|change| Ok(commit.apply(change)?))
                },
            )?;
            if summary.hash != hash {
                return Err(SyncError::Moved {
                    source_id: run.source.id.clone(),
                });
            }
            Ok(commit.into_inner().finish()?)
        })
    })
    .await
}

/// Walks all pairs in the order of their stable ids.
fn walk(
    run: &Run,
    standing: Standing,
    pairs: impl Fn(&str) -> Result<Vec<(String, Pair)>, SyncError>,
    mut sink: impl FnMut(Consequence) -> Result<(), SyncError>,
) -> Result<Summary, SyncError> {
    let source = &run.source;
    // Entries carry their id already; which attribute it came from does not matter any more.
    let mapping = source.attributes.mapping(IdAttribute::named("entryUUID"));
    let mut reconciler = Reconciler::new(&source.id, &mapping, source.guard, standing, run.at);
    let mut after = String::new();
    loop {
        let page = pairs(&after)?;
        let Some((last, _)) = page.last() else { break };
        after.clone_from(last);
        for (_, pair) in page {
            sink(reconciler.take(pair))?;
        }
    }
    Ok(reconciler.finish())
}

fn compared(run: &Run) -> Compared<'_> {
    Compared {
        source: &run.source.id,
        district: &run.source.district,
        which: run.which,
    }
}

/// The district as the guards need it.
fn standing(run: &Run, snapshot: &Snapshot<'_>) -> Result<Standing, SyncError> {
    let source = &run.source;
    let district = snapshot
        .district(&source.district)?
        .ok_or_else(|| SyncError::NoDistrict {
            source_id: source.id.clone(),
            district: source.district.clone(),
        })?;
    let watermark =
        |id| -> Result<_, StoreError> { Ok(snapshot.feed(id)?.map(|mark| mark.watermark)) };
    let feed = run.feed.as_ref().map(watermark).transpose()?;
    Ok(Standing {
        feed,
        applied_before: state::load(&run.store, &source.id)?.applied.is_some(),
        ..snapshot.standing(district, &source.id, run.at)?
    })
}

/// What follows from one pair alone.
pub(super) fn one(
    run: &Run,
    snapshot: &Snapshot<'_>,
    pair: Pair,
) -> Result<(Vec<Line>, Summary), SyncError> {
    let mapping = run
        .source
        .attributes
        .mapping(IdAttribute::named("entryUUID"));
    let standing = standing(run, snapshot)?;
    let mut reconciler =
        Reconciler::new(&run.source.id, &mapping, run.source.guard, standing, run.at);
    let consequence = reconciler.take(pair);
    let changes = consequence.changes.into_iter().map(Line::Change);
    let remarks = consequence
        .remarks
        .into_iter()
        .map(|remark: Remark| Line::Remark(remark));
    Ok((changes.chain(remarks).collect(), reconciler.finish()))
}

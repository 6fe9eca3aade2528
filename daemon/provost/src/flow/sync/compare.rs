//! The comparison: a walk over the pairs that are not settled, to look or to write.

mod write;

use provost_core::directory::{
    Consequence, IdAttribute, Pair, Reconciler, Remark, Standing, Summary,
};

use super::read::Remarks;
use super::{Approval, Line, Lines, Outcome, Run, SyncError, blocking, state};
use crate::store::{Compared, Comparing, Snapshot};

/// Pairs that are in memory at once.
const PAIRS: usize = 500;

/// What a comparison came to.
#[derive(Debug)]
pub(super) struct Comparison {
    pub(super) summary: Summary,
    pub(super) remarks: Remarks,
}

/// What follows from one pair, on its way to wherever it goes.
struct Step<'s> {
    stable_id: &'s str,
    content: Option<[u8; 16]>,
    consequence: Consequence,
    /// The comparison so far, this pair included.
    reconciler: &'s Reconciler<'s>,
}

/// Why a walk has no result.
#[derive(Debug, thiserror::Error)]
enum Halt {
    /// There is something to write.
    #[error("look at a plan: there is something to write")]
    Work,
    /// The plan may not be applied: whatever was written of it is taken back.
    #[error("apply a plan: it may not be applied")]
    Held(Box<Comparison>, Outcome),
    /// It failed.
    #[error(transparent)]
    Failed(SyncError),
}

impl<E: Into<SyncError>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Compares without writing; `lines` sees every change and remark.
pub(super) async fn dry(run: Run, mut lines: Lines) -> Result<Comparison, SyncError> {
    blocking(move || {
        let applied_before = applied_before(&run)?;
        let snapshot = run.store.read()?;
        walk(
            &run,
            applied_before,
            snapshot.comparing(compared(&run)),
            |step| {
                let Consequence {
                    changes, remarks, ..
                } = step.consequence;
                changes.into_iter().map(Line::Change).for_each(&mut lines);
                remarks.into_iter().map(Line::Remark).for_each(&mut lines);
                Ok::<_, SyncError>(())
            },
        )
    })
    .await
}

/// Compares and applies what follows, if `approval` lets it through; otherwise nothing of it has happened.
pub(super) async fn apply(
    run: Run,
    approval: Approval,
) -> Result<(Comparison, Outcome), SyncError> {
    blocking(move || {
        let applied_before = applied_before(&run)?;
        let mut done = nothing_to_write(&run, applied_before, &approval);
        if let Err(Halt::Work) = done {
            done = write::write(run, applied_before, approval);
        }
        match done {
            Ok(done) => Ok(done),
            Err(Halt::Held(comparison, outcome)) => Ok((*comparison, outcome)),
            Err(Halt::Failed(error)) => Err(error),
            Err(Halt::Work) => Err(SyncError::Interrupted),
        }
    })
    .await
}

/// Looks first whether there is anything to write at all, which keeps no other writer waiting.
fn nothing_to_write(
    run: &Run,
    applied_before: bool,
    approval: &Approval,
) -> Result<(Comparison, Outcome), Halt> {
    let snapshot = run.store.read()?;
    let comparing = snapshot.comparing(compared(run));
    let comparison = walk(run, applied_before, comparing, |step| {
        match step.consequence.changes.is_empty() && !step.consequence.settles {
            true => Ok(()),
            false => Err(Halt::Work),
        }
    })?;
    let revision = snapshot.revision();
    let outcome = held(approval, &comparison.summary).unwrap_or(Outcome::Applied { revision });
    Ok((comparison, outcome))
}

/// What becomes of a plan that `approval` does not let through; `None` for one that passes.
pub(super) fn held(approval: &Approval, summary: &Summary) -> Option<Outcome> {
    let objections = approval.objections(&summary.concerns);
    match approval {
        Approval::Exactly { hash, .. } if *hash != summary.hash => Some(Outcome::Moved),
        _ if objections.is_empty() => None,
        _ if summary.is_refused() => Some(Outcome::Refused),
        _ => Some(Outcome::Waiting),
    }
}

/// Walks the pairs that have to be compared in the order of their stable ids.
fn walk<E: From<SyncError>>(
    run: &Run,
    applied_before: bool,
    comparing: Comparing<'_>,
    mut sink: impl FnMut(Step<'_>) -> Result<(), E>,
) -> Result<Comparison, E> {
    let source = &run.source;
    // Entries carry their id already; which attribute it came from does not matter any more.
    let mapping = source.attributes.mapping(IdAttribute::named("entryUUID"));
    let standing = standing(run, applied_before, comparing)?;
    let mut reconciler = Reconciler::new(&source.id, &mapping, source.guard, standing, run.at)
        .after(run.before.clone())
        .about(run.about)
        .read_from(run.reach);
    let mut remarks = Remarks::default();
    let mut after = String::new();
    loop {
        let page = comparing.due(&after, PAIRS).map_err(SyncError::from)?;
        let full = page.len() == PAIRS;
        if let Some(last) = page.last() {
            after.clone_from(&last.stable_id);
        }
        for due in page {
            let consequence = reconciler.take(due.pair);
            for remark in &consequence.remarks {
                remarks.add(remark.clone());
            }
            sink(Step {
                stable_id: &due.stable_id,
                content: due.content,
                consequence,
                reconciler: &reconciler,
            })?;
        }
        if !full {
            break;
        }
    }
    reconciler.passed_over(comparing.usable().map_err(SyncError::from)?);
    let summary = reconciler.finish();
    Ok(Comparison { summary, remarks })
}

fn compared(run: &Run) -> Compared<'_> {
    Compared {
        source: &run.source.id,
        district: &run.source.district,
        which: run.which,
    }
}

fn applied_before(run: &Run) -> Result<bool, SyncError> {
    Ok(state::load(&run.store, &run.source.id)?.applied.is_some())
}

/// The district as the guards need it.
fn standing(
    run: &Run,
    applied_before: bool,
    comparing: Comparing<'_>,
) -> Result<Standing, SyncError> {
    let standing = comparing.standing(run.feed.as_ref(), run.at)?;
    let standing = standing.ok_or_else(|| SyncError::NoDistrict {
        source_id: run.source.id.clone(),
        district: run.source.district.clone(),
    })?;
    Ok(Standing {
        applied_before,
        ..standing
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
    let standing = standing(run, applied_before(run)?, snapshot.comparing(compared(run)))?;
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

//! The comparison inside the writer's transaction, which writes as it goes. The register cannot change meanwhile, and the
//! end of the comparison decides whether any of it has happened.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::{Comparison, Halt, Step, compared, held, walk};
use crate::flow::sync::{Approval, Outcome, Run, SyncError};
use crate::store::{Commit, CommitError, Draft, Snapshot, StoreError};

/// What one pair comes to, ready to be written.
struct Drafted {
    drafts: Vec<Draft>,
    /// The id and the digest of an entry that need not be compared again.
    settled: Option<(String, [u8; 16])>,
}

/// Pairs that are handed over at once.
const LOT: usize = 200;

/// Lots that wait to be written. The comparison waits when they are full.
const LOTS: usize = 4;

/// Compares and writes, if `approval` lets it through.
pub(super) fn write(
    run: Run,
    applied_before: bool,
    approval: Approval,
) -> Result<(Comparison, Outcome), Halt> {
    let store = Arc::clone(&run.store);
    store.write(move |writing| {
        let actor = approval.actor(&run.source.id);
        let base = writing.revision();
        let ground = run.store.ground()?;
        let mut commit = writing.begin(base, &actor, run.at)?;
        let comparison = match ground {
            Some(ground) => beside(&run, applied_before, &approval, ground, &mut commit)?,
            None => alone(&run, applied_before, &approval, &mut commit)?,
        };
        match held(&approval, &comparison.summary) {
            Some(outcome) => Err(Halt::Held(Box::new(comparison), outcome)),
            None => {
                let revision = commit.finish()?;
                Ok((comparison, Outcome::Applied { revision }))
            }
        }
    })
}

/// One thread compares on the ground that the transaction stands on, the writer writes what it is handed.
fn beside(
    run: &Run,
    applied_before: bool,
    approval: &Approval,
    ground: Snapshot<'_>,
    commit: &mut Commit<'_>,
) -> Result<Comparison, Halt> {
    thread::scope(|scope| {
        let (out, lots) = sync_channel(LOTS);
        let comparing =
            scope.spawn(move || hand_over(run, applied_before, approval, &ground, &out));
        let written = take_over(run, commit, lots);
        let compared = comparing.join();
        // If the writing failed, the comparison only knows that nobody listens any more.
        written?;
        compared.unwrap_or(Err(Halt::Failed(SyncError::Interrupted)))
    })
}

fn hand_over(
    run: &Run,
    applied_before: bool,
    approval: &Approval,
    ground: &Snapshot<'_>,
    out: &SyncSender<Vec<Drafted>>,
) -> Result<Comparison, Halt> {
    let nobody = |_| Halt::Failed(SyncError::Interrupted);
    let mut lot = Vec::with_capacity(LOT);
    let comparing = ground.comparing(compared(run));
    let comparison = walk(run, applied_before, comparing, |step| {
        lot.extend(drafted(approval, step)?);
        match lot.len() {
            LOT => out.send(std::mem::take(&mut lot)).map_err(nobody),
            _ => Ok(()),
        }
    })?;
    out.send(lot).map_err(nobody)?;
    Ok(comparison)
}

fn take_over(
    run: &Run,
    commit: &mut Commit<'_>,
    lots: Receiver<Vec<Drafted>>,
) -> Result<(), CommitError> {
    let mut drafted = lots.into_iter().flatten();
    drafted.try_for_each(|drafted| keep(run, commit, &drafted))
}

/// The writer compares by itself.
fn alone(
    run: &Run,
    applied_before: bool,
    approval: &Approval,
    commit: &mut Commit<'_>,
) -> Result<Comparison, Halt> {
    let comparing = commit.comparing(compared(run));
    walk(run, applied_before, comparing, |step| {
        let drafted = drafted(approval, step)?;
        let mut drafted = drafted.iter();
        Ok(drafted.try_for_each(|drafted| keep(run, commit, drafted))?)
    })
}

/// What is to be written of a pair; `None` for nothing. A plan that cannot pass any more is counted to its end, for the
/// report, and not written.
fn drafted(approval: &Approval, step: Step<'_>) -> Result<Option<Drafted>, StoreError> {
    if !approval.objections(&step.reconciler.certain()).is_empty() {
        return Ok(None);
    }
    let changes = step.consequence.changes.into_iter();
    let settles = step.consequence.settles;
    let settled = step.content.filter(|_| settles);
    Ok(Some(Drafted {
        drafts: changes.map(Draft::of).collect::<Result<_, _>>()?,
        settled: settled.map(|content| (step.stable_id.to_owned(), content)),
    }))
}

fn keep(run: &Run, commit: &mut Commit<'_>, drafted: &Drafted) -> Result<(), CommitError> {
    let mut drafts = drafted.drafts.iter();
    drafts.try_for_each(|draft| commit.apply(draft))?;
    match &drafted.settled {
        Some((stable_id, content)) => Ok(commit.settle(&run.source.id, stable_id, *content)?),
        None => Ok(()),
    }
}

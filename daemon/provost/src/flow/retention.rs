//! What has grown old is forgotten: timer → rows past their time → a plan of a bounded batch → commit.

use provost_core::change::{Actor, Change, Forgotten, Kept, Plan};

use super::{FlowError, Scene, write};
use crate::store::Snapshot;

/// Rows of a kind that one commit forgets: other writes wait no longer than for any batch.
const BATCH: usize = 1_000;

/// Commits of one run: what is left waits for the next, so that a first run after years does not keep the disk busy.
const BATCHES: usize = 100;

/// What would be forgotten now: at most a batch of each kind.
///
/// # Errors
/// If the store cannot be read.
pub fn plan(scene: Scene<'_>, register: &Snapshot<'_>, actor: Actor) -> Result<Plan, FlowError> {
    let mut plan = Plan::new(register.revision(), actor, scene.now);
    for (what, _) in Kept::WORDS {
        let Some(before) = scene.live.config.retention.before(what, scene.now) else {
            continue;
        };
        let rows = register.grown_old(what, before, BATCH)?;
        if rows > 0 {
            let forgotten = Forgotten { what, before, rows };
            plan.changes.push(Change::Forget { forgotten });
        }
    }
    Ok(plan)
}

/// Forgets what has grown old; says how many rows.
///
/// # Errors
/// If the store cannot be read or written.
pub fn run(scene: Scene<'_>, actor: &Actor) -> Result<usize, FlowError> {
    let mut forgotten = 0;
    for _ in 0..BATCHES {
        let rows = write(scene.store, |register| {
            let plan = plan(scene, register, actor.clone())?;
            let rows = plan.changes.iter().map(|change| match change {
                Change::Forget { forgotten } => forgotten.rows,
                _ => 0,
            });
            let rows: usize = rows.sum();
            Ok((plan, rows))
        })?;
        if rows == 0 {
            break;
        }
        forgotten += rows;
    }
    Ok(forgotten)
}

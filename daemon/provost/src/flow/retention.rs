//! What has grown old is forgotten: timer → rows past their time → a plan of a bounded batch → commit.

use jiff::SignedDuration;
use provost_core::Timestamp;
use provost_core::change::{Actor, Change, Forgotten, Kept, Plan};
use std::collections::BTreeMap;

use super::{FlowError, Scene, write};
use crate::store::Snapshot;

/// Rows of a kind that one commit forgets: other writes wait no longer than for any batch.
const BATCH: usize = 1_000;

/// Commits of one run: what is left waits for the next, so that a first run after years does not keep the disk busy.
const BATCHES: usize = 100;

/// How long each kind is kept; `None` for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention(BTreeMap<Kept, Option<SignedDuration>>);

impl Default for Retention {
    /// Longer than anybody asks; decisions, which come by the thousand, for a little more than a year.
    fn default() -> Self {
        let days = |kept| match kept {
            Kept::Decisions | Kept::Sessions => 400,
            Kept::Activity => 800,
            Kept::Notices | Kept::Alarms | Kept::AccessLog => 1_100,
        };
        let all = Kept::WORDS.iter().map(|(kept, _)| {
            let span = SignedDuration::from_hours(24 * days(*kept));
            (*kept, Some(span))
        });
        Self(all.collect())
    }
}

impl Retention {
    /// Keeps a kind for that long; `None` for ever.
    pub fn keep(&mut self, kept: Kept, span: Option<SignedDuration>) {
        self.0.insert(kept, span);
    }

    /// The moment before which a kind is forgotten.
    fn before(&self, kept: Kept, now: Timestamp) -> Option<Timestamp> {
        let span = self.0.get(&kept).copied().flatten()?;
        now.checked_sub(span).ok()
    }
}

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

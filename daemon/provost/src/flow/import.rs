//! The register document in and out: read with every check → plan → commit.

use provost_core::change::{Actor, Plan};
use provost_core::document::Problem;
use provost_core::register::{self, Existing, Given};
use serde_json::{Map, Value, json};

use super::{FlowError, Scene, write};
use crate::live::Live;
use crate::store::Snapshot;

/// Why a document was not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It contradicts itself or the register: nothing was changed.
    #[error("import the register document")]
    Contradictory(Vec<Problem>),
    /// The store could not be read or written.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

/// The plan that brings the register to the document, and whether it was committed.
fn answer(plan: &Plan, committed: bool) -> Value {
    let lines: Vec<String> = plan.changes.iter().map(ToString::to_string).collect();
    json!({ "hash": plan.hash(), "lines": lines, "committed": committed })
}

/// Brings the register to a document, or only says what that would change.
///
/// # Errors
/// [`ImportError::Contradictory`] with every contradiction.
pub fn run(
    scene: Scene<'_>,
    document: &Map<String, Value>,
    actor: &Actor,
    dry_run: bool,
) -> Result<Value, ImportError> {
    let now = scene.now;
    let mut problems = Vec::new();
    let done = write(scene.store, |register| {
        let existing = existing(scene.live, register)?;
        let by = actor.to_string();
        let given = Given {
            now,
            by: &by,
            roles: &scene.live.roles,
            existing: &existing,
        };
        let empty = || Plan::new(existing.revision, actor.clone(), now);
        match register::read(document, given) {
            Err(found) => {
                problems = found;
                Ok((empty(), Value::Null))
            }
            Ok(register) => {
                let plan = register::plan(&register, &existing, actor.clone(), now);
                let answer = answer(&plan, !dry_run);
                Ok((if dry_run { empty() } else { plan }, answer))
            }
        }
    })?;
    if problems.is_empty() {
        Ok(done)
    } else {
        Err(ImportError::Contradictory(problems))
    }
}

/// The whole register as a document.
///
/// # Errors
/// If the store cannot be read.
pub fn export(scene: Scene<'_>) -> Result<Value, FlowError> {
    let existing = existing(scene.live, &scene.store.read()?)?;
    Ok(register::export(&existing))
}

/// What is in the register, with the feeds that the configuration knows: they gate what contacts are due for.
fn existing(live: &Live, register: &Snapshot<'_>) -> Result<Existing, FlowError> {
    let feeds = live.config.feeds.iter();
    Ok(Existing {
        feeds: feeds.map(|feed| (feed.id.clone(), feed.clone())).collect(),
        ..register.existing()?
    })
}

//! The register document in and out: read with every check → plan → commit.

use provost_core::Timestamp;
use provost_core::change::{Actor, Plan};
use provost_core::document::Problem;
use provost_core::register::{self, Existing, Given};
use provost_core::role::Roles;
use serde_json::{Map, Value, json};

use super::{FlowError, write};
use crate::store::Store;

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
    store: &Store,
    roles: &Roles,
    document: &Map<String, Value>,
    actor: &Actor,
    dry_run: bool,
    now: Timestamp,
) -> Result<Value, ImportError> {
    let mut problems = Vec::new();
    let done = write(store, |register| {
        let existing = register.existing()?;
        let by = actor.to_string();
        let given = Given {
            now,
            by: &by,
            roles,
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
pub fn export(store: &Store) -> Result<Value, FlowError> {
    let existing: Existing = store.read()?.existing()?;
    Ok(register::export(&existing))
}

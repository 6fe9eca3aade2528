//! Erasure: what there is of a person → may they be erased → commit. The journal's chain stays verifiable.

use provost_core::change::{Actor, Change, Erased};
use provost_core::erasure::hindrances;
use provost_core::id::{DistrictId, PersonId};
use provost_core::person::Person;
use serde::Serialize;
use utoipa::ToSchema;

use super::{FlowError, NotFound, Refusal, Scene, plan, write};
use crate::store::{Lookup, Snapshot};

/// Whether it is done, or only looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Say what would go.
    Look,
    /// Do it.
    Commit,
}

/// What goes with a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Erasure {
    /// The register's id, which remains in the journal.
    #[schema(value_type = String)]
    pub person: PersonId,
    /// Their district; null if they have left the register already.
    #[schema(value_type = Option<String>)]
    pub district: Option<DistrictId>,
    /// Entries of the journal whose values go.
    pub entries: u64,
    /// Whether it was done.
    pub erased: bool,
}

/// Erases a person, or says what would go with them.
///
/// # Errors
/// [`FlowError::Unknown`] for somebody of whom neither register nor journal has ever told; [`FlowError::Refused`] while
/// they have authority or are in the directory.
pub fn run(
    scene: Scene<'_>,
    reference: &str,
    actor: &Actor,
    intent: Intent,
) -> Result<Erasure, FlowError> {
    // What waits to be written may be about them, too.
    scene.store.record_noted()?;
    write(scene.store, |register| {
        let (id, person) = meant(register, reference)?;
        let (contact, grants) = (register.contact(&id)?, register.grants(&id)?);
        let hindrances = hindrances(person.as_ref(), contact.as_ref(), &grants, scene.now);
        if !hindrances.is_empty() {
            return Err(FlowError::Refused {
                what: format!("erase person {id}"),
                source: Refusal::because(hindrances.join("; ")),
            });
        }
        let erased = Erased {
            entries: register.entries_of(&id)?,
            district: person.map(|person| person.district),
            person: id,
        };
        let answer = Erasure {
            person: erased.person.clone(),
            district: erased.district.clone(),
            entries: erased.entries,
            erased: intent == Intent::Commit,
        };
        let changes = match intent {
            Intent::Look => Vec::new(),
            Intent::Commit => vec![Change::Erase { erased }],
        };
        Ok((plan(register, actor.clone(), scene.now, changes), answer))
    })
}

/// Somebody of the register, or somebody who has left it and of whom the journal still tells by this very id.
fn meant(
    register: &Snapshot<'_>,
    reference: &str,
) -> Result<(PersonId, Option<Person>), FlowError> {
    let missing = |source| FlowError::Unknown {
        what: "person",
        id: reference.to_owned(),
        source,
    };
    match register.find_person(reference, None)? {
        Lookup::One(person) => Ok((person.id.clone(), Some(*person))),
        Lookup::Many(ids) => Err(missing(NotFound::Many(ids))),
        Lookup::None => match PersonId::new(reference) {
            Ok(id) if register.ever_told_of(&id)? => Ok((id, None)),
            _ => Err(missing(NotFound::None)),
        },
    }
}

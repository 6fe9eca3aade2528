//! Activity in: event → lifecycle → commit. `occurred` decides, not arrival. Rule: domain §3.

use provost_core::change::{Actor, Change};
use provost_core::contact::{Activity, ActivityKind};
use provost_core::id::{BadId, EventId, PersonId};
use provost_core::lifecycle::{self, ActivityOutcome};

use super::neighbourhood::Neighbourhood;
use super::{FlowError, Refusal, Scene, changes_of, districts, plan, write};
use crate::store::Snapshot;

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case", tag = "result")]
pub enum Recorded {
    /// It counts from now on.
    Counted,
    /// An event of that id was recorded before.
    Duplicate,
    /// A later one is known: the anchor stays.
    Older,
    /// It came late and undid a deactivation.
    Rescinded,
    /// The person is no contact, so nothing follows from it.
    NotAContact,
    /// It lies in the future by more than the allowed skew: kept out, nothing follows from it.
    Future,
    /// It does not count.
    Refused {
        /// Why.
        why: String,
    },
}

/// Records one event.
///
/// # Errors
/// If the store cannot be read or written.
pub fn record(scene: Scene<'_>, activity: &Activity, actor: &Actor) -> Result<Recorded, FlowError> {
    let recorded = write(scene.store, |register| {
        let (changes, recorded) = changes(scene, register, activity)?;
        Ok((plan(register, actor.clone(), scene.now, changes), recorded))
    })?;
    if recorded == Recorded::Rescinded
        && let Some(contact) = scene.store.read()?.contact(&activity.person)?
    {
        districts::gained(scene, &contact.district, actor)?;
    }
    Ok(recorded)
}

/// What an event changes; for flows that record it together with what it is about.
///
/// # Errors
/// If the store cannot be read.
pub(crate) fn changes(
    scene: Scene<'_>,
    register: &Snapshot<'_>,
    activity: &Activity,
) -> Result<(Vec<Change>, Recorded), FlowError> {
    let nothing = |recorded| Ok((Vec::new(), recorded));
    if !register.known_activities([&activity.id])?.is_empty() {
        return nothing(Recorded::Duplicate);
    }
    let Some(contact) = register.contact(&activity.person)? else {
        return nothing(Recorded::NotAContact);
    };
    let here = Neighbourhood::read(register, &scene.live.config.feeds, &contact.district)?;
    let around = here.around(&activity.person);
    let (recorded, step) = match lifecycle::activity(&contact, &around, activity, scene.now) {
        ActivityOutcome::Counted(step) => (Recorded::Counted, Some(*step)),
        ActivityOutcome::Rescinds(step) => (Recorded::Rescinded, Some(*step)),
        ActivityOutcome::Older => (Recorded::Older, None),
        ActivityOutcome::Future => return nothing(Recorded::Future),
        ActivityOutcome::Refused { why } => {
            return nothing(Recorded::Refused {
                why: why.to_string(),
            });
        }
    };
    let mut changes = vec![Change::Activity {
        activity: Box::new(activity.clone()),
    }];
    changes.extend(step.into_iter().flat_map(|step| changes_of(&contact, step)));
    Ok((changes, recorded))
}

/// What a person does with a case, a call or a request is activity of theirs, recorded with it in one transaction.
///
/// # Errors
/// If the store cannot be read, or the dealing's id is too long to be part of an event's.
pub(crate) fn of_dealing(
    scene: Scene<'_>,
    register: &Snapshot<'_>,
    dealing: &str,
    person: &PersonId,
    kind: ActivityKind,
) -> Result<Vec<Change>, FlowError> {
    // An id of that form is what a support desk's own feed would be asked to use, so that both count once.
    let refused = |why: BadId| FlowError::Invalid {
        what: format!("record the activity of {dealing}"),
        source: Refusal::because(why.to_string()),
    };
    let id = EventId::new(format!("{}:{dealing}", kind.word())).map_err(refused)?;
    let event = Activity {
        id,
        person: person.clone(),
        kind,
        occurred: scene.now,
        feed: None,
    };
    Ok(changes(scene, register, &event)?.0)
}

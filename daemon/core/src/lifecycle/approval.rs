//! A mass of notices waits for an operator's word. Until it is given nobody is moved on: the stage is reached when its
//! notice is accepted, so that it slides as one does that could not be delivered.

use jiff::Timestamp;

use super::delivery::awaited_by;
use super::turn::Turn;
use super::{Step, Surroundings};
use crate::contact::{Awaited, Contact, ContactState, Hold};
use crate::notice::{Notice, NoticeKind};

/// How many notices of the step move somebody towards deactivation when they are accepted. That of a deactivation does
/// not: it tells what has happened, after three others.
pub fn stage_notices(step: &Step) -> usize {
    let moves_on = |notice: &&Notice| {
        matches!(
            notice.kind,
            NoticeKind::Notice | NoticeKind::Reminder | NoticeKind::Final
        )
    };
    step.notices.iter().filter(moves_on).count()
}

/// The step with its contact held: its stage is one of a mass. Nothing is due for the contact before [`approved`] or
/// [`declined`].
pub fn held_back(mut step: Step, at: Timestamp) -> Step {
    step.contact.hold = Some((Hold::Approval, at));
    step.contact.state = ContactState::Held;
    step.contact.next_due = None;
    step
}

/// An operator lets the notice go out. `None` if that changes nothing: it is no longer waited for.
pub fn approved(
    contact: &Contact,
    around: &Surroundings,
    notice: &Notice,
    at: Timestamp,
) -> Option<Step> {
    let awaited = held_for(contact, notice)?;
    let mut turn = Turn::new(contact, around, at);
    if let Some(episode) = &mut turn.contact.episode {
        // Nothing could be accepted or refused before, so that the waiting begins now.
        episode.awaited = Some(Awaited {
            since: at,
            ..awaited
        });
    }
    turn.release();
    turn.changes(contact)
}

/// An operator does not let the notice go out. The stage is looked at again a day later: what made it look due should
/// be mended by then. `None` if that changes nothing.
pub fn declined(
    contact: &Contact,
    around: &Surroundings,
    notice: &Notice,
    at: Timestamp,
) -> Option<Step> {
    held_for(contact, notice)?;
    let mut turn = Turn::new(contact, around, at);
    if let Some(episode) = &mut turn.contact.episode {
        episode.awaited = None;
    }
    turn.hold(Hold::Approval);
    turn.changes(contact)
}

fn held_for(contact: &Contact, notice: &Notice) -> Option<Awaited> {
    let held = matches!(contact.hold, Some((Hold::Approval, _)));
    awaited_by(contact, notice).filter(|_| held)
}

//! Who is shut out and let in: by another contact, or by the directory.

use jiff::Timestamp;

use super::turn::Turn;
use super::{Step, Surroundings};
use crate::contact::{Contact, ContactKind, ContactState, Hold};
use crate::notice::NoticeKind;
use crate::person::DirectoryStatus;

/// Why a contact cannot be restored as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReactivateRefusal {
    /// Only deactivated contacts are restored.
    #[error("the contact is {0}, not deactivated")]
    NotDeactivated(ContactState),
    /// Rule: `contact.technical-cap`. Restoring as `support` is offered.
    #[error("the district has its technical contact already; restore as support instead")]
    SlotTaken,
}

/// Another valid contact of the district restores a deactivated one as `kind`. Who may do so is decided before. The
/// anchor is `at`, and the contact is told. Rule: `contact.reactivation`.
///
/// # Errors
/// [`ReactivateRefusal`] if the contact is not deactivated, or is to be technical while the slot is taken.
pub fn reactivate(
    contact: &Contact,
    around: &Surroundings,
    kind: ContactKind,
    at: Timestamp,
) -> Result<Step, ReactivateRefusal> {
    if contact.state != ContactState::Deactivated {
        return Err(ReactivateRefusal::NotDeactivated(contact.state));
    }
    if around.slot_is_taken(kind) {
        return Err(ReactivateRefusal::SlotTaken);
    }
    let mut turn = Turn::new(contact, around, at);
    turn.contact.kind = kind;
    turn.contact.reactivated = Some(at);
    turn.end_episode();
    turn.notify(NoticeKind::Reactivated, at);
    Ok(turn.finish())
}

/// What the directory's word about the person does to the contact; `None` if nothing. Rule: domain §3, directory.
///
/// Being shut out suspends at once, being read again restores what was before, with its anchor: stages missed
/// meanwhile are late, and a deactivated contact stays deactivated. Missing from one read proves neither.
pub fn directory(
    contact: &Contact,
    around: &Surroundings,
    status: DirectoryStatus,
    at: Timestamp,
) -> Option<Step> {
    if contact.state == ContactState::Removed {
        return None;
    }
    let mut turn = Turn::new(contact, around, at);
    match (status, contact.suspended) {
        (DirectoryStatus::Present, Some((before, _))) => turn.let_in(before),
        (status, None) if status.suspends() => {
            turn.contact.suspended = Some((contact.state, at));
            turn.contact.state = ContactState::Suspended;
        }
        _ => return None,
    }
    Some(turn.finish())
}

impl Turn<'_, '_> {
    fn let_in(&mut self, before: ContactState) {
        self.contact.suspended = None;
        self.contact.state = before;
        // While the contact was shut out nothing was sent, so that the waiting begins anew.
        let awaited = self
            .contact
            .episode
            .as_mut()
            .and_then(|episode| episode.awaited.as_mut());
        if let Some(awaited) = awaited {
            awaited.since = self.now;
            let (stage, due) = (awaited.stage, awaited.due);
            if let Some((Hold::Undeliverable, since)) = &mut self.contact.hold {
                *since = self.now;
            }
            if before.is_valid() {
                self.notify(NoticeKind::from(stage), due);
            }
        }
        self.yield_slot();
    }
}

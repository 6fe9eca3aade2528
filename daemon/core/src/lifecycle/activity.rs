//! What an activity event does. Rule: domain §3, occurred-at decides.

use jiff::{SignedDuration, Timestamp};

use super::turn::Turn;
use super::{Step, Surroundings};
use crate::contact::{Activity, ActivityKind, Contact, ContactState};
use crate::limits::SKEW_SECONDS_MAX;

/// What became of an activity event. Duplicates are known by their id before they come here.
#[derive(Debug, Clone, PartialEq)]
pub enum ActivityOutcome {
    /// It moves the anchor; a running episode is over. A suspended contact stays suspended.
    Counted(Box<Step>),
    /// It arrived late, but occurred before the deactivation, which is thereby undone. For the audit.
    Rescinds(Box<Step>),
    /// It is no newer than what is known: recorded, and changes nothing.
    Older,
    /// It lies in the future: quarantined.
    Future,
    /// It does not count.
    Refused {
        /// Why not.
        why: ActivityRefusal,
    },
}

/// Why an event does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ActivityRefusal {
    /// Only another valid contact restores authority. Rule: `contact.reactivation`.
    #[error("it occurred after the contact was deactivated at {0}")]
    AfterDeactivation(Timestamp),
    /// That kind is switched off in the district.
    #[error("{} does not count in this district", .0.word())]
    NotQualifying(ActivityKind),
    /// The person is no contact any more.
    #[error("the contact was removed")]
    Removed,
}

/// What the event does to the contact, arriving at `now`.
pub fn activity(
    contact: &Contact,
    around: &Surroundings,
    event: &Activity,
    now: Timestamp,
) -> ActivityOutcome {
    let skew = SignedDuration::from_secs(SKEW_SECONDS_MAX);
    if event.occurred.duration_since(now) > skew {
        return ActivityOutcome::Future;
    }
    let refused = |why| ActivityOutcome::Refused { why };
    if contact.state == ContactState::Removed {
        return refused(ActivityRefusal::Removed);
    }
    if !around.district.inactivity.qualifying.has(event.kind) {
        return refused(ActivityRefusal::NotQualifying(event.kind));
    }
    if event.occurred <= contact.anchor() {
        return ActivityOutcome::Older;
    }
    if let Some(off) = contact.deactivated
        && event.occurred >= off
    {
        return refused(ActivityRefusal::AfterDeactivation(off));
    }
    let step = Box::new(alive(contact, around, event.occurred, now));
    if contact.deactivated.is_none() {
        ActivityOutcome::Counted(step)
    } else {
        ActivityOutcome::Rescinds(step)
    }
}

/// The contact was alive at `occurred`, which is later than all that is known and undoes what has followed from silence.
pub fn alive(
    contact: &Contact,
    around: &Surroundings,
    occurred: Timestamp,
    now: Timestamp,
) -> Step {
    let mut turn = Turn::new(contact, around, now);
    turn.contact.last_activity = Some(occurred);
    turn.end_episode();
    if contact.deactivated.is_some() {
        turn.yield_slot();
    }
    turn.finish()
}

//! What the delivery of notices tells the lifecycle, and what it must ask before each attempt.

use jiff::Timestamp;

use super::alarm::{UNDELIVERABLE, UNNOTIFIED};
use super::due::{awaited, patience};
use super::turn::Turn;
use super::{Step, Surroundings};
use crate::contact::{Awaited, Contact, ContactState, Given, Hold, Stage};
use crate::limits::UNDELIVERABLE_DAYS;
use crate::notice::{Notice, NoticeKind};

/// Whether a notice of the outbox should go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Deliver it.
    Now,
    /// Keep it: the directory shuts the contact out at present, and may let it in again.
    Later,
    /// Withdraw it: the episode is over, or the contact gone.
    Never,
    /// Give it up: its stage counts as given, though nobody accepted it for 14 days. Rule: domain §3, undeliverable.
    Unnotified,
}

/// Whether the notice should go out; to be asked before every attempt.
pub fn wanted(contact: &Contact, notice: &Notice) -> Wanted {
    let state = match (contact.state, contact.suspended) {
        (ContactState::Suspended, Some((remembered, _))) => remembered,
        (state, _) => state,
    };
    let still_true = match notice.kind {
        NoticeKind::Notice | NoticeKind::Reminder | NoticeKind::Final => {
            awaited_by(contact, notice).is_some() && state.is_valid()
        }
        NoticeKind::Deactivated => state == ContactState::Deactivated,
        NoticeKind::Reactivated => state.is_valid(),
    };
    if !is_of_present_episode(contact, notice) {
        Wanted::Never
    } else if !still_true && counts_unnotified(contact, notice.kind) {
        Wanted::Unnotified
    } else if !still_true {
        Wanted::Never
    } else if contact.state == ContactState::Suspended {
        Wanted::Later
    } else {
        Wanted::Now
    }
}

/// A channel has accepted the notice at `at`. `None` if that changes nothing: the notice is of an episode that has
/// ended, its stage counts as given already, or it is no stage's notice. Rule: domain §3, an episode begins when its
/// notice is accepted.
pub fn accepted(
    contact: &Contact,
    around: &Surroundings,
    notice: &Notice,
    at: Timestamp,
) -> Option<Step> {
    let awaited = awaited_by(contact, notice)?;
    let mut turn = Turn::new(contact, around, at);
    // A contact that was shut out while the notice was under way has been told all the same, so that a suspended
    // contact passes here too.
    let given = Given {
        due: awaited.due,
        accepted: at.max(awaited.since),
        unnotified: false,
    };
    turn.give(awaited.stage, given);
    turn.changes(contact)
}

/// Every channel has refused the notice at `at`. `None` if that changes nothing: it was refused before, or is no
/// longer wanted. Rule: domain §3, undeliverable.
///
/// A refusal holds the contact; one that comes 14 days later, or after that, lets the stage count as given. So it takes
/// a refusal at either end: of a daemon that was away for those days nobody knows whether a notice would have been
/// taken, and it tries once more before anybody counts as told.
pub fn refused(
    contact: &Contact,
    around: &Surroundings,
    notice: &Notice,
    at: Timestamp,
) -> Option<Step> {
    let awaited = awaited_by(contact, notice)?;
    let mut turn = Turn::new(contact, around, at);
    if let Some(episode) = &mut turn.contact.episode {
        episode.awaited = Some(Awaited {
            refused: true,
            ..awaited
        });
    }
    if !matches!(contact.hold, Some((Hold::Undeliverable, _))) {
        turn.hold(Hold::Undeliverable);
        let stage = awaited.stage.word();
        turn.alarm(
            UNDELIVERABLE,
            format!("{stage} is refused by every channel"),
        );
    } else if last_attempt(contact, around, notice).is_some_and(|last| at >= last) {
        turn.give_unnotified(awaited);
    }
    turn.changes(contact)
}

/// Nobody has accepted the notice at `at`, and somebody asks to come back later. It changes nothing, unless the contact
/// is held for 14 days already: then the stage counts as given, as after a refusal. Rule: domain §3, undeliverable.
pub fn put_off(
    contact: &Contact,
    around: &Surroundings,
    notice: &Notice,
    at: Timestamp,
) -> Option<Step> {
    let awaited = awaited_by(contact, notice)?;
    let last = last_attempt(contact, around, notice)?;
    if at < last || contact.state == ContactState::Suspended {
        return None;
    }
    let mut turn = Turn::new(contact, around, at);
    turn.give_unnotified(awaited);
    turn.changes(contact)
}

/// The moment from which on an attempt in vain is the last one; `None` if the contact is not held for a refusal.
pub fn last_attempt(
    contact: &Contact,
    around: &Surroundings,
    notice: &Notice,
) -> Option<Timestamp> {
    let awaited = awaited_by(contact, notice)?;
    matches!(contact.hold, Some((Hold::Undeliverable, _)))
        .then(|| patience(contact, awaited, &around.district.timezone))
}

impl Turn<'_, '_> {
    /// Refused everywhere for so long, a stage counts as given.
    fn give_unnotified(&mut self, awaited: Awaited) {
        let given = Given {
            due: awaited.due,
            accepted: self.now,
            unnotified: true,
        };
        self.give(awaited.stage, given);
        let stage = awaited.stage.word();
        self.alarm(
            UNNOTIFIED,
            format!(
                "{stage} was refused everywhere for {UNDELIVERABLE_DAYS} days and counts as given"
            ),
        );
    }
}

/// Whether a notice that was tried in vain since `since` is given up. A stage's notice never is by itself: it counts as
/// given in the end, and until then it is tried. Any other, which holds nobody up, is tried for as long.
pub fn given_up(
    contact: &Contact,
    around: &Surroundings,
    notice: &Notice,
    since: Timestamp,
    at: Timestamp,
) -> bool {
    let zone = &around.district.timezone;
    awaited_by(contact, notice).is_none() && at >= zone.plus_days(since, UNDELIVERABLE_DAYS)
}

/// The stage of that notice was never accepted, and counts as given all the same.
fn counts_unnotified(contact: &Contact, kind: NoticeKind) -> bool {
    let stages = [Stage::Notice, Stage::Reminder, Stage::Final];
    let stage = stages
        .into_iter()
        .find(|stage| NoticeKind::from(*stage) == kind);
    let given = stage.and_then(|stage| contact.episode.as_ref()?.given(stage));
    given.is_some_and(|given| given.unnotified)
}

/// The stage that waits for this very notice.
pub(super) fn awaited_by(contact: &Contact, notice: &Notice) -> Option<Awaited> {
    let gone = matches!(
        contact.state,
        ContactState::Removed | ContactState::Deactivated
    );
    awaited(contact)
        .filter(|awaited| NoticeKind::from(awaited.stage) == notice.kind && !gone)
        .filter(|_| is_of_present_episode(contact, notice))
}

/// The id proves person, designation, episode and kind at once.
fn is_of_present_episode(contact: &Contact, notice: &Notice) -> bool {
    let present = Notice::new(
        notice.kind,
        contact,
        contact.episodes,
        notice.due,
        notice.queued,
    );
    present.id == notice.id
}

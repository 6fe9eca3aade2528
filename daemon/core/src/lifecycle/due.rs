//! When a contact must be looked at next, so that a sweep touches nobody else and forgets nobody.

use jiff::Timestamp;

use super::Surroundings;
use super::course::Course;
use crate::contact::{Awaited, Contact, ContactState, Hold, Stage};
use crate::district::LastContact;
use crate::limits::{
    HOLD_ALARM_DAYS, HOLD_ALARM_YEARLY, LAST_CONTACT_HOLD_DAYS, PERIOD_DAYS_MAX,
    SUSPENDED_DAYS_MAX, UNDELIVERABLE_DAYS,
};
use crate::time::Zone;

/// When something is due next. `None` only for contacts to whom nothing happens by itself: deactivated and removed,
/// those whose notice waits for an operator's word, and those whose notice is refused: the next attempt says more.
///
/// It may lie before `now` if a stage is late; after a [`step`](super::step) it never does. A held contact is looked
/// at when its alarm is raised again, and at once if [`recheck`] is called when what it waits for has come.
pub fn next_due(contact: &Contact, around: &Surroundings, now: Timestamp) -> Option<Timestamp> {
    let zone = &around.district.timezone;
    match contact.state {
        ContactState::Removed | ContactState::Deactivated => None,
        ContactState::Suspended => Some(removal(contact, zone)),
        ContactState::Active | ContactState::Pending | ContactState::Held => {
            match (contact.hold, awaited(contact)) {
                // An operator's word is waited for however long it takes: nobody is moved on by what was not sent.
                (Some((Hold::Approval, _)), Some(_)) => None,
                // Nor by time alone: the attempts go on, and one of them decides. See `delivery::refused`.
                (Some((Hold::Undeliverable, _)), Some(_)) => None,
                (Some((Hold::Approval, since)), None) => Some(next_day(zone, since)),
                _ => Some(stage_due(contact, around, now)),
            }
        }
    }
}

/// The contact with its `next_due` worked out anew, `None` if it stays the same.
///
/// To be called for every contact concerned when a feed's watermark moves (held contacts), when a district's time zone
/// or periods change, and when the district gains or loses a valid contact. The transition itself is left to the next
/// sweep, so that contacts are always evaluated in the order of their due times.
pub fn recheck(contact: &Contact, around: &Surroundings, now: Timestamp) -> Option<Contact> {
    let next_due = next_due(contact, around, now);
    (next_due != contact.next_due).then(|| Contact {
        next_due,
        ..contact.clone()
    })
}

/// When a stage that an operator refused is looked at again.
pub(super) fn next_day(zone: &Zone, since: Timestamp) -> Timestamp {
    zone.plus_days(since, 1)
}

/// When a suspended contact is removed.
pub(super) fn removal(contact: &Contact, zone: &Zone) -> Timestamp {
    let since = contact
        .suspended
        .map_or(contact.anchor(), |(_, since)| since);
    zone.plus_days(since, SUSPENDED_DAYS_MAX)
}

/// The stage that is in the outbox.
pub(super) fn awaited(contact: &Contact) -> Option<Awaited> {
    contact.episode.as_ref().and_then(|episode| episode.awaited)
}

/// How long the stage in the outbox is waited for: 14 days of refusal, or 14 days without any word.
pub(super) fn patience(contact: &Contact, awaited: Awaited, zone: &Zone) -> Timestamp {
    let since = match contact.hold {
        Some((Hold::Undeliverable, since)) => since,
        _ => awaited.since,
    };
    zone.plus_days(since, UNDELIVERABLE_DAYS)
}

fn stage_due(contact: &Contact, around: &Surroundings, now: Timestamp) -> Timestamp {
    let zone = &around.district.timezone;
    if let Some(awaited) = awaited(contact) {
        return patience(contact, awaited, zone);
    }
    let (stage, due) = Course::of(contact, around).next();
    if now < due {
        return due;
    }
    match (obstacle(contact, around, (stage, due), now), contact.hold) {
        (Some(hold), Some((held, since))) if hold == held => next_look(zone, (held, since), now),
        _ => due,
    }
}

/// What keeps a stage that is due from being reached.
pub(super) fn obstacle(
    contact: &Contact,
    around: &Surroundings,
    (stage, due): (Stage, Timestamp),
    now: Timestamp,
) -> Option<Hold> {
    let gated = matches!(stage, Stage::Final | Stage::Deactivated);
    // A feed that has never reported proves nothing, like one that is behind.
    let is_behind = |watermark: Option<Timestamp>| watermark.is_none_or(|mark| mark < due);
    if gated && around.feed.is_some_and(is_behind) {
        return Some(Hold::StaleFeed);
    }
    // Whether a last contact is held is no period: the district's word of today counts, so that an operator who is
    // alarmed can still change it.
    let holds = around.district.inactivity.last_contact == LastContact::Hold;
    if stage == Stage::Deactivated && around.is_last() && holds {
        let exhausted = match contact.hold {
            Some((Hold::LastContact, since)) => {
                now >= around
                    .district
                    .timezone
                    .plus_days(since, LAST_CONTACT_HOLD_DAYS)
            }
            _ => false,
        };
        return (!exhausted).then_some(Hold::LastContact);
    }
    None
}

/// When a contact held since `since` is looked at next by itself: when its alarm is raised again, or the hold ends.
fn next_look(zone: &Zone, (hold, since): (Hold, Timestamp), now: Timestamp) -> Timestamp {
    let limit = (hold == Hold::LastContact).then_some(LAST_CONTACT_HOLD_DAYS);
    hold_alarm_days()
        .chain(limit)
        .map(|days| zone.plus_days(since, days))
        .filter(|look| *look > now)
        .min()
        .unwrap_or(Timestamp::MAX)
}

/// Days of a hold on which its alarm is raised again.
pub(super) fn hold_alarm_days() -> impl Iterator<Item = i64> {
    let years = (1..).map(|years| years * HOLD_ALARM_YEARLY);
    let years = years.take_while(|days| *days <= i64::from(PERIOD_DAYS_MAX));
    HOLD_ALARM_DAYS.into_iter().chain(years)
}

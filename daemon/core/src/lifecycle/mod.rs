//! Inactivity: who is told what and when, who is cut off, who comes back. Rule: domain §3.
//!
//! Everything here is a pure function from a contact, its [`Surroundings`] and a moment to a [`Step`]. The timer
//! calls [`step`], the delivery of notices [`accepted`], [`refused`] and [`put_off`], the feeds [`activity`], people
//! [`designate`], [`remove`] and [`reactivate`], the directory [`directory`]. Each of them keeps
//! [`Contact::next_due`], so that a sweep need only look at contacts whose moment has come; [`recheck`] works it out
//! anew when something beside the contact has changed.

mod activity;
mod alarm;
mod approval;
pub mod clock;
mod course;
mod delivery;
mod due;
mod restore;
mod sweep;
mod turn;

#[cfg(test)]
mod tests;

pub use activity::{ActivityOutcome, ActivityRefusal, activity, alive};
pub use alarm::{
    DEAD_LETTER, LAST_CONTACT, MASS, STALE_FEED, TECHNICAL_CAP, UNDELIVERABLE, UNNOTIFIED,
};
pub use approval::{approved, declined, held_back, stage_notices};
pub use course::{deadline, forecast};
pub use delivery::{Wanted, accepted, given_up, last_attempt, put_off, refused, wanted};
pub use due::{next_due, recheck};
pub use restore::{ReactivateRefusal, directory, reactivate};
pub use sweep::step;

use jiff::Timestamp;

use crate::contact::{Contact, ContactKind, ContactState};
use crate::district::District;
use crate::notice::{Alarm, Notice};
use crate::person::Person;

/// What a step needs to know beside the contact itself.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'d> {
    /// The contact's district with its periods and time zone.
    pub district: &'d District,
    /// How many *other* contacts of the district are valid.
    pub other_valid: usize,
    /// How many *other* valid contacts of the district are technical.
    pub other_technical: usize,
    /// The district's feed, if one is configured: its watermark, `None` as long as it has never reported. Of several
    /// feeds the one that is furthest behind.
    pub feed: Option<Option<Timestamp>>,
}

impl Surroundings<'_> {
    /// No other contact of the district has authority. Rule: domain §3, last valid contact.
    pub fn is_last(&self) -> bool {
        self.other_valid == 0
    }

    /// A contact of that kind would exceed the cap. Rule: `contact.technical-cap`.
    pub fn slot_is_taken(&self, kind: ContactKind) -> bool {
        let cap = usize::try_from(self.district.technical_cap).unwrap_or(usize::MAX);
        kind == ContactKind::Technical && self.other_technical >= cap
    }
}

/// What one evaluation of one contact changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The contact afterwards, its `next_due` worked out.
    pub contact: Contact,
    /// Notices to put into the outbox.
    pub notices: Vec<Notice>,
    /// Alarms to raise.
    pub alarms: Vec<Alarm>,
}

/// A new contact, active from `at` on; one whom the directory shuts out is suspended from the start. Whether it may be
/// designated is decided before. Rule: `contact.designate`.
pub fn designate(
    person: &Person,
    kind: ContactKind,
    at: Timestamp,
    around: &Surroundings,
) -> Contact {
    let mut contact = Contact {
        person: person.id.clone(),
        district: around.district.id.clone(),
        kind,
        state: ContactState::Active,
        designated: at,
        reactivated: None,
        last_activity: None,
        episodes: 0,
        episode: None,
        hold: None,
        suspended: None,
        deactivated: None,
        next_due: None,
        training: Default::default(),
        sharing_reported: None,
    };
    contact.next_due = next_due(&contact, around, at);
    let status = person.directory.as_ref().map(|link| link.status);
    let shut_out = status.and_then(|status| directory(&contact, around, status, at));
    shut_out.map_or(contact, |step| step.contact)
}

/// The contact, removed: nothing is ever due again. Rule: `contact.designate`.
pub fn remove(contact: &Contact) -> Contact {
    Contact {
        state: ContactState::Removed,
        episode: None,
        hold: None,
        suspended: None,
        next_due: None,
        ..contact.clone()
    }
}

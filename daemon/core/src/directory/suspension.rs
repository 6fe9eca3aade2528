//! What the directory's word means for a contact. Rule: domain §3, directory.

use jiff::Timestamp;

use crate::contact::{Contact, ContactKind, ContactState};
use crate::lifecycle::{Step, Surroundings};
use crate::limits::SUSPENDED_DAYS_MAX;
use crate::notice::Alarm;
use crate::person::DirectoryStatus;

/// Suspends a contact whom the directory shuts out and gives back the state from before when it lets them in again.
/// `None` if nothing follows: LDAP never reactivates a deactivated contact, and never touches a removed one.
pub(super) fn directory(
    contact: &Contact,
    around: &Surroundings<'_>,
    status: DirectoryStatus,
    at: Timestamp,
) -> Option<Step> {
    match (contact.state, status.suspends()) {
        (ContactState::Active | ContactState::Pending | ContactState::Held, true) => {
            let mut after = contact.clone();
            after.suspended = Some((contact.state, at));
            after.state = ContactState::Suspended;
            after.next_due = Some(around.district.timezone.plus_days(at, SUSPENDED_DAYS_MAX));
            Some(Step {
                contact: after,
                notices: Vec::new(),
                alarms: Vec::new(),
            })
        }
        (ContactState::Suspended, false) => {
            let mut after = contact.clone();
            let (before, _) = contact.suspended.unwrap_or((ContactState::Active, at));
            after.state = before;
            after.suspended = None;
            after.next_due = Some(at);
            let mut alarms = Vec::new();
            let cap = around.district.technical_cap as usize;
            if contact.kind == ContactKind::Technical && around.other_technical >= cap {
                after.kind = ContactKind::Support;
                alarms.push(Alarm {
                    code: "contact.technical-cap".to_owned(),
                    district: Some(contact.district.clone()),
                    person: Some(contact.person.clone()),
                    message: "the technical contact is back in the directory, but the slot is taken: now a support contact".to_owned(),
                    at,
                });
            }
            Some(Step {
                contact: after,
                notices: Vec::new(),
                alarms,
            })
        }
        _ => None,
    }
}

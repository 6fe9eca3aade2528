//! What the log tells of a commit once it is durable: contacts in another state, and alarms.

use provost_core::change::Change;
use provost_core::contact::{Contact, ContactState};
use provost_core::notice::Alarm;

use crate::log::event::{self, Event};

/// Lines of one transaction at most; the journal of the register has all of it.
const NEWS_MAX: usize = 1_000;

/// News of the present transaction, each with the number of its change.
#[derive(Default)]
pub(super) struct News {
    told: Vec<(i64, Item)>,
    left_out: usize,
}

enum Item {
    Contact {
        from: ContactState,
        after: Box<Contact>,
    },
    Alarm(Box<Alarm>),
}

impl News {
    /// Notes what there is to tell of a change.
    pub(super) fn note(&mut self, seq: i64, change: &Change) {
        let item = match change {
            Change::Contact {
                before: Some(before),
                after,
            } if before.state != after.state => Item::Contact {
                from: before.state,
                after: after.clone(),
            },
            Change::Alarm { alarm } => Item::Alarm(alarm.clone()),
            _ => return,
        };
        match self.told.len() {
            NEWS_MAX => self.left_out += 1,
            _ => self.told.push((seq, item)),
        }
    }

    /// Changes after this one were rolled back.
    pub(super) fn back_to(&mut self, seq: i64) {
        self.told.retain(|(noted, _)| *noted <= seq);
    }

    /// The transaction is durable: tells what was noted, and begins anew.
    pub(super) fn tell(&mut self) {
        let Self { told, left_out } = std::mem::take(self);
        for (seq, item) in told {
            match item {
                Item::Contact { from, after } => contact(seq, from, &after),
                Item::Alarm(alarm) => raised(seq, &alarm),
            }
        }
        if left_out > 0 {
            tracing::info!(
                left_out,
                "more has changed; `provost audit list` has all of it"
            );
        }
    }
}

fn contact(seq: i64, from: ContactState, after: &Contact) {
    let event = of_state(after.state);
    tracing::info!(
        message_id = event.id,
        person = %after.person,
        district = %after.district,
        from = from.word(),
        to = after.state.word(),
        seq,
        "contact in another state"
    );
}

fn of_state(state: ContactState) -> Event {
    match state {
        ContactState::Active => event::CONTACT_RESTORED,
        ContactState::Pending => event::CONTACT_PENDING,
        ContactState::Held => event::CONTACT_HELD,
        ContactState::Suspended => event::CONTACT_SUSPENDED,
        ContactState::Deactivated => event::CONTACT_DEACTIVATED,
        ContactState::Removed => event::CONTACT_REMOVED,
    }
}

/// An alarm about somebody is told by ids alone: its words may name them.
fn raised(seq: i64, alarm: &Alarm) {
    let event = event::of_alarm(&alarm.code);
    let words = alarm.person.is_none().then_some(alarm.message.as_str());
    tracing::warn!(
        message_id = event.id,
        code = alarm.code,
        district = alarm.district.as_ref().map(tracing::field::display),
        person = alarm.person.as_ref().map(tracing::field::display),
        why = words,
        seq,
        "alarm raised"
    );
}

//! What a step added to the register: alarms and lines of access logs that were not there before.

use provost_core::contact::ContactState;
use provost_core::id::PersonId;
use std::collections::BTreeMap;

use super::super::run::Outcome;
use crate::flow::{self, FlowError};
use crate::store::{Page, Snapshot, Store, StoreError};

/// More than any step of a scenario adds.
const ROWS: usize = 10_000;

/// How far the register's lists have been seen, by the numbers of their rows.
#[derive(Debug, Default)]
pub(super) struct Seen {
    alarm: u64,
    access: BTreeMap<PersonId, u64>,
}

/// Everybody's id.
fn persons(register: &Snapshot<'_>) -> Result<Vec<PersonId>, StoreError> {
    let mut ids: Vec<PersonId> = Vec::new();
    loop {
        let page = register.people(None, ids.last(), 1000)?;
        if page.is_empty() {
            return Ok(ids);
        }
        ids.extend(page.into_iter().map(|person| person.id));
    }
}

impl Seen {
    /// Everything up to now.
    pub(super) fn now(store: &Store) -> Result<Self, FlowError> {
        let mut seen = Self::default();
        seen.gain(store, &mut Outcome::default())?;
        Ok(seen)
    }

    /// Puts what was added since into the outcome, oldest first, and how all contacts stand.
    pub(super) fn gain(&mut self, store: &Store, outcome: &mut Outcome) -> Result<(), FlowError> {
        let register = store.read()?;
        let alarms = register.alarms(Page::newest(ROWS))?;
        let new = alarms
            .into_iter()
            .rev()
            .filter(|(seq, _)| *seq > self.alarm);
        let new: Vec<_> = new.collect();
        self.alarm = new.last().map_or(self.alarm, |(seq, _)| *seq);
        outcome
            .alarms
            .extend(new.into_iter().map(|(_, alarm)| alarm));
        for person in persons(&register)? {
            let seen = self.access.entry(person.clone()).or_default();
            let lines = register.access_log(&person, Page::newest(ROWS))?;
            let new: Vec<_> = lines
                .into_iter()
                .rev()
                .filter(|(seq, _)| seq > seen)
                .collect();
            *seen = new.last().map_or(*seen, |(seq, _)| *seq);
            outcome.access.extend(new.into_iter().map(|(_, line)| line));
        }
        for (contact, _) in register.contacts(None)? {
            let hold = contact.hold.filter(|_| contact.state == ContactState::Held);
            outcome
                .holds
                .extend(hold.map(|(why, _)| (contact.person.clone(), why)));
            outcome.contacts.insert(contact.person, contact.state);
        }
        let calls = flow::call::page(&register, None, "", ROWS)?.into_iter();
        outcome.calls = calls.map(|seen| (seen.call.id, seen.state)).collect();
        let requests = register.update_requests_page(None, None, "", ROWS)?;
        let requests = requests.into_iter();
        outcome.update_requests = requests.map(|of| (of.id, of.state)).collect();
        Ok(())
    }
}

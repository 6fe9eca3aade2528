//! The register as a whole: what is in it, and how much.

use provost_core::change::FeedMark;
use provost_core::contact::{Contact, ContactState};
use provost_core::person::Person;
use provost_core::register::Existing;
use provost_core::role::{Grant, Group};
use rusqlite::Connection;
use std::collections::BTreeMap;

use super::error::{Attempt, StoreError};
use super::grant;
use super::notice::NoticeState;
use super::row::{collect, many, to_u64};
use super::snapshot::Snapshot;

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// People.
    pub people: u64,
    /// Contacts that have not been removed.
    pub contacts: u64,
    /// Contacts who were told of pending deactivation.
    pub pending: u64,
    /// Contacts whose next stage waits.
    pub held: u64,
    /// Notices that wait to be delivered.
    pub notices_waiting: u64,
    /// Notices of a mass that wait for an operator's word.
    pub notices_held: u64,
    /// Notices that were given up.
    pub notices_failed: u64,
}

impl Counts {
    /// How much a connection sees.
    pub(super) fn read(connection: &Connection) -> Result<Self, StoreError> {
        const WHAT: &str = "count";
        let sql = include_str!("register/counts.sql");
        let counted = collect(connection, WHAT, sql, [], |row| {
            let number = |place| to_u64("number of things", row.get(place).attempting(WHAT)?);
            Ok(Self {
                people: number(0)?,
                contacts: number(1)?,
                pending: number(2)?,
                held: number(3)?,
                notices_waiting: number(4)?,
                notices_held: number(5)?,
                notices_failed: number(6)?,
            })
        })?;
        Ok(counted.into_iter().next().unwrap_or_default())
    }

    /// Writes them down for everybody.
    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(include_str!("register/tally.sql"))?;
        let numbers = [
            self.people,
            self.contacts,
            self.pending,
            self.held,
            self.notices_waiting,
            self.notices_held,
            self.notices_failed,
        ];
        statement.execute(numbers.map(u64::cast_signed)).map(drop)
    }

    /// Something was there `before` and is there `after` a change: the count of such things follows.
    pub(super) fn follow(count: &mut u64, before: bool, after: bool) {
        match (before, after) {
            (false, true) => *count += 1,
            (true, false) => *count = count.saturating_sub(1),
            _ => {}
        }
    }

    /// A contact goes from one state to another; it has none before it is designated.
    pub(super) fn contact(&mut self, before: Option<&str>, after: ContactState) {
        let after = Some(after.word());
        let there =
            |state: Option<&str>| state.is_some_and(|state| state != ContactState::Removed.word());
        let is = |state: Option<&str>, wanted: ContactState| state == Some(wanted.word());
        Self::follow(&mut self.contacts, there(before), there(after));
        let (pending, held) = (ContactState::Pending, ContactState::Held);
        Self::follow(&mut self.pending, is(before, pending), is(after, pending));
        Self::follow(&mut self.held, is(before, held), is(after, held));
    }

    /// A notice goes from one state to another; it has none before it is queued.
    pub(super) fn notice(&mut self, before: Option<NoticeState>, after: NoticeState) {
        let after = Some(after);
        for (count, state) in [
            (&mut self.notices_waiting, NoticeState::Waiting),
            (&mut self.notices_held, NoticeState::Held),
            (&mut self.notices_failed, NoticeState::Failed),
        ] {
            Self::follow(count, before == Some(state), after == Some(state));
        }
    }
}

impl Snapshot<'_> {
    /// How many people, contacts and waiting notices there are.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        Counts::read(self.connection())
    }

    /// Everything that a register document may say or refer to. Configured feeds are not the store's to know: `feeds`
    /// is empty. Holds the whole register in memory, so it is for documents, not for daily work.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn existing(&self) -> Result<Existing, StoreError> {
        let connection = self.connection();
        let persons: Vec<Person> = many(connection, "person", "SELECT body FROM person", [])?;
        let groups: Vec<Group> = many(connection, "group", "SELECT body FROM user_group", [])?;
        let contacts: Vec<Contact> = many(connection, "contact", "SELECT body FROM contact", [])?;
        let marks: Vec<FeedMark> = many(connection, "feed", "SELECT body FROM feed", [])?;
        let mut grants: BTreeMap<_, Vec<Grant>> = BTreeMap::new();
        for grant in grant::all(connection)? {
            grants.entry(grant.person.clone()).or_default().push(grant);
        }
        Ok(Existing {
            revision: self.revision(),
            districts: keyed(self.districts()?, |district| district.id.clone()),
            persons: keyed(persons, |person| person.id.clone()),
            groups: keyed(groups, |group| (group.district.clone(), group.id.clone())),
            grants,
            contacts: keyed(contacts, |contact| contact.person.clone()),
            marks: keyed(marks, |mark| mark.feed.clone()),
            feeds: BTreeMap::new(),
            agents: self.agents()?.into_iter().collect(),
        })
    }
}

fn keyed<K: Ord, T>(things: Vec<T>, key: impl Fn(&T) -> K) -> BTreeMap<K, T> {
    things
        .into_iter()
        .map(|thing| (key(&thing), thing))
        .collect()
}

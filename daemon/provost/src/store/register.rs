//! The register as a whole: what is in it, and how much.

use provost_core::change::FeedMark;
use provost_core::contact::Contact;
use provost_core::person::Person;
use provost_core::register::Existing;
use provost_core::role::{Grant, Group};
use std::collections::BTreeMap;

use super::error::StoreError;
use super::grant;
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
}

impl Snapshot<'_> {
    /// Counts people, contacts and waiting notices.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        const WHAT: &str = "number of things";
        let sql = include_str!("register/counts.sql");
        let counted = collect(self.connection(), "count", sql, [], |row| {
            let number = |place| {
                row.get(place)
                    .map_err(|source| StoreError::Sql {
                        what: "count",
                        source,
                    })
                    .and_then(|found| to_u64(WHAT, found))
            };
            Ok(Counts {
                people: number(0)?,
                contacts: number(1)?,
                pending: number(2)?,
                held: number(3)?,
                notices_waiting: number(4)?,
            })
        })?;
        Ok(counted.into_iter().next().unwrap_or_default())
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

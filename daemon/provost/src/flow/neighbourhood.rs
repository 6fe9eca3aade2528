//! The contacts of a district around the one in question: what the lifecycle needs to know beside a contact.

use provost_core::Timestamp;
use provost_core::contact::{Contact, ContactKind};
use provost_core::decision::DistrictFacts;
use provost_core::district::District;
use provost_core::id::{DistrictId, PersonId};
use provost_core::lifecycle::Surroundings;
use provost_core::person::Person;
use provost_core::register::Feed;

use super::{FlowError, NotFound};
use crate::store::Snapshot;

/// A district with its contacts as they are in the plan that is being made.
pub struct Neighbourhood {
    facts: DistrictFacts,
    feed: Option<Option<Timestamp>>,
    /// Valid contacts, and the technical ones among them: counted once, not for each contact that is evaluated.
    valid: usize,
    technical: usize,
}

fn is_technical(contact: &Contact) -> bool {
    contact.is_valid() && contact.kind == ContactKind::Technical
}

impl Neighbourhood {
    /// Reads a district's contacts and the watermark of its feed, if one of `feeds` is its own; of several the one
    /// that is furthest behind.
    ///
    /// # Errors
    /// If the district is unknown or the store cannot be read.
    pub fn read(
        register: &Snapshot<'_>,
        feeds: &[Feed],
        district: &DistrictId,
    ) -> Result<Self, FlowError> {
        let facts = register
            .district_facts(district)?
            .ok_or_else(|| FlowError::Unknown {
                what: "district",
                id: district.to_string(),
                source: NotFound::None,
            })?;
        let mut feed = None;
        for configured in feeds.iter().filter(|feed| feed.district == *district) {
            let mark = register.feed(&configured.id)?.map(|mark| mark.watermark);
            // `None`, a feed that has never reported, is furthest behind of all.
            feed = Some(feed.map_or(mark, |furthest: Option<Timestamp>| furthest.min(mark)));
        }
        let count = |counts: fn(&Contact) -> bool| {
            let contacts = facts.contacts.iter();
            contacts.filter(|(contact, _)| counts(contact)).count()
        };
        Ok(Self {
            valid: count(Contact::is_valid),
            technical: count(is_technical),
            facts,
            feed,
        })
    }

    /// The district with its contacts.
    pub fn facts(&self) -> &DistrictFacts {
        &self.facts
    }

    /// The district.
    pub fn district(&self) -> &District {
        &self.facts.district
    }

    /// Other valid contacts with the people behind them.
    pub fn others(&self, person: &PersonId) -> impl Iterator<Item = &(Contact, Person)> {
        self.facts
            .contacts
            .iter()
            .filter(move |(contact, _)| contact.person != *person && contact.is_valid())
    }

    /// Where a person's contact stands: they are in the order of the people's ids.
    fn place(&self, person: &PersonId) -> Option<usize> {
        let contacts = &self.facts.contacts;
        contacts
            .binary_search_by(|(contact, _)| contact.person.cmp(person))
            .ok()
    }

    /// The contact that a person is or was in this district.
    pub fn contact(&self, person: &PersonId) -> Option<&Contact> {
        self.place(person)
            .map(|place| &self.facts.contacts[place].0)
    }

    /// What stands around one person's contact.
    pub fn around(&self, person: &PersonId) -> Surroundings<'_> {
        let own = self.contact(person);
        Surroundings {
            district: &self.facts.district,
            other_valid: self.valid - usize::from(own.is_some_and(Contact::is_valid)),
            other_technical: self.technical - usize::from(own.is_some_and(is_technical)),
            feed: self.feed,
        }
    }

    /// Takes a contact's new state into account for those that are evaluated after it.
    pub fn put(&mut self, after: &Contact) {
        if let Some(place) = self.place(&after.person) {
            let contact = &mut self.facts.contacts[place].0;
            self.valid -= usize::from(contact.is_valid());
            self.technical -= usize::from(is_technical(contact));
            contact.clone_from(after);
            self.valid += usize::from(after.is_valid());
            self.technical += usize::from(is_technical(after));
        }
    }
}

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
        Ok(Self { facts, feed })
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

    /// What stands around one person's contact.
    pub fn around(&self, person: &PersonId) -> Surroundings<'_> {
        let technical = |(contact, _): &&(Contact, Person)| contact.kind == ContactKind::Technical;
        Surroundings {
            district: &self.facts.district,
            other_valid: self.others(person).count(),
            other_technical: self.others(person).filter(technical).count(),
            feed: self.feed,
        }
    }

    /// Takes a contact's new state into account for those that are evaluated after it.
    pub fn put(&mut self, after: &Contact) {
        if let Some((contact, _)) = self
            .facts
            .contacts
            .iter_mut()
            .find(|(known, _)| known.person == after.person)
        {
            contact.clone_from(after);
        }
    }
}

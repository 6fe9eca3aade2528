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

/// Other contacts whom a notice names: the first by id,
const NEAR: usize = 8;
/// and so many technical ones.
const NEAR_TECHNICAL: usize = 2;

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
            .ok_or_else(|| unknown(district))?;
        let feed = watermark(register, feeds, district)?;
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

/// A contact's district with some of its other valid contacts: those whom a notice names or is sent to. A district may
/// have thousands, and a notice is a page.
///
/// # Errors
/// If the district is unknown or the store cannot be read.
pub fn nearby(
    register: &Snapshot<'_>,
    contact: &Contact,
    person: &Person,
) -> Result<DistrictFacts, FlowError> {
    let district = register
        .district(&contact.district)?
        .ok_or_else(|| unknown(&contact.district))?;
    let mut contacts = register.other_contacts(contact, NEAR, NEAR_TECHNICAL)?;
    contacts.push((contact.clone(), person.clone()));
    contacts.sort_by(|(one, _), (other, _)| one.person.cmp(&other.person));
    contacts.dedup_by(|(one, _), (other, _)| one.person == other.person);
    Ok(DistrictFacts {
        district,
        contacts,
        coaches: Vec::new(),
    })
}

/// How many valid contacts a district has in the plan that is being made: what the lifecycle asks of a neighbourhood,
/// without reading everybody in it.
pub struct Headcount {
    district: District,
    valid: usize,
    technical: usize,
    feed: Option<Option<Timestamp>>,
}

impl Headcount {
    /// Counts a district's valid contacts for a plan that puts at most `puts` of them: no further than it takes to
    /// know, after that many, whether one is the last and whether the technical contact's place is taken.
    ///
    /// # Errors
    /// If the district is unknown or the store cannot be read.
    pub fn read(
        register: &Snapshot<'_>,
        feeds: &[Feed],
        district: &DistrictId,
        puts: usize,
    ) -> Result<Self, FlowError> {
        let feed = watermark(register, feeds, district)?;
        let district = register
            .district(district)?
            .ok_or_else(|| unknown(district))?;
        let cap = usize::try_from(district.technical_cap).unwrap_or(usize::MAX);
        // Each put may take one away, and the contact in question does not count itself.
        let enough = cap.saturating_add(puts).saturating_add(2);
        let (valid, technical) = register.valid_contacts(&district.id, enough)?;
        Ok(Self {
            district,
            valid,
            technical,
            feed,
        })
    }

    /// What stands around a contact, who is as the register or an earlier [`Headcount::put`] has them.
    pub fn around(&self, contact: &Contact) -> Surroundings<'_> {
        let (valid, technical) = counted(contact);
        Surroundings {
            district: &self.district,
            other_valid: self.valid.saturating_sub(valid),
            other_technical: self.technical.saturating_sub(technical),
            feed: self.feed,
        }
    }

    /// Takes a contact's new state into account for those that are evaluated after it.
    pub fn put(&mut self, before: &Contact, after: &Contact) {
        let ((valid, technical), (valid_after, technical_after)) =
            (counted(before), counted(after));
        self.valid = self.valid.saturating_sub(valid) + valid_after;
        self.technical = self.technical.saturating_sub(technical) + technical_after;
    }
}

/// What a contact adds to the valid ones and to the technical among them.
fn counted(contact: &Contact) -> (usize, usize) {
    let valid = contact.is_valid();
    let technical = valid && contact.kind == ContactKind::Technical;
    (usize::from(valid), usize::from(technical))
}

fn unknown(district: &DistrictId) -> FlowError {
    FlowError::Unknown {
        what: "district",
        id: district.to_string(),
        source: NotFound::None,
    }
}

/// The watermark of a district's feed, if one of `feeds` is its own; of several the one that is furthest behind.
fn watermark(
    register: &Snapshot<'_>,
    feeds: &[Feed],
    district: &DistrictId,
) -> Result<Option<Option<Timestamp>>, FlowError> {
    let mut feed = None;
    for configured in feeds.iter().filter(|feed| feed.district == *district) {
        let mark = register.feed(&configured.id)?.map(|mark| mark.watermark);
        // `None`, a feed that has never reported, is furthest behind of all.
        feed = Some(feed.map_or(mark, |furthest: Option<Timestamp>| furthest.min(mark)));
    }
    Ok(feed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;
    use proptest::prelude::*;
    use provost_core::change::{Actor, Change, Plan};
    use provost_core::contact::ContactState;
    use serde_json::json;

    fn read<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> T {
        serde_json::from_value(value).unwrap()
    }

    fn contact(n: usize, (kind, state): (ContactKind, ContactState)) -> Contact {
        let (kind, state) = (kind.word(), state.word());
        read(json!({
            "person": format!("p{n}"), "district": "lone-pine", "kind": kind, "state": state,
            "designated": "2024-01-10T16:00:00Z", "episodes": 0,
        }))
    }

    /// A register with these contacts.
    fn town(contacts: &[Contact]) -> Store {
        let store = Store::in_memory().unwrap();
        let now = "2025-03-02T12:00:00Z".parse().unwrap();
        let mut plan = Plan::new(Default::default(), Actor::Timer, now);
        plan.changes.push(Change::District {
            before: None,
            after: Box::new(read(json!({
                "id": "lone-pine", "name": "Lone Pine", "timezone": "America/Denver",
                "edition": "standard", "products": ["sis"],
            }))),
        });
        for contact in contacts {
            let id = contact.person.as_str();
            let person = json!({
                "id": id, "district": "lone-pine", "username": id, "name": id,
                "homepage": "campus-application", "enabled": true,
            });
            plan.changes.push(Change::Person {
                before: None,
                after: Some(Box::new(read(person))),
            });
            plan.changes.push(Change::Contact {
                before: None,
                after: Box::new(contact.clone()),
            });
        }
        store.commit(plan).unwrap();
        store
    }

    fn standing() -> impl Strategy<Value = (ContactKind, ContactState)> {
        use ContactState::{Active, Deactivated, Held, Pending, Removed, Suspended};
        let kind = prop::sample::select(vec![ContactKind::Support, ContactKind::Technical]);
        let states = vec![Active, Pending, Held, Suspended, Deactivated, Removed];
        (kind, prop::sample::select(states))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        #[test]
        fn a_headcount_tells_of_a_last_contact_what_the_whole_neighbourhood_does(
            before in prop::collection::vec(standing(), 1..9),
            after in prop::collection::vec(standing(), 1..9),
        ) {
            let contacts: Vec<_> = before.into_iter().enumerate().map(|(n, as_is)| contact(n, as_is)).collect();
            let store = town(&contacts);
            let (register, district) = (store.read().unwrap(), contacts[0].district.clone());
            let mut whole = Neighbourhood::read(&register, &[], &district).unwrap();
            let puts = contacts.len().min(after.len());
            let mut count = Headcount::read(&register, &[], &district, puts).unwrap();
            for (n, (before, after)) in contacts.iter().zip(after).enumerate() {
                let (all, counted) = (whole.around(&before.person), count.around(before));
                prop_assert_eq!(all.is_last(), counted.is_last());
                for kind in [ContactKind::Support, ContactKind::Technical] {
                    prop_assert_eq!(all.slot_is_taken(kind), counted.slot_is_taken(kind));
                }
                let after = contact(n, after);
                whole.put(&after);
                count.put(before, &after);
            }
        }
    }
}

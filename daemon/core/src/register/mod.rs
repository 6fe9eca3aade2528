//! The register document: a district's people, groups, grants and contacts as TOML or JSON.
//!
//! [`read`] believes a document or lists everything that contradicts itself, at once. [`plan`] says what an existing
//! register lacks of it, and [`export`] writes a register as such a document again. An import adds and changes; it
//! takes nobody away, because people also come from directories and roles from the desk.

mod contact;
mod district;
mod export;
mod grant;
mod person;
mod plan;
#[cfg(test)]
mod tests;
pub mod value;

pub use district::inactivity;
pub use district::{Feed, district, feed};
pub use export::export;
pub use grant::granted;
pub use person::DOCUMENT_SOURCE;
pub use plan::plan;

use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

use crate::change::FeedMark;
use crate::contact::Contact;
use crate::district::District;
use crate::document::{Problem, Problems, Table};
use crate::id::{AgentId, DistrictId, FeedId, GroupId, PersonId, Revision, SchoolId};
use crate::person::Person;
use crate::role::{Grant, Group, Roles};

/// A register document that is believed: no reference without its noun, no duplicate, every default filled in.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Register {
    /// Districts, with the schools that people name added.
    pub districts: Vec<District>,
    /// People.
    pub persons: Vec<Person>,
    /// User groups.
    pub groups: Vec<Group>,
    /// What people's lists and `[[grant]]` give.
    pub grants: Vec<Grant>,
    /// Contacts.
    pub contacts: Vec<ContactEntry>,
    /// Activity feeds.
    pub feeds: Vec<Feed>,
    /// Agents of the vendor's support desk.
    pub agents: Vec<AgentId>,
    /// Schools that people and calendar rights name, by district: they exist whether the district lists them or not.
    pub named_schools: BTreeMap<DistrictId, BTreeSet<SchoolId>>,
}

/// A contact of a document, and how much of it the document says itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactEntry {
    /// The contact, `next_due` not worked out yet.
    pub contact: Contact,
    /// The document says when it was designated; otherwise an existing contact keeps its own date.
    pub designated_said: bool,
    /// The document says the state; otherwise an existing contact keeps its own.
    pub state_said: bool,
    /// Path of the entry's `type` in the document, for problems found later.
    key: String,
}

/// What is in the register already, by id. A document may refer to it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Existing {
    /// The revision it was read at.
    pub revision: Revision,
    /// Districts.
    pub districts: BTreeMap<DistrictId, District>,
    /// People.
    pub persons: BTreeMap<PersonId, Person>,
    /// Groups, which are unique in their district.
    pub groups: BTreeMap<(DistrictId, GroupId), Group>,
    /// Grants of every origin, held or expired.
    pub grants: BTreeMap<PersonId, Vec<Grant>>,
    /// Contacts of every state.
    pub contacts: BTreeMap<PersonId, Contact>,
    /// How far the feeds have come.
    pub marks: BTreeMap<FeedId, FeedMark>,
    /// Feeds that are configured.
    pub feeds: BTreeMap<FeedId, Feed>,
    /// Agents that are known.
    pub agents: BTreeSet<AgentId>,
}

/// What a document is read against.
#[derive(Debug, Clone, Copy)]
pub struct Given<'g> {
    /// The time that stands in where the document says none: now, or a scenario's first step.
    pub now: Timestamp,
    /// The grantor of what the document grants, as the journal names actors.
    pub by: &'g str,
    /// The roles in force.
    pub roles: &'g Roles,
    /// What is in the register already.
    pub existing: &'g Existing,
}

/// Reads a register document.
///
/// # Errors
/// Every problem of the document, with key, value and what is allowed. Nothing of it is believed then.
pub fn read(document: &Map<String, Value>, given: Given) -> Result<Register, Vec<Problem>> {
    let problems = Problems::default();
    let top = Table::top(document, &problems);
    let register = read_tables(&top, given, &problems);
    top.done();
    if problems.is_empty() {
        Ok(register)
    } else {
        Err(problems.into_vec())
    }
}

/// Reads the register's tables of a larger document, e.g. a scenario, and notes all their problems.
///
/// The caller calls [`Table::done`]; what comes back is to be used only if there were no problems.
pub fn read_tables(top: &Table, given: Given, problems: &Problems) -> Register {
    let mut reading = Reading::new(given, problems);
    let mut register = Register::default();
    for table in top.tables("district") {
        register.districts.extend(reading.district(&table));
    }
    for table in top.tables("group") {
        register.groups.extend(reading.group(&table));
    }
    for table in top.tables("person") {
        if let Some((person, grants)) = reading.person(&table) {
            register.persons.push(person);
            register.grants.extend(grants);
        }
    }
    for table in top.tables("contact") {
        register.contacts.extend(reading.contact(&table));
    }
    reading.check_technical_cap(&register.contacts);
    for table in top.tables("grant") {
        if let Some(grant) = reading.grant(&table) {
            reading.once(&table, "grant", "", grant_key(&grant));
            register.grants.push(grant);
        }
    }
    for table in top.tables("feed") {
        register.feeds.extend(reading.feed(&table));
    }
    for table in top.tables("agent") {
        register.agents.extend(reading.agent(&table));
    }
    reading.check_schools(&register);
    register.named_schools = reading.named_schools(&register.persons);
    for district in &mut register.districts {
        if let Some(named) = register.named_schools.get(&district.id) {
            add_schools(district, named);
        }
    }
    register
}

/// Adds schools that a district does not list yet, named by their ids.
fn add_schools(district: &mut District, named: &BTreeSet<SchoolId>) {
    for school in named {
        let name = || school.to_string();
        district.schools.entry(school.clone()).or_insert_with(name);
    }
}

/// What identifies a grant: person, what and origin.
fn grant_key(grant: &Grant) -> String {
    format!("{}: {} by {}", grant.person, grant.what, grant.origin)
}

/// Whether a district that is named must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// The key must be there.
    Needed,
    /// It may be left out.
    Optional,
}

/// A document being read: what has been met so far.
struct Reading<'r> {
    given: Given<'r>,
    problems: &'r Problems,
    /// First path of each id, by noun.
    met: BTreeMap<(&'static str, String), String>,
    /// Districts of the document with their technical caps.
    caps: BTreeMap<DistrictId, u32>,
    groups: BTreeSet<(DistrictId, GroupId)>,
    persons: BTreeMap<PersonId, DistrictId>,
    /// Usernames of the register, with their owner.
    usernames: BTreeMap<(&'r DistrictId, &'r str), &'r PersonId>,
    /// Schools that calendar rights name: path, district, school.
    calendar_schools: Vec<(String, DistrictId, SchoolId)>,
}

impl<'r> Reading<'r> {
    fn new(given: Given<'r>, problems: &'r Problems) -> Self {
        let persons = given.existing.persons.values();
        Self {
            given,
            problems,
            met: BTreeMap::new(),
            caps: BTreeMap::new(),
            groups: BTreeSet::new(),
            persons: BTreeMap::new(),
            usernames: persons
                .map(|person| ((&person.district, person.username.as_str()), &person.id))
                .collect(),
            calendar_schools: Vec::new(),
        }
    }

    /// Notes a problem if the document says the same thing a second time.
    fn once(&mut self, table: &Table, noun: &'static str, key: &str, id: String) {
        let path = table.path(key);
        match self.met.entry((noun, id)) {
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(path);
            }
            std::collections::btree_map::Entry::Occupied(first) => {
                table.problem(key, format!("says the {noun} of {} again", first.get()));
            }
        }
    }

    /// Reads one `[[district]]`. One with a problem is known by its id all the same, or every reference to it would
    /// be a problem too.
    fn district(&mut self, table: &Table) -> Option<District> {
        let district = district(table);
        let id = table.value("id").and_then(Value::as_str);
        if let Some(id) = id.and_then(|id| DistrictId::new(id).ok()) {
            self.once(table, "district", "id", id.to_string());
            let cap = district
                .as_ref()
                .map_or(u32::MAX, |district| district.technical_cap);
            self.caps.entry(id).or_insert(cap);
        }
        district
    }

    fn has_district(&self, id: &DistrictId) -> bool {
        self.caps.contains_key(id) || self.given.existing.districts.contains_key(id)
    }

    fn technical_cap(&self, id: &DistrictId) -> u32 {
        let existing = self.given.existing.districts.get(id);
        let existing = existing.map(|district| district.technical_cap);
        self.caps.get(id).copied().or(existing).unwrap_or(1)
    }

    /// The district under `district`, which must exist.
    fn district_named(&self, table: &Table, known: Known) -> Option<DistrictId> {
        let id: DistrictId = match known {
            Known::Needed => table.need_parse("district")?,
            Known::Optional => table.parse("district")?,
        };
        if !self.has_district(&id) {
            table.problem(
                "district",
                format!("no district `{id}` in document or register"),
            );
        }
        Some(id)
    }

    /// The person under a key, who must exist, with the district.
    fn person_named(&self, table: &Table, key: &str) -> Option<(PersonId, DistrictId)> {
        let id: PersonId = table.need_parse(key)?;
        let existing = self.given.existing.persons.get(&id);
        let existing = existing.map(|person| &person.district);
        match self.persons.get(&id).or(existing) {
            Some(district) => Some((id, district.clone())),
            None => {
                table.problem(key, format!("no person `{id}` in document or register"));
                None
            }
        }
    }

    /// A contact speaks for the person's own district; saying another one is a contradiction.
    fn check_own_district(&self, table: &Table, own: Option<&DistrictId>) {
        let said = self.district_named(table, Known::Optional);
        if let (Some(said), Some(own)) = (said, own)
            && said != *own
        {
            table.problem(
                "district",
                format!("the person belongs to district `{own}`"),
            );
        }
    }

    /// A username of the register belongs to one person of the district.
    fn check_username_free(
        &self,
        table: &Table,
        id: &PersonId,
        district: &DistrictId,
        username: &str,
    ) {
        if let Some(owner) = self.usernames.get(&(district, username))
            && *owner != id
        {
            table.problem(
                "username",
                format!("is the username of person `{owner}` already"),
            );
        }
    }

    /// Reads one `[[feed]]`.
    fn feed(&mut self, table: &Table) -> Option<Feed> {
        let feed = feed(table)?;
        self.once(table, "feed", "id", feed.id.to_string());
        if !self.has_district(&feed.district) {
            let why = format!("no district `{}` in document or register", feed.district);
            table.problem("district", why);
        }
        Some(feed)
    }

    /// Reads one `[[agent]]`.
    fn agent(&mut self, table: &Table) -> Option<AgentId> {
        let id: Option<AgentId> = table.need_parse("id");
        table.done();
        self.once(table, "agent", "id", id.as_ref()?.to_string());
        id
    }

    /// A calendar right names a school of its district, if the district lists its schools at all.
    fn check_schools(&self, register: &Register) {
        for (path, district, school) in &self.calendar_schools {
            let written = register
                .districts
                .iter()
                .find(|known| known.id == *district);
            let existing = self.given.existing.districts.get(district);
            let listing = written.or(existing);
            if listing.is_none_or(|district| district.schools.is_empty()) {
                continue;
            }
            let mut known = listing.into_iter().chain(existing);
            let assigned = || {
                let mut persons = register.persons.iter();
                persons
                    .any(|person| person.district == *district && person.schools.contains(school))
            };
            if !known.any(|district| district.schools.contains_key(school)) && !assigned() {
                let why = format!(
                    "no school `{school}` in district `{district}`: list it or assign people to it"
                );
                self.problems.note(path.clone(), None, why);
            }
        }
    }

    fn named_schools(&self, persons: &[Person]) -> BTreeMap<DistrictId, BTreeSet<SchoolId>> {
        let mut named: BTreeMap<DistrictId, BTreeSet<SchoolId>> = BTreeMap::new();
        for person in persons {
            let schools = person.schools.iter().chain(&person.coach_of).cloned();
            let known = named.entry(person.district.clone()).or_default();
            known.extend(schools);
        }
        for (_, district, school) in &self.calendar_schools {
            let known = named.entry(district.clone()).or_default();
            known.insert(school.clone());
        }
        named
    }
}

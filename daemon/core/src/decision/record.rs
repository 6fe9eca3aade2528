//! A decision as it is kept: the question, everything that the rules looked at, and the answer.
//!
//! What is kept is what the rules saw, not where it came from: a decision can be made again long after the register
//! has moved on, and comes out the same as long as the rules and plugins are the same.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{
    Decision, DistrictFacts, Facts, Holding, NestedSession, Party, PersonFacts, Redirect,
    RedirectCoach, RedirectContact, Request, Thing,
};
use crate::call::Call;
use crate::case::Case;
use crate::contact::Contact;
use crate::district::District;
use crate::id::{AgentId, DistrictId, PersonId, PluginId, Revision, RoleId};
use crate::person::Person;
use crate::rights::{Beyond, CalendarRight, CalendarRights, Letters, ToolName, ToolRights, Tools};
use crate::role::{Grant, Group, Role, Roles};
use crate::session::Session;

/// A decision that was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Record {
    /// The question.
    pub request: Request,
    /// What the rules saw; `None` if it was too much to be kept, and then the decision cannot be made again.
    pub input: Option<Input>,
    /// The edition plugins that had a say, with the SHA-256 of each.
    pub plugins: BTreeMap<PluginId, String>,
    /// The version of the core's rules.
    pub rules: String,
    /// The answer.
    pub decision: Decision,
}

impl Record {
    /// What is kept of a decision. Of contacts and coaches whom it does not name no more stays than the rules count.
    pub fn of(
        request: Request,
        facts: &Facts,
        plugins: BTreeMap<PluginId, String>,
        rules: &str,
        decision: Decision,
    ) -> Self {
        let mut input = Input::of(facts);
        let told: BTreeSet<_> = told(&decision).cloned().collect();
        for place in &mut input.districts {
            let contacts = place.contacts.iter_mut().map(|(_, person)| person);
            for person in contacts.chain(&mut place.coaches) {
                if !told.contains(&person.id) {
                    withhold(person);
                }
            }
        }
        Self {
            request,
            input: Some(input),
            plugins,
            rules: rules.to_owned(),
            decision,
        }
    }

    /// The persons it tells something of: who asked, to whom it was to be done, and to whom it sent them. It is
    /// forgotten with any of them.
    pub fn people(&self) -> impl Iterator<Item = &PersonId> {
        let seen = self.input.iter().flat_map(Input::people);
        seen.chain(told(&self.decision))
    }

    /// Every district that it tells something of; whoever reads it whole must be allowed to see them all. `None` if
    /// that is not known, because what the rules saw was not kept.
    pub fn districts(&self) -> Option<BTreeSet<&DistrictId>> {
        let input = self.input.as_ref()?;
        let places = input.districts.iter().map(|place| &place.district.id);
        let people = input.somebodies().map(|of| &of.person.district);
        Some(places.chain(people).collect())
    }
}

/// Whom the answer names, with mail address and number.
fn told(decision: &Decision) -> impl Iterator<Item = &PersonId> {
    let (contacts, coaches): (&[RedirectContact], &[RedirectCoach]) = match &decision.redirect {
        Some(Redirect::Contacts(contacts)) => (contacts, &[]),
        Some(Redirect::Coaches(coaches)) => (&[], coaches),
        _ => (&[], &[]),
    };
    let contacts = contacts.iter().map(|contact| &contact.person);
    contacts.chain(coaches.iter().map(|coach| &coach.person))
}

/// Takes away what tells who a person is; the id stays.
fn withhold(person: &mut Person) {
    person.username.clear();
    person.name.clear();
    person.mail.clear();
    person.phone.clear();
    person.employee_number = None;
    person.title = None;
    // No rule asks from where somebody comes who is known to be here.
    person.directory = None;
}

/// [`Facts`] as they are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Input {
    now: Timestamp,
    revision: Revision,
    subject: Asker,
    resource: Target,
    districts: Vec<Place>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<Login>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    call: Option<Call>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    people: BTreeMap<String, Somebody>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<Group>,
    /// Roles of editions; the standard ones are the rule book's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    roles: Vec<Role>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Asker {
    Person(Box<Somebody>),
    Agent(AgentId),
    Unknown(String),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Target {
    Person(Box<Somebody>),
    District(DistrictId),
    Case(Box<Case>),
    Group(Box<Group>),
    Tool(ToolName),
    Unknown { kind: Option<String>, id: String },
}

/// A district with its valid contacts and coaches: no rule looks at others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Place {
    district: District,
    contacts: Vec<(Contact, Person)>,
    coaches: Vec<Person>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Login {
    session: Session,
    target: Option<Somebody>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Somebody {
    person: Person,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contact: Option<Contact>,
    grants: Vec<Grant>,
    roles: Vec<RoleId>,
    holding: Holding,
    rights: Beyond,
    /// None, if there are no letters: a document has no word for an empty set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_account: Option<Letters>,
    calendars: Vec<CalendarRight>,
}

impl Input {
    fn of(facts: &Facts) -> Self {
        let keep = |person: &PersonFacts| Somebody::of(person, &facts.tools);
        Self {
            now: facts.now,
            revision: facts.revision,
            subject: match &facts.subject {
                Party::Person(person) => Asker::Person(Box::new(keep(person))),
                Party::Agent(id) => Asker::Agent(id.clone()),
                Party::Unknown(id) => Asker::Unknown(id.clone()),
            },
            resource: match &facts.resource {
                Thing::Person(person) => Target::Person(Box::new(keep(person))),
                Thing::District(id) => Target::District(id.clone()),
                Thing::Case(case) => Target::Case(Box::new(case.clone())),
                Thing::Group(group) => Target::Group(Box::new(group.clone())),
                Thing::Tool(tool) => Target::Tool(tool.clone()),
                Thing::Unknown { kind, id } => Target::Unknown {
                    kind: kind.clone(),
                    id: id.clone(),
                },
            },
            districts: facts.districts.values().map(|of| Place::of(of)).collect(),
            session: facts.session.as_ref().map(|nested| Login {
                session: nested.session.clone(),
                target: nested.target.as_deref().map(keep),
            }),
            call: facts.call.clone(),
            people: facts
                .people
                .iter()
                .map(|(id, person)| (id.clone(), keep(person)))
                .collect(),
            group: facts.group.clone(),
            roles: facts
                .roles
                .iter()
                .filter(|role| role.edition.is_some())
                .cloned()
                .collect(),
        }
    }

    /// What the rules saw, for them to see again.
    pub fn facts(&self) -> Facts {
        let tools = self.tools();
        let back = |somebody: &Somebody| Arc::new(somebody.facts(&tools));
        let mut roles = Roles::standard();
        roles.add_edition(self.roles.iter().cloned());
        let districts = self.districts.iter().map(|place| {
            let facts = DistrictFacts {
                district: place.district.clone(),
                contacts: place.contacts.clone(),
                coaches: place.coaches.clone(),
            };
            (place.district.id.clone(), Arc::new(facts))
        });
        Facts {
            revision: self.revision,
            now: self.now,
            subject: match &self.subject {
                Asker::Person(person) => Party::Person(back(person)),
                Asker::Agent(id) => Party::Agent(id.clone()),
                Asker::Unknown(id) => Party::Unknown(id.clone()),
            },
            resource: match &self.resource {
                Target::Person(person) => Thing::Person(back(person)),
                Target::District(id) => Thing::District(id.clone()),
                Target::Case(case) => Thing::Case((**case).clone()),
                Target::Group(group) => Thing::Group((**group).clone()),
                Target::Tool(tool) => Thing::Tool(tool.clone()),
                Target::Unknown { kind, id } => Thing::Unknown {
                    kind: kind.clone(),
                    id: id.clone(),
                },
            },
            districts: districts.collect(),
            session: self.session.as_ref().map(|login| NestedSession {
                session: login.session.clone(),
                target: login.target.as_ref().map(back),
            }),
            call: self.call.clone(),
            people: self
                .people
                .iter()
                .map(|(id, person)| (id.clone(), back(person)))
                .collect(),
            group: self.group.clone(),
            roles: Arc::new(roles),
            tools: Arc::new(tools),
        }
    }

    /// The persons who were looked at for their own sake.
    fn people(&self) -> impl Iterator<Item = &PersonId> {
        self.somebodies().map(|somebody| &somebody.person.id)
    }

    fn somebodies(&self) -> impl Iterator<Item = &Somebody> {
        let asker = match &self.subject {
            Asker::Person(person) => Some(&**person),
            Asker::Agent(_) | Asker::Unknown(_) => None,
        };
        let target = match &self.resource {
            Target::Person(person) => Some(&**person),
            _ => None,
        };
        let entered = self.session.as_ref().and_then(|of| of.target.as_ref());
        asker
            .into_iter()
            .chain(target)
            .chain(entered)
            .chain(self.people.values())
    }

    /// A catalogue of every tool that anybody has a right on; other tools are open to nobody but holders of their
    /// product, with or without a place in a catalogue.
    fn tools(&self) -> Tools {
        let mut tools = Tools::default();
        let groups = match &self.resource {
            Target::Group(group) => Some(&**group),
            _ => None,
        };
        let grouped = groups.into_iter().chain(&self.group);
        let named = self.somebodies().map(|of| &of.rights.tools);
        for tool in named
            .chain(grouped.map(|group| &group.rights))
            .flat_map(BTreeMap::keys)
        {
            tools.intern(tool);
        }
        tools
    }
}

impl Place {
    fn of(facts: &DistrictFacts) -> Self {
        let valid = facts.valid_contacts();
        Self {
            district: facts.district.clone(),
            contacts: valid
                .map(|(contact, person)| (contact.clone(), person.clone()))
                .collect(),
            coaches: facts
                .coaches
                .iter()
                .filter(|coach| !coach.is_shut_out())
                .cloned()
                .collect(),
        }
    }
}

impl Somebody {
    fn of(facts: &PersonFacts, tools: &Tools) -> Self {
        Self {
            person: facts.person.clone(),
            contact: facts.contact.clone(),
            grants: facts.grants.clone(),
            roles: facts.roles.iter().cloned().collect(),
            holding: facts.holding.clone(),
            rights: facts.rights.listed(tools),
            user_account: Some(facts.user_account).filter(|letters| !letters.is_empty()),
            calendars: facts.calendars.iter().cloned().collect(),
        }
    }

    fn facts(&self, tools: &Tools) -> PersonFacts {
        let mut rights = ToolRights::default();
        for product in &self.rights.products {
            rights.add_product(product, tools);
        }
        for (tool, letters) in &self.rights.tools {
            if let Some(place) = tools.place(tool) {
                rights.add(place, *letters);
            }
        }
        let mut calendars = CalendarRights::default();
        self.calendars
            .iter()
            .for_each(|right| calendars.add(right.clone()));
        PersonFacts {
            person: self.person.clone(),
            contact: self.contact.clone(),
            grants: self.grants.clone(),
            roles: self.roles.iter().cloned().collect(),
            holding: self.holding.clone(),
            rights,
            user_account: self.user_account.unwrap_or_default(),
            calendars,
        }
    }
}

//! What the rules look at: loaded by the store for one request, complete and consistent at one revision.

use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::call::Call;
use crate::case::Case;
use crate::contact::Contact;
use crate::decision::PersonFacts;
use crate::district::District;
use crate::id::{AgentId, DistrictId, Revision};
use crate::person::Person;
use crate::rights::{ToolName, Tools};
use crate::role::{Group, Roles};
use crate::session::Session;

/// Who asks.
#[derive(Debug, Clone)]
pub enum Party {
    /// A person of the register.
    Person(Arc<PersonFacts>),
    /// An agent of the vendor's support desk, vouched for by the caller.
    Agent(AgentId),
    /// Nobody that the register knows.
    Unknown(String),
}

/// What the action is to be done to.
#[derive(Debug, Clone)]
pub enum Thing {
    /// A person.
    Person(Arc<PersonFacts>),
    /// A district.
    District(DistrictId),
    /// A case.
    Case(Case),
    /// A user group.
    Group(Group),
    /// A tool, known to the register or not.
    Tool(ToolName),
    /// Nothing that the register knows, or of a type that the action is not done to.
    Unknown {
        /// The type asked for, if one was said.
        kind: Option<String>,
        /// The id asked for.
        id: String,
    },
}

/// A district with its contacts.
#[derive(Debug, Clone)]
pub struct DistrictFacts {
    /// The district.
    pub district: District,
    /// All its contacts, of every state, with the person behind each; by person id.
    pub contacts: Vec<(Contact, Person)>,
    /// Building coaches. Rule: `building-coach`.
    pub coaches: Vec<Person>,
}

/// The session of the request.
#[derive(Debug, Clone)]
pub struct NestedSession {
    /// The session named in the context.
    pub session: Session,
    /// Rights of the user it has entered, if it has.
    pub target: Option<Arc<PersonFacts>>,
}

/// Everything that the rules may look at for one request.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The revision it was all read at.
    pub revision: Revision,
    /// The moment of the decision.
    pub now: Timestamp,
    /// Who asks.
    pub subject: Party,
    /// What the action is to be done to.
    pub resource: Thing,
    /// The districts of subject and resource, each with its contacts.
    pub districts: BTreeMap<DistrictId, Arc<DistrictFacts>>,
    /// The session named in the context, if it is open.
    pub session: Option<NestedSession>,
    /// The call that the request names in `call`, if it is one of the resource's district.
    pub call: Option<Call>,
    /// Further people that the request names, by the id in the request: participants of a call, the receiver of a case;
    /// who is on the named call, by their ids.
    pub people: BTreeMap<String, Arc<PersonFacts>>,
    /// The group that the request names in `group`, in the resource's district.
    pub group: Option<Group>,
    /// Roles in force.
    pub roles: Arc<Roles>,
    /// Tools that the register knows.
    pub tools: Arc<Tools>,
}

impl Facts {
    /// The district of the subject, if it has one that is known.
    pub fn subject_district(&self) -> Option<&DistrictFacts> {
        match &self.subject {
            Party::Person(subject) => self
                .districts
                .get(&subject.person.district)
                .map(Arc::as_ref),
            Party::Agent(_) | Party::Unknown(_) => None,
        }
    }

    /// The district that the resource belongs to, if it belongs to one that is known.
    pub fn resource_district(&self) -> Option<&DistrictFacts> {
        self.districts
            .get(self.resource.district()?)
            .map(Arc::as_ref)
    }

    /// The subject, if it is a person of the register.
    pub fn subject_person(&self) -> Option<&PersonFacts> {
        self.subject.person()
    }

    /// The resource, if it is a person of the register.
    pub fn resource_person(&self) -> Option<&PersonFacts> {
        match &self.resource {
            Thing::Person(person) => Some(person),
            _ => None,
        }
    }
}

impl Party {
    /// The party, if it is a person of the register.
    pub fn person(&self) -> Option<&PersonFacts> {
        match self {
            Self::Person(person) => Some(person),
            Self::Agent(_) | Self::Unknown(_) => None,
        }
    }
}

impl Thing {
    /// The district that the thing belongs to; a tool belongs to none.
    pub fn district(&self) -> Option<&DistrictId> {
        match self {
            Self::Person(person) => Some(&person.person.district),
            Self::District(id) => Some(id),
            Self::Case(case) => Some(&case.district),
            Self::Group(group) => Some(&group.district),
            Self::Tool(_) | Self::Unknown { .. } => None,
        }
    }

    /// The type word as requests write it; `None` for what the register does not know.
    pub fn kind(&self) -> Option<&'static str> {
        match self {
            Self::Person(_) => Some("person"),
            Self::District(_) => Some("district"),
            Self::Case(_) => Some("case"),
            Self::Group(_) => Some("group"),
            Self::Tool(_) => Some("tool"),
            Self::Unknown { .. } => None,
        }
    }
}

impl DistrictFacts {
    /// The contacts with authority, with the person behind each; by person id.
    ///
    /// A contact whose directory entry shuts the person out has none, even before a commit has written it down.
    pub fn valid_contacts(&self) -> impl Iterator<Item = (&Contact, &Person)> {
        self.contacts
            .iter()
            .filter(|(contact, person)| {
                contact.is_valid() && contact.district == self.district.id && !person.is_shut_out()
            })
            .map(|(contact, person)| (contact, person))
    }
}

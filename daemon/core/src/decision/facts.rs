//! What the rules look at: loaded by the store for one request, complete and consistent at one revision.

use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::case::Case;
use crate::contact::Contact;
use crate::district::District;
use crate::id::{AgentId, DistrictId, GroupId, PersonId, Revision, RoleId};
use crate::person::Person;
use crate::rights::{CalendarRights, ToolName, ToolRights, Tools};
use crate::role::{Grant, Group, Roles};
use crate::session::Session;

/// A person with everything that the rules ask of one.
#[derive(Debug, Clone)]
pub struct PersonFacts {
    /// The person.
    pub person: Person,
    /// The contact, if the person is or was one.
    pub contact: Option<Contact>,
    /// Grants held now, whatever their origin.
    pub grants: Vec<Grant>,
    /// Roles that have an effect: held now, known in the district's edition, on the main homepage.
    /// Rules: `role.homepage`, domain §2.
    pub roles: BTreeSet<RoleId>,
    /// Tool rights from roles, groups and single grants, added up.
    pub rights: ToolRights,
    /// Calendar rights likewise.
    pub calendars: CalendarRights,
}

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
    /// Further people that the request names: participants of a call, the receiver of a case. By the id in the request.
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
        let id = match &self.resource {
            Thing::Person(person) => &person.person.district,
            Thing::District(id) => id,
            Thing::Case(case) => &case.district,
            Thing::Group(group) => &group.district,
            Thing::Tool(_) | Thing::Unknown { .. } => return None,
        };
        self.districts.get(id).map(Arc::as_ref)
    }
}

impl PersonFacts {
    /// Works out effective roles, rights and calendars at `now`.
    ///
    /// `grants` are all grants of the person, held or not; `groups` the groups of the person's district that are
    /// granted. Every tool named in grants and groups must be interned in `tools` already.
    pub fn new(
        person: Person,
        contact: Option<Contact>,
        grants: Vec<Grant>,
        groups: &BTreeMap<GroupId, Group>,
        district: &District,
        catalogue: (&Roles, &Tools),
        now: Timestamp,
    ) -> Self {
        let _ = (groups, district, catalogue, now);
        Self {
            person,
            contact,
            grants,
            roles: BTreeSet::new(),
            rights: ToolRights::default(),
            calendars: CalendarRights::default(),
        }
    }

    /// The person's id.
    pub fn id(&self) -> &PersonId {
        &self.person.id
    }
}

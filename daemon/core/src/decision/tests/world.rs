//! A small register to ask questions of.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::call::Call;
use crate::case::Case;
use crate::contact::{Contact, ContactKind, ContactState};
use crate::decision::{
    Action, Decision, DistrictFacts, Facts, Finding, NestedSession, Party, PersonFacts, Reference,
    Request, Thing, decide,
};
use crate::district::{District, Help, Inactivity, Preferences};
use crate::id::{
    AgentId, CaseId, DistrictId, EditionId, GroupId, PersonId, ProductId, Revision, RoleId,
    SchoolId, SessionId,
};
use crate::person::{MAIN_HOMEPAGE, Person};
use crate::rights::{CalendarRight, Letters, ListedRights, ToolName, Tools};
use crate::role::{Grant, Granted, Group, Origin, Role, RoleKind, Roles};
use crate::session::Session;
use crate::time::Zone;
use jiff::Timestamp;

pub(super) fn now() -> Timestamp {
    "2025-01-15T10:00:00-07:00".parse().unwrap()
}

pub(super) fn person_id(id: &str) -> PersonId {
    PersonId::new(id).unwrap()
}

/// A person of the register with grants, to be finished by [`World::facts_of`].
#[derive(Clone)]
pub(super) struct Somebody {
    pub(super) person: Person,
    pub(super) contact: Option<Contact>,
    pub(super) grants: Vec<Grant>,
}

impl Somebody {
    fn new(id: &str, district: &str) -> Self {
        let person = Person {
            id: person_id(id),
            district: DistrictId::new(district).unwrap(),
            username: id.to_owned(),
            name: id.to_owned(),
            mail: vec![format!("{id}@{district}.example")],
            phone: Vec::new(),
            employee_number: None,
            title: None,
            homepage: MAIN_HOMEPAGE.to_owned(),
            enabled: true,
            schools: BTreeSet::new(),
            third_party: None,
            coach_of: BTreeSet::new(),
            directory: None,
        };
        Self {
            person,
            contact: None,
            grants: Vec::new(),
        }
    }

    pub(super) fn granted(&mut self, what: Granted) -> &mut Self {
        self.grants.push(Grant {
            person: self.person.id.clone(),
            what,
            origin: Origin::Manual,
            by: "operator root".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            expires: None,
        });
        self
    }

    pub(super) fn role(&mut self, role: &str) -> &mut Self {
        self.granted(Granted::Role(RoleId::new(role).unwrap()))
    }

    pub(super) fn group(&mut self, group: &str) -> &mut Self {
        self.granted(Granted::Group(GroupId::new(group).unwrap()))
    }

    pub(super) fn right(&mut self, tool: &str, letters: &str) -> &mut Self {
        self.granted(Granted::Tool(
            tool.parse().unwrap(),
            letters.parse().unwrap(),
        ))
    }

    pub(super) fn calendar(&mut self, school: &str) -> &mut Self {
        self.granted(Granted::Calendar(CalendarRight {
            school: Some(SchoolId::new(school).unwrap()),
            calendar: None,
            modify: false,
        }))
    }

    /// The latest grant ends at that moment.
    pub(super) fn until(&mut self, expires: Timestamp) -> &mut Self {
        self.grants.last_mut().unwrap().expires = Some(expires);
        self
    }

    pub(super) fn schools(&mut self, schools: &[&str]) -> &mut Self {
        let ids = schools.iter().map(|id| SchoolId::new(*id).unwrap());
        self.person.schools = ids.collect();
        self
    }

    pub(super) fn contact(&mut self, kind: ContactKind, state: ContactState) -> &mut Self {
        self.contact = Some(Contact {
            person: self.person.id.clone(),
            district: self.person.district.clone(),
            kind,
            state,
            designated: Timestamp::UNIX_EPOCH,
            reactivated: None,
            last_activity: None,
            episodes: 0,
            episode: None,
            hold: None,
            suspended: None,
            deactivated: None,
            next_due: None,
            training: Default::default(),
            sharing_reported: None,
        });
        self
    }

    pub(super) fn support(&mut self) -> &mut Self {
        self.contact(ContactKind::Support, ContactState::Active)
    }

    pub(super) fn technical(&mut self) -> &mut Self {
        self.contact(ContactKind::Technical, ContactState::Active)
    }

    pub(super) fn deactivated(&mut self, kind: ContactKind) -> &mut Self {
        self.contact(kind, ContactState::Deactivated)
    }
}

/// The register. It begins with the districts `pine`, a single-product one, and `birch`.
pub(super) struct World {
    pub(super) districts: BTreeMap<String, District>,
    pub(super) people: BTreeMap<String, Somebody>,
    pub(super) cases: BTreeMap<String, Case>,
    pub(super) calls: BTreeMap<String, Call>,
    pub(super) sessions: BTreeMap<String, Session>,
    pub(super) groups: BTreeMap<GroupId, Group>,
}

fn district(id: &str) -> District {
    District {
        id: DistrictId::new(id).unwrap(),
        name: id.to_owned(),
        timezone: Zone::new("America/Denver").unwrap(),
        edition: EditionId::new("standard").unwrap(),
        products: [ProductId::new("sis").unwrap()].into(),
        hosting: Some("cloud-choice".to_owned()),
        sites: ["sandbox".to_owned()].into(),
        schools: BTreeMap::new(),
        preferences: Preferences::default(),
        inactivity: Inactivity::default(),
        help: Help::default(),
        mailbox: None,
        linked_to: None,
        technical_cap: 1,
        third_parties: BTreeSet::new(),
    }
}

impl World {
    pub(super) fn new() -> Self {
        let districts = ["pine", "birch"].map(|id| (id.to_owned(), district(id)));
        Self {
            districts: districts.into(),
            people: BTreeMap::new(),
            cases: BTreeMap::new(),
            calls: BTreeMap::new(),
            sessions: BTreeMap::new(),
            groups: BTreeMap::new(),
        }
    }

    pub(super) fn pine(&mut self) -> &mut District {
        self.districts.get_mut("pine").unwrap()
    }

    pub(super) fn license(&mut self, product: &str) {
        let product = ProductId::new(product).unwrap();
        self.pine().products.insert(product);
    }

    /// A person of `pine`.
    pub(super) fn person(&mut self, id: &str) -> &mut Somebody {
        self.person_of("pine", id)
    }

    pub(super) fn person_of(&mut self, district: &str, id: &str) -> &mut Somebody {
        self.people
            .entry(id.to_owned())
            .or_insert_with(|| Somebody::new(id, district))
    }

    pub(super) fn group(&mut self, id: &str, rights: &[(&str, &str)]) {
        let rights: ListedRights = rights
            .iter()
            .map(|(tool, letters)| (tool.parse().unwrap(), letters.parse().unwrap()))
            .collect();
        let group = Group {
            id: GroupId::new(id).unwrap(),
            district: DistrictId::new("pine").unwrap(),
            rights,
            calendars: BTreeSet::new(),
        };
        self.groups.insert(group.id.clone(), group);
    }

    pub(super) fn case(&mut self, id: &str, requester: &str) -> &mut Case {
        let case = Case {
            id: CaseId::new(id).unwrap(),
            district: DistrictId::new("pine").unwrap(),
            owner: None,
            requester: person_id(requester),
            emergency: false,
            reason: None,
            transitioned: false,
            opened: Timestamp::UNIX_EPOCH,
            closed: None,
        };
        self.cases.entry(id.to_owned()).or_insert(case)
    }

    pub(super) fn session(&mut self, id: &str, actor: &str) -> &mut Session {
        let session = Session {
            id: SessionId::new(id).unwrap(),
            actor: person_id(actor),
            target: None,
            used_login_as: false,
            opened: Timestamp::UNIX_EPOCH,
            closed: None,
        };
        self.sessions.entry(id.to_owned()).or_insert(session)
    }

    /// The standard roles and `montana`, as the plugin of that edition gives it.
    pub(super) fn roles() -> Roles {
        let mut roles = Roles::standard();
        let refused = roles.add_edition([Role {
            id: RoleId::new("montana").unwrap(),
            title: "Montana".to_owned(),
            kind: RoleKind::Edition,
            products: [ProductId::new("sis").unwrap()].into(),
            edition: Some(EditionId::new("montana").unwrap()),
            may: ["montana.report".to_owned()].into(),
        }]);
        assert_eq!(refused, []);
        roles
    }

    fn tools(&self) -> Tools {
        let mut tools = Tools::default();
        for tool in ["attendance", "user-account", "finance/ledger"] {
            tools.intern(&tool.parse().unwrap());
        }
        for grant in self.people.values().flat_map(|person| &person.grants) {
            if let Granted::Tool(tool, _) = &grant.what {
                tools.intern(tool);
            }
        }
        for tool in self.groups.values().flat_map(|group| group.rights.keys()) {
            tools.intern(tool);
        }
        tools
    }

    pub(super) fn facts_of(&self, id: &str) -> Option<Arc<PersonFacts>> {
        let somebody = self.people.get(id)?.clone();
        let district = &self.districts[somebody.person.district.as_str()];
        Some(Arc::new(PersonFacts::new(
            somebody.person,
            somebody.contact,
            somebody.grants,
            &self.groups,
            district,
            (&Self::roles(), &self.tools()),
            now(),
        )))
    }

    pub(super) fn letters(&self, person: &str, tool: &str) -> Letters {
        let tool: ToolName = tool.parse().unwrap();
        self.facts_of(person).unwrap().letters(&tool, &self.tools())
    }

    fn district_facts(&self, district: &District) -> Arc<DistrictFacts> {
        let here = || {
            self.people
                .values()
                .filter(|somebody| somebody.person.district == district.id)
        };
        Arc::new(DistrictFacts {
            district: district.clone(),
            contacts: here()
                .filter_map(|of| Some((of.contact.clone()?, of.person.clone())))
                .collect(),
            coaches: here()
                .filter(|of| !of.person.coach_of.is_empty())
                .map(|of| of.person.clone())
                .collect(),
        })
    }

    fn thing(&self, action: &str, id: &str) -> Thing {
        if action == "tool.use" {
            return Thing::Tool(id.parse().unwrap());
        }
        if let Some(case) = self.cases.get(id) {
            return Thing::Case(case.clone());
        }
        if let Some(district) = self.districts.get(id) {
            return Thing::District(district.id.clone());
        }
        self.facts_of(id).map_or_else(
            || Thing::Unknown {
                kind: None,
                id: id.to_owned(),
            },
            Thing::Person,
        )
    }

    fn nested(&self, request: &Request) -> Option<NestedSession> {
        let session = self.sessions.get(request.text("session")?)?.clone();
        let target = session.target.as_ref();
        Some(NestedSession {
            target: target.and_then(|id| self.facts_of(id.as_str())),
            session,
        })
    }

    pub(super) fn facts(&self, request: &Request) -> Facts {
        let subject = &request.subject;
        let subject = match (subject.kind.as_deref(), self.facts_of(&subject.id)) {
            (Some("agent"), _) => Party::Agent(AgentId::new(&*subject.id).unwrap()),
            (_, Some(person)) => Party::Person(person),
            (_, None) => Party::Unknown(subject.id.clone()),
        };
        let group = request.text("group").map(|id| GroupId::new(id).unwrap());
        Facts {
            revision: Revision(7),
            now: now(),
            subject,
            resource: self.thing(&request.action, &request.resource.id),
            districts: self
                .districts
                .values()
                .map(|district| (district.id.clone(), self.district_facts(district)))
                .collect(),
            session: self.nested(request),
            people: self
                .people
                .keys()
                .map(|id| (id.clone(), self.facts_of(id).unwrap()))
                .collect(),
            call: request
                .text("call")
                .and_then(|id| self.calls.get(id).cloned()),
            group: group.and_then(|id| self.groups.get(&id).cloned()),
            roles: Arc::new(Self::roles()),
            tools: Arc::new(self.tools()),
        }
    }

    pub(super) fn ask(&self, subject: &str, action: &str, resource: &str) -> Ask<'_> {
        let reference = |id: &str| Reference {
            kind: None,
            id: id.to_owned(),
        };
        Ask {
            world: self,
            request: Request {
                subject: reference(subject),
                action: action.to_owned(),
                resource: reference(resource),
                properties: serde_json::Map::new(),
                context: serde_json::Map::new(),
            },
            plugins: Vec::new(),
        }
    }
}

/// A question that is being asked.
pub(super) struct Ask<'w> {
    world: &'w World,
    pub(super) request: Request,
    plugins: Vec<Finding>,
}

impl Ask<'_> {
    pub(super) fn property(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.request.properties.insert(key.to_owned(), value.into());
        self
    }

    pub(super) fn context(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.request.context.insert(key.to_owned(), value.into());
        self
    }

    pub(super) fn by_an_agent(mut self) -> Self {
        self.request.subject.kind = Some("agent".to_owned());
        self
    }

    pub(super) fn plugin(mut self, finding: Finding) -> Self {
        self.plugins.push(finding);
        self
    }

    pub(super) fn facts(&self) -> Facts {
        self.world.facts(&self.request)
    }

    pub(super) fn decide(self) -> Decision {
        let facts = self.facts();
        decide(&self.request, &facts, self.plugins)
    }

    /// Allowed or denied, with the codes that decided.
    pub(super) fn answer(self) -> (bool, BTreeSet<String>) {
        let decision = self.decide();
        let codes = decision.reasons.into_iter().map(|reason| reason.code);
        (decision.decision, codes.collect())
    }
}

pub(super) fn allow(codes: &[&str]) -> (bool, BTreeSet<String>) {
    (true, codes.iter().map(|code| (*code).to_owned()).collect())
}

pub(super) fn deny(codes: &[&str]) -> (bool, BTreeSet<String>) {
    (false, codes.iter().map(|code| (*code).to_owned()).collect())
}

/// Every action of the rule book, by name.
pub(super) fn actions() -> impl Iterator<Item = &'static str> {
    Action::NAMES.iter().map(|(_, name)| *name)
}

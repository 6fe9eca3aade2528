//! Facts for a decision: everything that the rules may look at for one request, read at one revision.

use jiff::Timestamp;
use provost_core::decision::{
    Facts, NestedSession, Party, PersonFacts, Reference, Request, Thing, default_resource_kinds,
    default_subject_kinds,
};
use provost_core::district::District;
use provost_core::id::{AgentId, DistrictId, PersonId};
use provost_core::person::Person;
use provost_core::rights::Tools;
use provost_core::role::{Granted, Group, Roles};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::StoreError;
use super::person::Lookup;
use super::snapshot::Snapshot;

/// Everybody and everything read so far for one request.
struct Gathering<'g> {
    snapshot: &'g Snapshot<'g>,
    now: Timestamp,
    roles: &'g Arc<Roles>,
    tools: Arc<Tools>,
    people: BTreeMap<PersonId, Arc<PersonFacts>>,
    districts: BTreeMap<DistrictId, Option<District>>,
}

impl Snapshot<'_> {
    /// Reads what the rules may look at for `request` at `now`, with the roles in force.
    ///
    /// References are resolved as in the interface: a type that was said counts, otherwise it follows from the action,
    /// and a person goes before an agent. Only the session that the context names is looked at, and only while open.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn facts(
        &self,
        request: &Request,
        now: Timestamp,
        roles: &Arc<Roles>,
    ) -> Result<Facts, StoreError> {
        let mut gathering = Gathering {
            snapshot: self,
            now,
            roles,
            tools: self.catalogue().covering(self.connection())?,
            people: BTreeMap::new(),
            districts: BTreeMap::new(),
        };
        let subject = gathering.subject(&request.subject, &request.action)?;
        let home = match &subject {
            Party::Person(person) => Some(person.person.district.clone()),
            Party::Agent(_) | Party::Unknown(_) => None,
        };
        let resource = gathering.resource(&request.resource, &request.action, home.as_ref())?;
        let away = resource.district().cloned();
        let place = away.as_ref().or(home.as_ref());
        let mut districts = BTreeMap::new();
        for id in home.iter().chain(&away) {
            if !districts.contains_key(id)
                && let Some(facts) = self.district_facts(id)?
            {
                districts.insert(id.clone(), Arc::new(facts));
            }
        }
        Ok(Facts {
            revision: self.revision(),
            now,
            session: gathering.session(request)?,
            people: gathering.named_people(request, place)?,
            group: gathering.named_group(request, place)?,
            subject,
            resource,
            districts,
            roles: Arc::clone(roles),
            tools: gathering.tools,
        })
    }

    /// A person with everything that the rules ask of one; `None` if the register has no such person.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn person_facts(
        &self,
        id: &PersonId,
        now: Timestamp,
        roles: &Arc<Roles>,
    ) -> Result<Option<Arc<PersonFacts>>, StoreError> {
        let mut gathering = Gathering {
            snapshot: self,
            now,
            roles,
            tools: self.catalogue().covering(self.connection())?,
            people: BTreeMap::new(),
            districts: BTreeMap::new(),
        };
        match self.person(id)? {
            Some(person) => gathering.person(person).map(Some),
            None => Ok(None),
        }
    }
}

impl Gathering<'_> {
    fn subject(&mut self, reference: &Reference, action: &str) -> Result<Party, StoreError> {
        let id = reference.id.as_str();
        let said = reference.kind.as_deref();
        let kinds = said.as_slice();
        let kinds = if kinds.is_empty() {
            default_subject_kinds(action)
        } else {
            kinds
        };
        if kinds.contains(&"person")
            && let Some(person) = self.find(id, None)?
        {
            return Ok(Party::Person(person));
        }
        // An agent whose type was said is vouched for by the caller.
        let vouched = reference.kind.is_some();
        if kinds.contains(&"agent")
            && let Ok(agent) = AgentId::new(id)
            && (vouched || self.snapshot.is_agent(id)?)
        {
            return Ok(Party::Agent(agent));
        }
        Ok(Party::Unknown(id.to_owned()))
    }

    fn resource(
        &mut self,
        reference: &Reference,
        action: &str,
        home: Option<&DistrictId>,
    ) -> Result<Thing, StoreError> {
        let said = reference.kind.as_deref();
        let kinds = said.as_slice();
        let kinds = if kinds.is_empty() {
            default_resource_kinds(action)
        } else {
            kinds
        };
        for kind in kinds {
            if let Some(thing) = self.thing(kind, &reference.id, home)? {
                return Ok(thing);
            }
        }
        Ok(Thing::Unknown {
            kind: reference.kind.clone(),
            id: reference.id.clone(),
        })
    }

    fn thing(
        &mut self,
        kind: &str,
        id: &str,
        home: Option<&DistrictId>,
    ) -> Result<Option<Thing>, StoreError> {
        Ok(match kind {
            "person" => self.find(id, home)?.map(Thing::Person),
            "district" => match DistrictId::new(id) {
                Ok(id) => self.district(&id)?.map(|_| Thing::District(id)),
                Err(_) => None,
            },
            "case" => self.snapshot.case_by_name(id)?.map(Thing::Case),
            "group" => self.group(id, home)?.map(Thing::Group),
            "tool" => id.parse().ok().map(Thing::Tool),
            _ => None,
        })
    }

    /// A person by reference; who is not clear is nobody.
    fn find(
        &mut self,
        reference: &str,
        district: Option<&DistrictId>,
    ) -> Result<Option<Arc<PersonFacts>>, StoreError> {
        match self.snapshot.find_person(reference, district)? {
            Lookup::One(person) => self.person(*person).map(Some),
            Lookup::None | Lookup::Many(_) => Ok(None),
        }
    }

    fn person(&mut self, person: Person) -> Result<Arc<PersonFacts>, StoreError> {
        if let Some(facts) = self.people.get(&person.id) {
            return Ok(Arc::clone(facts));
        }
        let id = person.id.clone();
        let Some(district) = self.district(&person.district)? else {
            return Err(StoreError::Value {
                noun: "district of a person",
                found: person.district.to_string(),
            });
        };
        let contact = self.snapshot.contact(&id)?;
        let grants = self.snapshot.grants(&id)?;
        let mut groups = BTreeMap::new();
        for grant in &grants {
            if let Granted::Group(group) = &grant.what
                && let Some(found) = self.snapshot.group(&district.id, group)?
            {
                groups.insert(group.clone(), found);
            }
        }
        let catalogue = (self.roles.as_ref(), self.tools.as_ref());
        let facts = PersonFacts::new(
            person, contact, grants, &groups, &district, catalogue, self.now,
        );
        let facts = Arc::new(facts);
        self.people.insert(id, Arc::clone(&facts));
        Ok(facts)
    }

    fn district(&mut self, id: &DistrictId) -> Result<Option<District>, StoreError> {
        if let Some(known) = self.districts.get(id) {
            return Ok(known.clone());
        }
        let found = self.snapshot.district(id)?;
        self.districts.insert(id.clone(), found.clone());
        Ok(found)
    }

    /// A group by `district/group`, else of the given district, else the only one of that id.
    fn group(
        &self,
        reference: &str,
        district: Option<&DistrictId>,
    ) -> Result<Option<Group>, StoreError> {
        if let Some((of, id)) = reference.split_once('/')
            && let Some(group) = self.snapshot.group_by_name(of, id)?
        {
            return Ok(Some(group));
        }
        if let Some(district) = district
            && let Some(group) = self.snapshot.group_by_name(district.as_str(), reference)?
        {
            return Ok(Some(group));
        }
        let mut named = self.snapshot.groups_named(reference)?;
        let only = named.pop();
        Ok(only.filter(|_| named.is_empty()))
    }

    /// The open session that the context names.
    fn session(&mut self, request: &Request) -> Result<Option<NestedSession>, StoreError> {
        let Some(id) = request.context.get("session").and_then(Value::as_str) else {
            return Ok(None);
        };
        let Some(session) = self.snapshot.session_by_name(id)? else {
            return Ok(None);
        };
        if session.closed.is_some() {
            return Ok(None);
        }
        let target = match &session.target {
            Some(target) => match self.snapshot.person(target)? {
                Some(person) => Some(self.person(person)?),
                None => None,
            },
            None => None,
        };
        Ok(Some(NestedSession { session, target }))
    }

    /// Participants of a call (`with`) and the receiver of a case (`to`), by the id in the request.
    fn named_people(
        &mut self,
        request: &Request,
        district: Option<&DistrictId>,
    ) -> Result<BTreeMap<String, Arc<PersonFacts>>, StoreError> {
        let mut people = BTreeMap::new();
        for key in ["with", "to"] {
            for reference in texts(request, key) {
                if let Some(person) = self.find(reference, district)? {
                    people.insert(reference.to_owned(), person);
                }
            }
        }
        Ok(people)
    }

    /// The group that the request names in `group`, of the resource's district.
    fn named_group(
        &self,
        request: &Request,
        district: Option<&DistrictId>,
    ) -> Result<Option<Group>, StoreError> {
        let (Some(name), Some(district)) = (request.text("group"), district) else {
            return Ok(None);
        };
        self.snapshot.group_by_name(district.as_str(), name)
    }
}

/// One text or a list of texts under a key of the properties, or else of the context.
fn texts<'r>(request: &'r Request, key: &str) -> Vec<&'r str> {
    let value = request
        .properties
        .get(key)
        .or_else(|| request.context.get(key));
    match value {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        Some(value) => value.as_str().into_iter().collect(),
        None => Vec::new(),
    }
}

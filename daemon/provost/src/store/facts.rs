//! Facts for a decision: everything that the rules may look at for one request, read at one revision.

use jiff::Timestamp;
use provost_core::call::Call;
use provost_core::decision::{
    DistrictFacts, Facts, NestedSession, Party, PersonFacts, Reference, Request, Thing,
    default_resource_kinds, default_subject_kinds,
};
use provost_core::id::{AgentId, DistrictId, PersonId, Revision};
use provost_core::person::Person;
use provost_core::rights::Tools;
use provost_core::role::{Granted, Group, Roles};
use serde_json::Value;
use std::collections::BTreeMap;
use std::hash::Hash;
use std::sync::Arc;

use super::Store;
use super::error::StoreError;
use super::kept::{Kept, Meant, Shelves, Standing};
use super::person::Lookup;
use super::shelf::{Bulk, Shelf};
use super::snapshot::Snapshot;

/// Why facts could not be gathered.
enum Stop {
    /// Something is not kept, and there is no snapshot to read it from.
    NotKept,
    /// The register cannot be read.
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Facts for one request in the making, all of one revision: from what is kept, else from the database.
struct Gathering<'g> {
    kept: &'g Kept,
    snapshot: Option<&'g Snapshot<'g>>,
    revision: Revision,
    now: Timestamp,
    roles: &'g Arc<Roles>,
    /// The districts that who asks may know of; `None` means all.
    reach: Option<&'g [DistrictId]>,
}

impl Store {
    /// What [`Snapshot::facts_within`] would read now. If all of it is kept, the database is not asked.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn facts_within(
        &self,
        reach: Option<&[DistrictId]>,
        request: &Request,
        now: Timestamp,
        roles: &Arc<Roles>,
    ) -> Result<Facts, StoreError> {
        match self.kept_facts(reach, request, now, roles) {
            Some(facts) => Ok(facts),
            None => self.read()?.facts_within(reach, request, now, roles),
        }
    }

    /// The same if all of it is kept. Takes some microseconds and waits for nothing.
    pub fn kept_facts(
        &self,
        reach: Option<&[DistrictId]>,
        request: &Request,
        now: Timestamp,
        roles: &Arc<Roles>,
    ) -> Option<Facts> {
        let from_memory = Gathering {
            kept: &self.kept,
            snapshot: None,
            revision: self.kept.latest(),
            now,
            roles,
            reach,
        };
        from_memory.facts(request).ok()
    }
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
        self.facts_within(None, request, now, roles)
    }

    /// The same for somebody who may know of these districts alone, `None` meaning all: what belongs to another is to
    /// them as if the register did not know it.
    ///
    /// # Errors
    /// As [`Snapshot::facts`].
    pub fn facts_within(
        &self,
        reach: Option<&[DistrictId]>,
        request: &Request,
        now: Timestamp,
        roles: &Arc<Roles>,
    ) -> Result<Facts, StoreError> {
        self.facts_beside(self.kept(), reach, request, now, roles)
    }

    /// The same beside something else that is kept; the tests ask with nothing.
    pub(super) fn facts_beside(
        &self,
        kept: &Kept,
        reach: Option<&[DistrictId]>,
        request: &Request,
        now: Timestamp,
        roles: &Arc<Roles>,
    ) -> Result<Facts, StoreError> {
        let gathering = Gathering {
            kept,
            snapshot: Some(self),
            revision: self.revision(),
            now,
            roles,
            reach,
        };
        match gathering.facts(request) {
            Ok(facts) => Ok(facts),
            Err(Stop::Store(error)) => Err(error),
            Err(Stop::NotKept) => unreachable!("what is not kept is read from the snapshot"),
        }
    }
}

impl Gathering<'_> {
    fn facts(&self, request: &Request) -> Result<Facts, Stop> {
        let subject = self.subject(&request.subject, &request.action)?;
        let home = match &subject {
            Party::Person(person) => Some(person.person.district.clone()),
            Party::Agent(_) | Party::Unknown(_) => None,
        };
        let resource = self.resource(&request.resource, &request.action, home.as_ref())?;
        let away = resource.district().cloned();
        let place = away.as_ref().or(home.as_ref());
        let mut districts = BTreeMap::new();
        for id in home.iter().chain(&away) {
            if !districts.contains_key(id)
                && let Some(facts) = self.district(id)?
            {
                districts.insert(id.clone(), facts);
            }
        }
        let session = self.session(request, subject.person(), &districts)?;
        let call = self.named_call(request, place)?;
        Ok(Facts {
            revision: self.revision,
            now: self.now,
            session,
            people: self.named_people(request, call.as_ref(), place)?,
            call,
            group: self.named_group(request, place)?,
            subject,
            resource,
            districts,
            roles: Arc::clone(self.roles),
            tools: self.tools()?,
        })
    }

    /// Uses what is kept, unless that is of a later revision by now.
    fn shelves<T>(&self, use_them: impl FnOnce(&mut Shelves) -> Option<T>) -> Option<T> {
        self.kept.at(self.revision, self.roles, use_them).flatten()
    }

    /// Who asks may know of what belongs to this district.
    fn may_know(&self, district: &DistrictId) -> bool {
        self.reach.is_none_or(|reach| reach.contains(district))
    }

    fn register(&self) -> Result<&Snapshot<'_>, Stop> {
        self.snapshot.ok_or(Stop::NotKept)
    }

    /// What is kept under `key`, else what `read` finds; that is kept then.
    fn look_up<K: Hash + Eq + Bulk, V: Clone + Bulk>(
        &self,
        shelf: fn(&mut Shelves) -> &mut Shelf<K, V>,
        key: K,
        read: impl FnOnce(&Snapshot<'_>) -> Result<V, StoreError>,
    ) -> Result<V, Stop> {
        if let Some(found) = self.shelves(|shelves| shelf(shelves).get(&key)) {
            return Ok(found);
        }
        let found = read(self.register()?)?;
        self.shelves(|shelves| {
            shelf(shelves).put(key, found.clone());
            Some(())
        });
        Ok(found)
    }

    fn tools(&self) -> Result<Arc<Tools>, Stop> {
        if let Some(tools) = self.shelves(|shelves| shelves.tools.clone()) {
            return Ok(tools);
        }
        let register = self.register()?;
        let tools = register.catalogue().covering(register.connection())?;
        self.shelves(|shelves| shelves.tools.replace(Arc::clone(&tools)));
        Ok(tools)
    }

    fn subject(&self, reference: &Reference, action: &str) -> Result<Party, Stop> {
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
            && self.may_know(&person.person.district)
        {
            return Ok(Party::Person(person));
        }
        // An agent whose type was said is vouched for by the caller. Agents become known without a revision of their
        // own, so what is kept cannot tell.
        let vouched = reference.kind.is_some();
        if kinds.contains(&"agent")
            && let Ok(agent) = AgentId::new(id)
            && (vouched || self.register()?.is_agent(id)?)
        {
            return Ok(Party::Agent(agent));
        }
        Ok(Party::Unknown(id.to_owned()))
    }

    fn resource(
        &self,
        reference: &Reference,
        action: &str,
        home: Option<&DistrictId>,
    ) -> Result<Thing, Stop> {
        let said = reference.kind.as_deref();
        let kinds = said.as_slice();
        let kinds = if kinds.is_empty() {
            default_resource_kinds(action)
        } else {
            kinds
        };
        for kind in kinds {
            if let Some(thing) = self.thing(kind, &reference.id, home)?
                && thing.district().is_none_or(|of| self.may_know(of))
            {
                return Ok(thing);
            }
        }
        Ok(Thing::Unknown {
            kind: reference.kind.clone(),
            id: reference.id.clone(),
        })
    }

    fn thing(
        &self,
        kind: &str,
        id: &str,
        home: Option<&DistrictId>,
    ) -> Result<Option<Thing>, Stop> {
        Ok(match kind {
            "person" => self.find(id, home)?.map(Thing::Person),
            "district" => match DistrictId::new(id) {
                Ok(id) => self.district(&id)?.map(|_| Thing::District(id)),
                Err(_) => None,
            },
            "case" => {
                let read = |register: &Snapshot<'_>| register.case_by_name(id);
                let case = self.look_up(|shelves| &mut shelves.cases, id.to_owned(), read)?;
                case.map(Thing::Case)
            }
            "group" => self.group(id, home)?.map(Thing::Group),
            "tool" => id.parse().ok().map(Thing::Tool),
            _ => None,
        })
    }

    /// A person by reference; who is not clear is nobody.
    fn find(
        &self,
        reference: &str,
        district: Option<&DistrictId>,
    ) -> Result<Option<Arc<PersonFacts>>, Stop> {
        let key = Meant::Near(reference.to_owned(), district.cloned());
        self.person(key, |register| {
            Ok(match register.find_person(reference, district)? {
                Lookup::One(person) => Some(*person),
                Lookup::None | Lookup::Many(_) => None,
            })
        })
    }

    fn person_of(&self, id: &PersonId) -> Result<Option<Arc<PersonFacts>>, Stop> {
        self.person(Meant::Id(id.clone()), |register| register.person(id))
    }

    fn person(
        &self,
        key: Meant,
        find: impl FnOnce(&Snapshot<'_>) -> Result<Option<Person>, StoreError>,
    ) -> Result<Option<Arc<PersonFacts>>, Stop> {
        let kept = self.shelves(|shelves| shelves.people.get(&key));
        let found = match kept {
            Some(None) => return Ok(None),
            Some(Some(standing)) if standing.holds(self.now) => return Ok(Some(standing.facts)),
            _ => find(self.register()?)?,
        };
        let standing = match found {
            Some(person) => Some(self.standing(person)?),
            None => None,
        };
        self.shelves(|shelves| {
            shelves.people.put(key, standing.clone());
            Some(())
        });
        Ok(standing.map(|standing| standing.facts))
    }

    /// What a person's grants add up to. The same person may be asked for in several ways.
    fn standing(&self, person: Person) -> Result<Standing, Stop> {
        let key = Meant::Id(person.id.clone());
        if let Some(Some(kept)) = self.shelves(|shelves| shelves.people.get(&key))
            && kept.holds(self.now)
        {
            return Ok(kept);
        }
        let Some(place) = self.district(&person.district)? else {
            return Err(Stop::Store(StoreError::Value {
                noun: "district of a person",
                found: person.district.to_string(),
            }));
        };
        let register = self.register()?;
        let contact = register.contact(&person.id)?;
        let grants = register.grants(&person.id)?;
        let mut groups = BTreeMap::new();
        for grant in &grants {
            if let Granted::Group(group) = &grant.what
                && let Some(found) = self.group_in(&place.district.id, group.as_str())?
            {
                groups.insert(group.clone(), found);
            }
        }
        let expiries: Vec<_> = grants.iter().filter_map(|grant| grant.expires).collect();
        let tools = self.tools()?;
        let catalogue = (self.roles.as_ref(), tools.as_ref());
        let facts = PersonFacts::new(
            person,
            contact,
            grants,
            &groups,
            &place.district,
            catalogue,
            self.now,
        );
        let standing = Standing::new(facts, &expiries, self.now);
        self.shelves(|shelves| {
            shelves.people.put(key, Some(standing.clone()));
            Some(())
        });
        Ok(standing)
    }

    fn district(&self, id: &DistrictId) -> Result<Option<Arc<DistrictFacts>>, Stop> {
        self.look_up(
            |shelves| &mut shelves.districts,
            id.clone(),
            |register| Ok(register.district_facts(id)?.map(Arc::new)),
        )
    }

    /// A group by `district/group`, else of the given district, else the only one of that id.
    fn group(&self, reference: &str, district: Option<&DistrictId>) -> Result<Option<Group>, Stop> {
        let key = Meant::Near(reference.to_owned(), district.cloned());
        self.look_up(
            |shelves| &mut shelves.groups,
            key,
            |register| register.find_group(reference, district),
        )
    }

    fn group_in(&self, district: &DistrictId, name: &str) -> Result<Option<Group>, Stop> {
        self.look_up(
            |shelves| &mut shelves.groups,
            Meant::In(district.clone(), name.to_owned()),
            |register| register.group_by_name(district.as_str(), name),
        )
    }

    /// The open session that the context names, if it is one of the districts that the request is about: whoever may
    /// ask about those may not learn of others.
    fn session(
        &self,
        request: &Request,
        asking: Option<&PersonFacts>,
        about: &BTreeMap<DistrictId, Arc<DistrictFacts>>,
    ) -> Result<Option<NestedSession>, Stop> {
        let Some(id) = request.context.get("session").and_then(Value::as_str) else {
            return Ok(None);
        };
        let session = self.look_up(
            |shelves| &mut shelves.sessions,
            id.to_owned(),
            |register| register.session_by_name(id),
        )?;
        let Some(session) = session.filter(|session| session.closed.is_none()) else {
            return Ok(None);
        };
        // Nearly always it is the session of the one who asks.
        if asking.is_none_or(|person| *person.id() != session.actor) {
            let actor = self.person_of(&session.actor)?;
            if actor.is_none_or(|actor| !about.contains_key(&actor.person.district)) {
                return Ok(None);
            }
        }
        let target = match &session.target {
            Some(id) => self.person_of(id)?,
            None => None,
        };
        Ok(Some(NestedSession { session, target }))
    }

    /// The call that the request names in `call`, if it is one of that district.
    fn named_call(
        &self,
        request: &Request,
        district: Option<&DistrictId>,
    ) -> Result<Option<Call>, Stop> {
        let Some(id) = request.text("call") else {
            return Ok(None);
        };
        let read = |register: &Snapshot<'_>| register.call_by_name(id);
        let call = self.look_up(|shelves| &mut shelves.calls, id.to_owned(), read)?;
        Ok(call.filter(|call| Some(&call.district) == district))
    }

    /// Participants of a call (`with`) and the receiver of a case (`to`), by the id in the request; who is on the
    /// recorded call, by their ids. Nothing is done across districts, so people of another one are nobody here.
    fn named_people(
        &self,
        request: &Request,
        call: Option<&Call>,
        district: Option<&DistrictId>,
    ) -> Result<BTreeMap<String, Arc<PersonFacts>>, Stop> {
        let mut people = BTreeMap::new();
        for id in call.into_iter().flat_map(Call::present) {
            let read = |register: &Snapshot<'_>| register.person(id);
            if let Some(person) = self.person(Meant::Id(id.clone()), read)?
                && Some(&person.person.district) == district
            {
                people.insert(id.to_string(), person);
            }
        }
        for key in ["with", "to"] {
            for reference in request.texts(key) {
                if let Some(person) = self.find(reference, district)?
                    && Some(&person.person.district) == district
                {
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
    ) -> Result<Option<Group>, Stop> {
        match (request.text("group"), district) {
            (Some(name), Some(district)) => self.group_in(district, name),
            _ => Ok(None),
        }
    }
}

//! A small district to ask questions about.

use provost_core::decision::{
    DistrictFacts, Facts, Holding, Party, PersonFacts, Reference, Request, Thing,
};
use provost_core::district::{District, Inactivity};
use provost_core::id::{DistrictId, PersonId, Revision, RoleId};
use provost_core::person::{MAIN_HOMEPAGE, Person};
use provost_core::rights::{CalendarRights, Letters, ToolRights, Tools};
use provost_core::role::Roles;
use provost_core::time::Zone;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(crate) fn person(id: &str, roles: &[&str]) -> Arc<PersonFacts> {
    Arc::new(PersonFacts {
        person: Person {
            id: PersonId::new(id).unwrap(),
            district: DistrictId::new("big-sky").unwrap(),
            username: id.to_owned(),
            name: format!("Name of {id}"),
            mail: vec![format!("{id}@bigsky.example")],
            phone: Vec::new(),
            employee_number: None,
            title: None,
            homepage: MAIN_HOMEPAGE.to_owned(),
            enabled: true,
            schools: BTreeSet::new(),
            third_party: None,
            coach_of: BTreeSet::new(),
            directory: None,
        },
        contact: None,
        grants: Vec::new(),
        roles: roles
            .iter()
            .map(|role| RoleId::new(*role).unwrap())
            .collect(),
        holding: Holding::default(),
        rights: ToolRights::default(),
        user_account: Letters::default(),
        calendars: CalendarRights::default(),
    })
}

pub(crate) fn district(edition: &str) -> District {
    District {
        id: DistrictId::new("big-sky").unwrap(),
        name: "Big Sky Unified".to_owned(),
        timezone: Zone::new("America/Denver").unwrap(),
        edition: edition.parse().unwrap(),
        products: BTreeSet::from(["sis".parse().unwrap()]),
        hosting: None,
        sites: BTreeSet::new(),
        schools: BTreeMap::new(),
        preferences: Default::default(),
        inactivity: Inactivity::default(),
        help: Default::default(),
        mailbox: None,
        linked_to: None,
        technical_cap: 1,
        third_parties: BTreeSet::new(),
    }
}

/// `subject` asks about the district itself, which is of `edition`.
pub(crate) fn facts(edition: &str, subject: Arc<PersonFacts>) -> Facts {
    let district = district(edition);
    Facts {
        revision: Revision(7),
        now: "2025-03-02T17:00:00Z".parse().unwrap(),
        subject: Party::Person(subject),
        resource: Thing::District(district.id.clone()),
        districts: BTreeMap::from([(
            district.id.clone(),
            Arc::new(DistrictFacts {
                district,
                contacts: Vec::new(),
                coaches: Vec::new(),
            }),
        )]),
        session: None,
        people: BTreeMap::new(),
        call: None,
        group: None,
        roles: Arc::new(Roles::standard()),
        tools: Arc::new(Tools::default()),
    }
}

pub(crate) fn request(action: &str) -> Request {
    Request {
        subject: Reference {
            kind: None,
            id: "ana".to_owned(),
        },
        action: action.to_owned(),
        resource: Reference {
            kind: Some("district".to_owned()),
            id: "big-sky".to_owned(),
        },
        properties: Default::default(),
        context: Default::default(),
    }
}

use provost_core::decision::{Facts, Party, Reference, Request, Thing};
use provost_core::rights::Letters;
use provost_core::role::{Group, Roles};
use provost_core::session::Session;
use serde_json::{Value, json};
use std::sync::Arc;

use super::*;
use crate::store::Lookup;

/// Ana and Ben in one district, another Ben in the next.
fn town() -> (Disk, Store) {
    let disk = Disk::new();
    let store = disk.open();
    let ana = Person {
        phone: vec!["+1 (555) 0100".to_owned()],
        ..linked("ana", "aortiz", "3F2504E0-4f89")
    };
    let ben = Person {
        mail: vec!["shared@lonepine.example".to_owned()],
        phone: vec!["555-0200".to_owned()],
        ..person("p2", "ben")
    };
    let other = Person {
        district: district_id("tall-pine"),
        mail: vec![
            "Shared@LonePine.example".to_owned(),
            "ben@tallpine.example".to_owned(),
        ],
        phone: Vec::new(),
        ..person("p3", "ben")
    };
    let loud = Person {
        mail: Vec::new(),
        phone: Vec::new(),
        ..person("p4", "AORTIZ")
    };
    let mut changes = vec![put_district("lone-pine"), put_district("tall-pine")];
    changes.extend(
        [ana, ben, other, loud]
            .iter()
            .map(|person| put_person(None, Some(person))),
    );
    commit(&store, changes).unwrap();
    (disk, store)
}

/// Ids of the people that a reference leads to.
fn found(store: &Store, reference: &str, district: Option<&str>) -> Vec<String> {
    let district = district.map(district_id);
    match store
        .read()
        .unwrap()
        .find_person(reference, district.as_ref())
        .unwrap()
    {
        Lookup::One(person) => vec![person.id.to_string()],
        Lookup::None => Vec::new(),
        Lookup::Many(ids) => {
            assert!(ids.len() > 1);
            ids.iter().map(ToString::to_string).collect()
        }
    }
}

#[test]
fn a_person_is_found_by_every_kind_of_reference() {
    let (_disk, store) = town();
    for (reference, ids) in [
        ("ana", vec!["ana"]),
        ("lone-pine/ben", vec!["p2"]),
        ("tall-pine/ben", vec!["p3"]),
        ("ben", vec!["p2", "p3"]),
        ("aortiz", vec!["ana"]),
        ("AORTIZ", vec!["p4"]),
        ("aOrtiz", vec!["ana", "p4"]),
        ("uuid:3f2504e0-4F89", vec![]),
        ("uuid:3F2504E0-4f89", vec!["ana"]),
        ("mail:AORTIZ@lonepine.example", vec!["ana"]),
        ("mail:shared@lonepine.example", vec!["p2", "p3"]),
        ("tel:15550100", vec!["ana"]),
        ("tel:+1 555-0100", vec!["ana"]),
        ("tel:", vec![]),
        ("nobody", vec![]),
        ("lone-pine/nobody", vec![]),
        ("", vec![]),
        ("' OR 1=1 --", vec![]),
    ] {
        assert_eq!(found(&store, reference, None), ids, "{reference}");
    }
    assert_eq!(found(&store, "ben", Some("tall-pine")), ["p3"]);
    assert_eq!(found(&store, "aortiz", Some("tall-pine")), ["ana"]);
}

#[test]
fn old_addresses_lead_nowhere() {
    let (_disk, store) = town();
    let before = store
        .read()
        .unwrap()
        .person(&person_id("p2"))
        .unwrap()
        .unwrap();
    let after = Person {
        username: "bkim".to_owned(),
        mail: vec!["bkim@lonepine.example".to_owned()],
        ..before.clone()
    };
    commit(&store, vec![put_person(Some(&before), Some(&after))]).unwrap();
    assert_eq!(found(&store, "mail:shared@lonepine.example", None), ["p3"]);
    assert_eq!(found(&store, "mail:bkim@lonepine.example", None), ["p2"]);
    assert_eq!(found(&store, "tel:5550200", None), ["p2"]);
    assert_eq!(found(&store, "ben", None), ["p3"]);
    commit(&store, vec![put_person(Some(&after), None)]).unwrap();
    assert_eq!(found(&store, "tel:5550200", None), Vec::<String>::new());
}

fn request(subject: Value, action: &str, resource: Value, more: Value) -> Request {
    let reference = |value: &Value| match value {
        Value::String(id) => Reference {
            kind: None,
            id: id.clone(),
        },
        typed => serde_json::from_value::<Reference>(typed.clone()).unwrap(),
    };
    Request {
        subject: reference(&subject),
        action: action.to_owned(),
        resource: reference(&resource),
        properties: more["properties"].as_object().cloned().unwrap_or_default(),
        context: more["context"].as_object().cloned().unwrap_or_default(),
    }
}

fn facts(store: &Store, request: &Request) -> Facts {
    let roles = Arc::new(Roles::standard());
    store
        .read()
        .unwrap()
        .facts(request, noon(), &roles)
        .unwrap()
}

fn subject(store: &Store, id: Value, action: &str) -> String {
    match facts(store, &request(id, action, json!("lone-pine"), Value::Null)).subject {
        Party::Person(person) => format!("person {}", person.person.id),
        Party::Agent(id) => format!("agent {id}"),
        Party::Unknown(id) => format!("unknown {id}"),
    }
}

#[test]
fn a_person_goes_before_an_agent_and_only_known_agents_need_no_type() {
    let (_disk, store) = town();
    store
        .know_agents(["kim", "ana"].map(|id| id.parse().unwrap()))
        .unwrap();
    for (id, action, expected) in [
        (json!("ana"), "case.open-for", "person ana"),
        (json!("kim"), "case.open-for", "agent kim"),
        (json!("kim"), "case.close", "agent kim"),
        (json!("kim"), "login-as", "unknown kim"),
        (json!("lou"), "case.open-for", "unknown lou"),
        (
            json!({"type": "agent", "id": "lou"}),
            "login-as",
            "agent lou",
        ),
        (
            json!({"type": "agent", "id": "ana"}),
            "login-as",
            "agent ana",
        ),
        (
            json!({"type": "person", "id": "kim"}),
            "case.open-for",
            "unknown kim",
        ),
        (
            json!({"type": "robot", "id": "ana"}),
            "login-as",
            "unknown ana",
        ),
    ] {
        assert_eq!(
            subject(&store, id.clone(), action),
            expected,
            "{id} {action}"
        );
    }
}

#[test]
fn an_agent_who_has_acted_is_known() {
    let (_disk, store) = town();
    let mut change = plan(
        Revision(1),
        vec![put_person(None, Some(&person("cleo", "cleo")))],
    );
    change.actor = Actor::Agent("lou".parse().unwrap());
    store.commit(change).unwrap();
    assert!(store.read().unwrap().is_agent("lou").unwrap());
    assert_eq!(subject(&store, json!("lou"), "case.close"), "agent lou");
}

#[test]
fn a_resource_is_looked_for_in_the_types_of_its_action_and_near_the_subject_first() {
    let (_disk, store) = town();
    let thing = |subject: &str, action: &str, resource: Value| match facts(
        &store,
        &request(json!(subject), action, resource, Value::Null),
    )
    .resource
    {
        Thing::Person(person) => format!("person {}", person.person.id),
        Thing::District(id) => format!("district {id}"),
        Thing::Case(case) => format!("case {}", case.id),
        Thing::Group(group) => format!("group {}/{}", group.district, group.id),
        Thing::Tool(name) => format!("tool {name}"),
        Thing::Unknown { id, .. } => format!("unknown {id}"),
    };
    assert_eq!(thing("ana", "login-as", json!("ben")), "person p2");
    assert_eq!(thing("p3", "login-as", json!("ben")), "person p3");
    assert_eq!(
        thing("ana", "login-as", json!("tall-pine/ben")),
        "person p3"
    );
    assert_eq!(
        thing("ana", "login-as", json!("lone-pine")),
        "unknown lone-pine"
    );
    assert_eq!(
        thing("ana", "case.submit", json!("lone-pine")),
        "district lone-pine"
    );
    assert_eq!(
        thing("ana", "tool.use", json!("finance/ledger")),
        "tool finance/ledger"
    );
    assert_eq!(thing("ana", "case.close", json!("c9")), "unknown c9");
}

#[test]
fn the_facts_of_a_login_as_are_complete() {
    let (_disk, store) = town();
    let office = Group {
        id: "office".parse().unwrap(),
        district: district_id("lone-pine"),
        rights: [("attendance".parse().unwrap(), Letters::ALL)].into(),
        calendars: Default::default(),
    };
    let give = |what| Change::Grant {
        grant: Box::new(Grant {
            what,
            ..role("p2", "sis")
        }),
    };
    let session = Session {
        id: "s1".parse().unwrap(),
        actor: person_id("ana"),
        target: Some(person_id("p2")),
        used_login_as: true,
        opened: noon(),
        closed: None,
    };
    let changes = vec![
        Change::Group {
            before: None,
            after: Some(Box::new(office)),
        },
        give(Granted::Group("office".parse().unwrap())),
        give(Granted::Tool("finance/ledger".parse().unwrap(), Letters::R)),
        put_contact(None, &contact("ana")),
        Change::Session {
            before: None,
            after: Box::new(session.clone()),
        },
    ];
    commit(&store, changes).unwrap();
    let more = json!({"context": {"session": "s1"}, "properties": {"with": ["ana", "x"], "to": "tall-pine/ben", "group": "office"}});
    let facts = facts(
        &store,
        &request(json!("ana"), "login-as", json!("ben"), more),
    );
    assert_eq!(facts.revision, Revision(2));
    let Thing::Person(ben) = &facts.resource else {
        panic!("{:?}", facts.resource);
    };
    let letters = |tool: &str| {
        ben.rights
            .letters(&tool.parse().unwrap(), &facts.tools)
            .to_string()
    };
    assert_eq!(
        (
            letters("attendance"),
            letters("finance/ledger"),
            letters("grades")
        ),
        ("RWAD".into(), "R".into(), String::new())
    );
    let nested = facts.session.as_ref().unwrap();
    assert_eq!(nested.session, session);
    assert_eq!(nested.target.as_ref().unwrap().person.id, person_id("p2"));
    let people: Vec<_> = facts
        .people
        .iter()
        .map(|(name, who)| (name.as_str(), who.person.id.as_str()))
        .collect();
    assert_eq!(people, [("ana", "ana")], "nobody of another district");
    assert_eq!(facts.group.as_ref().unwrap().id.as_str(), "office");
    let place = facts.subject_district().unwrap();
    assert_eq!(place.contacts.len(), 1);
    assert_eq!(facts.districts.len(), 1);
}

#[test]
fn a_closed_session_is_no_fact() {
    let (_disk, store) = town();
    let session = Session {
        id: "s1".parse().unwrap(),
        actor: person_id("ana"),
        target: None,
        used_login_as: false,
        opened: noon(),
        closed: Some(noon()),
    };
    let change = Change::Session {
        before: None,
        after: Box::new(session),
    };
    commit(&store, vec![change]).unwrap();
    for context in [
        json!({"session": "s1"}),
        json!({"session": "s2"}),
        json!({}),
    ] {
        let more = json!({ "context": context });
        let facts = facts(
            &store,
            &request(json!("ana"), "login-as", json!("p2"), more),
        );
        assert!(facts.session.is_none());
    }
}

#[test]
fn a_tool_keeps_its_place_whatever_plans_are_refused_in_between() {
    let (_disk, store) = town();
    let give = |tool: &str| Change::Grant {
        grant: Box::new(Grant {
            what: Granted::Tool(tool.parse().unwrap(), Letters::R),
            ..role("p2", "sis")
        }),
    };
    let places = |store: &Store| {
        let tools = facts(
            store,
            &request(json!("ana"), "login-as", json!("p2"), Value::Null),
        )
        .tools;
        ["a", "b", "c", "refused"].map(|tool| tools.place(&tool.parse().unwrap()))
    };
    assert_eq!(places(&store), [None; 4]);
    commit(&store, vec![give("b"), give("a")]).unwrap();
    assert_eq!(places(&store), [Some(1), Some(0), None, None]);
    let ana = store.read().unwrap().person(&person_id("ana")).unwrap();
    commit(
        &store,
        vec![give("refused"), put_person(None, ana.as_ref())],
    )
    .unwrap_err();
    commit(&store, vec![give("c"), give("a")]).unwrap();
    assert_eq!(places(&store), [Some(1), Some(0), Some(2), None]);
}

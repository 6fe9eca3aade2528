//! A policy sees the facts that it asked for, and no more.

use provost_core::decision::{Thing, relations};
use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::policy::Need;

#[path = "../tests/sandbox/facts.rs"]
mod given;

const ALL: [Need; 8] = [
    Need::Subject,
    Need::Resource,
    Need::Roles,
    Need::Schools,
    Need::District,
    Need::Relations,
    Need::Properties,
    Need::Context,
];

/// Ana, who holds `montana`, asks to enter Ben, who holds `sis.login-as` and works at a school.
fn seen_with(needs: &[Need]) -> String {
    let somebody = |id: &str, role: &str, school: &str| {
        let facts = given::person(id, &[role]);
        let mut facts = Arc::unwrap_or_clone(facts);
        facts.person.schools = [school.parse().unwrap()].into();
        Arc::new(facts)
    };
    let mut facts = given::facts("montana", somebody("ana", "montana", "HS-ana"));
    facts.resource = Thing::Person(somebody("ben", "sis.login-as", "HS-ben"));
    let mut question = given::request("login-as");
    question
        .properties
        .insert("tool".to_owned(), "ledger".into());
    question.context.insert("session".to_owned(), "s-17".into());
    let edition = Edition {
        id: "montana".parse().unwrap(),
        title: "Montana".to_owned(),
        roles: Vec::new(),
        judges: BTreeSet::new(),
        judges_all: true,
        needs: needs.iter().copied().collect(),
    };
    let relations = relations(&question, &facts);
    format!("{:?}", request(&question, &facts, &relations, &edition))
}

/// What gives each fact away in the words of a request, and which facts must have been asked for together.
const SIGNS: [(&str, &[Need]); 10] = [
    ("\"ana\"", &[Need::Subject]),
    ("\"ben\"", &[Need::Resource]),
    ("\"montana\"", &[Need::Subject, Need::Roles]),
    ("\"sis.login-as\"", &[Need::Resource, Need::Roles]),
    ("\"HS-ana\"", &[Need::Subject, Need::Schools]),
    ("\"HS-ben\"", &[Need::Resource, Need::Schools]),
    ("products: [\"sis\"]", &[Need::District]),
    ("SAME_DISTRICT", &[Need::Relations]),
    ("\"ledger\"", &[Need::Properties]),
    ("\"s-17\"", &[Need::Context]),
];

#[test]
fn a_policy_sees_what_it_asked_for_and_nothing_else() {
    // Every set of facts that a plugin can ask for.
    for which in 0..1_u32 << ALL.len() {
        let asked = (0..).zip(ALL).filter(|(place, _)| which & 1 << place != 0);
        let asked: Vec<_> = asked.map(|(_, need)| need).collect();
        let seen = seen_with(&asked);
        for (sign, needs) in SIGNS {
            let due = needs.iter().all(|need| asked.contains(need));
            assert_eq!(seen.contains(sign), due, "{sign} with {asked:?}: {seen}");
        }
    }
}

#[test]
fn names_and_addresses_of_people_never_leave_the_host() {
    let seen = seen_with(&ALL);
    for private in ["Name of ana", "ana@bigsky.example", "Name of ben"] {
        assert!(!seen.contains(private), "{private} in {seen}");
    }
}

#[test]
fn the_relations_are_those_that_the_rules_see() {
    let seen = seen_with(&[Need::Relations]);
    // Neither has any rights or calendars, so the one's are a subset of the other's and schools are not covered.
    for relation in [
        "SAME_DISTRICT",
        "RIGHTS_SUBSET",
        "SUBJECT_ENABLED",
        "RESOURCE_ENABLED",
    ] {
        assert!(seen.contains(relation), "{relation} in {seen}");
    }
    for other in [
        "SAME_PERSON",
        "CALENDARS_COVER",
        "NESTED_SESSION",
        "SUBJECT_IS_CONTACT",
    ] {
        assert!(!seen.contains(other), "{other} in {seen}");
    }
}

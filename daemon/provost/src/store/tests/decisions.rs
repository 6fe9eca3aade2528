//! Recorded decisions are listed whatever is in their bodies.

use provost_core::decision::{Request, decide};
use provost_core::role::Roles;
use rusqlite::Connection;
use std::sync::Arc;

use super::*;
use crate::store::{DecisionFilter, Noted, Page};

/// `who` may not submit a case in lone-pine: noted and written.
fn denied(store: &Store, who: &str) {
    let request: Request =
        serde_json::from_value(json!({ "subject": { "id": who }, "action": "case.submit",
        "resource": { "id": "lone-pine" } }))
        .unwrap();
    let roles = Arc::new(Roles::standard());
    let facts = store.facts_within(None, &request, noon(), &roles).unwrap();
    let decision = decide(&request, &facts, Vec::new());
    store.note(Noted {
        request,
        facts,
        plugins: Default::default(),
        decision,
    });
    store.record_noted().unwrap();
}

#[test]
fn a_list_shows_decisions_that_cannot_be_read_any_more() {
    let disk = Disk::new();
    let store = disk.open();
    with_ana(&store);
    denied(&store, "ana");
    denied(&store, "nobody");
    let other = Connection::open(disk.path()).unwrap();
    other
        .execute("UPDATE decision SET body = '{}' WHERE id = 1", [])
        .unwrap();
    let register = store.read().unwrap();
    let list = |filter: DecisionFilter| {
        let lines = register.decisions(&filter, Page::newest(9)).unwrap();
        let told = lines
            .into_iter()
            .map(|line| (line.id, line.subject, line.reasons.len(), line.replayable));
        told.collect::<Vec<_>>()
    };
    let (broken, whole) = (
        (1, String::new(), 0, false),
        (2, "nobody".to_owned(), 1, true),
    );
    assert_eq!(
        list(DecisionFilter::default()),
        [whole.clone(), broken.clone()]
    );
    let of_district = DecisionFilter {
        district: Some(district_id("lone-pine")),
        allowed: Some(false),
        ..DecisionFilter::default()
    };
    assert_eq!(list(of_district), [whole, broken.clone()]);
    let of_ana = DecisionFilter {
        person: Some(person_id("ana")),
        ..DecisionFilter::default()
    };
    assert_eq!(list(of_ana), [broken]);
}

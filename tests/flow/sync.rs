//! Directory sync against a real slapd with 3,000 staff: what changed there changes here, and nothing else ever does.

use std::collections::BTreeMap;

use provost_tests::provost::Answer;
use provost_tests::staff::{school_code, school_dn};
use provost_tests::{Change, Provost, Staff, StaffPerson, Variant, World, directory};
use serde_json::{Value, json};

pub(crate) const NOW: &str = "2025-03-02T10:00:00-07:00";
pub(crate) const STAFF: Staff = Staff {
    count: 3_000,
    seed: 11,
};

/// A district whose register holds the staff of its directory.
fn synced() -> World {
    let mut world = World::new(NOW).with_directory(STAFF);
    world.configure("");
    world.provost.start();
    assert_eq!(count(&apply(&world.provost), "added"), 3_000);
    world
}

/// Plans or applies, when it is its turn.
pub(crate) fn run(provost: &Provost, args: &[&str]) -> Answer {
    provost.in_turn(args)
}

pub(crate) fn plan(provost: &Provost) -> Value {
    run(provost, &["sync", "plan", "--json"]).json()
}

/// An apply that must go through.
pub(crate) fn apply(provost: &Provost) -> Value {
    let applied = run(provost, &["sync", "apply", "--json"]).json();
    assert_eq!(applied["done"]["outcome"], "applied", "{applied}");
    applied
}

/// A number of the summary.
pub(crate) fn count(report: &Value, what: &str) -> u64 {
    let number = report["summary"][what].as_u64();
    number.unwrap_or_else(|| panic!("no {what} in {report}"))
}

/// How many lines of a plan begin so.
fn lines(plan: &Value, beginning: &str) -> usize {
    let lines = plan["lines"]
        .as_array()
        .unwrap_or_else(|| panic!("no lines in {plan}"));
    let texts = lines.iter().filter_map(Value::as_str);
    texts.filter(|line| line.starts_with(beginning)).count()
}

/// What the register holds of a person, as far as the directory answers for it.
fn held(person: &Value) -> Value {
    json!({
        "username": person["username"],
        "name": person["name"],
        "mail": person["mail"],
        "phone": person["phone"],
        "title": person["title"],
        "schools": person["schools"],
    })
}

/// What the register must hold of a person.
fn wanted(person: &StaffPerson) -> Value {
    json!({
        "username": person.uid,
        "name": person.name(),
        "mail": person.mail,
        "phone": [person.phone],
        "title": person.title,
        "schools": [school_code(person.school)],
    })
}

/// The register's people by employee number: the one thing about a person that never changes in these tests.
pub(crate) fn register(provost: &Provost) -> BTreeMap<String, Value> {
    let document = provost.cli(&["export"]).json();
    let people = document["person"].as_array().cloned().unwrap_or_default();
    let key = |person: &Value| {
        person["employee-number"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    people
        .into_iter()
        .map(|person| (key(&person), person))
        .collect()
}

pub(crate) fn status(people: &BTreeMap<String, Value>, person: &StaffPerson) -> String {
    let person = &people[&person.employee_number];
    person["directory"]["status"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// An apply that a guard must refuse; gives its reasons.
fn refused(provost: &Provost) -> String {
    let report = run(provost, &["sync", "apply", "--json"]).refused();
    assert_eq!(report["done"]["outcome"], "refused", "{report}");
    report["concerns"].to_string()
}

#[test]
fn the_first_plan_waits_for_an_operator_and_a_second_one_is_empty() {
    let mut world = World::new(NOW).with_directory(STAFF);
    world.configure("");
    world.provost.start();
    let first = plan(&world.provost);
    assert_eq!(lines(&first, "+ person"), 3_000);
    assert_eq!(
        register(&world.provost).len(),
        0,
        "a plan changes nothing, and neither does the timer by itself"
    );
    let hash = first["hash"].as_str().unwrap().to_owned();
    let applied = run(
        &world.provost,
        &["sync", "apply", "--plan", &hash, "--json"],
    )
    .json();
    assert_eq!(applied["done"]["outcome"], "applied", "{applied}");
    assert_eq!(applied["hash"], hash.as_str());
    let people = register(&world.provost);
    let held: Vec<_> = people.values().map(held).collect();
    let mut staff: Vec<_> = STAFF.people().collect();
    staff.sort_by(|a, b| a.employee_number.cmp(&b.employee_number));
    assert_eq!(held, staff.iter().map(wanted).collect::<Vec<_>>());
    assert_eq!(count(&apply(&world.provost), "changes"), 0);
    assert_eq!(count(&plan(&world.provost), "changes"), 0);
}

#[test]
fn members_of_nested_groups_hold_the_role_and_a_cycle_ends() {
    let world = synced();
    let document = world.provost.cli(&["export"]).json();
    let people = document["person"].as_array().unwrap();
    let username = |id: &Value| {
        let person = people.iter().find(|person| person["id"] == *id);
        person.map(|person| person["username"].as_str().unwrap_or_default().to_owned())
    };
    let grants = document["grant"].as_array().unwrap();
    let mut holders: Vec<_> = grants
        .iter()
        .filter(|grant| grant["role"] == "sis")
        .filter_map(|grant| username(&grant["person"]))
        .collect();
    let principals = STAFF
        .people()
        .filter(|person| person.title == "Principal")
        .take(2);
    let mut members: Vec<_> = STAFF
        .people()
        .take(3)
        .chain(principals)
        .map(|person| person.uid)
        .collect();
    members.sort();
    members.dedup();
    holders.sort();
    assert_eq!(holders, members);
}

#[test]
fn modifies_renames_moves_hires_and_departures_arrive_exactly() {
    let mut world = synced();
    // None of them is a member of `SIS Admins` (0, 1, 2), so that the lines are those of people alone. 1013 and 1091
    // have RDNs full of characters that need escapes.
    let person = |number| STAFF.person(number);
    let (modified, renamed, moved) = ([100, 1013, 1091], [101, 102], [103, 104, 1031]);
    let (left, hired) = ([105, 106], [3_000, 3_001, 3_002]);
    let mut changes = Vec::new();
    changes.extend(modified.map(Change::Modify));
    changes.extend(renamed.map(Change::Rename));
    changes.extend(moved.map(Change::Move));
    changes.extend(left.map(Change::Delete));
    changes.extend(hired.map(Change::Add));
    world.slapd().apply(&changes);

    let first = plan(&world.provost);
    assert_eq!(lines(&first, "+ person"), hired.len());
    let touched = modified.len() + renamed.len() + moved.len() + left.len();
    assert_eq!(lines(&first, "~ person"), touched, "{first}");
    assert_eq!(lines(&first, ""), touched + hired.len(), "{first}");

    apply(&world.provost);
    let people = register(&world.provost);
    for number in modified {
        let mut expected = wanted(&person(number));
        expected["phone"] = json!([directory::new_phone(number)]);
        expected["title"] = json!(format!("Senior {}", person(number).title));
        assert_eq!(held(&people[&person(number).employee_number]), expected);
    }
    for number in renamed {
        let mut expected = wanted(&person(number));
        if person(number).rdn().0 == "uid" {
            expected["username"] = json!(format!("{}m", person(number).uid));
        }
        assert_eq!(held(&people[&person(number).employee_number]), expected);
    }
    for number in moved {
        let entry = &people[&person(number).employee_number];
        assert_eq!(
            held(entry),
            wanted(&person(number)),
            "a move changes the DN alone"
        );
    }
    for number in hired {
        assert_eq!(
            held(&people[&person(number).employee_number]),
            wanted(&person(number))
        );
    }
    // One complete read that lacks somebody proves nothing; the second one that agrees does.
    for number in left {
        assert_eq!(status(&people, &person(number)), "missing");
    }
    apply(&world.provost);
    let people = register(&world.provost);
    for number in left {
        assert_eq!(status(&people, &person(number)), "gone");
    }
    assert_eq!(count(&apply(&world.provost), "changes"), 0);
}

#[test]
fn a_size_limit_refuses_the_read_and_changes_nothing() {
    let mut world = synced();
    let before = register(&world.provost);
    world.slapd().become_variant(&Variant {
        size_limit: Some(500),
        ..Variant::default()
    });
    let answer = run(&world.provost, &["sync", "apply", "--json"]);
    assert_eq!(answer.code, 1, "{answer:?}");
    assert!(answer.err.starts_with("provost: "), "{}", answer.err);
    assert_eq!(register(&world.provost), before);
    world.slapd().become_variant(&Variant::default());
    assert_eq!(count(&apply(&world.provost), "changes"), 0);
}

#[test]
fn schools_that_an_access_rule_hides_are_no_departures() {
    let mut world = synced();
    let before = register(&world.provost);
    // Every third school, far above the 5 % that the guard lets through.
    let hidden = (0..STAFF.schools()).step_by(3).map(school_dn).collect();
    world.slapd().become_variant(&Variant {
        hidden,
        ..Variant::default()
    });
    for _ in 0..3 {
        let why = refused(&world.provost);
        assert!(why.contains("missing-max"), "{why}");
    }
    assert_eq!(register(&world.provost), before);
}

#[test]
fn one_hidden_school_suspends_nobody_however_often_it_is_read() {
    let mut world = synced();
    world.slapd().become_variant(&Variant {
        hidden: vec![school_dn(1)],
        ..Variant::default()
    });
    for _ in 0..3 {
        run(&world.provost, &["sync", "apply", "--json"]).ok();
    }
    let suspended: Vec<_> = register(&world.provost)
        .into_values()
        .filter(|person| {
            !["present", "missing"]
                .contains(&person["directory"]["status"].as_str().unwrap_or_default())
        })
        .collect();
    assert_eq!(suspended, Vec::<Value>::new());
}

#[test]
fn a_directory_that_is_down_changes_nothing_and_comes_back() {
    let mut world = synced();
    let before = register(&world.provost);
    world.slapd().down();
    let answer = run(&world.provost, &["sync", "apply", "--json"]);
    assert_ne!(answer.code, 0, "{answer:?}");
    assert_eq!(register(&world.provost), before);
    world.slapd().up();
    assert_eq!(count(&apply(&world.provost), "changes"), 0);
}

#[test]
fn a_plan_that_the_ground_has_left_is_not_applied() {
    let mut world = synced();
    world.slapd().apply(&[Change::Modify(200)]);
    let plan = plan(&world.provost);
    assert_eq!(lines(&plan, ""), 1);
    world.slapd().apply(&[Change::Modify(201)]);
    let before = register(&world.provost);
    let hash = plan["hash"].as_str().unwrap().to_owned();
    let report = run(
        &world.provost,
        &["sync", "apply", "--plan", &hash, "--json"],
    )
    .refused();
    assert_eq!(report["done"]["outcome"], "moved", "{report}");
    assert_eq!(register(&world.provost), before);
}

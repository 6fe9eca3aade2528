//! Promises of the register document.

use super::*;
use crate::change::{Actor, Change};
use crate::contact::ContactState;
use crate::role::Roles;

const NOW: &str = "2025-03-02T10:00:00-07:00";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn parsed(toml: &str) -> Map<String, Value> {
    let table: toml::Table = toml.parse().unwrap();
    match serde_json::to_value(table).unwrap() {
        Value::Object(map) => map,
        _ => unreachable!("a TOML document is a table"),
    }
}

fn read_in(document: &Map<String, Value>, existing: &Existing) -> Result<Register, Vec<String>> {
    let roles = Roles::standard();
    let given = Given {
        now: at(NOW),
        by: "operator import",
        roles: &roles,
        existing,
    };
    read(document, given).map_err(|all| all.iter().map(ToString::to_string).collect())
}

fn problems(toml: &str) -> Vec<String> {
    read_in(&parsed(toml), &Existing::default()).unwrap_err()
}

/// What the store does with a plan, as far as these tests look.
fn commit(mut existing: Existing, changes: &[Change]) -> Existing {
    for change in changes.iter().cloned() {
        match change {
            Change::District { after, .. } => {
                existing.districts.insert(after.id.clone(), *after);
            }
            Change::Group { after, .. } => {
                let after = *after.unwrap();
                existing
                    .groups
                    .insert((after.district.clone(), after.id.clone()), after);
            }
            Change::Person { after, .. } => {
                let after = *after.unwrap();
                existing.persons.insert(after.id.clone(), after);
            }
            Change::Contact { after, .. } => {
                existing.contacts.insert(after.person.clone(), *after);
            }
            Change::Grant { grant } => existing
                .grants
                .entry(grant.person.clone())
                .or_default()
                .push(*grant),
            Change::Revoke { grant } => {
                existing
                    .grants
                    .get_mut(&grant.person)
                    .unwrap()
                    .retain(|held| *held != *grant);
            }
            Change::Feed { after, .. } => {
                existing.marks.insert(after.feed.clone(), after);
            }
            other => panic!("an import does not write {other}"),
        }
    }
    existing
}

fn imported(toml: &str, existing: Existing) -> Existing {
    let register = read_in(&parsed(toml), &existing).unwrap();
    let plan = plan(
        &register,
        &existing,
        Actor::Operator("import".to_owned()),
        at(NOW),
    );
    let mut after = commit(existing, &plan.changes);
    after.feeds.extend(
        register
            .feeds
            .into_iter()
            .map(|feed| (feed.id.clone(), feed)),
    );
    after.agents.extend(register.agents);
    after
}

fn changes(toml: &str, existing: &Existing) -> Vec<String> {
    let register = read_in(&parsed(toml), existing).unwrap();
    let plan = plan(
        &register,
        existing,
        Actor::Operator("import".to_owned()),
        at(NOW),
    );
    plan.changes.iter().map(ToString::to_string).collect()
}

const LONE_PINE: &str = r#"
[[district]]
id = "lone-pine"
name = "Lone Pine Unified"
timezone = "America/Denver"
products = ["sis", "finance"]
schools = [{ id = "HS01", name = "North High" }]
preferences = { restrict-login-as = true }
inactivity = { warn-after = "90d", deactivate-after = "120d", last-contact = "hold" }
help = { phone = "+1 555 0100", mail = "help@lonepine.example" }
technical-cap = 2
[[group]]
id = "office"
district = "lone-pine"
rights = { attendance = "RWAD" }
[[person]]
id = "ana"
district = "lone-pine"
username = "aortiz"
name = "Ana Ortiz"
mail = ["ana.ortiz@lonepine.example"]
schools = ["HS01", "MS02"]
roles = ["sis"]
groups = ["office"]
rights = { "user-account" = "RW", "finance/ledger" = "R" }
calendars = [{ school = "HS01", calendar = "*", modify = true }]
[[person]]
id = "ben"
district = "lone-pine"
username = "bho"
enabled = false
homepage = "parent-portal"
uuid = "8d2f"
[[contact]]
person = "ana"
type = "support"
designated = "2024-01-10T09:00:00-07:00"
last-activity = "2024-09-03T10:00:00-06:00"
[[contact]]
person = "ben"
type = "technical"
[[grant]]
person = "ben"
role = "finance"
expires = "2025-06-01T00:00:00-06:00"
[[feed]]
id = "portal"
district = "lone-pine"
max-lag = "26h"
watermark = "2025-03-01T00:00:00-07:00"
[[agent]]
id = "kim"
"#;

#[test]
fn every_default_of_a_document_is_filled_in() {
    let register = read_in(
        &parsed(
            r#"
            district = [{ id = "d", timezone = "America/Denver" }]
            person = [{ id = "p", district = "d", username = "pia" }]
            contact = [{ person = "p", type = "support" }]
            "#,
        ),
        &Existing::default(),
    )
    .unwrap();
    let district = serde_json::to_value(&register.districts[0]).unwrap();
    assert_eq!(
        district,
        serde_json::json!({
            "id": "d", "name": "d", "timezone": "America/Denver", "edition": "standard", "products": ["sis"],
            "sites": [], "schools": {}, "help": {}, "technical-cap": 1, "third-parties": [],
            "preferences": {"restrict-login-as": false, "group-assignment-ceiling": false},
            "inactivity": {"warn-after": 180, "deactivate-after": 210, "last-contact": "deactivate"},
        })
    );
    let person = serde_json::to_value(&register.persons[0]).unwrap();
    assert_eq!(
        person,
        serde_json::json!({
            "id": "p", "district": "d", "username": "pia", "name": "pia", "mail": [], "phone": [],
            "homepage": "campus-application", "enabled": true, "schools": [],
        })
    );
    let contact = &register.contacts[0].contact;
    assert_eq!(
        (contact.designated, contact.state.word()),
        (at(NOW), "active")
    );
}

#[test]
#[allow(clippy::too_many_lines)] // one document with every contradiction there is
fn a_contradictory_document_lists_every_contradiction() {
    let found = problems(
        r#"
        [[district]]
        id = "a"
        timezone = "America/Dnver"
        inactivity = { warn-after = "220d", deactivate-after = "210d" }
        [[district]]
        id = "b"
        timezone = "UTC"
        schools = [{ id = "HS01" }]
        color = "red"
        [[district]]
        id = "b"
        timezone = "UTC"
        [[group]]
        id = "g"
        district = "b"
        rights = { attendance = "RWX" }
        [[person]]
        id = "p"
        district = "b"
        username = "pia"
        roles = ["boss"]
        groups = ["h"]
        calendars = [{ school = "XX" }]
        [[person]]
        id = "p"
        district = "c"
        username = "pia"
        mail = ["nobody"]
        [[person]]
        id = "q"
        district = "b"
        username = "pia"
        [[contact]]
        person = "p"
        type = "technical"
        district = "a"
        [[contact]]
        person = "q"
        type = "technical"
        [[contact]]
        person = "q"
        type = "boss"
        last-activity = "2025-03-02T10:00:00"
        [[contact]]
        person = "z"
        type = "support"
        state = "pending"
        [[grant]]
        person = "q"
        role = "sis"
        group = "g"
        "#,
    );
    let expected = [
        r#"district[0].timezone = "America/Dnver": `America/Dnver` is no IANA time zone, e.g. America/Denver"#,
        r#"district[0].inactivity = {"deactivate-after":"210d","warn-after":"220d"}: warn-after = "220d" must be at least 3 days shorter than deactivate-after = "210d""#,
        r#"district[1].color = "red": unknown key; known here: edition, help, hosting, id, inactivity, linked-to, mailbox, name, preferences, products, schools, sites, technical-cap, third-parties, timezone"#,
        r#"district[2].id = "b": says the district of district[1].id again"#,
        r#"group[0].rights.attendance = "RWX": `RWX` must be letters of RWAD, each at most once"#,
        r#"person[0].roles = ["boss"]: no role `boss` exists; an edition's role needs the edition's plugin; known: application-security, finance, hr, payroll, point-of-sale, sis, sis.group-assignment, sis.login-as, staff-evaluation"#,
        r#"person[0].groups = ["h"]: no group `h` in district `b`"#,
        r#"person[1].district = "c": no district `c` in document or register"#,
        r#"person[1].id = "p": says the person of person[0].id again"#,
        r#"person[1].mail[0] = "nobody": must be a mail address, e.g. help@district.example"#,
        r#"person[2].username = "pia": says the username of person[0].username again"#,
        r#"contact[0].district = "a": the person belongs to district `b`"#,
        r#"contact[2].type = "boss": `boss` must be support or technical"#,
        r#"contact[2].last-activity = "2025-03-02T10:00:00": must be a time with its offset (RFC 3339), e.g. 2025-03-02T10:00:00-07:00"#,
        r#"contact[2].person = "q": says the contact of contact[1].person again"#,
        r#"contact[3].person = "z": no person `z` in document or register"#,
        r#"contact[3].state = "pending": pending needs an episode whose notice was accepted"#,
        r#"contact[1].type: district `b` allows 1 technical contact(s) (technical-cap): p came before"#,
        r#"grant[0]: must name exactly one of role, group, tool (with letters) or calendar"#,
        r#"person[0].calendars[0].school: no school `XX` in district `b`: list it or assign people to it"#,
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_second_technical_contact_needs_a_wider_cap() {
    let document = |cap: u32| {
        parsed(&format!(
            r#"
            district = [{{ id = "d", timezone = "UTC", technical-cap = {cap} }}]
            person = [{{ id = "p", district = "d", username = "p" }}, {{ id = "q", district = "d", username = "q" }}]
            contact = [{{ person = "p", type = "technical" }}, {{ person = "q", type = "technical" }}]
            "#
        ))
    };
    assert_eq!(
        read_in(&document(1), &Existing::default()).unwrap_err(),
        [
            "contact[1].type: district `d` allows 1 technical contact(s) (technical-cap): p came before"
        ]
    );
    assert_eq!(
        read_in(&document(2), &Existing::default())
            .unwrap()
            .contacts
            .len(),
        2
    );
}

#[test]
fn a_deactivated_technical_contact_frees_the_slot() {
    let register = read_in(
        &parsed(
            r#"
            district = [{ id = "d", timezone = "UTC" }]
            person = [{ id = "p", district = "d", username = "p" }, { id = "q", district = "d", username = "q" }]
            contact = [{ person = "p", type = "technical", state = "deactivated" }, { person = "q", type = "technical" }]
            "#,
        ),
        &Existing::default(),
    );
    assert_eq!(register.unwrap().contacts.len(), 2);
}

#[test]
fn importing_a_document_twice_changes_nothing_the_second_time() {
    let existing = imported(LONE_PINE, Existing::default());
    assert_eq!(changes(LONE_PINE, &existing), Vec::<String>::new());
}

#[test]
fn a_later_import_leaves_what_the_register_knows_better() {
    let mut existing = imported(LONE_PINE, Existing::default());
    let ana = PersonId::new("ana").unwrap();
    existing.contacts.get_mut(&ana).unwrap().last_activity = Some(at("2025-02-01T10:00:00-07:00"));
    let ben = PersonId::new("ben").unwrap();
    existing.contacts.get_mut(&ben).unwrap().state = ContactState::Deactivated;
    assert_eq!(changes(LONE_PINE, &existing), Vec::<String>::new());
}

#[test]
fn letters_on_a_tool_are_replaced_not_added_up() {
    let existing = imported(LONE_PINE, Existing::default());
    let narrower = LONE_PINE.replace(r#""user-account" = "RW""#, r#""user-account" = "R""#);
    assert_eq!(
        changes(&narrower, &existing),
        [
            "- grant ana: right user-account (RW) by manual",
            "+ grant ana: right user-account (R) by manual",
        ]
    );
}

#[test]
fn a_document_may_refer_to_what_the_register_has_already() {
    let existing = imported(LONE_PINE, Existing::default());
    let more = r#"
        [[person]]
        id = "cy"
        district = "lone-pine"
        username = "cy"
        schools = ["ES03"]
        groups = ["office"]
    "#;
    let lines = changes(more, &existing);
    assert_eq!(lines.len(), 3, "{lines:#?}");
    assert!(lines[0].contains(r#""ES03":"ES03""#), "{}", lines[0]);
    assert_eq!(lines[2], "+ grant cy: group office by manual");
    let clash = parsed(&more.replace(r#"username = "cy""#, r#"username = "bho""#));
    assert_eq!(
        read_in(&clash, &existing).unwrap_err(),
        [r#"person[0].username = "bho": is the username of person `ben` already"#]
    );
}

#[test]
fn a_later_activity_in_a_document_undoes_what_silence_led_to() {
    let mut existing = imported(LONE_PINE, Existing::default());
    let ana = PersonId::new("ana").unwrap();
    let contact = existing.contacts.get_mut(&ana).unwrap();
    contact.state = ContactState::Deactivated;
    contact.deactivated = Some(at("2025-03-01T10:00:00-07:00"));
    let after = |activity: &str| {
        let document = LONE_PINE.replace("2024-09-03T10:00:00-06:00", activity);
        imported(&document, existing.clone()).contacts[&ana].clone()
    };
    let before = after("2025-02-28T10:00:00-07:00");
    assert_eq!(
        (before.state, before.deactivated),
        (ContactState::Active, None)
    );
    let later = after("2025-03-01T11:00:00-07:00");
    assert_eq!(later.state, ContactState::Deactivated);
}

#[test]
fn an_export_is_a_document_that_says_the_same() {
    let existing = imported(LONE_PINE, Existing::default());
    let document = export(&existing);
    let map = document.as_object().unwrap();
    let again = read_in(map, &Existing::default()).unwrap();
    let plan = plan(
        &again,
        &Existing::default(),
        Actor::Operator("import".to_owned()),
        at(NOW),
    );
    let mut copy = commit(Existing::default(), &plan.changes);
    copy.feeds = existing.feeds.clone();
    copy.agents = again.agents.into_iter().collect();
    assert_eq!(export(&copy), document);
    assert_eq!(copy.districts, existing.districts);
    assert_eq!(copy.persons, existing.persons);
    assert_eq!(copy.contacts, existing.contacts);
}

mod properties;

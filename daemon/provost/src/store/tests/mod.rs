//! The store against real SQLite, on disk wherever the promise is about the disk.

mod answer;
mod backup;
mod crash;
mod decisions;
mod fault;
mod group_commit;
mod history;
mod journal;
mod kept;
mod lookup;
mod nouns;
mod on_record;
mod opening;
mod outbox;
mod plans;
mod speed;
mod staging;
mod upgrade;

use jiff::Timestamp;
use provost_core::change::{Actor, Change, Erased, Plan};
use provost_core::contact::{Contact, ContactKind, ContactState};
use provost_core::district::District;
use provost_core::id::{DistrictId, PersonId, Revision};
use provost_core::person::{DirectoryLink, DirectoryStatus, MAIN_HOMEPAGE, Person};
use provost_core::role::{Grant, Granted, Origin};
use serde_json::json;
use std::path::PathBuf;

use super::{CommitError, Store};

/// A register in a folder of its own.
struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("provost.db")
    }

    fn open(&self) -> Store {
        Store::open(&self.path()).unwrap()
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn noon() -> Timestamp {
    at("2025-03-02T12:00:00.123456789Z")
}

fn person_id(text: &str) -> PersonId {
    PersonId::new(text).unwrap()
}

fn district_id(text: &str) -> DistrictId {
    DistrictId::new(text).unwrap()
}

fn district(id: &str) -> District {
    serde_json::from_value(json!({
        "id": id, "name": "Lone Pine Unified", "timezone": "America/Denver",
        "edition": "standard", "products": ["sis", "finance"],
    }))
    .unwrap()
}

fn person(id: &str, username: &str) -> Person {
    Person {
        id: person_id(id),
        district: district_id("lone-pine"),
        username: username.to_owned(),
        name: "Ana Ortiz".to_owned(),
        mail: vec![format!("{username}@LonePine.example")],
        phone: vec!["+1 555 0100".to_owned()],
        employee_number: Some("4711".to_owned()),
        title: None,
        homepage: MAIN_HOMEPAGE.to_owned(),
        enabled: true,
        schools: ["HS01".parse().unwrap()].into(),
        third_party: None,
        coach_of: Default::default(),
        directory: None,
    }
}

fn linked(id: &str, username: &str, stable_id: &str) -> Person {
    Person {
        directory: Some(DirectoryLink {
            source: "staff-ldap".parse().unwrap(),
            stable_id: stable_id.to_owned(),
            dn: format!("uid={username},ou=staff"),
            status: DirectoryStatus::Missing { since: noon() },
        }),
        ..person(id, username)
    }
}

fn contact(person: &str) -> Contact {
    Contact {
        person: person_id(person),
        district: district_id("lone-pine"),
        kind: ContactKind::Support,
        state: ContactState::Active,
        designated: at("2024-01-10T16:00:00Z"),
        reactivated: None,
        last_activity: Some(noon()),
        episodes: 0,
        episode: None,
        hold: None,
        suspended: None,
        deactivated: None,
        next_due: Some(at("2025-08-29T16:00:00Z")),
        training: Default::default(),
        sharing_reported: None,
    }
}

fn role(person: &str, role: &str) -> Grant {
    Grant {
        person: person_id(person),
        what: Granted::Role(role.parse().unwrap()),
        origin: Origin::Manual,
        by: "operator root".to_owned(),
        at: noon(),
        expires: None,
    }
}

fn put_district(id: &str) -> Change {
    Change::District {
        before: None,
        after: Box::new(district(id)),
    }
}

fn put_person(before: Option<&Person>, after: Option<&Person>) -> Change {
    Change::Person {
        before: before.cloned().map(Box::new),
        after: after.cloned().map(Box::new),
    }
}

fn put_contact(before: Option<&Contact>, after: &Contact) -> Change {
    Change::Contact {
        before: before.cloned().map(Box::new),
        after: Box::new(after.clone()),
    }
}

fn plan(base: Revision, changes: Vec<Change>) -> Plan {
    Plan {
        changes,
        ..Plan::new(base, Actor::Operator("root".to_owned()), noon())
    }
}

/// Commits on the revision as it is.
fn commit(store: &Store, changes: Vec<Change>) -> Result<Revision, CommitError> {
    let base = store.read().unwrap().revision();
    store.commit(plan(base, changes))
}

fn erase(person: &str) -> Change {
    let erased = Erased {
        person: person_id(person),
        district: None,
        entries: 0,
    };
    Change::Erase { erased }
}

/// A district with Ana.
fn with_ana(store: &Store) -> Person {
    let ana = person("ana", "aortiz");
    let changes = vec![put_district("lone-pine"), put_person(None, Some(&ana))];
    commit(store, changes).unwrap();
    ana
}

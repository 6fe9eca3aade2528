//! A register to measure on, as large as wanted: two districts, their staff, groups, rights and contacts.

use provost::store::{CommitError, Draft, Store};
use provost_core::Timestamp;
use provost_core::change::{Actor, Change};
use provost_core::contact::{Contact, ContactKind, ContactState};
use provost_core::id::{PersonId, Revision};
use provost_core::person::{MAIN_HOMEPAGE, Person};
use provost_core::role::{Grant, Granted, Origin};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The district of the standard edition.
pub(crate) const STANDARD: &str = "lone-pine";
/// The district of an edition that a plugin gives.
pub(crate) const EDITION: &str = "big-sky";
/// Tools that the standing group gives rights on: with names and schools about 45 strings of facts a person.
const TOOLS: usize = 24;

/// The first so many people are contacts.
pub(crate) const CONTACTS: u64 = 30;

/// The moment of everything.
pub(crate) fn now() -> Timestamp {
    "2025-03-02T17:00:00Z".parse().unwrap()
}

/// Folders of a bench, beside the build output: a real disk, which `/tmp` need not be.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// The id of the person of a number.
pub(crate) fn id(n: u64) -> PersonId {
    PersonId::new(format!("staff-ldap:{n:08x}-4f89-11d3-9a0c-0305e82c3301")).unwrap()
}

/// The account name of the person of a number.
pub(crate) fn username(n: u64) -> String {
    format!("user{n:07}")
}

/// A district whose edition may be a plugin's.
pub(crate) fn district(id: &str, edition: &str) -> Change {
    let district = json!({
        "id": id, "name": "Lone Pine Unified", "timezone": "America/Denver",
        "edition": edition, "products": ["sis"],
    });
    Change::District {
        before: None,
        after: Box::new(serde_json::from_value(district).unwrap()),
    }
}

/// A teacher of a district.
pub(crate) fn person(district: &str, n: u64) -> Change {
    let person = Person {
        id: id(n),
        district: district.parse().unwrap(),
        username: username(n),
        name: format!("Staff Member {n}"),
        mail: vec![format!("user{n:07}@lonepine.example")],
        phone: vec![format!("+1 555 {n:07}")],
        employee_number: Some(n.to_string()),
        title: Some("Teacher".to_owned()),
        homepage: MAIN_HOMEPAGE.to_owned(),
        enabled: true,
        schools: ["HS01".parse().unwrap(), "HS02".parse().unwrap()].into(),
        third_party: None,
        coach_of: Default::default(),
        directory: None,
    };
    Change::Person {
        before: None,
        after: Some(Box::new(person)),
    }
}

/// A support contact, active since its designation.
pub(crate) fn contact(district: &str, n: u64, next_due: Timestamp) -> Change {
    let contact = Contact {
        person: id(n),
        district: district.parse().unwrap(),
        kind: ContactKind::Support,
        state: ContactState::Active,
        designated: "2024-09-03T10:00:00-06:00".parse().unwrap(),
        reactivated: None,
        last_activity: None,
        episodes: 0,
        episode: None,
        hold: None,
        suspended: None,
        deactivated: None,
        next_due: Some(next_due),
        training: Default::default(),
        sharing_reported: None,
    };
    Change::Contact {
        before: None,
        after: Box::new(contact),
    }
}

fn granted(n: u64, what: Granted) -> Change {
    Change::Grant {
        grant: Box::new(Grant {
            person: id(n),
            what,
            origin: Origin::Manual,
            by: "operator root".to_owned(),
            at: now(),
            expires: None,
        }),
    }
}

fn office(district: &str) -> Change {
    let rights: serde_json::Map<_, _> = (0..TOOLS)
        .map(|n| (format!("tool-{n}"), json!("RW")))
        .collect();
    let group = json!({ "id": "office", "district": district, "rights": rights });
    Change::Group {
        before: None,
        after: Some(Box::new(serde_json::from_value(group).unwrap())),
    }
}

/// Everybody of a register of `people`: the first ten of each district hold its product role, three of those are
/// contacts; the others are in the group and have two rights of their own. One in ten is of the plugin's edition.
fn everything(people: u64) -> impl Iterator<Item = Change> {
    let districts = [
        district(STANDARD, "standard"),
        district(EDITION, "montana"),
        office(STANDARD),
        office(EDITION),
    ];
    // Long after the bench: nothing happens to them by itself.
    let later = now() + Duration::from_secs(10 * 365 * 86_400);
    let staff = (0..people).flat_map(move |n| {
        let (place, role) = home(n);
        let mut changes = vec![person(place, n)];
        if n / 10 < 10 {
            changes.push(granted(n, Granted::Role(role.parse().unwrap())));
            if n < CONTACTS {
                changes.push(contact(place, n, later));
            }
        } else {
            changes.push(granted(n, Granted::Group("office".parse().unwrap())));
            for tool in ["attendance", "user-account"] {
                let right = Granted::Tool(tool.parse().unwrap(), "R".parse().unwrap());
                changes.push(granted(n, right));
            }
        }
        changes
    });
    districts.into_iter().chain(staff)
}

/// The district and its product role of the person of a number.
fn home(n: u64) -> (&'static str, &'static str) {
    if n % 10 == 9 {
        (EDITION, "montana")
    } else {
        (STANDARD, "sis")
    }
}

/// Streams changes into one commit.
pub(crate) fn commit(store: &Store, changes: impl Iterator<Item = Change> + Send + 'static) {
    let base = store.read().unwrap().revision();
    let done: Result<Revision, CommitError> = store.write(move |writing| {
        let mut commit = writing.begin(base, &Actor::Timer, now())?;
        for change in changes {
            commit.apply(&Draft::of(change)?)?;
        }
        commit.finish()
    });
    done.unwrap();
}

/// The file of a register in a folder.
pub(crate) fn file(folder: &Path) -> PathBuf {
    folder.join("provost.db")
}

/// A register of so many people in a folder.
pub(crate) fn staffed(folder: &Path, people: u64) -> Store {
    let store = Store::open(&file(folder)).unwrap();
    commit(&store, everything(people));
    store
}

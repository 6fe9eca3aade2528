use std::collections::BTreeMap;

use provost_core::call::Call;
use provost_core::case::Case;
use provost_core::change::FeedMark;
use provost_core::contact::{Activity, ActivityKind};
use provost_core::notice::Alarm;
use provost_core::register::Existing;
use provost_core::rights::{CalendarRight, Letters};
use provost_core::role::Group;
use provost_core::session::{Access, Session};
use provost_core::update::{UpdateKind, UpdateRequest, UpdateState};

use super::*;
use crate::store::{Counts, Page};

fn group() -> Group {
    Group {
        id: "office".parse().unwrap(),
        district: district_id("lone-pine"),
        rights: BTreeMap::from([("attendance".parse().unwrap(), Letters::ALL)]),
        calendars: [CalendarRight {
            school: Some("HS01".parse().unwrap()),
            calendar: None,
            modify: true,
        }]
        .into(),
    }
}

fn session() -> Session {
    Session {
        id: "s1".parse().unwrap(),
        actor: person_id("ana"),
        target: Some(person_id("ben")),
        used_login_as: true,
        opened: noon(),
        closed: None,
    }
}

fn case() -> Case {
    Case {
        id: "c1".parse().unwrap(),
        district: district_id("lone-pine"),
        owner: None,
        requester: person_id("ned"),
        emergency: true,
        reason: Some("nobody left".to_owned()),
        transitioned: false,
        opened: noon(),
        closed: None,
    }
}

fn call() -> Call {
    let (id, place) = ("k1".parse().unwrap(), district_id("lone-pine"));
    let call = Call::open(id, place, person_id("ana"), noon());
    call.joined(person_id("ned"), noon()).unwrap()
}

fn update_request() -> UpdateRequest {
    UpdateRequest {
        id: "u1".parse().unwrap(),
        district: district_id("lone-pine"),
        kind: UpdateKind::VersionUpdate,
        requester: person_id("ana"),
        state: UpdateState::Declined,
        reason: Some("not before the summer".to_owned()),
        requested: noon(),
        changed: noon(),
    }
}

fn mark() -> FeedMark {
    FeedMark {
        feed: "portal".parse().unwrap(),
        district: district_id("lone-pine"),
        watermark: noon(),
    }
}

fn activity(id: &str) -> Activity {
    Activity {
        id: id.parse().unwrap(),
        person: person_id("ana"),
        kind: ActivityKind::PortalLogin,
        occurred: noon(),
        feed: Some("portal".parse().unwrap()),
    }
}

fn access(event: &str) -> Access {
    Access {
        person: person_id("ana"),
        event: event.to_owned(),
        at: noon(),
        success: true,
        session: "s1".parse().unwrap(),
        remote: Some("192.0.2.7".to_owned()),
        client: None,
        third_party_admin: None,
        target: None,
    }
}

fn alarm() -> Alarm {
    Alarm {
        code: "inactivity.last-contact".to_owned(),
        district: Some(district_id("lone-pine")),
        person: Some(person_id("ana")),
        message: "the last one".to_owned(),
        at: noon(),
    }
}

fn grants() -> Vec<Grant> {
    let give = |what| Grant {
        what,
        ..role("ana", "sis")
    };
    let mut grants = vec![
        give(Granted::Role("sis".parse().unwrap())),
        give(Granted::Group("office".parse().unwrap())),
        give(Granted::Tool("finance/ledger".parse().unwrap(), Letters::R)),
        give(Granted::Calendar(CalendarRight {
            school: None,
            calendar: Some("main".to_owned()),
            modify: false,
        })),
    ];
    grants.push(Grant {
        origin: Origin::Source("staff-ldap".parse().unwrap()),
        expires: Some(at("2026-01-01T00:00:00.5Z")),
        ..role("ana", "sis")
    });
    grants
}

/// One change of every noun that has no state before.
pub(super) fn everything() -> Vec<Change> {
    let mut changes = vec![
        put_district("lone-pine"),
        put_person(None, Some(&linked("ana", "aortiz", "0a-1b"))),
        Change::Group {
            before: None,
            after: Some(Box::new(group())),
        },
        put_contact(None, &contact("ana")),
        Change::Session {
            before: None,
            after: Box::new(session()),
        },
        Change::Case {
            before: None,
            after: Box::new(case()),
        },
        Change::Call {
            before: None,
            after: Box::new(call()),
        },
        Change::UpdateRequest {
            before: None,
            after: Box::new(update_request()),
        },
        Change::Feed {
            before: None,
            after: mark(),
        },
        Change::Activity {
            activity: Box::new(activity("e1")),
        },
        Change::Access {
            access: Box::new(access("login")),
        },
        Change::Access {
            access: Box::new(access("logout")),
        },
        Change::Alarm {
            alarm: Box::new(alarm()),
        },
    ];
    changes.extend(grants().into_iter().map(|grant| Change::Grant {
        grant: Box::new(grant),
    }));
    changes
}

/// What was committed is read back to the last nanosecond.
fn is_all_there(store: &Store) {
    let register = store.read().unwrap();
    let (place, ana) = (district_id("lone-pine"), person_id("ana"));
    let staff = linked("ana", "aortiz", "0a-1b");
    assert_eq!(register.districts().unwrap(), [district("lone-pine")]);
    assert_eq!(register.person(&ana).unwrap(), Some(staff.clone()));
    assert_eq!(register.groups(&place).unwrap(), [group()]);
    assert_eq!(register.contact(&ana).unwrap(), Some(contact("ana")));
    assert_eq!(
        register.contacts(Some(&place)).unwrap(),
        [(contact("ana"), staff)]
    );
    assert_eq!(register.session(&session().id).unwrap(), Some(session()));
    assert_eq!(register.cases(&place).unwrap(), [case()]);
    assert_eq!(register.calls_page(None, "", 10).unwrap(), [call()]);
    let declined = Some(UpdateState::Declined);
    let requests = register.update_requests_page(Some(&place), declined, "", 10);
    assert_eq!(requests.unwrap(), [update_request()]);
    let done = register.update_requests_page(None, Some(UpdateState::Done), "", 10);
    assert_eq!(done.unwrap(), []);
    assert_eq!(register.feeds(Some(&place)).unwrap(), [mark()]);
    assert_eq!(register.activities(&ana, 10).unwrap(), [activity("e1")]);
    let log = register.access_log(&ana, Page::newest(10)).unwrap();
    assert_eq!(log, [(2, access("logout")), (1, access("login"))]);
    assert_eq!(register.alarms(Page::newest(10)).unwrap(), [(1, alarm())]);
    let mut expected = grants();
    let mut found = register.grants(&ana).unwrap();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn every_noun_is_read_back_as_it_was_committed() {
    let disk = Disk::new();
    let store = disk.open();
    assert_eq!(commit(&store, everything()).unwrap(), Revision(1));
    is_all_there(&store);
    drop(store);
    is_all_there(&disk.open());
}

#[test]
fn a_register_in_memory_keeps_the_same_promises() {
    let store = Store::in_memory().unwrap();
    commit(&store, everything()).unwrap();
    is_all_there(&store);
}

#[test]
fn a_snapshot_in_memory_stays_what_it_was() {
    let store = Store::in_memory().unwrap();
    let ana = with_ana(&store);
    let before = store.read().unwrap();
    commit(&store, vec![put_person(Some(&ana), None)]).unwrap();
    assert_eq!(before.person(&ana.id).unwrap(), Some(ana.clone()));
    assert_eq!(store.read().unwrap().person(&ana.id).unwrap(), None);
}

#[test]
fn a_document_is_read_against_the_whole_register() {
    let disk = Disk::new();
    let store = disk.open();
    commit(&store, everything()).unwrap();
    store.know_agents(["kim".parse().unwrap()]).unwrap();
    let register = store.read().unwrap();
    let staff = linked("ana", "aortiz", "0a-1b");
    let expected = Existing {
        revision: Revision(1),
        districts: BTreeMap::from([(district_id("lone-pine"), district("lone-pine"))]),
        groups: BTreeMap::from([((district_id("lone-pine"), group().id), group())]),
        grants: BTreeMap::from([(staff.id.clone(), register.grants(&staff.id).unwrap())]),
        contacts: BTreeMap::from([(staff.id.clone(), contact("ana"))]),
        persons: BTreeMap::from([(staff.id.clone(), staff)]),
        marks: BTreeMap::from([(mark().feed, mark())]),
        feeds: BTreeMap::new(),
        agents: ["kim".parse().unwrap()].into(),
    };
    assert_eq!(register.existing().unwrap(), expected);
    let counts = Counts {
        people: 1,
        contacts: 1,
        ..Counts::default()
    };
    assert_eq!(register.counts().unwrap(), counts);
}

#[test]
fn what_is_taken_away_is_gone() {
    let disk = Disk::new();
    let store = disk.open();
    let ana = with_ana(&store);
    let give = role("ana", "sis");
    let grant = Change::Grant {
        grant: Box::new(give.clone()),
    };
    let office = Change::Group {
        before: None,
        after: Some(Box::new(group())),
    };
    commit(&store, vec![grant, office]).unwrap();
    let revoke = Change::Revoke {
        grant: Box::new(give),
    };
    let close = Change::Group {
        before: Some(Box::new(group())),
        after: None,
    };
    commit(&store, vec![revoke, close, put_person(Some(&ana), None)]).unwrap();
    let register = store.read().unwrap();
    assert_eq!(register.person(&ana.id).unwrap(), None);
    assert_eq!(register.grants(&ana.id).unwrap(), []);
    assert_eq!(register.groups(&ana.district).unwrap(), []);
}

#[test]
fn settings_are_kept_and_replaced() {
    let disk = Disk::new();
    let store = disk.open();
    store.put("highest-wall-time", &noon()).unwrap();
    store
        .put("highest-wall-time", &at("2025-04-01T00:00:00Z"))
        .unwrap();
    drop(store);
    let store = disk.open();
    let register = store.read().unwrap();
    assert_eq!(
        register.get("highest-wall-time").unwrap(),
        Some(at("2025-04-01T00:00:00Z"))
    );
    assert_eq!(register.get::<String>("nothing").unwrap(), None);
    assert!(register.get::<u32>("highest-wall-time").is_err());
}

#[test]
fn events_of_one_id_are_known_and_a_second_one_refuses_its_plan() {
    let disk = Disk::new();
    let store = disk.open();
    commit(&store, everything()).unwrap();
    let (old, new) = (activity("e1"), activity("e2"));
    let register = store.read().unwrap();
    let known = register.known_activities([&old.id, &new.id]).unwrap();
    assert_eq!(known, [old.id.clone()].into());
    drop(register);
    let both = [new.clone(), old].map(|activity| Change::Activity {
        activity: Box::new(activity),
    });
    let error = commit(&store, both.to_vec()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "commit a plan: activity event e1 belongs to ana already"
    );
    let register = store.read().unwrap();
    assert!(register.known_activities([&new.id]).unwrap().is_empty());
}

#[test]
fn what_is_due_comes_by_time_then_id_and_not_a_nanosecond_early() {
    let disk = Disk::new();
    let store = disk.open();
    let due = at("2025-08-29T16:00:00.000000500Z");
    let mut changes = vec![put_district("lone-pine")];
    for (id, next_due) in [
        ("late", Some(at("2025-09-01T00:00:00Z"))),
        ("b", Some(due)),
        ("a", Some(due)),
        ("early", Some(at("2025-01-01T00:00:00Z"))),
        ("never", None),
    ] {
        changes.push(put_person(None, Some(&person(id, id))));
        let contact = Contact {
            next_due,
            ..contact(id)
        };
        changes.push(put_contact(None, &contact));
    }
    commit(&store, changes).unwrap();
    let register = store.read().unwrap();
    let ids = |now, rows| {
        let (revision, contacts) = register.due(now, rows).unwrap();
        assert_eq!(revision, Revision(1));
        contacts
            .iter()
            .map(|contact| contact.person.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(at("2025-08-29T16:00:00.000000499Z"), 9), ["early"]);
    assert_eq!(ids(due, 9), ["early", "a", "b"]);
    assert_eq!(ids(due, 2), ["early", "a"]);
    assert_eq!(
        ids(at("2026-01-01T00:00:00Z"), 9),
        ["early", "a", "b", "late"]
    );
    assert_eq!(
        register.next_due().unwrap(),
        Some(at("2025-01-01T00:00:00Z"))
    );
}

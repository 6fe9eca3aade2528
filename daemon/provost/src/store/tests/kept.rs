//! What is kept for decisions never differs from what the database says.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use provost_core::call::Call;
use provost_core::change::Change;
use provost_core::contact::{Contact, ContactState};
use provost_core::decision::{Facts, Reference, Request, Thing};
use provost_core::id::Revision;
use provost_core::person::Person;
use provost_core::rights::Letters;
use provost_core::role::{Grant, Granted, Group, Roles};
use provost_core::session::Session;
use rusqlite::Connection;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{
    Disk, Store, commit, contact, district_id, noon, person, person_id, put_contact, put_district,
    put_person, role, with_ana,
};
use crate::store::Counts;
use crate::store::kept::Kept;

const PEOPLE: [&str; 4] = ["ana", "ben", "cleo", "dan"];

/// What somebody does to the register, or asks of it.
#[derive(Debug, Clone)]
enum Step {
    Person(usize, bool),
    Contact(usize, ContactState),
    Grant(usize, Granted, Option<i8>),
    Revoke(usize),
    Group(Letters),
    Session(usize, bool),
    Call(usize),
    Agent,
    Ask(usize, Box<Request>, i8),
    Reload,
}

fn request(subject: &str, action: &str, resource: &str) -> Request {
    let reference = |id: &str| Reference {
        kind: None,
        id: id.to_owned(),
    };
    Request {
        subject: reference(subject),
        action: action.to_owned(),
        resource: reference(resource),
        properties: json!({"to": "ben", "group": "office", "call": "k1"})
            .as_object()
            .cloned()
            .unwrap(),
        context: json!({"session": "s1"}).as_object().cloned().unwrap(),
    }
}

fn question() -> impl Strategy<Value = Step> {
    let subject = prop::sample::select(vec!["ana", "lone-pine/ben", "user-dan", "kim", "nobody"]);
    let asked = prop::sample::select(vec![
        ("login-as", "cleo"),
        ("login-as", "user-dan"),
        ("case.submit", "lone-pine"),
        ("case.close", "c1"),
        ("call.talk", "lone-pine"),
        ("montana.new", "office"),
        ("tool.use", "finance/ledger"),
    ]);
    (subject, asked, 0..2_usize, -3..4_i8).prop_map(
        |(subject, (action, resource), roles, hours)| {
            let request = Box::new(request(subject, action, resource));
            Step::Ask(roles, request, hours)
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..PEOPLE.len();
    let letters = prop::sample::select(vec![Letters::R, Letters::ALL]);
    let what = prop::sample::select(vec![
        Granted::Role("sis".parse().unwrap()),
        Granted::Group("office".parse().unwrap()),
        Granted::Tool("finance/ledger".parse().unwrap(), Letters::R),
    ]);
    let state = prop::sample::select(vec![
        ContactState::Active,
        ContactState::Pending,
        ContactState::Held,
        ContactState::Deactivated,
        ContactState::Removed,
    ]);
    prop_oneof![
        1 => (who.clone(), any::<bool>()).prop_map(|(who, on)| Step::Person(who, on)),
        1 => (who.clone(), state).prop_map(|(who, state)| Step::Contact(who, state)),
        2 => (who.clone(), what, prop::option::of(-2..3_i8))
            .prop_map(|(who, what, expires)| Step::Grant(who, what, expires)),
        1 => who.clone().prop_map(Step::Revoke),
        1 => letters.prop_map(Step::Group),
        1 => who.clone().prop_map(Step::Call),
        1 => (who, any::<bool>()).prop_map(|(who, open)| Step::Session(who, open)),
        1 => Just(Step::Agent),
        1 => Just(Step::Reload),
        12 => question(),
    ]
}

fn hours_from_noon(hours: i8) -> Timestamp {
    noon() + SignedDuration::from_hours(i64::from(hours))
}

/// Somebody goes if they are on the call, and comes if they are not; the first one opens it.
fn call(before: Option<Call>, who: &str) -> Option<Change> {
    let who = person_id(who);
    let after = match &before {
        None => Call::open("k1".parse().unwrap(), district_id("lone-pine"), who, noon()),
        Some(call) => {
            let left = call.left(&who, noon());
            left.or_else(|_| call.joined(who, noon())).ok()?
        }
    };
    Some(Change::Call {
        before: before.map(Box::new),
        after: Box::new(after),
    })
}

/// The change that a step makes to the register as it is; nothing for a step that changes nothing.
fn change(store: &Store, step: &Step) -> Option<Change> {
    let register = store.read().unwrap();
    match step {
        Step::Person(who, enabled) => {
            let before = register.person(&person_id(PEOPLE[*who])).unwrap();
            let after = Person {
                enabled: *enabled,
                ..person(PEOPLE[*who], &format!("user-{}", PEOPLE[*who]))
            };
            Some(put_person(before.as_ref(), Some(&after)))
        }
        Step::Contact(who, state) => {
            let before = register.contact(&person_id(PEOPLE[*who])).unwrap();
            let after = Contact {
                state: *state,
                ..contact(PEOPLE[*who])
            };
            Some(put_contact(before.as_ref(), &after))
        }
        Step::Grant(who, what, expires) => Some(Change::Grant {
            grant: Box::new(Grant {
                what: what.clone(),
                expires: expires.map(hours_from_noon),
                ..role(PEOPLE[*who], "sis")
            }),
        }),
        Step::Revoke(who) => {
            let grants = register.grants(&person_id(PEOPLE[*who])).unwrap();
            let grant = Box::new(grants.into_iter().next()?);
            Some(Change::Revoke { grant })
        }
        Step::Group(letters) => {
            let district = district_id("lone-pine");
            let id = "office".parse().unwrap();
            let before = register.group(&district, &id).unwrap().map(Box::new);
            let rights = [("attendance".parse().unwrap(), *letters)].into();
            let after = Some(Box::new(Group {
                id,
                district,
                rights,
                calendars: Default::default(),
            }));
            Some(Change::Group { before, after })
        }
        Step::Session(who, open) => {
            let id = "s1".parse().unwrap();
            let before = register.session(&id).unwrap().map(Box::new);
            let after = Box::new(Session {
                id,
                actor: person_id("ana"),
                target: Some(person_id(PEOPLE[*who])),
                used_login_as: false,
                opened: noon(),
                closed: (!*open).then(noon),
            });
            Some(Change::Session { before, after })
        }
        Step::Call(who) => call(register.call(&"k1".parse().unwrap()).unwrap(), PEOPLE[*who]),
        Step::Agent | Step::Ask(..) | Step::Reload => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn facts_that_are_kept_are_those_that_would_be_read(steps in prop::collection::vec(step(), 1..40)) {
        let store = Store::in_memory().unwrap();
        let people = PEOPLE.map(|id| put_person(None, Some(&person(id, &format!("user-{id}")))));
        let mut first = vec![put_district("lone-pine")];
        first.extend(people);
        commit(&store, first).unwrap();
        let mut roles = [(); 2].map(|()| Arc::new(Roles::standard()));
        for step in &steps {
            if let Some(change) = change(&store, step) {
                commit(&store, vec![change]).unwrap();
            }
            match step {
                Step::Agent => store.know_agents(["kim".parse().unwrap()]).unwrap(),
                Step::Reload => roles[0] = Arc::new(Roles::standard()),
                Step::Ask(which, request, hours) => {
                    let (roles, now) = (&roles[*which], hours_from_noon(*hours));
                    let kept = store.facts_within(None, request, now, roles).unwrap();
                    let register = store.read().unwrap();
                    let nothing = Kept::default();
                    let read = register.facts_beside(&nothing, None, request, now, roles).unwrap();
                    prop_assert_eq!(format!("{:#?}", kept), format!("{:#?}", read));
                }
                _ => {}
            }
        }
        let register = store.read().unwrap();
        prop_assert_eq!(register.counts().unwrap(), counted(register.connection()));
    }
}

/// What the tally must say.
fn counted(connection: &Connection) -> Counts {
    let count = |what: &str| {
        let sql = format!("SELECT count(*) FROM {what}");
        let count: i64 = connection.query_one(&sql, [], |row| row.get(0)).unwrap();
        count.unsigned_abs()
    };
    Counts {
        people: count("person"),
        contacts: count("contact WHERE state <> 'removed'"),
        pending: count("contact WHERE state = 'pending'"),
        held: count("contact WHERE state = 'held'"),
        notices_waiting: count("notice WHERE state = 'waiting'"),
        notices_held: count("notice WHERE state = 'held'"),
        notices_failed: count("notice WHERE state = 'failed'"),
    }
}

fn ben_holds_sis(facts: &Facts) -> bool {
    let Thing::Person(ben) = &facts.resource else {
        panic!("{:?}", facts.resource);
    };
    ben.holding.sis
}

/// Ben gets a role with every odd commit after the second, and loses it with every even one.
#[test]
fn a_decision_sees_every_commit_that_was_acknowledged_and_never_a_mixture() {
    let disk = Disk::new();
    let store = disk.open();
    with_ana(&store);
    commit(&store, vec![put_person(None, Some(&person("ben", "ben")))]).unwrap();
    let roles = Arc::new(Roles::standard());
    let asked = request("ana", "login-as", "ben");
    let facts = || store.facts_within(None, &asked, noon(), &roles).unwrap();
    let (acknowledged, done) = (AtomicU64::new(2), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    let at_least = Revision(acknowledged.load(Ordering::SeqCst));
                    let facts = facts();
                    assert!(facts.revision >= at_least, "{at_least}");
                    assert_eq!(ben_holds_sis(&facts), facts.revision.0 % 2 == 1);
                }
            });
        }
        for _ in 0..100 {
            let grant = Box::new(role("ben", "sis"));
            let give = Change::Grant {
                grant: grant.clone(),
            };
            for change in [give, Change::Revoke { grant }] {
                let Revision(revision) = commit(&store, vec![change]).unwrap();
                acknowledged.store(revision, Ordering::SeqCst);
                assert_eq!(facts().revision, Revision(revision));
            }
        }
        done.store(true, Ordering::SeqCst);
    });
}

#[test]
fn what_is_kept_is_told_without_the_database() {
    let disk = Disk::new();
    let store = disk.open();
    with_ana(&store);
    let roles = Arc::new(Roles::standard());
    let asked = request("ana", "login-as", "ana");
    let first = store.facts_within(None, &asked, noon(), &roles).unwrap();
    // With no snapshot to be had, only what is kept can answer.
    std::fs::remove_file(disk.path()).unwrap();
    store.pool.close();
    assert!(store.read().is_err());
    let second = store.facts_within(None, &asked, noon(), &roles).unwrap();
    assert_eq!(format!("{first:?}"), format!("{second:?}"));
}

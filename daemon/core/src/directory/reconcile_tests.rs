use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::contact::{ContactKind, ContactState};
use crate::directory::mapping::tests::mapping;
use crate::district::{District, Inactivity};
use crate::id::{DistrictId, EditionId};
use crate::time::Zone;

pub(super) fn source() -> SourceId {
    SourceId::new("staff").unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2025-03-02T17:00:00Z")
}

fn district() -> District {
    District {
        id: DistrictId::new("lone-pine").unwrap(),
        name: "Lone Pine".to_owned(),
        timezone: Zone::utc(),
        edition: EditionId::new("standard").unwrap(),
        products: BTreeSet::new(),
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

pub(super) fn standing(known: u64) -> Standing {
    Standing {
        district: district(),
        valid: 2,
        technical: 0,
        holders: BTreeMap::new(),
        feed: None,
        known,
        applied_before: true,
    }
}

pub(super) fn observed(id: &str, username: &str) -> Observed {
    Observed {
        stable_id: id.to_owned(),
        dn: format!("uid={username},ou=staff"),
        username: username.to_owned(),
        name: username.to_uppercase(),
        mail: vec![format!("{username}@x.example")],
        phone: vec![],
        employee_number: Some(format!("E{id}")),
        title: None,
        schools: BTreeSet::new(),
        disabled: None,
        grants: BTreeSet::new(),
    }
}

pub(super) fn theirs(observed: Observed) -> Box<Theirs> {
    Box::new(Theirs {
        observed,
        rivals: 0,
        namesake: None,
    })
}

fn role(id: &str) -> Granted {
    Granted::Role(RoleId::new(id).unwrap())
}

/// The person that an entry becomes, as a first plan would write it.
pub(super) fn ours(observed: &Observed) -> Ours {
    let (mapping, source) = (mapping(), source());
    let mut reconciler = Reconciler::new(&source, &mapping, Guard::default(), standing(0), now());
    let changes = reconciler
        .take(Pair::Theirs(theirs(observed.clone())))
        .changes;
    let grants = changes.iter().filter_map(|change| match change {
        Change::Grant { grant } => Some((**grant).clone()),
        _ => None,
    });
    let grants = grants.collect();
    match changes.into_iter().next() {
        Some(Change::Person {
            after: Some(person),
            ..
        }) => Ours {
            person: *person,
            contact: None,
            grants,
        },
        other => panic!("no person: {other:?}"),
    }
}

fn contact(ours: &Ours) -> Contact {
    Contact {
        person: ours.person.id.clone(),
        district: ours.person.district.clone(),
        kind: ContactKind::Support,
        state: ContactState::Active,
        designated: at("2025-01-02T17:00:00Z"),
        reactivated: None,
        last_activity: None,
        episodes: 0,
        episode: None,
        hold: None,
        suspended: None,
        deactivated: None,
        next_due: None,
        training: Default::default(),
        sharing_reported: None,
    }
}

pub(super) fn run(standing: Standing, pairs: Vec<Pair>) -> (Vec<Change>, Vec<String>, Summary) {
    let (mapping, source) = (mapping(), source());
    let mut reconciler = Reconciler::new(&source, &mapping, Guard::default(), standing, now());
    let (mut changes, mut remarks) = (Vec::new(), Vec::new());
    for pair in pairs {
        let consequence = reconciler.take(pair);
        changes.extend(consequence.changes);
        remarks.extend(consequence.remarks.iter().map(ToString::to_string));
    }
    (changes, remarks, reconciler.finish())
}

fn status(change: &Change) -> Option<DirectoryStatus> {
    match change {
        Change::Person {
            after: Some(person),
            ..
        } => person.directory.as_ref().map(|link| link.status),
        _ => None,
    }
}

fn with_status(mut ours: Ours, status: DirectoryStatus) -> Ours {
    if let Some(link) = &mut ours.person.directory {
        link.status = status;
    }
    ours
}

#[test]
fn a_second_read_of_the_same_directory_changes_nothing() {
    let mut entry = observed("1", "ana");
    entry.grants.insert(role("sis"));
    let known = ours(&entry);
    let (changes, remarks, summary) = run(
        standing(1),
        vec![Pair::Both(Box::new(known), theirs(entry))],
    );
    assert_eq!((changes, remarks), (vec![], vec![]));
    assert!(summary.is_empty() && summary.concerns.is_empty());
}

#[test]
fn a_rename_and_a_move_are_updates_of_the_same_person() {
    let known = ours(&observed("1", "ana"));
    let mut entry = observed("1", "ana.ortiz");
    entry.dn = "uid=ana.ortiz,ou=HS02,ou=staff".to_owned();
    let (changes, _, summary) = run(
        standing(1),
        vec![Pair::Both(Box::new(known.clone()), theirs(entry))],
    );
    let [
        Change::Person {
            before: Some(before),
            after: Some(after),
        },
    ] = changes.as_slice()
    else {
        panic!("{changes:?}");
    };
    assert_eq!(
        (&before.id, before.username.as_str()),
        (&known.person.id, "ana")
    );
    assert_eq!(
        (&after.id, after.username.as_str()),
        (&known.person.id, "ana.ortiz")
    );
    assert_eq!(summary.updated, 1);
}

#[test]
fn a_disabled_contact_is_suspended_at_once_whatever_the_guards_say() {
    let mut known = ours(&observed("1", "ana"));
    known.contact = Some(contact(&known));
    let mut entry = observed("1", "ana");
    entry.disabled = Some("nsAccountLock".to_owned());
    let alone = Standing {
        valid: 1,
        ..standing(1)
    };
    let (changes, _, summary) = run(alone, vec![Pair::Both(Box::new(known), theirs(entry))]);
    assert_eq!(status(&changes[0]), Some(DirectoryStatus::Disabled));
    assert!(
        matches!(&changes[1], Change::Contact { after, .. } if after.state == ContactState::Suspended)
    );
    assert_eq!((summary.disabled, summary.suspended), (1, 1));
    assert_eq!(summary.concerns, []);
}

#[test]
fn a_person_missing_from_one_read_keeps_everything() {
    let mut known = ours(&observed("1", "ana"));
    known.contact = Some(contact(&known));
    let (changes, _, summary) = run(
        standing(1),
        vec![Pair::Ours(Box::new(known), Absence::Deleted)],
    );
    assert_eq!(
        changes.iter().map(status).collect::<Vec<_>>(),
        [Some(DirectoryStatus::Missing { since: now() })]
    );
    assert_eq!((summary.missing, summary.suspended), (1, 0));
}

#[test]
fn two_reads_that_agree_suspend_only_with_an_explanation() {
    let since = at("2025-03-01T17:00:00Z");
    let mut known = with_status(
        ours(&observed("1", "ana")),
        DirectoryStatus::Missing { since },
    );
    known.contact = Some(contact(&known));
    for absence in [Absence::Hidden, Absence::Unknown] {
        let (changes, remarks, _) = run(
            standing(1),
            vec![Pair::Ours(Box::new(known.clone()), absence)],
        );
        assert_eq!(changes, [], "{absence:?}");
        assert_eq!(remarks.len(), 1);
    }
    for absence in [Absence::Deleted, Absence::MovedOut, Absence::LeftFilter] {
        let (changes, _, summary) = run(
            standing(1),
            vec![Pair::Ours(Box::new(known.clone()), absence)],
        );
        assert_eq!(
            status(&changes[0]),
            Some(DirectoryStatus::Gone { since: now() }),
            "{absence:?}"
        );
        assert_eq!((summary.gone, summary.suspended), (1, 1));
    }
}

#[test]
fn a_disabled_person_who_goes_missing_stays_shut_out() {
    let known = with_status(ours(&observed("1", "ana")), DirectoryStatus::Disabled);
    let hidden = run(
        standing(1),
        vec![Pair::Ours(Box::new(known.clone()), Absence::Hidden)],
    );
    assert_eq!(hidden.0, []);
    let deleted = run(
        standing(1),
        vec![Pair::Ours(Box::new(known), Absence::Deleted)],
    );
    assert_eq!(
        status(&deleted.0[0]),
        Some(DirectoryStatus::Gone { since: now() })
    );
}

#[test]
fn a_person_who_reappears_has_the_authority_of_before() {
    let gone = DirectoryStatus::Gone {
        since: at("2025-03-01T17:00:00Z"),
    };
    let mut known = with_status(ours(&observed("1", "ana")), gone);
    let mut suspended = contact(&known);
    suspended.state = ContactState::Suspended;
    suspended.suspended = Some((ContactState::Pending, at("2025-03-01T17:00:00Z")));
    known.contact = Some(suspended);
    let (changes, _, summary) = run(
        standing(1),
        vec![Pair::Both(Box::new(known), theirs(observed("1", "ana")))],
    );
    assert!(
        matches!(&changes[1], Change::Contact { after, .. } if after.state == ContactState::Pending)
    );
    assert_eq!((summary.returned, summary.restored), (1, 1));
}

#[test]
fn a_mass_absence_is_refused_and_says_how_many() {
    let pairs = (0..40).map(|n| {
        let known = ours(&observed(&format!("{n:02}"), &format!("u{n:02}")));
        Pair::Ours(Box::new(known), Absence::Hidden)
    });
    let (_, _, summary) = run(standing(100), pairs.collect());
    let concern = Concern::TooManyMissing {
        missing: 40,
        allowed: 5,
        known: 100,
    };
    assert_eq!(summary.concerns, [concern]);
    assert!(summary.is_refused());
}

#[test]
fn losing_the_last_contact_or_holder_by_omission_is_refused() {
    let missing = DirectoryStatus::Missing {
        since: at("2025-03-01T17:00:00Z"),
    };
    let mut entry = observed("1", "ana");
    entry.grants.insert(role("sis"));
    let mut known = with_status(ours(&entry), missing);
    known.contact = Some(contact(&known));
    let last = Standing {
        valid: 1,
        holders: [(RoleId::new("sis").unwrap(), 1)].into(),
        ..standing(10)
    };
    let (_, _, summary) = run(
        last.clone(),
        vec![Pair::Ours(Box::new(known), Absence::Deleted)],
    );
    let expected = [
        Concern::NoContactLeft {
            district: DistrictId::new("lone-pine").unwrap(),
        },
        Concern::NoHolderLeft {
            role: RoleId::new("sis").unwrap(),
        },
    ];
    assert_eq!(summary.concerns, expected);

    // An emptied group is the same loss.
    let known = ours(&entry);
    entry.grants.clear();
    let (_, _, summary) = run(last, vec![Pair::Both(Box::new(known), theirs(entry))]);
    assert_eq!(summary.concerns, expected[1..]);
}

#[test]
fn groups_give_and_take_only_what_they_gave() {
    let mut known = ours(&observed("1", "ana"));
    let grant = |what: Granted, origin: Origin| Grant {
        person: known.person.id.clone(),
        what,
        origin,
        by: "x".to_owned(),
        at: now(),
        expires: None,
    };
    let manual = grant(role("hr"), Origin::Manual);
    let old = grant(role("sis"), Origin::Source(source()));
    known.grants = vec![manual, old.clone()];
    let mut entry = observed("1", "ana");
    entry.grants.insert(role("finance"));
    let (changes, _, _) = run(
        standing(1),
        vec![Pair::Both(Box::new(known), theirs(entry))],
    );
    assert_eq!(
        changes[0],
        Change::Revoke {
            grant: Box::new(old)
        }
    );
    assert!(matches!(&changes[1], Change::Grant { grant } if grant.what == role("finance")));
    assert_eq!(changes.len(), 2);
}

#[test]
fn first_plans_and_many_new_roles_wait_for_an_operator() {
    let pairs = |count: usize| {
        (0..count)
            .map(|n| {
                let mut entry = observed(&n.to_string(), &format!("u{n}"));
                entry.grants.insert(role("sis"));
                Pair::Theirs(theirs(entry))
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(run(standing(0), pairs(5)).2.concerns, []);
    let first = Standing {
        applied_before: false,
        ..standing(0)
    };
    let summary = run(first, pairs(6)).2;
    assert_eq!(
        summary.concerns,
        [Concern::FirstPlan, Concern::RoleGains { people: 6 }]
    );
    assert!(!summary.is_refused());
}

#[test]
fn a_person_made_by_hand_is_linked_by_username_and_stays_the_same_contact() {
    let mut by_hand = ours(&observed("1", "ana"));
    by_hand.person.id = PersonId::new("ana").unwrap();
    by_hand.person.directory = None;
    let mut entry = theirs(observed("1", "ana"));
    entry.namesake = Some(Namesake {
        ours: by_hand.clone(),
        goes: None,
    });
    let (changes, _, summary) = run(standing(0), vec![Pair::Theirs(entry)]);
    let [
        Change::Person {
            before: Some(before),
            after: Some(after),
        },
    ] = changes.as_slice()
    else {
        panic!("{changes:?}");
    };
    assert_eq!(
        (&**before, &after.id),
        (&by_hand.person, &by_hand.person.id)
    );
    assert_eq!(
        after.directory.as_ref().map(|link| link.stable_id.as_str()),
        Some("1")
    );
    assert_eq!((summary.linked, summary.added), (1, 0));
}

#[test]
fn a_recreated_entry_is_proposed_and_never_merged_by_itself() {
    let mut entry = observed("2", "ana");
    entry.employee_number = Some("E1".to_owned());
    let mut entry = theirs(entry);
    entry.namesake = Some(Namesake {
        ours: ours(&observed("1", "ana")),
        goes: None,
    });
    let (changes, remarks, summary) = run(standing(1), vec![Pair::Theirs(entry)]);
    assert_eq!(changes, []);
    assert_eq!(
        remarks,
        [
            "? uid=ana,ou=staff: left out: looks like the re-created entry of staff:1 (same username and employee number); link them to go on"
        ]
    );
    assert_eq!(summary.quarantined, 1);
}

#[test]
fn the_hash_is_the_same_at_another_time_and_another_for_another_plan() {
    let (mapping, source) = (mapping(), source());
    let hash = |time: &str, name: &str| {
        let mut reconciler =
            Reconciler::new(&source, &mapping, Guard::default(), standing(1), at(time));
        let mut entry = observed("1", "ana");
        entry.grants.insert(role("sis"));
        entry.name = name.to_owned();
        reconciler.take(Pair::Theirs(theirs(entry)));
        let known = ours(&observed("2", "ben"));
        reconciler.take(Pair::Ours(Box::new(known), Absence::Deleted));
        reconciler.finish().hash
    };
    assert_eq!(
        hash("2025-03-02T17:00:00Z", "Ana"),
        hash("2025-03-03T09:12:44.5Z", "Ana")
    );
    assert_ne!(
        hash("2025-03-02T17:00:00Z", "Ana"),
        hash("2025-03-02T17:00:00Z", "Anna")
    );
}

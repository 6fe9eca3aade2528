//! Any register survives the way out into a document and back.

use super::*;
use crate::contact::{Contact, ContactKind, ContactState, Episode, Given as Accepted};
use crate::district::Inactivity;
use crate::rights::CalendarRight;
use crate::role::{Grant, Granted, Origin};
use proptest::prelude::*;

/// Whole seconds of the years around now; odd ones fall anywhere in the day.
fn moments() -> impl Strategy<Value = Timestamp> {
    (1_600_000_000_i64..1_740_000_000).prop_map(|second| Timestamp::from_second(second).unwrap())
}

fn granted() -> impl Strategy<Value = Granted> {
    let tool = prop::sample::select(vec!["attendance", "grades", "finance/ledger"]);
    let letters = prop::sample::select(vec!["R", "RW", "RWAD", "D"]);
    prop_oneof![
        prop::sample::select(vec!["sis", "finance", "sis.login-as"])
            .prop_map(|role| Granted::Role(role.parse().unwrap())),
        (tool, letters).prop_map(|(tool, letters)| Granted::Tool(
            tool.parse().unwrap(),
            letters.parse().unwrap()
        )),
        (any::<bool>(), any::<bool>()).prop_map(|(all, modify)| Granted::Calendar(CalendarRight {
            school: (!all).then(|| "HS01".parse().unwrap()),
            calendar: None,
            modify,
        })),
    ]
}

fn grants() -> impl Strategy<Value = Vec<Grant>> {
    let origin = prop_oneof![
        3 => Just(Origin::Manual),
        1 => Just(Origin::Source("staff-ldap".parse().unwrap())),
    ];
    let grant = (granted(), origin, prop::option::of(moments()));
    prop::collection::vec(grant, 0..6).prop_map(|all| {
        let mut kept: Vec<Grant> = Vec::new();
        for (what, origin, expires) in all {
            if kept
                .iter()
                .all(|held| (&held.what, &held.origin) != (&what, &origin))
            {
                kept.push(Grant {
                    person: "ana".parse().unwrap(),
                    what,
                    origin,
                    by: "operator import".to_owned(),
                    at: at(NOW),
                    expires,
                });
            }
        }
        kept
    })
}

fn contacts() -> impl Strategy<Value = Contact> {
    let run = (moments(), 0_i64..20, any::<bool>());
    (
        any::<bool>(),
        moments(),
        prop::option::of(moments()),
        prop::option::of(run),
    )
        .prop_map(|(technical, designated, last_activity, run)| Contact {
            person: "ana".parse().unwrap(),
            district: "lone-pine".parse().unwrap(),
            kind: if technical {
                ContactKind::Technical
            } else {
                ContactKind::Support
            },
            state: if run.is_some() {
                ContactState::Pending
            } else {
                ContactState::Active
            },
            designated,
            reactivated: None,
            last_activity,
            episodes: u32::from(run.is_some()),
            episode: run.map(|(due, days, unnotified)| Episode {
                number: 1,
                periods: Inactivity::default(),
                notice: Some(Accepted {
                    due,
                    accepted: due + jiff::SignedDuration::from_hours(24 * days),
                    unnotified,
                }),
                reminder: None,
                last: None,
                awaited: None,
            }),
            hold: None,
            suspended: None,
            deactivated: None,
            next_due: None,
            training: Default::default(),
            sharing_reported: None,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_a_register_holds_survives_export_and_import(grants in grants(), contact in contacts()) {
        let mut existing = imported(LONE_PINE, Existing::default());
        let ana = PersonId::new("ana").unwrap();
        existing.grants.insert(ana.clone(), grants);
        existing.contacts.insert(ana.clone(), contact);
        let document = export(&existing);
        let empty = Existing::default();
        let register = read_in(document.as_object().unwrap(), &empty)
            .map_err(|problems| TestCaseError::fail(problems.join("\n")))?;
        let plan = plan(&register, &empty, Actor::Operator("import".to_owned()), at(NOW));
        let copy = commit(empty, &plan.changes);
        let sorted = |existing: &Existing| {
            let mut grants = existing.grants.get(&ana).cloned().unwrap_or_default();
            grants.sort();
            grants
        };
        prop_assert_eq!(sorted(&copy), sorted(&existing));
        let mut contact = copy.contacts[&ana].clone();
        contact.next_due = None;
        prop_assert_eq!(&contact, &existing.contacts[&ana]);
        prop_assert_eq!(&copy.persons, &existing.persons);
    }
}

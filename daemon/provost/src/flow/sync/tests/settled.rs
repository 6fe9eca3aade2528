//! Passing over what is settled changes nothing but the time it takes.

use std::sync::Arc;

use proptest::prelude::*;
use provost_core::change::{Actor, Change};
use provost_core::contact::Contact;
use provost_core::directory::Absence;
use provost_core::id::SourceId;
use provost_core::person::Person;
use provost_core::role::{Grant, Granted, Origin};

use super::rig::{BASE, Rig, district, mapped, minute, person_id};
use crate::flow::sync::{Approval, Report};
use crate::ldap::{InMemory, Shown};
use crate::store::{Compared, Which};

const PEOPLE: usize = 6;
const GROUP: &str = "cn=admins,ou=groups,dc=x";

/// What happens between two syncs.
#[derive(Debug, Clone)]
enum Event {
    /// The entry of a person says something else; the username may be another's.
    Entry {
        person: usize,
        username: usize,
        word: u8,
    },
    /// Disabled or enabled.
    Locked { person: usize, locked: bool },
    /// Listed, omitted or reported as deleted.
    Shown { person: usize, how: u8 },
    /// The mapped group has these members.
    Members(Vec<usize>),
    /// An operator edits the person.
    Edited { person: usize, word: u8 },
    /// An operator takes away what the group gave, or gives it by hand.
    Granted { person: usize, by_hand: bool },
    /// The person becomes a contact.
    Designated(usize),
    /// The district maps the title too, or no longer.
    TitleMapped(bool),
}

fn event() -> impl Strategy<Value = Event> {
    let person = 0..PEOPLE;
    prop_oneof![
        4 => (person.clone(), person.clone(), 0..3_u8)
            .prop_map(|(person, username, word)| Event::Entry { person, username, word }),
        1 => (person.clone(), any::<bool>()).prop_map(|(person, locked)| Event::Locked { person, locked }),
        2 => (person.clone(), 0..3_u8).prop_map(|(person, how)| Event::Shown { person, how }),
        2 => prop::collection::vec(person.clone(), 0..4).prop_map(Event::Members),
        2 => (person.clone(), 0..3_u8).prop_map(|(person, word)| Event::Edited { person, word }),
        2 => (person.clone(), any::<bool>()).prop_map(|(person, by_hand)| Event::Granted { person, by_hand }),
        1 => person.prop_map(Event::Designated),
        1 => any::<bool>().prop_map(Event::TitleMapped),
    ]
}

/// A register and its directory.
struct Side {
    rig: Rig,
    directory: InMemory,
}

fn dn(person: usize) -> String {
    format!("uid=p{person},{BASE}")
}

fn gives() -> Granted {
    Granted::Role("sis".parse().unwrap())
}

impl Side {
    fn new(rig: Rig) -> Self {
        let directory = InMemory::default();
        let mut rig = rig.through(Arc::new(directory.clone()));
        rig.source.grants = vec![mapped(GROUP, gives())];
        let side = Self { rig, directory };
        (0..PEOPLE).for_each(|person| side.put(person, person, 0));
        side.members(&[0, 1]);
        side
    }

    fn put(&self, person: usize, username: usize, word: u8) {
        let (username, word) = (format!("u{username}"), format!("Word {word}"));
        let attributes = [
            ("uid", &[username.as_str()][..]),
            ("cn", &[word.as_str()]),
            ("title", &[word.as_str()]),
        ];
        self.directory
            .put(&format!("id-{person:04}"), &dn(person), &attributes);
    }

    fn members(&self, people: &[usize]) {
        let names: Vec<String> = people.iter().map(|person| dn(*person)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        // A group without members is an entry without a list, which is another thing.
        let names = if names.is_empty() {
            vec!["cn=nobody"]
        } else {
            names
        };
        self.directory.put("group", GROUP, &[("member", &names)]);
    }

    fn person(&self, number: usize) -> Option<Person> {
        let register = self.rig.store.read().unwrap();
        register.person(&person_id(number)).unwrap()
    }

    fn happens(&mut self, event: &Event, at: i64) {
        match event {
            Event::Entry {
                person,
                username,
                word,
            } => self.put(*person, *username, *word),
            Event::Locked { person, locked } => {
                let id = format!("id-{person:04}");
                let values: &[&str] = if *locked { &["TRUE"] } else { &[] };
                self.directory.set(&id, "nsAccountLock", values);
            }
            Event::Shown { person, how } => {
                let shown = [
                    Shown::Listed,
                    Shown::Omitted(Absence::Deleted),
                    Shown::Deleted,
                ];
                let id = format!("id-{person:04}");
                self.directory.show(&id, shown[usize::from(*how)]);
            }
            Event::Members(people) => self.members(people),
            Event::Edited { person, word } => {
                let Some(before) = self.person(*person) else {
                    return;
                };
                let name = format!("Word {word}");
                let after = Person {
                    name,
                    ..before.clone()
                };
                self.rig.commit(vec![Change::Person {
                    before: Some(Box::new(before)),
                    after: Some(Box::new(after)),
                }]);
            }
            Event::Granted { person, by_hand } => self.grant(*person, *by_hand, at),
            Event::Designated(person) => {
                let register = self.rig.store.read().unwrap();
                let contact = register.contact(&person_id(*person)).unwrap();
                drop(register);
                if self.person(*person).is_some() && contact.is_none() {
                    self.rig.designate(&person_id(*person));
                }
            }
            Event::TitleMapped(mapped) => {
                self.rig.source.attributes.title = mapped.then(|| "title".to_owned());
            }
        }
    }

    fn grant(&self, person: usize, by_hand: bool, at: i64) {
        let register = self.rig.store.read().unwrap();
        let held = register.grants(&person_id(person)).unwrap();
        drop(register);
        let of_source = Origin::Source(self.rig.source.id.clone());
        let taken = held.into_iter().find(|grant| grant.origin == of_source);
        if by_hand && self.person(person).is_some() {
            let grant = Box::new(Grant {
                person: person_id(person),
                what: gives(),
                origin: Origin::Manual,
                by: Actor::Configuration.to_string(),
                at: minute(at),
                expires: None,
            });
            self.rig.commit(vec![Change::Grant { grant }]);
        } else if let Some(grant) = taken {
            let grant = Box::new(grant);
            self.rig.commit(vec![Change::Revoke { grant }]);
        }
    }

    /// What a sync came to, or why it came to nothing.
    async fn sync(&self, at: i64) -> Result<Report, String> {
        let operator = Approval::Operator("root".to_owned());
        let done = self.rig.apply(at, operator).await;
        done.map_err(|error| error.chain())
    }

    /// Everything that a sync writes.
    fn held(&self) -> Vec<(Person, Option<Contact>, Vec<Grant>)> {
        let register = self.rig.store.read().unwrap();
        let people = register.people(None, None, 100).unwrap().into_iter();
        people
            .map(|person| {
                let contact = register.contact(&person.id).unwrap();
                let grants = register.grants(&person.id).unwrap();
                (person, contact, grants)
            })
            .collect()
    }

    /// Who is compared after a read; the group, which is listed among the people, always is.
    async fn due(&self, at: i64) -> Vec<String> {
        self.rig.plan(at).await;
        let source = SourceId::new("staff").unwrap();
        let register = self.rig.store.read().unwrap();
        let of = Compared {
            source: &source,
            district: &district(),
            which: Which::All,
        };
        let due = register.comparing(of).due("", 100).unwrap();
        let ids = due.into_iter().map(|due| due.stable_id);
        ids.filter(|id| id != "group").collect()
    }
}

async fn both_agree(events: Vec<Vec<Event>>) {
    let mut quick = Side::new(Rig::new(0).await);
    let mut thorough = Side::new(Rig::in_memory(0).await);
    for (round, events) in events.into_iter().enumerate() {
        let at = 1 + i64::try_from(round).unwrap();
        for event in &events {
            quick.happens(event, at);
            thorough.happens(event, at);
        }
        thorough.rig.store.compare_everything().unwrap();
        let reports = (quick.sync(at).await, thorough.sync(at).await);
        assert_eq!(reports.0, reports.1, "round {round}");
        assert_eq!(quick.held(), thorough.held(), "round {round}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn a_sync_that_passes_over_what_is_settled_comes_to_what_a_thorough_one_does(
        events in prop::collection::vec(prop::collection::vec(event(), 0..4), 2..8)
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(both_agree(events));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_over_is_compared_again_only_once_a_side_has_changed() {
    let mut side = Side::new(Rig::new(0).await);
    side.sync(1).await.unwrap();
    assert_eq!(side.due(2).await, Vec::<String>::new());
    side.happens(&Event::Edited { person: 2, word: 9 }, 2);
    side.happens(
        &Event::Granted {
            person: 1,
            by_hand: false,
        },
        2,
    );
    side.happens(&Event::Designated(3), 2);
    assert_eq!(side.due(2).await, ["id-0001", "id-0002", "id-0003"]);
    let report = side.sync(3).await.unwrap();
    assert_eq!((report.summary.updated, report.summary.granted), (1, 1));
    // Time and the other contacts matter to a contact, so that one is always looked at.
    assert_eq!(side.due(4).await, ["id-0003"]);
    let before = side.rig.revision();
    assert_eq!(side.sync(4).await.unwrap().summary.read, PEOPLE as u64);
    assert_eq!(side.rig.revision(), before);
}

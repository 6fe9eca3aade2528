//! The store's marks: activity events a second, people of a first sync, a sweep's look, a decision's facts, a start.
//!
//! `cargo bench -p provost --bench store`; figures are worth something only beside others of the same run.

#![allow(clippy::unwrap_used)] // a bench that cannot be set up has nothing to measure

use divan::Bencher;
use divan::counter::ItemsCount;
use jiff::{SignedDuration, Timestamp};
use provost::flow;
use provost::flow::ingest::{Event, Item, Sender, Sent};
use provost::live::{Live, Loader};
use provost::store::{CommitError, Store};
use provost_core::change::{Actor, Change, Plan};
use provost_core::contact::{Activity, ActivityKind, Contact, ContactKind, ContactState};
use provost_core::decision::{Reference, Request};
use provost_core::id::{PersonId, Revision};
use provost_core::person::{MAIN_HOMEPAGE, Person};
use provost_core::role::Roles;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// People of a large district, and a tenth of that, to see what grows.
const SIZES: [u64; 2] = [10_000, 100_000];

/// Contacts that are due at once.
const DUE: u64 = 1_000;

fn main() {
    divan::main();
}

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365 * 55)
}

fn id(n: u64) -> PersonId {
    PersonId::new(format!("staff-ldap:{n:08x}-4f89-11d3-9a0c-0305e82c3301")).unwrap()
}

fn district() -> Change {
    let district = serde_json::json!({
        "id": "lone-pine", "name": "Lone Pine Unified", "timezone": "America/Denver",
        "edition": "standard", "products": ["sis"],
    });
    Change::District {
        before: None,
        after: Box::new(serde_json::from_value(district).unwrap()),
    }
}

fn person(n: u64) -> Change {
    let person = Person {
        id: id(n),
        district: "lone-pine".parse().unwrap(),
        username: format!("user{n:07}"),
        name: format!("Staff Member {n}"),
        mail: vec![format!("user{n:07}@lonepine.example")],
        phone: vec![format!("+1 555 {n:07}")],
        employee_number: Some(n.to_string()),
        title: Some("Teacher".to_owned()),
        homepage: MAIN_HOMEPAGE.to_owned(),
        enabled: true,
        schools: ["HS01".parse().unwrap()].into(),
        third_party: None,
        coach_of: Default::default(),
        directory: None,
    };
    Change::Person {
        before: None,
        after: Some(Box::new(person)),
    }
}

/// A contact; the first [`DUE`] are due now, the others later.
fn contact(n: u64) -> Change {
    let wait = if n < DUE { 0 } else { 24 + n as i64 };
    let contact = Contact {
        person: id(n),
        district: "lone-pine".parse().unwrap(),
        kind: ContactKind::Support,
        state: ContactState::Active,
        designated: now(),
        reactivated: None,
        last_activity: None,
        episodes: 0,
        episode: None,
        hold: None,
        suspended: None,
        deactivated: None,
        next_due: Some(now() + SignedDuration::from_hours(wait)),
    };
    Change::Contact {
        before: None,
        after: Box::new(contact),
    }
}

/// Streams changes into one commit.
fn commit(store: &Store, changes: impl Iterator<Item = Change> + Send + 'static) {
    let base = store.read().unwrap().revision();
    let done: Result<Revision, CommitError> = store.write(move |writing| {
        let mut commit = writing.begin(base, &Actor::Timer, now())?;
        for change in changes {
            commit.apply(&change)?;
        }
        commit.finish()
    });
    done.unwrap();
}

struct Scene {
    _folder: tempfile::TempDir,
    store: Store,
}

fn empty() -> Scene {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let store = Store::open(&folder.path().join("provost.db")).unwrap();
    commit(&store, std::iter::once(district()));
    Scene {
        _folder: folder,
        store,
    }
}

/// People, each of them a contact.
fn staffed(people: u64) -> Scene {
    let scene = empty();
    commit(
        &scene.store,
        (0..people).flat_map(|n| [person(n), contact(n)]),
    );
    scene
}

#[divan::bench(args = [100, 1_000, 5_000], sample_count = 20, sample_size = 1)]
fn activity_events_in_batches(bencher: Bencher, batch: u64) {
    let scene = staffed(1_000);
    let next = AtomicU64::new(0);
    let plan = || {
        let base = scene.store.read().unwrap().revision();
        let mut plan = Plan::new(base, Actor::Operator("portal".to_owned()), now());
        plan.changes = (0..batch)
            .map(|_| {
                let n = next.fetch_add(1, Ordering::Relaxed);
                let activity = Box::new(Activity {
                    id: format!("portal-{n}").parse().unwrap(),
                    person: id(n % 1_000),
                    kind: ActivityKind::PortalLogin,
                    occurred: now(),
                    feed: None,
                });
                Change::Activity { activity }
            })
            .collect();
        plan
    };
    bencher
        .with_inputs(plan)
        .counter(ItemsCount::new(batch))
        .bench_local_values(|plan| scene.store.commit(plan).unwrap());
}

/// Events of a batch through the whole flow, spread over so many contacts: each counts.
#[divan::bench(args = [10, 1_000], sample_count = 20, sample_size = 1)]
fn activity_batches_taken(bencher: Bencher, contacts: u64) {
    const BATCH: u64 = 1_000;
    let scene = staffed(contacts);
    let written = "[store]\npath = \"unused\"\n";
    let written = provost::document::parse("bench", written).unwrap();
    let config = provost::config::parse(&written, None).unwrap();
    let live = Live::load(config, &Loader::forgetful(None).unwrap());
    let live = live.unwrap_or_else(|problems| panic!("{problems:?}"));
    let next = AtomicU64::new(0);
    let batch = || -> Vec<Sent> {
        let event = |line| {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let at = now() + SignedDuration::from_secs(n as i64 + 1);
            let event = Event {
                person: id(n % contacts).to_string(),
                kind: "portal-login".to_owned(),
                at: at.to_string(),
                id: Some(format!("portal-{n}")),
                feed: None,
            };
            Sent {
                line,
                item: Ok(Item::Event(event)),
            }
        };
        (1..=BATCH).map(event).collect()
    };
    let sender = Sender {
        actor: Actor::Operator("portal".to_owned()),
        may: &|_| Ok(()),
        unreadable_before: false,
    };
    bencher
        .with_inputs(batch)
        .counter(ItemsCount::new(BATCH))
        .bench_local_values(|batch| {
            let at = flow::Scene {
                store: &scene.store,
                live: &live,
                now: now() + SignedDuration::from_hours(24),
            };
            let taken = flow::ingest::run(at, &batch, &sender).unwrap();
            assert!(taken.iter().all(|taken| taken.result.is_taken()));
            taken
        });
}

#[divan::bench(args = SIZES, sample_count = 3, sample_size = 1)]
fn people_of_a_first_sync(bencher: Bencher, people: u64) {
    bencher
        .with_inputs(empty)
        .counter(ItemsCount::new(people))
        .bench_local_values(|scene| {
            commit(&scene.store, (0..people).map(person));
            scene
        });
}

#[divan::bench(args = SIZES)]
fn contacts_that_are_due(bencher: Bencher, people: u64) {
    let scene = staffed(people);
    bencher
        .counter(ItemsCount::new(DUE))
        .bench_local(|| scene.store.read().unwrap().due(now(), 1_000).unwrap());
}

#[divan::bench]
fn facts_of_a_login_as(bencher: Bencher) {
    let scene = empty();
    commit(&scene.store, (0..10_000).map(person));
    commit(&scene.store, (0..5).map(contact));
    let roles = Arc::new(Roles::standard());
    let reference = |id: String| Reference { kind: None, id };
    let request = Request {
        subject: reference("lone-pine/user0000001".to_owned()),
        action: "login-as".to_owned(),
        resource: reference("lone-pine/user0009999".to_owned()),
        properties: Default::default(),
        context: Default::default(),
    };
    bencher.bench_local(|| {
        let register = scene.store.read().unwrap();
        register.facts(&request, now(), &roles).unwrap()
    });
}

#[divan::bench(args = SIZES, sample_count = 10, sample_size = 1)]
fn start(bencher: Bencher, people: u64) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("provost.db");
    let store = Store::open(&path).unwrap();
    commit(&store, std::iter::once(district()));
    commit(&store, (0..people).map(person));
    drop(store);
    bencher.bench_local(|| drop(Store::open(&path).unwrap()));
}

//! Activity events made durable, in batches.

use provost::flow;
use provost::flow::ingest::{Event, Item, Sender, Sent};
use provost::live::{Live, Loader};
use provost_core::change::{Actor, Change, Plan};
use provost_core::contact::{Activity, ActivityKind};
use std::cell::{Cell, RefCell};
use std::time::Duration;

use crate::Extent;
use crate::bare::Twin;
use crate::measure::{RUNS, in_turns, median, seconds};
use crate::register::{self, id, now};
use crate::table::{Amount, Mark, Row};

/// People whose events they are.
const PEOPLE: u64 = 1_000;

/// The rows of this part.
pub(crate) fn rows(_: Extent) -> Vec<Row> {
    let mut rows: Vec<Row> = [100, 1_000, 5_000].map(batches).into();
    rows.push(batches_checked());
    rows
}

fn batches(batch: u64) -> Row {
    let folder = register::folder();
    let store = register::staffed(folder.path(), PEOPLE);
    let twin = RefCell::new(Twin::of(&store, folder.path()));
    let next = Cell::new(0);
    let ours = || {
        let plan = plan(
            store.read().unwrap().revision(),
            next.replace(next.get() + batch),
            batch,
        );
        seconds(|| {
            store.commit(plan).unwrap();
        })
    };
    let theirs = || {
        let (took, rows) = twin.borrow_mut().follow(|_| {});
        assert!(rows as u64 >= 3 * batch, "{rows} rows");
        took
    };
    let (ours, theirs) = in_turns(3 * RUNS, ours, theirs);
    let rate = |took: f64| Amount::PerSecond(batch as f64 / took);
    let row = Row::new(
        format!("activity events, durable batches of {batch}"),
        rate(ours),
    )
    .against("the same rows by bare SQL", rate(theirs));
    match batch {
        1_000 => row.first(Mark::AtLeast(Amount::PerSecond(20_000.0))),
        _ => row,
    }
}

/// Batches as the API takes them: each event checked, whose it is looked up, and what follows from it for its contact.
fn batches_checked() -> Row {
    const BATCH: u64 = 1_000;
    let folder = register::folder();
    let store = register::staffed(folder.path(), PEOPLE);
    let written = provost::document::parse("bench", "[store]\npath = \"unused\"\n").unwrap();
    let config = provost::config::parse(&written, None).unwrap();
    let live = Live::load(config, &Loader::forgetful(None).unwrap());
    let live = live.unwrap_or_else(|problems| panic!("{problems:?}"));
    let sender = Sender {
        actor: Actor::Operator("portal".to_owned()),
        reach: None,
        unreadable_before: false,
    };
    let took: Vec<f64> = (0..3 * RUNS as u64)
        .map(|run| {
            let batch: Vec<Sent> = (run * BATCH..(run + 1) * BATCH).map(sent).collect();
            let at = flow::Scene {
                store: &store,
                live: &live,
                now: now() + Duration::from_hours(24),
            };
            seconds(|| {
                let taken = flow::ingest::run(at, &batch, &sender).unwrap();
                assert!(taken.iter().all(|taken| taken.result.is_taken()));
            })
        })
        .collect();
    Row::new(
        "the same as the API takes them: checked, each for a contact",
        Amount::PerSecond(BATCH as f64 / median(took)),
    )
    .first(Mark::AtLeast(Amount::PerSecond(20_000.0)))
}

fn sent(n: u64) -> Sent {
    let event = Event {
        person: id(n % register::CONTACTS).to_string(),
        kind: "portal-login".to_owned(),
        at: (now() + Duration::from_micros(n + 1)).to_string(),
        id: Some(format!("sent-{n}")),
        feed: None,
    };
    Sent {
        line: n,
        item: Ok(Item::Event(event)),
    }
}

fn plan(base: provost_core::id::Revision, from: u64, batch: u64) -> Plan {
    let mut plan = Plan::new(base, Actor::Operator("portal".to_owned()), now());
    let event = |n: u64| {
        let activity = Box::new(Activity {
            id: format!("portal-{n}").parse().unwrap(),
            person: id(n % PEOPLE),
            kind: ActivityKind::PortalLogin,
            // One after the other, so that the newest are known by their time.
            occurred: now() + Duration::from_micros(n + 1),
            feed: None,
        });
        Change::Activity { activity }
    };
    plan.changes = (from..from + batch).map(event).collect();
    plan
}

//! Activity events made durable, in batches.

use provost_core::change::{Actor, Change, Plan};
use provost_core::contact::{Activity, ActivityKind};
use std::cell::{Cell, RefCell};
use std::time::Duration;

use crate::Extent;
use crate::bare::Twin;
use crate::measure::{RUNS, in_turns, seconds};
use crate::register::{self, id, now};
use crate::table::{Amount, Mark, Row};

/// People whose events they are.
const PEOPLE: u64 = 1_000;

/// The rows of this part.
pub(crate) fn rows(_: Extent) -> Vec<Row> {
    [100, 1_000, 5_000].map(batches).into()
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

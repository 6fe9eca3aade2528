//! A sweep, when few of many contacts are due.

use provost::config::Config;
use provost::flow::{Scene, sweep};
use provost::live::{Live, Loader};
use provost::store::Store;
use provost_core::Timestamp;
use provost_core::change::{Actor, Change};
use rusqlite::Connection;
use std::time::Duration;

use crate::Extent;
use crate::bare::Twin;
use crate::measure::{median, seconds};
use crate::register::{self, commit, contact, district, now, person};
use crate::table::{Amount, Mark, Row};

/// Contacts that are due at each sweep.
const DUE: u64 = 1_000;

/// Sweeps that are measured, each with contacts of its own.
const SWEEPS: u64 = 5;

/// Contacts of one district.
const DISTRICT: u64 = 1_000;

/// The rows of this part.
pub(crate) fn rows(extent: Extent) -> Vec<Row> {
    let many = extent.of(100_000, 1_000_000);
    let few = many / 10;
    let (ours, bare) = measured(many, few);
    let (few_ours, few_bare) = measured(few, few);
    vec![
        Row::new(format!("sweep, {DUE} due of {many} contacts"), ours)
            .against("the same rows by bare SQL", bare)
            .first(Mark::RatioAtMost(1.5)),
        Row::new(format!("sweep, {DUE} due of {many} contacts"), ours)
            .against(format!("the same due of {few}"), few_ours)
            .first(Mark::RatioAtMost(1.1)),
        Row::new(format!("the same rows of {many} by bare SQL"), bare)
            .against(format!("by bare SQL of {few}"), few_bare),
    ]
}

/// Contacts of whom some are due in each sweep, spread over the `first` ones; the others later.
fn contacts(count: u64, first: u64) -> impl Iterator<Item = Change> {
    let home = |n: u64| format!("district-{}", n / DISTRICT);
    let districts =
        (0..count.div_ceil(DISTRICT)).map(|n| district(&format!("district-{n}"), "standard"));
    let step = first / (DUE * SWEEPS);
    let staff = (0..count).flat_map(move |n| {
        let due = if n < first && n.is_multiple_of(step) {
            due_in(n / step % SWEEPS)
        } else {
            now() + Duration::from_secs(90 * 86_400)
        };
        [person(&home(n), n), contact(&home(n), n, due)]
    });
    districts.chain(staff)
}

/// When the contacts of a sweep are due.
fn due_in(sweep: u64) -> Timestamp {
    now() + Duration::from_secs(86_400 * sweep)
}

/// Medians of the sweep and of the bare SQL that reads and writes the same rows.
fn measured(count: u64, first: u64) -> (Amount, Amount) {
    let folder = register::folder();
    let store = Store::open(&register::file(folder.path())).unwrap();
    commit(&store, contacts(count, first));
    let live = Live::load(config(folder.path()), &Loader::forgetful(None).unwrap())
        .unwrap_or_else(|problems| panic!("{problems:?}"));
    let mut twin = Twin::of(&store, folder.path());
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for sweep in 0..SWEEPS {
        let scene = Scene {
            store: &store,
            live: &live,
            now: due_in(sweep),
        };
        ours.push(seconds(|| {
            let changes = sweep::run(scene, &Actor::Timer).unwrap();
            assert_eq!(changes as u64, 2 * DUE, "a contact and a notice each");
        }));
        let (took, rows) = twin.follow(|copy| read_due(copy, due_in(sweep)));
        assert_eq!(
            rows as u64,
            6 * DUE,
            "contact, notice, and two rows of the journal for each"
        );
        bare.push(took);
    }
    (Amount::Seconds(median(ours)), Amount::Seconds(median(bare)))
}

/// Reads the rows of contacts that are due, as a sweep must.
fn read_due(copy: &Connection, now: Timestamp) {
    const DUE_ROWS: &str =
        "SELECT body FROM contact WHERE next_due <= ?1 ORDER BY next_due, person";
    let mut statement = copy.prepare_cached(DUE_ROWS).unwrap();
    let rows = statement.query_map([now.as_microsecond()], |row| row.get::<_, String>(0));
    assert_eq!(rows.unwrap().count() as u64, DUE);
}

/// A configuration without anything but the register, in which no number of notices is a mass.
pub(crate) fn config(folder: &std::path::Path) -> Config {
    let text = format!(
        "[store]\npath = \"{folder}/provost.db\"\n[listen]\nsocket = \"{folder}/provost.sock\"\n\
         [notices]\napprove-above = 1000000\n",
        folder = folder.display(),
    );
    let path = folder.join("provost.toml");
    std::fs::write(&path, text).unwrap();
    provost::config::read(&path, None).unwrap()
}

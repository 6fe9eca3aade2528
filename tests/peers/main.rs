//! Our decisions beside those of general policy engines, on the same facts: rows as `cargo bench --bench table` draws
//! them, measured by its yardstick.

#![allow(clippy::unwrap_used, dead_code)] // a part of the yardstick is for other tables

#[path = "../bench/decision.rs"]
mod decision;
#[path = "../bench/machine.rs"]
mod machine;
#[path = "../bench/measure.rs"]
mod measure;
#[path = "../bench/register.rs"]
mod register;
#[path = "../bench/table.rs"]
mod table;

use decision::{live, login_as, of_the_edition};
use measure::each;
use provost::flow::decide::decide_on;
use provost::live::Live;
use provost::store::Store;
use provost_core::decision::{Facts, Request, decide};
use provost_peers::{Cedar, Pair, Rego};
use table::{Mark, Row};

/// As in the table: here always the small size, people do not matter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent;

impl Extent {
    /// The smaller one.
    pub(crate) fn of<T>(self, quick: T, _full: T) -> T {
        quick
    }
}

fn main() {
    if !std::env::args().any(|word| word == "--bench") {
        return;
    }
    let folder = register::folder();
    let store = register::staffed(folder.path(), Extent.of(10_000, 100_000));
    let live = live(folder.path());
    let mut rows = rules(&facts(&store, &live, login_as(101)));
    rows.push(plugin(&store, &live));
    println!("\n{}\n{}", machine::described(), table::drawn(&rows));
}

fn facts(store: &Store, live: &Live, request: Request) -> (Request, Facts) {
    let read = store.read().unwrap();
    let facts = read.facts(&request, register::now(), &live.roles).unwrap();
    (request, facts)
}

/// The rules alone. The engines decide as we do, in either direction.
fn rules((request, facts): &(Request, Facts)) -> Vec<Row> {
    let (there, back) = (Pair::of(facts), Pair::of(facts).turned());
    let cedar = Cedar::new();
    assert!(decide(request, facts, Vec::new()).decision);
    assert!(cedar.decides(&there) && !cedar.decides(&back));
    let mut rego = Rego::new();
    assert!(rego.decides(&there) && !rego.decides(&back));
    let prepared = cedar.prepared(&there);
    let ours = || {
        let median = each(|| decide(request, facts, Vec::new()));
        Row::new("login-as: the rules alone, all reasons", median)
    };
    let built = each(|| cedar.decides(&there));
    let prebuilt = each(|| cedar.decides_prepared(&prepared));
    let json = each(|| rego.decides(&there));
    vec![
        ours().against("cedar-policy, entities prebuilt", prebuilt),
        ours()
            .against("cedar-policy, entities built", built)
            .aim(Mark::RatioAtMost(0.1)),
        ours()
            .against("regorus, JSON in", json)
            .aim(Mark::RatioAtMost(0.02)),
    ]
}

/// A decision through a plugin, which Cedar would be in the place of.
fn plugin(store: &Store, live: &Live) -> Row {
    let (request, given) = facts(store, live, of_the_edition());
    assert!(decide_on(live, &request, &given).decision);
    let through = each(|| decide_on(live, &request, &given));
    let (_, pair) = facts(store, live, login_as(101));
    let (cedar, pair) = (Cedar::new(), Pair::of(&pair));
    Row::new("through an edition's plugin, fresh instance", through)
        .against(
            "cedar-policy, entities built",
            each(|| cedar.decides(&pair)),
        )
        .aim(Mark::RatioAtMost(0.5))
}

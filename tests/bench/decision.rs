//! A decision: the rules alone, with the facts that the store keeps, with facts read anew, through an edition's plugin.

use provost::flow::decide::decide_on;
use provost::flow::{Scene, report};
use provost::live::{Live, Loader};
use provost::store::Store;
use provost_core::decision::{Reference, Request, decide};
use provost_core::role::Roles;
use provost_tests::provost::plugin;
use std::path::Path;
use std::sync::Arc;

use crate::Extent;
use crate::measure::each;
use crate::register::{self, EDITION, STANDARD, now, username};
use crate::table::{Amount, Mark, Row};

fn reference(kind: &str, id: String) -> Reference {
    Reference {
        kind: Some(kind.to_owned()),
        id,
    }
}

/// One who holds the sis wants to enter the account of the person of a number.
pub(crate) fn login_as(target: u64) -> Request {
    Request {
        subject: reference("person", format!("{STANDARD}/{}", username(1))),
        action: "login-as".to_owned(),
        resource: reference("person", format!("{STANDARD}/{}", username(target))),
        properties: Default::default(),
        context: Default::default(),
    }
}

/// What only the plugin's edition knows: submits the report of its district.
pub(crate) fn of_the_edition() -> Request {
    Request {
        subject: reference("person", format!("{EDITION}/{}", username(9))),
        action: "montana.aim-submit".to_owned(),
        resource: reference("district", EDITION.to_owned()),
        properties: Default::default(),
        context: Default::default(),
    }
}

/// A configuration with the edition's plugin, in force.
pub(crate) fn live(folder: &Path) -> Live {
    let text = format!(
        "[store]\npath = \"{folder}/provost.db\"\n[listen]\nsocket = \"{folder}/provost.sock\"\n\
         [[district]]\nid = \"{STANDARD}\"\nname = \"Lone Pine Unified\"\ntimezone = \"America/Denver\"\n\
         edition = \"standard\"\nproducts = [\"sis\"]\n\
         [[district]]\nid = \"{EDITION}\"\nname = \"Big Sky Unified\"\ntimezone = \"America/Denver\"\n\
         edition = \"montana\"\nproducts = [\"sis\"]\n\
         [[plugin]]\nid = \"montana-edition\"\nfile = \"{plugin}\"\n",
        folder = folder.display(),
        plugin = plugin("montana-edition").display(),
    );
    let path = folder.join("provost.toml");
    std::fs::write(&path, text).unwrap();
    let config = provost::config::read(&path, None).unwrap();
    let loader = Loader::forgetful(None).unwrap();
    Live::load(config, &loader).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// The rows of this part.
pub(crate) fn rows(extent: Extent) -> Vec<Row> {
    let people = extent.of(10_000, 100_000);
    let folder = register::folder();
    let store = register::staffed(folder.path(), people);
    let live = live(folder.path());
    vec![
        rules(&store, &live),
        warm(&store, &live),
        cold(&store, &live, people),
        through_plugin(&store, &live),
        could_enter(&store, &live, people),
    ]
}

fn rules(store: &Store, live: &Live) -> Row {
    let request = login_as(101);
    let facts = store
        .read()
        .unwrap()
        .facts(&request, now(), &live.roles)
        .unwrap();
    assert!(decide(&request, &facts, Vec::new()).decision);
    Row::new(
        "login-as: the rules alone, all reasons",
        each(|| decide(&request, &facts, Vec::new())),
    )
    .aim(Mark::AtMost(Amount::Seconds(1e-6)))
}

fn warm(store: &Store, live: &Live) -> Row {
    // As many as an office works with at a time.
    let requests: Vec<_> = (0..500).map(|n| login_as(100 + n)).collect();
    let mut turn = 0;
    let median = each(|| {
        turn = (turn + 1) % requests.len();
        let request = &requests[turn];
        let facts = store
            .facts_within(None, request, now(), &live.roles)
            .unwrap();
        decide_on(live, request, &facts)
    });
    Row::new("login-as: facts kept by the store", median).aim(Mark::AtMost(Amount::Seconds(5e-6)))
}

fn cold(store: &Store, live: &Live, people: u64) -> Row {
    let mut target = 0;
    let median = each(|| {
        target = (target + 7) % people;
        let request = login_as(target);
        // Nothing is kept across a change of roles, so everything is read each time.
        let roles = Arc::new(Roles::clone(&live.roles));
        let facts = store.facts_within(None, &request, now(), &roles).unwrap();
        decide_on(live, &request, &facts)
    });
    Row::new(
        format!("login-as: facts read from the store of {people}"),
        median,
    )
    .aim(Mark::AtMost(Amount::Seconds(100e-6)))
}

fn through_plugin(store: &Store, live: &Live) -> Row {
    let request = of_the_edition();
    let facts = store
        .read()
        .unwrap()
        .facts(&request, now(), &live.roles)
        .unwrap();
    assert!(decide_on(live, &request, &facts).decision);
    Row::new(
        "through an edition's plugin, fresh instance, on given facts",
        each(|| decide_on(live, &request, &facts)),
    )
    .against(
        "the same without the plugin",
        each(|| decide(&request, &facts, Vec::new())),
    )
    .aim(Mark::AtMost(Amount::Seconds(25e-6)))
}

/// A search for everybody who may do it: those who hold what gives the feature are found by it, and each is asked about.
fn could_enter(store: &Store, live: &Live, people: u64) -> Row {
    let now = now();
    let scene = Scene { store, live, now };
    let target = format!("{STANDARD}/{}", username(101));
    let found = report::could_enter(scene, &target, &|| false)
        .unwrap()
        .len();
    assert!(found > 0, "nobody could");
    Row::new(
        format!("who could log in as a person, {found} of {people}"),
        each(|| report::could_enter(scene, &target, &|| false).unwrap()),
    )
    .aim(Mark::AtMost(Amount::Seconds(50e-3)))
}

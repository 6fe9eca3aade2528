//! What the rules alone cost, without store and plugins.
//!
//! Marks: rights of one person within another's over 1,000 tools well under 1 µs; the login-as rules ≤ 1 µs.

use jiff::Timestamp;
use provost_core::decision::{
    DistrictFacts, Facts, Party, PersonFacts, Reference, Request, Thing, decide, judge,
};
use provost_core::district::{District, Help, Inactivity, Preferences};
use provost_core::id::{ProductId, Revision};
use provost_core::person::{MAIN_HOMEPAGE, Person};
use provost_core::rights::{ToolName, ToolRights, Tools};
use provost_core::role::{Grant, Granted, Origin, Roles};
use provost_core::time::Zone;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;

const TOOLS: usize = 1_000;

type Made<T> = Result<T, Box<dyn Error>>;

fn main() {
    divan::main();
}

fn names() -> Made<Vec<ToolName>> {
    let numbered = (0..TOOLS).map(|n| format!("tool-{n}").parse());
    let mut names = numbered.collect::<Result<Vec<_>, _>>()?;
    names.push("user-account".parse()?);
    names.push("finance/ledger".parse()?);
    Ok(names)
}

fn catalogue() -> Made<Tools> {
    let mut tools = Tools::default();
    for name in names()? {
        tools.intern(&name);
    }
    Ok(tools)
}

fn district() -> Made<District> {
    Ok(District {
        id: "pine".parse()?,
        name: "Pine".to_owned(),
        timezone: Zone::utc(),
        edition: "standard".parse()?,
        products: [ProductId::new("sis")?].into(),
        hosting: None,
        sites: BTreeSet::new(),
        schools: BTreeMap::new(),
        preferences: Preferences::default(),
        inactivity: Inactivity::default(),
        help: Help::default(),
        mailbox: None,
        linked_to: None,
        technical_cap: 1,
        third_parties: BTreeSet::new(),
    })
}

fn person(id: &str) -> Made<Person> {
    Ok(Person {
        id: id.parse()?,
        district: "pine".parse()?,
        username: id.to_owned(),
        name: id.to_owned(),
        mail: Vec::new(),
        phone: Vec::new(),
        employee_number: None,
        title: None,
        homepage: MAIN_HOMEPAGE.to_owned(),
        enabled: true,
        schools: ["HS01".parse()?, "HS02".parse()?].into(),
        third_party: None,
        coach_of: BTreeSet::new(),
        directory: None,
    })
}

fn holder(id: &str, granted: Vec<Granted>, tools: &Tools) -> Made<Arc<PersonFacts>> {
    let person = person(id)?;
    let grants = granted
        .into_iter()
        .map(|what| Grant {
            person: person.id.clone(),
            what,
            origin: Origin::Manual,
            by: "operator root".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            expires: None,
        })
        .collect();
    Ok(Arc::new(PersonFacts::new(
        person,
        None,
        grants,
        &BTreeMap::new(),
        &district()?,
        (&Roles::standard(), tools),
        Timestamp::UNIX_EPOCH,
    )))
}

/// `sis` enters somebody with R on every tool of the sis, and on `more`.
fn question(more: &[&str]) -> Made<(Request, Facts)> {
    let tools = catalogue()?;
    let sis_tools = names()?.into_iter().filter(ToolName::is_sis);
    let mut rights = Vec::new();
    for tool in sis_tools {
        rights.push(Granted::Tool(tool, "R".parse()?));
    }
    for tool in more {
        rights.push(Granted::Tool(tool.parse()?, "R".parse()?));
    }
    let reference = |id: &str| Reference {
        kind: None,
        id: id.to_owned(),
    };
    let request = Request {
        subject: reference("sam"),
        action: "login-as".to_owned(),
        resource: reference("ned"),
        properties: serde_json::Map::new(),
        context: serde_json::Map::new(),
    };
    let of = district()?;
    let facts = Facts {
        revision: Revision(1),
        now: Timestamp::UNIX_EPOCH,
        subject: Party::Person(holder("sam", vec![Granted::Role("sis".parse()?)], &tools)?),
        resource: Thing::Person(holder("ned", rights, &tools)?),
        districts: [(
            of.id.clone(),
            Arc::new(DistrictFacts {
                district: of,
                contacts: Vec::new(),
                coaches: Vec::new(),
            }),
        )]
        .into(),
        session: None,
        people: BTreeMap::new(),
        call: None,
        group: None,
        roles: Arc::new(Roles::standard()),
        tools: Arc::new(tools),
    };
    Ok((request, facts))
}

fn rights(letters: &str) -> Made<ToolRights> {
    let tools = catalogue()?;
    let mut rights = ToolRights::default();
    for place in 0..tools.len() {
        rights.add(place, letters.parse()?);
    }
    Ok(rights)
}

/// A bench whose input cannot be made must not report a figure.
fn input<T>(made: Made<T>) -> T {
    match made {
        Ok(input) => input,
        Err(why) => {
            eprintln!("make the input of the bench: {why}");
            std::process::exit(1)
        }
    }
}

#[divan::bench]
fn rights_subset_over_1000_tools(bencher: divan::Bencher) {
    let (target, actor) = (input(rights("RW")), input(rights("RWAD")));
    bencher.bench_local(|| black_box(&target).is_subset(black_box(&actor)));
}

#[divan::bench]
fn login_as_rules_allow(bencher: divan::Bencher) {
    let (request, facts) = input(question(&[]));
    bencher.bench_local(|| judge(black_box(&request), black_box(&facts)));
}

#[divan::bench]
fn login_as_rules_deny_for_one_right(bencher: divan::Bencher) {
    let (request, facts) = input(question(&["finance/ledger"]));
    bencher.bench_local(|| judge(black_box(&request), black_box(&facts)));
}

#[divan::bench]
fn login_as_decision_allow(bencher: divan::Bencher) {
    let (request, facts) = input(question(&[]));
    bencher.bench_local(|| decide(black_box(&request), black_box(&facts), Vec::new()));
}

//! Inactivity over thousands of district-years: the real core, store and flows on a virtual clock, with a post office
//! that refuses, defers and loses answers, feeds that lag, appear and vanish, directories that miss people and shut them
//! out, clocks that leap, outages, and crashes at every kind of write (which is counted). What a directory says goes
//! through the core's own changes as a sync commits them, not through a read. After every step a small model of the rule
//! book, which shares no code with the core, says whether what happened may have happened (see [`model`]).
//!
//! That it would notice was tried by breaking the core, one rule at a time: who is suspended is told all the same, absence
//! from one read suspends, the final notice's day of distance or late stages' sliding ignored, acceptance within the hour
//! taken for late, a rescission judged by arrival, the feed's gate or the last contact's hold ignored, a stage given up
//! after seven days, a changed period applied to running episodes, an older event moving the anchor back.
//!
//! One seed is one world. A seed that fails is printed with how to replay it:
//! `PROVOST_SEED=17 cargo test --workspace --test simulation`.

// Everything here is test code; clippy knows that only of the functions that carry the attribute.
#![allow(clippy::unwrap_used)]

mod books;
mod daemon;
mod directory;
mod judge;
mod life;
mod model;
mod operators;
mod ports;
mod trouble;
mod world;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use ports::{CLOCK, Point, WRITES};
use world::World;

/// District-years that a usual run lives through.
const YEARS: f64 = 10_000.0;

/// Settings of a run by its runner.
#[allow(clippy::disallowed_methods)] // seed and length of a run are the runner's choice
fn said<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}

/// The test itself, as its children are told to run it.
const NAME: &str = "ten_thousand_district_years_break_no_rule_of_inactivity";

#[test]
fn ten_thousand_district_years_break_no_rule_of_inactivity() {
    let years = said("PROVOST_SIMULATION_YEARS").unwrap_or(YEARS);
    match (
        said::<u64>("PROVOST_SEED"),
        said::<u64>("PROVOST_SIMULATION_PART"),
    ) {
        (Some(seed), _) => live(seed..=seed, years),
        (None, Some(part)) => live(part * PART..=part * PART + (PART - 1), years),
        (None, None) => share(years),
    }
}

/// A run ends after so many worlds in which a rule was broken.
const BROKEN_MAX: usize = 5;

/// Seeds of one part: more worlds than it will ever need.
const PART: u64 = 1_000_000;

/// Lives through that many district-years on all cores: a process for each, since fail points are a process's own.
fn share(years: f64) {
    let begun = Instant::now();
    let cores = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(8);
    let parts = u32::try_from(cores).unwrap();
    let children: Vec<_> = (0..parts)
        .map(|part| {
            std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", NAME, "--nocapture"])
                .env("PROVOST_SIMULATION_PART", part.to_string())
                .env(
                    "PROVOST_SIMULATION_YEARS",
                    (years / f64::from(parts)).to_string(),
                )
                .stdout(std::process::Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut good = true;
    let mut hit: BTreeMap<(String, String), u64> = BTreeMap::new();
    for child in children {
        let done = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout);
        for line in said.lines() {
            match line.split(' ').collect::<Vec<_>>()[..] {
                [CRASHED, times, point, noun] => {
                    let place = (point.to_owned(), noun.to_owned());
                    *hit.entry(place).or_default() += times.parse::<u64>().unwrap();
                }
                _ if line.contains("district-years") => println!("{line}"),
                _ => {}
            }
        }
        good &= done.status.success();
    }
    println!(
        "{years} district-years in {:.1?}; crashes at {hit:?}",
        begun.elapsed()
    );
    assert!(good, "a rule was broken: see above");
    if years >= YEARS {
        every_write_was_hit(&hit);
    }
}

/// How a child says what its crashes hit: this word, how often, where, which kind of write.
const CRASHED: &str = "crashed";

/// A crash has hit every kind of write, at every point of it.
fn every_write_was_hit(hit: &BTreeMap<(String, String), u64>) {
    for (point, noun) in Point::ALL
        .iter()
        .flat_map(|point| WRITES.map(|noun| (point, noun)))
    {
        // The clock's reading is no change, so that there is no middle of writing it.
        let place = (point.word().to_owned(), noun.to_owned());
        let is_one = *point != Point::Within || noun != CLOCK;
        assert!(
            !is_one || hit.contains_key(&place),
            "no crash hit {place:?}"
        );
    }
}

/// Lives through the worlds of these seeds, until that many district-years are over.
fn live(seeds: RangeInclusive<u64>, years: f64) {
    ports::FUSE.install();
    let house = daemon::House::new();
    let begun = Instant::now();
    let mut tally = world::Tally::default();
    let mut broken = Vec::new();
    for seed in seeds {
        // What is broken has been printed. The next world is worth living through all the same: it may tell more.
        let world = AssertUnwindSafe(|| World::new(seed, &house).live());
        match std::panic::catch_unwind(world) {
            Ok(lived) => tally.add(lived),
            Err(_) => broken.push(seed),
        }
        ports::FUSE.put_out();
        if tally.district_years >= years || broken.len() >= BROKEN_MAX {
            break;
        }
    }
    for ((point, noun), times) in ports::FUSE.blown() {
        println!("{CRASHED} {times} {} {noun}", point.word());
    }
    println!("{tally} in {:.1?}", begun.elapsed());
    assert!(
        broken.is_empty(),
        "rules were broken in the worlds {broken:?}"
    );
}

//! Everything that must hold before a merge, with the time that each step took.

use std::hash::{BuildHasher as _, RandomState};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::place::Place;
use crate::step::{Failed, run};
use crate::{fuzzer, guests, packages, parsers, toolchains};

/// How much is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// What every change must pass.
    Usual,
    /// Property tests with many more cases, other faults each time, minutes of load, minutes of fuzz.
    Long,
}

/// Cases of each property test that does not set its own number.
const CASES_LONG: &str = "20000";

/// District-years of the simulation: half an hour on two cores.
const SIMULATION_LONG: &str = "100000";

/// The test that the fuzzer drives.
const FUZZ: &str = "programs::five_minutes_of_fuzz_by_the_openapi_document_find_no_fault";

/// Seconds of each of the two days of the load test.
const DAY_LONG: &str = "300";

/// Staff of the school years on 389-ds and Samba; on slapd they are as many each time.
const YEAR_STAFF_LONG: &str = "3000";

/// Random moments at which a run is killed.
const KILLS_LONG: &str = "200";

struct Step {
    name: &'static str,
    work: fn(&Place, Extent) -> Result<(), Failed>,
}

impl Step {
    fn belongs_to(&self, extent: Extent) -> bool {
        extent == Extent::Long || self.name != "api fuzz"
    }
}

const STEPS: [Step; 11] = [
    Step {
        name: "packages",
        work: |_, _| packages::install(),
    },
    Step {
        name: "toolchain",
        work: |_, _| guests::toolchain(),
    },
    Step {
        name: "languages",
        work: |place, _| toolchains::install(place),
    },
    Step {
        name: "format",
        work: |place, _| run(place.cargo().args(["fmt", "--all", "--check"])),
    },
    Step {
        name: "lints",
        work: |place, _| lints(place),
    },
    Step {
        name: "build",
        work: |place, _| run(place.cargo().args(["build", "--workspace"])),
    },
    Step {
        name: "supply",
        work: |place, _| {
            run(Command::new(place.supply())
                .current_dir(place.root())
                .arg("check"))
        },
    },
    Step {
        name: "plugins",
        work: |place, _| guests::build(place, &place.binary()),
    },
    Step {
        name: "tests",
        work: tests,
    },
    Step {
        name: "fuzz",
        work: |place, extent| parsers::fuzz(place, parser_seconds(extent)),
    },
    Step {
        name: "api fuzz",
        work: |place, _| fuzz(place),
    },
];

/// Runs all steps. One that fails ends it: what comes later stands on it.
pub(crate) fn all(place: &Place, extent: Extent) -> Result<(), Failed> {
    let mut times = Vec::new();
    let mut outcome = Ok(());
    for step in STEPS.iter().filter(|step| step.belongs_to(extent)) {
        eprintln!("== {}", step.name);
        let start = Instant::now();
        outcome = (step.work)(place, extent);
        times.push((step.name, start.elapsed()));
        if outcome.is_err() {
            break;
        }
    }
    summary(&times, outcome.is_ok());
    outcome
}

fn lints(place: &Place) -> Result<(), Failed> {
    let mut clippy = place.cargo();
    clippy.args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]);
    run(&mut clippy)
}

fn tests(place: &Place, extent: Extent) -> Result<(), Failed> {
    let mut test = place.cargo();
    test.args(["test", "--workspace"])
        .env("PROVOST_PLUGINS", place.plugins());
    if extent == Extent::Long {
        // Ignored tests are children that other tests start, so they are no part of it.
        test.env("PROPTEST_CASES", CASES_LONG)
            .env("PROVOST_DAY_SECONDS", DAY_LONG)
            .env("PROVOST_KILLS", KILLS_LONG)
            .env("PROVOST_FAULT_SEED", any_seed().to_string())
            .env("PROVOST_YEAR_STAFF", YEAR_STAFF_LONG)
            .env("PROVOST_SIMULATION_YEARS", SIMULATION_LONG);
    }
    run(&mut test)
}

/// Another one each time.
fn any_seed() -> u64 {
    RandomState::new().hash_one("a seed")
}

/// Seconds of each fuzz target of the parsers.
fn parser_seconds(extent: Extent) -> u32 {
    match extent {
        Extent::Usual => 60,
        Extent::Long => 600,
    }
}

/// Five minutes of requests that the OpenAPI document allows, and of others. In the long run only: it takes a program
/// from PyPI.
fn fuzz(place: &Place) -> Result<(), Failed> {
    let mut test = place.cargo();
    test.args(["test", "--workspace", "--test", "flow", "--"])
        .args(["--ignored", "--exact", FUZZ])
        .env("PROVOST_PLUGINS", place.plugins())
        .env("PROVOST_SCHEMATHESIS", fuzzer::install(place)?);
    run(&mut test)
}

fn summary(times: &[(&str, Duration)], good: bool) {
    eprintln!();
    for (place, (name, time)) in times.iter().enumerate() {
        let last = place + 1 == times.len();
        let mark = if last && !good { "FAILED" } else { "ok" };
        eprintln!("{name:<10} {mark:<6} {:>7.1} s", time.as_secs_f64());
    }
    for step in &STEPS[times.len()..] {
        eprintln!("{:<10} not run", step.name);
    }
}

//! A full directory sync beside `ldapsearch`: a real daemon, a real slapd, in turns.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use provost_tests::directory::{SERVICE_PASSWORD, service_dn};
use provost_tests::staff::BASE;
use provost_tests::{Change, Client, Staff, World};
use serde_json::json;

use crate::Extent;
use crate::measure::median;
use crate::table::{Amount, Mark, Row};

/// Entries of a page, for both.
const PAGE: u32 = 1_000;

/// Runs of which the medians are taken.
const RUNS: usize = 5;

/// The rows of this part.
pub(crate) fn rows(extent: Extent) -> Vec<Row> {
    let people = extent.of(20_000, 100_000);
    let found = measured(people, RUNS);
    let searched = Amount::Seconds(found.everything_searched);
    let row = |what: &str, took| {
        Row::new(format!("{what}, {people} staff"), Amount::Seconds(took))
            .against("ldapsearch of everything, same pages", searched)
    };
    vec![
        row("full sync into an empty register", found.first)
            .first(Mark::RatioAtMost(4.0))
            .aim(Mark::RatioAtMost(2.0)),
        row("full sync, nothing changed", found.unchanged)
            .first(Mark::RatioAtMost(2.0))
            .aim(Mark::RatioAtMost(1.3)),
        Row::new(
            format!("peak memory (VmHWM) of these syncs, {people} staff"),
            Amount::Bytes(found.peak),
        )
        .first(Mark::AtMost(Amount::Bytes(80e6))),
        row("refresh round, 1 % modified", found.modified),
        Row::new(
            format!("refresh round, nothing changed, {people} staff"),
            Amount::Seconds(found.refreshed),
        )
        .first(Mark::AtMost(Amount::Seconds(0.020))),
    ]
}

/// What was measured. Seconds are medians, memory is the most that any run took.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Measured {
    /// `ldapsearch` reads people, groups and all.
    everything_searched: f64,
    /// The first sync into an empty register: read, plan, durable commit, audit journal.
    first: f64,
    /// The next one, nothing changed.
    unchanged: f64,
    /// Most resident memory of the daemon, bytes.
    peak: f64,
    /// A round by cookie in which one in a hundred has changed.
    modified: f64,
    /// A round by cookie in which nothing has changed.
    refreshed: f64,
}

/// Measures `runs` first syncs, each into a register of its own, each with an unchanged one after it.
fn measured(people: u32, runs: usize) -> Measured {
    let staff = Staff {
        count: people,
        seed: 1,
    };
    // As under systemd, the register lies in a folder of its own: the configuration's folder is watched for changes.
    let state = tempfile::tempdir().unwrap();
    let mut world = World::new("2025-03-02T10:00:00-07:00")
        .with_directory(staff)
        .with_store_in(state.path());
    world.configure("");
    page_alike(&world);
    let url = world.slapd().url();
    let (mut found, mut peak) = ([const { Vec::new() }; 3], 0.0_f64);
    for _ in 0..runs {
        found[0].push(searched(&url, BASE, "(objectClass=*)"));
        forget(state.path());
        // The daemon looks at a new source by itself; what it staged then would not be read again. So there is nothing
        // to look at until the word comes.
        world.slapd().down();
        world.provost.start();
        world
            .provost
            .wait_json(&["sync", "status", "--json"], |sources| {
                sources[0]["outcome"] == "failed"
            });
        world.slapd().up();
        found[1].push(applied(&world, u64::from(people)));
        found[2].push(applied(&world, 0));
        peak = peak.max(peak_memory(&world));
        world.provost.stop();
    }
    let (modified, refreshed) = refreshed(&mut world, people);
    let [everything_searched, first, unchanged] = found.map(median);
    Measured {
        modified,
        refreshed,
        everything_searched,
        first,
        unchanged,
        peak,
    }
}

/// Rounds by cookie on the register of the last run: some with one in a hundred modified, many with nothing changed.
fn refreshed(world: &mut World, people: u32) -> (f64, f64) {
    let config = world.provost.config();
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(
        &config,
        text.replace("mode = \"full\"", "mode = \"refresh\""),
    )
    .unwrap();
    world.provost.start();
    // The first read by this mode is whole, and gives the cookie.
    world
        .provost
        .wait_json(&["sync", "status", "--json"], |sources| {
            sources[0]["outcome"] == "applied" && !sources[0]["reading"].is_u64()
        });
    let mut client = Client::unix(&world.provost.socket());
    let mut round = |changes: u64| {
        let before = Instant::now();
        let reply = client.post("/v1/sync/apply", &json!({}));
        let took = before.elapsed().as_secs_f64();
        let report = reply.json();
        assert_eq!(report["summary"]["changes"], changes, "{report}");
        assert_ne!(
            report["extent"], "everything",
            "a round by cookie: {report}"
        );
        took
    };
    let mut modified = Vec::new();
    for turn in 0..RUNS {
        let turn = u32::try_from(turn).unwrap();
        let some: Vec<_> = (0..people / 100)
            .map(|n| Change::Modify(n * 100 + turn))
            .collect();
        world.slapd().apply(&some);
        modified.push(round(u64::from(people / 100)));
    }
    let nothing = (0..11).map(|_| round(0)).collect();
    world.provost.stop();
    (median(modified), median(nothing))
}

/// Has the daemon ask for pages of the same size as `ldapsearch`.
fn page_alike(world: &World) {
    let config = world.provost.config();
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replace(
        "live = false\n",
        &format!("live = false\npage-size = {PAGE}\n"),
    );
    std::fs::write(&config, text).unwrap();
}

/// Removes the register of the run before.
fn forget(folder: &Path) {
    for ending in ["", "-wal", "-shm", ".lock"] {
        let _ = std::fs::remove_file(folder.join(format!("provost.db{ending}")));
    }
}

/// Seconds of one `sync apply`, which must make at least so many changes, or none at all.
fn applied(world: &World, changes: u64) -> f64 {
    let before = Instant::now();
    let report = world
        .provost
        .cli(&["sync", "apply", "--full", "--json"])
        .json();
    let took = before.elapsed().as_secs_f64();
    let made = report["summary"]["changes"].as_u64();
    let made = made.unwrap_or_else(|| panic!("no changes in {report}"));
    assert!(made >= changes && (changes > 0 || made == 0), "{report}");
    took
}

fn searched(url: &str, base: &str, filter: &str) -> f64 {
    let paging = format!("pr={PAGE}/noprompt");
    let mut command = Command::new("ldapsearch");
    command
        .args(["-x", "-H", url, "-b", base, "-E", &paging])
        .args(["-D", &service_dn(), "-w", SERVICE_PASSWORD, filter])
        .stdout(Stdio::null());
    let before = Instant::now();
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}");
    before.elapsed().as_secs_f64()
}

/// The most memory that the daemon ever had resident. Source: proc(5), `VmHWM`.
fn peak_memory(world: &World) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", world.provost.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kib.and_then(|kib| kib.trim().parse::<f64>().ok()).unwrap() * 1024.0
}

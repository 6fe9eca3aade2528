//! Many things at once, for a while: decisions, syncs, reloads, batches of activity. No client sees an error, memory
//! and descriptors stay flat.
//!
//! `cargo verify` runs it for some seconds; `cargo verify --long` for five minutes, which is an hour of a large
//! district's traffic.

// Everything here is test code; clippy knows that only of the functions that carry the attribute.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hyper::Method;
use nix::sys::signal::Signal;
use provost_tests::{Change, Client, Staff, World};
use serde_json::json;

/// Seconds of load if nothing else is said.
const SECONDS: u64 = 12;

/// Events of a batch.
const BATCH: u32 = 50;

/// Growth of resident memory that a long run may show between its first third and its end.
const GROWTH: f64 = 1.05;

#[test]
fn an_hour_of_traffic_shows_no_client_an_error_and_leaves_nothing_behind() {
    #[allow(clippy::disallowed_methods)] // the length of the soak is the runner's choice
    let seconds =
        std::env::var("PROVOST_LOAD_SECONDS").map_or(SECONDS, |text| text.parse().unwrap());
    let staff = Staff {
        count: 2_000,
        seed: 11,
    };
    let mut world = district(staff);
    let load = Load::new(&world, staff);
    let samples = traffic(&mut world, &load, Duration::from_secs(seconds));
    let errors = load.errors.lock().unwrap().clone();
    assert!(
        errors.is_empty(),
        "{} errors, e.g. {:?}",
        errors.len(),
        &errors[..errors.len().min(5)]
    );
    let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
    println!(
        "{seconds} s: {} decisions, {} events, {} syncs, {} connections",
        count(&load.decisions),
        count(&load.events),
        count(&load.syncs),
        count(&load.connections),
    );
    assert!(count(&load.decisions) > 100 && count(&load.events) > 100 && count(&load.syncs) > 0);
    flat(&samples, seconds);
    assert_eq!(world.provost.stop().code(), Some(0));
}

/// A district whose staff is read, with three contacts.
fn district(staff: Staff) -> World {
    let mut world = World::new("2025-03-02T10:00:00-07:00").with_directory(staff);
    world.configure("");
    world.provost.start();
    // The timer's own first read ends with a plan that waits; before that the source is busy.
    world
        .provost
        .wait_json(&["sync", "status", "--json"], |sources| {
            sources[0]["waiting-plan"].is_string()
        });
    world.provost.cli(&["sync", "apply"]).ok();
    for number in [1, 2, 3] {
        let person = staff.person(number).uid;
        world.provost.cli(&["contact", "designate", &person]).ok();
    }
    world
}

/// Everything at once until the time is over; what the daemon held meanwhile.
fn traffic(world: &mut World, load: &Load, time: Duration) -> Vec<Sample> {
    let pid = world.provost.pid();
    let until = Instant::now() + time;
    let mut samples = Vec::new();
    std::thread::scope(|scope| {
        for worker in 0..3 {
            scope.spawn(move || load.decide(worker));
        }
        scope.spawn(|| load.record());
        scope.spawn(|| load.sync());
        scope.spawn(|| load.come_and_go());
        let mut round = 0;
        while Instant::now() < until {
            std::thread::sleep(Duration::from_millis(500));
            samples.push(Sample::of(pid));
            round += 1;
            if round % 4 == 0 {
                world.provost.signal(Signal::SIGHUP);
            }
            if round % 6 == 0 {
                world.slapd().apply(&[Change::Modify(10 + round)]);
            }
        }
        load.stop.store(true, Ordering::Relaxed);
    });
    samples
}

/// Memory and descriptors are at the end what they were once everything was warm.
fn flat(samples: &[Sample], seconds: u64) {
    let (warm, end) = Sample::ends(samples);
    println!(
        "memory {} KiB after warm-up, {} KiB at the end; descriptors {} and {}",
        warm.memory, end.memory, warm.descriptors, end.descriptors
    );
    assert!(
        end.descriptors <= warm.descriptors + 8,
        "descriptors grow from {} to {}",
        warm.descriptors,
        end.descriptors
    );
    if seconds >= 120 {
        // A short run is all warm-up.
        #[expect(
            clippy::cast_precision_loss,
            reason = "KiB of a process are far below 2^52"
        )]
        let growth = end.memory as f64 / warm.memory as f64;
        assert!(growth <= GROWTH, "resident memory grows by {growth:.3} ×");
    }
}

/// What a process holds at a moment.
#[derive(Debug, Clone, Copy)]
struct Sample {
    /// Resident memory, KiB.
    memory: u64,
    descriptors: usize,
}

impl Sample {
    fn of(pid: u32) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let memory = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .unwrap();
        Self {
            memory: memory.trim().trim_end_matches(" kB").parse().unwrap(),
            descriptors: std::fs::read_dir(format!("/proc/{pid}/fd"))
                .unwrap()
                .count(),
        }
    }

    /// The highest of the second sixth, when everything is warm, and the highest of the last sixth.
    fn ends(samples: &[Self]) -> (Self, Self) {
        let sixth = samples.len() / 6;
        let highest = |samples: &[Self]| Self {
            memory: samples.iter().map(|sample| sample.memory).max().unwrap(),
            descriptors: samples
                .iter()
                .map(|sample| sample.descriptors)
                .max()
                .unwrap(),
        };
        (
            highest(&samples[sixth..2 * sixth + 1]),
            highest(&samples[samples.len() - sixth - 1..]),
        )
    }
}

/// The traffic, and what it met.
struct Load {
    socket: PathBuf,
    staff: Staff,
    stop: AtomicBool,
    errors: std::sync::Mutex<Vec<String>>,
    decisions: AtomicU64,
    events: AtomicU64,
    syncs: AtomicU64,
    connections: AtomicU64,
}

impl Load {
    fn new(world: &World, staff: Staff) -> Self {
        Self {
            socket: world.provost.socket(),
            staff,
            stop: AtomicBool::new(false),
            errors: std::sync::Mutex::default(),
            decisions: AtomicU64::new(0),
            events: AtomicU64::new(0),
            syncs: AtomicU64::new(0),
            connections: AtomicU64::new(0),
        }
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    fn must(&self, client: &mut Client, path: &str, body: &serde_json::Value, allowed: &[u16]) {
        match client.ask(&Method::POST, path, &body.to_string()) {
            Ok(reply) if allowed.contains(&reply.status) => {}
            Ok(reply) => self.note(format!("{path}: {} {}", reply.status, reply.text())),
            Err(why) => self.note(format!("{path}: {why}")),
        }
    }

    fn note(&self, error: String) {
        self.errors.lock().unwrap().push(error);
    }

    fn decide(&self, worker: u32) {
        let mut client = Client::unix(&self.socket);
        let mut number = worker;
        while self.goes_on() {
            number = (number + 7) % self.staff.count;
            let (one, other) = (
                self.staff.person(number).uid,
                self.staff.person(number / 2).uid,
            );
            let body = json!({
                "subject": { "type": "person", "id": format!("lone-pine/{one}") },
                "action": { "name": "login-as" },
                "resource": { "type": "person", "id": format!("lone-pine/{other}") },
            });
            self.must(&mut client, "/access/v1/evaluation", &body, &[200]);
            self.decisions.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn record(&self) {
        let mut client = Client::unix(&self.socket);
        let mut number = 0;
        while self.goes_on() {
            number += 1;
            let items: Vec<_> = (0..BATCH)
                .map(|item| {
                    let person = self.staff.person(1 + item % 3).uid;
                    json!({ "person": format!("lone-pine/{person}"), "kind": "portal-login", "id": format!("e{number}-{item}") })
                })
                .collect();
            self.must(&mut client, "/v1/activity/batch", &json!(items), &[200]);
            self.events.fetch_add(u64::from(BATCH), Ordering::Relaxed);
        }
    }

    /// A sync that runs already refuses another: that is an answer, not an error.
    fn sync(&self) {
        let mut client = Client::unix(&self.socket);
        while self.goes_on() {
            self.must(&mut client, "/v1/sync/apply", &json!({}), &[200, 409]);
            self.syncs.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Clients that come, ask one thing and go.
    fn come_and_go(&self) {
        while self.goes_on() {
            status(&self.socket).unwrap_or_else(|why| self.note(format!("status: {why}")));
            self.connections.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn status(socket: &Path) -> Result<(), String> {
    let reply = Client::unix(socket).ask(&Method::GET, "/v1/status", "");
    match reply {
        Ok(reply) if reply.status == 200 => Ok(()),
        Ok(reply) => Err(format!("{} {}", reply.status, reply.text())),
        Err(why) => Err(why.to_string()),
    }
}

//! A line to the directory that breaks, stalls, garbles and lies, at random messages: nobody is ever taken for departed
//! who is there, and no change is lost once the line holds again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use fastrand::Rng;
use provost_tests::staff::school_dn;
use provost_tests::{
    Change, Ds389, Fault, FaultProxy, Office, Provost, SambaAd, Staff, Step, World, wait,
};
use serde_json::Value;

use crate::from_environment;
use crate::live::{begun_with, follows};
use crate::rounds::{Rounds, Server};
use crate::sync::{NOW, apply, register, run};

const STAFF: Staff = Staff {
    count: 60,
    seed: 11,
};

/// Faults of a test; `PROVOST_FAULTS` says another number, `PROVOST_FAULT_SEED` other ones or those of a run.
const FAULTS: usize = 350;

/// Chance begins here unless told otherwise: what fails after a change is then due to it. `cargo verify --long` begins
/// elsewhere each time.
const SEED: u64 = 1;

/// Faults of a test of a stream, each of which may have to be noticed first, and of rounds with other servers.
const STREAM_FAULTS: usize = 12;
const ROUND_FAULTS: usize = 12;

/// Faults between two moments at which the line holds and everything must arrive.
const STRETCH: usize = 10;

/// Messages of a read of changes that finds nothing, about.
const LEAST: usize = 12;

/// Answers that end an operation early: among them the lies 0, success, and 32, no such object.
const CODES: [u8; 13] = [0, 1, 2, 3, 4, 10, 11, 32, 49, 50, 51, 52, 80];

/// What the directory holds and has held.
struct Truth {
    /// Every title that a person has had, by employee number.
    titles: BTreeMap<String, Vec<String>>,
    /// Who is there.
    there: Vec<u32>,
    /// Who is hired next.
    next: u32,
}

impl Truth {
    fn new() -> Self {
        let titles = STAFF.people().map(|person| {
            let title = person.title.to_owned();
            (person.employee_number, vec![title])
        });
        Self {
            titles: titles.collect(),
            there: (0..STAFF.count).collect(),
            next: STAFF.count,
        }
    }

    /// Another title, a departure or a new colleague.
    fn moves_on(&mut self, world: &mut World, rng: &mut Rng) {
        let slapd = world.slapd();
        match rng.u8(0..10) {
            0 if self.there.len() > 40 => {
                let number = self.there.swap_remove(rng.usize(0..self.there.len()));
                slapd.apply(&[Change::Delete(number)]);
            }
            1 if self.there.len() < 80 => {
                let person = STAFF.person(self.next);
                slapd.apply(&[Change::Add(self.next)]);
                let titles = vec![person.title.to_owned()];
                self.titles.insert(person.employee_number, titles);
                self.there.push(self.next);
                self.next += 1;
            }
            _ => {
                let number = self.there[rng.usize(0..self.there.len())];
                self.titled(world, number);
            }
        }
    }

    /// Somebody has another title.
    fn titled(&mut self, world: &mut World, number: u32) {
        let person = STAFF.person(number);
        let titles = self.titles.get_mut(&person.employee_number).unwrap();
        let title = format!("Title {}", titles.len());
        world.slapd().modify(&format!(
            "dn: {}\nchangetype: modify\nreplace: title\ntitle: {title}\n",
            person.dn()
        ));
        titles.push(title);
    }

    /// Nobody who is there has been shut out; `garbled` if a bit may have arrived as another.
    fn shuts_nobody_out(&self, provost: &Provost, garbled: bool) {
        let people = register(provost);
        for number in &self.there {
            let key = STAFF.person(*number).employee_number;
            let Some(person) = people.get(&key) else {
                continue;
            };
            let status = &person["directory"]["status"];
            let there = *status == "present" || *status == "missing";
            assert!(there, "{key} is in the directory: {person}");
            let titles = &self.titles[&key];
            let known = titles.iter().any(|title| person["title"] == **title);
            assert!(known || garbled, "{key} never had that title: {person}");
        }
    }

    /// The register says what the directory says.
    fn is_known(&self, provost: &Provost) {
        let people = register(provost);
        let there = |person: &Value| {
            let status = &person["directory"]["status"];
            status == "present"
        };
        let known: BTreeMap<_, _> = people
            .iter()
            .filter(|(_, person)| there(person))
            .map(|(key, person)| (key.clone(), person["title"].as_str().unwrap().to_owned()))
            .collect();
        let truth: BTreeMap<_, _> = self
            .there
            .iter()
            .map(|number| {
                let key = STAFF.person(*number).employee_number;
                let title = self.titles[&key].last().unwrap().clone();
                (key, title)
            })
            .collect();
        assert_eq!(known, truth);
    }
}

/// Faults that a line can have, and those of a server that lies: a read of everything sees through both, a read of
/// changes can only be as good as what the server names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Line,
    Any,
}

fn fault(rng: &mut Rng, kind: Kind) -> Fault {
    match rng.u8(0..if kind == Kind::Any { 32 } else { 16 }) {
        0..6 => Fault::Cut(rng.usize(0..200)),
        6 => Fault::Stall,
        7 => Fault::Swell,
        // Success is no fault of the line.
        8..16 => Fault::End(CODES[rng.usize(1..CODES.len())]),
        16..20 => Fault::Flip(rng.usize(0..1600)),
        20..24 => Fault::Lose,
        24..26 => Fault::Repeat,
        26..28 => Fault::Overtake,
        _ => Fault::End(CODES[rng.usize(0..CODES.len())]),
    }
}

/// Applies until nothing is left to do: an absence needs two reads.
fn catches_up(provost: &Provost, kind: Kind, garbled: bool) {
    let args: &[&str] = match kind {
        Kind::Any => &["sync", "apply", "--full", "--json"],
        Kind::Line => &["sync", "apply", "--json"],
    };
    let settled = (0..4).any(|_| {
        let answer = run(provost, args);
        let report = if garbled && answer.code == 1 {
            let refused = answer.refused();
            let numbers_alone = serde_json::json!([{ "concern": "behind" }]);
            assert_eq!(refused["summary"]["concerns"], numbers_alone, "{refused}");
            // A change number that arrived as a later one: nobody but an operator can know that the server has not gone
            // back, and the plan that is approved ends it.
            let hash = refused["hash"].as_str().unwrap();
            run(provost, &["sync", "apply", "--plan", hash, "--json"]).json()
        } else {
            answer.json()
        };
        assert_eq!(report["done"]["outcome"], "applied", "{report}");
        report["summary"]["changes"] == 0
    });
    assert!(settled, "there is always more to do");
}

/// A district that knows its directory and reads it over a line that can break.
fn synced(mode: &'static str) -> World {
    let mut world = World::new(NOW)
        .with_directory(STAFF)
        .with_fault_proxy()
        .reading(mode, "(objectClass=inetOrgPerson)");
    world.configure("");
    world.provost.start();
    apply(&world.provost);
    world
}

/// Where chance begins, and how many faults there are to be.
fn chance(faults: usize) -> (Rng, usize) {
    let seed = from_environment("PROVOST_FAULT_SEED").unwrap_or(SEED);
    println!("PROVOST_FAULT_SEED={seed}");
    let wanted = from_environment("PROVOST_FAULTS");
    let wanted = wanted.map_or(faults, |wanted| usize::try_from(wanted).unwrap());
    (Rng::with_seed(seed), wanted)
}

fn faults(mode: &'static str, kind: Kind) {
    let (mut rng, wanted) = chance(FAULTS);
    let mut world = synced(mode);
    let (_, mut messages) = world.fault_proxy().disarm();
    let (mut truth, mut struck, mut garbled) = (Truth::new(), 0, false);
    while struck < wanted {
        for _ in 0..STRETCH {
            if rng.bool() {
                truth.moves_on(&mut world, &mut rng);
            }
            let fault = fault(&mut rng, kind);
            garbled |= matches!(fault, Fault::Flip(_));
            let at = rng.usize(0..messages + 2);
            println!("{struck}: {fault:?} at message {at}");
            world.fault_proxy().arm(at, fault);
            let answer = run(&world.provost, &["sync", "apply", "--json"]);
            let (strikes, came) = world.fault_proxy().disarm();
            struck += usize::from(strikes);
            // What struck may have been the last message.
            messages = came.max(LEAST);
            if !answer.out.contains("\"changes\": 0") {
                truth.shuts_nobody_out(&world.provost, garbled);
            }
        }
        catches_up(&world.provost, kind, garbled);
        truth.is_known(&world.provost);
        garbled = false;
    }
    world.provost.cli(&["audit", "verify"]).ok();
}

/// Faults of a stream and of whatever is asked beside it, one after the other.
fn faults_of_a_stream(kind: Kind) {
    let (mut rng, wanted) = chance(STREAM_FAULTS);
    let world = World::new(NOW)
        .with_directory(STAFF)
        .with_fault_proxy()
        .reading("live", "(objectClass=inetOrgPerson)");
    world.configure("");
    let often = "every = \"24h\"\nping-after = \"1s\"\nping-timeout = \"1s\"";
    world.reconfigure("every = \"24h\"", often);
    let mut world = begun_with(world, STAFF.count);
    let (mut truth, mut struck) = (Truth::new(), 0);
    while struck < wanted {
        follows(&world.provost);
        let mut garbled = false;
        for _ in 0..STRETCH / 2 {
            let (fault, at) = (fault(&mut rng, kind), rng.usize(0..8));
            garbled |= matches!(fault, Fault::Flip(_));
            println!("{struck}: {fault:?} at message {at}");
            world.fault_proxy().arm(at, fault);
            for _ in 0..rng.usize(1..4) {
                truth.moves_on(&mut world, &mut rng);
            }
            let strikes = soon(|| world.fault_proxy().has_struck());
            struck += usize::from(strikes);
            truth.shuts_nobody_out(&world.provost, garbled);
        }
        world.fault_proxy().disarm();
        if garbled {
            catches_up(&world.provost, kind, true);
        }
        follows(&world.provost);
        catches_up(&world.provost, kind, false);
        truth.is_known(&world.provost);
        // The line holds again: what happens now arrives by itself.
        let number = truth.there[0];
        let key = STAFF.person(number).employee_number;
        truth.titled(&mut world, number);
        let title = truth.titles[&key].last().unwrap();
        let has = || register(&world.provost)[&key]["title"] == **title;
        wait::until("the stream", || world.provost.log(), || has().then_some(()));
    }
    world.provost.cli(&["audit", "verify"]).ok();
}

/// Whether it happens before long; what is to happen to a message may find no such message.
fn soon(so: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(1);
    while !so() {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

/// A server behind a line that can break.
struct Line<S> {
    server: S,
    proxy: FaultProxy,
}

impl<S: Server> Server for Line<S> {
    fn office(&self) -> Office {
        self.server.office()
    }

    fn access(&self, world: &World) -> String {
        let direct = self.server.access(world);
        let broken = direct.replace(&self.server.office().url, &self.proxy.url());
        assert_ne!(broken, direct);
        format!("{broken}operation-timeout = \"3s\"\npage-size = 20\n")
    }

    fn kill(&mut self) {
        self.server.kill();
    }

    fn up(&mut self) {
        self.server.up();
    }

    fn username(&self) -> &'static str {
        self.server.username()
    }
}

/// Faults of rounds that read changes alone, by the rules of whatever server it is.
fn faults_of_rounds<S: Server>(
    modes: &'static [&'static str],
    start: impl FnOnce(&World) -> Line<S>,
) {
    let (mut rng, wanted) = chance(ROUND_FAULTS);
    let mut rounds = Rounds::begin(STAFF, modes, start);
    let (_, mut messages) = rounds.server.proxy.disarm();
    let (mut there, mut next, mut struck) = (Vec::from_iter(0..STAFF.count), STAFF.count, 0);
    while struck < wanted {
        for turn in 0..STRETCH / 2 {
            let step = match rng.u8(0..4) {
                0 if turn < 2 => {
                    let number = there.swap_remove(rng.usize(0..there.len()));
                    Step::delete(&STAFF.person(number))
                }
                1 => {
                    there.push(next);
                    next += 1;
                    Step::hire(&STAFF.person(next - 1), &school_dn(0))
                }
                _ => {
                    let number = there[rng.usize(0..there.len())];
                    let title = format!("Title {struck}.{turn}");
                    Step::modify(&STAFF.person(number), "title", &[&title])
                }
            };
            rounds.server.office().apply(&[step]);
            let (fault, at) = (fault(&mut rng, Kind::Line), rng.usize(0..messages + 2));
            println!("{struck}: {fault:?} at message {at}");
            rounds.server.proxy.arm(at, fault);
            run(&rounds.world.provost, &["sync", "apply", "--json"]);
            let (strikes, came) = rounds.server.proxy.disarm();
            struck += usize::from(strikes);
            messages = came.max(LEAST);
            let people = register(&rounds.world.provost);
            for number in &there {
                let key = STAFF.person(*number).employee_number;
                let status = |person: &Value| person["directory"]["status"].clone();
                let status = people.get(&key).map(status);
                let out = status.is_some_and(|status| status != "present" && status != "missing");
                assert!(!out, "{key} is in the directory: {}", people[&key]);
            }
        }
        rounds.round("the line holds", &[]);
    }
    rounds.world.provost.cli(&["audit", "verify"]).ok();
}

#[test]
fn a_departure_is_not_lost_at_whichever_message_the_server_has_no_time() {
    const TIME_LIMIT_EXCEEDED: u8 = 3;
    let mut world = synced("refresh");
    let mut truth = Truth::new();
    for at in 0..2 * LEAST {
        let number = truth.there.remove(0);
        world.slapd().apply(&[Change::Delete(number)]);
        world.fault_proxy().arm(at, Fault::End(TIME_LIMIT_EXCEEDED));
        run(&world.provost, &["sync", "apply", "--json"]);
        world.fault_proxy().disarm();
        catches_up(&world.provost, Kind::Line, false);
        truth.is_known(&world.provost);
    }
}

#[test]
fn whatever_happens_to_a_message_of_a_whole_read_nobody_who_is_there_is_shut_out() {
    faults("full", Kind::Any);
}

#[test]
fn whatever_happens_to_the_line_a_stream_goes_on_and_has_lost_nothing() {
    faults_of_a_stream(Kind::Line);
}

#[test]
fn whatever_happens_to_a_message_of_a_stream_nobody_who_is_there_is_shut_out() {
    faults_of_a_stream(Kind::Any);
}

#[test]
fn whatever_happens_to_the_line_rounds_with_389_catch_up_by_themselves() {
    faults_of_rounds(&["refresh"], |world| {
        let server = Ds389::start(world.path(), &STAFF);
        let proxy = FaultProxy::start(server.address());
        Line { server, proxy }
    });
}

#[test]
fn whatever_happens_to_the_line_rounds_with_a_domain_controller_catch_up_by_themselves() {
    faults_of_rounds(&["dirsync"], |world| {
        let server = SambaAd::start_in_clear(world.path(), &STAFF);
        let proxy = FaultProxy::start(server.clear_address());
        Line { server, proxy }
    });
}

#[test]
fn whatever_happens_to_the_line_reads_of_changes_catch_up_by_themselves() {
    faults("refresh", Kind::Line);
}

#[test]
fn whatever_happens_to_a_message_of_a_read_of_changes_nobody_who_is_there_is_shut_out() {
    faults("refresh", Kind::Any);
}

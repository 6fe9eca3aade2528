//! The whole hostile set in one daemon at once: everybody else is answered, and rightly.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use provost_tests::client::Client;
use provost_tests::hostile::{self, Hostile};
use provost_tests::{World, provost};
use serde_json::{Value, json};

const NOW: &str = "2025-03-02T10:00:00-07:00";

/// Half of what the unit grants the service.
const MEMORY_BYTES_MAX: u64 = 512 << 20;

/// Programs that ask each hostile policy without pause.
const ASKERS: usize = 3;

/// Questions of everybody else.
const QUESTIONS: usize = 400;

const OTHERS: &str = r#"
[[district]]
id = "big-sky"
name = "Big Sky"
timezone = "America/Denver"
products = ["sis"]
edition = "montana"
"#;

fn person(id: &str, district: &str) -> String {
    format!(
        "[[person]]\nid = \"{id}\"\ndistrict = \"{district}\"\nusername = \"{id}\"\nname = \"{id}\"\nroles = [\"sis\"]\n"
    )
}

fn question(subject: &str, action: &str, district: &str) -> Value {
    json!({ "subject": { "type": "person", "id": subject }, "action": { "name": action },
            "resource": { "type": "district", "id": district } })
}

/// The answer to a question: allowed or not, and all that was said.
fn ask(client: &mut Client, question: &Value) -> (bool, String) {
    let reply = client.post("/access/v1/evaluation", question);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let answer = reply.json();
    (
        answer["decision"] == true,
        answer["context"]["reasons"].to_string(),
    )
}

fn world(set: &[Hostile]) -> World {
    let mut world = World::new(NOW);
    let montana = provost::plugin("montana-edition");
    world.configure(&format!(
        "{OTHERS}[[plugin]]\nid = \"montana-edition\"\nfile = \"{}\"\n{}",
        montana.display(),
        hostile::configuration(world.path(), set)
    ));
    world.provost.start();
    let mut register = person("ana", "lone-pine") + &person("ben", "big-sky");
    for Hostile { id, .. } in set {
        register += &person(&format!("of-{id}"), id);
    }
    world.import(&register);
    world
}

/// Asks a hostile policy until it is to stop: each time it is held, or it stays within its limits.
fn hammer(world: &World, stop: &AtomicBool, calls: &AtomicU32, set: &Hostile) {
    let mut client = Client::unix(&world.provost.socket());
    let asked = question(&format!("of-{}", set.id), "forged.act", &set.id);
    while !stop.load(Ordering::Relaxed) {
        let (allowed, reasons) = ask(&mut client, &asked);
        let resting = reasons.contains("plugin.quarantined");
        let held = set.held.is_some_and(|why| reasons.contains(why));
        // Whoever asks too much of a slow one is told that it is busy; on a busy machine the clock may be faster.
        let busy = reasons.contains("other calls") || reasons.contains("cut off after");
        let well = set.held.is_none() && allowed && reasons.contains("forged.code");
        assert!(
            well || (!allowed && (resting || held || busy)),
            "{}: {reasons}",
            set.id
        );
        calls.fetch_add(1, Ordering::Relaxed);
    }
}

/// Installs what is refused, again and again.
fn install(world: &World, stop: &AtomicBool, files: &[(String, &str)]) {
    while !stop.load(Ordering::Relaxed) {
        for (file, why) in files {
            let said = world.provost.cli(&["plugin", "install", file, "--approve"]);
            assert_eq!(said.code, 1, "{}", said.out);
            assert!(said.err.contains(why), "{why}: {}", said.err);
        }
    }
}

/// What everybody else asks, and the longest of 99 of 100 waits.
fn others(world: &World) -> Duration {
    let mut client = Client::unix(&world.provost.socket());
    let mut waits = Vec::new();
    let ordinary = question("ana", "report.product-roles", "lone-pine");
    let edition = question("ben", "montana.aim-submit", "big-sky");
    for number in 0..QUESTIONS {
        let began = Instant::now();
        let (allowed, reasons) = ask(&mut client, &ordinary);
        assert!(
            allowed && reasons.contains("report.product-roles"),
            "{reasons}"
        );
        waits.push(began.elapsed());
        let (allowed, reasons) = ask(&mut client, &edition);
        assert!(
            allowed && reasons.contains("montana.aim-submit"),
            "{reasons}"
        );
        if number % 50 == 0 {
            assert_eq!(client.get("/healthz").status, 200);
            assert_eq!(client.get("/v1/status").status, 200);
            // Time goes on, so that whoever rests is tried again.
            let minute = 15 * (number / 50);
            world.provost.set_clock(&format!(
                "2025-03-02T{:02}:{:02}:00-07:00",
                10 + minute / 60,
                minute % 60
            ));
        }
    }
    waits.sort();
    waits[waits.len() * 99 / 100]
}

/// The most memory that the daemon has had, in bytes.
fn memory_peak(world: &World) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", world.provost.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap() << 10
}

#[test]
fn an_author_learns_what_a_call_costs_and_a_hostile_one_how_it_is_held() {
    let world = World::new(NOW);
    let set = hostile::in_force();
    hostile::configuration(world.path(), &set);
    let call = json!({ "action": "forged.act", "now": NOW }).to_string();
    let call = world.file("call.json", &call);
    let call = call.to_string_lossy();
    let bench = |id: &str, more: &[&str]| {
        let file = world.path().join(format!("{id}.wasm"));
        let file = file.to_string_lossy();
        let args = ["plugin", "bench", &call, "--component", &file];
        provost::alone(&[&args, more].concat())
    };
    let within = set.iter().position(|hostile| hostile.held.is_none());
    let cost = bench(&set[within.unwrap()].id, &["-n", "20", "--json"]).json();
    assert_eq!(cost["calls"], 20, "{cost}");
    let fuel = cost["percent"]["fuel"].as_f64().unwrap();
    assert!((50.0..100.0).contains(&fuel), "{cost}");
    assert_eq!(cost["fuel"]["p50"], cost["fuel"]["most"]);
    for Hostile { id, held, .. } in &set {
        let Some(held) = held else { continue };
        let said = bench(id, &["-n", "20"]);
        assert_eq!(said.code, 1, "{id}: {}", said.out);
        assert!(said.err.contains(held), "{id}: {}", said.err);
    }
    for number in ["0", "1000000000000"] {
        let said = bench(&set[0].id, &["-n", number]);
        assert_eq!(said.code, 2, "{}", said.err);
        assert!(said.err.contains("1..=1000000"), "{}", said.err);
    }
}

#[test]
fn everybody_else_is_answered_while_the_whole_hostile_set_runs_at_once() {
    let set = hostile::in_force();
    let world = world(&set);
    let refused: Vec<_> = hostile::refused()
        .into_iter()
        .enumerate()
        .map(|(number, (bytes, why))| {
            let file = world.path().join(format!("refused-{number}.wasm"));
            std::fs::write(&file, bytes).unwrap();
            (file.to_string_lossy().into_owned(), why)
        })
        .collect();
    let alone = others(&world);
    let stop = AtomicBool::new(false);
    let calls: Vec<_> = set.iter().map(|_| AtomicU32::default()).collect();
    let together = thread::scope(|scope| {
        for (hostile, calls) in set.iter().zip(&calls) {
            for _ in 0..ASKERS {
                scope.spawn(|| hammer(&world, &stop, calls, hostile));
            }
        }
        scope.spawn(|| install(&world, &stop, &refused));
        // A failed assertion must not leave the others asking for ever.
        let together = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| others(&world)));
        stop.store(true, Ordering::Relaxed);
        together
    });
    let together = together.unwrap_or_else(|why| std::panic::resume_unwind(why));
    let peak = memory_peak(&world);
    println!(
        "p99 alone {alone:?}, together {together:?}; most memory {} MiB",
        peak >> 20
    );
    assert!(peak < MEMORY_BYTES_MAX, "{peak} bytes");
    for (hostile, calls) in set.iter().zip(&calls) {
        assert!(
            calls.load(Ordering::Relaxed) > 5,
            "{} was not asked",
            hostile.id
        );
    }
    assert_eq!(world.provost.cli(&["status"]).code, 0);
}

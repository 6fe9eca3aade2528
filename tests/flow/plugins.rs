//! The life of a plugin in the running daemon: installed, approved, in force, upgraded, rolled back, removed, while
//! decisions go on.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use nix::sys::signal::Signal;
use provost_tests::client::Client;
use provost_tests::{World, provost, wait};
use serde_json::{Value, json};

const NOW: &str = "2025-03-02T10:00:00-07:00";

const BIG_SKY: &str = "[[district]]\nid = \"big-sky\"\nname = \"Big Sky\"\ntimezone = \"America/Denver\"\nproducts = [\"sis\"]\n";

const REGISTER: &str = r#"
[[person]]
id = "ana"
district = "big-sky"
username = "aortiz"
name = "Ana Ortiz"
roles = ["sis"]
"#;

/// The Montana edition with other words in the place of these, which must be as long.
fn montana(changes: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = std::fs::read(provost::plugin("montana-edition")).unwrap();
    for (this, other) in changes {
        assert_eq!(this.len(), other.len());
        let places: Vec<_> = (0..bytes.len())
            .filter(|place| bytes[*place..].starts_with(this.as_bytes()))
            .collect();
        assert!(!places.is_empty(), "{this} is not in it");
        for place in places {
            bytes[place..place + this.len()].copy_from_slice(other);
        }
    }
    bytes
}

/// One that asks for more.
fn greedy() -> Vec<u8> {
    montana(&[("montana.aim-submit", b"montana.aim-upload")])
}

/// One whose answer is no text as soon as it permits something: such a call fails.
fn broken() -> Vec<u8> {
    montana(&[("Holders of", b"\xffolders of")])
}

/// The same plugin with another hash: it has one more custom section.
fn rebuilt(mut bytes: Vec<u8>, mark: u8) -> Vec<u8> {
    bytes.extend([0, 3, 1, b'x', mark]);
    bytes
}

fn file(world: &World, name: &str, bytes: &[u8]) -> String {
    let path: PathBuf = world.path().join(name);
    // Renamed into place, as package managers do.
    let new = path.with_extension("new");
    std::fs::write(&new, bytes).unwrap();
    std::fs::rename(&new, &path).unwrap();
    path.to_string_lossy().into_owned()
}

fn plugin(world: &World, args: &[&str]) -> Value {
    let args: Vec<&str> = [&["plugin"], args, &["--json"]].concat();
    world.provost.cli(&args).json()
}

/// What `plugin …` says when it refuses.
fn refused(world: &World, args: &[&str]) -> String {
    let answer = world.provost.cli(&[&["plugin"], args].concat());
    assert_eq!(answer.code, 1, "{}{}", answer.out, answer.err);
    answer.err
}

fn question(action: &str) -> Value {
    json!({ "subject": { "type": "person", "id": "ana" }, "action": { "name": action },
            "resource": { "type": "district", "id": "big-sky" } })
}

fn reasons(world: &World, action: &str) -> (bool, Vec<String>) {
    let mut client = Client::unix(&world.provost.socket());
    let answer = client
        .post("/access/v1/evaluation", &question(action))
        .json();
    let reasons = answer["context"]["reasons"].as_array().unwrap().iter();
    let codes = reasons.map(|reason| reason["code"].as_str().unwrap().to_owned());
    (answer["decision"] == true, codes.collect())
}

/// Asks again and again whether Ana may upload, beside everything else; none may fail.
struct Asking {
    stop: Arc<AtomicBool>,
    asked: Arc<AtomicU32>,
    thread: thread::JoinHandle<()>,
}

impl Asking {
    fn start(world: &World) -> Self {
        let (stop, asked) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU32::new(0)),
        );
        let (end, count, socket) = (
            Arc::clone(&stop),
            Arc::clone(&asked),
            world.provost.socket(),
        );
        let thread = thread::spawn(move || {
            let mut client = Client::unix(&socket);
            while !end.load(Ordering::Relaxed) {
                let reply = client.post("/access/v1/evaluation", &question("montana.aim-submit"));
                assert_eq!(reply.status, 200, "{}", reply.text());
                let answer = reply.json();
                assert_eq!(answer["decision"], true, "{answer}");
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self {
            stop,
            asked,
            thread,
        }
    }

    /// Ends it, after some more questions.
    fn end(self) {
        let before = self.asked.load(Ordering::Relaxed);
        let more = || self.asked.load(Ordering::Relaxed) > before + 20 || self.thread.is_finished();
        wait::until("decisions", String::new, || more().then_some(()));
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}

fn permitted() -> (bool, Vec<String>) {
    (true, vec!["montana.aim-submit".to_owned()])
}

/// A district whose edition was installed and approved, and the hash of its version.
fn installed() -> (World, String) {
    let mut world = World::new(NOW);
    world.configure(BIG_SKY);
    world.provost.start();
    world.import(REGISTER);
    let first = file(&world, "montana-edition.wasm", &montana(&[]));

    // Installed it waits, whoever installs it; approved it is there for the configuration to name.
    let look = plugin(&world, &["install", &first, "--diff"]);
    let asks = look["version"]["asks-more"].to_string();
    assert!(asks.contains("judge montana.aim-submit"), "{asks}");
    assert_eq!(plugin(&world, &["list"]), json!([]));
    let installed = plugin(&world, &["install", &first]);
    assert_eq!(installed["version"]["state"], "waiting", "{installed}");
    assert_eq!(
        reasons(&world, "montana.aim-submit"),
        (false, vec!["default.deny".to_owned()])
    );
    let one = plugin(&world, &["approve", "montana-edition"]);
    let one = one["plugin"]["in-force"].as_str().unwrap().to_owned();
    world.reconfigure(
        "name = \"Big Sky\"",
        "name = \"Big Sky\"\nedition = \"montana\"",
    );
    world.provost.signal(Signal::SIGHUP);
    wait::until(
        "the edition",
        || world.provost.log(),
        || (reasons(&world, "montana.aim-submit") == permitted()).then_some(()),
    );
    (world, one)
}

#[test]
fn a_plugin_lives_from_installation_to_removal_while_decisions_go_on() {
    let (mut world, one) = installed();

    // What asks for no more is in force at once; what asks for more waits, and the old one goes on.
    let asking = Asking::start(&world);
    let second = file(&world, "second.wasm", &rebuilt(montana(&[]), 2));
    let two = plugin(&world, &["install", &second, "--id", "montana-edition"]);
    assert_eq!(two["version"]["state"], "in-force", "{two}");
    let more = rebuilt(greedy(), 3);
    let third = file(&world, "third.wasm", &more);
    let three = plugin(&world, &["install", &third, "--id", "montana-edition"]);
    assert_eq!(three["version"]["state"], "waiting", "{three}");
    assert_eq!(
        three["version"]["asks-more"],
        json!(["judge montana.aim-upload"])
    );
    assert_eq!(three["plugin"]["in-force"], two["version"]["hash"]);
    asking.end();

    let approved = plugin(&world, &["approve", "montana-edition"]);
    assert_eq!(approved["plugin"]["in-force"], three["version"]["hash"]);
    assert!(!reasons(&world, "montana.aim-submit").0);

    // Back to the one before, and to the first by the beginning of its hash; a restart changes nothing of it.
    let back = plugin(&world, &["rollback", "montana-edition"]);
    assert_eq!(back["plugin"]["in-force"], two["version"]["hash"]);
    let asking = Asking::start(&world);
    let back = plugin(&world, &["rollback", "montana-edition", &one[..8]]);
    assert_eq!(back["plugin"]["in-force"], one);
    asking.end();
    world.provost.stop();
    world.provost.start();
    assert_eq!(plugin(&world, &["list"])[0]["in-force"], one);
    assert_eq!(reasons(&world, "montana.aim-submit"), permitted());

    // What the configuration needs stays; without it the plugin goes.
    let why = refused(&world, &["remove", "montana-edition"]);
    assert!(why.contains("district.big-sky.edition"), "{why}");
    world.reconfigure("edition = \"montana\"", "edition = \"standard\"");
    world.provost.signal(Signal::SIGHUP);
    let removed = ["plugin", "remove", "montana-edition", "--json"];
    world
        .provost
        .wait_json(&removed, |answer| answer["plugin"]["in-force"].is_null());
    assert!(!reasons(&world, "montana.aim-submit").0);
    assert!(refused(&world, &["rollback", "montana-edition"]).contains("not approved"));

    let journal = world.provost.cli(&["audit", "list", "--json"]).json();
    let changes = journal.as_array().unwrap().iter();
    let changes = changes.filter(|entry| entry["noun"] == "plugin").count();
    assert_eq!(changes, 8, "{journal}");
    world.provost.cli(&["audit", "verify"]).ok();
}

#[test]
fn what_the_configuration_offers_is_approved_once_and_no_further() {
    let mut world = World::new(NOW);
    let offered = file(&world, "montana.wasm", &montana(&[]));
    let district = BIG_SKY.replace("Big Sky\"", "Big Sky\"\nedition = \"montana\"");
    world.configure(&format!(
        "{district}[[plugin]]\nid = \"montana-edition\"\nfile = \"{offered}\"\n"
    ));
    world.provost.start();
    world.import(REGISTER);
    let list = |wanted: &str| {
        let states = |list: &Value| {
            let versions = list[0]["versions"].as_array().unwrap().iter();
            let states = versions.map(|version| version["state"].as_str().unwrap().to_owned());
            states.collect::<Vec<_>>().join(" ")
        };
        world
            .provost
            .wait_json(&["plugin", "list", "--json"], |list| states(list) == wanted)
    };
    let first = list("in-force");
    assert_eq!(first[0]["versions"][0]["approved-by"], "configuration");

    // A file that asks for no more is taken as it settles; one that asks for more waits, with an alarm.
    let asking = Asking::start(&world);
    file(&world, "montana.wasm", &rebuilt(montana(&[]), 2));
    list("in-force earlier");
    file(&world, "montana.wasm", &greedy());
    list("waiting in-force earlier");
    asking.end();
    let status = world.provost.cli(&["status", "--json"]).json();
    let alarm = &status["alarms"][0];
    assert_eq!(alarm["code"], "plugin.waits", "{status}");
    assert!(
        alarm["message"]
            .to_string()
            .contains("judge montana.aim-upload"),
        "{alarm}"
    );

    // What was rolled back from does not come back by itself, and what is broken is not taken.
    plugin(&world, &["rollback", "montana-edition"]);
    list("waiting earlier in-force");
    file(&world, "montana.wasm", &rebuilt(montana(&[]), 2));
    world.provost.signal(Signal::SIGHUP);
    file(&world, "montana.wasm", &montana(&[])[..20_000]);
    let refused = |status: &Value| {
        !status["configuration-refused"]
            .as_array()
            .unwrap()
            .is_empty()
    };
    let status = world.provost.wait_json(&["status", "--json"], refused);
    assert!(
        status["configuration-refused"]
            .to_string()
            .contains("truncated"),
        "{status}"
    );
    list("waiting earlier in-force");
    assert_eq!(
        reasons(&world, "montana.aim-submit"),
        (true, vec!["montana.aim-submit".to_owned()])
    );
}

#[test]
fn a_plugin_that_keeps_failing_rests_in_quarantine_and_is_tried_again() {
    let mut world = World::new(NOW);
    let offered = file(&world, "montana.wasm", &broken());
    let district = BIG_SKY.replace("Big Sky\"", "Big Sky\"\nedition = \"montana\"");
    world.configure(&format!(
        "{district}[[plugin]]\nid = \"montana-edition\"\nfile = \"{offered}\"\n"
    ));
    world.provost.start();
    world.import(REGISTER);
    let ask = || reasons(&world, "montana.aim-submit");
    let forbidden = |code: &str| (false, vec![code.to_owned()]);
    for _ in 0..5 {
        assert_eq!(ask(), forbidden("plugin.failed"));
    }
    assert_eq!(ask(), forbidden("plugin.quarantined"));
    let status = ["status", "--json"];
    let status = world
        .provost
        .wait_json(&status, |status| status["alarms"] != json!([]));
    assert_eq!(
        status["alarms"][0]["code"], "plugin.quarantined",
        "{status}"
    );
    let listed = &plugin(&world, &["list"])[0];
    assert_eq!(listed["quarantined"], "2025-03-02T17:00:30Z");
    // The call by which it was tried is one of them.
    assert_eq!(
        (&listed["calls"], &listed["failures"]),
        (&json!(6), &json!(5))
    );
    let figures = Client::unix(&world.provost.socket()).get("/metrics").text();
    for line in [
        "provost_plugin_quarantined{plugin=\"montana-edition\"} 1",
        "provost_plugin_failures_total{plugin=\"montana-edition\"} 5",
    ] {
        assert!(figures.contains(line), "{figures}");
    }

    // After the rest one call is a try; it fails, and the rest is longer.
    world.provost.set_clock("2025-03-02T10:00:30-07:00");
    assert_eq!(ask(), forbidden("plugin.failed"));
    assert_eq!(ask(), forbidden("plugin.quarantined"));
    world.provost.set_clock("2025-03-02T10:01:00-07:00");
    assert_eq!(ask(), forbidden("plugin.quarantined"));

    // Another version begins anew.
    file(&world, "montana.wasm", &montana(&[]));
    wait::until(
        "the mended one",
        || world.provost.log(),
        || ask().0.then_some(()),
    );
    assert!(plugin(&world, &["list"])[0]["quarantined"].is_null());
}

#[test]
fn a_host_that_a_channel_declares_and_the_configuration_does_not_allow_is_named_at_approval() {
    let mut world = World::new(NOW);
    world.configure("[[plugin]]\nid = \"elsewhere\"\nallow = [\"https://other.example\"]\n");
    world.provost.start();
    let component = provost_tests::hostile::sends_elsewhere();
    let component = file(&world, "elsewhere.wasm", &component);
    plugin(&world, &["install", &component]);
    let why = refused(&world, &["approve", "elsewhere"]);
    assert!(
        why.contains("plugin.elsewhere.allow: does not name https://hooks.example"),
        "{why}"
    );
    world.reconfigure("https://other.example", "https://hooks.example");
    world.provost.signal(Signal::SIGHUP);
    let approved = ["plugin", "approve", "elsewhere", "--json"];
    let runs = |answer: &Value| answer["plugin"]["in-force"].is_string();
    world.provost.wait_json(&approved, runs);
}

/// A component around a core module of one function: two million empty loops, each of which the compiler guards.
fn bomb() -> Vec<u8> {
    fn leb(mut number: usize, out: &mut Vec<u8>) {
        while number > 127 {
            out.push((number & 127) as u8 | 128);
            number >>= 7;
        }
        out.push(number as u8);
    }
    fn section(id: u8, content: &[u8], out: &mut Vec<u8>) {
        out.push(id);
        leb(content.len(), out);
        out.extend(content);
    }
    let mut body = vec![0];
    body.extend([3, 0x40, 0x0b].repeat(2_000_000));
    body.push(0x0b);
    let mut code = vec![1];
    leb(body.len(), &mut code);
    code.extend(&body);
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    section(1, &[1, 0x60, 0, 0], &mut module);
    section(3, &[1, 0], &mut module);
    section(10, &code, &mut module);
    let mut component = b"\0asm\x0d\0\x01\0".to_vec();
    section(1, &module, &mut component);
    component
}

#[test]
fn what_is_no_plugin_is_refused_by_name_and_the_daemon_goes_on() {
    let mut world = World::new(NOW);
    world.configure("");
    world.provost.start();
    let whole = montana(&[]);
    let cases: [(&str, Vec<u8>, &str); 6] = [
        ("empty", Vec::new(), "the file is empty"),
        ("script", b"#!/bin/sh".to_vec(), "not WebAssembly"),
        ("cut", whole[..whole.len() / 2].to_vec(), "truncated"),
        (
            "machine-code",
            b"\x7fELF\x02\x01\x01".to_vec(),
            "a compiled form, not a component",
        ),
        (
            "newer",
            montana(&[("@1.0.0", b"@1.9.0")]),
            "built for provost:plugin/policy@1.9.0, this Provost speaks provost:plugin/policy@1.0.0",
        ),
        (
            "bomb",
            bomb(),
            "compiling takes more than 768 MiB of memory",
        ),
    ];
    for (name, bytes, why) in cases {
        let path = file(&world, &format!("{name}.wasm"), &bytes);
        let said = refused(&world, &["install", &path, "--approve"]);
        assert!(said.contains(why), "{name}: {said}");
        assert!(said.contains(&format!("install plugin {name}")), "{said}");
    }
    assert_eq!(plugin(&world, &["list"]), json!([]));
    assert_eq!(world.provost.cli(&["status"]).code, 0);
}

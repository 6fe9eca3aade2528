//! The daemon is killed at random moments of a real run against a real mail server. Every notice arrives, duplicates
//! are one message to the reader's server, and nothing that was acknowledged is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use nix::sys::signal::Signal;
use provost_tests::World;

use crate::from_environment;

/// Kills of the usual run; `PROVOST_KILLS` says another number.
const KILLS: u64 = 40;

/// Contacts who become due with each step of the clock.
const EACH: u64 = 5;

/// How long after a start, or after a step of the clock, the daemon may live.
const START: Duration = Duration::from_millis(600);
const WORK: Duration = Duration::from_millis(150);

/// Numbers that only a seed decides (splitmix64).
struct Lot(u64);

impl Lot {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// Lets a random part of the span pass. What is killed is at work meanwhile: here time itself is the matter.
    fn let_pass(&mut self, most: Duration) {
        let micros = u64::try_from(most.as_micros()).unwrap();
        std::thread::sleep(Duration::from_micros(self.below(micros)));
    }
}

/// Another one each time.
fn any_seed() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one("a seed")
}

/// The moment at which the contacts of a step were last seen, and at which their notices are due: an hour apart, so
/// that the last one comes before the first reminder.
fn seen(step: u64) -> Timestamp {
    let first: Timestamp = "2024-06-03T06:00:00Z".parse().unwrap();
    first + Duration::from_secs(3600 * step)
}

fn due(step: u64) -> Timestamp {
    seen(step) + Duration::from_secs(180 * 86_400)
}

/// Somebody for every step, and Ben, who is seen again and again.
fn register(steps: u64) -> String {
    let one = |id: &str, last: Timestamp| {
        format!(
            "[[person]]\nid = \"{id}\"\ndistrict = \"lone-pine\"\nusername = \"{id}\"\nname = \"Person {id}\"\n\
             mail = [\"{id}@lonepine.example\"]\n[[contact]]\nperson = \"{id}\"\ntype = \"support\"\n\
             designated = \"2024-01-10T09:00:00-07:00\"\nlast-activity = \"{last}\"\n"
        )
    };
    let quiet = (0..steps).flat_map(|step| (0..EACH).map(move |n| (step, n)));
    let mut text: String = quiet
        .map(|(step, n)| one(&format!("p{step}-{n}"), seen(step)))
        .collect();
    text.push_str(&one("ben", due(0)));
    text
}

fn world() -> World {
    let world = World::new(&seen(0).to_string()).with_mail(&[]);
    // In UTC 180 days are always 180 times 24 hours.
    world.configure("[notices]\napprove-above = 100000\n");
    let text = std::fs::read_to_string(world.provost.config()).unwrap();
    let utc = text.replace("America/Denver", "Etc/UTC");
    std::fs::write(world.provost.config(), utc).unwrap();
    world.provost.set_clock(&due(0).to_string());
    world
}

/// Lives for a while and dies; says which activity was acknowledged.
fn live_and_die(world: &mut World, lot: &mut Lot, step: u64) -> Option<String> {
    let mut acknowledged = None;
    if lot.below(4) == 0 {
        world.provost.set_clock(&due(step).to_string());
        world.provost.spawn();
        lot.let_pass(START);
    } else {
        world.provost.start();
        world.provost.set_clock(&due(step).to_string());
        if lot.below(2) == 0 {
            let id = format!("e{step}");
            let recorded = world
                .provost
                .cli(&["activity", "record", "ben", "--id", &id]);
            acknowledged = (recorded.code == 0).then_some(id);
        }
        lot.let_pass(WORK);
    }
    world.provost.signal(Signal::SIGKILL);
    world.provost.wait_end();
    acknowledged
}

/// Every notice is accepted, and by whom it was accepted it lies, as one message however often it came.
fn check_mails(world: &mut World, steps: u64) -> usize {
    let list = world
        .provost
        .cli(&["notice", "list", "--limit", "100000", "--json"])
        .json();
    let mut ids = BTreeMap::new();
    for notice in list.as_array().unwrap() {
        assert_eq!(notice["state"], "accepted", "{notice}");
        let to = format!("{}@lonepine.example", notice["person"].as_str().unwrap());
        let id = format!(
            "<{}.email@district.example>",
            notice["id"].as_str().unwrap()
        );
        assert_eq!(ids.insert(to, id), None, "one notice each");
    }
    assert_eq!(ids.len() as u64, steps * EACH);
    let mails = world.smtpd().wait_mails(ids.len());
    let mut arrived = BTreeSet::new();
    for mail in &mails {
        let to = mail.delivered_to();
        assert_eq!(ids.get(&to), Some(&mail.message_id()), "{}", mail.text);
        arrived.insert(to);
    }
    assert_eq!(arrived.len(), ids.len(), "every notice arrives");
    mails.len() - arrived.len()
}

#[test]
fn the_daemon_killed_at_any_moment_delivers_every_notice_and_loses_nothing_acknowledged() {
    let kills = from_environment("PROVOST_KILLS").unwrap_or(KILLS);
    let seed = from_environment("PROVOST_KILL_SEED").unwrap_or_else(any_seed);
    println!("{kills} kills, PROVOST_KILL_SEED={seed}");
    let mut lot = Lot(seed);
    let mut world = world();
    world.provost.start();
    world.import(&register(kills));
    assert!(world.provost.stop().success(), "{}", world.provost.log());

    let mut acknowledged = Vec::new();
    for step in 0..kills {
        acknowledged.extend(live_and_die(&mut world, &mut lot, step));
    }
    world.provost.start();
    world.provost.wait_json(&["status", "--json"], |status| {
        status["notices-waiting"] == 0 && status["pending"] == kills * EACH
    });
    for id in &acknowledged {
        let again = world
            .provost
            .cli(&["activity", "record", "ben", "--id", id, "--json"]);
        assert!(
            again.out.contains("duplicate"),
            "{id}: {}{}",
            again.out,
            again.err
        );
    }
    let twice = check_mails(&mut world, kills);
    world.provost.cli(&["audit", "verify"]).ok();
    println!(
        "{} notices, {twice} of them sent again, {} activities kept",
        kills * EACH,
        acknowledged.len()
    );
}

//! A simulated day with everything at once: decisions, syncs, notices, reloads and plugin upgrades. No client sees an
//! error, and at the end the daemon holds what it held after a first such day.
//!
//! `cargo verify` takes eighty seconds for both days, `cargo verify --long` eleven minutes. Memory is held to its bound in
//! the long one alone.

// Everything here is test code; clippy knows that only of the functions that carry the attribute.
#![allow(clippy::unwrap_used)]

mod held;
mod plugins;
mod traffic;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use provost_tests::{Change, Received, Staff, World, wait};

use crate::held::Held;
use crate::traffic::Traffic;

/// Seconds of a day if nothing else is said.
const SECONDS: u64 = 20;

/// The day that makes everything warm, and the day that is measured.
const DAYS: [&str; 2] = ["2025-03-01", "2025-03-02"];

/// 180 days before each of them: who was seen last at an hour then is due at that hour now.
const LAST_SEEN: [&str; 2] = ["2024-09-02", "2024-09-03"];

/// A shorter day ends while the register's caches are still filling, and says nothing of memory.
const SECONDS_TO_FILL: u64 = 120;

/// Growth of resident memory that the second day may show.
const GROWTH: f64 = 1.05;

/// People whose directory entry changes each hour.
const CHANGED: u32 = 20;

#[test]
fn a_day_of_everything_at_once_shows_no_client_an_error_and_leaves_nothing_behind() {
    #[allow(clippy::disallowed_methods)] // the length of a day is the runner's choice
    let seconds =
        std::env::var("PROVOST_DAY_SECONDS").map_or(SECONDS, |text| text.parse().unwrap());
    let staff = Staff {
        count: 400,
        seed: 11,
    };
    let (mut world, template) = district(staff);
    let token = world.provost.token("admin", "*");
    let mut held = Vec::new();
    for (day, date) in DAYS.into_iter().enumerate() {
        let traffic = Traffic::new(&world, staff, &token, day);
        live_through(&world, &traffic, &template, date, seconds);
        let told = world.smtpd().wait_mails(24 * (day + 1));
        told_once(&told, 24 * (day + 1));
        traffic.check();
        // A reload that was asked for last is carried out last, after all others that wait.
        let in_force = || {
            world
                .provost
                .cli(&["export"])
                .ok()
                .out
                .contains("Lone Pine at 23")
        };
        let log = || world.provost.log();
        wait::until("the last reload", log, || in_force().then_some(()));
        held.push(Held::settled(world.provost.pid()));
        println!("{date}, {seconds} s: {traffic}\n  {}", held[day]);
    }
    let log = world.provost.log();
    let bad = log.lines().filter(|line| line.contains("ERROR"));
    assert_eq!(bad.collect::<Vec<_>>(), [""; 0]);
    held[1].is_no_more_than(&held[0], (seconds >= SECONDS_TO_FILL).then_some(GROWTH));
    world.provost.cli(&["audit", "verify"]).ok();
    assert_eq!(world.provost.stop().code(), Some(0));
}

/// A district whose staff is read, three contacts of whom are busy, and one who is due at each hour of each day; beside
/// it one with an edition. With it its configuration.
fn district(staff: Staff) -> (World, String) {
    let mut world = World::new("2025-02-28T23:00:00-07:00")
        .with_directory(staff)
        .with_mail(&[])
        .reading("live", "(objectClass=inetOrgPerson)");
    world.configure(&plugins::configuration(&world));
    world.reconfigure("every = \"24h\"", "every = \"15m\"");
    plugins::offer_email(&world, 0);
    let template = std::fs::read_to_string(world.provost.config()).unwrap();
    world.provost.start();
    world.import(&(quiet() + plugins::REGISTER));
    // The timer's own first read ends with a plan that waits; before that the source is busy.
    let status = ["sync", "status", "--json"];
    let waits = |sources: &serde_json::Value| sources[0]["waiting-plan"].is_string();
    world.provost.wait_json(&status, waits);
    world.provost.in_turn(&["sync", "apply"]).ok();
    for number in [1, 2, 3] {
        let person = staff.person(number).uid;
        world.provost.cli(&["contact", "designate", &person]).ok();
    }
    (world, template)
}

/// One contact for each hour, whom nobody will see again.
fn quiet() -> String {
    let mut register = String::new();
    for (day, date) in LAST_SEEN.into_iter().enumerate() {
        for hour in 0..24 {
            let id = format!("quiet-{day}-{hour}");
            let _ = write!(
                register,
                "[[person]]\nid = \"{id}\"\ndistrict = \"lone-pine\"\nusername = \"{id}\"\nname = \"{id}\"\n\
                 mail = [\"{id}@lonepine.example\"]\n[[contact]]\nperson = \"{id}\"\ntype = \"support\"\n\
                 designated = \"2024-01-10T09:00:00-07:00\"\nlast-activity = \"{date}T{hour:02}:00:00-06:00\"\n"
            );
        }
    }
    register
}

/// Hour by hour: time goes on, staff change, settings change, and all clients ask.
fn live_through(world: &World, traffic: &Traffic, template: &str, date: &str, seconds: u64) {
    let began = Instant::now();
    let hour_takes = Duration::from_secs(seconds) / 24;
    std::thread::scope(|scope| {
        traffic.start(scope);
        scope.spawn(|| traffic.during(|round| plugins::upgrade(world, round)));
        // A failed assertion must not leave the others asking for ever.
        let day = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for hour in 0..24 {
                world
                    .provost
                    .set_clock(&format!("{date}T{hour:02}:00:30-07:00"));
                change_staff(world, hour);
                plugins::offer_email(world, traffic.unique(hour));
                let settings = settings(template, hour);
                std::fs::write(world.path().join("new.toml"), settings).unwrap();
                std::fs::rename(world.path().join("new.toml"), world.provost.config()).unwrap();
                world.provost.signal(Signal::SIGHUP);
                let rest = hour_takes * (hour + 1);
                std::thread::sleep(rest.saturating_sub(began.elapsed()));
            }
        }));
        traffic.end();
        day.unwrap_or_else(|why| std::panic::resume_unwind(why));
    });
}

/// Other settings each hour; the district's name tells which are in force.
fn settings(template: &str, hour: u32) -> String {
    let above = 50 + hour;
    let text = template.replace("Lone Pine Unified", &format!("Lone Pine at {hour}"));
    format!("{text}[notices]\napprove-above = {above}\n")
}

/// New telephone numbers for some of the staff.
fn change_staff(world: &World, hour: u32) {
    let first = 10 + hour * CHANGED % 300;
    let change = |number| Change::Phone(number, u64::from(hour * 1_000 + number));
    let changes: Vec<_> = (first..first + CHANGED).map(change).collect();
    world.directory().apply(&changes);
}

/// Each of them was told, and nobody twice.
fn told_once(mails: &[Received], count: usize) {
    let to: BTreeSet<_> = mails.iter().map(Received::delivered_to).collect();
    assert_eq!((mails.len(), to.len()), (count, count), "{to:?}");
}

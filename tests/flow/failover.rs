//! Streams that break off, fall silent or lose their server: they are taken up again, at the next server if need be,
//! and nothing is lost or believed wrongly meanwhile.

use std::time::Duration;

use provost_tests::consumer::{Consumer, Safety};
use provost_tests::{Change, Fault, Slapd, World, directory, wait};
use serde_json::Value;

use crate::live::{begun, follows, is_settled, stream};
use crate::school::{FILTER, replace};
use crate::sync::{NOW, STAFF, apply, count, register, run, status};

/// A district that is about to follow its directory.
fn configured() -> World {
    let world = World::new(NOW)
        .with_directory(STAFF)
        .reading("live", FILTER);
    world.configure("");
    world
}

/// The same over a line that can break, with these keys of `[[source]]`.
fn over_a_line(keys: &str) -> World {
    let world = World::new(NOW)
        .with_directory(STAFF)
        .with_fault_proxy()
        .reading("live", FILTER);
    world.configure("");
    world.reconfigure("every = \"24h\"", &format!("every = \"24h\"\n{keys}"));
    begun(world)
}

/// With a second server behind the first one.
fn and_then(mut world: World, url: &str) -> World {
    let first = world.slapd().url();
    world.reconfigure(
        &format!("[\"{first}\"]"),
        &format!("[\"{first}\", \"{url}\"]"),
    );
    begun(world)
}

/// Everybody who was there is, as they were.
fn nobody_has_departed(world: &World) {
    let people = register(&world.provost);
    for person in STAFF.people() {
        assert_eq!(status(&people, &person), "present", "{person:?}");
    }
}

fn has(server: &Slapd, title: &str) -> bool {
    server.count(&format!("(title={title})")) == 1
}

#[test]
fn the_next_server_is_followed_when_the_first_one_dies_and_the_first_one_when_it_is_back() {
    let mut world = configured();
    let mirror = world.slapd().mirrored();
    let mut world = and_then(world, &mirror.url());
    world.slapd().apply(&[Change::Modify(100)]);
    world.slapd().modify(&replace(2_900, "title", "Before"));
    is_settled(&world, "Before");
    wait::until("the mirror to follow", String::new, || {
        has(&mirror, "Before").then_some(())
    });

    world.slapd().kill();
    // Nobody has asked for anything yet, and these are told by the second server alone.
    mirror.apply(&[Change::Modify(101), Change::Add(3_000)]);
    stream(&world.provost, |live| {
        live["server"] == mirror.url() && live["following"] == true
    });
    mirror.apply(&[Change::Delete(105)]);
    mirror.modify(&replace(2_900, "title", "Between"));
    is_settled(&world, "Between");
    let people = register(&world.provost);
    assert_eq!(status(&people, &STAFF.person(105)), "deleted");
    assert!(people.contains_key(&STAFF.person(3_000).employee_number));

    world.slapd().up();
    // Rounds begin with the first one again, and are refused until it has caught up. The next news take the stream along.
    let back = wait::until(
        "the first server to catch up",
        || world.provost.log(),
        || {
            let answer = run(&world.provost, &["sync", "apply", "--json"]);
            (answer.code == 0).then(|| answer.json())
        },
    );
    assert_eq!(count(&back, "changes"), 0, "{back}");
    world.slapd().apply(&[Change::Delete(106)]);
    world.slapd().modify(&replace(2_900, "title", "Behind"));
    is_settled(&world, "Behind");
    let url = world.slapd().url();
    stream(&world.provost, |live| {
        live["server"] == url && live["following"] == true
    });
    let people = register(&world.provost);
    let gone: Vec<u32> = (0..3_001)
        .filter(|number| status(&people, &STAFF.person(*number)) != "present")
        .collect();
    assert_eq!(gone, [105, 106]);
    for (number, changed) in [(100, true), (101, true), (102, false)] {
        let phone = &people[&STAFF.person(number).employee_number]["phone"][0];
        assert_eq!(*phone == directory::new_phone(number), changed, "{number}");
    }
}

#[test]
fn rounds_go_on_with_a_next_server_that_cannot_be_followed() {
    let mut world = configured();
    let folder = world.path().to_owned();
    let copy = Consumer::start(&folder, world.slapd(), Safety::NoSync);
    let mut world = and_then(world, &copy.url());
    world.slapd().kill();
    let live = stream(&world.provost, |live| {
        live["following"] == false
            && live["why"]
                .as_str()
                .is_some_and(|why| why.contains("syncprov"))
    });
    assert_eq!(live["following"], false, "{live}");
    let report = apply(&world.provost);
    assert_eq!(report["server"], copy.url(), "{report}");
    assert_eq!(count(&report, "changes"), 0, "{report}");
    nobody_has_departed(&world);
    world.slapd().up();
    apply(&world.provost);
    let live = follows(&world.provost);
    assert_eq!(live["server"], world.slapd().url(), "{live}");
    nobody_has_departed(&world);
}

#[test]
fn a_next_server_that_is_another_directory_suspends_nobody() {
    let world = configured();
    // The same names, and not one entry the same: somebody has loaded it anew.
    let other_folder = world.path().join("other");
    let other = Slapd::start(&other_folder, STAFF);
    let mut world = and_then(world, &other.url());
    let before = register(&world.provost);
    world.slapd().kill();
    refuses(&world, "are missing from the directory");
    assert_eq!(register(&world.provost), before);
    world.slapd().up();
    let url = world.slapd().url();
    stream(&world.provost, |live| {
        live["server"] == url && live["following"] == true
    });
    world.slapd().modify(&replace(2_900, "title", "Behind"));
    is_settled(&world, "Behind");
    nobody_has_departed(&world);
}

#[test]
fn a_next_server_that_has_stayed_behind_takes_nothing_back() {
    let mut world = configured();
    let mut mirror = world.slapd().mirrored();
    let mut world = and_then(world, &mirror.url());
    mirror.down();
    world
        .slapd()
        .apply(&[Change::Delete(105), Change::Modify(100)]);
    world.slapd().modify(&replace(2_900, "title", "Fired"));
    is_settled(&world, "Fired");
    let before = register(&world.provost);
    world.slapd().kill();
    mirror.up();
    // It is as if nobody had been fired.
    refuses(&world, "has not come as far as what was read before");
    assert_eq!(register(&world.provost), before);
    world.slapd().up();
    // Killed, it has forgotten the number of its last change, and is behind itself until the next one.
    world.slapd().apply(&[Change::Modify(101)]);
    let url = world.slapd().url();
    stream(&world.provost, |live| {
        live["server"] == url && live["following"] == true
    });
    let level = |sources: &Value| sources[0]["outcome"] == "applied";
    world
        .provost
        .wait_json(&["sync", "status", "--json"], level);
    let people = register(&world.provost);
    assert_eq!(status(&people, &STAFF.person(105)), "deleted");
}

/// Waits until what the next server shows is refused, and the operators know why.
fn refuses(world: &World, why: &str) {
    let refused = |sources: &Value| sources[0]["outcome"] == "not applied";
    let sources = world
        .provost
        .wait_json(&["sync", "status", "--json"], refused);
    let said = sources[0]["why"].as_str().unwrap_or_default();
    assert!(said.contains(why), "{sources}");
    assert_eq!(sources[0]["live"]["following"], false, "{sources}");
    let alarms = world.provost.cli(&["status", "--json"]).json()["alarms"].clone();
    assert!(alarms.to_string().contains("sync.refused"), "{alarms}");
}

#[test]
fn a_stream_that_falls_silent_is_noticed_and_what_was_not_heard_is_told_again() {
    let mut world = over_a_line("ping-after = \"1s\"\nping-timeout = \"1s\"");
    // The connection stays, and from here on it carries nothing.
    world.fault_proxy().arm(0, Fault::Stall);
    world.slapd().apply(&[Change::Delete(105)]);
    world.slapd().modify(&replace(2_900, "title", "Behind"));
    is_settled(&world, "Behind");
    let log = world.provost.log();
    let noticed = "ask whether the server is still there";
    assert!(log.contains(noticed), "{log}");
    let live = follows(&world.provost);
    assert_eq!(live["reconnects"], 1, "{live}");
    let people = register(&world.provost);
    assert_eq!(status(&people, &STAFF.person(105)), "deleted");
    let whole = run(&world.provost, &["sync", "status", "--json"]).json();
    assert_eq!(whole[0]["last-extent"], "changes", "{whole}");
}

#[test]
fn a_server_that_is_away_is_asked_ever_less_often() {
    let mut world = over_a_line("");
    world.slapd().kill();
    let known = world.fault_proxy().connected().len();
    let tried = wait::until(
        "five tries",
        || world.provost.log(),
        || {
            let tried = world.fault_proxy().connected().split_off(known);
            (tried.len() == 5).then_some(tried)
        },
    );
    let waits: Vec<Duration> = tried.windows(2).map(|two| two[1] - two[0]).collect();
    // A fifth of each is left to chance, and the first of two tries may be noted late: half is, all the same, ever more.
    for (wait, least) in waits.iter().zip([250, 500, 1_000, 2_000]) {
        assert!(*wait >= Duration::from_millis(least), "{waits:?}");
    }
    world.slapd().up();
    follows(&world.provost);
    let lost = "changes cannot be followed; trying again";
    assert_eq!(world.provost.log().matches(lost).count(), 1);
}

#[test]
fn a_stream_that_is_old_enough_is_opened_anew_without_reading_anything() {
    let mut world =
        over_a_line("ping-after = \"1s\"\nping-timeout = \"1s\"\nconnection-max-age = \"3s\"");
    let (before, read) = (world.fault_proxy().connected().len(), last_read(&world));
    wait::until(
        "another connection",
        || world.provost.log(),
        || (world.fault_proxy().connected().len() > before).then_some(()),
    );
    world.slapd().modify(&replace(2_900, "title", "Behind"));
    is_settled(&world, "Behind");
    let live = follows(&world.provost);
    assert_eq!(live["reconnects"], 0, "nothing was amiss: {live}");
    assert_eq!(last_read(&world), read);
}

fn last_read(world: &World) -> Value {
    let status = run(&world.provost, &["sync", "status", "--json"]).json();
    status[0]["last-complete-read"].clone()
}

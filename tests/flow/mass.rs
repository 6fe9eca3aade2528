//! A mass of notices waits for an operator's word; what was given up waits for one as well.

use provost_tests::{Does, World};
use serde_json::Value;

use crate::cast::{LAST_SEEN, NOTICE_DAY};

/// So many contacts who have all been quiet since 3 September.
fn quiet(from: usize, to: usize, last_seen: &str) -> String {
    let one = |n: usize| {
        format!(
            "[[person]]\nid = \"p{n}\"\ndistrict = \"lone-pine\"\nusername = \"p{n}\"\nname = \"Person {n}\"\n\
             mail = [\"p{n}@lonepine.example\"]\n\
             [[contact]]\nperson = \"p{n}\"\ntype = \"support\"\ndesignated = \"2024-01-10T09:00:00-07:00\"\n\
             last-activity = \"{last_seen}\"\n"
        )
    };
    (from..to).map(one).collect()
}

/// A district in which three notices at once are no mass, and four are.
fn district(contacts: usize) -> World {
    let mut world = World::new(LAST_SEEN).with_relay("");
    world.configure("[notices]\napprove-above = 3\n");
    world.provost.start();
    world.import(&quiet(0, contacts, LAST_SEEN));
    world
}

fn json(world: &World, args: &[&str]) -> Value {
    let mut args = args.to_vec();
    args.push("--json");
    world.provost.cli(&args).json()
}

/// Waits until so many notices wait for a word, and gives what the status says of them.
fn wait_held(world: &World, count: u64) -> Value {
    let status = world.provost.wait_json(&["status", "--json"], |status| {
        status["approval"]["notices"] == count
    });
    status["approval"].clone()
}

fn states(world: &World) -> Vec<String> {
    let contacts = json(world, &["contact", "list"]);
    let contacts = contacts.as_array().unwrap().iter();
    contacts
        .map(|contact| contact["state"].as_str().unwrap().to_owned())
        .collect()
}

fn alarms(world: &World, code: &str) -> usize {
    let status = json(world, &["status"]);
    let alarms = status["alarms"].as_array().unwrap().iter();
    alarms.filter(|alarm| alarm["code"] == code).count()
}

#[test]
fn a_mass_of_notices_waits_and_moves_nobody_until_an_operator_approves_it() {
    let mut world = district(5);
    world.provost.set_clock(NOTICE_DAY);
    let approval = wait_held(&world, 5);
    assert_eq!(states(&world), ["held"; 5]);
    let held = json(&world, &["notice", "list", "--state", "held"]);
    assert_eq!(held.as_array().map(Vec::len), Some(5));
    let stopped = world.provost.stop();
    assert!(stopped.success(), "{}", world.provost.log());

    // Two months and a restart later nobody has been told, and nobody has been cut off.
    world.provost.set_clock("2025-05-02T10:00:00-06:00");
    world.provost.start();
    world.provost.cli(&["clock", "confirm"]).ok();
    world.provost.cli(&["sweep", "run"]).ok();
    assert_eq!(states(&world), ["held"; 5]);
    assert_eq!(
        (world.relay().mails().len(), alarms(&world, "notice.mass")),
        (0, 1)
    );

    let wrong = world
        .provost
        .cli(&["notice", "approve", "--hash", "0011223344556677"]);
    assert_eq!(wrong.code, 1, "{}", wrong.err);
    assert!(
        wrong.err.contains("5 notices with the hash"),
        "{}",
        wrong.err
    );
    let hash = approval["hash"].as_str().unwrap();
    let approved = json(&world, &["notice", "approve", "--hash", hash]);
    assert_eq!(approved["released"], 5, "{approved}");
    let again = json(&world, &["notice", "approve"]);
    assert_eq!(
        (&again["released"], &again["withdrawn"]),
        (&0.into(), &0.into())
    );
    world.relay().wait_mails(5);
    world
        .provost
        .wait_json(&["status", "--json"], |status| status["pending"] == 5);
    // Late stages slide: thirty days from the day on which they were told.
    let shown = json(&world, &["contact", "show", "p0"]);
    let last = shown["ahead"].as_array().unwrap().last().unwrap();
    assert_eq!(last["at"], "2025-06-01T10:00:00-06:00", "{shown}");
    let journal = json(&world, &["audit", "list", "--limit", "1000"]).to_string();
    assert!(
        journal.contains("Released"),
        "the journal names who approved"
    );
    world.provost.cli(&["audit", "verify"]).ok();
}

#[test]
fn what_comes_while_a_mass_waits_waits_with_it_and_who_is_seen_is_let_go() {
    let world = district(4);
    world.provost.set_clock(NOTICE_DAY);
    let first = wait_held(&world, 4);
    world.import(&quiet(0, 5, LAST_SEEN));
    let second = wait_held(&world, 5);
    assert_ne!(first["hash"], second["hash"]);
    assert_eq!(alarms(&world, "notice.mass"), 1);
    let old = first["hash"].as_str().unwrap();
    let stale = world.provost.cli(&["notice", "approve", "--hash", old]);
    assert_eq!(stale.code, 1, "what came since was not looked at");
    world
        .provost
        .cli(&["activity", "record", "p1", "--id", "e1"])
        .ok();
    let approved = json(&world, &["notice", "approve"]);
    assert_eq!(
        (&approved["released"], &approved["withdrawn"]),
        (&4.into(), &1.into())
    );
    assert_eq!(world.relay().wait_mails(4).len(), 4);
    world
        .provost
        .wait_json(&["status", "--json"], |status| status["pending"] == 4);
    assert_eq!(states(&world)[1], "active");
}

#[test]
fn a_mass_that_an_operator_refuses_goes_out_to_nobody_and_is_looked_at_again_a_day_later() {
    let world = district(4);
    world.provost.set_clock(NOTICE_DAY);
    wait_held(&world, 4);
    let refused = json(&world, &["notice", "refuse"]);
    assert_eq!(refused["withdrawn"], 4, "{refused}");
    world.provost.cli(&["sweep", "run"]).ok();
    assert_eq!(json(&world, &["status"])["approval"], Value::Null);
    // The feed was broken, and two have been there all along.
    for (id, person) in [("e1", "p0"), ("e2", "p1")] {
        world
            .provost
            .cli(&["activity", "record", person, "--id", id])
            .ok();
    }
    world.provost.set_clock("2025-03-03T10:00:00-07:00");
    assert_eq!(world.relay().wait_mails(2).len(), 2);
    world
        .provost
        .wait_json(&["status", "--json"], |status| status["pending"] == 2);
}

#[test]
fn as_many_notices_as_are_allowed_go_out_without_a_word() {
    let world = district(3);
    world.provost.set_clock(NOTICE_DAY);
    assert_eq!(world.relay().wait_mails(3).len(), 3);
    assert_eq!(json(&world, &["status"])["approval"], Value::Null);
}

#[test]
fn a_notice_that_holds_nobody_up_is_given_up_after_fourteen_days_and_put_back_by_an_operator() {
    let world = district(1);
    for (day, mails) in [
        (NOTICE_DAY, 1),
        ("2025-03-17T10:00:00-06:00", 2),
        ("2025-03-31T10:00:00-06:00", 3),
    ] {
        world.provost.set_clock(day);
        world.relay().wait_mails(mails);
        world.provost.wait_json(&["status", "--json"], |status| {
            status["notices-waiting"] == 0
        });
    }
    world
        .relay()
        .rule("RCPT", Does::say("550 5.7.1 nothing from you"), usize::MAX);
    world.provost.set_clock("2025-04-01T10:00:00-06:00");
    let waiting = world.provost.wait_json(
        &["notice", "list", "--state", "waiting", "--json"],
        |list| list[0]["attempts"].as_u64() >= Some(1),
    );
    assert_eq!(waiting[0]["kind"], "deactivated");
    let id = waiting[0]["id"].as_str().unwrap();

    world.provost.set_clock("2025-04-15T10:00:00-06:00");
    let failed = world
        .provost
        .wait_json(&["notice", "list", "--state", "failed", "--json"], |list| {
            list[0]["id"] == *id
        });
    assert_eq!(failed.as_array().map(Vec::len), Some(1));
    assert_eq!(alarms(&world, "notice.failed"), 1);
    world.relay().be_agreeable();
    let unknown = world.provost.cli(&["notice", "retry", "nothing"]);
    assert_eq!(unknown.code, 1, "{}", unknown.err);
    let retried = json(&world, &["notice", "retry", "--failed"]);
    assert_eq!(
        (&retried["retried"], &retried["left"]),
        (&1.into(), &0.into())
    );
    world.relay().wait_mails(4);
    world
        .provost
        .wait_json(&["notice", "show", id, "--json"], |notice| {
            notice["state"] == "accepted"
        });
    let late = world.provost.cli(&["notice", "retry", id]);
    assert!(late.err.contains("it was accepted"), "{}", late.err);
}

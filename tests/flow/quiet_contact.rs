//! A contact who has gone quiet: each notice arrives on its day as a real message, once.

use provost_tests::{Provost, Received, World, process};
use serde_json::Value;

use crate::cast::{self, LAST_SEEN};

/// Two contacts of a district: Ana was last seen on 3 September, Ben keeps being seen.
fn register() -> String {
    cast::ana() + &cast::ben("2024-01-10T09:00:00-07:00", Some(LAST_SEEN))
}

fn quiet_district() -> World {
    let mut world = World::new(LAST_SEEN).with_mail(&[]);
    world.configure("");
    world.provost.start();
    world.import(&register());
    world
}

fn seen(provost: &Provost, person: &str, id: &str) {
    provost
        .cli(&["activity", "record", person, "--id", id])
        .ok();
}

/// Ben logs in at New Year, so that Ana alone is due on the day of the story.
fn ben_is_seen_before(provost: &Provost) {
    provost.set_clock("2025-01-01T10:00:00-07:00");
    seen(provost, "ben", "new-year");
}

fn state(provost: &Provost, person: &str) -> String {
    let shown = provost.cli(&["contact", "show", person, "--json"]).json();
    shown["state"].as_str().unwrap_or_default().to_owned()
}

/// Waits until a contact is in a state.
fn wait_state(provost: &Provost, person: &str, state: &str) -> Value {
    provost.wait_json(&["contact", "show", person, "--json"], |shown| {
        shown["state"] == state
    })
}

/// No notice waits in the outbox any more.
fn wait_delivered(provost: &Provost) {
    provost.wait_json(&["status", "--json"], |status| {
        status["notices-waiting"] == 0
    });
}

fn to_ana(mails: &[Received]) -> Vec<&Received> {
    let is_hers = |mail: &&Received| mail.delivered_to() == "ana.ortiz@lonepine.example";
    mails.iter().filter(is_hers).collect()
}

#[test]
fn notices_arrive_on_their_days_as_real_messages_one_each() {
    let mut world = quiet_district();
    // Day by day as domain §4 has it: 180, 195, 209 and 210 days after 10:00 on 3 September, in Denver.
    let days = [
        (
            "2025-03-02T09:59:00-07:00",
            "2025-03-02T10:00:00-07:00",
            "pending",
        ),
        (
            "2025-03-17T09:59:00-06:00",
            "2025-03-17T10:00:00-06:00",
            "pending",
        ),
        (
            "2025-03-31T09:59:00-06:00",
            "2025-03-31T10:00:00-06:00",
            "pending",
        ),
        (
            "2025-04-01T09:59:00-06:00",
            "2025-04-01T10:00:00-06:00",
            "deactivated",
        ),
    ];
    for (place, (before, due, after)) in days.into_iter().enumerate() {
        world.provost.set_clock(before);
        seen(&world.provost, "ben", &format!("b{place}"));
        let swept = world.provost.cli(&["sweep", "run", "--json"]).json();
        assert_eq!(swept["changes"], 0, "a minute early on {before}");
        assert_eq!(world.smtpd().mails().len(), place);
        world.provost.set_clock(due);
        world.smtpd().wait_mails(place + 1);
        wait_state(&world.provost, "ana", after);
        wait_delivered(&world.provost);
        // Asked again and again, the day brings nothing more.
        world.provost.cli(&["sweep", "run"]).ok();
        world.provost.cli(&["sweep", "run"]).ok();
    }
    let mails = world.smtpd().mails();
    assert_eq!(to_ana(&mails).len(), 4, "{mails:#?}");
    assert_eq!(mails.len(), 4, "Ben, who was seen, gets nothing");
    check_letters(&mails);
    mails.iter().for_each(read_by_a_mail_program);
    assert_eq!(state(&world.provost, "ben"), "active");
    let who = world
        .provost
        .cli(&["contact", "who", "--username", "aortiz", "--json"])
        .json();
    assert_eq!(who["decision"], false, "{who}");
    world.provost.cli(&["audit", "verify"]).ok();
}

/// Four different letters that name the true date and can be told apart by machines.
fn check_letters(mails: &[Received]) {
    let mut ids: Vec<_> = mails.iter().map(Received::message_id).collect();
    let mut subjects: Vec<_> = mails
        .iter()
        .filter_map(|mail| mail.header("Subject"))
        .collect();
    for list in [&mut ids, &mut subjects] {
        list.sort();
        list.dedup();
        assert_eq!(list.len(), 4, "{list:?}");
    }
    for mail in mails {
        assert!(mail.body().contains("1 April 2025"), "{}", mail.text);
        assert_eq!(
            mail.header("Auto-Submitted").as_deref(),
            Some("auto-generated")
        );
        assert_eq!(
            mail.header("From").as_deref(),
            Some("provost@district.example")
        );
        let notice = mail.header("X-Provost-Notice").unwrap();
        assert_eq!(
            mail.message_id(),
            format!("<{notice}.email@district.example>")
        );
    }
}

/// Another implementation parses the message and finds both texts, alike and accessible.
fn read_by_a_mail_program(mail: &Received) {
    let mut python = std::process::Command::new("python3");
    let script = include_str!("letter.py");
    let read = process::must("python3", python.args(["-c", script]), &mail.text);
    for said in [
        "Tuesday, 1 April 2025",
        "WHAT TO DO",
        "WHOM TO ASK",
        "Ben White, ben.white@lonepine.example",
    ] {
        assert!(read.contains(said), "{said} is missing in\n{read}");
    }
}

#[test]
fn a_contact_who_is_seen_after_the_reminder_hears_no_more() {
    let mut world = quiet_district();
    world.provost.set_clock("2025-03-02T10:00:00-07:00");
    seen(&world.provost, "ben", "b1");
    world.smtpd().wait_mails(1);
    wait_delivered(&world.provost);
    world.provost.set_clock("2025-03-17T10:00:00-06:00");
    world.smtpd().wait_mails(2);
    wait_delivered(&world.provost);
    world.provost.set_clock("2025-03-20T08:00:00-06:00");
    seen(&world.provost, "ana", "a1");
    wait_state(&world.provost, "ana", "active");
    world.provost.set_clock("2025-04-01T10:00:00-06:00");
    world.provost.cli(&["sweep", "run"]).ok();
    wait_delivered(&world.provost);
    assert_eq!(state(&world.provost, "ana"), "active");
    assert_eq!(to_ana(&world.smtpd().mails()).len(), 2);
}

#[test]
fn a_relay_that_is_down_delays_the_notice_and_slides_what_follows() {
    let mut world = quiet_district();
    world.smtpd().down();
    ben_is_seen_before(&world.provost);
    world.provost.set_clock("2025-03-02T10:00:00-07:00");
    world
        .provost
        .wait_json(&["notice", "list", "--json"], |list| {
            list[0]["attempts"]
                .as_u64()
                .is_some_and(|attempts| attempts >= 1)
        });
    assert_eq!(
        state(&world.provost, "ana"),
        "active",
        "an episode begins when its notice is accepted"
    );
    world.smtpd().up();
    world.provost.set_clock("2025-03-04T10:00:00-07:00");
    world.smtpd().wait_mails(1);
    let shown = wait_state(&world.provost, "ana", "pending");
    // Two days late: deadline and reminder count from the acceptance.
    assert_eq!(shown["next-due"], "2025-03-19T10:00:00-06:00", "{shown}");
    let mails = world.smtpd().mails();
    assert_eq!(mails.len(), 1);
    assert!(
        mails[0].body().contains("3 April 2025"),
        "{}",
        mails[0].text
    );
}

#[test]
fn a_contact_whom_nobody_can_be_told_of_is_held_and_not_forgotten() {
    let mut world = World::new(LAST_SEEN).with_mail(&[
        "ana.ortiz@lonepine.example",
        "ben.white@lonepine.example",
        "it@lonepine.example",
    ]);
    world.configure("");
    world.provost.start();
    world.import(&register());
    ben_is_seen_before(&world.provost);
    world.provost.set_clock("2025-03-02T10:00:00-07:00");
    let list = world
        .provost
        .wait_json(&["notice", "list", "--json"], |list| {
            list[0]["attempts"]
                .as_u64()
                .is_some_and(|attempts| attempts >= 1)
        });
    let id = list[0]["id"].as_str().unwrap().to_owned();
    let shown = world.provost.cli(&["notice", "show", &id, "--json"]).json();
    let trials = shown["deliveries"][0]["trials"].as_array().unwrap();
    let tried: Vec<_> = trials.iter().map(|trial| &trial["role"]).collect();
    assert_eq!(tried, ["contact", "colleague", "mailbox"], "{shown}");
    assert!(
        trials
            .iter()
            .all(|trial| trial["said"].to_string().contains("550")),
        "{shown}"
    );
    wait_state(&world.provost, "ana", "held");
}

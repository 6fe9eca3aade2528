//! The daemon is killed at every fail point of a notice's way. Nothing is lost, and what goes out again is the same
//! message to the reader's server: it carries the same Message-ID.

use std::os::unix::process::ExitStatusExt as _;

use provost_tests::{Received, World};

use crate::cast::{self, LAST_SEEN, NOTICE_DAY};

/// How many messages may arrive if the daemon dies once at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arrive {
    /// The relay had not taken the message: it is sent once.
    Once,
    /// The relay had taken it and nobody here knew: it is sent again, and the reader's server knows it by its id.
    Twice,
}
use Arrive::{Once, Twice};

/// Dies at the fail point on the day of the notice, starts again, and looks at what arrived.
fn killed_at(failpoint: &str, arrive: Arrive) {
    let mut world = World::new(LAST_SEEN).with_mail(&[]);
    world.configure("");
    world.provost.start();
    world.import(&cast::ana());
    assert!(world.provost.stop().success(), "{}", world.provost.log());

    world.provost.set_clock(NOTICE_DAY);
    world.provost.start_to_die_at(failpoint);
    let status = world.provost.wait_end();
    assert_eq!(
        status.signal(),
        Some(9),
        "{failpoint}: {status}\n{}",
        world.provost.log()
    );

    world.provost.start();
    world
        .provost
        .wait_json(&["contact", "show", "ana", "--json"], |shown| {
            shown["state"] == "pending"
        });
    let notices = world.provost.cli(&["notice", "list", "--json"]).json();
    assert_eq!(
        notices.as_array().map(Vec::len),
        Some(1),
        "{failpoint}: {notices}"
    );
    assert_eq!(notices[0]["state"], "accepted", "{failpoint}: {notices}");
    world.provost.cli(&["audit", "verify"]).ok();

    let expected = match arrive {
        Once => 1,
        Twice => 2,
    };
    let mails = world.smtpd().wait_mails(expected);
    assert_eq!(mails.len(), expected, "{failpoint}: {mails:#?}");
    let mut ids: Vec<_> = mails.iter().map(Received::message_id).collect();
    ids.dedup();
    let notice = notices[0]["id"].as_str().unwrap();
    assert_eq!(
        ids,
        [format!("<{notice}.email@district.example>")],
        "{failpoint}"
    );
}

/// The acceptance of the message is written, though not committed.
const ACCEPTED: &str = "smtp.body.after>store.write.delivery";

#[test]
fn a_kill_around_the_commit_that_queues_the_notice_loses_nothing() {
    // The first commit keeps the clock's reading, the sweep's writes the notice.
    for sweep in ["", "store.write.notice>"] {
        killed_at(&format!("{sweep}store.commit.before"), Once);
        killed_at(&format!("{sweep}store.commit.after"), Once);
    }
}

#[test]
fn a_kill_before_the_relay_has_the_message_sends_it_once() {
    for point in ["connect", "mail", "rcpt", "data"] {
        killed_at(&format!("smtp.{point}.before"), Once);
        killed_at(&format!("smtp.{point}.after"), Once);
    }
    killed_at("smtp.body.before", Once);
}

#[test]
fn a_kill_after_the_relay_took_the_message_sends_the_same_message_again() {
    killed_at("smtp.body.after", Twice);
    killed_at(&format!("{ACCEPTED}>store.commit.before"), Twice);
}

#[test]
fn a_kill_after_the_acceptance_is_recorded_sends_nothing_again() {
    killed_at(&format!("{ACCEPTED}>store.commit.after"), Once);
    killed_at("smtp.quit.before", Once);
    killed_at("smtp.quit.after", Once);
}

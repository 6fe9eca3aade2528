//! A relay that greylists, refuses, hangs, lies or drops the line: every notice arrives in the end, as one message.

use provost_tests::receiver::Receiver;
use provost_tests::tls::Tls;
use provost_tests::{Does, Received, World, provost, wait};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

use crate::cast::{self, NOTICE_DAY};

/// Ana, with two addresses, has been quiet for 180 days; Ben, the technical contact, has not.
fn register() -> String {
    let ana = cast::quiet_ana(&["ana.ortiz@lonepine.example", "ana@home.example"]);
    ana + &cast::ben(
        "2024-01-10T09:00:00-07:00",
        Some("2025-02-01T10:00:00-07:00"),
    )
}

/// The day of Ana's notice has come; the relay has its rules by then.
fn world(mail_keys: &'static str, rules: impl FnOnce(&World)) -> World {
    let world = World::new("2025-03-01T10:00:00-07:00").with_relay(mail_keys);
    rules(&world);
    begun(world)
}

fn begun(mut world: World) -> World {
    world.configure("");
    world.provost.start();
    world.import(&register());
    world.provost.set_clock(NOTICE_DAY);
    world
}

/// Waits until the only notice has been tried so often, and gives it with its attempts.
fn tried(world: &World, attempts: u64) -> Value {
    let list = world
        .provost
        .wait_json(&["notice", "list", "--json"], |list| {
            list[0]["attempts"]
                .as_u64()
                .is_some_and(|found| found >= attempts)
        });
    let id = list[0]["id"].as_str().unwrap().to_owned();
    world.provost.cli(&["notice", "show", &id, "--json"]).json()
}

fn wait_state(world: &World, state: &str) {
    world
        .provost
        .wait_json(&["contact", "show", "ana", "--json"], |shown| {
            shown["state"] == state
        });
}

/// Two minutes after the first attempt: it is tried again.
fn two_minutes_later(world: &World) {
    world.provost.set_clock("2025-03-02T10:02:00-07:00");
}

fn to(mails: &[Received]) -> Vec<String> {
    mails.iter().map(Received::delivered_to).collect()
}

#[test]
fn a_greylisted_notice_goes_out_when_the_relay_takes_it_and_to_nobody_else_before() {
    let world = world("", |world| {
        let later = Does::say("451 4.7.1 greylisted, come back");
        world.relay().rule("RCPT TO:<ana.ortiz", later, 1);
    });
    let notice = tried(&world, 1);
    let first = &notice["deliveries"][0];
    assert_eq!(first["outcome"], "retry", "{notice}");
    assert!(first["why"].to_string().contains("451 4.7.1"), "{notice}");
    assert_eq!(first["trials"].as_array().map(Vec::len), Some(1));
    two_minutes_later(&world);
    wait_state(&world, "pending");
    let mails = world.relay().mails();
    assert_eq!(to(&mails), ["ana.ortiz@lonepine.example"]);
}

#[test]
fn a_second_address_of_the_contact_comes_before_anybody_else() {
    let world = world("", |world| {
        let unknown = Does::say("550 5.1.1 no such user");
        world.relay().rule("RCPT TO:<ana.ortiz", unknown, 99);
    });
    wait_state(&world, "pending");
    let mails = world.relay().mails();
    assert_eq!(to(&mails), ["ana@home.example"]);
    assert!(
        mails[0].body().contains("Dear Ana Ortiz,"),
        "{}",
        mails[0].text
    );
}

#[test]
fn a_contact_whom_the_relay_does_not_know_is_told_by_a_colleague_who_reads_why() {
    let world = world("", |world| {
        let unknown = Does::say("550 5.1.1 no such user");
        world.relay().rule("RCPT TO:<ana", unknown, 99);
    });
    wait_state(&world, "pending");
    let mails = world.relay().mails();
    assert_eq!(to(&mails), ["ben.white@lonepine.example"]);
    let subject = mails[0].header("Subject").unwrap();
    assert!(
        subject.starts_with("Support access of Ana Ortiz will be"),
        "{subject}"
    );
    let why = "Ana Ortiz could not be reached. You are told as another contact of the district";
    assert!(mails[0].body().contains(why), "{}", mails[0].text);

    let notice = tried(&world, 1);
    let delivery = &notice["deliveries"][0];
    assert_eq!(delivery["outcome"], "accepted", "{notice}");
    assert_eq!(delivery["recipients"][0], "ben.white@lonepine.example");
    let fates: Vec<_> = delivery["trials"]
        .as_array()
        .unwrap()
        .iter()
        .map(|trial| {
            (
                trial["role"].as_str().unwrap(),
                trial["fate"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        fates,
        [
            ("contact", "refused"),
            ("contact", "refused"),
            ("colleague", "accepted")
        ]
    );
    // Ben reads another text than Ana would have: the message is another one.
    let id = notice["id"].as_str().unwrap();
    assert_ne!(
        mails[0].message_id(),
        format!("<{id}.email@district.example>")
    );
    assert_eq!(delivery["message-id"], mails[0].message_id());
}

#[test]
fn the_districts_mailbox_is_told_when_no_contact_can_be() {
    let world = world("", |world| {
        let unknown = Does::say("550 5.1.1 no such user");
        world.relay().rule("RCPT TO:<ana", unknown.clone(), 99);
        world.relay().rule("RCPT TO:<ben", unknown, 99);
    });
    wait_state(&world, "pending");
    assert_eq!(to(&world.relay().mails()), ["it@lonepine.example"]);
}

#[test]
fn a_relay_that_refuses_everybody_holds_the_contact_until_it_thinks_better_of_it() {
    let world = world("", |world| {
        world
            .relay()
            .rule(".", Does::say("554 5.7.1 looks like spam"), 99);
    });
    wait_state(&world, "held");
    let status = world.provost.cli(&["status", "--json"]).json();
    assert_eq!(status["alarms"][0]["code"], "inactivity.undeliverable");
    world.relay().be_agreeable();
    two_minutes_later(&world);
    wait_state(&world, "pending");
}

#[test]
fn after_a_drop_behind_the_final_dot_the_same_message_goes_out_again() {
    let world = world("", |world| world.relay().rule(".", Does::HangsUp, 1));
    let notice = tried(&world, 1);
    let why = notice["deliveries"][0]["why"].to_string();
    assert!(why.contains("the relay may have taken the mail"), "{why}");
    two_minutes_later(&world);
    wait_state(&world, "pending");
    let mails = world.relay().mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].message_id(), mails[1].message_id());
    assert_eq!(to(&mails), ["ana.ortiz@lonepine.example"; 2]);
}

#[test]
fn a_relay_that_hangs_is_given_up_in_time_and_the_notice_kept() {
    let begun = Instant::now();
    let world = world("timeout = \"1s\"", |world| {
        world.relay().rule("DATA", Does::StaysSilent, 1);
    });
    let notice = tried(&world, 1);
    let why = notice["deliveries"][0]["why"].to_string();
    assert!(why.contains("DATA: no answer within 1000 ms"), "{why}");
    assert!(begun.elapsed() < wait::PATIENCE);
    two_minutes_later(&world);
    wait_state(&world, "pending");
    assert_eq!(world.relay().mails().len(), 1);
}

#[test]
fn words_of_the_relay_cannot_forge_a_line_or_fill_the_register() {
    let world = world("", |world| {
        let long = format!("250 2.0.0 fine {}", "x".repeat(1 << 20));
        world.relay().rule(".", Does::Says(long), 1);
        let coloured = Does::say("250-2.0.0 \u{1b}[31mfine\r\n250 \u{7}queued");
        world.relay().rule(".", coloured, 1);
    });
    let notice = tried(&world, 1);
    let why = notice["deliveries"][0]["why"].as_str().unwrap();
    assert!(why.contains("response line too long"), "{why}");
    assert!(notice.to_string().len() < 4096);
    two_minutes_later(&world);
    wait_state(&world, "pending");
    let notice = tried(&world, 2);
    let receipt = &notice["deliveries"][1]["receipt"];
    assert_eq!(receipt, "250 2.0.0  [31mfine  queued");
    let id = notice["id"].as_str().unwrap();
    let shown = world.provost.cli(&["notice", "show", id]).ok().out;
    assert!(!shown.contains(['\u{1b}', '\u{7}']), "{shown}");
}

#[test]
fn nothing_goes_out_in_clear_where_starttls_is_required() {
    let world = world("starttls = \"required\"", |_| {});
    let notice = tried(&world, 1);
    let why = notice["deliveries"][0]["why"].to_string();
    assert!(
        why.contains("STARTTLS: the relay does not offer it"),
        "{why}"
    );
    assert_eq!(world.relay().heard("MAIL"), 0);
}

/// A world before that day, with a relay that is reached over TLS only.
fn private_world(mail_keys: impl FnOnce(&Tls) -> String) -> World {
    World::new("2025-03-01T10:00:00-07:00").with_private_relay(mail_keys)
}

#[test]
fn mail_goes_over_tls_from_the_first_byte_where_the_relay_wants_it_so() {
    let world = private_world(|tls| {
        let ca = tls.ca.display();
        let login = "username = \"provost\"\npassword-file";
        let password = tls.ca.with_file_name("password");
        std::fs::write(&password, "secret").unwrap();
        let alone = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&password, alone).unwrap();
        format!("ca-file = \"{ca}\"\n{login} = \"{}\"\n", password.display())
    });
    world.relay().rule("EHLO", Does::say("250 AUTH PLAIN"), 9);
    let world = begun(world);
    let mails = world.relay().wait_mails(1);
    assert_eq!(to(&mails), ["ana.ortiz@lonepine.example"]);
    assert_eq!(world.relay().heard("AUTH PLAIN"), 1);
    wait_state(&world, "pending");
}

#[test]
fn a_relay_that_proves_nothing_is_told_nothing() {
    let world = begun(private_world(|_| String::new()));
    let notice = tried(&world, 1);
    let why = notice["deliveries"][0]["why"].to_string();
    assert!(why.contains("CONNECT: invalid peer certificate"), "{why}");
    assert_eq!(world.relay().heard(""), 0);
}

/// Reminders go by webhook, everything else by mail.
fn remind_by_webhook(world: &World, receiver: &Receiver) {
    let key = world.secret("key", "C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
    let text = std::fs::read_to_string(world.provost.config()).unwrap();
    let mail = text.replace("[\"inactivity.*\"]", "[\"inactivity.notice\"]");
    let webhook = format!(
        "[[plugin]]\nid = \"webhook\"\nfile = \"{file}\"\nallow = [\"{origin}\"]\n\
         secrets = {{ signing-key = \"{key}\" }}\nsettings = {{ url = \"{origin}/provost\" }}\n\
         [[route]]\nnotices = [\"inactivity.reminder\"]\nchannels = [\"webhook\"]\n",
        file = provost::plugin("webhook").display(),
        origin = receiver.origin(),
        key = key.display(),
    );
    world.file("provost.toml", &(mail + &webhook));
}

#[test]
fn a_relay_that_hangs_does_not_hold_up_what_goes_by_another_channel() {
    let receiver = Receiver::start("127.0.0.1", None);
    let mut world = World::new("2025-03-01T10:00:00-07:00").with_relay("timeout = \"20s\"");
    world
        .relay()
        .rule("RCPT TO:<p", Does::StaysSilent, usize::MAX);
    world.configure("");
    remind_by_webhook(&world, &receiver);
    world.provost.start();
    let many: String = (0..10)
        .map(|n| {
            format!(
                "[[person]]\nid = \"p{n}\"\ndistrict = \"lone-pine\"\nusername = \"p{n}\"\nname = \"P {n}\"\n\
                 mail = [\"p{n}@lonepine.example\"]\n[[contact]]\nperson = \"p{n}\"\ntype = \"support\"\n\
                 designated = \"2024-01-10T09:00:00-07:00\"\nlast-activity = \"2024-09-18T10:00:00-06:00\"\n"
            )
        })
        .collect();
    world.import(&(register() + &many));
    world.provost.set_clock(NOTICE_DAY);
    wait_state(&world, "pending");
    // Ana's reminder and ten others' notices are due at once; the relay answers none of the ten.
    world.provost.set_clock("2025-03-17T10:00:00-06:00");
    let arrived = receiver.wait(1, || world.provost.log());
    assert!(arrived[0].body.contains("reminder"), "{arrived:?}");
    let waiting = ["notice", "list", "--state", "waiting", "--json"];
    let waiting = world.provost.cli(&waiting).json();
    let tried = waiting.as_array().unwrap().iter();
    let tried: Vec<_> = tried.filter(|notice| notice["kind"] == "notice").collect();
    assert_eq!(tried.len(), 10, "{waiting}");
    assert!(
        tried.iter().all(|notice| notice["attempts"] == 0),
        "{waiting}"
    );
}

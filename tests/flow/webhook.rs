//! Notices by webhook: the plugin, the host that signs and sends, and a receiver that checks with other means.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use provost_tests::receiver::{Arrived, Receiver};
use provost_tests::tls::Tls;
use provost_tests::{World, provost, wait};
use serde_json::Value;

use crate::cast::{self, LAST_SEEN, NOTICE_DAY};

/// Two signing keys: 24 bytes each, as base64.
const NEW: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD: &str = "C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// A district whose notices go by webhook: `allow` and `url` as given, signed with both keys.
fn district(allow: &str, url: &str, more: &str) -> World {
    let world = World::new(LAST_SEEN);
    let new = world.secret("key-new", &format!("whsec_{NEW}\n"));
    let old = world.secret("key-old", OLD);
    world.configure(&format!(
        "[[plugin]]\nid = \"webhook\"\nfile = \"{file}\"\nallow = [\"{allow}\"]\n{more}\n\
         secrets = {{ signing-key = [\"{new}\", \"{old}\"] }}\nsettings = {{ url = \"{url}\" }}\n\
         [[route]]\nnotices = [\"inactivity.*\"]\nto = \"contact\"\nchannels = [\"webhook\"]\n",
        file = provost::plugin("webhook").display(),
        new = new.display(),
        old = old.display(),
    ));
    world
}

/// Starts it with its register, and the day of the notice comes.
fn live_through(world: &mut World) {
    world.provost.start();
    world.import(&cast::ana());
}

fn wait_pending(world: &World) {
    let show = ["contact", "show", "ana", "--json"];
    world
        .provost
        .wait_json(&show, |shown| shown["state"] == "pending");
}

/// The signature by another implementation: openssl.
fn signature(folder: &Path, key: &str, arrived: &Arrived) -> String {
    let signed = format!(
        "{}.{}.{}",
        arrived.header("webhook-id"),
        arrived.header("webhook-timestamp"),
        arrived.body
    );
    std::fs::write(folder.join("signed"), signed).unwrap();
    let script = "key=$(printf %s \"$1\" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \\n') && \
                  openssl dgst -sha256 -mac HMAC -macopt \"hexkey:$key\" -binary signed | openssl base64 -A";
    let mut shell = Command::new("sh");
    let output = shell
        .args(["-c", script, "sh", key])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    format!("v1,{}", String::from_utf8_lossy(&output.stdout))
}

#[test]
fn a_quiet_contact_is_told_by_a_signed_webhook_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let tls = Tls::new(folder.path());
    let receiver = Receiver::start("127.0.0.1", Some(&tls));
    let url = format!("{}/provost?x=1", receiver.origin());
    let ca = format!("ca-file = \"{}\"", tls.ca.display());
    let mut world = district(receiver.origin(), &url, &ca);
    live_through(&mut world);
    world.provost.set_clock(NOTICE_DAY);
    let arrived = receiver.wait(1, || world.provost.log()).remove(0);
    wait_pending(&world);

    assert!(
        arrived.head.starts_with("POST /provost?x=1 HTTP/1.1\r\n"),
        "{arrived:?}"
    );
    assert_eq!(arrived.header("content-type"), "application/json");
    // While the key is changed a receiver knows the new one or the old one.
    let signatures: Vec<_> = arrived.header("webhook-signature").split(' ').collect();
    let expected = [NEW, OLD].map(|key| signature(folder.path(), key, &arrived));
    assert_eq!(signatures, expected);
    let second: jiff::Timestamp = NOTICE_DAY.parse().unwrap();
    assert_eq!(
        arrived.header("webhook-timestamp"),
        second.as_second().to_string()
    );
    let body: Value = serde_json::from_str(&arrived.body).unwrap();
    assert_eq!(body["type"], "inactivity.notice");
    assert_eq!(body["data"]["deadline"], "2025-04-01T10:00:00-06:00");
    assert_eq!(
        body["data"]["recipient"]["address"],
        "ana.ortiz@lonepine.example"
    );

    let notice = body["data"]["notice"].as_str().unwrap();
    let shown = world
        .provost
        .cli(&["notice", "show", notice, "--json"])
        .json();
    assert_eq!(shown["state"], "accepted", "{shown}");
    let said = shown.to_string();
    assert!(
        said.contains(arrived.header("webhook-id")) && said.contains("answered 200"),
        "{said}"
    );
    assert!(
        ![NEW, OLD]
            .iter()
            .any(|key| world.provost.log().contains(key))
    );
    world.provost.cli(&["audit", "verify"]).ok();
}

#[test]
fn a_kill_between_answer_and_commit_sends_the_same_webhook_again() {
    const RECORDED: &str = "http.answer.after>store.write.delivery>store.commit.before";
    for failpoint in ["http.answer.after", RECORDED] {
        let receiver = Receiver::start("127.0.0.1", None);
        let mut world = district(receiver.origin(), receiver.origin(), "");
        live_through(&mut world);
        assert!(world.provost.stop().success(), "{}", world.provost.log());
        world.provost.set_clock(NOTICE_DAY);
        world.provost.start_to_die_at(failpoint);
        let status = world.provost.wait_end();
        assert_eq!(
            status.signal(),
            Some(9),
            "{failpoint}\n{}",
            world.provost.log()
        );
        world.provost.start();
        wait_pending(&world);
        let arrived = receiver.arrived();
        let ids: Vec<_> = arrived
            .iter()
            .map(|arrived| arrived.header("webhook-id"))
            .collect();
        assert_eq!(ids.len(), 2, "{failpoint}: {arrived:#?}");
        assert_eq!(ids[0], ids[1], "{failpoint}");
    }
}

#[test]
fn a_key_that_is_changed_signs_from_the_next_reload_on() {
    const NEXT: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let receiver = Receiver::start("127.0.0.1", None);
    let mut world = district(receiver.origin(), receiver.origin(), "");
    live_through(&mut world);
    world.file("key-new", NEXT);
    world.provost.signal(Signal::SIGHUP);
    let log = || world.provost.log();
    wait::until("the reload", log, || {
        log().contains("configuration in force").then_some(())
    });
    world.provost.set_clock(NOTICE_DAY);
    let arrived = receiver.wait(1, log).remove(0);
    let expected = [&NEXT["whsec_".len()..], OLD].map(|key| signature(world.path(), key, &arrived));
    assert_eq!(arrived.header("webhook-signature"), expected.join(" "));
}

#[test]
fn a_receiver_that_wants_no_more_is_named_and_nobody_is_deactivated_unseen() {
    let receiver = Receiver::start("127.0.0.1", None);
    receiver.answer("HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n");
    let mut world = district(receiver.origin(), receiver.origin(), "");
    live_through(&mut world);
    world.provost.set_clock(NOTICE_DAY);
    let said = tried(&world);
    assert!(
        said.contains(
            "webhook to the contact, mailbox it@lonepine.example: answered 410: the receiver wants no more notices"
        ),
        "{said}"
    );
    let shown = world
        .provost
        .cli(&["contact", "show", "ana", "--json"])
        .json();
    assert_eq!(shown["state"], "held", "{shown}");
}

/// Waits until the notice has been tried, and says what became of it.
fn tried(world: &World) -> String {
    let list = world
        .provost
        .wait_json(&["notice", "list", "--json"], |list| {
            list[0]["attempts"]
                .as_u64()
                .is_some_and(|attempts| attempts >= 1)
        });
    let id = list[0]["id"].as_str().unwrap().to_owned();
    let shown = world.provost.cli(&["notice", "show", &id, "--json"]).json();
    shown["deliveries"].to_string()
}

#[test]
fn a_server_with_the_certificate_of_another_is_told_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let tls = Tls::new(folder.path());
    // Its certificate is for 127.0.0.1.
    let receiver = Receiver::start("127.0.0.2", Some(&tls));
    let ca = format!("ca-file = \"{}\"", tls.ca.display());
    let mut world = district(receiver.origin(), receiver.origin(), &ca);
    live_through(&mut world);
    world.provost.set_clock(NOTICE_DAY);
    let said = tried(&world);
    assert!(said.contains("certificate"), "{said}");
    assert_eq!(receiver.arrived(), []);
}

#[test]
fn a_name_of_this_machine_is_refused_unless_its_address_is_allowed() {
    let receiver = Receiver::start("127.0.0.1", None);
    let named = receiver.origin().replace("127.0.0.1", "localhost");
    let mut world = district(&named, &named, "");
    live_through(&mut world);
    world.provost.set_clock(NOTICE_DAY);
    let said = tried(&world);
    assert!(said.contains("is not public"), "{said}");
    assert_eq!(receiver.arrived(), []);
}

#[test]
fn check_names_what_would_stop_every_webhook() {
    let problems = |world: &World| {
        let config = world.provost.config().to_string_lossy().into_owned();
        let answer = provost::alone(&["check", "--config", &config]);
        assert_eq!(answer.code, 78, "{answer:?}");
        answer.err
    };
    let elsewhere = district("https://a.example", "https://b.example/in", "");
    assert!(problems(&elsewhere).contains("plugin.webhook.allow: send to https://b.example: "));
    let ftp = district("https://a.example", "ftp://a.example", "");
    assert!(problems(&ftp).contains("plugin.webhook.settings: url must begin with https://"));
    let broken = district("https://a.example", "https://a.example", "");
    broken.file("key-old", "c2hvcnQ=");
    let said = problems(&broken);
    assert!(
        said.contains("plugin.webhook.secrets: sign with secret `signing-key`"),
        "{said}"
    );
    assert!(!said.contains("c2hvcnQ="), "{said}");
    std::fs::remove_file(broken.path().join("key-old")).unwrap();
    let said = problems(&broken);
    assert!(
        said.contains("plugin.webhook.secrets.signing-key: read the secret in"),
        "{said}"
    );
    let bare = World::new(LAST_SEEN);
    bare.configure(&format!(
        "[[plugin]]\nid = \"webhook\"\nfile = \"{}\"\nallow = [\"hooks.example\"]\nca-file = \"/nowhere\"\n",
        provost::plugin("webhook").display()
    ));
    let said = problems(&bare);
    assert!(
        said.contains("allow[0] = \"hooks.example\": must be a scheme"),
        "{said}"
    );
}

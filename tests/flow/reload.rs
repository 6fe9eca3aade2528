//! Reload: a changed configuration is in force whole or not at all, and a refused one is said.

use nix::sys::signal::Signal;
use provost_tests::{Provost, World};
use serde_json::Value;

fn wait_refused(provost: &Provost, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let lines = |status: &Value| {
        let refused = status["configuration-refused"].as_array();
        refused.cloned().unwrap_or_default()
    };
    let status = provost.wait_json(&["status", "--json"], |status| wanted(&lines(status)));
    lines(&status)
}

#[test]
fn a_refused_configuration_is_said_once_and_the_old_one_stays() {
    let mut world = World::new("2025-03-02T10:00:00-07:00");
    world.configure("");
    world.provost.start();
    let district = |zone: &str| {
        format!(
            "[[district]]\nid = \"second\"\nname = \"Second\"\ntimezone = \"{zone}\"\nproducts = [\"sis\"]\n"
        )
    };
    world.configure(&district("Mars/Olympus"));
    world.provost.signal(Signal::SIGHUP);
    let lines = wait_refused(&world.provost, |lines| !lines.is_empty());
    assert!(format!("{lines:?}").contains("Mars/Olympus"), "{lines:?}");
    // Until the file is mended the daemon goes on with what it had.
    let document = world.provost.cli(&["export"]).json();
    assert_eq!(document["district"].as_array().map(Vec::len), Some(1));
    world.configure(&district("America/Boise"));
    world.provost.signal(Signal::SIGHUP);
    wait_refused(&world.provost, <[Value]>::is_empty);
    let document = world.provost.cli(&["export"]).json();
    assert_eq!(document["district"][1]["id"], "second", "{document}");
    let log = world.provost.log();
    assert_eq!(log.matches("configuration refused").count(), 1, "{log}");
}

#[test]
fn a_file_that_settles_is_read_without_a_signal() {
    let mut world = World::new("2025-03-02T10:00:00-07:00");
    world.configure("");
    world.provost.start();
    world.configure("[[plugin]]\nid = \"montana-edition\"\nfile = \"no-such-file.wasm\"\n");
    let lines = wait_refused(&world.provost, |lines| !lines.is_empty());
    assert!(
        format!("{lines:?}").contains("no-such-file.wasm"),
        "{lines:?}"
    );
    world.configure("");
    wait_refused(&world.provost, <[Value]>::is_empty);
}

#[test]
fn mail_takes_the_relay_of_the_configuration_in_force() {
    let mut world = World::new("2024-09-03T10:00:00-06:00").with_mail(&[]);
    world.configure("");
    let good = std::fs::read_to_string(world.provost.config()).unwrap();
    let relay = good
        .lines()
        .find(|line| line.starts_with("relay"))
        .unwrap()
        .to_owned();
    // Nobody listens on the discard port.
    world.file(
        "provost.toml",
        &good.replace(&relay, "relay = \"smtp://127.0.0.1:9\""),
    );
    world.provost.start();
    let register = world.file(
        "register.toml",
        "[[person]]\nid = \"ana\"\ndistrict = \"lone-pine\"\nusername = \"aortiz\"\nname = \"Ana Ortiz\"\n\
         mail = [\"ana.ortiz@lonepine.example\"]\n\
         [[contact]]\nperson = \"ana\"\ntype = \"support\"\ndesignated = \"2024-01-10T09:00:00-07:00\"\n\
         last-activity = \"2024-09-03T10:00:00-06:00\"\n",
    );
    world
        .provost
        .cli(&["import", &register.to_string_lossy()])
        .ok();
    world.provost.set_clock("2025-03-02T10:00:00-07:00");
    world.provost.wait_json(&["status", "--json"], |status| {
        status["notices-waiting"] == 1
    });
    world.file("provost.toml", &good);
    world.provost.signal(Signal::SIGHUP);
    // The clock goes on by hours until the retry is due; the message must come from the new relay.
    for hour in 11..=20 {
        world
            .provost
            .set_clock(&format!("2025-03-02T{hour}:00:00-07:00"));
    }
    world.smtpd().wait_mails(1);
}

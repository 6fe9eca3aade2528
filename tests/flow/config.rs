//! Configuration as an administrator meets it: every problem at once, one daemon at a time, reloads that cannot hurt.

use nix::sys::signal::Signal;
use provost_tests::{World, provost, systemd, wait};
use std::os::unix::fs::PermissionsExt as _;

const NOW: &str = "2025-03-02T10:00:00-07:00";

#[test]
fn check_prints_every_problem_with_its_key_and_exits_78() {
    let world = World::new(NOW);
    let path = world.file(
        "wrong.toml",
        "[store]\npath = 7\n[listen]\nsocket = \"/tmp/p.sock\"\nport = 1\n\
         [mail]\nrelay = \"http://mail\"\nfrom = \"nobody\"\ntimeout = \"soon\"\n\
         [[district]]\nid = \"a/b\"\nname = \"A\"\ntimezone = \"America/Nowhere\"\nedition = \"standard\"\n\
         products = [\"sis\"]\ninactivity = { warn-after = \"220d\", deactivate-after = \"210d\" }\n",
    );
    let answer = provost::alone(&["check", "--config", &path.to_string_lossy()]);
    assert_eq!(answer.code, 78, "{answer:?}");
    for key in [
        "store.path",
        "listen.port",
        "mail.relay",
        "mail.from",
        "mail.timeout",
        "district[0].id",
        "district[0].timezone",
        "inactivity",
    ] {
        assert!(
            answer.err.contains(key),
            "{key} is not named in\n{}",
            answer.err
        );
    }
    let run = provost::alone(&["run", "--config", &path.to_string_lossy()]);
    assert_eq!(
        (run.code, run.err),
        (answer.code, answer.err),
        "start-up and check share one path"
    );
}

#[test]
fn a_file_that_is_no_toml_is_refused_with_its_line() {
    let world = World::new(NOW);
    let path = world.file("broken.toml", "[store]\npath = \"/x\"\n[listen\n");
    let answer = provost::alone(&["check", "--config", &path.to_string_lossy()]);
    assert_eq!(answer.code, 78, "{answer:?}");
    assert!(answer.err.contains("line 3"), "{}", answer.err);
}

#[test]
fn the_example_configuration_is_sound_but_for_the_files_it_names() {
    let world = World::new(NOW);
    let example = systemd::workspace().join("config/provost.toml");
    let (example, credentials) = (example.to_string_lossy(), world.path().to_string_lossy());
    // `%d` stands for the credentials directory, which the service has and this test must give.
    let answer = provost::alone(&[
        "check",
        "--json",
        "--credentials",
        &credentials,
        "--config",
        &example,
    ]);
    let value: serde_json::Value =
        serde_json::from_str(&answer.out).unwrap_or_else(|why| panic!("{why}: {answer:?}"));
    let problems = value["problems"].as_array().cloned().unwrap_or_default();
    let others: Vec<_> = problems
        .iter()
        .filter(|problem| {
            !problem["key"]
                .as_str()
                .unwrap_or_default()
                .starts_with("plugin")
        })
        .collect();
    assert_eq!(others, Vec::<&serde_json::Value>::new());
}

#[test]
fn a_secret_that_others_may_read_refuses_the_start_and_a_reload_until_it_is_mended() {
    let mut world = World::new(NOW);
    let key = world.file("checkpoint-key", &format!("{}\n", "5a".repeat(32)));
    let mode = |mode| {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let own = format!("checkpoint-key-file = \"{}\"\n", key.display());
    world.configure("");
    let config = world.provost.config().to_owned();
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replace("[store]\n", &format!("[store]\n{own}"));
    std::fs::write(&config, text).unwrap();

    mode(0o644);
    let config = config.to_string_lossy();
    let reason = format!(
        "store.checkpoint-key-file = {key}: others have access (mode 0644): chmod 600 {key}",
        key = key.display()
    );
    for verb in ["run", "check"] {
        let answer = provost::alone(&[verb, "--config", &config]);
        assert_eq!(answer.code, 78, "{verb}: {answer:?}");
        assert!(answer.err.contains(&reason), "{verb}: {}", answer.err);
    }

    mode(0o600);
    world.provost.start();
    mode(0o604);
    world.provost.signal(Signal::SIGHUP);
    let log = || world.provost.log();
    wait::until("the refusal", log, || {
        let refused = log().contains("configuration refused; the old one stays in force");
        refused.then_some(())
    });
    assert!(log().contains("(mode 0604)"), "{}", log());
    let status = world.provost.cli(&["status"]).ok();
    assert!(status.out.contains("(mode 0604)"), "{status:?}");
    world.provost.cli(&["audit", "checkpoint"]).ok();

    mode(0o600);
    world.provost.signal(Signal::SIGHUP);
    wait::until("the reload", log, || {
        log().contains("configuration in force").then_some(())
    });
}

#[test]
fn a_second_daemon_on_the_same_register_is_refused_and_the_first_goes_on() {
    let mut world = World::new(NOW);
    world.configure("");
    world.provost.start();
    let second = provost::alone(&["run", "--config", &world.provost.config().to_string_lossy()]);
    assert_ne!(second.code, 0, "{second:?}");
    assert!(second.err.starts_with("provost: "), "{}", second.err);
    world.provost.cli(&["status", "--json"]).json();
}

#[test]
fn a_stop_ends_the_daemon_in_order_and_takes_its_socket_away() {
    let mut world = World::new(NOW);
    world.configure("");
    world.provost.start();
    assert!(world.provost.socket().exists());
    let status = world.provost.stop();
    assert!(status.success(), "{status}\n{}", world.provost.log());
    assert!(!world.provost.socket().exists());
    let answer = world.provost.cli(&["status"]);
    assert_eq!(answer.code, 1, "{answer:?}");
    assert!(answer.err.starts_with("provost: "), "{}", answer.err);
}

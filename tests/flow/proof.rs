//! What a contact was told before the deactivation can be shown to an auditor, and checked by one.

use provost_tests::{Does, Received, World};
use serde_json::Value;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::cast;

/// Notice and reminder to Ana; the final notice to Ben, because the relay does not know her any more; deactivated, and
/// restored by Ben.
fn deactivated_and_restored() -> World {
    let mut world = World::new("2025-02-10T10:00:00-07:00").with_relay("");
    world.configure("");
    world.provost.start();
    // Ben, who may restore her, has not been quiet.
    world.import(&(cast::ana() + &cast::ben("2025-02-10T09:00:00-07:00", None)));
    let days = [
        "2025-03-02T10:00:00-07:00",
        "2025-03-17T10:00:00-06:00",
        "2025-03-31T10:00:00-06:00",
        "2025-04-01T10:00:00-06:00",
    ];
    for (place, day) in days.into_iter().enumerate() {
        if place == 2 {
            let unknown = Does::say("550 5.1.1 no such user");
            world.relay().rule("RCPT TO:<ana", unknown, 1);
        }
        world.provost.set_clock(day);
        world.relay().wait_mails(place + 1);
        world.provost.wait_json(&["status", "--json"], |status| {
            status["notices-waiting"] == 0
        });
    }
    world
        .provost
        .cli(&["contact", "reactivate", "ana", "--by", "ben"])
        .ok();
    world.relay().wait_mails(5);
    world.provost.wait_json(&["status", "--json"], |status| {
        status["notices-waiting"] == 0
    });
    world
}

fn json(world: &World, args: &[&str]) -> Value {
    let mut args = args.to_vec();
    args.push("--json");
    world.provost.cli(&args).json()
}

/// SHA-256 of a message as it came over the wire, by a program that is not ours.
fn sha256(mail: &Received) -> String {
    let (_, message) = mail.text.split_once('\n').unwrap();
    // The line end before the final dot belongs to the dialogue, not to the message.
    let message = message.strip_suffix('\n').unwrap();
    let mut program = Command::new("sha256sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let bytes = message.replace('\n', "\r\n");
    program
        .stdin
        .take()
        .unwrap()
        .write_all(bytes.as_bytes())
        .unwrap();
    let out = program.wait_with_output().unwrap().stdout;
    String::from_utf8(out).unwrap()[..64].to_owned()
}

#[test]
fn a_deactivation_is_proved_by_stages_receipts_hashes_and_the_journal() {
    let world = deactivated_and_restored();
    let proof = json(&world, &["notice", "proof", "ana"]);
    let verified = json(&world, &["audit", "verify"]);
    assert_eq!(proof["journal"]["head"], verified["head"]);
    assert_eq!(proof["journal"]["entries"], verified["entries"]);
    let episodes = proof["episodes"].as_array().unwrap();
    assert_eq!(episodes.len(), 1, "{proof}");
    let episode = &episodes[0];
    assert_eq!(episode["anchor"], "2024-09-03T10:00:00-06:00");
    assert_eq!(episode["deactivated"], "2025-04-01T10:00:00-06:00");
    assert_eq!(episode["ended"]["how"], "reactivated");
    assert_eq!(episode["ended"]["journal"]["by"], "person ben");
    let mails = world.relay().mails();
    let stages = episode["stages"].as_array().unwrap();
    assert_eq!(stages.len(), 4);
    let mut places = vec![&episode["deactivation"], &episode["ended"]["journal"]];
    for (stage, mail) in stages.iter().zip(&mails) {
        let attempt = &stage["attempts"][0];
        let delivery = &attempt["delivery"];
        assert_eq!(delivery["recipients"][0], mail.delivered_to(), "{stage}");
        assert_eq!(delivery["receipt"], "250 2.0.0 queued as 7");
        assert_eq!(delivery["message-id"], mail.message_id());
        let trials = delivery["trials"].as_array().unwrap();
        assert_eq!(trials.last().unwrap()["sha256"], sha256(mail), "{stage}");
        places.extend([&stage["queued"], &attempt["journal"]]);
    }
    let to = mails.iter().map(Received::delivered_to);
    assert_eq!(to.filter(|to| to.starts_with("ben")).count(), 1);
    let refused = &stages[2]["attempts"][0]["delivery"]["trials"][0];
    assert_eq!(
        (&refused["fate"], &refused["role"]),
        (&"refused".into(), &"contact".into())
    );
    for place in places {
        let after = (place["seq"].as_u64().unwrap() - 1).to_string();
        let line = json(
            &world,
            &["audit", "list", "--after", &after, "--limit", "1"],
        );
        assert_eq!(line[0]["chain"], place["chain"], "{place}");
        assert_eq!(line[0]["actor"], place["by"]);
    }
}

#[test]
fn the_proof_and_a_persons_timeline_read_well() {
    let world = deactivated_and_restored();
    let table = world.provost.cli(&["notice", "proof", "ana"]).ok().out;
    for word in [
        "deactivated",
        "reminder",
        "250 2.0.0 queued as 7",
        "reactivated",
        "person ben",
    ] {
        assert!(table.contains(word), "{word}: {table}");
    }
    let shown = json(&world, &["contact", "show", "ana"]);
    let timeline = shown["timeline"].as_array().unwrap();
    let events: Vec<&str> = timeline
        .iter()
        .map(|line| line["event"].as_str().unwrap())
        .collect();
    let told = ["notice", "delivered", "stage"];
    let mut expected = vec!["designated"];
    expected.extend(told.iter().chain(&told).chain(&told));
    expected.extend([
        "deactivated",
        "notice",
        "delivered",
        "reactivated",
        "notice",
        "delivered",
    ]);
    assert_eq!(events, expected, "{shown}");
    let restored = &timeline[13];
    assert_eq!(
        (&restored["event"], &restored["by"]),
        (&"reactivated".into(), &"person ben".into())
    );
    let nobody = world.provost.cli(&["notice", "proof", "nobody"]);
    assert_eq!(nobody.code, 1);
    let none = json(&world, &["notice", "proof", "ben"]);
    assert_eq!(none["episodes"], Value::Array(Vec::new()));
    assert_eq!(
        json(&world, &["notice", "proof", "ana", "--episode", "7"])["episodes"],
        Value::Array(Vec::new())
    );
}

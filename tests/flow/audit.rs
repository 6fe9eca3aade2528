//! What was noted elsewhere tells a rewritten history, when the register itself says that all is well.

use provost_tests::World;
use provost_tests::provost::alone;
use serde_json::{Value, json};

use crate::feed::import;

fn started() -> World {
    let mut world = World::new("2025-03-02T10:00:00-07:00");
    world.configure("");
    world.provost.start();
    import(&world);
    world
}

/// One line, as cron would append it to a file elsewhere.
fn checkpoint(world: &World) -> String {
    let line = world.provost.cli(&["audit", "checkpoint"]).ok().out;
    assert_eq!(line.lines().count(), 1, "{line}");
    line
}

#[test]
fn an_older_register_put_in_place_is_noticed_by_the_checkpoints_that_were_kept() {
    let mut world = started();
    let mut kept = format!("# kept by the auditor\n\n{}", checkpoint(&world));
    let backup = world.provost.cli(&["backup", "--json"]).json();
    let backup = backup["file"].as_str().unwrap().to_owned();
    world.provost.cli(&["activity", "record", "ana"]).ok();
    let last = checkpoint(&world);
    kept.push_str(&last);
    let file = world.file("checkpoints", &kept);
    let file = file.to_str().unwrap().to_owned();
    let verify = ["audit", "verify", "--checkpoint", &file, "--json"];
    let found = world.provost.cli(&verify).json();
    assert_eq!(found["sound"], true);
    let holds = |found: &Value| {
        let proofs = found["checkpoints"].as_array().unwrap().iter();
        proofs
            .map(|proof| proof["holds"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(holds(&found), [json!(true), json!(true)]);

    assert!(world.provost.stop().success());
    let config = world.provost.config();
    alone(&["restore", &backup, "--config", config.to_str().unwrap()]).ok();
    world.provost.start();
    world.provost.cli(&["audit", "verify"]).ok();
    let found = world.provost.cli(&verify).refused();
    assert_eq!(holds(&found), [json!(true), json!(false)]);
    let proof = &found["checkpoints"][1];
    assert_eq!(proof["problem"], "missing");
    assert_eq!(proof["from"], format!("{file}:4"));
    let first: Value = serde_json::from_str::<Value>(kept.lines().nth(2).unwrap()).unwrap();
    assert_eq!(proof["first"], first["seq"].as_u64().unwrap() + 1);
    let told = world.provost.cli(&verify[..4]);
    assert!(
        told.out.contains("an older one put in its place"),
        "{}",
        told.out
    );
}

#[test]
fn an_auditor_proves_a_backup_with_nothing_but_the_public_key() {
    let world = started();
    let line = checkpoint(&world);
    let backup = world.provost.cli(&["backup", "--json"]).json();
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join("copy.db");
    std::fs::copy(backup["file"].as_str().unwrap(), &copy).unwrap();
    let file = world.file("checkpoints", &line);
    let key = serde_json::from_str::<Value>(&line).unwrap()["key"].clone();
    let verify = |more: &[&str]| {
        let mut words = vec![
            "audit",
            "verify",
            "--json",
            "--database",
            copy.to_str().unwrap(),
        ];
        words.extend(["--checkpoint", file.to_str().unwrap()]);
        words.extend(more);
        alone(&words)
    };
    assert_eq!(
        verify(&[]).refused()["checkpoints"][0]["problem"],
        "another-key"
    );
    let found = verify(&["--key", key.as_str().unwrap()]).json();
    assert_eq!(found["checkpoints"][0]["holds"], true);
    // A file without one, and one that is not there, are no proof.
    let empty = world.file("empty", "\n# nothing\n");
    for missing in [empty.to_str().unwrap(), "/nonexistent/checkpoints"] {
        let told = world
            .provost
            .cli(&["audit", "verify", "--checkpoint", missing]);
        assert_eq!(told.code, 1);
        assert!(told.err.contains(missing), "{}", told.err);
    }
}

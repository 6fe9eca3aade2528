//! Somebody who has left is erased for good, and the history stays provable.

use provost_tests::World;
use serde_json::json;

use crate::cast;

const NOW: &str = "2025-03-02T10:00:00-07:00";

#[test]
fn a_person_who_has_left_is_erased_and_every_checkpoint_still_holds() {
    let mut world = World::new(NOW);
    world.configure("");
    world.provost.start();
    world.import(&(cast::ana() + &cast::ben("2025-02-10T09:00:00-07:00", None)));
    let cli = |words: &[&str]| world.provost.cli(words);
    cli(&["role", "grant", "ana", "sis"]).ok();
    let kept = world.file("kept", &cli(&["audit", "checkpoint"]).ok().out);
    let kept = kept.to_str().unwrap();

    let refused = cli(&["person", "erase", "ana"]);
    assert_eq!(refused.code, 1);
    for why in ["authorized contact (", "they hold", "sis"] {
        assert!(refused.err.contains(why), "{}", refused.err);
    }
    cli(&["contact", "remove", "ana"]).ok();
    cli(&["role", "revoke", "ana", "sis"]).ok();
    let looked = cli(&["person", "erase", "ana", "--dry-run", "--json"]).json();
    assert_eq!(looked["erased"], false);
    let entries = looked["entries"].as_u64().unwrap();
    assert!(entries >= 5, "{looked}");
    assert_eq!(cli(&["contact", "show", "ana"]).code, 0);

    let erased = cli(&["person", "erase", "ana", "--json"]).json();
    assert_eq!(
        erased,
        json!({ "person": "ana", "district": "lone-pine", "entries": entries, "erased": true })
    );
    assert_eq!(cli(&["contact", "show", "ana"]).code, 1);
    let found = cli(&["audit", "verify", "--checkpoint", kept, "--json"]).json();
    assert_eq!(found["erased"], entries);
    assert_eq!(found["checkpoints"][0]["holds"], true);
    let listed = cli(&["audit", "list", "--limit", "1000", "--json"]).json();
    let last = listed.as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["noun"], "erase");
    assert!(last["change"].as_str().unwrap().contains("person ana"));
    let exported = cli(&["audit", "export"]).ok().out;
    assert_eq!(exported.lines().count(), listed.as_array().unwrap().len());
    assert!(!exported.contains("Ana Ortiz"), "{exported}");
    assert!(exported.contains("Ben White"));
    // There is nothing left to erase, and of nobody else is there anything to erase at all.
    let again = cli(&["person", "erase", "ana", "--json"]).json();
    assert_eq!(again["entries"], 0);
    assert_eq!(cli(&["person", "erase", "nobody"]).code, 1);

    let file = world.path().join("provost.db");
    assert!(world.provost.stop().success());
    let bytes = std::fs::read(file).unwrap();
    let holds = |text: &str| {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(holds("Ben White"));
    for text in ["Ana Ortiz", "ana.ortiz@", "aortiz"] {
        assert!(!holds(text), "{text} is still in the register's file");
    }
}

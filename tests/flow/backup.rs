//! A register is backed up beside its daemon and put back without one.

use provost_tests::World;
use provost_tests::provost::alone;

use crate::feed::import;

#[test]
fn a_restored_register_goes_on_where_the_backup_was_taken() {
    let mut world = World::new("2025-03-02T10:00:00-07:00");
    world.configure("");
    world.provost.start();
    import(&world);
    let backup = world.provost.cli(&["backup", "--json"]).json();
    let file = backup["file"].as_str().unwrap().to_owned();
    assert!(
        file.ends_with("/backups/provost-20250302T170000Z.db"),
        "{file}"
    );
    let taken = world.provost.cli(&["backup", &file]);
    assert_eq!(taken.code, 1);
    assert!(taken.err.contains("already exists"), "{}", taken.err);
    // Another one of the same second is no reason to have none.
    let second = world.provost.cli(&["backup", "--json"]).json();
    assert_eq!(second["file"], file.replace(".db", "-2.db"));

    world.provost.cli(&["activity", "record", "ana"]).ok();
    let later = world.provost.cli(&["status", "--json"]).json()["revision"].clone();
    let config = world.provost.config();
    let config = config.to_string_lossy();
    let restore = ["restore", &file, "--config", &config, "--json"];
    let running = alone(&restore);
    assert_eq!(running.code, 1);
    assert!(
        running.err.contains("another provost is running"),
        "{}",
        running.err
    );
    assert!(world.provost.stop().success());

    let checked = alone(&["restore", &file, "--config", &config, "--json", "--check"]).json();
    assert_eq!(checked["head"], backup["head"]);
    let restored = alone(&restore).json();
    assert_eq!(restored["revision"], backup["revision"]);
    world.provost.start();
    let status = world.provost.cli(&["status", "--json"]).json();
    assert_eq!(status["revision"], backup["revision"]);
    assert_ne!(status["revision"], later);
    let verified = world.provost.cli(&["audit", "verify", "--json"]).json();
    assert_eq!(verified["head"], backup["head"]);
    assert_eq!(verified["entries"], backup["entries"]);
    let kept = restored["replaced"].as_str().unwrap();
    let kept = alone(&["restore", kept, "--config", &config, "--json", "--check"]).json();
    assert_eq!(kept["revision"], later);
}

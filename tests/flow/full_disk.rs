//! A disk without room: writes are refused and said to be, reads go on, and everything resumes by itself.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use provost_tests::World;

use crate::feed::import;

/// A file system of its own, so small that it fills up. Taken away with this value.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where this account may not mount.
    fn mount(folder: &Path) -> Option<Self> {
        std::fs::create_dir_all(folder).unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=4m", "none"])
            .arg(folder);
        let mounted = mount.status().is_ok_and(|status| status.success());
        mounted.then(|| Self(folder.to_owned()))
    }

    /// Takes all the room there is.
    fn fill(&self) {
        let mut ballast = std::fs::File::create(self.0.join("ballast")).unwrap();
        while ballast.write_all(&[0; 4096]).is_ok() {}
    }

    fn make_room(&self) {
        std::fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_said_and_passes_and_nothing_acknowledged_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk");
    let Some(disk) = SmallDisk::mount(&path) else {
        eprintln!("SKIPPED: a full disk needs the right to mount a tmpfs (run the tests as root)");
        return;
    };
    let mut world = World::new("2025-03-02T10:00:00-07:00").with_store_in(&path);
    world.configure("");
    world.provost.start();
    import(&world);
    disk.fill();

    // What the log has room for is still taken, and counts.
    let mut acknowledged = 0;
    let refused = loop {
        let id = format!("e{acknowledged}");
        let at = format!(
            "2025-03-01T{:02}:{:02}:00-07:00",
            acknowledged / 60,
            acknowledged % 60
        );
        let answer = world
            .provost
            .cli(&["activity", "record", "ana", "--at", &at, "--id", &id]);
        if answer.code != 0 {
            break answer;
        }
        acknowledged += 1;
        assert!(acknowledged < 1200, "the disk never fills up");
    };
    assert!(
        refused.err.contains("the register's disk is full"),
        "{}",
        refused.err
    );
    let status = world.provost.wait_json(&["status", "--json"], |status| {
        status["takes-no-writes"]["why"] == "the register's disk is full"
    });
    assert_eq!(status["takes-no-writes"]["since"], "2025-03-02T17:00:00Z");
    world.provost.cli(&["contact", "list"]).ok();

    disk.make_room();
    world.provost.wait_json(&["status", "--json"], |status| {
        status["takes-no-writes"].is_null()
    });
    world
        .provost
        .cli(&["activity", "record", "ben", "--id", "after"])
        .ok();
    let journal = world
        .provost
        .cli(&["audit", "list", "--limit", "1000", "--json"])
        .json();
    let events = journal.as_array().into_iter().flatten();
    let events = events.filter(|entry| entry["noun"] == "activity").count();
    assert_eq!(events, acknowledged + 1);
    world.provost.cli(&["audit", "verify"]).ok();
    let log = world.provost.log();
    assert_eq!(
        log.matches("the register takes no writes").count(),
        1,
        "{log}"
    );
    assert_eq!(
        log.matches("the register takes writes again").count(),
        1,
        "{log}"
    );
    // Started without any room it cannot even read; it says what is missing instead of making a new register.
    assert!(world.provost.stop().success());
    disk.fill();
    world.provost.start_to_die_at("none");
    assert!(!world.provost.wait_end().success());
    assert!(
        world.provost.log().contains("make room first"),
        "{}",
        world.provost.log()
    );
    disk.make_room();
    world.provost.start();
    world.provost.cli(&["audit", "verify"]).ok();
}

//! A disk without room, and one that fails: writes are refused and said to be, reads go on, and once there is room
//! everything resumes by itself.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use provost_tests::{Answer, World};

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

/// An ext4 of its own that can be made to fail as one with a broken disk below it does. Taken away with this value.
struct FailingDisk(PathBuf);

impl FailingDisk {
    /// `None` where this account may not mount, or has no loop devices.
    fn mount(folder: &Path) -> Option<Self> {
        let (image, path) = (folder.join("image"), folder.join("failing"));
        std::fs::create_dir_all(&path).unwrap();
        let file = std::fs::File::create(&image).unwrap();
        file.set_len(32 << 20).unwrap();
        let mkfs = Command::new("mkfs.ext4").arg("-q").arg(&image).status();
        let mut mount = Command::new("mount");
        mount.args(["-o", "loop"]).args([&image, &path]);
        let is_done = |done: std::io::Result<ExitStatus>| done.is_ok_and(|status| status.success());
        (is_done(mkfs) && is_done(mount.status())).then(|| Self(path))
    }

    /// The file system gives up: it is read-only from now on, also for files that are open.
    fn fail(&self) {
        let mut remount = Command::new("mount");
        remount.args(["-o", "remount,abort"]).arg(&self.0);
        // It says that it could not be mounted for writing, which is what is wanted.
        remount.output().unwrap();
        assert!(std::fs::File::create(self.0.join("more")).is_err());
    }
}

impl Drop for FailingDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Records events until one is refused; says how many were acknowledged, and the refusal.
fn record_until_refused(world: &World) -> (usize, Answer) {
    // What the log has room for is still taken, and counts.
    for n in 0..1200 {
        let id = format!("e{n}");
        let at = format!("2025-03-01T{:02}:{:02}:00-07:00", n / 60, n % 60);
        let event = ["activity", "record", "ana", "--at", &at, "--id", &id];
        let answer = world.provost.cli(&event);
        if answer.code != 0 {
            return (n, answer);
        }
    }
    panic!("the disk never fills up");
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

    let (acknowledged, refused) = record_until_refused(&world);
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

#[test]
fn a_disk_that_turns_read_only_is_said_while_reads_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = FailingDisk::mount(folder.path()) else {
        eprintln!("SKIPPED: a failing disk needs loop devices and the right to mount one");
        return;
    };
    let mut world = World::new("2025-03-02T10:00:00-07:00").with_store_in(&disk.0);
    world.configure("");
    world.provost.start();
    import(&world);
    disk.fail();

    let event = ["activity", "record", "ana", "--id", "refused"];
    let refused = world.provost.cli(&event);
    assert_eq!(refused.code, 1);
    let why = "the register's disk cannot be written (read-only, over quota or failing)";
    assert!(refused.err.contains(why), "{}", refused.err);
    world.provost.wait_json(&["status", "--json"], |status| {
        status["takes-no-writes"]["why"] == why
    });
    let contacts = world.provost.cli(&["contact", "list", "--json"]).json();
    assert_eq!(contacts.as_array().map(Vec::len), Some(2));
    let said = "the register takes no writes";
    assert_eq!(world.provost.log().matches(said).count(), 1);

    // Started there it says which file it cannot open, and does not try again and again.
    world.provost.stop();
    world.provost.start_to_die_at("none");
    assert!(!world.provost.wait_end().success());
    let log = world.provost.log();
    assert!(log.contains("Read-only file system"), "{log}");
}

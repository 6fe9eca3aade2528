use std::os::unix::fs::symlink;

use super::*;
use crate::flow::rig::{Rig, at};

const GOOD: &str = "person,kind,at,id\nana,portal-login,2025-01-05T12:00:00Z,e1\n";

struct Drop {
    rig: Rig,
    folder: tempfile::TempDir,
    spool: Spool,
    stop: CancellationToken,
}

impl Drop {
    fn new() -> Self {
        let rig = Rig::new();
        rig.set_clock("2025-01-10T12:00:00Z");
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool {
            folder: Folder::new(folder.path().to_owned()),
            seen: BTreeMap::new(),
            standing: Standing::default(),
        };
        Self {
            rig,
            folder,
            spool,
            stop: CancellationToken::new(),
        }
    }

    fn put(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// Looks as if everything had lain there for long.
    fn look(&mut self) {
        self.spool.folder.prepare().unwrap();
        self.spool.see().unwrap();
        for seen in self.spool.seen.values_mut() {
            seen.since -= SETTLE;
            seen.tried = None;
        }
        self.spool.look(&self.rig.daemon, &self.stop);
    }

    /// What lies in the folder, by path within it.
    fn files(&self) -> Vec<String> {
        let mut names = Vec::new();
        for place in ["", "done", "failed"] {
            for entry in std::fs::read_dir(self.folder.path().join(place)).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                if place.is_empty() && ["done", "failed"].contains(&name.as_str()) {
                    continue;
                }
                names.push(Path::new(place).join(name).to_str().unwrap().to_owned());
            }
        }
        names.sort();
        names
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }
}

#[test]
fn a_good_file_is_taken_and_moved_to_done() {
    let mut drop = Drop::new();
    drop.put("a.csv", GOOD);
    drop.look();
    assert_eq!(drop.files(), ["done/a.csv"]);
    let ana = drop.rig.contact("ana");
    assert_eq!(ana.last_activity, Some(at("2025-01-05T12:00:00Z")));
    let register = drop.rig.daemon.store.read().unwrap();
    let last = register.journal(0, 1000).unwrap().pop().unwrap();
    assert_eq!(last.actor.to_string(), "spool file a.csv");
    assert_eq!(
        (drop.spool.standing.done, drop.spool.standing.failed),
        (1, 0)
    );
}

#[test]
fn good_lines_of_a_broken_file_count_and_the_reasons_lie_beside_it() {
    let mut drop = Drop::new();
    let line = |person: &str, id: &str| {
        format!(
            "{{\"person\":\"{person}\",\"kind\":\"portal-login\",\"at\":\"2025-01-05T12:00:00Z\",\"id\":\"{id}\"}}\n"
        )
    };
    let lines = [
        line("ana", "e1"),
        "oops\n".to_owned(),
        line("nobody", "e2"),
        line("ben", "e3"),
        "{\"feed\":\"portal\",\"watermark\":\"2025-01-05T12:00:00Z\"}\n".to_owned(),
    ];
    drop.put("a.ndjson", lines.concat());
    drop.look();
    assert_eq!(drop.files(), ["failed/a.ndjson", "failed/a.ndjson.reasons"]);
    assert_eq!(
        drop.text("failed/a.ndjson.reasons"),
        "2: malformed: expected value at line 1 column 1\n\
         3: unknown-person: the register knows none of that name\n\
         5: held-back: something that was sent before it could not be read\n"
    );
    assert!(drop.rig.contact("ana").last_activity.is_some());
    assert!(drop.rig.contact("ben").last_activity.is_some());
}

#[test]
fn a_file_larger_than_a_chunk_is_taken_whole_and_an_early_fault_holds_its_watermark_back() {
    let mut drop = Drop::new();
    let mut text = "person,kind,at,id,feed\noops\n".to_owned();
    for n in 0..2500 {
        text.push_str(&format!("ned,portal-login,2025-01-05T12:00:00Z,n{n},\n"));
    }
    text.push_str("ana,portal-login,2025-01-05T12:00:00Z,e1,portal\n");
    text.push_str(",watermark,2025-01-05T12:00:00Z,,portal\n");
    drop.put("big.csv", text);
    drop.look();
    assert_eq!(
        drop.text("failed/big.csv.reasons"),
        "2: malformed: the row has 1 fields, the header 5\n\
         2504: held-back: something that was sent before it could not be read\n"
    );
    assert!(drop.rig.contact("ana").last_activity.is_some());
}

#[test]
fn a_file_of_a_name_that_was_taken_before_overwrites_nothing() {
    let mut drop = Drop::new();
    for _ in 0..3 {
        drop.put("a.csv", GOOD);
        drop.look();
    }
    assert_eq!(drop.files(), ["done/a.csv", "done/a.csv.1", "done/a.csv.2"]);
    for _ in 0..2 {
        drop.put("b.csv", "oops\n");
        drop.look();
    }
    let failed = ["b.csv", "b.csv.1", "b.csv.1.reasons", "b.csv.reasons"];
    assert_eq!(
        drop.files()[3..],
        failed.map(|name| format!("failed/{name}"))
    );
}

#[test]
fn what_is_no_plain_file_is_put_aside_unread_and_blocks_nobody() {
    let mut drop = Drop::new();
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), GOOD).unwrap();
    symlink(secret.path(), drop.folder.path().join("a.csv")).unwrap();
    let pipe = drop.folder.path().join("b.ndjson");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    std::fs::create_dir(drop.folder.path().join("c.csv")).unwrap();
    drop.put("z.csv", GOOD.replace("ana", "ben"));
    drop.look();
    assert_eq!(
        drop.text("failed/a.csv.reasons"),
        "the file is a symbolic link, which is never followed\n"
    );
    assert_eq!(
        drop.text("failed/b.ndjson.reasons"),
        "the file is no plain file\n"
    );
    assert_eq!(
        drop.text("failed/c.csv.reasons"),
        "the file is no plain file\n"
    );
    assert!(drop.files().contains(&"done/z.csv".to_owned()));
    assert_eq!(drop.rig.contact("ana").last_activity, None);
    assert!(drop.rig.contact("ben").last_activity.is_some());
    assert_eq!(std::fs::read_to_string(secret.path()).unwrap(), GOOD);
}

#[test]
fn files_that_are_being_written_or_are_none_of_ours_stay() {
    let mut drop = Drop::new();
    let names = [".a.csv", "a.csv.part", "a.csv.tmp", "notes.txt"];
    for name in names {
        drop.put(name, GOOD);
    }
    drop.look();
    assert_eq!(drop.files(), names);
}

#[test]
fn a_file_that_still_changes_is_left_alone() {
    let mut drop = Drop::new();
    drop.put("a.csv", &GOOD[..20]);
    assert_eq!(drop.spool.look(&drop.rig.daemon, &drop.stop), SETTLE);
    drop.put("a.csv", GOOD);
    // It is seen anew: the time begins again.
    if let Some(seen) = drop.spool.seen.get_mut(OsStr::new("a.csv")) {
        seen.since -= SETTLE;
    }
    assert_eq!(drop.spool.look(&drop.rig.daemon, &drop.stop), SETTLE);
    assert_eq!(drop.files(), ["a.csv"]);
    drop.look();
    assert_eq!(drop.files(), ["done/a.csv"]);
}

#[test]
fn a_folder_that_is_not_there_is_said_and_taken_up_when_it_comes() {
    let mut drop = Drop::new();
    let path = drop.folder.path().join("later");
    drop.spool.folder = Folder::new(path.clone());
    assert_eq!(drop.spool.look(&drop.rig.daemon, &drop.stop), LOOK);
    let trouble = drop.spool.standing.trouble.clone().unwrap();
    assert!(trouble.starts_with("make the folder"), "{trouble}");
    std::fs::create_dir(&path).unwrap();
    drop.spool.look(&drop.rig.daemon, &drop.stop);
    assert_eq!(drop.spool.standing.trouble, None);
}

#[test]
fn a_daemon_that_stops_leaves_the_rest_for_its_next_start() {
    let mut drop = Drop::new();
    drop.put("a.csv", GOOD);
    drop.stop.cancel();
    drop.look();
    assert_eq!(drop.files(), ["a.csv"]);
}

use std::path::Path;

use rusqlite::Connection;

use super::*;
use crate::store::{StoreError, restore, verify};

fn refused(path: &Path) -> String {
    verify(path).unwrap_err().to_string()
}

/// A register with some people, and a backup of it.
fn backed_up() -> (Disk, PathBuf) {
    let disk = Disk::new();
    let store = disk.open();
    with_ana(&store);
    let many =
        (0..200).map(|n| put_person(None, Some(&person(&format!("p{n}"), &format!("u{n}")))));
    commit(&store, many.collect()).unwrap();
    let copy = disk.folder.path().join("copy.db");
    store.backup(&copy).unwrap();
    (disk, copy)
}

#[test]
fn a_backup_taken_while_others_write_is_a_register_of_one_moment() {
    let disk = Disk::new();
    let store = disk.open();
    with_ana(&store);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for n in 0..200 {
                let change = put_person(None, Some(&person(&format!("p{n}"), &format!("u{n}"))));
                commit(&store, vec![change]).unwrap();
            }
        });
        let mut taken = 0;
        while !writer.is_finished() || taken == 0 {
            let copy = disk.folder.path().join(format!("copy{taken}.db"));
            let backup = store.backup(&copy).unwrap();
            // Every commit here is one change, the first one two: a torn copy could not keep that up.
            assert_eq!(backup.entries, backup.revision.0 + 1);
            assert_eq!(verify(&copy).unwrap(), backup);
            taken += 1;
        }
    });
    let left: Vec<_> = std::fs::read_dir(disk.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("copy") && !name.ends_with(".db"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn a_file_that_is_no_whole_backup_is_refused_with_its_reason() {
    let (_disk, copy) = backed_up();
    let good = std::fs::read(&copy).unwrap();
    std::fs::write(&copy, &good[..good.len() / 2]).unwrap();
    assert!(refused(&copy).contains("damaged"), "{}", refused(&copy));
    std::fs::write(&copy, "a letter").unwrap();
    assert!(
        refused(&copy).contains("not a database"),
        "{}",
        refused(&copy)
    );
    std::fs::write(&copy, "").unwrap();
    assert!(
        refused(&copy).contains("not a database"),
        "{}",
        refused(&copy)
    );

    std::fs::write(&copy, &good).unwrap();
    let tampered = Connection::open(&copy).unwrap();
    tampered
        .execute("UPDATE journal_value SET value = '{}' WHERE seq = 7", [])
        .unwrap();
    tampered.close().unwrap();
    assert!(
        refused(&copy).contains("entry 7 of its journal"),
        "{}",
        refused(&copy)
    );

    std::fs::write(&copy, &good).unwrap();
    let newer = Connection::open(&copy).unwrap();
    newer.pragma_update(None, "user_version", 999).unwrap();
    newer.close().unwrap();
    assert!(refused(&copy).contains("format 999"), "{}", refused(&copy));

    std::fs::write(&copy, &good).unwrap();
    std::fs::write(copy.with_extension("db-wal"), "rest").unwrap();
    assert!(
        refused(&copy).contains("running daemon"),
        "{}",
        refused(&copy)
    );
    let missing = copy.with_file_name("nowhere.db");
    assert!(refused(&missing).contains("nowhere.db"));
}

#[test]
fn a_proof_leaves_nothing_beside_the_backup() {
    let (disk, copy) = backed_up();
    let odd = disk.folder.path().join("a copy?of 100% #1.db");
    std::fs::rename(&copy, &odd).unwrap();
    let before = std::fs::read(&odd).unwrap();
    verify(&odd).unwrap();
    assert_eq!(std::fs::read(&odd).unwrap(), before);
    let names = std::fs::read_dir(disk.folder.path()).unwrap();
    let beside = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("a copy"));
    assert_eq!(beside.count(), 1);
}

#[test]
fn a_restored_register_is_the_one_that_was_backed_up_and_the_other_is_kept() {
    let (disk, copy) = backed_up();
    let backup = verify(&copy).unwrap();
    let store = disk.open();
    commit(&store, vec![put_district("big-sky")]).unwrap();
    let later = store.read().unwrap().revision();
    let error = restore(&copy, &disk.path(), noon()).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    drop(store);

    let restored = restore(&copy, &disk.path(), noon()).unwrap();
    assert_eq!(restored.backup.head, backup.head);
    let store = disk.open();
    let register = store.read().unwrap();
    assert_eq!(register.revision(), backup.revision);
    drop(register);
    commit(&store, vec![put_district("big-sky")]).unwrap();
    let kept = restored.replaced.unwrap();
    assert_eq!(
        kept.file_name().unwrap().to_str().unwrap(),
        "provost.db.before-restore-20250302T120000Z"
    );
    assert_eq!(
        Store::open(&kept).unwrap().read().unwrap().revision(),
        later
    );
}

#[test]
fn a_restore_that_is_refused_touches_nothing() {
    let (disk, copy) = backed_up();
    let before = std::fs::read(disk.path()).unwrap();
    let good = std::fs::read(&copy).unwrap();
    std::fs::write(&copy, &good[..good.len() / 2]).unwrap();
    restore(&copy, &disk.path(), noon()).unwrap_err();
    assert_eq!(std::fs::read(disk.path()).unwrap(), before);
    disk.open();
}

#[test]
fn a_damaged_register_is_replaced_and_its_log_is_kept_with_it() {
    let (disk, copy) = backed_up();
    let log = disk.folder.path().join("provost.db-wal");
    std::fs::write(disk.path(), "scrap").unwrap();
    std::fs::write(&log, "scrap of a log").unwrap();
    let restored = restore(&copy, &disk.path(), noon()).unwrap();
    let kept = restored.replaced.unwrap();
    assert_eq!(std::fs::read(&kept).unwrap(), b"scrap");
    assert!(!log.exists());
    let mut kept_log = kept.into_os_string();
    kept_log.push("-wal");
    assert_eq!(std::fs::read(kept_log).unwrap(), b"scrap of a log");
    disk.open().examine().unwrap();
}

#[test]
fn a_backup_is_restored_where_no_register_was() {
    let (disk, copy) = backed_up();
    std::fs::remove_file(disk.path()).unwrap();
    let restored = restore(&copy, &disk.path(), noon()).unwrap();
    assert_eq!(restored.replaced, None);
    assert_eq!(disk.open().read().unwrap().revision(), Revision(2));
}

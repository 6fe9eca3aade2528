use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rusqlite::Connection;

use super::*;
use crate::store::StoreError;
use crate::store::open::PAGE;

/// The file's bytes.
fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

fn refusal(path: &Path) -> StoreError {
    match Store::open(path) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error,
    }
}

#[test]
fn a_register_is_there_again_after_it_was_closed() {
    let disk = Disk::new();
    let ana = with_ana(&disk.open());
    let store = disk.open();
    let register = store.read().unwrap();
    assert_eq!(register.revision(), Revision(1));
    assert_eq!(register.person(&ana.id).unwrap(), Some(ana));
}

#[test]
fn the_file_is_for_the_daemon_alone_and_closing_leaves_no_log_behind() {
    let disk = Disk::new();
    with_ana(&disk.open());
    let modes: BTreeMap<_, _> = std::fs::read_dir(disk.folder.path())
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            (entry.file_name().into_string().unwrap(), mode)
        })
        .collect();
    let expected = [("provost.db", 0o600), ("provost.db.lock", 0o600)];
    assert_eq!(
        modes,
        expected.map(|(name, mode)| (name.to_owned(), mode)).into()
    );
}

#[test]
fn a_second_daemon_on_the_same_register_is_refused() {
    let disk = Disk::new();
    let first = disk.open();
    let error = refusal(&disk.path());
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    with_ana(&first);
    drop(first);
    assert_eq!(disk.open().read().unwrap().revision(), Revision(1));
}

#[test]
fn a_newer_register_is_refused_and_left_as_it_is() {
    let disk = Disk::new();
    with_ana(&disk.open());
    let newer = Connection::open(disk.path()).unwrap();
    newer.pragma_update(None, "user_version", 999).unwrap();
    drop(newer);
    let before = bytes(&disk.path());
    let error = refusal(&disk.path());
    assert!(
        matches!(error, StoreError::Newer { found: 999, .. }),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .contains(&disk.path().display().to_string())
    );
    assert_eq!(bytes(&disk.path()), before);
}

#[test]
fn a_database_of_another_program_is_refused_and_left_as_it_is() {
    for id in [0, 7] {
        let disk = Disk::new();
        let foreign = Connection::open(disk.path()).unwrap();
        foreign.execute_batch("CREATE TABLE theirs (a)").unwrap();
        foreign.pragma_update(None, "application_id", id).unwrap();
        drop(foreign);
        let before = bytes(&disk.path());
        let error = refusal(&disk.path());
        assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
        assert_eq!(bytes(&disk.path()), before);
    }
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let disk = Disk::new();
    for content in [
        "x",
        "a letter to the superintendent, longer than any header of a database is: "
            .repeat(9)
            .as_str(),
    ] {
        std::fs::write(disk.path(), content).unwrap();
        let error = refusal(&disk.path());
        assert!(matches!(error, StoreError::NotADatabase { .. }), "{error}");
        assert_eq!(bytes(&disk.path()), content.as_bytes());
    }
}

#[test]
fn a_damaged_register_is_refused_and_left_as_it_is() {
    let disk = Disk::new();
    let store = disk.open();
    with_ana(&store);
    let many =
        (0..200).map(|n| put_person(None, Some(&person(&format!("p{n}"), &format!("u{n}")))));
    commit(&store, many.collect()).unwrap();
    drop(store);
    let good = bytes(&disk.path());

    let mut zeroed = good.clone();
    let page = PAGE as usize;
    let middle = zeroed.len() / 2 / page * page;
    zeroed[middle..middle + page].fill(0);
    let cut = good[..good.len() / 2].to_vec();
    for damaged in [zeroed, cut] {
        std::fs::write(disk.path(), &damaged).unwrap();
        let error = refusal(&disk.path());
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        assert_eq!(bytes(&disk.path()), damaged);
    }
    std::fs::write(disk.path(), &good).unwrap();
    assert_eq!(disk.open().read().unwrap().revision(), Revision(2));
}

#[test]
fn a_file_that_a_dying_daemon_left_empty_becomes_a_register() {
    let disk = Disk::new();
    std::fs::write(disk.path(), b"").unwrap();
    with_ana(&disk.open());
    let disk = Disk::new();
    let half = Connection::open(disk.path()).unwrap();
    half.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
        .unwrap();
    drop(half);
    assert!(!bytes(&disk.path()).is_empty());
    with_ana(&disk.open());
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let disk = Disk::new();
    let path = disk.folder.path().join("nowhere/provost.db");
    let error = refusal(&path).to_string();
    assert!(error.contains("nowhere/provost.db"), "{error}");
}

#[test]
fn the_log_of_a_killed_daemon_is_taken_over() {
    let disk = Disk::new();
    let copy = Disk::new();
    let store = disk.open();
    let ana = with_ana(&store);
    // What lies on the disk while the daemon runs is what a kill leaves behind.
    for name in ["provost.db", "provost.db-wal", "provost.db.lock"] {
        std::fs::copy(disk.folder.path().join(name), copy.folder.path().join(name)).unwrap();
    }
    let register = copy.open();
    assert_eq!(register.read().unwrap().person(&ana.id).unwrap(), Some(ana));
}

#[test]
fn the_writer_flushes_every_commit() {
    let disk = Disk::new();
    let store = disk.open();
    let settings: Result<_, StoreError> = store.write(|writing| {
        let number = |sql: &str| {
            writing
                .connection()
                .query_row(sql, [], |row| row.get::<_, i64>(0))
        };
        let mode: Result<String, _> =
            writing
                .connection()
                .query_row("PRAGMA journal_mode", [], |row| row.get(0));
        Ok((
            mode.unwrap(),
            number("PRAGMA synchronous").unwrap(),
            number("PRAGMA foreign_keys").unwrap(),
        ))
    });
    const FULL: i64 = 2;
    assert_eq!(settings.unwrap(), ("wal".to_owned(), FULL, 1));
}

#[test]
fn a_backup_is_a_register_of_its_own() {
    let disk = Disk::new();
    let store = disk.open();
    let ana = with_ana(&store);
    let copy = disk.folder.path().join("copy.db");
    assert_eq!(store.backup(&copy).unwrap().revision, Revision(1));
    commit(&store, vec![put_person(Some(&ana), None)]).unwrap();
    assert!(
        store
            .backup(&copy)
            .unwrap_err()
            .to_string()
            .contains("copy.db")
    );
    let mode = std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let other = Store::open(&copy).unwrap();
    assert_eq!(other.read().unwrap().person(&ana.id).unwrap(), Some(ana));
    other.examine().unwrap();
}

#[test]
fn a_running_register_is_examined_beside_its_daemon() {
    let disk = Disk::new();
    let store = disk.open();
    with_ana(&store);
    store.examine().unwrap();
    let many =
        (0..200).map(|n| put_person(None, Some(&person(&format!("p{n}"), &format!("u{n}")))));
    commit(&store, many.collect()).unwrap();
    drop(store);
    let good = bytes(&disk.path());
    let mut zeroed = good.clone();
    let page = PAGE as usize;
    let middle = zeroed.len() / 2 / page * page;
    zeroed[middle..middle + page].fill(0);
    let running = disk.open();
    std::fs::write(disk.path(), &zeroed).unwrap();
    let error = running.examine().unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    std::fs::write(disk.path(), &good).unwrap();
}

#[test]
fn a_large_register_is_left_to_be_examined_later_after_an_unclean_stop_only() {
    let disk = Disk::new();
    drop(disk.open());
    let mut lock = disk.path().into_os_string();
    lock.push(".lock");
    let unclean = || std::fs::write(&lock, "in use\n").unwrap();
    unclean();
    assert!(!disk.open().is_unexamined(), "small: examined at once");
    let file = std::fs::File::options()
        .write(true)
        .open(disk.path())
        .unwrap();
    // SQLite goes by the number of pages in the header, so that a hole behind them is only size.
    file.set_len(300 << 20).unwrap();
    assert!(!disk.open().is_unexamined(), "the stop was clean");
    unclean();
    let store = disk.open();
    assert!(store.is_unexamined());
    store.examine().unwrap();
}

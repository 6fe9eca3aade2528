use super::*;
use crate::store::{Obstacle, StoreError};

/// Lets the register grow to so many pages.
fn limit(store: &Store, pages: i64) {
    let limited: Result<(), StoreError> = store.write(move |writing| {
        let set =
            writing
                .connection()
                .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()));
        set.unwrap();
        Ok(())
    });
    limited.unwrap();
}

fn many(n: usize) -> Vec<Change> {
    let people = (0..500).map(|p| person(&format!("p{n}-{p}"), &format!("u{n}-{p}")));
    people
        .map(|person| put_person(None, Some(&person)))
        .collect()
}

#[test]
fn a_full_disk_refuses_writes_keeps_reads_and_is_forgotten_when_there_is_room() {
    let disk = Disk::new();
    let store = disk.open();
    with_ana(&store);
    // Less than there is already: SQLite takes what there is as the limit.
    limit(&store, 1);
    let error = commit(&store, many(0)).unwrap_err();
    assert_eq!(Obstacle::of(&error), Some(Obstacle::Full));
    assert_eq!(store.obstacle(), Some(Obstacle::Full));
    assert_eq!(store.read().unwrap().revision(), Revision(1));

    limit(&store, 1_000_000);
    store.probe().unwrap();
    assert_eq!(store.obstacle(), None);
    assert_eq!(commit(&store, many(0)).unwrap(), Revision(2));
    let verdict = store.read().unwrap().verify_journal().unwrap();
    assert!(
        matches!(verdict, crate::store::Verdict::Sound { entries: 502, .. }),
        "{verdict:?}"
    );
}

#[test]
fn writers_that_share_a_transaction_with_one_that_fills_the_disk_know_that_they_were_not_kept() {
    let disk = Disk::new();
    let store = disk.open();
    with_ana(&store);
    limit(&store, 1);
    let results: Vec<_> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|n| {
                scope.spawn({
                    let store = &store;
                    move || commit(store, many(n))
                })
            })
            .collect();
        writers
            .into_iter()
            .map(|writer| writer.join().unwrap())
            .collect()
    });
    for result in results {
        assert!(Obstacle::of(&result.unwrap_err()).is_some());
    }
    assert_eq!(store.read().unwrap().revision(), Revision(1));
    assert!(store.obstacle().is_some());
}

#[test]
fn a_write_that_is_refused_for_itself_says_nothing_of_the_disk() {
    let disk = Disk::new();
    let store = disk.open();
    let ana = with_ana(&store);
    commit(&store, vec![put_person(None, Some(&ana))]).unwrap_err();
    assert_eq!(store.obstacle(), None);
}

#[test]
fn the_log_is_cut_again_after_a_long_reader() {
    let disk = Disk::new();
    let store = disk.open();
    with_ana(&store);
    let log = disk.folder.path().join("provost.db-wal");
    let bytes = || std::fs::metadata(&log).unwrap().len();
    let reader = store.read().unwrap();
    for n in 0..12 {
        commit(&store, many(n)).unwrap();
    }
    let grown = bytes();
    drop(reader);
    // Nothing holds the log any more: as soon as the writer has moved it into the register, after this commit at the
    // latest, it is begun anew.
    commit(&store, many(12)).unwrap();
    let most = bytes().max(grown);
    for n in 13..20 {
        commit(&store, many(n)).unwrap();
        assert!(bytes() <= most, "{} after {most}", bytes());
    }
}

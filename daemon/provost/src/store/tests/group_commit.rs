use std::sync::Barrier;
use std::sync::mpsc::channel;

use super::*;
use crate::store::{Draft, StoreError, Verdict};

const THREADS: usize = 8;
const PLANS: usize = 40;

/// Commits plans one after the other and says which revisions they got.
fn work(store: &Store, thread: usize) -> Vec<u64> {
    let plans = (0..PLANS).map(|n| {
        let id = format!("t{thread}-{n:02}");
        let good = put_person(None, Some(&person(&id, &id)));
        // Between the good ones, plans that are refused after their first change took place.
        let twice = vec![
            put_person(None, Some(&person("again", "again"))),
            put_person(None, Some(&person("ana", "other"))),
        ];
        assert!(commit(store, twice).is_err());
        commit(store, vec![good]).unwrap().0
    });
    plans.collect()
}

#[test]
fn many_threads_that_commit_at_once_get_one_serial_order() {
    let disk = Disk::new();
    let store = disk.open();
    with_ana(&store);
    let start = Barrier::new(THREADS);
    let mut revisions: Vec<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (store, start) = (&store, &start);
                scope.spawn(move || {
                    start.wait();
                    work(store, thread)
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| {
                let own = thread.join().unwrap();
                assert!(
                    own.is_sorted(),
                    "a later plan of one thread is a later commit"
                );
                own
            })
            .collect()
    });
    revisions.sort_unstable();
    let commits = (THREADS * PLANS) as u64;
    assert_eq!(revisions, (2..=commits + 1).collect::<Vec<_>>());
    drop(store);

    let store = disk.open();
    let register = store.read().unwrap();
    let people = register.people(None, None, 1_000).unwrap();
    assert_eq!(people.len(), THREADS * PLANS + 1);
    let journal = register.journal(0, 1_000).unwrap();
    assert!(journal.is_sorted_by_key(|entry| (entry.revision, entry.seq)));
    match register.verify_journal().unwrap() {
        Verdict::Sound {
            entries, erased, ..
        } => assert_eq!((entries, erased), (commits + 2, 0)),
        broken @ Verdict::Broken { .. } => panic!("{broken:?}"),
    }
}

#[test]
fn of_plans_on_the_same_ground_exactly_one_is_committed() {
    let disk = Disk::new();
    let store = disk.open();
    let ana = with_ana(&store);
    let start = Barrier::new(THREADS);
    let committed = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (store, start, ana) = (&store, &start, &ana);
                scope.spawn(move || {
                    let after = Person {
                        title: Some(format!("title {thread}")),
                        ..ana.clone()
                    };
                    start.wait();
                    store.commit(plan(Revision(1), vec![put_person(Some(ana), Some(&after))]))
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .filter(Result::is_ok)
            .count()
    });
    assert_eq!(committed, 1);
    assert_eq!(store.read().unwrap().revision(), Revision(2));
}

#[test]
fn readers_see_the_old_state_while_a_long_write_runs() {
    let disk = Disk::new();
    let store = disk.open();
    let ana = with_ana(&store);
    let (begun, wait_for_begun) = channel();
    let (go_on, wait_for_go_on) = channel::<()>();
    std::thread::scope(|scope| {
        let write = scope.spawn(|| {
            store.write(move |writing| {
                let mut commit = writing.begin(Revision(1), &Actor::Timer, noon())?;
                commit.apply(&Draft::of(put_person(None, Some(&person("ben", "bkim"))))?)?;
                begun.send(()).unwrap();
                wait_for_go_on.recv().unwrap();
                commit.finish()
            })
        });
        wait_for_begun.recv().unwrap();
        let register = store.read().unwrap();
        assert_eq!(register.people(None, None, 9).unwrap(), [ana]);
        go_on.send(()).unwrap();
        let written: Result<Revision, CommitError> = write.join().unwrap();
        assert_eq!(written.unwrap(), Revision(2));
        // The snapshot still is what it was; a new one has both.
        assert_eq!(register.people(None, None, 9).unwrap().len(), 1);
        assert_eq!(
            store.read().unwrap().people(None, None, 9).unwrap().len(),
            2
        );
    });
}

#[test]
fn a_write_that_fails_takes_nothing_of_its_neighbours_with_it() {
    let disk = Disk::new();
    let store = disk.open();
    with_ana(&store);
    let failed: Result<(), StoreError> = store.write(|writing| {
        writing
            .connection()
            .execute_batch("DELETE FROM person_address; DELETE FROM person")
            .unwrap();
        Err(StoreError::Stopped)
    });
    assert!(failed.is_err());
    commit(&store, vec![put_person(None, Some(&person("ben", "bkim")))]).unwrap();
    assert_eq!(
        store.read().unwrap().people(None, None, 9).unwrap().len(),
        2
    );
}

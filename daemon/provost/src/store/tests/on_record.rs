use super::*;
use crate::flow::rig::Rig;
use crate::flow::session;
use crate::store::{DecisionFilter, Page};

/// Has the table of decisions take nothing, or take them again.
fn records(store: &Store, sql: &'static str) {
    let done: Result<(), crate::store::StoreError> = store.write(move |writing| {
        writing.connection().execute_batch(sql).unwrap();
        Ok(())
    });
    done.unwrap();
}

#[test]
fn a_login_as_is_on_record_or_has_not_begun() {
    let disk = Disk::new();
    let rig = Rig::on(disk.open());
    let store = &rig.daemon.store;
    let grant = Change::Grant {
        grant: Box::new(role("ana", "sis")),
    };
    commit(store, vec![grant]).unwrap();
    let id = "s1".parse().unwrap();
    let origin = session::Origin::default();
    session::open(store, &id, "ana", &origin, noon()).unwrap();
    let enter = || {
        rig.daemon
            .scene(|scene| session::login_as(scene, &id, "ned"))
    };
    let page = Page::newest(10);
    let seen = || {
        let register = store.read().unwrap();
        let lines = register.access_log(&person_id("ned"), page).unwrap();
        let records = register
            .decisions(&DecisionFilter::default(), page)
            .unwrap();
        let session = register.session(&id).unwrap().unwrap();
        (session.target.is_some(), lines.len(), records.len())
    };

    records(
        store,
        "CREATE TRIGGER hindered BEFORE INSERT ON decision BEGIN SELECT RAISE(ABORT, 'hindered'); END",
    );
    enter().unwrap_err();
    assert_eq!(seen(), (false, 0, 0), "nobody was entered");
    records(store, "DROP TRIGGER hindered");
    assert!(enter().unwrap().decision);
    assert_eq!(seen(), (true, 1, 1));
    // A refused try is on record likewise, and the one that started before it stays.
    enter().unwrap_err();
    assert_eq!(seen(), (true, 2, 2));
}

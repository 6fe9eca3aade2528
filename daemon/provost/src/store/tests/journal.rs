use rusqlite::Connection;

use super::*;
use crate::store::{Entry, Verdict};

/// A register with a few commits, closed again.
fn closed() -> Disk {
    let disk = Disk::new();
    let store = disk.open();
    with_ana(&store);
    commit(&store, vec![put_contact(None, &contact("ana"))]).unwrap();
    commit(&store, vec![put_person(None, Some(&person("ben", "bkim")))]).unwrap();
    disk
}

fn verdict(disk: &Disk) -> Verdict {
    disk.open().read().unwrap().verify_journal().unwrap()
}

#[test]
fn the_journal_says_what_was_changed_when_and_by_whom() {
    let disk = closed();
    let store = disk.open();
    let journal = store.read().unwrap().journal(1, 2).unwrap();
    let micros = at("2025-03-02T12:00:00.123456Z");
    let entry = |seq, revision, noun: &str, change| Entry {
        seq,
        revision: Revision(revision),
        at: micros,
        actor: Actor::Operator("root".to_owned()),
        noun: noun.to_owned(),
        person: Some(person_id("ana")),
        change: Some(change),
        chain: String::new(),
    };
    // Chains hang on random salts.
    let unchained = |entries: Vec<Entry>| {
        let unchained = |entry| Entry {
            chain: String::new(),
            ..entry
        };
        entries.into_iter().map(unchained).collect::<Vec<_>>()
    };
    let expected = [
        entry(
            2,
            1,
            "person",
            put_person(None, Some(&person("ana", "aortiz"))),
        ),
        entry(3, 2, "contact", put_contact(None, &contact("ana"))),
    ];
    assert_eq!(unchained(journal), expected);
    let of_ana = store
        .read()
        .unwrap()
        .journal_of(&person_id("ana"), 0, 9)
        .unwrap();
    assert_eq!(unchained(of_ana), expected);
}

#[test]
fn an_untouched_journal_is_sound_and_its_head_grows() {
    let disk = closed();
    let Verdict::Sound {
        entries,
        erased,
        head,
    } = verdict(&disk)
    else {
        panic!("the journal is not sound");
    };
    assert_eq!((entries, erased, head.len()), (4, 0, 64));
    let store = disk.open();
    let register = store.read().unwrap();
    let last = register.journal(3, 9).unwrap();
    assert_eq!(last[0].chain, head);
    assert_eq!(register.journal_head().unwrap(), Some((4, head.clone())));
    drop(register);
    commit(
        &store,
        vec![put_person(None, Some(&person("cleo", "cleo")))],
    )
    .unwrap();
    let Verdict::Sound {
        entries,
        head: later,
        ..
    } = store.read().unwrap().verify_journal().unwrap()
    else {
        panic!("the journal is not sound");
    };
    assert_eq!(entries, 5);
    assert_ne!(head, later);
}

#[test]
fn whatever_is_altered_in_the_journal_is_found() {
    for (seq, alteration) in [
        (
            2,
            "UPDATE journal SET actor = replace(actor, 'root', 'toor') WHERE seq = 2",
        ),
        (2, "UPDATE journal SET at = at + 1 WHERE seq = 2"),
        (2, "UPDATE journal SET noun = 'peRson' WHERE seq = 2"),
        (1, "UPDATE journal SET person = '' WHERE seq = 1"),
        (2, "UPDATE journal SET person = NULL WHERE seq = 2"),
        (3, "UPDATE journal SET revision = 1 WHERE seq = 3"),
        (2, "UPDATE journal SET digest = zeroblob(32) WHERE seq = 2"),
        (2, "UPDATE journal SET chain = zeroblob(32) WHERE seq = 2"),
        (
            2,
            "UPDATE journal_value SET value = replace(value, 'Ana', 'Eva') WHERE seq = 2",
        ),
        (
            2,
            "UPDATE journal_value SET salt = zeroblob(16) WHERE seq = 2",
        ),
        (
            3,
            "DELETE FROM journal_value WHERE seq = 2; DELETE FROM journal WHERE seq = 2",
        ),
        (
            2,
            "DELETE FROM journal_value WHERE seq = 1; DELETE FROM journal WHERE seq = 1",
        ),
    ] {
        let disk = closed();
        Connection::open(disk.path())
            .unwrap()
            .execute_batch(alteration)
            .unwrap();
        match verdict(&disk) {
            Verdict::Broken { seq: found, .. } => assert_eq!(found, seq, "{alteration}"),
            sound @ Verdict::Sound { .. } => panic!("{alteration}: {sound:?}"),
        }
    }
}

#[test]
fn a_flipped_bit_of_a_value_is_found() {
    let disk = closed();
    let mut bytes = std::fs::read(disk.path()).unwrap();
    let needle = b"{\"change\":\"person\"";
    let place = bytes
        .windows(needle.len())
        .position(|window| window == needle)
        .unwrap();
    bytes[place + needle.len() + 40] ^= 1;
    std::fs::write(disk.path(), bytes).unwrap();
    assert!(matches!(verdict(&disk), Verdict::Broken { .. }));
}

#[test]
fn an_erased_person_leaves_a_chain_that_still_verifies() {
    let disk = closed();
    let store = disk.open();
    commit(&store, vec![erase("ana")]).unwrap();
    let register = store.read().unwrap();
    let Verdict::Sound {
        entries, erased, ..
    } = register.verify_journal().unwrap()
    else {
        panic!("the journal is not sound");
    };
    assert_eq!((entries, erased), (5, 2));
    let changes: Vec<_> = register
        .journal(0, 9)
        .unwrap()
        .into_iter()
        .map(|entry| entry.change.is_some())
        .collect();
    assert_eq!(changes, [true, false, false, true, true]);
    assert!(register.person(&person_id("ana")).unwrap().is_none());
    assert!(register.contact(&person_id("ana")).unwrap().is_none());
    let counts = register.counts().unwrap();
    assert_eq!((counts.people, counts.contacts), (1, 0));
    drop(register);
    drop(store);
    let bytes = std::fs::read(disk.path()).unwrap();
    let in_file = |text: &str| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(
        in_file(r#"{"change":"district""#),
        "other values are still there"
    );
    assert!(
        !in_file(r#"{"change":"contact""#),
        "not even in the room of deleted rows"
    );
}

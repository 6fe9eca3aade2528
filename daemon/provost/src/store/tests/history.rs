//! Somebody with the whole machine rewrites the register's history, and makes the chain anew so that it is sound.

use provost_core::hex;
use rusqlite::{Connection, params};
use sha2::{Digest as _, Sha256};
use std::path::Path;

use super::*;
use crate::checkpoint::{Checkpoint, CheckpointKey, Place, Unmet};
use crate::flow::audit::{self, Audited};
use crate::store::{Bound, JournalRow, Stretch, Verdict};

/// A row of the journal with its value, as it lies in the file.
struct Row {
    seq: i64,
    revision: i64,
    at: i64,
    texts: [Option<String>; 3],
    salt: Vec<u8>,
    value: String,
}

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        seq: row.get(0)?,
        revision: row.get(1)?,
        at: row.get(2)?,
        texts: [row.get(3)?, row.get(4)?, row.get(5)?],
        salt: row.get(6)?,
        value: row.get(7)?,
    })
}

/// The recipe of the README, written a second time.
fn chain(row: &Row, digest: &[u8], previous: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mark = Some("provost journal 1".to_owned());
    for text in std::iter::once(&mark).chain(&row.texts) {
        let length = text.as_ref().map_or(u64::MAX, |text| text.len() as u64);
        bytes.extend(length.to_be_bytes());
        bytes.extend(text.as_deref().unwrap_or_default().as_bytes());
    }
    for number in [row.seq, row.revision, row.at] {
        bytes.extend(number.to_be_bytes());
    }
    bytes.extend(digest);
    bytes.extend(previous);
    Sha256::digest(bytes).to_vec()
}

/// Writes another value into a row, and every digest and chain hash from there on anew.
fn rewrite(file: &Path, from: i64, this: &str, other: &str) {
    let connection = Connection::open(file).unwrap();
    let mut statement = connection
        .prepare(
            "SELECT j.seq, revision, at, actor, noun, person, salt, value
             FROM journal j JOIN journal_value v ON v.seq = j.seq ORDER BY j.seq",
        )
        .unwrap();
    let rows: Vec<_> = statement.query_map([], row).unwrap().collect();
    let mut previous = vec![0; 32];
    for row in rows {
        let mut row = row.unwrap();
        if row.seq == from {
            assert!(row.value.contains(this), "{}", row.value);
            row.value = row.value.replace(this, other);
        }
        let digest = Sha256::digest([row.salt.as_slice(), row.value.as_bytes()].concat());
        let chained = chain(&row, &digest, &previous);
        let changed = connection
            .execute(
                "UPDATE journal SET digest = ?2, chain = ?3 WHERE seq = ?1",
                params![row.seq, digest.to_vec(), chained],
            )
            .unwrap();
        assert_eq!(changed, 1);
        connection
            .execute(
                "UPDATE journal_value SET value = ?2 WHERE seq = ?1",
                params![row.seq, row.value],
            )
            .unwrap();
        previous = chained;
    }
}

/// Where the journal stands, as a line that is kept.
fn note(disk: &Disk, store: &Store) -> String {
    let register = store.read().unwrap();
    let (seq, chain) = register.journal_head().unwrap().unwrap();
    let place = Place {
        register: register.name().unwrap(),
        seq,
        revision: register.revision().0,
        at: noon(),
        chain,
    };
    let key = CheckpointKey::beside(&disk.path()).unwrap();
    serde_json::to_string(&Checkpoint::sign(place, &key)).unwrap()
}

/// A register with entries 1 to 4, and what was noted after entries 2, 3 and 4.
fn noted() -> (Disk, Vec<String>) {
    let disk = Disk::new();
    let store = disk.open();
    with_ana(&store);
    let mut lines = vec![note(&disk, &store)];
    commit(&store, vec![put_contact(None, &contact("ana"))]).unwrap();
    lines.push(note(&disk, &store));
    commit(&store, vec![put_person(None, Some(&person("ben", "bkim")))]).unwrap();
    lines.push(note(&disk, &store));
    (disk, lines)
}

fn audited(disk: &Disk, lines: &[String]) -> Audited {
    let store = disk.open();
    let register = store.read().unwrap();
    let key = CheckpointKey::beside(&disk.path()).unwrap().public();
    audit::verify(&register, lines, &[key], noon()).unwrap()
}

fn held(audited: Audited) -> Vec<Result<(), Unmet>> {
    let proofs = audited.proofs.into_iter();
    proofs.map(|proof| proof.held).collect()
}

fn bytes(digits: &str) -> Vec<u8> {
    provost_core::unhex(digits).unwrap()
}

#[test]
fn exported_rows_are_enough_to_recompute_the_chain_elsewhere() {
    let (disk, _) = noted();
    let store = disk.open();
    commit(
        &store,
        vec![put_person(None, Some(&person("cleo", "cleo")))],
    )
    .unwrap();
    let register = store.read().unwrap();
    let mut rows = register.journal_rows(Stretch::default(), 0, 2).unwrap();
    rows.extend(register.journal_rows(Stretch::default(), 2, 9).unwrap());
    let numbers = |rows: &[JournalRow]| rows.iter().map(|row| row.seq).collect::<Vec<_>>();
    assert_eq!(numbers(&rows), [1, 2, 3, 4, 5]);
    let mut previous = "0".repeat(64);
    for exported in rows {
        let [salt, value] = [&exported.salt, &exported.value].map(Option::clone);
        let (salt, value) = (bytes(&salt.unwrap()), value.unwrap());
        let digest = Sha256::digest([salt.as_slice(), value.as_bytes()].concat());
        assert_eq!(hex(&digest), exported.digest);
        assert_eq!(exported.previous, previous);
        let row = Row {
            seq: exported.seq.cast_signed(),
            revision: exported.revision.cast_signed(),
            at: exported.at_us,
            texts: [Some(exported.actor), Some(exported.noun), exported.person],
            salt,
            value,
        };
        assert_eq!(
            hex(&chain(&row, &digest, &bytes(&previous))),
            exported.chain
        );
        previous = exported.chain;
    }
    let stretch = |from, to| {
        let stretch = Stretch { from, to };
        numbers(&register.journal_rows(stretch, 0, 9).unwrap())
    };
    let revision = |number| Some(Bound::Revision(number));
    assert_eq!(stretch(revision(2), revision(3)), [3, 4]);
    assert_eq!(stretch(revision(4), None), [5]);
    let time = |text| Some(Bound::Time(at(text)));
    let (before, then) = ("2025-03-02T12:00:00Z", "2025-03-02T12:00:00.123456Z");
    assert_eq!(stretch(time(then), None), [1, 2, 3, 4, 5]);
    assert_eq!(stretch(time(before), time(then)), [0_u64; 0]);
}

#[test]
fn a_history_that_went_on_still_contains_what_was_noted() {
    let (disk, lines) = noted();
    let found = audited(&disk, &lines);
    assert!(found.is_sound());
    assert_eq!(held(found), [Ok(()), Ok(()), Ok(())]);
}

#[test]
fn a_history_rewritten_with_a_sound_chain_is_told_by_what_was_noted_before() {
    let (disk, lines) = noted();
    rewrite(&disk.path(), 3, "\"support\"", "\"technical\"");
    let found = audited(&disk, &[]);
    assert!(
        matches!(found.verdict, Verdict::Sound { entries: 4, .. }),
        "the chain alone tells nothing"
    );
    let found = audited(&disk, &lines);
    assert!(!found.is_sound());
    let differs = |last| Err(Unmet::Differs { first: 3, last });
    assert_eq!(held(found), [Ok(()), differs(3), differs(4)]);
    // With the last line alone it could have been any entry.
    let found = held(audited(&disk, &lines[2..]));
    assert_eq!(found, [Err(Unmet::Differs { first: 1, last: 4 })]);
}

#[test]
fn an_older_copy_in_the_place_of_the_register_is_told_by_what_is_missing() {
    let (disk, _) = noted();
    let old = disk.folder.path().join("old.db");
    disk.open().backup(&old).unwrap();
    let store = disk.open();
    commit(
        &store,
        vec![put_person(None, Some(&person("cleo", "cleo")))],
    )
    .unwrap();
    let later = note(&disk, &store);
    drop(store);
    crate::store::restore(&old, &disk.path(), noon()).unwrap();
    let found = held(audited(&disk, std::slice::from_ref(&later)));
    assert_eq!(found, [Err(Unmet::Missing { first: 5, last: 5 })]);
    // It goes on, and has an entry of that number again.
    commit(
        &disk.open(),
        vec![put_person(None, Some(&person("dora", "dora")))],
    )
    .unwrap();
    let found = held(audited(&disk, &[later]));
    assert_eq!(found, [Err(Unmet::Differs { first: 1, last: 5 })]);
}

#[test]
fn an_erased_person_leaves_every_checkpoint_standing() {
    let (disk, lines) = noted();
    commit(&disk.open(), vec![erase("ana")]).unwrap();
    let found = audited(&disk, &lines);
    assert!(found.is_sound(), "{found:?}");
    assert!(matches!(found.verdict, Verdict::Sound { erased: 2, .. }));
}

#[test]
fn a_checkpoint_that_proves_nothing_says_why() {
    let (disk, lines) = noted();
    let (other, theirs) = noted();
    let line = lines[0].as_str();
    let foreign = CheckpointKey::beside(&other.path()).unwrap().public();
    let altered = |this: &str, other: &str| {
        assert!(line.contains(this), "{line}");
        line.replace(this, other)
    };
    let key = CheckpointKey::beside(&disk.path()).unwrap();
    let store = disk.open();
    let name = store.read().unwrap().name().unwrap();
    let place = |register: &str, at: Timestamp| Place {
        register: register.to_owned(),
        seq: 1,
        revision: 1,
        at,
        chain: hex(&[0; 32]),
    };
    let signed = |place| serde_json::to_string(&Checkpoint::sign(place, &key)).unwrap();
    drop(store);
    let tomorrow = at("2025-03-03T12:00:00Z");
    let cases = [
        ("{".to_owned(), "unreadable"),
        ("\"provost\"".to_owned(), "unreadable"),
        (altered("\"seq\":", "\"sequence\":"), "unreadable"),
        (altered("{", "{\"more\":1,"), "unreadable"),
        (
            altered("provost checkpoint 1", "provost checkpoint 2"),
            "format",
        ),
        (altered("\"seq\":2", "\"seq\":3"), "bad-signature"),
        (altered(&key.public(), &foreign), "bad-signature"),
        (altered(&key.public(), "ff"), "bad-signature"),
        (theirs[0].clone(), "another-key"),
        (signed(place("another", noon())), "another-register"),
        (signed(place(&name, tomorrow)), "from-the-future"),
        (signed(place(&name, noon())), "differs"),
    ];
    let asked: Vec<_> = cases.iter().map(|(line, _)| line.clone()).collect();
    let found = audited(&disk, &asked);
    assert!(!found.is_sound());
    let words: Vec<_> = held(found)
        .into_iter()
        .map(|held| held.map_err(|unmet| unmet.word()))
        .collect();
    let expected: Vec<_> = cases.iter().map(|(_, word)| Err(*word)).collect();
    assert_eq!(words, expected);
}

use provost_core::directory::{Observed, Pair};
use provost_core::id::SourceId;

use super::*;
use crate::store::open::MIGRATIONS;
use crate::store::{Compared, Mirror, News, Staged, Which};

fn source() -> SourceId {
    "staff".parse().unwrap()
}

/// An entry; `word` is what it says.
fn entry(id: &str, word: &str) -> Staged {
    let observed = Observed {
        stable_id: id.to_owned(),
        dn: format!("uid={word},dc=x"),
        username: word.to_owned(),
        name: word.to_owned(),
        mail: Vec::new(),
        phone: Vec::new(),
        employee_number: None,
        title: None,
        schools: Default::default(),
        disabled: None,
        grants: Default::default(),
    };
    let mut content = [0; 16];
    content[..word.len()].copy_from_slice(word.as_bytes());
    Staged::Staff {
        observed: Box::new(observed),
        content,
    }
}

fn stage(store: &Store, mirror: &mut Mirror, entries: Vec<Staged>) -> Vec<News> {
    let seen = entries.into_iter().map(|entry| {
        let news = mirror.see(&entry);
        (entry, news)
    });
    let seen: Vec<_> = seen.collect();
    let news = seen.iter().map(|(_, news)| *news).collect();
    store.stage(&source(), seen).unwrap();
    news
}

/// Id and username of whoever waits.
fn waiting(store: &Store) -> Vec<(String, String)> {
    let (source, district) = (source(), "lone-pine".parse().unwrap());
    let of = Compared {
        source: &source,
        district: &district,
        which: Which::All,
    };
    let due = store.read().unwrap().comparing(of).due("", 100).unwrap();
    due.into_iter()
        .map(|due| match due.pair {
            Pair::Theirs(theirs) => (due.stable_id, theirs.observed.username),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn named(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = pairs.iter();
    pairs
        .map(|(id, word)| ((*id).to_owned(), (*word).to_owned()))
        .collect()
}

#[test]
fn an_entry_that_was_read_twice_waits_as_it_was_read_last() {
    let disk = Disk::new();
    let store = disk.open();
    let mut mirror = store.mirror(&source()).unwrap();
    let both = vec![entry("2", "ana"), entry("1", "ben"), entry("2", "anna")];
    assert_eq!(
        stage(&store, &mut mirror, both),
        [News::New, News::New, News::Twice]
    );
    store.place(&source()).unwrap();
    assert_eq!(waiting(&store), named(&[("1", "ben"), ("2", "anna")]));
}

#[test]
fn the_next_read_changes_what_has_changed_and_forgets_what_it_has_not_seen() {
    let disk = Disk::new();
    let store = disk.open();
    let mut mirror = store.mirror(&source()).unwrap();
    let all = ["1", "2", "3"].map(|id| entry(id, "ana"));
    stage(&store, &mut mirror, all.into());
    store.place(&source()).unwrap();

    let mut mirror = store.mirror(&source()).unwrap();
    let next = ["1", "2"].map(|id| entry(id, "ana"));
    assert_eq!(stage(&store, &mut mirror, next.into()), [News::None; 2]);
    store.place(&source()).unwrap();
    store.forget_unseen(&source(), mirror).unwrap();
    assert_eq!(waiting(&store), named(&[("1", "ana"), ("2", "ana")]));

    // The entry that went had the last number; whoever comes next must not get it, or no way would be laid there.
    let mut mirror = store.mirror(&source()).unwrap();
    let last = vec![entry("4", "kim"), entry("2", "ben")];
    assert_eq!(stage(&store, &mut mirror, last), [News::New, News::Changed]);
    store.place(&source()).unwrap();
    store.forget_unseen(&source(), mirror).unwrap();
    assert_eq!(waiting(&store), named(&[("2", "ben"), ("4", "kim")]));
}

#[test]
fn entries_of_a_read_that_broke_off_are_known_to_the_next() {
    let disk = Disk::new();
    let store = disk.open();
    let mut mirror = store.mirror(&source()).unwrap();
    stage(&store, &mut mirror, vec![entry("1", "ana")]);
    drop(mirror);

    store.place(&source()).unwrap();
    let mut mirror = store.mirror(&source()).unwrap();
    let all = vec![entry("1", "ana"), entry("2", "ben")];
    assert_eq!(stage(&store, &mut mirror, all), [News::None, News::New]);
    store.place(&source()).unwrap();
    assert_eq!(waiting(&store), named(&[("1", "ana"), ("2", "ben")]));
}

/// Four people of the directory, one in each state that the register tells apart by absence.
fn with_departures(store: &Store) {
    use DirectoryStatus::{Deleted, Disabled, Gone, Present};
    let states = [
        ("ana", Present),
        ("ben", Disabled),
        ("kim", Gone { since: noon() }),
        ("ned", Deleted { since: noon() }),
    ];
    let people = states.map(|(id, status)| {
        let mut person = linked(id, id, id);
        let link = person.directory.as_mut().unwrap();
        (link.source, link.status) = (source(), status);
        put_person(None, Some(&person))
    });
    let district = std::iter::once(put_district("lone-pine"));
    commit(store, district.chain(people).collect()).unwrap();
}

/// For how many people the source answers, and who of them was not read.
fn missed(store: &Store) -> (u64, Vec<String>) {
    let (source, district) = (source(), "lone-pine".parse().unwrap());
    let register = store.read().unwrap();
    let of = Compared {
        source: &source,
        district: &district,
        which: Which::All,
    };
    let standing = register.comparing(of).standing(None, noon()).unwrap();
    let absent = register.absent(&source, "", 9).unwrap();
    (
        standing.unwrap().known,
        absent.into_iter().map(|(id, _)| id).collect(),
    )
}

#[test]
fn who_has_departed_is_neither_counted_nor_missed_again() {
    let disk = Disk::new();
    let store = disk.open();
    with_departures(&store);
    let missing = || ["ana", "ben"].map(str::to_owned).to_vec();
    assert_eq!(missed(&store), (2, missing()));
    // One who comes back counts again.
    let kim = person_id("kim");
    let before = store.read().unwrap().person(&kim).unwrap().unwrap();
    let mut after = before.clone();
    after.directory.as_mut().unwrap().status = DirectoryStatus::Present;
    commit(&store, vec![put_person(Some(&before), Some(&after))]).unwrap();
    let missing = ["ana", "ben", "kim"].map(str::to_owned).to_vec();
    assert_eq!(missed(&store), (3, missing));
}

#[test]
fn a_register_of_the_format_before_knows_who_has_departed() {
    const BACK: &str = "DROP INDEX person_departed; ALTER TABLE person DROP COLUMN departed;
        CREATE INDEX person_departed ON person (source)
            WHERE json_extract(body, '$.directory.status') IN ('gone', 'deleted')";
    let disk = Disk::new();
    with_departures(&disk.open());
    let older = rusqlite::Connection::open(disk.path()).unwrap();
    older.execute_batch(BACK).unwrap();
    older.execute_batch(MIGRATIONS[7]).unwrap();
    drop(older);
    let missing = ["ana", "ben"].map(str::to_owned).to_vec();
    assert_eq!(missed(&disk.open()), (2, missing));
}

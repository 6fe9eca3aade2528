use provost_core::directory::Attribute;

use super::*;

const COOKIE: &str = "rid=000,csn=20250302170000.000000Z#000000#000#000000";

fn mark() -> Mark {
    Mark {
        server: "ldap://x".to_owned(),
        instance: None,
        clock: None,
        cookie: COOKIE.as_bytes().to_vec(),
        schema: "s".to_owned(),
    }
}

fn entry(number: &str) -> Item {
    Item::Entry(Entry {
        dn: "uid=a".to_owned(),
        attributes: vec![Attribute::new("entryCSN", vec![number.as_bytes().to_vec()])],
    })
}

fn state(kind: u8) -> Vec<u8> {
    let mut value = vec![0x30, 0x15, 0x0a, 0x01, kind, 0x04, 0x10];
    value.extend(0..16);
    value
}

fn ids(deleted: u8) -> Item {
    let mut value = vec![0xa3, 0x17, 0x01, 0x01, deleted, 0x31, 0x12, 0x04, 0x10];
    value.extend(0..16);
    Item::Intermediate(Some(SYNC_INFO.as_bytes().to_vec()), Some(value))
}

/// A round of these messages, ended so.
fn round(items: Vec<(Item, Option<Vec<u8>>)>, cookie: Option<&[u8]>, named: bool) -> Changes {
    let mut round = Round::new(ChangeNumbers::of(COOKIE.as_bytes()).unwrap());
    for (item, state) in items {
        round.take(item, state.as_deref()).unwrap();
    }
    let done = content_sync::Done {
        cookie: cookie.map(<[u8]>::to_vec),
        deletes_named: named,
    };
    round.end(done, mark())
}

const AFTER: &str = "20250302170000.000000Z#000001#000#000000";
const BEFORE: &str = "20250302165959.999999Z#000000#000#000000";
const ELSEWHERE: &str = "20250101000000.000000Z#000000#002#000000";

fn next(cookie: &str) -> Changes {
    Changes::Since(Mark {
        cookie: cookie.as_bytes().to_vec(),
        ..mark()
    })
}

#[test]
fn nothing_changed_keeps_the_cookie() {
    assert_eq!(round(Vec::new(), None, true), next(COOKIE));
}

#[test]
fn changes_and_named_deletions_move_the_cookie_on() {
    let items = vec![
        (ids(0xff), None),
        (entry(AFTER), Some(state(1))),
        (entry(ELSEWHERE), Some(state(2))),
        (entry(BEFORE), Some(state(3))),
    ];
    assert_eq!(round(items, Some(b"new"), true), next("new"));
}

#[test]
fn whatever_is_no_plain_list_of_changes_asks_for_a_full_read() {
    let lists = [
        (vec![(ids(0), None)], Some(b"new".as_slice()), true),
        (vec![(entry(AFTER), Some(state(0)))], Some(b"new"), true),
        (vec![(entry(BEFORE), Some(state(1)))], Some(b"new"), true),
        (vec![(entry("odd"), Some(state(1)))], Some(b"new"), true),
        (vec![(entry(AFTER), Some(state(1)))], Some(b"new"), false),
        (vec![(entry(AFTER), Some(state(1)))], None, true),
        (vec![(ids(0xff), None)], None, true),
    ];
    for (items, cookie, named) in lists {
        let said = format!("{items:?} {named}");
        let changes = round(items, cookie, named);
        assert!(
            matches!(changes, Changes::Unusable(_)),
            "{said}: {changes:?}"
        );
    }
}

#[test]
fn an_entry_without_its_state_is_malformed() {
    let mut round = Round::new(ChangeNumbers::of(COOKIE.as_bytes()).unwrap());
    assert!(round.take(entry(AFTER), None).is_err());
}

#[test]
fn a_damaged_cookie_is_known_before_it_is_sent() {
    for damaged in ["", "foo", "rid=000", "csn=2025", "csn=1#2#3#4", "\u{fffd}"] {
        assert!(ChangeNumbers::of(damaged.as_bytes()).is_none(), "{damaged}");
    }
    assert!(ChangeNumbers::of(&[0xff]).is_none());
    let several = format!("{COOKIE};{ELSEWHERE}");
    assert_eq!(
        ChangeNumbers::of(several.as_bytes()).map(|known| known.cookie()),
        Some(several.clone().into_bytes())
    );
}

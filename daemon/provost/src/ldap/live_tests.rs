use proptest::prelude::*;
use provost_core::directory::Attribute;

use super::*;

const BEGIN: &str = "20250302170000.000000Z#000000#000#000000";
const FIRST: &str = "20250302170000.000000Z#000001#000#000000";
const SECOND: &str = "20250302170000.000000Z#000002#000#000000";
const OTHER: &str = "20250101000000.000000Z#000000#002#000000";

type Message = (Item, Option<Vec<u8>>);

fn cookie(number: &str) -> Vec<u8> {
    format!("rid=000,csn={number}").into_bytes()
}

fn mark(number: &str) -> Mark {
    Mark {
        server: "ldap://x".to_owned(),
        instance: None,
        clock: None,
        cookie: cookie(number),
        schema: "s".to_owned(),
    }
}

fn tagged(tag: u8, body: &[u8]) -> Vec<u8> {
    super::super::message::tagged(tag, body.to_vec())
}

fn octets(bytes: &[u8]) -> Vec<u8> {
    tagged(0x04, bytes)
}

/// A Sync State control about the id that is 16 times `id`.
fn state(kind: u8, id: u8, at: Option<&str>) -> Vec<u8> {
    let mut body = vec![0x0a, 1, kind];
    body.extend(octets(&[id; 16]));
    body.extend(at.map(|at| octets(&cookie(at))).unwrap_or_default());
    tagged(0x30, &body)
}

fn id(id: u8) -> String {
    let two = format!("{id:02x}");
    [4, 2, 2, 2, 6].map(|bytes| two.repeat(bytes)).join("-")
}

fn described(word: &str, number: &str) -> Entry {
    let value = |text: &str| vec![text.as_bytes().to_vec()];
    Entry {
        dn: format!("uid={word}"),
        attributes: vec![Attribute::new("entryCSN", value(number))],
    }
}

fn modified(who: u8, word: &str, number: &str) -> Message {
    (
        Item::Entry(described(word, number)),
        Some(state(2, who, Some(number))),
    )
}

fn removed(who: u8, number: &str) -> Message {
    (
        Item::Entry(described("x", number)),
        Some(state(3, who, Some(number))),
    )
}

fn info(value: Vec<u8>) -> Message {
    let name = SYNC_INFO.as_bytes().to_vec();
    (Item::Intermediate(Some(name), Some(value)), None)
}

fn new_cookie(number: &str) -> Message {
    info(tagged(0x80, &cookie(number)))
}

/// The end of the arrears, with deletions named.
fn caught_up() -> Message {
    info(tagged(0xa1, &[]))
}

fn set(deleted: u8, ids: &[u8]) -> Message {
    let ids: Vec<u8> = ids.iter().flat_map(|id| octets(&[*id; 16])).collect();
    let body = [&[0x01, 1, deleted], tagged(0x31, &ids).as_slice()].concat();
    info(tagged(0xa3, &body))
}

fn begun() -> Gathered {
    Gathered::new(ChangeNumbers::of(&cookie(BEGIN)).unwrap())
}

/// A stream that has caught up.
fn following() -> Gathered {
    let mut gathered = begun();
    take(&mut gathered, vec![caught_up()]);
    assert!(gathered.complete);
    gathered.hand_over(mark(BEGIN));
    gathered
}

fn take(gathered: &mut Gathered, messages: Vec<Message>) {
    for (item, state) in messages {
        gathered.take(item, state.as_deref()).unwrap();
    }
}

fn news(mut gathered: Gathered, messages: Vec<Message>) -> News {
    take(&mut gathered, messages);
    assert!(gathered.complete);
    let numbers = gathered.numbers.cookie();
    gathered.hand_over(Mark {
        cookie: numbers,
        ..mark(BEGIN)
    })
}

fn told(seen: Vec<Seen>, at: &str) -> News {
    News {
        seen,
        mark: mark(at),
        elsewhere: false,
        doubt: None,
    }
}

fn entry(word: &str, number: &str) -> Seen {
    Seen::Entry(described(word, number))
}

fn deleted(who: u8) -> Seen {
    Seen::Deleted { stable_id: id(who) }
}

#[test]
fn what_changed_meanwhile_comes_first_and_then_each_change() {
    let mut gathered = begun();
    take(
        &mut gathered,
        vec![modified(1, "a", FIRST), set(0xff, &[2])],
    );
    assert!(
        !gathered.complete,
        "the server has not told all that it owes"
    );
    let first = news(gathered, vec![caught_up()]);
    assert_eq!(first, told(vec![entry("a", FIRST), deleted(2)], FIRST));
    let second = news(following(), vec![removed(1, SECOND)]);
    assert_eq!(second, told(vec![deleted(1)], SECOND));
}

#[test]
fn of_several_messages_about_one_entry_the_last_one_counts() {
    let messages = vec![
        modified(1, "a", FIRST),
        removed(2, FIRST),
        modified(1, "b", SECOND),
        modified(2, "back", SECOND),
    ];
    let seen = vec![entry("b", SECOND), entry("back", SECOND)];
    assert_eq!(news(following(), messages), told(seen, SECOND));
}

#[test]
fn a_cookie_by_itself_says_that_something_else_has_changed() {
    let elsewhere = news(following(), vec![new_cookie(SECOND)]);
    let expected = News {
        elsewhere: true,
        ..told(Vec::new(), SECOND)
    };
    assert_eq!(elsewhere, expected);
}

#[test]
fn what_belongs_into_no_stream_leaves_a_doubt_and_changes_nothing() {
    let doubt = |gathered: Gathered, messages| {
        let news = news(gathered, messages);
        assert_eq!(news.seen, Vec::new());
        news.doubt.unwrap()
    };
    let present = (Item::Entry(described("a", FIRST)), Some(state(0, 1, None)));
    let present = || vec![(Item::Entry(described("a", FIRST)), present.1.clone())];
    let unknown = Item::Intermediate(Some(b"1.2.3".to_vec()), None);
    let listed = "the server lists who is present in the middle of a stream";
    assert_eq!(doubt(following(), present()), listed);
    assert_eq!(doubt(following(), vec![set(0, &[1])]), listed);
    assert_eq!(
        doubt(following(), vec![caught_up()]),
        "the server begins anew in the middle of a stream"
    );
    assert_eq!(
        doubt(following(), vec![(unknown, None)]),
        "the server sends a message that belongs to no stream"
    );
    let forgotten = "the server cannot name deletions any more";
    assert_eq!(doubt(begun(), vec![set(0, &[1]), caught_up()]), forgotten);
    assert_eq!(doubt(begun(), vec![info(tagged(0xa2, &[]))]), forgotten);
    let old = || modified(1, "a", BEGIN);
    assert_eq!(
        doubt(begun(), vec![old(), caught_up()]),
        "the server sends entries that have not changed"
    );
    let mut nameless = old();
    nameless.0 = Item::Entry(Entry {
        dn: "uid=a".to_owned(),
        attributes: Vec::new(),
    });
    assert_eq!(
        doubt(following(), vec![nameless]),
        "entries do not show when they changed (entryCSN)"
    );
}

#[test]
fn what_cannot_be_read_ends_the_stream() {
    let refused = |message: Message| {
        let mut gathered = following();
        let (item, state) = message;
        gathered.take(item, state.as_deref()).unwrap_err()
    };
    let bare = (Item::Entry(described("a", FIRST)), None);
    assert_eq!(refused(bare), "an entry without its Sync State control");
    let garbled = (Item::Entry(described("a", FIRST)), Some(vec![0x30, 0x7f]));
    assert_eq!(refused(garbled), "a Sync State control that cannot be read");
    assert_eq!(
        refused(info(tagged(0x80, b"csn=tomorrow"))),
        "a cookie that cannot be read"
    );
    assert_eq!(
        refused(info(vec![0xa4, 0])),
        "a Sync Info message that cannot be read"
    );
}

#[test]
fn a_stream_begins_with_no_more_than_fits_into_memory() {
    let mut gathered = begun();
    let ids: Vec<String> = (0..ARREARS_MAX + 10).map(|id| id.to_string()).collect();
    ids.into_iter().for_each(|id| gathered.delete(id));
    let news = news(gathered, vec![caught_up()]);
    assert_eq!(news.seen.len(), ARREARS_MAX);
    assert_eq!(
        news.doubt,
        Some("more has changed than a stream begins with")
    );
}

#[test]
fn entries_older_than_what_was_read_since_are_no_news() {
    let told = || told(vec![entry("a", FIRST), deleted(2)], FIRST);
    assert_eq!(told().since(&mark(BEGIN)), told());
    let late = told().since(&mark(SECOND));
    assert_eq!(
        late.seen,
        [deleted(2)],
        "a look-up says whether it still is"
    );
    assert_eq!(late.mark, mark(SECOND), "and nothing goes back");
    let two_servers = format!("{BEGIN};{OTHER}");
    let both = told().since(&mark(&two_servers));
    assert_eq!(both.mark, mark(&format!("{FIRST};{OTHER}")));
    let damaged = Mark {
        cookie: b"?".to_vec(),
        ..mark(BEGIN)
    };
    let doubtful = told().since(&damaged);
    assert_eq!((doubtful.seen.len(), doubtful.doubt.is_some()), (0, true));
}

fn any_message() -> impl Strategy<Value = Message> {
    let number = prop::sample::select(vec![BEGIN, FIRST, SECOND, OTHER, "", "#", "x#y#z#w"]);
    let bytes = prop::collection::vec(any::<u8>(), 0..40);
    prop_oneof![
        (0_u8..5, any::<u8>(), number.clone()).prop_map(|(kind, who, number)| (
            Item::Entry(described("a", number)),
            Some(state(kind, who, Some(number)))
        )),
        number.prop_map(new_cookie),
        (any::<u8>(), prop::collection::vec(any::<u8>(), 0..5))
            .prop_map(|(deleted, ids)| set(deleted, &ids)),
        Just(()).prop_map(|()| caught_up()),
        Just(()).prop_map(|()| (Item::Referral, None)),
        bytes.clone().prop_map(info),
        (bytes.clone(), bytes.clone())
            .prop_map(|(name, value)| (Item::Intermediate(Some(name), Some(value)), None)),
        bytes.prop_map(|state| (Item::Entry(described("a", FIRST)), Some(state))),
    ]
}

proptest! {
    #[test]
    fn no_messages_make_a_stream_panic_or_hand_over_what_is_not_newer(
        messages in prop::collection::vec(any_message(), 0..40),
    ) {
        let begin = ChangeNumbers::of(&cookie(BEGIN)).unwrap();
        let mut gathered = begun();
        for (item, state) in messages {
            if gathered.take(item, state.as_deref()).is_err() {
                break;
            }
            if gathered.complete {
                let cookie = gathered.numbers.cookie();
                let news = gathered.hand_over(Mark { cookie, ..mark(BEGIN) }).since(&mark(BEGIN));
                prop_assert!(ChangeNumbers::of(&news.mark.cookie).is_some());
                for seen in &news.seen {
                    if let Seen::Entry(entry) = seen {
                        prop_assert_eq!(begin.is_newer(entry), Some(true));
                    }
                }
            }
        }
    }
}

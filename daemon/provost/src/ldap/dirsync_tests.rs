use proptest::prelude::*;
use provost_core::directory::Attribute;

use super::*;

#[test]
fn a_request_is_what_ms_adts_says() {
    let cookie = b"ab";
    let all = b"\x30\x0c\x02\x01\x00\x02\x03\x10\x00\x00\x04\x02ab";
    assert_eq!(request(Sight::All, cookie), all);
    let own = b"\x30\x0c\x02\x01\x01\x02\x03\x10\x00\x00\x04\x02ab";
    assert_eq!(request(Sight::Own, cookie), own);
}

#[test]
fn an_answer_says_whether_there_is_more_and_from_where() {
    let read = |bytes: &[u8]| answer(bytes).map(|answer| (answer.more, answer.cookie));
    let end = b"\x30\x09\x02\x01\x00\x02\x01\x00\x04\x01c";
    assert_eq!(read(end), Ok((false, b"c".to_vec())));
    // Samba and Windows write the number with different widths.
    let more = b"\x30\x0c\x02\x04\x00\x00\x00\x01\x02\x01\x00\x04\x01c";
    assert_eq!(read(more), Ok((true, b"c".to_vec())));
    for bad in [
        b"\x30\x06\x02\x01\x00\x04\x01c".as_slice(),
        b"\x30\x06\x02\x01\x00\x02\x01\x00",
        b"\x30\x0b\x02\x01\x00\x02\x01\x00\x04\x01c\x05\x00",
        b"",
    ] {
        assert!(answer(bad).is_err(), "{bad:?}");
    }
}

fn change(id: u8, more: &[(&str, &[u8])]) -> Entry {
    let guid = Attribute::new("objectGUID", vec![vec![id; 16]]);
    let more = more
        .iter()
        .map(|(name, value)| Attribute::new(name, vec![value.to_vec()]));
    Entry {
        dn: format!("CN=x{id},DC=x"),
        attributes: std::iter::once(guid).chain(more).collect(),
    }
}

#[test]
fn a_tombstone_is_told_from_a_change_and_the_last_word_counts() {
    let id = IdAttribute::named("objectGUID");
    let mut told = Told::default();
    let gone = [("isDeleted", b"TRUE".as_slice())];
    told.take(&change(1, &[]), &id).unwrap();
    told.take(&change(1, &gone), &id).unwrap();
    told.take(&change(2, &gone), &id).unwrap();
    told.take(&change(2, &[("name", b"back")]), &id).unwrap();
    // Tombstones without attributes are known by their names.
    for (number, name) in [(3, ""), (4, "CN=x\\0ADEL:4,CN=Deleted Objects,DC=x")] {
        let mut bare = change(number, &[]);
        bare.dn = name.to_owned();
        told.take(&bare, &id).unwrap();
    }
    let text = |id: u8| {
        format!(
            "{0}-{1}-{1}-{1}-{0}{1}",
            format!("{id:02x}").repeat(4),
            format!("{id:02x}").repeat(2)
        )
    };
    assert_eq!(told.deleted, BTreeSet::from([1, 3, 4].map(text)));
    assert_eq!(told.changed, BTreeSet::from([text(2)]));
    let nameless = Entry {
        dn: String::new(),
        attributes: Vec::new(),
    };
    assert!(told.take(&nameless, &id).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_the_control_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = answer(&bytes);
    }

    #[test]
    fn a_cookie_of_any_length_is_asked_for_as_it_is(cookie in prop::collection::vec(any::<u8>(), 0..400)) {
        let value = request(Sight::Own, &cookie);
        prop_assert_eq!(answer(&value), Ok(Answer { more: true, cookie }));
    }
}

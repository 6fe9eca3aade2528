use provost_core::directory::Attribute;

use super::*;

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
    told.take_entry(&change(1, &[]), &id).unwrap();
    told.take_entry(&change(1, &gone), &id).unwrap();
    told.take_entry(&change(2, &gone), &id).unwrap();
    told.take_entry(&change(2, &[("name", b"back")]), &id)
        .unwrap();
    // Tombstones without attributes are known by their names.
    for (number, name) in [(3, ""), (4, "CN=x\\0ADEL:4,CN=Deleted Objects,DC=x")] {
        let mut bare = change(number, &[]);
        bare.dn = name.to_owned();
        told.take_entry(&bare, &id).unwrap();
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
    assert!(told.take_entry(&nameless, &id).is_err());
}

//! What must hold of the parsers of what directory servers send, whatever the bytes are.
//!
//! Each function takes any bytes and panics where a promise is broken; time and memory are bounded by whoever calls it.
//! The seeds beside it were sent by real servers: see `capture.py`.

use jiff::Timestamp;
use provost_core::directory::{Attribute, Dn, Entry, IdAttribute, Mapping, Observation, observe};
use provost_core::limits::VALUES_MAX;

/// The daemon's own parsers, taken by their files: with the rest of the daemon around them, which is not looked at, each
/// change would take many minutes to build for a fuzzer.
#[path = "../../daemon/provost/src/ldap"]
#[allow(dead_code, unreachable_pub)]
mod ldap {
    mod change_number;
    mod content_sync;
    mod dirsync_control;
    mod ds389_text;
    mod file_time;
    mod frame;
    mod member_value;
    mod message;

    pub(crate) use self::looks::*;

    /// The parsers' faces, whose own are for their neighbours alone.
    mod looks {
        use super::*;
        use provost_core::directory::Entry;

        /// The entry of a message that the guard lets pass, taken apart as the LDAP library does.
        pub(crate) fn entry(bytes: &[u8]) -> Option<Entry> {
            let mut frames = frame::Frames::default();
            frames.take(bytes).ok()?;
            let (_, message) = lber::parse::parse_tag(bytes).ok()?;
            let lber::structure::PL::C(parts) = message.payload else {
                return None;
            };
            match message::item(parts.into_iter().nth(1)?) {
                Ok(message::Item::Entry(entry)) => Some(entry),
                Ok(message::Item::Intermediate(_, Some(value))) => {
                    control(&value);
                    None
                }
                Ok(_) | Err(_) => None,
            }
        }

        /// Wherever the bytes are cut, the guard says the same.
        pub(crate) fn guard(bytes: &[u8]) {
            let whole = frame::Frames::default().take(bytes);
            let cut = bytes.first().map_or(0, |byte| usize::from(*byte) * 7) % (bytes.len() + 1);
            let (first, second) = bytes.split_at(cut);
            let mut frames = frame::Frames::default();
            assert_eq!(frames.take(first).and_then(|()| frames.take(second)), whole);
        }

        pub(crate) fn control(bytes: &[u8]) {
            let _ = (content_sync::state(bytes), content_sync::done(bytes));
            if let Ok(content_sync::Info::Deleted { ids, .. }) = content_sync::info(bytes) {
                assert!(ids.len() <= bytes.len() / 18);
            }
            if let Ok(cookie) = message::page_cookie(bytes) {
                let asked = message::page_request(1, &cookie);
                assert_eq!(message::page_cookie(&asked), Ok(cookie));
            }
            if let Ok(answer) = dirsync_control::answer(bytes) {
                let asked = dirsync_control::request(dirsync_control::Sight::Own, &answer.cookie);
                let again = dirsync_control::answer(&asked).map(|answer| answer.cookie);
                assert_eq!(again, Ok(answer.cookie));
            }
        }

        pub(crate) fn cookie(bytes: &[u8], entry: &Entry) {
            if let Some(mut numbers) = change_number::ChangeNumbers::of(bytes) {
                let again = change_number::ChangeNumbers::of(&numbers.cookie());
                assert_eq!(again.as_ref(), Some(&numbers));
                assert!(again.is_none_or(|again| !numbers.advance(&again)));
                let _ = (numbers.oldest(), numbers.is_newer(entry));
            }
            let _ = ds389_text::number(bytes);
        }

        pub(crate) fn text(text: &str) {
            let _ = file_time::file_time(text);
            assert!(ds389_text::own_id(text).len() <= 2 * text.len());
        }

        pub(crate) fn member(bytes: &[u8]) {
            for by_name in [true, false] {
                if let Some(member_value::Member::Name(key)) = member_value::member(bytes, by_name)
                {
                    let again = member_value::member(key.as_bytes(), true);
                    assert_eq!(again, Some(member_value::Member::Name(key)));
                }
            }
        }
    }
}

/// A message between bind and unbind: an entry, a reference, an intermediate message, whatever.
pub fn entry(bytes: &[u8]) {
    ldap::guard(bytes);
    if let Some(entry) = ldap::entry(bytes) {
        mapped(&entry);
    }
}

/// The value of a control or of an intermediate message.
pub fn control(bytes: &[u8]) {
    ldap::control(bytes);
}

/// A distinguished name as a server writes it.
pub fn dn(bytes: &[u8]) {
    ldap::member(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(name) = Dn::parse(text) else { return };
    let again = Dn::parse(&name.key());
    assert_eq!(again.as_ref(), Ok(&name), "its own form is the same name");
    assert_eq!(again.map(|name| name.key()), Ok(name.key()));
    assert!(name.is_within(&name));
    if let Some(parent) = name.parent() {
        assert!(name.is_within(&parent) && !parent.is_within(&name));
    }
}

/// Attributes that are read in their own ways.
const READ_APART: [&str; 12] = [
    "objectGUID",
    "userAccountControl",
    "accountExpires",
    "pwdAccountLockedTime",
    "nsAccountLock",
    "entryUUID",
    "entryCSN",
    "isDeleted",
    "uid",
    "mail",
    "departmentNumber",
    "member;range=0-1499",
];

/// The value of an attribute that has a form of its own, a cookie, or an attribute's name with its options.
pub fn value(bytes: &[u8]) {
    let attributes = READ_APART.map(|name| Attribute::new(name, vec![bytes.to_vec()]));
    let entry = Entry {
        dn: String::from_utf8_lossy(bytes).into_owned(),
        attributes: attributes.into(),
    };
    mapped(&entry);
    ldap::cookie(bytes, &entry);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    ldap::text(text);
    if let Some((first, Some(last))) = Attribute::new(text, Vec::new()).range() {
        let written = format!("x;range={first}-{last}");
        let range = Attribute::new(&written, Vec::new()).range();
        assert_eq!(range, Some((first, Some(last))));
    }
}

/// Whatever an entry says, what becomes a person can be shown and stored, and is found again by its id.
fn mapped(entry: &Entry) {
    for (id, username) in [("entryUUID", "uid"), ("objectGUID", "sAMAccountName")] {
        let mapping = mapping(id, username);
        let Observation::Staff(staff, _) = observe(entry, &mapping, Timestamp::UNIX_EPOCH) else {
            continue;
        };
        let texts = [&staff.username, &staff.name, &staff.stable_id];
        assert!(texts.iter().all(|text| !text.chars().any(char::is_control)));
        assert!(!staff.username.is_empty() && staff.mail.len() <= VALUES_MAX);
        let filter = mapping.id.filter(&staff.stable_id);
        let inner = filter.get(1..filter.len() - 1).unwrap_or_default();
        assert!(!inner.contains(['(', ')', '*']), "{filter}");
        assert_eq!(mapping.id.of(entry), Some(staff.stable_id));
    }
}

fn mapping(id: &str, username: &str) -> Mapping {
    let named = |name: &str| Some(name.to_owned());
    Mapping {
        id: IdAttribute::named(id),
        username: username.to_owned(),
        name: named("cn"),
        mail: named("mail"),
        phone: named("telephoneNumber"),
        employee_number: named("employeeNumber"),
        title: named("title"),
        school: named("departmentNumber"),
        disabled: None,
    }
}

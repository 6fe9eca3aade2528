//! Checked reading of what servers send: entries, referrals and the control of paged results.
//!
//! Everything here comes from outside and may be hostile; nothing panics, and what does not fit is an error.

use lber::common::TagClass;
use lber::structure::{PL, StructureTag};
use provost_core::directory::{Attribute, Entry};

use super::content_sync::{Ber, OCTETS, SEQUENCE, only};

/// What a search sends between request and result. Source: RFC 4511 §4.5.2.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// An entry.
    Entry(Entry),
    /// A continuation that points to another server; sources read what their own servers hold.
    Referral,
    /// A message between entries (RFC 4511 §4.13): its name and its value.
    Intermediate(Option<Vec<u8>>, Option<Vec<u8>>),
}

const SEARCH_RESULT_ENTRY: u64 = 4;
const SEARCH_RESULT_REFERENCE: u64 = 19;
const INTERMEDIATE_RESPONSE: u64 = 25;

/// Reads one message of a search; the error says what stands there instead.
pub(super) fn item(message: StructureTag) -> Result<Item, &'static str> {
    match (message.class, message.id) {
        (TagClass::Application, SEARCH_RESULT_ENTRY) => entry(message).map(Item::Entry),
        (TagClass::Application, SEARCH_RESULT_REFERENCE) => Ok(Item::Referral),
        (TagClass::Application, INTERMEDIATE_RESPONSE) => intermediate(message),
        _ => Err("a message that belongs to no search"),
    }
}

fn intermediate(message: StructureTag) -> Result<Item, &'static str> {
    let (mut name, mut value) = (None, None);
    for part in constructed(message, "an intermediate message that is no sequence")? {
        let id = part.id;
        let bytes = octets(part, "an intermediate message whose parts are no strings")?;
        match id {
            0 => name = Some(bytes),
            1 => value = Some(bytes),
            _ => return Err("an intermediate message with unknown parts"),
        }
    }
    Ok(Item::Intermediate(name, value))
}

fn entry(message: StructureTag) -> Result<Entry, &'static str> {
    let mut parts = constructed(message, "an entry that is no sequence")?.into_iter();
    let dn = parts.next().ok_or("an entry without a name")?;
    let dn = octets(dn, "an entry whose name is no string")?;
    // A name that is not UTF-8 cannot be looked up again; RFC 4514 names are UTF-8.
    let dn = String::from_utf8(dn).map_err(|_| "an entry whose name is not UTF-8")?;
    let list = parts.next().ok_or("an entry without attributes")?;
    let attributes = constructed(list, "an entry whose attributes are no list")?
        .into_iter()
        .map(attribute)
        .collect::<Result<_, _>>()?;
    Ok(Entry { dn, attributes })
}

fn attribute(tag: StructureTag) -> Result<Attribute, &'static str> {
    let mut parts = constructed(tag, "an attribute that is no sequence")?.into_iter();
    let name = parts.next().ok_or("an attribute without a name")?;
    let name = octets(name, "an attribute whose name is no string")?;
    let name = String::from_utf8(name).map_err(|_| "an attribute whose name is not UTF-8")?;
    // Servers leave the set out when they send names only.
    let values = match parts.next() {
        None => Vec::new(),
        Some(set) => constructed(set, "an attribute whose values are no set")?
            .into_iter()
            .map(|value| octets(value, "an attribute value that is no string"))
            .collect::<Result<_, _>>()?,
    };
    Ok(Attribute::new(&name, values))
}

fn constructed(
    tag: StructureTag,
    otherwise: &'static str,
) -> Result<Vec<StructureTag>, &'static str> {
    match tag.payload {
        PL::C(parts) => Ok(parts),
        PL::P(_) => Err(otherwise),
    }
}

fn octets(tag: StructureTag, otherwise: &'static str) -> Result<Vec<u8>, &'static str> {
    match tag.payload {
        PL::P(bytes) => Ok(bytes),
        PL::C(_) => Err(otherwise),
    }
}

/// The control's object identifier. Source: RFC 2696 §2.
pub(super) const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";

/// The value that asks for `size` entries from where `cookie` stands. Source: RFC 2696 §2.
pub(super) fn page_request(size: u32, cookie: &[u8]) -> Vec<u8> {
    let mut body = integer(size);
    body.extend(octet_string(cookie));
    tagged(0x30, body)
}

/// An OCTET STRING. Source: X.690 §8.7.
pub(super) fn octet_string(bytes: &[u8]) -> Vec<u8> {
    tagged(0x04, bytes.to_vec())
}

/// An element of one tag byte with its length. Source: X.690 §8.1.
pub(super) fn tagged(tag: u8, body: Vec<u8>) -> Vec<u8> {
    let mut element = vec![tag];
    element.extend(length(body.len()));
    element.extend(body);
    element
}

/// An INTEGER. Source: X.690 §8.3.
pub(super) fn integer(number: u32) -> Vec<u8> {
    let mut bytes: Vec<u8> = number.to_be_bytes().into();
    let redundant = bytes
        .windows(2)
        .take_while(|pair| pair[0] == 0 && pair[1] < 0x80)
        .count();
    bytes.drain(..redundant);
    if bytes.first().is_some_and(|first| *first >= 0x80) {
        bytes.insert(0, 0);
    }
    tagged(0x02, bytes)
}

fn length(bytes: usize) -> Vec<u8> {
    match u8::try_from(bytes) {
        Ok(short) if short < 0x80 => vec![short],
        _ => {
            let digits: Vec<u8> = bytes
                .to_be_bytes()
                .into_iter()
                .skip_while(|byte| *byte == 0)
                .collect();
            let mut written = vec![0x80 | u8::try_from(digits.len()).unwrap_or(8)];
            written.extend(digits);
            written
        }
    }
}

/// The cookie of a paged answer; empty means that this was the last page. Source: RFC 2696 §2.
pub(super) fn page_cookie(value: &[u8]) -> Result<Vec<u8>, &'static str> {
    const BAD: &str = "a paged-results control that cannot be read";
    const INTEGER: u8 = 0x02;
    let mut parts = Ber(only(value, SEQUENCE).ok_or(BAD)?);
    // The size is an estimate that no server has to give; the cookie alone counts.
    parts.take(INTEGER).ok_or(BAD)?;
    let cookie = parts.take(OCTETS).ok_or(BAD)?;
    match parts.0 {
        [] => Ok(cookie.to_vec()),
        _ => Err(BAD),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_page_request_is_what_rfc_2696_says() {
        assert_eq!(
            page_request(500, b"ab"),
            b"\x30\x08\x02\x02\x01\xf4\x04\x02ab"
        );
        assert_eq!(page_request(200, b""), b"\x30\x06\x02\x02\x00\xc8\x04\x00");
    }

    #[test]
    fn a_cookie_comes_back_as_it_was_sent() {
        for cookie in [vec![], vec![7; 20], vec![9; 300]] {
            assert_eq!(page_cookie(&page_request(1, &cookie)), Ok(cookie));
        }
    }

    fn any_tag() -> impl Strategy<Value = StructureTag> {
        let class = prop::sample::select(vec![
            TagClass::Universal,
            TagClass::Application,
            TagClass::Context,
        ]);
        let leaf = (
            class.clone(),
            0_u64..30,
            prop::collection::vec(any::<u8>(), 0..20),
        )
            .prop_map(|(class, id, bytes)| StructureTag {
                class,
                id,
                payload: PL::P(bytes),
            });
        leaf.prop_recursive(4, 40, 5, move |inner| {
            (class.clone(), 0_u64..30, prop::collection::vec(inner, 0..5)).prop_map(
                |(class, id, parts)| StructureTag {
                    class,
                    id,
                    payload: PL::C(parts),
                },
            )
        })
    }

    proptest! {
        #[test]
        fn no_structure_makes_the_reader_panic(tag in any_tag()) {
            let _ = item(tag);
        }

        #[test]
        fn no_bytes_make_the_control_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = page_cookie(&bytes);
        }
    }
}

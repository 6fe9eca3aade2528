//! The messages of RFC 4533 (content synchronization), read and written byte by byte.
//!
//! Everything read here comes from outside and may be hostile. The reader is flat: it never descends further than
//! these few messages do, whatever the bytes say.

/// Sync Request control. Source: RFC 4533 §2.2.
pub(super) const SYNC_REQUEST: &str = "1.3.6.1.4.1.4203.1.9.1.1";
/// Sync State control, with each entry. Source: RFC 4533 §2.3.
pub(super) const SYNC_STATE: &str = "1.3.6.1.4.1.4203.1.9.1.2";
/// Sync Done control, with the result. Source: RFC 4533 §2.4.
pub(super) const SYNC_DONE: &str = "1.3.6.1.4.1.4203.1.9.1.3";
/// Sync Info intermediate message. Source: RFC 4533 §2.5.
pub(super) const SYNC_INFO: &str = "1.3.6.1.4.1.4203.1.9.1.4";

const BOOLEAN: u8 = 0x01;
pub(super) const OCTETS: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;
pub(super) const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const NEW_COOKIE: u8 = 0x80;
const REFRESH_DELETE: u8 = 0xa1;
const REFRESH_PRESENT: u8 = 0xa2;
const ID_SET: u8 = 0xa3;

/// What became of an entry. Source: RFC 4533 §2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryState {
    /// There, and as it was.
    Present,
    /// There, perhaps new.
    Add,
    /// There and changed.
    Modify,
    /// No longer part of the content.
    Delete,
}

/// How a refresh ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Done {
    /// Where the next refresh goes on; none where nothing changed.
    pub(super) cookie: Option<Vec<u8>>,
    /// Deletions were named one by one; otherwise whatever was not mentioned is meant to be gone.
    pub(super) deletes_named: bool,
}

/// What a server says between entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Info {
    /// A newer cookie and nothing else: something changed that the search does not show.
    Cookie(Vec<u8>),
    /// The end of a phase.
    Phase {
        /// Where it stood.
        cookie: Option<Vec<u8>>,
        /// Deletions were named one by one; otherwise whatever was not mentioned is meant to be gone.
        deletes_named: bool,
        /// From here on changes are told as they happen.
        last: bool,
    },
    /// These entries are no longer part of the content.
    Deleted {
        /// Where that stands.
        cookie: Option<Vec<u8>>,
        /// Which.
        ids: Vec<String>,
    },
    /// These entries are there and as they were: the server cannot name deletions.
    Present,
}

/// The content of a Sync State control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    /// What became of it.
    pub(super) entry: EntryState,
    /// Of which entry.
    pub(super) stable_id: String,
    /// Where that stands, if the server says so.
    pub(super) cookie: Option<Vec<u8>>,
}

/// How long a server tells changes. Source: RFC 4533 §2.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// Those until now: refreshOnly.
    Now,
    /// Those until now, and then each as it happens: refreshAndPersist.
    Forever,
}

type Bad = &'static str;

/// The value that asks for what changed since `cookie`, or for everything. Source: RFC 4533 §2.2.
pub(super) fn request(until: Until, cookie: Option<&[u8]>) -> Vec<u8> {
    let mode = match until {
        Until::Now => 1,
        Until::Forever => 3,
    };
    let mut body = vec![ENUMERATED, 1, mode];
    if let Some(cookie) = cookie {
        body.extend(super::message::octet_string(cookie));
    }
    super::message::tagged(SEQUENCE, body)
}

/// Reads a Sync State control: what became of which entry.
pub(super) fn state(value: &[u8]) -> Result<State, Bad> {
    const BAD: Bad = "a Sync State control that cannot be read";
    let mut parts = Ber(only(value, SEQUENCE).ok_or(BAD)?);
    let entry = match parts.take(ENUMERATED).ok_or(BAD)? {
        [0] => EntryState::Present,
        [1] => EntryState::Add,
        [2] => EntryState::Modify,
        [3] => EntryState::Delete,
        _ => return Err(BAD),
    };
    let stable_id = parts.take(OCTETS).and_then(uuid).ok_or(BAD)?;
    let cookie = parts.take(OCTETS).map(<[u8]>::to_vec);
    match parts.0 {
        [] => Ok(State {
            entry,
            stable_id,
            cookie,
        }),
        _ => Err(BAD),
    }
}

/// Reads a Sync Done control.
pub(super) fn done(value: &[u8]) -> Result<Done, Bad> {
    const BAD: Bad = "a Sync Done control that cannot be read";
    let mut parts = Ber(only(value, SEQUENCE).ok_or(BAD)?);
    let cookie = parts.take(OCTETS).map(<[u8]>::to_vec);
    let deletes_named = parts.flag(false).ok_or(BAD)?;
    match parts.0 {
        [] => Ok(Done {
            cookie,
            deletes_named,
        }),
        _ => Err(BAD),
    }
}

/// Reads a Sync Info message.
pub(super) fn info(value: &[u8]) -> Result<Info, Bad> {
    const BAD: Bad = "a Sync Info message that cannot be read";
    let mut whole = Ber(value);
    let (tag, body) = whole.next().ok_or(BAD)?;
    if !whole.0.is_empty() {
        return Err(BAD);
    }
    match tag {
        NEW_COOKIE => Ok(Info::Cookie(body.to_vec())),
        REFRESH_DELETE | REFRESH_PRESENT => {
            let mut parts = Ber(body);
            let cookie = parts.take(OCTETS).map(<[u8]>::to_vec);
            let last = parts.flag(true).ok_or(BAD)?;
            match parts.0 {
                [] => Ok(Info::Phase {
                    cookie,
                    deletes_named: tag == REFRESH_DELETE,
                    last,
                }),
                _ => Err(BAD),
            }
        }
        ID_SET => {
            let mut parts = Ber(body);
            let cookie = parts.take(OCTETS).map(<[u8]>::to_vec);
            let deleted = parts.flag(false).ok_or(BAD)?;
            let mut set = Ber(parts.take(SET).ok_or(BAD)?);
            if !deleted {
                return Ok(Info::Present);
            }
            let mut ids = Vec::new();
            while !set.0.is_empty() {
                ids.push(set.take(OCTETS).and_then(uuid).ok_or(BAD)?);
            }
            Ok(Info::Deleted { cookie, ids })
        }
        _ => Err(BAD),
    }
}

/// The contents of the one element of this tag that `bytes` are.
pub(super) fn only(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let mut whole = Ber(bytes);
    let body = whole.take(tag)?;
    whole.0.is_empty().then_some(body)
}

/// 16 bytes as entries write their `entryUUID` (RFC 4530).
fn uuid(bytes: &[u8]) -> Option<String> {
    let bytes: &[u8; 16] = bytes.try_into().ok()?;
    let mut text = String::with_capacity(36);
    for (place, byte) in bytes.iter().enumerate() {
        if [4, 6, 8, 10].contains(&place) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    Some(text)
}

/// What is left of a list of elements.
pub(super) struct Ber<'b>(pub(super) &'b [u8]);

impl<'b> Ber<'b> {
    /// The next element's tag and contents. Only tags of one byte and lengths of up to four are known here.
    fn next(&mut self) -> Option<(u8, &'b [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length = digits
                    .iter()
                    .fold(0_usize, |length, digit| length << 8 | usize::from(*digit));
                (length, rest)
            }
            _ => return None,
        };
        let (body, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, body))
    }

    /// The next element if it has this tag; nothing is used up otherwise.
    pub(super) fn take(&mut self, tag: u8) -> Option<&'b [u8]> {
        let before = self.0;
        match self.next() {
            Some((found, body)) if found == tag => Some(body),
            _ => {
                self.0 = before;
                None
            }
        }
    }

    /// A boolean that may be left out; `None` where it stands and is none.
    fn flag(&mut self, otherwise: bool) -> Option<bool> {
        if self.0.first() != Some(&BOOLEAN) {
            return Some(otherwise);
        }
        match self.take(BOOLEAN)? {
            [byte] => Some(*byte != 0),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "00010203-0405-0607-0809-0a0b0c0d0e0f";

    fn id_bytes() -> Vec<u8> {
        (0..16).collect()
    }

    fn with_id(front: &[u8], back: &[u8]) -> Vec<u8> {
        [front, &id_bytes(), back].concat()
    }

    #[test]
    fn a_request_is_what_rfc_4533_says() {
        assert_eq!(request(Until::Now, None), b"\x30\x03\x0a\x01\x01");
        assert_eq!(
            request(Until::Now, Some(b"ab")),
            b"\x30\x07\x0a\x01\x01\x04\x02ab"
        );
        assert_eq!(
            request(Until::Forever, Some(b"ab")),
            b"\x30\x07\x0a\x01\x03\x04\x02ab"
        );
    }

    #[test]
    fn the_state_of_an_entry_is_read() {
        let deleted = with_id(b"\x30\x15\x0a\x01\x03\x04\x10", b"");
        let told = |entry, cookie: Option<&[u8]>| State {
            entry,
            stable_id: ID.to_owned(),
            cookie: cookie.map(<[u8]>::to_vec),
        };
        assert_eq!(state(&deleted), Ok(told(EntryState::Delete, None)));
        let with_cookie = with_id(b"\x30\x18\x0a\x01\x01\x04\x10", b"\x04\x01c");
        assert_eq!(state(&with_cookie), Ok(told(EntryState::Add, Some(b"c"))));
        let with_more = with_id(b"\x30\x18\x0a\x01\x01\x04\x10", b"\x01\x01c");
        assert!(state(&with_more).is_err());
        let unknown = with_id(b"\x30\x15\x0a\x01\x04\x04\x10", b"");
        assert!(state(&unknown).is_err());
        assert!(state(b"\x30\x08\x0a\x01\x01\x04\x03abc").is_err());
    }

    #[test]
    fn the_end_of_a_refresh_is_read_with_what_is_left_out() {
        let read = |bytes: &[u8]| done(bytes).map(|done| (done.cookie, done.deletes_named));
        assert_eq!(read(b"\x30\x00"), Ok((None, false)));
        assert_eq!(read(b"\x30\x03\x01\x01\xff"), Ok((None, true)));
        assert_eq!(
            read(b"\x30\x06\x04\x01c\x01\x01\xff"),
            Ok((Some(b"c".to_vec()), true))
        );
        assert!(read(b"\x30\x02\x05\x00").is_err());
        assert!(read(b"\x30\x00\x00").is_err());
    }

    #[test]
    fn deletions_and_presences_are_told_apart() {
        let set = |flag: &[u8]| {
            let set = with_id(b"\x31\x12\x04\x10", b"");
            let body = [b"\x04\x01c".as_slice(), flag, &set].concat();
            let length = u8::try_from(body.len()).unwrap();
            [&[ID_SET, length], body.as_slice()].concat()
        };
        assert_eq!(
            info(&set(b"\x01\x01\xff")),
            Ok(Info::Deleted {
                cookie: Some(b"c".to_vec()),
                ids: vec![ID.to_owned()]
            })
        );
        assert_eq!(info(&set(b"\x01\x01\x00")), Ok(Info::Present));
        assert_eq!(info(&set(b"")), Ok(Info::Present));
        assert_eq!(info(b"\x80\x01c"), Ok(Info::Cookie(b"c".to_vec())));
        let phase = |cookie: Option<&[u8]>, deletes_named, last| Info::Phase {
            cookie: cookie.map(<[u8]>::to_vec),
            deletes_named,
            last,
        };
        assert_eq!(info(b"\xa2\x00"), Ok(phase(None, false, true)));
        assert_eq!(
            info(b"\xa1\x06\x04\x01c\x01\x01\x00"),
            Ok(phase(Some(b"c"), true, false))
        );
        assert!(info(b"\xa1\x02\x05\x00").is_err());
        assert!(info(b"\xa4\x00").is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = (state(&bytes), done(&bytes), info(&bytes));
        }

        #[test]
        fn no_damage_to_a_message_makes_the_reader_panic(
            place in 0_usize..24,
            byte in any::<u8>(),
            cut in 0_usize..25,
        ) {
            let mut bytes = with_id(b"\xa3\x17\x01\x01\xff\x31\x12\x04\x10", b"");
            bytes[place] = byte;
            bytes.truncate(cut);
            let _ = (info(&bytes), state(&bytes), done(&bytes));
        }

        #[test]
        fn a_cookie_of_any_length_is_asked_for_as_it_is(cookie in prop::collection::vec(any::<u8>(), 0..400)) {
            let request = request(Until::Now, Some(&cookie));
            let mut parts = Ber(only(&request, SEQUENCE).unwrap());
            prop_assert_eq!(parts.take(ENUMERATED), Some([1_u8].as_slice()));
            prop_assert_eq!(parts.take(OCTETS), Some(cookie.as_slice()));
            prop_assert!(parts.0.is_empty());
        }
    }
}

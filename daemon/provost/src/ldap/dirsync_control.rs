//! The DirSync control, written and read byte by byte. Source: MS-ADTS 3.1.1.3.4.1.3.

use super::content_sync::{Ber, OCTETS, SEQUENCE, only};
use super::message::{integer, octet_string, tagged};

/// The control's object identifier.
pub(super) const DIRSYNC: &str = "1.2.840.113556.1.4.841";

/// Whose eyes a search sees with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// Everything; the account needs the right *Replicating Directory Changes*.
    All,
    /// What the account may read anyway (the flag OBJECT_SECURITY). Deleted entries are mostly not among it.
    Own,
}

/// LDAP_DIRSYNC_OBJECT_SECURITY.
const OBJECT_SECURITY: u32 = 1;

/// Bytes of one answer that are asked for; servers send fewer where they want to.
const ANSWER_BYTES: u32 = 1_048_576;

/// The value that asks for what changed since `cookie`; an empty one asks for everything.
pub(super) fn request(sight: Sight, cookie: &[u8]) -> Vec<u8> {
    let mut body = integer(match sight {
        Sight::All => 0,
        Sight::Own => OBJECT_SECURITY,
    });
    body.extend(integer(ANSWER_BYTES));
    body.extend(octet_string(cookie));
    tagged(SEQUENCE, body)
}

/// How one answer ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// There is more; the same question with the new cookie gets it, even if this answer had no entries.
    pub(super) more: bool,
    /// Where the next one goes on.
    pub(super) cookie: Vec<u8>,
}

const INTEGER: u8 = 0x02;

/// Reads the control of an answer.
pub(super) fn answer(value: &[u8]) -> Result<Answer, &'static str> {
    const BAD: &str = "a DirSync control that cannot be read";
    let mut parts = Ber(only(value, SEQUENCE).ok_or(BAD)?);
    let more = parts.take(INTEGER).ok_or(BAD)?;
    parts.take(INTEGER).ok_or(BAD)?;
    let cookie = parts.take(OCTETS).ok_or(BAD)?;
    match parts.0 {
        [] => Ok(Answer {
            more: more.iter().any(|byte| *byte != 0),
            cookie: cookie.to_vec(),
        }),
        _ => Err(BAD),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
}

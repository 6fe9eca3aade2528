//! The outer form of what a server sends, checked byte by byte before the LDAP library sees it.
//!
//! The library collects a message for as long as its announced length says, waits for ever where an inner length is
//! longer than the message, and takes elements apart by recursion: a message that is long enough takes all memory, one
//! that is deep enough all stack, which ends the daemon. So bounds are set here, before anything is collected.
//! Source: X.690 §8.1, of which RFC 4511 §5.1 allows definite lengths alone.

use provost_core::limits::{
    LDAP_MESSAGE_BYTES_MAX, LDAP_MESSAGE_DEPTH_MAX, LDAP_MESSAGE_ELEMENTS_MAX,
};

/// A place in a stream of messages. It keeps a few numbers, never bytes.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// Where each element ends within whose contents we are, the message itself first.
    ends: Vec<usize>,
    /// Bytes of the message so far.
    position: usize,
    elements: u32,
    at: At,
}

/// What comes next.
#[derive(Debug, Clone, Copy, Default)]
enum At {
    #[default]
    Tag,
    Length {
        constructed: bool,
    },
    /// Bytes of a length that are still to come, and what they told so far.
    Digits {
        constructed: bool,
        left: u8,
        length: usize,
    },
    /// Contents of a primitive element.
    Contents {
        left: usize,
    },
}

const SEQUENCE: u8 = 0x30;
const CONSTRUCTED: u8 = 0x20;
/// Says that the tag's number comes in bytes of its own; no tag of LDAP is that large.
const LONG_TAG: u8 = 0x1f;
/// Four bytes of length announce 4 GiB.
const DIGITS_MAX: u8 = 4;

impl Frames {
    /// Takes the next bytes; the error says why they are no messages. Afterwards nothing more can be taken.
    pub(super) fn take(&mut self, mut bytes: &[u8]) -> Result<(), &'static str> {
        while let Some((&byte, rest)) = bytes.split_first() {
            if let At::Contents { left } = self.at {
                let taken = left.min(bytes.len());
                bytes = bytes.split_at(taken).1;
                self.position += taken;
                match left - taken {
                    0 => self.element_ends(),
                    left => self.at = At::Contents { left },
                }
                continue;
            }
            bytes = rest;
            if self.ends.last() == Some(&self.position) {
                return Err("an element that is longer than what holds it");
            }
            self.position += 1;
            self.head(byte)?;
        }
        Ok(())
    }

    /// Nothing of a message has been taken, or all of it.
    pub(super) fn is_between(&self) -> bool {
        self.position == 0
    }

    fn head(&mut self, byte: u8) -> Result<(), &'static str> {
        match self.at {
            At::Tag => self.tag(byte),
            At::Length { constructed } => match byte {
                0..=0x7f => self.element_begins(constructed, usize::from(byte)),
                0x80 => Err("an element without a length"),
                _ if byte & 0x7f <= DIGITS_MAX => {
                    self.at = At::Digits {
                        constructed,
                        left: byte & 0x7f,
                        length: 0,
                    };
                    Ok(())
                }
                _ => Err("an element of more than 4 GiB"),
            },
            At::Digits {
                constructed,
                left,
                length,
            } => {
                let length = length << 8 | usize::from(byte);
                if left == 1 {
                    return self.element_begins(constructed, length);
                }
                self.at = At::Digits {
                    constructed,
                    left: left - 1,
                    length,
                };
                Ok(())
            }
            At::Contents { .. } => Ok(()),
        }
    }

    fn tag(&mut self, byte: u8) -> Result<(), &'static str> {
        if self.ends.is_empty() && byte != SEQUENCE {
            return Err("bytes that are no LDAP");
        }
        if byte & LONG_TAG == LONG_TAG {
            return Err("a tag that is not of LDAP");
        }
        self.elements += 1;
        if self.elements > LDAP_MESSAGE_ELEMENTS_MAX {
            return Err("a message of too many elements");
        }
        self.at = At::Length {
            constructed: byte & CONSTRUCTED != 0,
        };
        Ok(())
    }

    fn element_begins(&mut self, constructed: bool, length: usize) -> Result<(), &'static str> {
        let end = self.position.saturating_add(length);
        match self.ends.last() {
            None if length > LDAP_MESSAGE_BYTES_MAX => return Err("a message that is too long"),
            Some(holder) if end > *holder => {
                return Err("an element that is longer than what holds it");
            }
            _ => {}
        }
        if !constructed && length > 0 {
            self.at = At::Contents { left: length };
            return Ok(());
        }
        if constructed {
            if self.ends.len() == LDAP_MESSAGE_DEPTH_MAX {
                return Err("a message whose elements lie too deep within each other");
            }
            self.ends.push(end);
        }
        self.element_ends();
        Ok(())
    }

    /// An element is complete, or begins: those that hold nothing more are complete, too.
    fn element_ends(&mut self) {
        self.at = At::Tag;
        while self.ends.pop_if(|end| *end == self.position).is_some() {}
        if self.ends.is_empty() {
            (self.position, self.elements) = (0, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::tagged;
    use super::*;
    use proptest::prelude::*;

    fn taken(bytes: &[u8]) -> Result<(), &'static str> {
        Frames::default().take(bytes)
    }

    #[test]
    fn messages_pass_whole_and_in_pieces() {
        let long = tagged(0x04, vec![7; 70_000]);
        let message = tagged(SEQUENCE, [tagged(0x02, vec![1]), long].concat());
        let stream = [message.as_slice(), b"\x30\x00", &message].concat();
        let mut frames = Frames::default();
        for piece in stream.chunks(7) {
            frames.take(piece).unwrap();
        }
        assert!(frames.is_between());
        frames.take(&stream[..9]).unwrap();
        assert!(!frames.is_between());
    }

    #[test]
    fn what_would_have_no_end_is_refused_at_its_beginning() {
        let refused = |bytes: &[u8]| taken(bytes).unwrap_err();
        assert_eq!(refused(b"HTTP/1.1"), "bytes that are no LDAP");
        let too_long = b"\x30\x84\x04\x00\x00\x01";
        assert_eq!(refused(too_long), "a message that is too long");
        let longest = b"\x30\x84\x04\x00\x00\x00";
        assert_eq!(taken(longest), Ok(()));
        assert_eq!(refused(b"\x30\x80"), "an element without a length");
        assert_eq!(
            refused(b"\x30\x85\x00\x00"),
            "an element of more than 4 GiB"
        );
        assert_eq!(refused(b"\x30\x05\x1f"), "a tag that is not of LDAP");
        let inner = "an element that is longer than what holds it";
        assert_eq!(refused(b"\x30\x05\x04\x04"), inner);
        assert_eq!(refused(b"\x30\x01\x04\x04"), inner);
        assert_eq!(refused(b"\x30\x03\x04\x82\x00\x00"), inner);
    }

    #[test]
    fn depth_and_number_of_elements_have_bounds() {
        let nested = |depth: usize| (0..depth).fold(vec![], |inner, _| tagged(SEQUENCE, inner));
        assert_eq!(taken(&nested(LDAP_MESSAGE_DEPTH_MAX)), Ok(()));
        let deep = "a message whose elements lie too deep within each other";
        assert_eq!(taken(&nested(LDAP_MESSAGE_DEPTH_MAX + 1)), Err(deep));
        assert_eq!(taken(&nested(100_000)), Err(deep));
        let many = |elements: u32| tagged(SEQUENCE, b"\x04\x00".repeat(elements as usize));
        assert_eq!(taken(&many(LDAP_MESSAGE_ELEMENTS_MAX - 1)), Ok(()));
        let most = "a message of too many elements";
        assert_eq!(taken(&many(LDAP_MESSAGE_ELEMENTS_MAX)), Err(most));
    }

    proptest! {
        #[test]
        fn where_the_pieces_are_cut_makes_no_difference(
            bytes in prop::collection::vec(prop::sample::select(vec![0x30_u8, 0x04, 0x02, 0x00, 0x01, 0x05, 0x81, 0x1f]), 0..60),
            cut in 0_usize..60,
        ) {
            let (first, second) = bytes.split_at(cut.min(bytes.len()));
            let mut frames = Frames::default();
            let pieces = frames.take(first).and_then(|()| frames.take(second));
            prop_assert_eq!(pieces, taken(&bytes));
        }
    }
}

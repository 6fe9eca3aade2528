//! Bytes in hexadecimal, as digests are shown and compared.

/// The bytes in lower-case hexadecimal, two digits each.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits =
        |byte: &u8| [byte >> 4, byte & 15].map(|digit| char::from(DIGITS[usize::from(digit)]));
    bytes.iter().flat_map(digits).collect()
}

/// The bytes that [`hex`] wrote so; `None` for anything else. Upper-case digits are read too.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |letter: &u8| {
        char::from(*letter)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_two_digits() {
        assert_eq!(hex(&[0x00, 0x0a, 0xf0, 0xff]), "000af0ff");
        assert_eq!(hex(&[]), "");
    }

    #[test]
    fn what_was_written_in_digits_is_read_back_and_nothing_else() {
        assert_eq!(unhex("000aF0ff"), Some(vec![0x00, 0x0a, 0xf0, 0xff]));
        assert_eq!(unhex(""), Some(Vec::new()));
        for text in ["0", "0g", "+f", "é"] {
            assert_eq!(unhex(text), None, "{text}");
        }
    }
}

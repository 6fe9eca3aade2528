//! What 389 Directory Server writes in its own way: cookies and ids.

/// The number of the last change that a cookie knows of.
pub(super) fn number(cookie: &[u8]) -> Option<u64> {
    let (before, number) = std::str::from_utf8(cookie).ok()?.rsplit_once('#')?;
    before.contains('#').then(|| number.parse().ok())?
}

/// The server's own id has the digits of the protocol's and its dashes elsewhere: four groups of eight.
pub(super) fn own_id(uuid: &str) -> String {
    let digits = uuid.chars().filter(|letter| *letter != '-');
    let mut own = String::with_capacity(35);
    for (place, digit) in digits.enumerate() {
        if place > 0 && place % 8 == 0 {
            own.push('-');
        }
        own.push(digit);
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    const COOKIE: &[u8] = b"h.x:389#cn=a#b:ou=staff,dc=x:(objectClass=*)#17";

    #[test]
    fn a_cookie_shows_its_number_and_a_damaged_one_none() {
        assert_eq!(number(COOKIE), Some(17));
        for damaged in [
            b"".as_slice(),
            b"17",
            b"h#a:b:c#",
            b"h#a:b:c#-1",
            b"h#a#99999999999999999999",
            b"\xff#a#1",
        ] {
            assert_eq!(number(damaged), None, "{damaged:?}");
        }
    }

    #[test]
    fn ids_are_written_as_the_server_writes_them() {
        assert_eq!(
            own_id("ffd87c8d-e63c-11f1-abd7-9fd13165c9ba"),
            "ffd87c8d-e63c11f1-abd79fd1-3165c9ba"
        );
    }
}

//! One value of a group's list.

use provost_core::directory::Dn;

/// A member of a group. Source: RFC 4519 §2.17 (`member`), §2.40 (`uniqueMember`), RFC 2307 §2.2 (`memberUid`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Member {
    /// By distinguished name, normalised: a person or a nested group.
    Name(String),
    /// By username, in lower case.
    Username(String),
}

/// Reads a value, of a list by name or of one by username; `None` for what is neither.
pub(super) fn member(value: &[u8], by_name: bool) -> Option<Member> {
    let text = std::str::from_utf8(value).ok()?;
    if !by_name {
        let name = text.trim();
        return (!name.is_empty()).then(|| Member::Username(name.to_lowercase()));
    }
    // Spaces at its end may belong to the name; the parser knows which do.
    // A uniqueMember may carry a bit string behind the name: `cn=x#'0101'B` (RFC 4517 §3.3.21).
    let name = match text
        .strip_suffix("'B")
        .and_then(|rest| rest.rsplit_once("#'"))
    {
        Some((name, bits)) if bits.bytes().all(|bit| bit == b'0' || bit == b'1') => name,
        _ => text,
    };
    let name = Dn::parse(name).ok().filter(|name| name.depth() > 0)?;
    Some(Member::Name(name.key()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_space_that_belongs_to_a_name_stays_with_it() {
        for text in [r"cn=a\ ", "cn=a\u{a0}"] {
            let name = Dn::parse(text).unwrap().key();
            assert_eq!(member(text.as_bytes(), true), Some(Member::Name(name)));
        }
        assert_eq!(
            member(b" Cy ", false),
            Some(Member::Username("cy".to_owned()))
        );
    }
}

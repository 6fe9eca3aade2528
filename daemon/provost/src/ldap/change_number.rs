//! Change numbers, by which slapd counts: in its cookies, and in each entry.

use provost_core::directory::Entry;
use std::collections::BTreeMap;

/// The number of an entry's last change.
pub(super) const CHANGE_NUMBER: &str = "entryCSN";

/// The change numbers of a slapd cookie: one for each server that writes, `rid=000,csn=NUMBER;NUMBER`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChangeNumbers(BTreeMap<String, String>);

impl ChangeNumbers {
    /// `None` for what is no cookie of slapd.
    pub(super) fn of(cookie: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(cookie).ok()?;
        let list = text.split(',').find_map(|part| part.strip_prefix("csn="))?;
        let numbers = list.split(';').map(|number| {
            let server = server_of(number)?;
            Some((server.to_owned(), number.to_owned()))
        });
        numbers.collect::<Option<_>>().map(Self)
    }

    /// The entry changed after the cookie was given; `None` if it does not say.
    pub(super) fn is_newer(&self, entry: &Entry) -> Option<bool> {
        let number = std::str::from_utf8(entry.values(CHANGE_NUMBER).next()?).ok()?;
        let known = self.0.get(server_of(number)?);
        // All parts are of fixed width, so the order of the texts is that of the changes.
        Some(known.is_none_or(|known| number > known.as_str()))
    }

    /// The greater number of each server; says whether there was one.
    pub(super) fn advance(&mut self, to: &Self) -> bool {
        let mut advanced = false;
        for (server, number) in &to.0 {
            let known = self.0.entry(server.clone()).or_default();
            if number > known {
                known.clone_from(number);
                advanced = true;
            }
        }
        advanced
    }

    /// Something is known here of which the other one does not know yet.
    pub(super) fn is_ahead_of(&self, other: &Self) -> bool {
        let mut known = self.0.iter();
        known.any(|(server, number)| {
            let reached = other.0.get(server);
            reached.is_none_or(|reached| reached < number)
        })
    }

    /// The smallest number: whatever changed afterwards has a greater one, whichever server changed it.
    pub(super) fn oldest(&self) -> Option<&str> {
        self.0.values().min().map(String::as_str)
    }

    /// As a cookie that slapd takes back. It names the stream as the reads before it do, and nothing hangs on that.
    pub(super) fn cookie(&self) -> Vec<u8> {
        let numbers: Vec<&str> = self.0.values().map(String::as_str).collect();
        format!("rid=000,csn={}", numbers.join(";")).into_bytes()
    }
}

/// The third part of `20250302170000.000000Z#000000#001#000000`: the server that made the change.
fn server_of(number: &str) -> Option<&str> {
    let mut parts = number.split('#');
    let time = parts.next()?;
    let server = parts.nth(1)?;
    parts.next()?;
    let plain = time.len() == 22 && time.ends_with('Z') && parts.next().is_none();
    plain.then_some(server)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "20250302170000.000000Z#000000#000#000000";
    const B: &str = "20250302170000.000000Z#000001#000#000000";
    const OTHER: &str = "20250101000000.000000Z#000000#002#000000";

    fn numbers(list: &str) -> ChangeNumbers {
        ChangeNumbers::of(format!("rid=000,csn={list}").as_bytes()).unwrap()
    }

    #[test]
    fn a_cookie_of_one_server_leaves_what_is_known_of_the_others() {
        let mut known = numbers(&format!("{A};{OTHER}"));
        assert!(known.advance(&numbers(B)));
        assert!(!known.advance(&numbers(A)), "it never goes back");
        assert_eq!(known, numbers(&format!("{B};{OTHER}")));
        assert_eq!(
            String::from_utf8(known.cookie()).unwrap(),
            format!("rid=000,csn={B};{OTHER}")
        );
        assert_eq!(known.oldest(), Some(OTHER));
    }

    #[test]
    fn whoever_lacks_a_number_of_one_server_is_behind() {
        let known = numbers(&format!("{B};{OTHER}"));
        for behind in [B, OTHER, &format!("{A};{OTHER}")] {
            assert!(known.is_ahead_of(&numbers(behind)), "{behind}");
        }
        assert!(!known.is_ahead_of(&known));
        assert!(!numbers(&format!("{A};{OTHER}")).is_ahead_of(&known));
    }
}

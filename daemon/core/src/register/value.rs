//! Values of documents that are written as texts: moments, days, spans, mail addresses.

use jiff::{SignedDuration, Timestamp};
use std::fmt;
use std::str::FromStr;

use crate::document::Table;
use crate::limits::{PERIOD_DAYS_MAX, TEXT_BYTES_MAX};
use crate::time::Zone;

/// Why a text is not the value that its key asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadValue {
    /// No RFC 3339 time with an offset.
    #[error("must be a time with its offset (RFC 3339), e.g. 2025-03-02T10:00:00-07:00")]
    Moment,
    /// No number of whole days.
    #[error("must be whole days from \"1d\" to \"{PERIOD_DAYS_MAX}d\"")]
    Days,
    /// No number with a unit.
    #[error("must be a number with its unit: s, m, h or d, e.g. \"26h\"")]
    Lapse,
    /// Empty, too long, or with control characters.
    #[error("must be a printable text of 1 to {TEXT_BYTES_MAX} bytes")]
    Text,
    /// No mail address.
    #[error("must be a mail address, e.g. help@district.example")]
    Mail,
}

/// A moment of time, written with its offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(pub Timestamp);

impl FromStr for Moment {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        text.parse().map(Self).map_err(|_| BadValue::Moment)
    }
}

/// A period of whole calendar days, written `180d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days(pub u16);

impl FromStr for Days {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        let days = text.strip_suffix('d').and_then(|days| days.parse().ok());
        days.filter(|days| (1..=PERIOD_DAYS_MAX).contains(days))
            .map(Self)
            .ok_or(BadValue::Days)
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}d", self.0)
    }
}

/// A span of elapsed time, written `26h`, `15m`, `40d` (a day is 24 hours here) or `90s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lapse(pub SignedDuration);

/// Units of a [`Lapse`] in seconds, the largest first.
const UNITS: [(char, i64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// More than ten years is a typing error.
const LAPSE_SECONDS_MAX: i64 = PERIOD_DAYS_MAX as i64 * 86_400;

impl FromStr for Lapse {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        UNITS
            .iter()
            .find_map(|(unit, seconds)| {
                let number: u32 = text.strip_suffix(*unit)?.parse().ok()?;
                i64::from(number).checked_mul(*seconds)
            })
            .filter(|seconds| *seconds <= LAPSE_SECONDS_MAX)
            .map(|seconds| Self(SignedDuration::from_secs(seconds)))
            .ok_or(BadValue::Lapse)
    }
}

impl fmt::Display for Lapse {
    /// In the largest unit that needs no fraction.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (unit, size) = UNITS
            .into_iter()
            .find(|(_, size)| seconds != 0 && seconds % size == 0)
            .unwrap_or(('s', 1));
        write!(f, "{}{unit}", seconds / size)
    }
}

/// A printable text of bounded length: names, titles, numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label(pub String);

impl FromStr for Label {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        let fits = !text.trim().is_empty() && text.len() <= TEXT_BYTES_MAX;
        if fits && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadValue::Text)
        }
    }
}

/// A mail address, checked only as far as needed to address a message: one local part, one domain, nothing that
/// could break a header. The relay knows the rest better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailAddress(pub String);

impl FromStr for MailAddress {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        let broken = |c: char| c.is_whitespace() || c.is_control() || "<>,;\"".contains(c);
        let whole = text
            .rsplit_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
        if whole && text.len() <= 320 && !text.contains(broken) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadValue::Mail)
        }
    }
}

/// A moment under a key.
pub fn moment(table: &Table, key: &str) -> Option<Timestamp> {
    table.parse::<Moment>(key).map(|moment| moment.0)
}

/// A printable text under a key.
pub fn label(table: &Table, key: &str) -> Option<String> {
    table.parse::<Label>(key).map(|label| label.0)
}

/// A time zone under a key, by its IANA name.
pub(super) fn zone(table: &Table, key: &str) -> Option<Zone> {
    let name = table.need_text(key)?;
    Zone::new(name)
        .map_err(|why| table.problem(key, why.to_string()))
        .ok()
}

/// One text or a list of texts, each read as a `T`: `mail = "a@b"` says the same as `mail = ["a@b"]`.
pub fn one_or_more<T: FromStr<Err: fmt::Display>>(table: &Table, key: &str) -> Vec<T> {
    match table.value(key) {
        Some(value) if value.is_string() => table.parse(key).into_iter().collect(),
        _ => table.list(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lapse_prints_as_it_is_written() {
        for text in ["26h", "15m", "40d", "90s", "0s"] {
            assert_eq!(text.parse::<Lapse>().unwrap().to_string(), text);
        }
        for bad in ["", "h", "26", "-1h", "1.5h", "99999d", "1w"] {
            assert_eq!(bad.parse::<Lapse>(), Err(BadValue::Lapse), "{bad}");
        }
    }

    #[test]
    fn a_moment_needs_its_offset() {
        assert!("2025-03-02T10:00:00-07:00".parse::<Moment>().is_ok());
        for bad in ["2025-03-02T10:00:00", "2025-03-02", "tomorrow"] {
            assert_eq!(bad.parse::<Moment>(), Err(BadValue::Moment), "{bad}");
        }
    }

    #[test]
    fn a_mail_address_cannot_carry_a_second_header() {
        assert!("ana.ortiz@lonepine.example".parse::<MailAddress>().is_ok());
        for bad in ["", "ana", "@x", "a@", "a@b\nBcc: c@d", "A <a@b>", "a@b,c@d"] {
            assert_eq!(bad.parse::<MailAddress>(), Err(BadValue::Mail), "{bad:?}");
        }
    }
}

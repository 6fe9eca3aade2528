//! Whether an entry's account is disabled, worked out here and never in the server's filter: a filter would turn
//! positive evidence into an absence.

use jiff::Timestamp;

use super::entry::Entry;

/// Further evidence that a district configures: the account is disabled when the attribute has the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusRule {
    /// The attribute.
    pub attribute: String,
    /// The value, compared without regard to case.
    pub disabled: String,
}

/// Attributes that carry evidence, to be asked for in every read.
pub(super) const ATTRIBUTES: [&str; 6] = [
    "userAccountControl",
    "accountExpires",
    "nsAccountLock",
    "pwdAccountLockedTime",
    "loginDisabled",
    "msDS-UserAccountDisabled",
];

/// Bit ACCOUNTDISABLE of userAccountControl (MS-ADTS 2.2.16).
const ACCOUNT_DISABLE: i64 = 2;
/// accountExpires that means never, beside 0 (MS-ADA1 2.3).
const NEVER: i64 = i64::MAX;
/// Seconds from 1601, where Windows file times begin, to 1970.
const FILETIME_EPOCH_SECONDS: i64 = 11_644_473_600;
/// File times count 100 ns.
const FILETIME_PER_SECOND: i64 = 10_000_000;
/// pwdAccountLockedTime of an account locked by an administrator for good (draft-behera-ldap-password-policy §5.3.3).
const LOCKED_FOR_GOOD: &str = "000001010000Z";

/// The evidence that the account is disabled at `now`, if there is any: the attribute that says so.
pub(super) fn disabled_by(
    entry: &Entry,
    rule: Option<&StatusRule>,
    now: Timestamp,
) -> Option<String> {
    let number = |name: &str| {
        entry
            .text(name)
            .and_then(|text| text.trim().parse::<i64>().ok())
    };
    let is_true = |name: &str| {
        entry
            .text(name)
            .is_some_and(|text| text.trim().eq_ignore_ascii_case("true"))
    };
    let evidence = [
        (
            "userAccountControl",
            number("userAccountControl").is_some_and(|bits| bits & ACCOUNT_DISABLE != 0),
        ),
        (
            "accountExpires",
            number("accountExpires").is_some_and(|ticks| is_past(ticks, now)),
        ),
        ("nsAccountLock", is_true("nsAccountLock")),
        (
            "pwdAccountLockedTime",
            entry
                .text("pwdAccountLockedTime")
                .is_some_and(is_locked_for_good),
        ),
        ("loginDisabled", is_true("loginDisabled")),
        (
            "msDS-UserAccountDisabled",
            is_true("msDS-UserAccountDisabled"),
        ),
    ];
    if let Some((name, _)) = evidence.into_iter().find(|(_, holds)| *holds) {
        return Some(name.to_owned());
    }
    let rule = rule?;
    entry
        .values(&rule.attribute)
        .filter_map(|value| std::str::from_utf8(value).ok())
        .any(|value| value.trim().to_lowercase() == rule.disabled.trim().to_lowercase())
        .then(|| rule.attribute.clone())
}

fn is_past(ticks: i64, now: Timestamp) -> bool {
    if ticks <= 0 || ticks == NEVER {
        return false;
    }
    ticks / FILETIME_PER_SECOND - FILETIME_EPOCH_SECONDS <= now.as_second()
}

/// A lock after wrong passwords ends by itself and is nobody's departure; only the administrator's lock is evidence.
fn is_locked_for_good(text: &str) -> bool {
    text.trim() == LOCKED_FOR_GOOD
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Attribute;

    fn evidence(name: &str, value: &str) -> Option<String> {
        let entry = Entry {
            dn: "cn=x".to_owned(),
            attributes: vec![Attribute::new(name, vec![value.as_bytes().to_vec()])],
        };
        let rule = StatusRule {
            attribute: "employeeStatus".to_owned(),
            disabled: "Left".to_owned(),
        };
        let now = "2025-03-02T17:00:00Z".parse().unwrap();
        disabled_by(&entry, Some(&rule), now)
    }

    #[test]
    fn every_vendors_evidence_is_understood() {
        let disabled = [
            ("userAccountControl", "514"),
            ("accountExpires", "132539328000000000"),
            ("nsAccountLock", "TRUE"),
            ("pwdAccountLockedTime", "000001010000Z"),
            ("loginDisabled", "true"),
            ("msDS-UserAccountDisabled", "TRUE"),
            ("employeeStatus", "LEFT"),
        ];
        for (name, value) in disabled {
            assert_eq!(
                evidence(name, value).as_deref(),
                Some(name),
                "{name}={value}"
            );
        }
    }

    #[test]
    fn what_is_no_evidence_disables_nobody() {
        let enabled = [
            ("userAccountControl", "512"),
            ("userAccountControl", "gibberish"),
            ("accountExpires", "0"),
            ("accountExpires", "9223372036854775807"),
            ("accountExpires", "253402300790000000"),
            ("nsAccountLock", "FALSE"),
            ("pwdAccountLockedTime", "20250302165959Z"),
            ("employeeStatus", "active"),
        ];
        for (name, value) in enabled {
            assert_eq!(evidence(name, value), None, "{name}={value}");
        }
    }
}

//! Who may be erased: nobody who has authority, may be given it back, or would be read from the directory again.

use jiff::Timestamp;

use crate::contact::{Contact, ContactState};
use crate::person::Person;
use crate::role::Grant;

/// Why somebody may not be erased, each in a sentence that says what to do first. Empty if they may.
pub fn hindrances(
    person: Option<&Person>,
    contact: Option<&Contact>,
    grants: &[Grant],
    now: Timestamp,
) -> Vec<String> {
    let mut hindrances = Vec::new();
    if let Some(contact) = contact
        && (contact.is_valid() || contact.state == ContactState::Suspended)
    {
        let state = contact.state.word();
        hindrances.push(format!(
            "they are an authorized contact ({state}): `provost contact remove` first"
        ));
    }
    let held: Vec<_> = grants
        .iter()
        .filter(|grant| grant.is_held(now))
        .map(|grant| grant.what.to_string())
        .collect();
    if !held.is_empty() {
        hindrances.push(format!("they hold {}: take it away first", held.join(", ")));
    }
    if let Some(link) = person.and_then(|person| person.directory.as_ref())
        && !link.status.departed()
    {
        let (source, status) = (&link.source, link.status.word());
        hindrances.push(format!(
            "the directory of source {source} has them ({status}): delete their entry there, and let it be read"
        ));
    }
    hindrances
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn person(status: &str) -> Person {
        serde_json::from_value(json!({
            "id": "ana", "district": "lone-pine", "username": "aortiz", "name": "Ana Ortiz", "enabled": true,
            "homepage": "campus-application",
            "directory": { "source": "staff", "stable-id": "1", "dn": "uid=ana", "status": status,
                           "since": "2025-03-01T00:00:00Z" },
        }))
        .unwrap()
    }

    fn contact(state: &str) -> Contact {
        serde_json::from_value(json!({
            "person": "ana", "district": "lone-pine", "kind": "support", "state": state,
            "designated": "2024-01-10T16:00:00Z", "episodes": 0,
        }))
        .unwrap()
    }

    fn role(expires: &str) -> Grant {
        serde_json::from_value(json!({
            "person": "ana", "what": { "role": "sis" }, "origin": "manual", "by": "operator root",
            "at": "2025-01-01T00:00:00Z", "expires": expires,
        }))
        .unwrap()
    }

    #[test]
    fn only_who_has_no_authority_and_has_left_the_directory_may_be_erased() {
        let now = "2025-03-02T12:00:00Z".parse().unwrap();
        let why = |person: &str, state: &str, expires: &str| {
            let person = self::person(person);
            hindrances(Some(&person), Some(&contact(state)), &[role(expires)], now)
        };
        let (past, future) = ("2025-02-01T00:00:00Z", "2026-01-01T00:00:00Z");
        for status in ["gone", "deleted"] {
            assert_eq!(why(status, "removed", past), Vec::<String>::new());
        }
        assert_eq!(why("gone", "deactivated", past), Vec::<String>::new());
        for state in ["active", "pending", "held", "suspended"] {
            let why = why("gone", state, past);
            assert!(why.len() == 1 && why[0].contains(state), "{why:?}");
        }
        for status in ["present", "disabled", "missing"] {
            let why = why(status, "removed", past);
            assert!(why.len() == 1 && why[0].contains(status), "{why:?}");
        }
        let all = why("present", "active", future);
        assert_eq!(all.len(), 3, "{all:?}");
        assert!(all[1].contains("sis"), "{all:?}");
        assert_eq!(hindrances(None, None, &[], now), Vec::<String>::new());
    }
}

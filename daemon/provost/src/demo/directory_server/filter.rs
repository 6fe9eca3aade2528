//! Whether an entry matches. Source: RFC 4511 §4.5.1.7. Values are compared without regard to case.

use ldap3_proto::proto::{LdapFilter, LdapSubstringFilter};

use super::tree::TreeEntry;

pub(super) fn matches(filter: &LdapFilter, entry: &TreeEntry) -> bool {
    match filter {
        LdapFilter::And(parts) => parts.iter().all(|part| matches(part, entry)),
        LdapFilter::Or(parts) => parts.iter().any(|part| matches(part, entry)),
        LdapFilter::Not(part) => !matches(part, entry),
        LdapFilter::Present(name) => entry.values(name).next().is_some(),
        LdapFilter::Equality(name, value) | LdapFilter::Approx(name, value) => {
            any(entry, name, |found| found == value.to_lowercase())
        }
        LdapFilter::GreaterOrEqual(name, value) => {
            any(entry, name, |found| *found >= *value.to_lowercase())
        }
        LdapFilter::LessOrEqual(name, value) => {
            any(entry, name, |found| *found <= *value.to_lowercase())
        }
        LdapFilter::Substring(name, parts) => any(entry, name, |found| contains(found, parts)),
        // No matching rules are offered, so nothing matches by one.
        LdapFilter::Extensible(_) => false,
    }
}

fn any(entry: &TreeEntry, name: &str, test: impl Fn(&str) -> bool) -> bool {
    entry
        .values(name)
        .any(|value| test(&String::from_utf8_lossy(value).to_lowercase()))
}

fn contains(found: &str, parts: &LdapSubstringFilter) -> bool {
    let lower = |part: &Option<String>| part.as_deref().unwrap_or_default().to_lowercase();
    let (initial, last) = (lower(&parts.initial), lower(&parts.final_));
    let Some(mut rest) = found.strip_prefix(&initial) else {
        return false;
    };
    for part in &parts.any {
        let part = part.to_lowercase();
        let Some(place) = rest.find(&part) else {
            return false;
        };
        rest = &rest[place + part.len()..];
    }
    rest.ends_with(&last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ldap3_proto::parse_ldap_filter_str;

    fn hit(filter: &str) -> bool {
        let entry = TreeEntry::new(
            "uid=ana",
            &[("uid", &["ana"]), ("cn", &["Ana Maria Ortiz"])],
        );
        matches(&parse_ldap_filter_str(filter).unwrap(), &entry)
    }

    #[test]
    fn filters_are_evaluated_as_the_rfc_says() {
        assert!(hit("(&(UID=ANA)(|(mail=*)(cn=*maria*))(!(uid=ben)))"));
        assert!(hit("(cn=ana*mar*ortiz)"));
        assert!(!hit("(cn=ana*ortiz*maria)"));
        assert!(!hit("(mail=*)"));
        assert!(hit("(uid>=an)") && !hit("(uid<=an)"));
    }
}

//! From attributes to a staff member, as the district's configuration says.

use jiff::Timestamp;
use std::collections::BTreeSet;

use super::entry::Entry;
use super::observed::{Observation, Observed, Quarantined, Remark};
use super::stable_id::IdAttribute;
use super::status::{self, StatusRule};
use crate::id::SchoolId;
use crate::limits::{ID_BYTES_MAX, TEXT_BYTES_MAX, VALUES_MAX};

/// Which attribute means what. What is not mapped is left as the register has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// Identifies entries.
    pub id: IdAttribute,
    /// Account name; must be there.
    pub username: String,
    /// Name as people say it.
    pub name: Option<String>,
    /// Mail addresses.
    pub mail: Option<String>,
    /// Telephone numbers.
    pub phone: Option<String>,
    /// Employee number.
    pub employee_number: Option<String>,
    /// Job title.
    pub title: Option<String>,
    /// Ids of schools.
    pub school: Option<String>,
    /// Configured evidence that an account is disabled.
    pub disabled: Option<StatusRule>,
}

impl Mapping {
    /// The attributes to ask the server for.
    pub fn attributes(&self) -> Vec<String> {
        let mapped = [
            Some(&self.id.name),
            Some(&self.username),
            self.name.as_ref(),
            self.mail.as_ref(),
            self.phone.as_ref(),
            self.employee_number.as_ref(),
            self.title.as_ref(),
            self.school.as_ref(),
            self.disabled.as_ref().map(|rule| &rule.attribute),
        ];
        let mut seen = BTreeSet::new();
        mapped
            .into_iter()
            .flatten()
            .map(String::as_str)
            .chain(status::ATTRIBUTES)
            .filter(|name| seen.insert(name.to_ascii_lowercase()))
            .map(str::to_owned)
            .collect()
    }
}

/// Maps an entry. `now` decides whether an account has expired.
pub fn observe(entry: &Entry, mapping: &Mapping, now: Timestamp) -> Observation {
    let stable_id = mapping.id.of(entry);
    let mut reading = Reading {
        entry,
        remarks: Vec::new(),
    };
    let username = reading.one(Some(&mapping.username));
    let why = match (&stable_id, &username) {
        (None, _) => format!("has no usable {}", mapping.id.name),
        (_, None) => format!("has no usable {}", mapping.username),
        (Some(stable_id), Some(username)) => {
            let observed = reading.staff(mapping, stable_id.clone(), username.clone(), now);
            return Observation::Staff(Box::new(observed), reading.remarks);
        }
    };
    Observation::Quarantined(Quarantined {
        stable_id,
        dn: entry.dn.clone(),
        why,
    })
}

struct Reading<'e> {
    entry: &'e Entry,
    remarks: Vec<Remark>,
}

impl Reading<'_> {
    fn staff(
        &mut self,
        mapping: &Mapping,
        stable_id: String,
        username: String,
        now: Timestamp,
    ) -> Observed {
        let name = self.one(mapping.name.as_ref());
        let schools = self.many(mapping.school.as_ref());
        Observed {
            stable_id,
            dn: self.entry.dn.clone(),
            name: name.unwrap_or_else(|| username.clone()),
            username,
            mail: self.many(mapping.mail.as_ref()),
            phone: self.many(mapping.phone.as_ref()),
            employee_number: self.one(mapping.employee_number.as_ref()),
            title: self.one(mapping.title.as_ref()),
            schools: schools
                .into_iter()
                .filter_map(|school| self.school(school))
                .collect(),
            disabled: status::disabled_by(self.entry, mapping.disabled.as_ref(), now),
            grants: BTreeSet::new(),
        }
    }

    fn remark(&mut self, text: String) {
        self.remarks.push(Remark {
            about: self.entry.dn.clone(),
            text,
        });
    }

    fn school(&mut self, text: String) -> Option<SchoolId> {
        match SchoolId::new(text) {
            Ok(school) => Some(school),
            Err(why) => {
                self.remark(format!("a school was left out: it {why}"));
                None
            }
        }
    }

    /// The first usable value.
    fn one(&mut self, attribute: Option<&String>) -> Option<String> {
        let attribute = attribute?;
        self.usable(attribute, ID_BYTES_MAX).into_iter().next()
    }

    /// All usable values in the server's order, each once.
    fn many(&mut self, attribute: Option<&String>) -> Vec<String> {
        let Some(attribute) = attribute else {
            return Vec::new();
        };
        let mut values = self.usable(attribute, TEXT_BYTES_MAX);
        if values.len() > VALUES_MAX {
            let all = values.len();
            values.truncate(VALUES_MAX);
            self.remark(format!(
                "{VALUES_MAX} of {all} values of {attribute} were kept"
            ));
        }
        values
    }

    fn usable(&mut self, attribute: &str, limit: usize) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let mut values = Vec::new();
        let mut odd = 0_usize;
        for raw in self.entry.values(attribute) {
            match printable(raw, limit) {
                Some("") => {}
                Some(text) if seen.insert(text) => values.push(text.to_owned()),
                Some(_) => {}
                None => odd += 1,
            }
        }
        if odd > 0 {
            self.remark(format!(
                "{odd} values of {attribute} were left out: not UTF-8, control characters or over {limit} bytes"
            ));
        }
        values
    }
}

/// A value that may be shown and stored: UTF-8 without control characters, which could forge log lines and terminal
/// output. White space at the edges carries no meaning.
fn printable(raw: &[u8], limit: usize) -> Option<&str> {
    let text = std::str::from_utf8(raw).ok()?.trim();
    (text.len() <= limit && !text.chars().any(char::is_control)).then_some(text)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::directory::Attribute;
    use proptest::prelude::*;

    pub(crate) fn mapping() -> Mapping {
        let named = |name: &str| Some(name.to_owned());
        Mapping {
            id: IdAttribute::named("entryUUID"),
            username: "uid".to_owned(),
            name: named("cn"),
            mail: named("mail"),
            phone: named("telephoneNumber"),
            employee_number: named("employeeNumber"),
            title: named("title"),
            school: named("departmentNumber"),
            disabled: None,
        }
    }

    fn entry(attributes: &[(&str, &[&[u8]])]) -> Entry {
        Entry {
            dn: "uid=aortiz,ou=staff".to_owned(),
            attributes: attributes
                .iter()
                .map(|(name, values)| {
                    Attribute::new(name, values.iter().map(|value| value.to_vec()).collect())
                })
                .collect(),
        }
    }

    fn now() -> Timestamp {
        "2025-03-02T17:00:00Z".parse().unwrap()
    }

    #[test]
    fn an_entry_becomes_a_staff_member_whatever_the_case_of_its_attributes() {
        let entry = entry(&[
            ("ENTRYUUID", &[b"ID-1"]),
            ("UID", &[b"aortiz"]),
            ("cn;lang-es", &[b"Ana O."]),
            ("CN", &[b" Ana Ortiz "]),
            (
                "mail",
                &[b"ana@x.example", b"b@x.example", b"ana@x.example"],
            ),
            ("departmentNumber", &[b"HS01"]),
        ]);
        let expected = Observed {
            stable_id: "id-1".to_owned(),
            dn: "uid=aortiz,ou=staff".to_owned(),
            username: "aortiz".to_owned(),
            name: "Ana Ortiz".to_owned(),
            mail: vec!["ana@x.example".to_owned(), "b@x.example".to_owned()],
            phone: vec![],
            employee_number: None,
            title: None,
            schools: [SchoolId::new("HS01").unwrap()].into(),
            disabled: None,
            grants: BTreeSet::new(),
        };
        assert_eq!(
            observe(&entry, &mapping(), now()),
            Observation::Staff(Box::new(expected), vec![])
        );
    }

    #[test]
    fn a_value_that_is_not_text_is_left_out_and_reported_and_the_entry_stays() {
        let entry = entry(&[
            ("entryUUID", &[b"id-1"]),
            ("uid", &[b"aortiz"]),
            ("mail", &[b"\xff\xfe", b"ana@x.example", b"a\nb"]),
        ]);
        let Observation::Staff(staff, remarks) = observe(&entry, &mapping(), now()) else {
            panic!("quarantined");
        };
        assert_eq!(staff.mail, ["ana@x.example"]);
        assert_eq!(
            remarks[0].text,
            "2 values of mail were left out: not UTF-8, control characters or over 4096 bytes"
        );
    }

    #[test]
    fn an_entry_without_a_username_is_quarantined_with_its_id() {
        let entry = entry(&[("entryUUID", &[b"id-1"])]);
        assert_eq!(
            observe(&entry, &mapping(), now()),
            Observation::Quarantined(Quarantined {
                stable_id: Some("id-1".to_owned()),
                dn: "uid=aortiz,ou=staff".to_owned(),
                why: "has no usable uid".to_owned(),
            })
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_mapping_panic_or_let_through_what_cannot_be_shown(
            dn in any::<String>(),
            attributes in prop::collection::vec(
                (
                    prop::sample::select(vec!["entryUUID", "uid", "cn", "mail", "departmentNumber", "userAccountControl", "accountExpires"]),
                    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..4),
                ),
                0..8,
            )
        ) {
            let entry = Entry {
                dn,
                attributes: attributes.into_iter().map(|(name, values)| Attribute::new(name, values)).collect(),
            };
            if let Observation::Staff(staff, _) = observe(&entry, &mapping(), now()) {
                prop_assert!(!staff.username.is_empty());
                prop_assert!(!staff.username.chars().any(char::is_control));
                prop_assert!(staff.mail.len() <= VALUES_MAX);
            }
        }
    }
}

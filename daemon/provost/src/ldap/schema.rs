//! Names in a filter that the server's schema does not define.
//!
//! slapd answers a filter with an undefined attribute with success and no entries: a typing error would look like an
//! empty directory. So every name is looked up before anything is read.

use lber::common::TagClass;
use lber::structure::{PL, StructureTag};
use lber::structures::ASNTag;
use provost_core::directory::Entry;
use provost_core::hex;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Names that a filter uses.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct FilterNames {
    /// Attributes, in lower case and without options.
    pub(super) attributes: BTreeSet<String>,
    /// Values of `objectClass`, in lower case.
    pub(super) classes: BTreeSet<String>,
}

/// Checks that a filter is one. Source: RFC 4515.
///
/// # Errors
/// A sentence for the configuration's problem list.
pub fn check_filter(filter: &str) -> Result<(), &'static str> {
    match ldap3::parse_filter(filter) {
        Ok(_) => Ok(()),
        Err(()) => Err("is no filter of RFC 4515"),
    }
}

/// The names in a filter; none where it is no filter.
pub(super) fn names(filter: &str) -> FilterNames {
    let mut names = FilterNames::default();
    if let Ok(tag) = ldap3::parse_filter(filter) {
        collect(&tag.into_structure(), &mut names);
    }
    names
}

const AND: u64 = 0;
const OR: u64 = 1;
const NOT: u64 = 2;
const EQUALITY: u64 = 3;
const PRESENT: u64 = 7;
const EXTENSIBLE: u64 = 9;
/// The attribute of an extensible match. Source: RFC 4511 §4.5.1, MatchingRuleAssertion.
const EXTENSIBLE_TYPE: u64 = 2;

fn collect(tag: &StructureTag, names: &mut FilterNames) {
    match (&tag.payload, tag.id) {
        (PL::C(parts), AND | OR | NOT) => parts.iter().for_each(|part| collect(part, names)),
        (PL::P(name), PRESENT) => names.attribute(name),
        (PL::C(parts), EXTENSIBLE) => parts
            .iter()
            .filter(|part| part.class == TagClass::Context && part.id == EXTENSIBLE_TYPE)
            .filter_map(bytes)
            .for_each(|name| names.attribute(name)),
        (PL::C(parts), id) => {
            let mut parts = parts.iter().filter_map(bytes);
            let Some(name) = parts.next() else { return };
            names.attribute(name);
            if id == EQUALITY && name.eq_ignore_ascii_case(b"objectClass") {
                names.classes.extend(parts.next().map(lower));
            }
        }
        (PL::P(_), _) => {}
    }
}

impl FilterNames {
    fn attribute(&mut self, name: &[u8]) {
        let name = lower(name);
        let bare = name.split(';').next().unwrap_or_default();
        self.attributes.insert(bare.to_owned());
    }
}

fn bytes(tag: &StructureTag) -> Option<&[u8]> {
    match &tag.payload {
        PL::P(bytes) => Some(bytes),
        PL::C(_) => None,
    }
}

fn lower(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).to_lowercase()
}

/// A digest of all definitions of a schema, in no particular order.
pub(super) fn digest(schema: &Entry) -> String {
    let definitions = ["attributeTypes", "objectClasses"];
    let mut all: Vec<&[u8]> = definitions
        .into_iter()
        .flat_map(|name| schema.values(name))
        .collect();
    all.sort_unstable();
    let mut digest = Sha256::new();
    for definition in all {
        digest.update((definition.len() as u64).to_be_bytes());
        digest.update(definition);
    }
    hex(&digest.finalize())
}

/// Names and the object identifier that a definition of the schema gives, in lower case. Source: RFC 4512 §4.1.
pub(super) fn defined(definition: &str) -> Vec<String> {
    let inner = definition.trim().trim_start_matches('(').trim_start();
    let mut words = inner.split_ascii_whitespace();
    let mut names: Vec<String> = words.next().map(str::to_lowercase).into_iter().collect();
    if let Some((_, after)) = inner.split_once(" NAME ") {
        let after = after.trim_start();
        let listed = match after.strip_prefix('(') {
            Some(list) => list.split(')').next().unwrap_or_default(),
            None => after.split_ascii_whitespace().next().unwrap_or_default(),
        };
        let quoted = listed
            .split_ascii_whitespace()
            .map(|name| name.trim_matches('\''));
        names.extend(
            quoted
                .filter(|name| !name.is_empty())
                .map(str::to_lowercase),
        );
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn every_name_of_a_filter_is_found() {
        let names = names(
            "(&(objectClass=inetOrgPerson)(|(uid;x=a*)(!(mail=*)))(cn:dn:2.5.13.2:=x)(age>=3))",
        );
        assert_eq!(
            names.attributes,
            set(&["objectclass", "uid", "mail", "cn", "age"])
        );
        assert_eq!(names.classes, set(&["inetorgperson"]));
    }

    #[test]
    fn definitions_are_known_by_each_name_and_their_identifier() {
        assert_eq!(
            defined(
                "( 0.9.2342.19200300.100.1.1 NAME ( 'uid' 'userid' ) EQUALITY caseIgnoreMatch )"
            ),
            ["0.9.2342.19200300.100.1.1", "uid", "userid"]
        );
        assert_eq!(defined("( 2.5.4.3 NAME 'cn' SUP name )"), ["2.5.4.3", "cn"]);
        assert_eq!(defined("("), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        assert!(check_filter("(uid=*").is_err());
        assert!(check_filter("(uid=*)").is_ok());
    }
}

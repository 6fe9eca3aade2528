//! Which entries may have lists of members, by one search: of the many names in a large list that are no staff, only those
//! need be asked whether they are groups.

use ldap3::Scope;
use provost_core::directory::{Dn, Entry};
use std::collections::BTreeSet;

use super::error::DirectoryError;
use super::reading::LdapReading;
use super::search::{NO_ATTRIBUTES, Query};

/// Object classes of groups. Source: RFC 4519 §3.5 and §3.6, RFC 2307 §2.2 (and its draft bis), MS-ADSC 2.58.
const CLASSES: [&str; 5] = [
    "groupOfNames",
    "groupOfUniqueNames",
    "groupOfMembers",
    "posixGroup",
    "group",
];

/// Groups that are remembered; a directory with more of them is asked name by name.
const GROUPS_MAX: usize = 200_000;

/// Where groups are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Groups {
    /// The naming contexts that were searched.
    within: Vec<Dn>,
    /// What was found there, by normalized name.
    names: BTreeSet<String>,
}

impl Groups {
    /// Whether an entry of this name may be a group: it was found as one, or nobody has looked there.
    pub fn may_have(&self, name: &str) -> bool {
        let outside = |dn: Dn| !self.within.iter().any(|base| dn.is_within(base));
        self.names.contains(name) || Dn::parse(name).map_or(true, outside)
    }
}

/// Whether the entry says that it is a group, even if its list is empty now.
pub(super) fn is_group(entry: &Entry) -> bool {
    let mut classes = entry.values("objectClass");
    classes.any(|class| {
        CLASSES
            .iter()
            .any(|group| class.eq_ignore_ascii_case(group.as_bytes()))
    })
}

/// Entries of these classes, and any other with a list.
fn filter() -> String {
    let classes: String = CLASSES
        .iter()
        .map(|class| format!("(objectClass={class})"))
        .collect();
    format!("(|{classes}(member=*)(uniqueMember=*)(memberUid=*))")
}

impl LdapReading {
    /// Searches the naming contexts of the mapped groups; `None` where the server does not let itself be searched so.
    pub(super) async fn find_groups(&mut self) -> Result<Option<Groups>, DirectoryError> {
        let mut groups = Groups::default();
        let contexts = self.server.root.contexts.iter();
        for context in contexts.filter_map(|context| Dn::parse(context).ok()) {
            let mut mapped = self.source.grants.iter();
            if mapped.any(|group| group.name.is_within(&context)) {
                groups.within.push(context);
            }
        }
        for base in groups.within.clone() {
            if !self.groups_within(&base.key(), &mut groups.names).await? {
                tracing::info!(source = %self.source.id, base = base.key(), "groups cannot be listed, names are asked for one by one");
                return Ok(None);
            }
        }
        Ok(Some(groups).filter(|groups| !groups.within.is_empty()))
    }

    /// Adds the groups below `base`; `false` if these cannot be all of them.
    async fn groups_within(
        &mut self,
        base: &str,
        names: &mut BTreeSet<String>,
    ) -> Result<bool, DirectoryError> {
        let filter = filter();
        let query = Query {
            what: "find groups",
            base,
            scope: Scope::Subtree,
            filter: &filter,
            attributes: vec![NO_ATTRIBUTES.to_owned()],
        };
        let mut pages = self.pages(&query).await?;
        loop {
            match pages.next().await {
                Ok(None) => return Ok(true),
                Ok(Some(entry)) => names.extend(Dn::parse(&entry.dn).map(|name| name.key())),
                // Limits of a search are a reason to ask otherwise, not to give up.
                Err(DirectoryError::Incomplete { .. }) => return Ok(false),
                Err(error) => return Err(error),
            }
            if names.len() > GROUPS_MAX {
                return Ok(false);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_core::directory::Attribute;

    #[test]
    fn what_was_not_found_where_everything_was_searched_is_no_group() {
        let groups = Groups {
            within: vec![Dn::parse("dc=district").unwrap()],
            names: BTreeSet::from(["cn=office,dc=district".to_owned()]),
        };
        assert!(groups.may_have("cn=office,dc=district"));
        assert!(!groups.may_have("uid=ana,dc=district"));
        assert!(groups.may_have("cn=office,dc=elsewhere"));
    }

    #[test]
    fn a_group_is_known_by_its_class_however_it_is_written() {
        let entry = |class: &str| Entry {
            dn: "cn=g".to_owned(),
            attributes: vec![Attribute::new(
                "objectClass",
                vec![b"top".to_vec(), class.as_bytes().to_vec()],
            )],
        };
        assert!(is_group(&entry("GROUPOFNAMES")));
        assert!(!is_group(&entry("inetOrgPerson")));
    }
}

//! The list of one group, however the server keeps it.

use ldap3::Scope;
use provost_core::directory::Entry;
use provost_core::hex;
use sha2::{Digest, Sha256};

use super::error::DirectoryError;
use super::groups::is_group;
use super::member_value::member;
use super::primary::TOKEN;
use super::reading::LdapReading;
use super::search::Query;
use super::{Member, Members};

const LISTS: [&str; 3] = ["member", "uniqueMember", "memberUid"];

/// slapd's number of an entry's last change. A time (`modifyTimestamp`) would not do: two changes of one second share it.
const VERSION: &str = "entryCSN";

/// A domain controller's number of an entry's last change on it. It tells whether two pieces of a list belong together, and
/// is no version of the list: members who are renamed or move have other names in it, and the number stays.
const CHANGED: &str = "uSNChanged";

/// Pieces of one list that are asked for: 1,000 pieces of 1,500 are more people than any district has.
const PIECES_MAX: u32 = 1_000;

/// Times that a list is read which changes while it is.
const TRIES: u32 = 3;

/// What reading a list once came to.
enum Tried {
    Read(Members),
    /// It changed between two pieces: one member may have slipped from one piece into the other.
    Changed,
}

impl LdapReading {
    /// Reads a group by name. Active Directory sends long lists in pieces (`member;range=0-1499`), which are asked for
    /// until the last one.
    pub(super) async fn read_members(&mut self, group: &str) -> Result<Members, DirectoryError> {
        for _ in 0..TRIES {
            if let Tried::Read(members) = self.try_members(group).await? {
                return Ok(members);
            }
        }
        Err(DirectoryError::Malformed {
            what: format!("read group {group}"),
            found: "a list that changes whenever it is read",
        })
    }

    async fn try_members(&mut self, group: &str) -> Result<Tried, DirectoryError> {
        let asked = LISTS
            .into_iter()
            .chain([VERSION, CHANGED, TOKEN, "objectClass"])
            .map(str::to_owned);
        let Some(entry) = self.group_entry(group, asked.collect()).await? else {
            return Ok(Tried::Read(Members::Absent));
        };
        let (version, changed) = (shown(&entry, VERSION), shown(&entry, CHANGED));
        let token = shown(&entry, TOKEN);
        let mut list = List {
            is_group: is_group(&entry),
            ..List::default()
        };
        let mut next = list.take(&entry);
        for _ in 0..PIECES_MAX {
            let Some((attribute, from)) = next else { break };
            let asked = vec![format!("{attribute};range={from}-*"), CHANGED.to_owned()];
            let Some(entry) = self.group_entry(group, asked).await? else {
                return Err(piece_missing(group));
            };
            if shown(&entry, CHANGED) != changed {
                return Ok(Tried::Changed);
            }
            let before = list.values;
            next = list.take(&entry);
            if list.values == before || list.first != Some(from) {
                return Err(piece_missing(group));
            }
        }
        if next.is_some() {
            return Err(piece_missing(group));
        }
        if let Some(token) = token.filter(|_| self.server.root.vendor.is_active_directory()) {
            list.add(self.primary_members(&token).await?);
        }
        Ok(Tried::Read(list.finish(version)))
    }

    /// The group's version alone, where the server shows one; elsewhere it is that of the list, which is read.
    pub(super) async fn read_group_version(
        &mut self,
        group: &str,
    ) -> Result<Option<String>, DirectoryError> {
        let entry = self.group_entry(group, vec![VERSION.to_owned()]).await?;
        let Some(entry) = entry else { return Ok(None) };
        if let Some(version) = shown(&entry, VERSION) {
            return Ok(Some(version));
        }
        Ok(match self.read_members(group).await? {
            Members::Group { version, .. } | Members::NoList { version } => version,
            Members::Absent => None,
        })
    }

    async fn group_entry(
        &mut self,
        group: &str,
        attributes: Vec<String>,
    ) -> Result<Option<Entry>, DirectoryError> {
        let query = Query {
            what: "read a group",
            base: group,
            scope: Scope::Base,
            filter: "(objectClass=*)",
            attributes,
        };
        Ok(self.connection.find(&query).await?.into_iter().next())
    }
}

fn shown(entry: &Entry, attribute: &str) -> Option<String> {
    entry.text(attribute).map(str::to_owned)
}

/// A version of a list whose server gives none: the list itself, in no particular order.
fn digest(members: &[Member], unreadable: u64) -> String {
    let mut members: Vec<&Member> = members.iter().collect();
    members.sort_unstable();
    let mut digest = Sha256::new();
    digest.update(unreadable.to_be_bytes());
    for member in members {
        let (kind, text) = match member {
            Member::Name(text) => (b'n', text),
            Member::Username(text) => (b'u', text),
        };
        digest.update([kind]);
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text);
    }
    hex(&digest.finalize())
}

fn piece_missing(group: &str) -> DirectoryError {
    DirectoryError::Malformed {
        what: format!("read group {group}"),
        found: "a list in pieces of which one is missing",
    }
}

/// A list in the making.
#[derive(Default)]
struct List {
    /// Its entry says that it is a group: an empty one may have members the next time.
    is_group: bool,
    members: Vec<Member>,
    unreadable: u64,
    /// Values so far, readable or not.
    values: u64,
    /// Place of the first value of the last piece, if it was one.
    first: Option<u64>,
}

impl List {
    /// Takes the values of an entry; says of which attribute and from which place on there are more.
    fn take(&mut self, entry: &Entry) -> Option<(String, u64)> {
        let mut more = None;
        self.first = None;
        for attribute in &entry.attributes {
            let by_name = match attribute.name.as_str() {
                "member" | "uniquemember" => true,
                "memberuid" => false,
                _ => continue,
            };
            for value in &attribute.values {
                self.values += 1;
                match member(value, by_name) {
                    Some(member) => self.members.push(member),
                    None => self.unreadable += 1,
                }
            }
            if let Some((first, last)) = attribute.range() {
                self.first = Some(first);
                more = last.map(|last| (attribute.name.clone(), last.saturating_add(1)));
            }
        }
        more
    }

    /// Members who stand somewhere else.
    fn add(&mut self, members: Vec<Member>) {
        self.values += members.len() as u64;
        self.members.extend(members);
    }

    fn finish(self, version: Option<String>) -> Members {
        let version = version.or_else(|| Some(digest(&self.members, self.unreadable)));
        if self.values == 0 && !self.is_group {
            return Members::NoList { version };
        }
        Members::Group {
            members: self.members,
            unreadable: self.unreadable,
            version,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_core::directory::Attribute;

    fn entry(attributes: Vec<Attribute>) -> Entry {
        Entry {
            dn: "cn=g".to_owned(),
            attributes,
        }
    }

    #[test]
    fn members_of_every_kind_are_read_and_the_unreadable_counted() {
        let entry = entry(vec![
            Attribute::new("member", vec![b"UID=Ana,dc=x".to_vec(), b"\xff".to_vec()]),
            Attribute::new("uniqueMember", vec![b"uid=ben,dc=x#'0101'B".to_vec()]),
            Attribute::new("memberUid", vec![b"Cy".to_vec()]),
        ]);
        let mut list = List::default();
        assert_eq!(list.take(&entry), None);
        assert_eq!(
            list.finish(Some("v".to_owned())),
            Members::Group {
                members: vec![
                    Member::Name("uid=ana,dc=x".to_owned()),
                    Member::Name("uid=ben,dc=x".to_owned()),
                    Member::Username("cy".to_owned()),
                ],
                unreadable: 1,
                version: Some("v".to_owned()),
            }
        );
    }

    #[test]
    fn a_list_in_pieces_is_asked_for_to_its_end() {
        let piece = |range: &str| {
            entry(vec![Attribute::new(
                &format!("member;range={range}"),
                vec![b"uid=a".to_vec()],
            )])
        };
        let mut list = List::default();
        // Domain controllers send the attribute empty beside its first piece.
        let mut first = piece("0-1499");
        first.attributes.insert(0, Attribute::new("member", vec![]));
        assert_eq!(list.take(&first), Some(("member".to_owned(), 1500)));
        assert_eq!(list.take(&piece("1500-*")), None);
        assert_eq!((list.values, list.first), (2, Some(1500)));
    }

    #[test]
    fn a_list_without_a_version_is_its_own_whatever_its_order() {
        let version = |names: &[&str]| {
            let values = names.iter().map(|name| name.as_bytes().to_vec()).collect();
            let mut list = List::default();
            list.take(&entry(vec![Attribute::new("member", values)]));
            match list.finish(None) {
                Members::Group { version, .. } | Members::NoList { version } => version.unwrap(),
                Members::Absent => unreachable!(),
            }
        };
        assert_eq!(version(&["uid=a", "uid=b"]), version(&["UID=b", "uid=a"]));
        assert_ne!(version(&["uid=a", "uid=b"]), version(&["uid=a", "uid=c"]));
        assert_ne!(version(&[]), version(&["uid=a"]));
    }
}

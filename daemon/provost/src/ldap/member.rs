//! The list of one group, however the server keeps it.

use ldap3::Scope;
use provost_core::directory::{Dn, Entry};

use super::error::DirectoryError;
use super::reading::LdapReading;
use super::search::Query;
use super::{Member, Members};

const LISTS: [&str; 3] = ["member", "uniqueMember", "memberUid"];

/// slapd's number of an entry's last change. A time (`modifyTimestamp`) would not do: two changes of one second share it.
const VERSION: &str = "entryCSN";

/// Pieces of one list that are asked for: 1,000 pieces of 1,500 are more people than any district has.
const PIECES_MAX: u32 = 1_000;

impl LdapReading {
    /// Reads a group by name. Active Directory sends long lists in pieces (`member;range=0-1499`), which are asked for
    /// until the last one.
    pub(super) async fn read_members(&mut self, group: &str) -> Result<Members, DirectoryError> {
        let asked = LISTS.into_iter().chain([VERSION]).map(str::to_owned);
        let Some(entry) = self.group_entry(group, asked.collect()).await? else {
            return Ok(Members::Absent);
        };
        let version = version(&entry);
        let mut list = List::default();
        let mut next = list.take(&entry);
        for _ in 0..PIECES_MAX {
            let Some(attribute) = next else { break };
            let Some(entry) = self.group_entry(group, vec![attribute.clone()]).await? else {
                return Err(piece_missing(group));
            };
            let before = list.values;
            next = list.take(&entry);
            if list.values == before {
                return Err(piece_missing(group));
            }
        }
        if list.more.is_some() {
            return Err(piece_missing(group));
        }
        Ok(list.finish(version))
    }

    /// The group's version alone.
    pub(super) async fn read_group_version(
        &mut self,
        group: &str,
    ) -> Result<Option<String>, DirectoryError> {
        let entry = self.group_entry(group, vec![VERSION.to_owned()]).await?;
        Ok(entry.as_ref().and_then(version))
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

fn version(entry: &Entry) -> Option<String> {
    let value = entry.values(VERSION).next()?;
    std::str::from_utf8(value).ok().map(str::to_owned)
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
    members: Vec<Member>,
    unreadable: u64,
    /// Values so far, readable or not.
    values: u64,
    /// More pieces are due.
    more: Option<String>,
}

impl List {
    /// Takes the values of an entry; says which attribute to ask for next.
    fn take(&mut self, entry: &Entry) -> Option<String> {
        self.more = None;
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
            if let Some((_, Some(last))) = attribute.range() {
                self.more = Some(format!(
                    "{};range={}-*",
                    attribute.name,
                    last.saturating_add(1)
                ));
            }
        }
        self.more.clone()
    }

    fn finish(self, version: Option<String>) -> Members {
        if self.values == 0 {
            return Members::NoList { version };
        }
        Members::Group {
            members: self.members,
            unreadable: self.unreadable,
            version,
        }
    }
}

fn member(value: &[u8], by_name: bool) -> Option<Member> {
    let text = std::str::from_utf8(value).ok()?.trim();
    if !by_name {
        return (!text.is_empty()).then(|| Member::Username(text.to_lowercase()));
    }
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
            list.finish(None),
            Members::Group {
                members: vec![
                    Member::Name("uid=ana,dc=x".to_owned()),
                    Member::Name("uid=ben,dc=x".to_owned()),
                    Member::Username("cy".to_owned()),
                ],
                unreadable: 1,
                version: None,
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
        assert_eq!(
            list.take(&piece("0-1499")).as_deref(),
            Some("member;range=1500-*")
        );
        assert_eq!(list.take(&piece("1500-*")), None);
    }
}

//! Members by primary group. Active Directory does not list them in the group: each account carries the number of its
//! primary group (usually *Domain Users*) instead. Source: MS-ADTS, attributes primaryGroupID and primaryGroupToken.

use ldap3::Scope;

use super::Member;
use super::error::DirectoryError;
use super::member_value::member;
use super::message::PAGED_RESULTS;
use super::people::{EMPTY_PAGES_MAX, next_page};
use super::reading::LdapReading;
use super::search::{Asked, Query};

/// The number of a group, which accounts carry; the server works it out for whoever asks.
pub(super) const TOKEN: &str = "primaryGroupToken";

impl LdapReading {
    /// The staff whose primary group has this number. Whoever is no staff gets nothing from a group anyway.
    pub(super) async fn primary_members(
        &mut self,
        token: &str,
    ) -> Result<Vec<Member>, DirectoryError> {
        const WHAT: &str = "read whose primary group it is";
        // It goes into a filter.
        let number: u32 = token.parse().map_err(|_| DirectoryError::Malformed {
            what: WHAT.to_owned(),
            found: "a primaryGroupToken that is no number",
        })?;
        let base = self.source.base.clone();
        let filter = format!("(&{}(primaryGroupID={number}))", self.source.filter);
        let query = Query {
            what: WHAT,
            base: &base,
            scope: Scope::Subtree,
            filter: &filter,
            attributes: vec![self.server.id.name.clone()],
        };
        let paged = self.server.root.knows(PAGED_RESULTS);
        let (mut members, mut cookie, mut empty) = (Vec::new(), Vec::new(), 0);
        for page in 1.. {
            let asked = match paged {
                true => Asked::Page(self.source.page_size, &cookie),
                false => Asked::All,
            };
            let before = members.len();
            let mut search = self.connection.search(&query, asked).await?;
            while let Some(entry) = search.next().await? {
                members.extend(member(entry.dn.as_bytes(), true));
            }
            let next = next_page(WHAT, asked, search.finish().await?)?;
            if next.is_empty() {
                break;
            }
            empty = if members.len() == before {
                empty + 1
            } else {
                0
            };
            if empty > EMPTY_PAGES_MAX {
                return Err(DirectoryError::EndlessPages { page, base });
            }
            cookie = next;
        }
        Ok(members)
    }
}

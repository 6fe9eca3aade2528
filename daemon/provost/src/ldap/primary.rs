//! Members by primary group. Active Directory does not list them in the group: each account carries the number of its
//! primary group (usually *Domain Users*) instead. Source: MS-ADTS, attributes primaryGroupID and primaryGroupToken.

use ldap3::Scope;

use super::Member;
use super::error::DirectoryError;
use super::member_value::member;
use super::reading::LdapReading;
use super::search::Query;

/// The number of a group, which accounts carry; the server works it out for whoever asks.
pub(super) const TOKEN: &str = "primaryGroupToken";

/// Accounts that one group may be primary to: more than any domain of a district has.
const MEMBERS_MAX: usize = 1_000_000;

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
        let (mut pages, mut members) = (self.pages(&query).await?, Vec::new());
        while let Some(entry) = pages.next().await? {
            if members.len() == MEMBERS_MAX {
                return Err(DirectoryError::Malformed {
                    what: WHAT.to_owned(),
                    found: "more accounts than any group has members",
                });
            }
            members.extend(member(entry.dn.as_bytes(), true));
        }
        Ok(members)
    }
}

//! Where servers differ from each other and from what one reads about them: tried on this very server, for `sync probe`.
//! Reads little and changes nothing.

use ldap3::Scope;

use super::Quirk;
use super::content_sync::{self, Until};
use super::dirsync_control::Sight;
use super::error::DirectoryError;
use super::message::PAGED_RESULTS;
use super::message::page_cookie;
use super::mode::How;
use super::profile::Vendor;
use super::reading::LdapReading;
use super::search::{Asked, Ending, Query};

/// Entries of one page that are asked for: more than any server's usual limit.
const PAGE: u32 = 5_000;

/// A cookie that no server has given.
const FOREIGN: &[u8] = b"of another server";

const EVERYTHING: &str = "(objectClass=*)";

impl LdapReading {
    /// What trying came to.
    pub(super) async fn find_quirks(&mut self) -> Result<Vec<Quirk>, DirectoryError> {
        let mut found = vec![self.page_limit().await?, self.long_lists().await?];
        match self.server.way.how {
            How::Refresh | How::Live => {
                found.extend([self.changes().await?, self.first_refresh().await?]);
                found.push(
                    self.foreign_cookie(Asked::Changes(Until::Now, Some(FOREIGN)))
                        .await?,
                );
            }
            How::DirSync => {
                found.push(self.changes().await?);
                let foreign = Asked::DirSync(Sight::All, FOREIGN);
                found.push(self.foreign_cookie(foreign).await?);
            }
            How::Full => {}
        }
        Ok(found)
    }

    async fn page_limit(&mut self) -> Result<Quirk, DirectoryError> {
        let tried = |found: String| Ok(quirk("page limit", found));
        if !self.server.root.knows(PAGED_RESULTS) {
            return tried("no pages: the server lacks the control".to_owned());
        }
        let (base, filter) = (self.source.base.clone(), self.source.filter.clone());
        let query = self.question(&base, Scope::Subtree, &filter);
        let (entries, ending) = self.count(&query, Asked::Page(PAGE, &[])).await?;
        let more = match ending.page.as_deref().map(page_cookie) {
            Some(Ok(cookie)) => !cookie.is_empty(),
            _ => return tried(format!("a page without a cookie, after {entries} entries")),
        };
        tried(match (ending.code, more) {
            (0, true) => format!("{entries} of {PAGE} that were asked for"),
            (0, false) => format!("none seen: all {entries} came in one page"),
            (code, _) => format!("result code {code} after {entries} entries"),
        })
    }

    /// The first mapped group, asked for by pieces and as a whole.
    async fn long_lists(&mut self) -> Result<Quirk, DirectoryError> {
        let tried = |found: String| Ok(quirk("long lists", found));
        let Some(group) = self.source.grants.first().map(|group| group.dn.clone()) else {
            return tried("not tried: no group is mapped".to_owned());
        };
        let mut ask = async |attribute: &str| -> Result<_, DirectoryError> {
            let query = Query {
                attributes: vec![attribute.to_owned()],
                ..self.question(&group, Scope::Base, EVERYTHING)
            };
            let entry = self.connection.find(&query).await?.into_iter().next();
            let attributes = entry.map(|entry| entry.attributes).unwrap_or_default();
            let ranged = attributes.iter().find_map(|list| list.range());
            Ok((
                ranged,
                attributes
                    .iter()
                    .map(|list| list.values.len())
                    .sum::<usize>(),
            ))
        };
        let (whole, values) = ask("member").await?;
        if let Some((_, Some(last))) = whole {
            return tried(format!("sent in pieces of {}", last.saturating_add(1)));
        }
        let (piece, _) = ask("member;range=0-0").await?;
        tried(match piece {
            Some(_) => format!("in pieces when asked for, else whole ({values} members here)"),
            None => format!("whole ({values} members here)"),
        })
    }

    /// Whether a read of changes can go on from here, or why not.
    async fn changes(&mut self) -> Result<Quirk, DirectoryError> {
        let schema = String::new();
        let mark = match (self.server.way.how, self.server.root.vendor) {
            (How::DirSync, _) => self.dirsync_mark(schema).await?.map(|_| ()),
            (How::Refresh | How::Live, Vendor::Ds389) => self.ds389_mark(schema).await?.map(|_| ()),
            _ => Ok(()),
        };
        Ok(quirk(
            "changes",
            match mark {
                Ok(()) => "told from here on".to_owned(),
                Err(why) => format!("read whole each time: {why}"),
            },
        ))
    }

    /// How a first refresh ends. Taken by the letter (RFC 4533 §3.3), FALSE after a later one means that whoever was not
    /// mentioned is gone.
    async fn first_refresh(&mut self) -> Result<Quirk, DirectoryError> {
        let base = self.source.base.clone();
        let query = self.question(&base, Scope::Base, EVERYTHING);
        let mut seen = Vec::new();
        let mut cookie = None;
        for _ in 0..2 {
            let asked = Asked::Changes(Until::Now, cookie.as_deref());
            let (_, ending) = self.count(&query, asked).await?;
            let done = match ending.sync.as_deref().map(content_sync::done) {
                Some(Ok(done)) => done,
                _ => {
                    return Ok(quirk(
                        "refreshDeletes",
                        format!("result code {}", ending.code),
                    ));
                }
            };
            seen.push(if done.deletes_named { "TRUE" } else { "FALSE" });
            cookie = done.cookie.or(cookie);
            if cookie.is_none() {
                break;
            }
        }
        let later = seen.get(1).unwrap_or(&"not tried, for want of a cookie");
        let found = format!(
            "{} after a first refresh, {later} after one without changes",
            seen[0]
        );
        Ok(quirk("refreshDeletes", found))
    }

    async fn foreign_cookie(&mut self, asked: Asked<'_>) -> Result<Quirk, DirectoryError> {
        let (base, scope) = match asked {
            Asked::DirSync(..) => (self.context(), Scope::Subtree),
            _ => (self.source.base.clone(), Scope::Base),
        };
        let query = self.question(&base, scope, EVERYTHING);
        let (entries, ending) = self.count(&query, asked).await?;
        let found = match ending.code {
            0 => format!("not noticed: {entries} entries came as if it were the first time"),
            code => format!("refused with result code {code}"),
        };
        Ok(quirk("a foreign cookie", found))
    }

    fn question<'q>(&self, base: &'q str, scope: Scope, filter: &'q str) -> Query<'q> {
        Query {
            what: "try what the server does",
            base,
            scope,
            filter,
            attributes: vec![self.server.id.name.clone()],
        }
    }

    async fn count(
        &mut self,
        query: &Query<'_>,
        asked: Asked<'_>,
    ) -> Result<(u64, Ending), DirectoryError> {
        let mut search = self.connection.search(query, asked).await?;
        let mut entries = 0;
        while search.next().await?.is_some() {
            entries += 1;
        }
        Ok((entries, search.finish().await?))
    }
}

fn quirk(name: &'static str, found: String) -> Quirk {
    Quirk { name, found }
}

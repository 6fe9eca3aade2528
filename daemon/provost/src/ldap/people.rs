//! Mode `full`: everything, page by page. Source: RFC 2696.

use ldap3::Scope;
use tokio::sync::mpsc::Sender;

use super::error::DirectoryError;
use super::message::{PAGED_RESULTS, page_cookie};
use super::reading::LdapReading;
use super::search::{Asked, Ending, Query, Search};
use super::{Sample, Seen};

/// Entries handed over at once: few enough to keep memory flat, many enough for one transaction of the store.
pub(super) const BATCH: usize = 500;

/// Empty pages in a row that are believed. Active Directory sends a few where it filters after counting.
pub(super) const EMPTY_PAGES_MAX: u32 = 100;

impl LdapReading {
    /// Reads every page on this one connection, to which the server's cookie belongs.
    pub(super) async fn read_people(
        &mut self,
        out: &Sender<Vec<Seen>>,
    ) -> Result<u64, DirectoryError> {
        let base = self.source.base.clone();
        let mapping = self.source.attributes.mapping(self.server.id.clone());
        let paged = self.server.root.knows(PAGED_RESULTS);
        let (mut cookie, mut page, mut empty, mut all) = (Vec::new(), 0_u64, 0_u32, 0_u64);
        loop {
            page += 1;
            let what = format!("read page {page} of {base}");
            let filter = self.source.filter.clone();
            let query = Query {
                what: &what,
                base: &base,
                scope: Scope::Subtree,
                filter: &filter,
                attributes: mapping.attributes(),
            };
            let asked = match paged {
                true => Asked::Page(self.source.page_size, &cookie),
                false => Asked::All,
            };
            let (entries, next) = self.page(&query, asked, out).await?;
            all += entries;
            empty = if entries == 0 { empty + 1 } else { 0 };
            if next.is_empty() {
                break;
            }
            if empty > EMPTY_PAGES_MAX {
                return Err(DirectoryError::EndlessPages { page, base });
            }
            cookie = next;
        }
        if all == 0 {
            return Err(DirectoryError::EmptySuccess { base });
        }
        Ok(all)
    }

    /// The first page alone, and what the server said at its end.
    pub(super) async fn read_sample(&mut self) -> Result<Sample, DirectoryError> {
        let (base, filter) = (self.source.base.clone(), self.source.filter.clone());
        let query = Query {
            what: "read the first page",
            base: &base,
            scope: Scope::Subtree,
            filter: &filter,
            attributes: vec![self.server.id.name.clone()],
        };
        let paged = self.server.root.knows(PAGED_RESULTS);
        let asked = match paged {
            true => Asked::Page(self.source.page_size, &[]),
            false => Asked::All,
        };
        let mut search = self.connection.search(&query, asked).await?;
        let mut entries = 0;
        while search.next().await?.is_some() {
            entries += 1;
        }
        let ending = search.finish().await?;
        let said = (ending.code != 0).then(|| ending.incomplete(query.what).to_string());
        Ok(Sample {
            entries,
            paged,
            said,
        })
    }

    /// One page: how many entries it had, and the cookie of the next; empty for none.
    async fn page(
        &mut self,
        query: &Query<'_>,
        asked: Asked<'_>,
        out: &Sender<Vec<Seen>>,
    ) -> Result<(u64, Vec<u8>), DirectoryError> {
        let mut search = self.connection.search(query, asked).await?;
        let entries = pass_on(&mut search, query.what, out).await?;
        let ending = search.finish().await?;
        Ok((entries, next_page(query.what, asked, ending)?))
    }
}

/// The cookie of the page after one that ended so; empty for none.
pub(super) fn next_page(
    what: &str,
    asked: Asked<'_>,
    ending: Ending,
) -> Result<Vec<u8>, DirectoryError> {
    if ending.code != 0 {
        return Err(ending.incomplete(what));
    }
    let malformed = |found| DirectoryError::Malformed {
        what: what.to_owned(),
        found,
    };
    match (asked, ending.page) {
        (Asked::Page(..), Some(value)) => page_cookie(&value).map_err(malformed),
        // Asked for a page and told nothing about the next one: nobody knows whether this was everything.
        (Asked::Page(..), None) => Err(malformed("no cookie after a page")),
        (Asked::All | Asked::Changes(..) | Asked::DirSync(..), _) => Ok(Vec::new()),
    }
}

/// Hands every entry of a search over, in batches; says how many there were.
pub(super) async fn pass_on(
    search: &mut Search<'_>,
    what: &str,
    out: &Sender<Vec<Seen>>,
) -> Result<u64, DirectoryError> {
    let mut batch = Vec::with_capacity(BATCH);
    let mut entries = 0;
    while let Some(entry) = search.next().await? {
        entries += 1;
        batch.push(Seen::Entry(entry));
        if batch.len() == BATCH {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            hand_over(full, what, out).await?;
        }
    }
    if !batch.is_empty() {
        hand_over(batch, what, out).await?;
    }
    Ok(entries)
}

pub(super) async fn hand_over(
    batch: Vec<Seen>,
    what: &str,
    out: &Sender<Vec<Seen>>,
) -> Result<(), DirectoryError> {
    out.send(batch).await.map_err(|_| DirectoryError::Stopped {
        what: what.to_owned(),
    })
}

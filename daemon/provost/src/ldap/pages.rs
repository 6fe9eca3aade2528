//! A search that is read page by page, and what becomes of its entries. Source: RFC 2696.

use provost_core::directory::Entry;
use tokio::sync::mpsc::Sender;

use super::Seen;
use super::connect::Connection;
use super::error::DirectoryError;
use super::message::{PAGED_RESULTS, page_cookie};
use super::reading::LdapReading;
use super::search::{Asked, Ending, Query, Search};

/// Entries handed over at once: few enough to keep memory flat, many enough for one transaction of the store.
pub(super) const BATCH: usize = 500;

/// Empty pages in a row that are believed. Active Directory sends a few where it filters after counting.
const EMPTY_PAGES_MAX: u32 = 100;

/// The entries of a search, page by page where the server sends pages: all of them on one connection, to which the
/// server's cookie belongs.
pub(super) struct Pages<'c, 'q> {
    query: &'q Query<'q>,
    /// Entries of a page; `None` where the server sends no pages.
    size: Option<u32>,
    /// The page that is read; `None` after the last one.
    search: Option<Search<'c>>,
    /// Its number, from 1.
    page: u64,
    /// Pages in a row without an entry.
    empty: u32,
}

impl LdapReading {
    /// Sends a search that may come in pages.
    pub(super) async fn pages<'q>(
        &mut self,
        query: &'q Query<'q>,
    ) -> Result<Pages<'_, 'q>, DirectoryError> {
        let paged = self.server.root.knows(PAGED_RESULTS);
        let size = paged.then_some(self.source.page_size);
        let search = page(&mut self.connection, query, 1, asked(size, &[])).await?;
        Ok(Pages {
            query,
            size,
            search: Some(search),
            page: 1,
            empty: 0,
        })
    }
}

fn asked(size: Option<u32>, cookie: &[u8]) -> Asked<'_> {
    size.map_or(Asked::All, |size| Asked::Page(size, cookie))
}

async fn page<'c>(
    connection: &'c mut Connection,
    query: &Query<'_>,
    page: u64,
    asked: Asked<'_>,
) -> Result<Search<'c>, DirectoryError> {
    let what = format!("{}, page {page}", query.what);
    let query = Query {
        what: &what,
        attributes: query.attributes.clone(),
        ..*query
    };
    connection.search(&query, asked).await
}

impl Pages<'_, '_> {
    /// The next entry; `None` after the last one.
    pub(super) async fn next(&mut self) -> Result<Option<Entry>, DirectoryError> {
        loop {
            let Some(search) = &mut self.search else {
                return Ok(None);
            };
            if let Some(entry) = search.next().await? {
                self.empty = 0;
                return Ok(Some(entry));
            }
            self.turn().await?;
        }
    }

    /// From the end of a page to the next one, if there is one.
    async fn turn(&mut self) -> Result<(), DirectoryError> {
        let Some(search) = self.search.take() else {
            return Ok(());
        };
        let (ending, connection) = search.release().await?;
        let what = format!("{}, page {}", self.query.what, self.page);
        let cookie = match self.size {
            Some(_) => next_page(&what, ending)?,
            None if ending.code == 0 => return Ok(()),
            None => return Err(ending.incomplete(&what)),
        };
        if cookie.is_empty() {
            return Ok(());
        }
        self.empty += 1;
        if self.empty > EMPTY_PAGES_MAX {
            return Err(DirectoryError::EndlessPages { what });
        }
        self.page += 1;
        let asked = asked(self.size, &cookie);
        self.search = Some(page(connection, self.query, self.page, asked).await?);
        Ok(())
    }
}

/// The cookie of the page after one that ended so; empty for none.
fn next_page(what: &str, ending: Ending) -> Result<Vec<u8>, DirectoryError> {
    if ending.code != 0 {
        return Err(ending.incomplete(what));
    }
    let malformed = |found| DirectoryError::Malformed {
        what: what.to_owned(),
        found,
    };
    // Asked for a page and told nothing about the next one: nobody knows whether this was everything.
    let value = ending.page.ok_or("no cookie after a page");
    value
        .and_then(|value| page_cookie(&value))
        .map_err(malformed)
}

/// Entries on their way to whoever stages them.
pub(super) struct Batches<'o> {
    out: &'o Sender<Vec<Seen>>,
    what: &'o str,
    batch: Vec<Seen>,
    entries: u64,
}

impl<'o> Batches<'o> {
    /// Sends them to `out`; `what` is what they are read for.
    pub(super) fn new(out: &'o Sender<Vec<Seen>>, what: &'o str) -> Self {
        Self {
            out,
            what,
            batch: Vec::new(),
            entries: 0,
        }
    }

    /// Takes an entry, and hands a full batch over.
    pub(super) async fn add(&mut self, entry: Entry) -> Result<(), DirectoryError> {
        self.entries += 1;
        self.batch.push(Seen::Entry(entry));
        match self.batch.len() {
            BATCH => self.hand_over().await,
            _ => Ok(()),
        }
    }

    /// Hands the rest over; says how many entries there were.
    pub(super) async fn end(mut self) -> Result<u64, DirectoryError> {
        if !self.batch.is_empty() {
            self.hand_over().await?;
        }
        Ok(self.entries)
    }

    async fn hand_over(&mut self) -> Result<(), DirectoryError> {
        let full = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        hand_over(full, self.what, self.out).await
    }
}

/// Hands a batch over; fails if nobody wants it any more.
pub(super) async fn hand_over(
    batch: Vec<Seen>,
    what: &str,
    out: &Sender<Vec<Seen>>,
) -> Result<(), DirectoryError> {
    out.send(batch).await.map_err(|_| DirectoryError::Stopped {
        what: what.to_owned(),
    })
}

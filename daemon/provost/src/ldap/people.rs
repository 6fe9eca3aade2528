//! Mode `full`: everything, page by page.

use ldap3::Scope;
use tokio::sync::mpsc::Sender;

use super::error::DirectoryError;
use super::message::PAGED_RESULTS;
use super::pages::Batches;
use super::reading::LdapReading;
use super::search::{Asked, Query};
use super::{Sample, Seen};

impl LdapReading {
    /// Reads everybody.
    pub(super) async fn read_people(
        &mut self,
        out: &Sender<Vec<Seen>>,
    ) -> Result<u64, DirectoryError> {
        let (base, filter) = (self.source.base.clone(), self.source.filter.clone());
        let what = format!("read {base}");
        let query = Query {
            what: &what,
            base: &base,
            scope: Scope::Subtree,
            filter: &filter,
            attributes: self.mapping().attributes(),
        };
        match self.pass_on(&query, out).await? {
            0 => Err(DirectoryError::EmptySuccess { base }),
            entries => Ok(entries),
        }
    }

    /// Hands every entry of a search over, in batches; says how many there were.
    pub(super) async fn pass_on(
        &mut self,
        query: &Query<'_>,
        out: &Sender<Vec<Seen>>,
    ) -> Result<u64, DirectoryError> {
        let mut pages = self.pages(query).await?;
        let mut batches = Batches::new(out, query.what);
        while let Some(entry) = pages.next().await? {
            batches.add(entry).await?;
        }
        batches.end().await
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
}

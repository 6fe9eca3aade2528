//! Changes by id: a server has told which entries changed, and each of them is read as it is now.
//!
//! Where a server does not say what became of an entry, or leaves entries out that a change took out of the filter, only
//! the ids are taken from it. So nothing has to be put together from pieces, and whatever is believed is something that
//! an ordinary search has shown.

use ldap3::Scope;
use provost_core::directory::Entry;
use std::collections::BTreeSet;
use tokio::sync::mpsc::Sender;

use super::Seen;
use super::error::DirectoryError;
use super::pages::{BATCH, hand_over};
use super::reading::LdapReading;
use super::refresh::CHANGES_MAX;
use super::search::{Asked, Query};

/// Ids of one question: few enough for every server's limit of a filter.
pub(super) const IDS: usize = 100;

/// Ids that a server told, of which some may be told as both. Once there are more than anybody reads one by one, further
/// ones are dropped: a server that never ends takes no memory.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) changed: BTreeSet<String>,
    pub(super) deleted: BTreeSet<String>,
}

impl Told {
    pub(super) fn change(&mut self, id: String) {
        if !self.is_too_much() {
            self.changed.insert(id);
        }
    }

    pub(super) fn delete(&mut self, id: String) {
        if !self.is_too_much() {
            self.deleted.insert(id);
        }
    }

    /// Reading everything is cheaper.
    pub(super) fn is_too_much(&self) -> bool {
        (self.changed.len() + self.deleted.len()) as u64 > CHANGES_MAX
    }
}

impl LdapReading {
    /// Sends what was told: deletions, and what changed as it is now.
    pub(super) async fn as_told(
        &mut self,
        told: Told,
        out: &Sender<Vec<Seen>>,
    ) -> Result<(), DirectoryError> {
        let deleted: Vec<_> = told.deleted.into_iter().collect();
        for ids in deleted.chunks(BATCH) {
            let ids = ids.iter().cloned();
            let batch = ids.map(|stable_id| Seen::Deleted { stable_id }).collect();
            hand_over(batch, "read changes", out).await?;
        }
        self.as_they_are(&told.changed, out).await
    }

    /// Sends each of these entries as it is now: those of the source as entries, those that were found elsewhere, or
    /// that its filter lets go, as deletions, to be looked up one by one. What is not found at all is hidden, or was
    /// deleted this moment and will be told then: neither says anything now.
    async fn as_they_are(
        &mut self,
        ids: &BTreeSet<String>,
        out: &Sender<Vec<Seen>>,
    ) -> Result<(), DirectoryError> {
        const WHAT: &str = "read changed entries";
        let ids: Vec<&String> = ids.iter().collect();
        for ids in ids.chunks(IDS) {
            let (base, filter) = (self.source.base.clone(), self.source.filter.clone());
            let attributes = self.mapping().attributes();
            let own = self.by_ids(ids, &base, &filter, attributes).await?;
            let named: BTreeSet<_> = own
                .iter()
                .filter_map(|entry| self.server.id.of(entry))
                .collect();
            let others: Vec<&String> = ids
                .iter()
                .copied()
                .filter(|id| !named.contains(*id))
                .collect();
            let mut batch: Vec<Seen> = own.into_iter().map(Seen::Entry).collect();
            if !others.is_empty() {
                let context = self.context();
                let name_only = vec![self.server.id.name.clone()];
                let elsewhere = self.by_ids(&others, &context, "", name_only).await?;
                let left = elsewhere
                    .iter()
                    .filter_map(|entry| self.server.id.of(entry));
                batch.extend(left.map(|stable_id| Seen::Deleted { stable_id }));
            }
            if !batch.is_empty() {
                hand_over(batch, WHAT, out).await?;
            }
        }
        Ok(())
    }

    /// Entries of these ids below a base that match a filter, which may be empty.
    async fn by_ids(
        &mut self,
        ids: &[&String],
        base: &str,
        filter: &str,
        attributes: Vec<String>,
    ) -> Result<Vec<Entry>, DirectoryError> {
        let named: String = ids.iter().map(|id| self.server.id.filter(id)).collect();
        let filter = format!("(&{filter}(|{named}))");
        let query = Query {
            what: "read entries by id",
            base,
            scope: Scope::Subtree,
            filter: &filter,
            attributes,
        };
        self.all_of(&query, ids.len()).await
    }

    /// All entries of a search that cannot have more than so many.
    pub(super) async fn all_of(
        &mut self,
        query: &Query<'_>,
        most: usize,
    ) -> Result<Vec<Entry>, DirectoryError> {
        let mut entries = Vec::new();
        let mut search = self.connection.search(query, Asked::All).await?;
        while let Some(entry) = search.next().await? {
            if entries.len() == most {
                return Err(search.malformed("more entries than ids that were asked for"));
            }
            entries.push(entry);
        }
        let ending = search.finish().await?;
        match ending.code {
            0 => Ok(entries),
            _ => Err(ending.incomplete(query.what)),
        }
    }
}

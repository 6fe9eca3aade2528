//! Why an entry that the register knows was not read. Rule: directory design, proof before absence.

use ldap3::Scope;
use provost_core::directory::{Absence, Dn, Entry};

use super::error::DirectoryError;
use super::reading::LdapReading;
use super::search::Query;

impl LdapReading {
    /// Base read of the last name, then a search by id without the filter.
    pub(super) async fn explain(
        &mut self,
        stable_id: &str,
        dn: &str,
    ) -> Result<Absence, DirectoryError> {
        match self.look(stable_id, dn).await {
            Ok(absence) => Ok(absence),
            // The server says no to this question; that is no proof of anything.
            Err(DirectoryError::Incomplete { .. }) => Ok(Absence::Unknown),
            Err(error) => Err(error),
        }
    }

    async fn look(&mut self, stable_id: &str, dn: &str) -> Result<Absence, DirectoryError> {
        let own = |entry: &&Entry, id: &Self| id.server.id.of(entry).as_deref() == Some(stable_id);
        let here = self.read_base(dn, "(objectClass=*)").await?;
        if let Some(entry) = here.as_ref().filter(|entry| own(entry, self)) {
            return self.where_it_is(&entry.dn.clone()).await;
        }
        let context = self.context();
        let by_id = self.server.id.filter(stable_id);
        let query = Query {
            what: "look up an absent id",
            base: &context,
            scope: Scope::Subtree,
            filter: &by_id,
            attributes: vec![self.server.id.name.clone()],
        };
        let found = self.connection.find(&query).await?;
        match found.iter().find(|entry| own(entry, self)) {
            Some(entry) => self.where_it_is(&entry.dn.clone()).await,
            None => self.is_its_container_readable(dn).await,
        }
    }

    /// It exists under this name: outside, let go by the filter, or kept from the read.
    async fn where_it_is(&mut self, dn: &str) -> Result<Absence, DirectoryError> {
        match Dn::parse(dn) {
            Ok(name) if !name.is_within(&self.base) => return Ok(Absence::MovedOut),
            Ok(_) => {}
            Err(_) => return Ok(Absence::Unknown),
        }
        let filter = self.source.filter.clone();
        Ok(match self.read_base(dn, &filter).await? {
            Some(_) => Absence::Hidden,
            None => Absence::LeftFilter,
        })
    }

    /// Nothing found. That is a deletion only where we may look: a container that cannot be read hides what is in it.
    async fn is_its_container_readable(&mut self, dn: &str) -> Result<Absence, DirectoryError> {
        let Some(parent) = Dn::parse(dn).ok().and_then(|name| name.parent()) else {
            return Ok(Absence::Unknown);
        };
        Ok(
            match self.read_base(&parent.key(), "(objectClass=*)").await? {
                Some(_) => Absence::Deleted,
                None => Absence::Unknown,
            },
        )
    }

    async fn read_base(&mut self, dn: &str, filter: &str) -> Result<Option<Entry>, DirectoryError> {
        let query = Query {
            what: "look up an absent name",
            base: dn,
            scope: Scope::Base,
            filter,
            attributes: vec![self.server.id.name.clone()],
        };
        Ok(self.connection.find(&query).await?.into_iter().next())
    }

    /// The naming context that the base lies in: entries may have moved anywhere within it.
    fn context(&self) -> String {
        let mut contexts: Vec<(usize, &String)> = self
            .server
            .root
            .contexts
            .iter()
            .filter_map(|text| Dn::parse(text).ok().map(|name| (name, text)))
            .filter(|(name, _)| name.depth() > 0 && self.base.is_within(name))
            .map(|(name, text)| (name.depth(), text))
            .collect();
        contexts.sort_unstable();
        contexts
            .first()
            .map_or_else(|| self.source.base.clone(), |(_, text)| (*text).clone())
    }
}

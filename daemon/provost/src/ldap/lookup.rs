//! Why an entry that the register knows was not read. Rule: directory design, proof before absence.

use ldap3::Scope;
use provost_core::directory::{Absence, Dn, Entry};

use super::by_id::IDS;
use super::change_number::{CHANGE_NUMBER, ChangeNumbers};
use super::error::DirectoryError;
use super::message::PAGED_RESULTS;
use super::reading::LdapReading;
use super::search::{Asked, NO_SUCH_OBJECT, Query};
use super::{Found, Mark, Wanted, schema};

/// Whether entries lie below an entry: slapd's and X.501's operational attribute.
const HAS_SUBORDINATES: &str = "hasSubordinates";

/// Entries lie below it, or it does not say.
fn holds_entries(entry: &Entry) -> bool {
    entry.values(HAS_SUBORDINATES).next() != Some(b"FALSE".as_slice())
}

impl LdapReading {
    /// Base read of the last name, then a search by id without the filter.
    pub(super) async fn explain(
        &mut self,
        stable_id: &str,
        dn: &str,
    ) -> Result<Found, DirectoryError> {
        match self.look(stable_id, dn).await {
            Ok(found) => Ok(found),
            // The server says no to this question; that is no proof of anything.
            Err(DirectoryError::Incomplete { .. }) => Ok(Found {
                absence: Absence::Unknown,
                shown: false,
            }),
            Err(error) => Err(error),
        }
    }

    async fn look(&mut self, stable_id: &str, dn: &str) -> Result<Found, DirectoryError> {
        let here = self.read_base(dn, "(objectClass=*)").await?;
        let here = here.filter(|entry| self.server.id.of(entry).as_deref() == Some(stable_id));
        let found = match here {
            Some(entry) => Some(entry),
            None => self.by_id(stable_id).await?,
        };
        match found {
            Some(entry) => self.where_it_is(&entry).await,
            None => {
                let absence = self.is_its_container_readable(dn).await?;
                let shown = absence.acts();
                Ok(Found { absence, shown })
            }
        }
    }

    async fn by_id(&mut self, stable_id: &str) -> Result<Option<Entry>, DirectoryError> {
        let (context, by_id) = (self.context(), self.server.id.filter(stable_id));
        let query = Query {
            what: "look up an id",
            base: &context,
            scope: Scope::Subtree,
            filter: &by_id,
            attributes: self.asked(),
        };
        let found = self.connection.find(&query).await?;
        let own = |entry: &Entry| self.server.id.of(entry).as_deref() == Some(stable_id);
        Ok(found.into_iter().find(own))
    }

    /// What is asked of single entries: what is mapped, and what the filter looks at.
    fn asked(&self) -> Vec<String> {
        let mut asked = self.mapping().attributes();
        asked.extend(schema::names(&self.source.filter).attributes);
        asked
    }

    /// It exists under this name: outside, let go by the filter, or kept from the read.
    async fn where_it_is(&mut self, entry: &Entry) -> Result<Found, DirectoryError> {
        let told = |absence, shown| Ok(Found { absence, shown });
        match Dn::parse(&entry.dn) {
            Ok(name) if !name.is_within(&self.base) => return told(Absence::MovedOut, true),
            Ok(_) => {}
            Err(_) => return told(Absence::Unknown, false),
        }
        let filter = self.source.filter.clone();
        if self.read_base(&entry.dn, &filter).await?.is_some() {
            return told(Absence::Hidden, true);
        }
        // A filter does not match what an access rule hides either. Only an entry that shows every attribute of the
        // filter has left it for certain.
        let used = schema::names(&filter).attributes;
        let shown = used.iter().all(|name| entry.values(name).next().is_some());
        told(Absence::LeftFilter, shown)
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
            attributes: self.asked(),
        };
        Ok(self.connection.find(&query).await?.into_iter().next())
    }

    /// One entry that somebody asks about, whether it belongs to the source or not.
    pub(super) async fn find_entry(
        &mut self,
        wanted: &Wanted,
    ) -> Result<Option<Entry>, DirectoryError> {
        match wanted {
            Wanted::Dn(dn) => self.read_base(dn, "(objectClass=*)").await,
            Wanted::StableId(id) => self.by_id(id).await,
        }
    }

    /// The entry of that name, if it lies within the base and the filter matches it.
    pub(super) async fn find_staff(&mut self, dn: &str) -> Result<Option<Entry>, DirectoryError> {
        if !Dn::parse(dn).is_ok_and(|name| name.is_within(&self.base)) {
            return Ok(None);
        }
        let filter = self.source.filter.clone();
        self.read_base(dn, &filter).await
    }

    /// All entries of the source with a username.
    pub(super) async fn find_namesakes(
        &mut self,
        username: &str,
    ) -> Result<Vec<Entry>, DirectoryError> {
        let base = self.source.base.clone();
        let value = ldap3::ldap_escape(username);
        let filter = format!(
            "(&{}({}={value}))",
            self.source.filter, self.source.attributes.username
        );
        let query = Query {
            what: "look up a username",
            base: &base,
            scope: Scope::Subtree,
            filter: &filter,
            attributes: self.mapping().attributes(),
        };
        self.connection.find(&query).await
    }

    /// Whether entries lie below one of these entries. Domain controllers do not say, so there the question is whether
    /// people of the source do.
    pub(super) async fn find_container(&mut self, ids: &[String]) -> Result<bool, DirectoryError> {
        let context = self.context();
        for ids in ids.chunks(IDS) {
            let by_id: String = ids.iter().map(|id| self.server.id.filter(id)).collect();
            let filter = format!("(|{by_id})");
            let query = Query {
                what: "look up changed containers",
                base: &context,
                scope: Scope::Subtree,
                filter: &filter,
                attributes: vec![HAS_SUBORDINATES.to_owned()],
            };
            for entry in self.all_of(&query, ids.len()).await? {
                let holds = match entry.text(HAS_SUBORDINATES) {
                    Some(_) => holds_entries(&entry),
                    None => self.has_people_below(&entry.dn).await?,
                };
                if holds {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Somebody of the source lies below an entry, which may be a person of another source itself.
    async fn has_people_below(&mut self, dn: &str) -> Result<bool, DirectoryError> {
        let filter = self.source.filter.clone();
        let query = Query {
            what: "look below a changed entry",
            base: dn,
            scope: Scope::Subtree,
            filter: &filter,
            attributes: vec![self.server.id.name.clone()],
        };
        let own = Dn::parse(dn).ok();
        // Itself and one more are enough to know.
        let asked = match self.server.root.knows(PAGED_RESULTS) {
            true => Asked::Page(2, &[]),
            false => Asked::All,
        };
        let mut search = self.connection.search(&query, asked).await?;
        let mut found = false;
        while let Some(entry) = search.next().await? {
            found |= own.is_none() || Dn::parse(&entry.dn).ok() != own;
        }
        let ending = search.finish().await?;
        match ending.code {
            0 | NO_SUCH_OBJECT => Ok(found),
            _ => Err(ending.incomplete(query.what)),
        }
    }

    /// Whether an entry of the base that holds others has changed since the mark, although it is no staff.
    pub(super) async fn find_changed_container(
        &mut self,
        since: &Mark,
    ) -> Result<bool, DirectoryError> {
        let numbers = ChangeNumbers::of(&since.cookie);
        let Some((numbers, oldest)) = numbers.as_ref().and_then(|n| Some((n, n.oldest()?))) else {
            return Ok(true);
        };
        let base = self.source.base.clone();
        let filter = format!(
            "(&({CHANGE_NUMBER}>={})(!{}))",
            ldap3::ldap_escape(oldest),
            self.source.filter
        );
        let query = Query {
            what: "look for changed containers",
            base: &base,
            scope: Scope::Subtree,
            filter: &filter,
            attributes: vec![CHANGE_NUMBER.to_owned(), HAS_SUBORDINATES.to_owned()],
        };
        let newer = |entry: &Entry| numbers.is_newer(entry) != Some(false) && holds_entries(entry);
        self.any(&query, newer).await
    }

    /// Whether a search finds an entry that is `wanted`.
    async fn any(
        &mut self,
        query: &Query<'_>,
        wanted: impl Fn(&Entry) -> bool,
    ) -> Result<bool, DirectoryError> {
        let mut search = self.connection.search(query, Asked::All).await?;
        let mut found = false;
        while let Some(entry) = search.next().await? {
            found |= wanted(&entry);
        }
        let ending = search.finish().await?;
        match ending.code {
            0 => Ok(found),
            _ => Err(ending.incomplete(query.what)),
        }
    }

    /// The naming context that the base lies in: entries may have moved anywhere within it.
    pub(super) fn context(&self) -> String {
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

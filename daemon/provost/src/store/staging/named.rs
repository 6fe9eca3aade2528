//! A read of changes: only what it names is compared, and the lists of groups stay from the last complete read.

use provost_core::directory::Dn;
use provost_core::id::SourceId;
use provost_core::person::Person;
use provost_core::role::Granted;
use rusqlite::params;

use super::super::Store;
use super::super::error::StoreError;
use super::super::row::{execute, limit, one, to_body, values};
use super::super::snapshot::Snapshot;
use super::place::forget_entries;
use super::{STAGE, StagedList, forget};

/// Which ids are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All that the register or the read knows: the read was complete.
    All,
    /// Those that the read names; absence from it says nothing.
    Named,
}

impl Which {
    pub(super) fn sql(self) -> &'static str {
        match self {
            Self::All => concat!(include_str!("pairs.sql"), include_str!("sides.sql")),
            Self::Named => concat!(include_str!("named.sql"), include_str!("sides.sql")),
        }
    }
}

impl Store {
    /// Forgets the entries that wait of a source; the lists of its groups stay.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub fn unstage_entries(&self, source: &SourceId) -> Result<(), StoreError> {
        const TABLES: [&str; 2] = [
            "DELETE FROM staged_gain WHERE source = ?1",
            "DELETE FROM staged_absence WHERE source = ?1",
        ];
        let source = source.clone();
        self.write(move |writing| {
            forget_entries(writing.connection(), &source)?;
            let mut tables = TABLES.iter();
            tables.try_for_each(|sql| forget(writing.connection(), sql, &source))
        })
    }
}

impl Store {
    /// Works out what the mapped groups give to those whose entries wait. For reads that name few people among large
    /// lists: [`Store::stage_gains`] goes through the lists.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub fn give(&self, source: &SourceId, mapped: Vec<(Dn, Granted)>) -> Result<(), StoreError> {
        let source = source.clone();
        self.write(move |writing| {
            for (group, gives) in &mapped {
                let given = [source.to_string(), group.key(), to_body("grant", gives)?];
                let sql = include_str!("give.sql");
                execute(writing.connection(), STAGE, sql, given)?;
            }
            Ok(())
        })
    }
}

impl Snapshot<'_> {
    /// The members of a list as they are staged; none if it is not.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub fn list(&self, source: &SourceId, name: &str) -> Result<StagedList, StoreError> {
        const SQL: &str = "SELECT member FROM staged_member WHERE source = ?1 AND list = ?2 AND kind = ?3 ORDER BY member";
        let members = |kind: &str| {
            let asked = [source.as_str(), name, kind];
            values(self.connection(), "read a list of members", SQL, asked)
        };
        Ok(StagedList {
            name: name.to_owned(),
            depth: None,
            names: members("name")?,
            usernames: members("username")?,
        })
    }

    /// The person behind an entry of the source.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn person_of_entry(
        &self,
        source: &SourceId,
        stable_id: &str,
    ) -> Result<Option<Person>, StoreError> {
        const SQL: &str = "SELECT body FROM person WHERE stable_id = ?1 AND source = ?2";
        let entry = [stable_id, source.as_str()];
        one(self.connection(), "person", SQL, entry)
    }

    /// Usernames that the staged entries of a source have and the register does not know of the same people.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub fn unfamiliar(&self, source: &SourceId, rows: usize) -> Result<Vec<String>, StoreError> {
        let sql = include_str!("unfamiliar.sql");
        let asked = params![source.as_str(), limit(rows)];
        values(self.connection(), "read new usernames", sql, asked)
    }
}

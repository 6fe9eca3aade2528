//! Where a directory read waits until it is compared with the register.
//!
//! Entries stream in while they are read and are compared from here in the order of their stable ids, so that neither
//! the read nor the plan is ever in memory as a whole. Entries stay here from one read to the next, and one that has not
//! changed is not written again. Nothing here belongs to the register: no revision, no journal.

pub(super) mod file;
mod mirror;
mod named;
mod pairs;
mod place;
mod standing;

pub use mirror::{Mirror, News};
pub use named::Which;
pub use pairs::{Compared, Comparing, Due};
use provost_core::directory::{Absence, Dn, Observed};
use provost_core::id::SourceId;
use provost_core::limits::GROUP_DEPTH_MAX;
use provost_core::person::Person;
use provost_core::role::{Granted, Origin};
use rusqlite::{Connection, params};

use super::Store;
use super::error::{Attempt, StoreError};
use super::row::{collect, execute, from_column, limit, to_body, values};
use super::snapshot::Snapshot;

/// What waits of one entry.
#[derive(Debug, Clone, PartialEq)]
pub enum Staged {
    /// A staff member.
    Staff {
        /// What the entry says.
        observed: Box<Observed>,
        /// Its digest, see [`Observed::content`].
        content: [u8; 16],
    },
    /// An entry that cannot become a person. Whoever it belongs to is not absent.
    Unusable {
        /// Its stable id.
        stable_id: String,
        /// Its distinguished name.
        dn: String,
    },
}

/// What waits of one name that was looked at as a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedList {
    /// Its distinguished name, normalised.
    pub name: String,
    /// Steps from the nearest mapped group; `None` if it has no list.
    pub depth: Option<u32>,
    /// Names of members, normalised.
    pub names: Vec<String>,
    /// Usernames of members, in lower case.
    pub usernames: Vec<String>,
}

/// What a look-up says of an id that was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedAbsence {
    /// The stable id.
    pub stable_id: String,
    /// The server reported a deletion; otherwise the entry was merely not read.
    pub reported: bool,
    /// What the look-up found.
    pub verdict: Absence,
}

const STAGE: &str = "stage a directory read";

impl Store {
    /// Forgets what waits of a source.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub fn unstage(&self, source: &SourceId) -> Result<(), StoreError> {
        let source = source.clone();
        self.write(move |writing| {
            let connection = writing.connection();
            place::forget_entries(connection, &source)?;
            forget_groups(connection, &source)
        })
    }

    /// Forgets what a source's groups and look-ups said, so that they are read anew; entries stay.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub fn unstage_groups(&self, source: &SourceId) -> Result<(), StoreError> {
        let source = source.clone();
        self.write(move |writing| forget_groups(writing.connection(), &source))
    }

    /// Has the next sync of every source compare all that it reads: what tests hold the others against.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    #[cfg(test)]
    pub fn compare_everything(&self) -> Result<(), StoreError> {
        self.write(|writing| {
            let connection = writing.connection();
            execute(connection, STAGE, "DELETE FROM settled", [])?;
            let sources: Vec<String> =
                values(connection, STAGE, "SELECT source FROM staged_mark", [])?;
            let mut sources = sources
                .iter()
                .filter_map(|source| SourceId::new(source).ok());
            sources.try_for_each(|source| place::forget_entries(connection, &source))
        })
    }

    /// Stages lists of members.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub fn stage_lists(&self, source: &SourceId, lists: Vec<StagedList>) -> Result<(), StoreError> {
        let source = source.clone();
        self.write(move |writing| {
            lists
                .iter()
                .try_for_each(|list| stage_list(writing.connection(), &source, list))
        })
    }

    /// Works out what the mapped groups give to whom, from the staged lists.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub fn stage_gains(
        &self,
        source: &SourceId,
        mapped: Vec<(Dn, Granted)>,
    ) -> Result<(), StoreError> {
        const LEFT: &str = "DELETE FROM staged_member WHERE source = ?1 AND list NOT IN (SELECT name FROM staged_group WHERE source = ?1)";
        let source = source.clone();
        self.write(move |writing| {
            forget(writing.connection(), LEFT, &source)?;
            for (group, gives) in &mapped {
                let given = [source.to_string(), group.key(), to_body("grant", gives)?];
                execute(writing.connection(), STAGE, include_str!("gain.sql"), given)?;
            }
            forget(
                writing.connection(),
                "DELETE FROM staged_doubt WHERE source = ?1",
                &source,
            )?;
            let origin = to_body("grant", &Origin::Source(source.clone()))?;
            let doubted = [source.as_str(), &origin];
            execute(
                writing.connection(),
                STAGE,
                include_str!("doubt.sql"),
                doubted,
            )
            .map(drop)
        })
    }

    /// Stages what look-ups said.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub fn stage_absences(
        &self,
        source: &SourceId,
        absences: Vec<StagedAbsence>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT OR REPLACE INTO staged_absence (source, stable_id, reported, verdict) VALUES (?1, ?2, ?3, ?4)";
        let source = source.clone();
        self.write(move |writing| {
            for absence in &absences {
                let verdict = to_body("absence", &absence.verdict)?;
                let row = params![
                    source.as_str(),
                    absence.stable_id,
                    absence.reported,
                    verdict
                ];
                execute(writing.connection(), STAGE, SQL, row)?;
            }
            Ok(())
        })
    }
}

impl Staged {
    /// The entry's stable id.
    pub fn stable_id(&self) -> &str {
        match self {
            Self::Staff { observed, .. } => &observed.stable_id,
            Self::Unusable { stable_id, .. } => stable_id,
        }
    }

    fn dn(&self) -> &str {
        match self {
            Self::Staff { observed, .. } => &observed.dn,
            Self::Unusable { dn, .. } => dn,
        }
    }

    /// The digest by which it is known again. That of an unusable entry is its name's, which no usable one has: the
    /// bytes that are hashed there are longer.
    fn content(&self) -> [u8; 16] {
        match self {
            Self::Staff { content, .. } => *content,
            Self::Unusable { dn, .. } => mirror::key(dn),
        }
    }
}

fn forget(connection: &Connection, sql: &str, source: &SourceId) -> Result<(), StoreError> {
    execute(connection, STAGE, sql, [source.as_str()]).map(drop)
}

/// Lists of members stay until they are read again; those of a group that is none any more go with
/// [`Store::stage_gains`].
fn forget_groups(connection: &Connection, source: &SourceId) -> Result<(), StoreError> {
    const TABLES: [&str; 4] = [
        "DELETE FROM staged_group WHERE source = ?1",
        "DELETE FROM staged_gain WHERE source = ?1",
        "DELETE FROM staged_doubt WHERE source = ?1",
        "DELETE FROM staged_absence WHERE source = ?1",
    ];
    TABLES
        .iter()
        .try_for_each(|sql| forget(connection, sql, source))
}

fn stage_list(
    connection: &Connection,
    source: &SourceId,
    list: &StagedList,
) -> Result<(), StoreError> {
    const LIST: &str =
        "INSERT OR REPLACE INTO staged_group (source, name, depth) VALUES (?1, ?2, ?3)";
    const MEMBERS: &str = "SELECT member FROM staged_member WHERE source = ?1 AND list = ?2 AND kind = ?3 ORDER BY member";
    const FORGET: &str = "DELETE FROM staged_member WHERE source = ?1 AND list = ?2 AND kind = ?3";
    const MEMBER: &str =
        "INSERT INTO staged_member (source, list, kind, member) VALUES (?1, ?2, ?3, ?4)";
    execute(
        connection,
        STAGE,
        LIST,
        params![source.as_str(), list.name, list.depth],
    )?;
    for (kind, members) in [("name", &list.names), ("username", &list.usernames)] {
        let asked = [source.as_str(), &list.name, kind];
        let mut members: Vec<&str> = members.iter().map(String::as_str).collect();
        members.sort_unstable();
        members.dedup();
        // A list that is as it was is not written again.
        let before: Vec<String> = values(connection, STAGE, MEMBERS, asked)?;
        if before == members {
            continue;
        }
        execute(connection, STAGE, FORGET, asked)?;
        for member in members {
            let row = [source.as_str(), &list.name, kind, member];
            execute(connection, STAGE, MEMBER, row)?;
        }
    }
    Ok(())
}

impl Snapshot<'_> {
    /// Names after `after` in lists at `depth` that may be nested groups: no staff, and not looked at yet.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub fn nested_names(
        &self,
        source: &SourceId,
        depth: u32,
        after: &str,
        rows: usize,
    ) -> Result<Vec<String>, StoreError> {
        debug_assert!(depth <= GROUP_DEPTH_MAX);
        let sql = include_str!("frontier.sql");
        let asked = params![source.as_str(), depth, after, limit(rows)];
        values(self.connection(), "read nested groups", sql, asked)
    }

    /// People of the source after the stable id `after` whose entries were not read: stable id and person.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub fn absent(
        &self,
        source: &SourceId,
        after: &str,
        rows: usize,
    ) -> Result<Vec<(String, Person)>, StoreError> {
        const WHAT: &str = "read absent people";
        let asked = params![source.as_str(), after, limit(rows)];
        collect(
            self.connection(),
            WHAT,
            include_str!("absent.sql"),
            asked,
            |row| Ok((row.get(0).attempting(WHAT)?, from_column("person", row, 1)?)),
        )
    }
}

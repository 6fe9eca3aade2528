//! Where a directory read waits until it is compared with the register.
//!
//! Entries stream in while they are read and are compared from here in the order of their stable ids, so that neither
//! the read nor the plan is ever in memory as a whole. Nothing here belongs to the register: no revision, no journal.

mod named;
mod pairs;
mod standing;

pub use named::Which;
pub use pairs::Compared;
use provost_core::directory::{Absence, Dn, Observed};
use provost_core::id::SourceId;
use provost_core::limits::GROUP_DEPTH_MAX;
use provost_core::person::Person;
use provost_core::role::Granted;
use rusqlite::{Connection, params};

use super::Store;
use super::error::{Attempt, StoreError};
use super::row::{collect, execute, from_column, limit, to_body, value, values};
use super::snapshot::Snapshot;

/// What waits of one entry.
#[derive(Debug, Clone, PartialEq)]
pub enum Staged {
    /// A staff member.
    Staff(Box<Observed>),
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
    /// Forgets what waits of a source: the beginning of a new read.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub fn unstage(&self, source: &SourceId) -> Result<(), StoreError> {
        const TABLES: [&str; 5] = [
            "DELETE FROM staged_entry WHERE source = ?1",
            "DELETE FROM staged_group WHERE source = ?1",
            "DELETE FROM staged_member WHERE source = ?1",
            "DELETE FROM staged_gain WHERE source = ?1",
            "DELETE FROM staged_absence WHERE source = ?1",
        ];
        let source = source.clone();
        self.write(move |writing| {
            TABLES.iter().try_for_each(|sql| {
                execute(writing.connection(), STAGE, sql, [source.as_str()]).map(drop)
            })
        })
    }

    /// Stages entries. Says which of them had been staged with other content: a second entry of that id, or one that
    /// changed while the directory was read; the later one counts.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub fn stage(
        &self,
        source: &SourceId,
        entries: Vec<Staged>,
    ) -> Result<Vec<String>, StoreError> {
        let source = source.clone();
        self.write(move |writing| {
            let mut twice = Vec::new();
            for entry in &entries {
                if stage(writing.connection(), &source, entry)? {
                    twice.push(entry.stable_id().to_owned());
                }
            }
            Ok(twice)
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
        let source = source.clone();
        self.write(move |writing| {
            for (group, gives) in &mapped {
                let given = [source.to_string(), group.key(), to_body("grant", gives)?];
                execute(writing.connection(), STAGE, include_str!("gain.sql"), given)?;
            }
            Ok(())
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
    fn stable_id(&self) -> &str {
        match self {
            Self::Staff(observed) => &observed.stable_id,
            Self::Unusable { stable_id, .. } => stable_id,
        }
    }

    fn dn(&self) -> &str {
        match self {
            Self::Staff(observed) => &observed.dn,
            Self::Unusable { dn, .. } => dn,
        }
    }
}

/// Stages one entry; says whether the id had been staged with other content.
fn stage(connection: &Connection, source: &SourceId, entry: &Staged) -> Result<bool, StoreError> {
    const BEFORE: &str =
        "SELECT coalesce(body, '') FROM staged_entry WHERE source = ?1 AND stable_id = ?2";
    const ADD: &str = "INSERT INTO staged_entry (source, stable_id, name, username, body) VALUES (?1, ?2, ?3, ?4, ?5) \
                       ON CONFLICT DO UPDATE SET name = excluded.name, username = excluded.username, body = excluded.body";
    let (username, body) = match entry {
        Staged::Staff(observed) => (
            Some(observed.username.to_lowercase()),
            Some(to_body("entry", observed)?),
        ),
        Staged::Unusable { .. } => (None, None),
    };
    let id = [source.as_str(), entry.stable_id()];
    let before: Option<String> = value(connection, STAGE, BEFORE, id)?;
    let twice = before.is_some_and(|before| before != body.as_deref().unwrap_or_default());
    let name = Dn::parse(entry.dn())
        .map(|name| name.key())
        .unwrap_or_default();
    execute(
        connection,
        STAGE,
        ADD,
        params![id[0], id[1], name, username, body],
    )?;
    Ok(twice)
}

fn stage_list(
    connection: &Connection,
    source: &SourceId,
    list: &StagedList,
) -> Result<(), StoreError> {
    const LIST: &str =
        "INSERT OR REPLACE INTO staged_group (source, name, depth) VALUES (?1, ?2, ?3)";
    const MEMBER: &str =
        "INSERT OR IGNORE INTO staged_member (source, list, kind, member) VALUES (?1, ?2, ?3, ?4)";
    execute(
        connection,
        STAGE,
        LIST,
        params![source.as_str(), list.name, list.depth],
    )?;
    for (kind, members) in [("name", &list.names), ("username", &list.usernames)] {
        for member in members {
            execute(
                connection,
                STAGE,
                MEMBER,
                [source.as_str(), &list.name, kind, member],
            )?;
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

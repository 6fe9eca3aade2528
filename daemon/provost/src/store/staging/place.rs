//! Entries that wait, and the ways to them: by stable id, by name, by username.
//!
//! An entry is put down where it comes; ways are laid to all new ones at once, in order, before anybody looks for one.

use provost_core::directory::Dn;
use provost_core::id::SourceId;
use rusqlite::{Connection, params};

use super::super::Store;
use super::super::error::StoreError;
use super::super::row::{collect, execute, to_body, value};
use super::{Attempt, News, STAGE, Staged, forget};

/// An entry as the table has it.
struct Row {
    stable_id: String,
    content: [u8; 16],
    name: String,
    username: Option<String>,
    account: Option<String>,
    body: Option<String>,
    news: News,
}

impl Row {
    fn of((entry, news): (Staged, News)) -> Result<Self, StoreError> {
        let name = Dn::parse(entry.dn()).map(|name| name.key());
        let (account, body) = match &entry {
            Staged::Staff { observed, .. } => (
                Some(observed.username.clone()),
                Some(to_body("entry", observed)?),
            ),
            Staged::Unusable { .. } => (None, None),
        };
        Ok(Self {
            stable_id: entry.stable_id().to_owned(),
            content: entry.content(),
            name: name.unwrap_or_default(),
            username: account.as_deref().map(str::to_lowercase),
            account,
            body,
            news,
        })
    }

    fn stage(&self, connection: &Connection, source: &SourceId) -> Result<(), StoreError> {
        match self.news {
            News::None => return Ok(()),
            News::New => {}
            News::Changed => forget_entry(connection, source, &self.stable_id)?,
            News::Twice => {
                place(connection, source)?;
                forget_entry(connection, source, &self.stable_id)?;
            }
        }
        let row = params![
            source.as_str(),
            self.stable_id,
            self.content,
            self.name,
            self.username,
            self.account,
            self.body
        ];
        execute(connection, STAGE, include_str!("place/add.sql"), row).map(drop)
    }
}

impl Store {
    /// Stages entries, each with what it is to the mirror. They are found once [`Store::place`] has been called.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub fn stage(&self, source: &SourceId, entries: Vec<(Staged, News)>) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        let source = source.clone();
        let rows = entries.into_iter().map(Row::of);
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        self.write(move |writing| {
            let mut rows = rows.iter();
            rows.try_for_each(|row| row.stage(writing.connection(), &source))
        })
    }

    /// Lays the ways to all entries that were staged since the last call.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub fn place(&self, source: &SourceId) -> Result<(), StoreError> {
        let source = source.clone();
        self.write(move |writing| place(writing.connection(), &source))
    }
}

fn place(connection: &Connection, source: &SourceId) -> Result<(), StoreError> {
    const PLACED: &str = "SELECT number FROM staged_mark WHERE source = ?1";
    const LAST: &str = "SELECT max(number) FROM staged_entry";
    const MARK: &str = "INSERT OR REPLACE INTO staged_mark (source, number) VALUES (?1, ?2)";
    const WAYS: [&str; 3] = [
        include_str!("place/id.sql"),
        include_str!("place/name.sql"),
        include_str!("place/username.sql"),
    ];
    let placed: Option<i64> = value(connection, STAGE, PLACED, [source.as_str()])?;
    let placed = placed.unwrap_or(0);
    let last: Option<Option<i64>> = value(connection, STAGE, LAST, [])?;
    let Some(last) = last.flatten().filter(|last| *last > placed) else {
        return Ok(());
    };
    for sql in WAYS {
        execute(connection, STAGE, sql, params![source.as_str(), placed])?;
    }
    execute(connection, STAGE, MARK, params![source.as_str(), last]).map(drop)
}

/// Forgets an entry to which ways have been laid.
pub(super) fn forget_entry(
    connection: &Connection,
    source: &SourceId,
    stable_id: &str,
) -> Result<(), StoreError> {
    const ENTRY: &str = "DELETE FROM staged_entry WHERE number = ?1";
    const ID: &str = "DELETE FROM staged_id WHERE source = ?1 AND stable_id = ?2";
    const NAME: &str = "DELETE FROM staged_name WHERE source = ?1 AND stable_id = ?2 AND name = ?3";
    const USERNAME: &str =
        "DELETE FROM staged_username WHERE source = ?1 AND stable_id = ?2 AND username = ?3";
    let asked = [source.as_str(), stable_id];
    let sql = include_str!("place/find.sql");
    let found = collect(connection, STAGE, sql, asked, |row| {
        let read = || rusqlite::Result::Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        read().attempting(STAGE)
    })?;
    let found: Vec<(i64, String, Option<String>)> = found;
    for (number, name, username) in found {
        execute(connection, STAGE, ENTRY, [number])?;
        execute(connection, STAGE, ID, asked)?;
        let named = |sql, name: &str| execute(connection, STAGE, sql, [asked[0], asked[1], name]);
        named(NAME, &name)?;
        username.map_or(Ok(0), |username| named(USERNAME, &username))?;
    }
    Ok(())
}

/// Forgets all entries of a source.
pub(super) fn forget_entries(connection: &Connection, source: &SourceId) -> Result<(), StoreError> {
    const TABLES: [&str; 4] = [
        "DELETE FROM staged_entry WHERE source = ?1",
        "DELETE FROM staged_id WHERE source = ?1",
        "DELETE FROM staged_name WHERE source = ?1",
        "DELETE FROM staged_username WHERE source = ?1",
    ];
    let mut tables = TABLES.iter();
    tables.try_for_each(|sql| forget(connection, sql, source))
}

//! Rows and their JSON bodies.

use jiff::Timestamp;
use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, Params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::{Attempt, StoreError};

/// Microseconds since 1970, as index columns hold times.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// A thing as JSON.
pub(super) fn to_body<T: Serialize + ?Sized>(
    noun: &'static str,
    thing: &T,
) -> Result<String, StoreError> {
    serde_json::to_string(thing).map_err(|source| StoreError::Body { noun, source })
}

/// A thing from its JSON.
pub(super) fn from_body<T: DeserializeOwned>(
    noun: &'static str,
    body: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(body).map_err(|source| StoreError::Body { noun, source })
}

/// A number that is never negative, from a column.
pub(super) fn to_u64(noun: &'static str, found: i64) -> Result<u64, StoreError> {
    u64::try_from(found).map_err(|_| StoreError::Value {
        noun,
        found: found.to_string(),
    })
}

/// A limit as SQLite takes it.
pub(super) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// The first column of the only row, if there is one.
pub(super) fn value<T: FromSql>(
    connection: &Connection,
    what: &'static str,
    sql: &str,
    params: impl Params,
) -> Result<Option<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).attempting(what)?;
    statement
        .query_row(params, |row| row.get(0))
        .optional()
        .attempting(what)
}

/// The first column of every row.
pub(super) fn values<T: FromSql>(
    connection: &Connection,
    what: &'static str,
    sql: &str,
    params: impl Params,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).attempting(what)?;
    let rows = statement
        .query_map(params, |row| row.get(0))
        .attempting(what)?;
    rows.collect::<rusqlite::Result<_>>().attempting(what)
}

/// The thing whose body is the first column of the only row, if there is one.
pub(super) fn one<T: DeserializeOwned>(
    connection: &Connection,
    noun: &'static str,
    sql: &str,
    params: impl Params,
) -> Result<Option<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).attempting(noun)?;
    let mut rows = statement.query(params).attempting(noun)?;
    let Some(row) = rows.next().attempting(noun)? else {
        return Ok(None);
    };
    from_column(noun, row, 0).map(Some)
}

/// The things whose bodies are the first column.
pub(super) fn many<T: DeserializeOwned>(
    connection: &Connection,
    noun: &'static str,
    sql: &str,
    params: impl Params,
) -> Result<Vec<T>, StoreError> {
    collect(connection, noun, sql, params, |row| {
        from_column(noun, row, 0)
    })
}

/// What `read` makes of every row.
pub(super) fn collect<T>(
    connection: &Connection,
    what: &'static str,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&rusqlite::Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).attempting(what)?;
    let mut rows = statement.query(params).attempting(what)?;
    let mut things = Vec::new();
    while let Some(row) = rows.next().attempting(what)? {
        things.push(read(row)?);
    }
    Ok(things)
}

/// The thing whose body is the column at `place`, read without copying the text first.
pub(super) fn from_column<T: DeserializeOwned>(
    noun: &'static str,
    row: &rusqlite::Row<'_>,
    place: usize,
) -> Result<T, StoreError> {
    let column = row.get_ref(place).attempting(noun)?;
    let body = column
        .as_str()
        .map_err(rusqlite::Error::from)
        .attempting(noun)?;
    from_body(noun, body)
}

/// Executes a statement that returns no rows; says how many rows it changed.
pub(super) fn execute(
    connection: &Connection,
    what: &'static str,
    sql: &str,
    params: impl Params,
) -> Result<usize, StoreError> {
    let mut statement = connection.prepare_cached(sql).attempting(what)?;
    statement.execute(params).attempting(what)
}

/// Things whose numbers are the first column and whose bodies the second.
pub(super) fn numbered<T: DeserializeOwned>(
    connection: &Connection,
    noun: &'static str,
    sql: &str,
    params: impl Params,
) -> Result<Vec<(u64, T)>, StoreError> {
    collect(connection, noun, sql, params, |row| {
        let number = to_u64(noun, row.get(0).attempting(noun)?)?;
        Ok((number, from_column(noun, row, 1)?))
    })
}

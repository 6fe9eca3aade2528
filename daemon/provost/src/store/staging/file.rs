//! The file beside the register in which directory reads wait. It is worth nothing after a crash, so it is never
//! flushed: a hundred thousand entries cost no more than their pages in memory.

use rusqlite::{Connection, params};
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::super::error::{Attempt, StoreError};

/// Bytes of a page. Entries come by the thousand and in no order: large pages are written with fewer calls.
const PAGE: u32 = 16 << 10;

const MAKE: &str = "make the file for directory reads";

/// The file of the register at `register`.
fn path(register: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(register);
    name.push(".staging");
    name.push(ending);
    name.into()
}

/// Makes an empty one in the place of what an earlier daemon may have left.
pub(in super::super) fn create(register: &Path) -> Result<(), StoreError> {
    remove(register)?;
    let path = path(register, "");
    let attempt = |source| StoreError::File {
        what: MAKE,
        path: path.clone(),
        source,
    };
    let mut options = OpenOptions::new();
    // It holds people's data, so it is the daemon's alone before the first byte is in it.
    let made: std::io::Result<File> = options.write(true).create_new(true).mode(0o600).open(&path);
    made.map_err(attempt)?;
    let connection = Connection::open(&path).attempting(MAKE)?;
    connection
        .pragma_update(None, "page_size", PAGE)
        .attempting(MAKE)?;
    connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
        .attempting(MAKE)?;
    connection
        .pragma_update(None, "synchronous", "OFF")
        .attempting(MAKE)?;
    fill(&connection)
}

/// Makes the tables.
pub(in super::super) fn fill(connection: &Connection) -> Result<(), StoreError> {
    connection
        .execute_batch(include_str!("tables.sql"))
        .attempting(MAKE)
}

/// Makes the tables known to a connection of the register.
pub(in super::super) fn attach(connection: &Connection, register: &Path) -> Result<(), StoreError> {
    const WHAT: &str = "open the file for directory reads";
    let path = path(register, "");
    let name = path.to_str().ok_or_else(|| StoreError::File {
        what: WHAT,
        path: path.clone(),
        source: std::io::Error::new(ErrorKind::InvalidFilename, "the name is not UTF-8"),
    })?;
    let attach = || {
        connection.execute("ATTACH DATABASE ?1 AS staging", params![name])?;
        connection.pragma_update(Some("staging"), "synchronous", "OFF")
    };
    attach().attempting(WHAT)
}

/// Removes it.
pub(in super::super) fn remove(register: &Path) -> Result<(), StoreError> {
    for ending in ["", "-wal", "-shm"] {
        let path = path(register, ending);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != ErrorKind::NotFound => {
                return Err(StoreError::File {
                    what: "remove the file of an earlier directory read",
                    path,
                    source,
                });
            }
            _ => {}
        }
    }
    Ok(())
}

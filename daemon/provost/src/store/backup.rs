//! Copies of the whole register, taken beside the running daemon.

use rusqlite::Connection;
use rusqlite::backup::Backup;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::error::{Attempt, StoreError};

/// Copies what the connection sees to a file that must not exist yet.
pub(super) fn write(from: &Connection, to: &Path) -> Result<(), StoreError> {
    let attempt = |what| {
        let path = to.to_owned();
        move |source| StoreError::File { what, path, source }
    };
    // Readable by the daemon alone before the first byte is in it.
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(attempt("create the backup"))?;
    let copied = copy(from, to).attempting("copy");
    if copied.is_err() {
        // Half a copy must not be taken for a whole one.
        std::fs::remove_file(to).map_err(attempt("remove the unfinished backup"))?;
        return copied;
    }
    file.sync_all().map_err(attempt("flush the backup"))
}

fn copy(from: &Connection, to: &Path) -> rusqlite::Result<()> {
    let mut target = Connection::open(to)?;
    Backup::new(from, &mut target)?.step(-1)?;
    target.close().map_err(|(_, error)| error)
}

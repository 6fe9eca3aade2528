//! Backup: snapshot → copy → proof → name.

use jiff::Timestamp;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::{FlowError, Refusal};
use crate::store::{Backup, Store, StoreError};

/// Writes a copy of the register to `to`, an absolute path, or into `folder` under a name with the time.
///
/// # Errors
/// If the path is not absolute or taken, or the copy cannot be written or proved.
pub fn run(
    store: &Store,
    folder: &Path,
    to: Option<&Path>,
    now: Timestamp,
) -> Result<Backup, FlowError> {
    if let Some(to) = to {
        let refused = |why: &str| FlowError::Invalid {
            what: format!("write the backup {}", to.display()),
            source: Refusal::because(why),
        };
        if !to.is_absolute() {
            return Err(refused("the path must be absolute: the daemon writes it"));
        }
        return store.backup(to).map_err(|error| match error {
            // Taken, missing, forbidden: whoever chose the path can choose another.
            StoreError::File { source, .. } => refused(&source.to_string()),
            error => error.into(),
        });
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| StoreError::File {
            what: "make the folder for backups",
            path: folder.to_owned(),
            source,
        })?;
    Ok(store.backup(&free(folder, now))?)
}

/// A name with the time, and with a number behind it if one of this very second is there.
fn free(folder: &Path, now: Timestamp) -> PathBuf {
    let stem = format!("provost-{}", now.strftime("%Y%m%dT%H%M%SZ"));
    let mut path = folder.join(format!("{stem}.db"));
    let mut number = 1_u64;
    while path.symlink_metadata().is_ok() {
        number += 1;
        path = folder.join(format!("{stem}-{number}.db"));
    }
    path
}

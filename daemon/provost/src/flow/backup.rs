//! Backup: snapshot → copy → proof → name.

use jiff::Timestamp;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

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
        if !to.is_absolute() {
            return Err(FlowError::Invalid {
                what: format!("write the backup {}", to.display()),
                source: Refusal::because("the path must be absolute: the daemon writes it"),
            });
        }
        return Ok(store.backup(to)?);
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
    let name = format!("provost-{}.db", now.strftime("%Y%m%dT%H%M%SZ"));
    Ok(store.backup(&folder.join(name))?)
}

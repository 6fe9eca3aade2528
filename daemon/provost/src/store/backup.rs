//! Copies of the whole register: taken beside the running daemon, proved, and put back.

use jiff::Timestamp;
use provost_core::id::Revision;
use rusqlite::Connection;
use rusqlite::backup::Backup as Copying;
use serde::Serialize;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};

use super::error::{Attempt, StoreError};
use super::journal::Verdict;
use super::{Store, open};
use crate::files::{move_new, sync_folder};

/// A copy that was proved to be a whole register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Backup {
    /// The file.
    pub file: PathBuf,
    /// The revision that it holds.
    pub revision: Revision,
    /// Entries of its journal.
    pub entries: u64,
    /// The journal's last chain hash in hexadecimal.
    pub head: String,
    /// Bytes of the file.
    pub bytes: u64,
}

/// A register that was put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Restored {
    /// What is in place now.
    pub backup: Backup,
    /// Where the register lies that was there before, if there was one.
    pub replaced: Option<PathBuf>,
}

fn attempt(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError + use<> {
    let path = path.to_owned();
    move |source| StoreError::File { what, path, source }
}

/// The path with something behind its name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Copies what the connection sees to a file that must not exist yet. It gets its name when it is proved and safely on
/// the disk, so that half a copy is never taken for a whole one.
pub(super) fn write(from: &Connection, to: &Path) -> Result<Backup, StoreError> {
    if to.symlink_metadata().is_ok() {
        let there = io::ErrorKind::AlreadyExists.into();
        return Err(attempt("create the backup", to)(there));
    }
    let part = beside(to, ".part");
    let written = fill(&part, |part| {
        copy(from, part).attempting("copy the register")
    })
    .and_then(|()| verify(&part))
    .and_then(|proved| {
        move_new(&part, to).map_err(attempt("create the backup", to))?;
        sync_folder(to).map_err(attempt("flush the folder of the backup", to))?;
        Ok(Backup {
            file: to.to_owned(),
            ..proved
        })
    });
    if written.is_err() {
        // Whatever went wrong is told; that the rest of it could not be removed would only hide that.
        let _ = std::fs::remove_file(&part);
    }
    written
}

/// Makes a file that only its owner reads before the first byte is in it, fills it and flushes it.
fn fill(path: &Path, with: impl FnOnce(&Path) -> Result<(), StoreError>) -> Result<(), StoreError> {
    // Left over from one that was cut off.
    let _ = std::fs::remove_file(path);
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(attempt("create", path))?;
    with(path)?;
    file.sync_all().map_err(attempt("flush", path))
}

fn copy(from: &Connection, to: &Path) -> rusqlite::Result<()> {
    let mut target = Connection::open(to)?;
    Copying::new(from, &mut target)?.step(-1)?;
    // The copy is one file that needs none beside it.
    target.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    target.close().map_err(|(_, error)| error)
}

fn not_whole(path: &Path, why: String) -> StoreError {
    StoreError::NotABackup {
        path: path.to_owned(),
        why,
    }
}

/// A register in a file on which no daemon runs, e.g. a backup, to be read only: its format and every page are proved.
///
/// # Errors
/// [`StoreError`] says what is wrong with it.
pub fn open_copy(path: &Path) -> Result<Store, StoreError> {
    for part in ["-wal", "-journal"] {
        let rest = std::fs::metadata(beside(path, part));
        if rest.is_ok_and(|rest| rest.len() > 0) {
            let why = format!(
                "a part of it lies in {part} beside it: it is the file of a running daemon, not a backup"
            );
            return Err(not_whole(path, why));
        }
    }
    open::prove(path)?;
    Ok(Store::frozen(path))
}

/// Proves that a file is a whole register that this build can read: its format, every page, the journal's chain. The
/// file is only read.
///
/// # Errors
/// [`StoreError`] says what is wrong with it.
pub fn verify(path: &Path) -> Result<Backup, StoreError> {
    let bytes = std::fs::metadata(path).map_err(attempt("read the backup", path))?;
    let frozen = open_copy(path)?;
    let register = frozen.read()?;
    match register.verify_journal()? {
        Verdict::Broken { seq, why } => Err(not_whole(
            path,
            format!("entry {seq} of its journal is not what was written: {why}"),
        )),
        Verdict::Sound { entries, head, .. } => Ok(Backup {
            file: path.to_owned(),
            revision: register.revision(),
            entries,
            head,
            bytes: bytes.len(),
        }),
    }
}

/// Puts a backup in the place of the register at `path`, while no daemon runs on it. The register that was there is
/// kept beside it under a name with the time. Everything is proved before anything is touched.
///
/// # Errors
/// [`StoreError::InUse`] if a daemon runs; otherwise what is wrong with the backup, or which step failed. Until the last
/// step the register is the old one.
pub fn restore(backup: &Path, path: &Path, at: Timestamp) -> Result<Restored, StoreError> {
    let lock = open::Lock::take(path)?.0;
    verify(backup)?;
    let owner = Owner::of(path)?;
    let part = beside(path, ".restoring");
    let copied = fill(&part, |part| {
        let copied = std::fs::copy(backup, part);
        copied
            .map(drop)
            .map_err(attempt("copy the backup to", part))
    });
    let proved = copied.and_then(|()| verify(&part)).inspect_err(|_| {
        let _ = std::fs::remove_file(&part);
    })?;
    owner.give(&part)?;
    owner.give(&open::lock_path(path))?;
    let replaced = set_aside(path, at)?;
    std::fs::rename(&part, path).map_err(attempt("put the backup in the place of", path))?;
    sync_folder(path).map_err(attempt("flush the folder of", path))?;
    lock.mark_clean();
    Ok(Restored {
        backup: Backup {
            file: path.to_owned(),
            ..proved
        },
        replaced,
    })
}

/// Whose the register is: a restore by root must leave it to the daemon's account.
struct Owner {
    uid: u32,
    gid: u32,
}

impl Owner {
    fn of(path: &Path) -> Result<Self, StoreError> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let model = std::fs::metadata(path).or_else(|_| std::fs::metadata(folder));
        let model = model.map_err(attempt("look at the folder of", path))?;
        Ok(Self {
            uid: model.uid(),
            gid: model.gid(),
        })
    }

    fn give(&self, path: &Path) -> Result<(), StoreError> {
        chown(path, Some(self.uid), Some(self.gid))
            .map_err(attempt("give the daemon's account", path))
    }
}

/// Gives the register that is there a second name, with all that belongs to it. Its first name stays until the backup
/// takes it, so that at no moment there is none.
fn set_aside(path: &Path, at: Timestamp) -> Result<Option<PathBuf>, StoreError> {
    let log = beside(path, "-wal");
    if File::open(path).is_err() {
        return Ok(None);
    }
    // One that is sound takes its log in by itself. From one that is not SQLite would throw the log away.
    if open::is_sound(path) {
        let settled = Connection::open(path).and_then(|old| {
            old.pragma_update_and_check(None, "wal_checkpoint", "TRUNCATE", |_| Ok(()))?;
            old.close().map_err(|(_, error)| error)
        });
        settled.attempting("take in the log of the replaced")?;
    }
    let kept = beside(
        path,
        &format!(".before-restore-{}", at.strftime("%Y%m%dT%H%M%SZ")),
    );
    std::fs::hard_link(path, &kept).map_err(attempt("keep the replaced register as", &kept))?;
    if log.exists() {
        move_new(&log, &beside(&kept, "-wal")).map_err(attempt("keep the log", &log))?;
    }
    let _ = std::fs::remove_file(beside(path, "-shm"));
    Ok(Some(kept))
}

//! Files that must never be written over.

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use std::fs::File;
use std::io;
use std::path::Path;

/// Moves a file to a name that must be free, at once.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] if something has the name, and what else the system says.
pub(crate) fn move_new(from: &Path, to: &Path) -> io::Result<()> {
    renameat2(AT_FDCWD, from, AT_FDCWD, to, RenameFlags::RENAME_NOREPLACE)
        .map_err(|errno: Errno| errno.into())
}

/// Makes what was done to names in the folder of `path` outlive a power cut.
///
/// # Errors
/// What the system says.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

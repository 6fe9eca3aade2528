//! The files of a package, laid out as they will be installed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::Failed;

/// Who may do what with an installed file. All belong to root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Everybody reads it.
    Data,
    /// Everybody runs it.
    Program,
}

impl Mode {
    fn bits(self) -> u32 {
        match self {
            Self::Data => 0o644,
            Self::Program => 0o755,
        }
    }
}

/// A folder that stands for `/`.
#[derive(Debug)]
pub(crate) struct Tree {
    root: PathBuf,
}

impl Tree {
    /// An empty one; what was there is deleted.
    pub(crate) fn empty(root: PathBuf) -> Result<Self, Failed> {
        if root.exists() {
            fs::remove_dir_all(&root).map_err(failed("empty", &root))?;
        }
        folder(&root)?;
        Ok(Self { root })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where a file will lie, with the folders above it made.
    pub(crate) fn room(&self, path: &str) -> Result<PathBuf, Failed> {
        let full = self.root.join(path);
        let mut above = self.root.clone();
        for part in Path::new(path).parent().into_iter().flatten() {
            above.push(part);
            folder(&above)?;
        }
        Ok(full)
    }

    /// Installs a file of the workspace.
    pub(crate) fn copy(&self, from: &Path, to: &str, mode: Mode) -> Result<(), Failed> {
        let to = self.room(to)?;
        fs::copy(from, &to).map_err(failed("install", from))?;
        set_mode(&to, mode.bits())
    }

    /// Installs a file that is made here.
    pub(crate) fn write(&self, to: &str, content: &[u8], mode: Mode) -> Result<(), Failed> {
        let to = self.room(to)?;
        fs::write(&to, content).map_err(failed("write", &to))?;
        set_mode(&to, mode.bits())
    }

    /// All files, by their paths below the root, in order.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>, Failed> {
        let mut found = Vec::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(failed("read", &folder))? {
                let path = entry.map_err(failed("read", &folder))?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(below) = path.strip_prefix(&self.root) {
                    found.push(below.to_owned());
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// What the files take, in KiB, each rounded up as a file system does.
    pub(crate) fn kilobytes(&self) -> Result<u64, Failed> {
        let mut sum = 0;
        for file in self.files()? {
            let path = self.root.join(file);
            sum += fs::metadata(&path)
                .map_err(failed("look at", &path))?
                .len()
                .div_ceil(1024);
        }
        Ok(sum)
    }
}

/// A folder that everybody may enter, whatever the umask.
pub(crate) fn folder(path: &Path) -> Result<(), Failed> {
    fs::create_dir_all(path).map_err(failed("create", path))?;
    set_mode(path, 0o755)
}

fn set_mode(path: &Path, mode: u32) -> Result<(), Failed> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .map_err(failed("set the mode of", path))
}

/// What was attempted on which path, and why it failed.
pub(crate) fn failed(what: &str, path: &Path) -> impl FnOnce(std::io::Error) -> Failed {
    let what = format!("{what} {}", path.display());
    move |why| Failed::because(format!("{what}: {why}"))
}

/// What a program prints, which must succeed.
pub(crate) fn printed(command: &mut Command) -> Result<Vec<u8>, Failed> {
    let output = command
        .output()
        .map_err(|why| Failed::start(command, &why))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    Err(Failed::status(command, output.status))
}

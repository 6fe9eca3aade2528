//! A plugin's project: a folder with a `plugin.toml`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::manifest::{Manifest, ManifestError};
use crate::document::DocumentError;

/// Folders that hold nothing of the plugin's source.
const ASIDE: [&str; 6] = [
    "build",
    "target",
    "node_modules",
    "scenarios",
    "typings",
    "__pycache__",
];

/// Endings of files that make the plugin what it is.
const SOURCES: [&str; 7] = ["rs", "py", "js", "mjs", "wit", "toml", "lock"];

/// A project.
#[derive(Debug)]
pub struct Project {
    /// Where it lies.
    pub folder: PathBuf,
    /// What it says of itself.
    pub manifest: Manifest,
    /// The manifest as it was written.
    pub text: String,
}

/// Why there is no project, or none that can be used.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// There is no manifest.
    #[error(
        "{} is no plugin's project: it has no plugin.toml. Go into one, name it with --project, or begin one with \
         `provost plugin new`",
        .0.display()
    )]
    None(PathBuf),
    /// The manifest is not believed.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// It was not built.
    #[error("{} is missing: run `provost plugin build` first", .0.display())]
    NotBuilt(PathBuf),
    /// What was built is not what is written now.
    #[error(
        "{} is older than {}: run `provost plugin build` again",
        .built.display(),
        .source_file.display()
    )]
    Stale {
        /// What was built.
        built: PathBuf,
        /// What was changed since.
        source_file: PathBuf,
    },
    /// The files cannot be looked at.
    #[error("read {}", .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Project {
    /// Opens the project in a folder.
    ///
    /// # Errors
    /// [`ProjectError`] if there is none or its manifest is not believed.
    pub fn open(folder: &Path) -> Result<Self, ProjectError> {
        let path = folder.join("plugin.toml");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(why) if why.kind() == io::ErrorKind::NotFound => {
                return Err(ProjectError::None(folder.to_owned()));
            }
            Err(source) => {
                let file = path.display().to_string();
                return Err(ManifestError::from(DocumentError::Unreadable { file, source }).into());
            }
        };
        let manifest = Manifest::read("plugin.toml", &text)?;
        Ok(Self {
            folder: folder.to_owned(),
            manifest,
            text,
        })
    }

    /// Where what was built lies.
    pub fn built(&self) -> PathBuf {
        self.folder
            .join("build")
            .join(format!("{}.wasm", self.manifest.id))
    }

    /// The component that was built from what is written now.
    ///
    /// # Errors
    /// [`ProjectError`] if it was not built, or something was changed since.
    pub fn component(&self) -> Result<Vec<u8>, ProjectError> {
        let built = self.built();
        let unreadable = |source| ProjectError::Read {
            path: built.clone(),
            source,
        };
        let Ok(about) = built.metadata() else {
            return Err(ProjectError::NotBuilt(built));
        };
        let made = about.modified().map_err(unreadable)?;
        if let Some(source_file) = newer(&self.folder, made)? {
            return Err(ProjectError::Stale { built, source_file });
        }
        fs::read(&built).map_err(unreadable)
    }

    /// The project's scenario files, by name.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn scenarios(&self) -> Result<Vec<PathBuf>, ProjectError> {
        let folder = self.folder.join("scenarios");
        let is_scenario = |path: &PathBuf| {
            let ending = path.extension().and_then(|ending| ending.to_str());
            matches!(ending, Some("toml" | "json"))
        };
        let mut files: Vec<_> = match fs::read_dir(&folder) {
            Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => {
                return Err(ProjectError::Read {
                    path: folder,
                    source,
                });
            }
        };
        files.retain(is_scenario);
        files.sort();
        Ok(files)
    }
}

/// A source file below a folder that was changed after `made`.
fn newer(folder: &Path, made: SystemTime) -> Result<Option<PathBuf>, ProjectError> {
    let unreadable = |source| ProjectError::Read {
        path: folder.to_owned(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        let about = entry.metadata().map_err(unreadable)?;
        if about.is_dir() {
            if !name.starts_with('.')
                && !ASIDE.contains(&name.as_ref())
                && let Some(found) = newer(&path, made)?
            {
                return Ok(Some(found));
            }
        } else if let Some((_, ending)) = name.rsplit_once('.')
            && SOURCES.contains(&ending)
            && about.modified().map_err(unreadable)? > made
        {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

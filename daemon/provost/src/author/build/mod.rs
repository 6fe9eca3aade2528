//! `provost plugin build`: drives the toolchain of the project's language and checks what comes out, so that whatever is
//! wrong is said here and not when somebody installs it.

mod javascript;
mod python;
mod rust;

use provost_sandbox::{EncodeError, LoadError, Mismatch, Plugin};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use super::Lang;
use super::manifest::Wants;
use super::project::Project;
use super::trial::Trial;

/// What was built.
#[derive(Debug)]
pub struct Built {
    /// Where it lies.
    pub path: PathBuf,
    /// Bytes of the component.
    pub bytes: usize,
    /// The plugin, tried.
    pub plugin: Plugin,
}

/// Why nothing was built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A part of the toolchain is not there.
    #[error("{what} is missing: {install}")]
    Missing {
        /// Which part.
        what: String,
        /// What installs it.
        install: String,
    },
    /// A program could not be started.
    #[error("start `{command}`")]
    Start {
        /// Which.
        command: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The toolchain refuses the source; it has said why.
    #[error("`{command}` ended with {status}: what it printed above says why")]
    Toolchain {
        /// What was run.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// The toolchain answered something that is not understood.
    #[error("read what `{command}` answers: {why}")]
    Answer {
        /// What was run.
        command: &'static str,
        /// What is wrong.
        why: String,
    },
    /// A file could not be read or written.
    #[error("{what} {}", .path.display())]
    File {
        /// What was attempted.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What came out is no plugin.
    #[error("make a plugin of what was built")]
    Encode(#[from] EncodeError),
    /// It is refused, as the daemon would refuse it.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Manifest and plugin say different things.
    #[error("plugin.toml and the plugin differ: {}", .0.join("; "))]
    Differ(Vec<String>),
}

impl BuildError {
    fn missing(what: &str, install: &str) -> Self {
        Self::Missing {
            what: what.to_owned(),
            install: install.to_owned(),
        }
    }
}

/// Builds a project and tries the result. What was built before stays if this fails.
///
/// # Errors
/// [`BuildError`] names what is missing or wrong.
pub fn build(project: &Project, trial: &Trial) -> Result<Built, BuildError> {
    let manifest = &project.manifest;
    let component = match manifest.lang {
        Lang::Rust => provost_sandbox::encode(&rust::module(project)?, Some(&project.text))?,
        Lang::Python => provost_sandbox::with_manifest(python::component(project)?, &project.text)?,
        Lang::JavaScript => {
            provost_sandbox::with_manifest(javascript::component(project)?, &project.text)?
        }
    };
    let found = provost_sandbox::inspect(&component).map_err(EncodeError::from)?;
    let kind = found.kind.map_err(EncodeError::from)?;
    if kind != manifest.kind {
        let expected = manifest.kind;
        return Err(EncodeError::from(Mismatch::OtherKind {
            found: kind,
            expected,
        })
        .into());
    }
    let plugin = trial.load(&manifest.id, Some(kind), &component)?;
    let differences = manifest.wants.differences(&Wants::of(&plugin), kind);
    if !differences.is_empty() {
        return Err(BuildError::Differ(differences));
    }
    let path = project.built();
    write(&path, &component)?;
    Ok(Built {
        path,
        bytes: component.len(),
        plugin,
    })
}

/// Writes a file whole or not at all, in a folder that is made.
fn write(path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    let failed = |what, path: &Path| {
        let path = path.to_owned();
        move |source| BuildError::File { what, path, source }
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed("create", folder))?;
    }
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, bytes).map_err(failed("write", &unfinished))?;
    fs::rename(&unfinished, path).map_err(failed("write", path))
}

fn read(path: &Path) -> Result<Vec<u8>, BuildError> {
    fs::read(path).map_err(|source| BuildError::File {
        what: "read",
        path: path.to_owned(),
        source,
    })
}

/// The command as one would type it.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

/// Runs a part of the toolchain; what it prints goes to standard error. `missing` is for a program that is not there.
fn run(command: &mut Command, missing: impl FnOnce() -> BuildError) -> Result<(), BuildError> {
    let stderr = io::stderr();
    let output = command.stdout(stderr).status();
    match output {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(BuildError::Toolchain {
            command: shown(command),
            status,
        }),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Err(missing()),
        Err(source) => Err(BuildError::Start {
            command: shown(command),
            source,
        }),
    }
}

/// What a program prints; `None` if it fails or is not there.
fn answer(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

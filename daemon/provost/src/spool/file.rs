//! One file of the spool: opened without following anything, taken in chunks, moved to where it belongs.

use nix::fcntl::OFlag;
use provost_core::change::Actor;
use provost_core::limits::ACTIVITY_BATCH_MAX;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;

use super::lines::{Format, Lines};
use crate::daemon::Daemon;
use crate::failpoint;
use crate::files::move_new;
use crate::flow::FlowError;
use crate::flow::ingest::{self, Sender, Taken, Verdict};

/// Reasons written for one file: who has got so many wrong has got something wrong that the first ones show.
const REASONS_MAX: u64 = 10_000;

/// Files of one name that `done/` or `failed/` may hold.
const NAMESAKES_MAX: u32 = 10_000;

/// Why a file stays where it is for now.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// A file operation failed.
    #[error("{what} {}", path.display())]
    File {
        /// What was attempted.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// Its events could not be recorded.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

/// Names an operation on a file for its error.
pub(super) fn attempt(
    what: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> SpoolError + use<> {
    let path = path.to_owned();
    move |source| SpoolError::File { what, path, source }
}

/// What tells whether a file has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
}

impl Stamp {
    pub(super) fn of(file: &Metadata) -> Self {
        Self {
            inode: file.ino(),
            bytes: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
        }
    }
}

/// How the reading of a file ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// Every line was taken; the file lies in `done/`.
    Done,
    /// Some lines were refused, or it is no file to read: it lies in `failed/` with its reasons.
    Failed,
    /// Somebody wrote to it meanwhile: it is read again once it has settled.
    Grew,
    /// The daemon stops.
    Cut,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) lines: u64,
    pub(super) refused: u64,
    pub(super) ended: Ended,
}

/// The folder with its two places for files that were read.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    done: PathBuf,
    failed: PathBuf,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        let (done, failed) = (path.join("done"), path.join("failed"));
        Self { path, done, failed }
    }

    /// Makes the two places.
    pub(super) fn prepare(&self) -> Result<(), SpoolError> {
        for place in [&self.done, &self.failed] {
            match std::fs::create_dir(place) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(attempt("make the folder", place)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes a file and moves it where it belongs.
    pub(super) fn take(
        &self,
        daemon: &Daemon,
        name: &OsStr,
        format: Format,
        stop: &CancellationToken,
    ) -> Result<Outcome, SpoolError> {
        let mut reasons = Reasons::new(&self.failed, name);
        let mut lines = 0;
        let ended = match open(&self.path.join(name)) {
            Ok(file) => {
                let ended = read(daemon, &file, name, format, stop, &mut reasons, &mut lines)?;
                if ended != Ended::Done {
                    return Ok(outcome(lines, &reasons, ended));
                }
                ended
            }
            Err(why) => {
                reasons.whole(&why)?;
                Ended::Failed
            }
        };
        failpoint::hit("spool.move.before");
        let ended = if reasons.refused == 0 {
            self.move_to(&self.done, name)?;
            ended
        } else {
            let moved = self.move_to(&self.failed, name)?;
            reasons.keep_beside(&moved)?;
            Ended::Failed
        };
        Ok(outcome(lines, &reasons, ended))
    }

    /// Moves a file into a place, under the first free name of `a.csv`, `a.csv.1`, `a.csv.2`, …
    fn move_to(&self, place: &Path, name: &OsStr) -> Result<PathBuf, SpoolError> {
        let from = self.path.join(name);
        let failed = |error: io::Error| attempt("move the spool file", &from)(error);
        for namesake in 0..NAMESAKES_MAX {
            let mut free = OsString::from(name);
            if namesake > 0 {
                free.push(format!(".{namesake}"));
            }
            let to = place.join(free);
            // Never over a file that is there: both are somebody's proof.
            match move_new(&from, &to) {
                Ok(()) => return Ok(to),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(failed(io::ErrorKind::AlreadyExists.into()))
    }
}

fn outcome(lines: u64, reasons: &Reasons, ended: Ended) -> Outcome {
    Outcome {
        lines,
        refused: reasons.refused,
        ended,
    }
}

/// Opens a plain file. What it is is asked of the opened file, so that nobody can swap it in between.
fn open(path: &Path) -> Result<File, String> {
    let kind =
        std::fs::symlink_metadata(path).map_err(|why| format!("cannot be looked at: {why}"))?;
    if kind.is_symlink() {
        return Err("is a symbolic link, which is never followed".to_owned());
    }
    // A pipe without a writer must not keep the daemon waiting.
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits())
        .open(path)
        .map_err(|why| format!("cannot be opened: {why}"))?;
    match file.metadata() {
        Ok(kind) if kind.is_file() => Ok(file),
        Ok(_) => Err("is no plain file".to_owned()),
        Err(why) => Err(format!("cannot be looked at: {why}")),
    }
}

/// Reads the whole file in one pass, a commit a chunk.
fn read(
    daemon: &Daemon,
    file: &File,
    name: &OsStr,
    format: Format,
    stop: &CancellationToken,
    reasons: &mut Reasons,
    lines: &mut u64,
) -> Result<Ended, SpoolError> {
    let stamp = |file: &File| file.metadata().map(|file| Stamp::of(&file));
    let begun = stamp(file).ok();
    let mut input = Lines::new(BufReader::new(file), format);
    let mut sender = Sender {
        actor: Actor::Spool(shown(name)),
        // Who may write the folder is said by its owner and mode, not by scopes.
        reach: None,
        unreadable_before: false,
    };
    loop {
        if stop.is_cancelled() {
            return Ok(Ended::Cut);
        }
        let chunk = match input.chunk(ACTIVITY_BATCH_MAX) {
            Ok(chunk) => chunk,
            Err(why) => {
                reasons.whole(&format!("cannot be read on: {why}"))?;
                break;
            }
        };
        if chunk.is_empty() {
            break;
        }
        *lines += chunk.len() as u64;
        let taken = daemon.scene(|scene| ingest::run(scene, &chunk, &sender))?;
        daemon.changed();
        for taken in taken.iter().filter(|taken| !taken.result.is_taken()) {
            sender.unreadable_before |= taken.result == Verdict::Malformed;
            reasons.line(taken)?;
        }
    }
    Ok(if stamp(file).ok() == begun {
        Ended::Done
    } else {
        Ended::Grew
    })
}

/// A file's name for logs and the journal, on one line.
pub(super) fn shown(name: &OsStr) -> String {
    let name = name.to_string_lossy();
    name.chars()
        .map(|letter| if letter.is_control() { '?' } else { letter })
        .collect()
}

/// Why lines of a file were refused, on their way to `NAME.reasons`. Nothing is written while there is nothing to say.
struct Reasons {
    path: PathBuf,
    file: Option<BufWriter<File>>,
    refused: u64,
}

impl Reasons {
    fn new(failed: &Path, name: &OsStr) -> Self {
        let mut part = OsString::from(".");
        part.push(name);
        part.push(".reasons.part");
        Self {
            path: failed.join(part),
            file: None,
            refused: 0,
        }
    }

    fn write(&mut self, text: &str) -> Result<(), SpoolError> {
        let failed = |path: &Path| attempt("write the reasons", path);
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let options = File::options()
                    .write(true)
                    .create(true)
                    .truncate(true)
                    .to_owned();
                let file = options.open(&self.path).map_err(failed(&self.path))?;
                self.file.insert(BufWriter::new(file))
            }
        };
        let text: String = text
            .chars()
            .map(|letter| if letter.is_control() { ' ' } else { letter })
            .collect();
        writeln!(file, "{text}").map_err(failed(&self.path))
    }

    /// A refused line: `12: unknown-person: the register knows none of that name`.
    fn line(&mut self, taken: &Taken) -> Result<(), SpoolError> {
        self.refused += 1;
        if self.refused > REASONS_MAX {
            return Ok(());
        }
        let why = taken.why.as_deref().unwrap_or_default();
        let word = taken.result.word();
        self.write(&format!("{}: {word}: {why}", taken.line))
    }

    /// Something that is wrong with the file as a whole.
    fn whole(&mut self, why: &str) -> Result<(), SpoolError> {
        self.refused += 1;
        self.write(&format!("the file {why}"))
    }

    /// Gives the reasons the name of the file that they are about, when they are safely on the disk.
    fn keep_beside(&mut self, file: &Path) -> Result<(), SpoolError> {
        let more = self.refused.saturating_sub(REASONS_MAX);
        if more > 0 {
            self.write(&format!("and {more} more lines"))?;
        }
        let mut name = file.as_os_str().to_owned();
        name.push(".reasons");
        let failed = |error| attempt("write the reasons", Path::new(&name))(error);
        if let Some(written) = self.file.take() {
            let written = written
                .into_inner()
                .map_err(|error| failed(error.into_error()))?;
            written.sync_all().map_err(failed)?;
        }
        std::fs::rename(&self.path, &name).map_err(failed)
    }
}

impl Drop for Reasons {
    /// Reasons of a file that will be read again are not kept.
    fn drop(&mut self) {
        if self.file.is_some() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

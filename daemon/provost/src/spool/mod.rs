//! The spool folder: activity files that export jobs drop are taken by themselves.
//!
//! A job writes under a name that begins with `.` or ends in `.tmp` or `.part` and renames the file when it is whole; a
//! file that is written in place is taken once it has not changed for [`SETTLE`]. Events of a file are recorded before
//! the file is moved, so a crash in between means that it is read again and every event is a duplicate.

mod file;
pub mod lines;

pub use file::SpoolError;

use serde::Serialize;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

use crate::daemon::Daemon;
use crate::live::chain;
use crate::watch::Watch;
use file::{Ended, Folder, Outcome, Stamp, attempt, shown};
use lines::Format;

/// How long a file must not have changed before it counts as whole.
const SETTLE: Duration = Duration::from_secs(1);

/// The folder is looked at this often even if no event tells of a file: watches can be lost.
const LOOK: Duration = Duration::from_secs(60);

/// Files looked at in one go; the rest follow when these are gone.
const FILES_MAX: usize = 10_000;

/// The spool as `status` shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Standing {
    /// The folder.
    pub folder: PathBuf,
    /// Files that wait to be taken.
    pub waiting: usize,
    /// Files taken whole since the start.
    pub done: u64,
    /// Files since the start of which something was refused.
    pub failed: u64,
    /// Why nothing is taken at the moment.
    pub trouble: Option<String>,
}

/// A file that was seen in the folder.
struct Seen {
    stamp: Stamp,
    since: Instant,
    /// It could not be taken then: tried again at the next look.
    tried: Option<Instant>,
}

/// The folder and what is known of the files in it.
struct Spool {
    folder: Folder,
    seen: BTreeMap<OsString, Seen>,
    standing: Standing,
}

/// Takes files as they come, until told to stop.
pub(crate) async fn watch(daemon: Arc<Daemon>, path: PathBuf, stop: CancellationToken) {
    let mut spool = Spool {
        standing: Standing {
            folder: path.clone(),
            ..Standing::default()
        },
        folder: Folder::new(path.clone()),
        seen: BTreeMap::new(),
    };
    let mut watch = None;
    while !stop.is_cancelled() {
        // A folder that was not there at the start is watched as soon as it is.
        watch = watch.or_else(|| Watch::folder(&path).ok());
        let (mine, stopping) = (Arc::clone(&daemon), stop.clone());
        let looked = tokio::task::spawn_blocking(move || {
            let pause = spool.look(&mine, &stopping);
            (spool, pause)
        });
        let Ok((returned, pause)) = looked.await else {
            // Only a defect ends up here; the daemon stops and says which task it was.
            return;
        };
        spool = returned;
        daemon.spool.store(Some(Arc::new(spool.standing.clone())));
        tokio::select! {
            () = stop.cancelled() => {}
            () = changed(&mut watch) => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn changed(watch: &mut Option<Watch>) {
    match watch {
        Some(watch) => watch.changed().await,
        None => std::future::pending().await,
    }
}

impl Spool {
    /// Takes what has settled. Says how long to wait for the next look if nothing tells of a change.
    fn look(&mut self, daemon: &Daemon, stop: &CancellationToken) -> Duration {
        let trouble = match self.take_settled(daemon, stop) {
            Ok(trouble) => trouble,
            Err(error) => Some(chain(&error)),
        };
        // Said once for each state, not at each look.
        if self.standing.trouble != trouble {
            match &trouble {
                Some(why) => tracing::error!(why, "the spool is not taken"),
                None => tracing::info!("the spool is taken again"),
            }
        }
        self.standing.trouble = trouble;
        self.standing.waiting = self.seen.len();
        let settling = self.seen.values().any(|seen| seen.tried.is_none());
        if settling { SETTLE } else { LOOK }
    }

    /// Takes every file that has settled; hands back why one of them could not be taken.
    fn take_settled(
        &mut self,
        daemon: &Daemon,
        stop: &CancellationToken,
    ) -> Result<Option<String>, SpoolError> {
        self.folder.prepare()?;
        self.see()?;
        let mut trouble = None;
        let now = Instant::now();
        let settled = |seen: &Seen| match seen.tried {
            Some(tried) => now.duration_since(tried) >= LOOK,
            None => now.duration_since(seen.since) >= SETTLE,
        };
        let ready: Vec<OsString> = self
            .seen
            .iter()
            .filter(|(_, seen)| settled(seen))
            .map(|(name, _)| name.clone())
            .collect();
        for name in ready {
            if stop.is_cancelled() {
                break;
            }
            let Some(format) = wanted(&name) else {
                continue;
            };
            match self.folder.take(daemon, &name, format, stop) {
                Ok(outcome) => self.taken(&name, &outcome),
                Err(error) => {
                    trouble = Some(chain(&error));
                    if let Some(seen) = self.seen.get_mut(&name) {
                        seen.tried = Some(Instant::now());
                    }
                }
            }
        }
        let waits = self.seen.values().any(|seen| seen.tried.is_some());
        // A file that is not tried in this round still stands for what was wrong with it.
        Ok(trouble.or_else(|| self.standing.trouble.clone().filter(|_| waits)))
    }

    fn taken(&mut self, name: &OsStr, outcome: &Outcome) {
        let Outcome {
            lines,
            refused,
            ended,
        } = outcome;
        let file = shown(name);
        match ended {
            Ended::Done => {
                self.standing.done += 1;
                tracing::info!(file, lines, "spool file taken");
            }
            Ended::Failed => {
                self.standing.failed += 1;
                tracing::warn!(file, lines, refused, "spool file taken, some of it refused");
            }
            Ended::Grew => tracing::info!(file, "spool file changed while it was read"),
            Ended::Cut => return,
        }
        self.seen.remove(name);
    }

    /// Looks at what lies in the folder.
    fn see(&mut self) -> Result<(), SpoolError> {
        let path = &self.folder.path;
        let failed = |error| attempt("read the spool folder", path)(error);
        let mut there = BTreeMap::new();
        for entry in std::fs::read_dir(path).map_err(failed)?.take(FILES_MAX) {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            if wanted(&name).is_some()
                && let Ok(file) = entry.metadata()
            {
                there.insert(name, Stamp::of(&file));
            }
        }
        self.seen.retain(|name, _| there.contains_key(name));
        for (name, stamp) in there {
            let fresh = || Seen {
                stamp,
                since: Instant::now(),
                tried: None,
            };
            let seen = self.seen.entry(name).or_insert_with(fresh);
            if seen.stamp != stamp {
                *seen = fresh();
            }
        }
        Ok(())
    }
}

/// The format of a file that is to be taken; names of files that are still being written have none.
fn wanted(name: &OsStr) -> Option<Format> {
    let bytes = name.as_encoded_bytes();
    if bytes.starts_with(b".") {
        return None;
    }
    Format::of(&Path::new(name).to_string_lossy())
}

#[cfg(test)]
mod tests;

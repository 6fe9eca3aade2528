//! Tells when the configuration or a plugin file has changed and settled.
//!
//! Editors and package managers write in several steps (truncate, write, rename), so one change is many events. A
//! change is reported once nothing more has happened for [`SETTLE`]. Folders are watched rather than files, because a
//! file that is replaced by a rename is a new inode that a watch on the old one never sees.

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;

/// Quiet time after which a change counts as complete.
const SETTLE: Duration = Duration::from_millis(500);

/// Watches a set of files.
pub struct Watch {
    _watcher: RecommendedWatcher,
    events: mpsc::Receiver<()>,
    /// Something changed that nobody has looked at yet.
    stirred: bool,
}

/// The files cannot be watched; SIGHUP still reloads.
#[derive(Debug, thiserror::Error)]
#[error("watch {path} for changes")]
pub struct WatchError {
    path: PathBuf,
    #[source]
    source: notify::Error,
}

impl Watch {
    /// Watches the folders of `files` for changes of these files.
    ///
    /// # Errors
    /// [`WatchError`] if a folder cannot be watched, e.g. because it does not exist.
    pub fn new(files: &[PathBuf]) -> Result<Self, WatchError> {
        let absolute: BTreeSet<PathBuf> = files
            .iter()
            .filter_map(|file| std::path::absolute(file).ok())
            .collect();
        let folders: BTreeSet<PathBuf> = absolute
            .iter()
            .filter_map(|file| file.parent())
            .map(Path::to_owned)
            .collect();
        Self::over(&folders, move |path| absolute.contains(path))
    }

    /// Watches whatever happens in a folder.
    ///
    /// # Errors
    /// [`WatchError`] if it cannot be watched, e.g. because it does not exist.
    pub fn folder(folder: &Path) -> Result<Self, WatchError> {
        Self::over(&[folder.to_owned()].into(), |_| true)
    }

    fn over(
        folders: &BTreeSet<PathBuf>,
        concerns: impl Fn(&Path) -> bool + Send + 'static,
    ) -> Result<Self, WatchError> {
        let (sender, events) = mpsc::channel(1);
        let failed = |path: &Path, source| WatchError {
            path: path.to_owned(),
            source,
        };
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                let concerned = event.is_ok_and(|event| {
                    !event.kind.is_access() && event.paths.iter().any(|path| concerns(path))
                });
                if concerned {
                    // One pending event is enough: it says "look again".
                    let _ = sender.try_send(());
                }
            })
            .map_err(|source| failed(Path::new(""), source))?;
        for folder in folders {
            watcher
                .watch(folder, RecursiveMode::NonRecursive)
                .map_err(|source| failed(folder, source))?;
        }
        Ok(Self {
            _watcher: watcher,
            events,
            stirred: false,
        })
    }

    /// Takes the place of an older watch, and over what that one has seen and nobody looked at: a file may change again
    /// while it is being read.
    #[must_use]
    pub fn following(mut self, old: Option<Self>) -> Self {
        self.stirred = old.is_some_and(|mut old| old.stirred || old.events.try_recv().is_ok());
        self
    }

    /// Waits until something has changed, settled or not.
    pub async fn changed(&mut self) {
        if std::mem::take(&mut self.stirred) {
            return;
        }
        if self.events.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until something has changed and settled.
    pub async fn settled(&mut self) {
        self.changed().await;
        while let Ok(Some(())) = tokio::time::timeout(SETTLE, self.events.recv()).await {}
    }
}

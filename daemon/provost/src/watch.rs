//! Tells when the configuration or a plugin file has changed and settled.
//!
//! Editors and package managers write in several steps (truncate, write, rename), so one change is many events. A
//! change is reported once nothing more has happened for [`SETTLE`]. Folders are watched rather than files, because a
//! file that is replaced by a rename is a new inode that a watch on the old one never sees.

use arc_swap::ArcSwapOption;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// Quiet time after which a change counts as complete.
const SETTLE: Duration = Duration::from_millis(500);

/// Tells of changes.
pub struct Watch {
    watched: Arc<Watched>,
    events: mpsc::Receiver<()>,
}

/// What is watched. Files are named before they are read, and the same watch goes on from one reading to the next: a
/// file that changes while it is being read is told of.
pub struct Watched {
    folders: Mutex<(RecommendedWatcher, BTreeSet<PathBuf>)>,
    /// What a change must concern; `None` for whatever happens in the folders.
    concerned: Arc<ArcSwapOption<BTreeSet<PathBuf>>>,
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
    /// Watches for changes of these files, until others are [followed](Watched::follow).
    ///
    /// # Errors
    /// [`WatchError`] if a folder of theirs cannot be watched, e.g. because it does not exist.
    pub fn files(files: &[PathBuf]) -> Result<Self, WatchError> {
        let watch = Self::new()?;
        watch.watched.follow(files)?;
        Ok(watch)
    }

    /// Watches whatever happens in a folder.
    ///
    /// # Errors
    /// [`WatchError`] if it cannot be watched, e.g. because it does not exist.
    pub fn folder(folder: &Path) -> Result<Self, WatchError> {
        let watch = Self::new()?;
        watch.watched.over([folder.to_owned()].into())?;
        Ok(watch)
    }

    fn new() -> Result<Self, WatchError> {
        let (sender, events) = mpsc::channel(1);
        let concerned = Arc::new(ArcSwapOption::<BTreeSet<PathBuf>>::empty());
        let concerns = Arc::clone(&concerned);
        let tell = move |event: notify::Result<notify::Event>| {
            let concerned = event.is_ok_and(|event| {
                let concerns = concerns.load();
                let concerns = |path| concerns.as_ref().is_none_or(|files| files.contains(path));
                // After too many events at once nobody knows what they were.
                event.need_rescan() || (!event.kind.is_access() && event.paths.iter().any(concerns))
            });
            if concerned {
                // One pending event is enough: it says "look again".
                let _ = sender.try_send(());
            }
        };
        let watcher = notify::recommended_watcher(tell).map_err(|source| WatchError {
            path: PathBuf::new(),
            source,
        })?;
        let watched = Arc::new(Watched {
            folders: Mutex::new((watcher, BTreeSet::new())),
            concerned,
        });
        Ok(Self { watched, events })
    }

    /// What is watched, for whoever knows which files there are.
    #[must_use]
    pub fn watched(&self) -> Arc<Watched> {
        Arc::clone(&self.watched)
    }

    /// Waits until something has changed, settled or not.
    pub async fn changed(&mut self) {
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

impl Watched {
    /// Watches these files from now on, and no others.
    ///
    /// # Errors
    /// [`WatchError`] if a folder of theirs cannot be watched; the others are.
    pub fn follow(&self, files: &[PathBuf]) -> Result<(), WatchError> {
        let absolute = files
            .iter()
            .filter_map(|file| std::path::absolute(file).ok());
        let mut concerned: BTreeSet<PathBuf> = absolute.collect();
        let folders = concerned.iter().filter_map(|file| file.parent());
        let folders: BTreeSet<PathBuf> = folders.map(Path::to_owned).collect();
        // A folder that is taken away or replaced takes its files along.
        concerned.extend(folders.iter().cloned());
        self.concerned.store(Some(Arc::new(concerned)));
        self.over(folders)
    }

    fn over(&self, folders: BTreeSet<PathBuf>) -> Result<(), WatchError> {
        let (watcher, before) = &mut *self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        for gone in before.difference(&folders) {
            // It may be there no more.
            let _ = watcher.unwatch(gone);
        }
        let mut result = Ok(());
        for folder in &folders {
            // Also one that is watched already: there may be another in its place.
            if let Err(source) = watcher.watch(folder, RecursiveMode::NonRecursive) {
                result = result.and(Err(WatchError {
                    path: folder.clone(),
                    source,
                }));
            }
        }
        *before = folders;
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{create_dir, rename, write};

    #[tokio::test]
    async fn a_change_between_two_readings_is_told_of() {
        let place = tempfile::tempdir().unwrap();
        let [config, plugin] = ["config", "plugin"].map(|name| place.path().join(name));
        let mut watch = Watch::files(std::slice::from_ref(&config)).unwrap();
        let watched = watch.watched();
        // Each reading names the files anew, whether or not the event of the change before was looked at.
        for _ in 0..50 {
            write(&config, "names the plugin").unwrap();
            watched.follow(&[config.clone(), plugin.clone()]).unwrap();
            watch.changed().await;
            write(&plugin, "new").unwrap();
            watched.follow(std::slice::from_ref(&config)).unwrap();
            watched.follow(&[config.clone(), plugin.clone()]).unwrap();
            write(&plugin, "newer").unwrap();
            watch.changed().await;
        }
    }

    #[tokio::test]
    async fn a_folder_that_is_replaced_is_watched_again() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("etc");
        create_dir(&folder).unwrap();
        let file = folder.join("config");
        let mut watch = Watch::files(std::slice::from_ref(&file)).unwrap();
        rename(&folder, place.path().join("old")).unwrap();
        watch.changed().await;
        create_dir(&folder).unwrap();
        watch.watched().follow(std::slice::from_ref(&file)).unwrap();
        write(&file, "new").unwrap();
        watch.changed().await;
    }
}

//! Reload: what is to be in force is read, tried, and put in force whole or not at all.

use std::path::PathBuf;
use std::sync::Arc;

use super::Daemon;
use crate::flow::{self, reload::ReloadError};
use crate::live::{Live, Loader, chain};

/// What a reload needs.
pub(super) struct Reloader {
    pub(super) path: PathBuf,
    pub(super) credentials: Option<PathBuf>,
    pub(super) loader: Arc<Loader>,
}

/// What is to be in force from now on.
fn loaded(daemon: &Daemon, reloader: &Reloader) -> Result<Live, ReloadError> {
    let new = crate::config::read(&reloader.path, reloader.credentials.as_deref())?;
    let (live, now) = (daemon.config(), daemon.ports.clock.now());
    let old = &live.config;
    if (&old.store, &old.listen) != (&new.store, &new.listen) {
        return Err(ReloadError::Fixed(flow::Refusal::because(
            "they are read at start only: restart the service",
        )));
    }
    let offered = (new, reloader.path.as_path());
    flow::plugin::settle(&daemon.store, offered, &reloader.loader, Some(&live), now)
}

/// Reads the configuration anew; says whether it is in force now. The old one stays on failure, said once.
pub(super) fn reload(daemon: &Daemon, reloader: &Reloader) -> bool {
    let _changing = daemon.plugins.hold();
    let live = match loaded(daemon, reloader) {
        Ok(live) => live,
        Err(error) => {
            let mut lines = vec![chain(&error)];
            lines.extend(error.problems().iter().map(ToString::to_string));
            // A signal and a file event about the same mistake are one refusal.
            if **daemon.reload_refused.load() != lines {
                tracing::error!(reason = %lines.join("; "), "configuration refused; the old one stays in force");
                daemon.reload_refused.store(Arc::new(lines));
            }
            return false;
        }
    };
    let districts: Vec<_> = live.config.districts.values().cloned().collect();
    if let Err(error) = flow::districts::follow(
        &daemon.store,
        &districts,
        &live.config.feeds,
        daemon.ports.clock.now(),
    ) {
        tracing::error!(error = %chain(&error), "districts not committed; the old configuration stays in force");
        daemon.reload_refused.store(Arc::new(vec![chain(&error)]));
        return false;
    }
    daemon.live.store(Arc::new(live));
    daemon.reload_refused.store(Arc::default());
    daemon.changed();
    tracing::info!("configuration in force");
    true
}

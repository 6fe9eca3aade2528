//! Reload: what is to be in force is read, tried, and put in force whole or not at all.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Daemon;
use crate::config::{Config, ConfigError};
use crate::flow::{self, reload::ReloadError};
use crate::live::{Live, Loader, chain};
use crate::log::event;
use crate::watch::{Watch, Watched};

/// What a reload needs.
pub(super) struct Reloader {
    pub(super) path: PathBuf,
    pub(super) credentials: Option<PathBuf>,
    pub(super) loader: Arc<Loader>,
    pub(super) watched: Option<Arc<Watched>>,
}

/// Watches the configuration file, before it is read for the first time.
pub(super) fn watch(config: &Path) -> Option<Watch> {
    let watch = Watch::files(&[config.to_owned()]);
    watch
        .map_err(|error| tracing::warn!(error = %chain(&error), "changes are not watched"))
        .ok()
}

/// Reads the configuration. What it names is watched from then on, and so before it is read itself.
pub(super) fn read(
    path: &Path,
    credentials: Option<&Path>,
    watched: Option<&Watched>,
) -> Result<Config, ConfigError> {
    let config = crate::config::read(path, credentials)?;
    let mut files = vec![path.to_owned()];
    let offers = config.plugins.values();
    files.extend(offers.filter_map(|offer| offer.file.clone()));
    let tls = config.listen.tls.iter();
    files.extend(tls.flat_map(|tls| [tls.cert.clone(), tls.key.clone()]));
    if let Some(Err(error)) = watched.map(|watched| watched.follow(&files)) {
        tracing::warn!(error = %chain(&error), "changes are not watched");
    }
    Ok(config)
}

/// What is to be in force from now on.
fn loaded(daemon: &Daemon, reloader: &Reloader) -> Result<Live, ReloadError> {
    let (path, credentials) = (&reloader.path, reloader.credentials.as_deref());
    let new = read(path, credentials, reloader.watched.as_deref())?;
    let (live, now) = (daemon.config(), daemon.ports.clock.now());
    let old = &live.config;
    if (&old.store, &old.listen) != (&new.store, &new.listen) {
        return Err(ReloadError::Fixed(flow::Refusal::because(
            "they are read at start only: restart the service",
        )));
    }
    let offered = (new, path.as_path());
    flow::plugin::settle(&daemon.store, offered, &reloader.loader, Some(&live), now)
}

/// Reads the configuration anew; says whether it is in force now. The old one stays on failure, said once.
pub(super) fn reload(daemon: &Daemon, reloader: &Reloader) -> bool {
    let _changing = daemon.plugins.hold();
    let live = match loaded(daemon, reloader) {
        Ok(live) => live,
        Err(error) => {
            let lines = error.lines();
            // A signal and a file event about the same mistake are one refusal.
            if **daemon.reload_refused.load() != lines {
                tracing::error!(message_id = event::CONFIGURATION_REFUSED.id, reason = %lines.join("; "), "configuration refused; the old one stays in force");
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
        tracing::error!(message_id = event::CONFIGURATION_REFUSED.id, error = %chain(&error), "districts not committed; the old configuration stays in force");
        daemon.reload_refused.store(Arc::new(vec![chain(&error)]));
        return false;
    }
    daemon.live.store(Arc::new(live));
    daemon.reload_refused.store(Arc::default());
    daemon.changed();
    tracing::info!(
        message_id = event::CONFIGURATION_IN_FORCE.id,
        "configuration in force"
    );
    true
}

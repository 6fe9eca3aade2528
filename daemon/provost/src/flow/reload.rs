//! SIGHUP or a settled file event → configuration and plugins read and tried → swapped at once; on failure the old stays.

use std::path::Path;

use provost_core::document::Problem;

use crate::config::{self, Config, ConfigError};
use crate::live::{Live, Loader};

/// Why the old configuration stays in force.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// It is not believed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It is believed, but a plugin or its use is not.
    #[error("load what configuration {path} names")]
    Load {
        /// The configuration file.
        path: std::path::PathBuf,
        /// Each with key, value and what is allowed.
        problems: Vec<Problem>,
    },
    /// Database and listeners cannot change while the daemon runs.
    #[error("change [store] or [listen] while the daemon runs")]
    Fixed(#[source] super::Refusal),
}

impl ReloadError {
    /// Everything that is wrong, one line each.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Config(ConfigError::Problems { problems, .. }) | Self::Load { problems, .. } => {
                problems
            }
            Self::Config(_) | Self::Fixed(_) => &[],
        }
    }
}

/// Reads, checks, loads and tries: the one path of start-up, `provost check` and reload.
///
/// # Errors
/// [`ReloadError`] with all problems.
pub fn load(path: &Path, credentials: Option<&Path>, loader: &Loader) -> Result<Live, ReloadError> {
    in_force(config::read(path, credentials)?, path, loader)
}

/// Loads and tries what a configuration names.
///
/// # Errors
/// [`ReloadError::Load`] with all problems.
pub fn in_force(config: Config, path: &Path, loader: &Loader) -> Result<Live, ReloadError> {
    Live::load(config, loader).map_err(|problems| ReloadError::Load {
        path: path.to_owned(),
        problems,
    })
}

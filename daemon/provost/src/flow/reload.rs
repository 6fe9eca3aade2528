//! SIGHUP or a settled file event → configuration and plugins read and tried → swapped at once; on failure the old stays.

use std::path::Path;

use provost_core::document::Problem;

use crate::config::{self, ConfigError};
use crate::live::{Live, Loader, chain};

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
    /// What the configuration offers could not be compared with the register, or not be recorded.
    #[error(transparent)]
    Register(#[from] super::FlowError),
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
            Self::Config(_) | Self::Register(_) | Self::Fixed(_) => &[],
        }
    }

    /// What was attempted and why it failed, then everything that is wrong.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let problems = self.problems().iter().map(ToString::to_string);
        std::iter::once(chain(self)).chain(problems).collect()
    }
}

/// Reads, checks, loads and tries what a configuration names by itself, whatever was approved.
///
/// # Errors
/// [`ReloadError`] with all problems.
pub fn look(path: &Path, credentials: Option<&Path>, loader: &Loader) -> Result<Live, ReloadError> {
    let config = config::read(path, credentials)?;
    Live::load(config, loader).map_err(|problems| ReloadError::Load {
        path: path.to_owned(),
        problems,
    })
}

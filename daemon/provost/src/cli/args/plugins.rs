//! `provost plugin …` of the running daemon.

use clap::Subcommand;
use std::path::PathBuf;

/// Versions of plugins in the running daemon. A version is the SHA-256 of its component; the beginning of it will do.
#[derive(Debug, Clone, Subcommand)]
pub enum PluginLifeCommand {
    /// Try a component and keep it; it comes into force if it asks for no more than was approved.
    Install {
        /// The component.
        file: PathBuf,
        /// As which plugin. Default: the file's name without its ending.
        #[arg(long)]
        id: Option<String>,
        /// Show what it asks for beyond what is approved, and keep nothing.
        #[arg(long, conflicts_with = "approve")]
        diff: bool,
        /// Approve what it asks for and bring it into force.
        #[arg(long)]
        approve: bool,
    },
    /// Approve what a version asks for and bring it into force.
    Approve {
        /// Which plugin.
        id: String,
        /// Which version. Default: the newest that waits.
        hash: Option<String>,
    },
    /// All plugins with their versions, and what waits for approval.
    List,
    /// Return to an earlier version.
    Rollback {
        /// Which plugin.
        id: String,
        /// Which version. Default: the one that was in force before.
        hash: Option<String>,
    },
    /// Take a plugin out of force and forget what was approved for it.
    Remove {
        /// Which plugin.
        id: String,
    },
}

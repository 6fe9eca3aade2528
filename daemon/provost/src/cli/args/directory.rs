//! What can be typed about directories.

use clap::Subcommand;

/// `provost sync …`.
#[derive(Debug, Clone, Subcommand)]
pub enum SyncCommand {
    /// Read the directory and print exactly what `apply` would commit, with its hash.
    Plan {
        /// The source; may be left out if there is one.
        source: Option<String>,
    },
    /// Read the directory and commit the plan. An operator's apply is the approval of first plans and role gains.
    Apply {
        /// The source; may be left out if there is one.
        source: Option<String>,
        /// Commit only the plan of this hash.
        #[arg(long, value_name = "HASH")]
        plan: Option<String>,
    },
    /// Freshness, last outcome and counts of each source.
    Status,
}

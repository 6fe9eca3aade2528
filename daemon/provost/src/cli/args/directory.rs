//! What can be typed about directories.

use clap::Subcommand;

/// `provost sync …`.
#[derive(Debug, Clone, Subcommand)]
pub enum SyncCommand {
    /// Read the directory and print exactly what `apply` would commit, with its hash.
    Plan {
        /// The source; may be left out if there is one.
        source: Option<String>,
        /// Read everything, even where changes alone would do.
        #[arg(long)]
        full: bool,
    },
    /// Read the directory and commit the plan. An operator's apply is the approval of first plans and role gains.
    Apply {
        /// The source; may be left out if there is one.
        source: Option<String>,
        /// Commit only the plan of this hash.
        #[arg(long, value_name = "HASH")]
        plan: Option<String>,
        /// Read everything, even where changes alone would do.
        #[arg(long)]
        full: bool,
    },
    /// Connect and say what server it is, how it is read and why, and whether its schema knows what is asked for.
    Probe {
        /// The source; may be left out if there is one.
        source: Option<String>,
    },
    /// What the directory says of somebody now, how it is mapped, what follows and why. Changes nothing.
    Explain {
        /// A person (`username`, `district/username`, `uuid:…`, `mail:…`), or a distinguished name.
        about: String,
        /// The source; may be left out if there is one, or if the register knows the person.
        #[arg(long)]
        source: Option<String>,
    },
    /// Freshness, last outcome and counts of each source.
    Status,
}

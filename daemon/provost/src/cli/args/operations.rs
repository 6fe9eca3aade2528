//! What can be typed about notices, tokens, the journal, the clock and backups.

use clap::{Args as ClapArgs, Subcommand};
use std::path::PathBuf;

/// `provost restore`.
#[derive(Debug, Clone, ClapArgs)]
pub struct RestoreArgs {
    /// The backup.
    pub backup: PathBuf,
    /// The configuration, which says where the register lies.
    #[arg(long, default_value = "/etc/provost/provost.toml")]
    pub config: PathBuf,
    /// Only prove the backup.
    #[arg(long)]
    pub check: bool,
}

/// `provost notice …`.
#[derive(Debug, Clone, Subcommand)]
pub enum NoticeCommand {
    /// The latest notices with their state.
    List,
    /// One notice with every attempt.
    Show {
        /// Its id.
        id: String,
    },
    /// Print what a channel would send to a contact now, without sending it.
    Render {
        /// Which contact.
        person: String,
        /// notice, reminder, final, deactivated or reactivated.
        #[arg(long, default_value = "notice")]
        stage: String,
    },
}

/// `provost audit …`.
#[derive(Debug, Clone, Subcommand)]
pub enum AuditCommand {
    /// The latest entries of the journal.
    List {
        /// Only entries after this number.
        #[arg(long, default_value_t = 0)]
        after: u64,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Recompute the whole chain.
    Verify,
}

/// `provost token …`.
#[derive(Debug, Clone, Subcommand)]
pub enum TokenCommand {
    /// Make a token for a program. Its secret is printed once.
    Create {
        /// What it may do: decide, activity, desk, admin, audit.
        #[arg(long, value_delimiter = ',', required = true)]
        scopes: Vec<String>,
        /// In which districts; * for all.
        #[arg(long, value_delimiter = ',', required = true)]
        districts: Vec<String>,
        /// What it is for.
        #[arg(long)]
        name: Option<String>,
        /// How long it is valid, e.g. 90d. Default: for good.
        #[arg(long)]
        expires: Option<String>,
    },
    /// All tokens, without their secrets.
    List,
    /// Take a token back, at once.
    Revoke {
        /// Its id: the part between provost_ and the secret.
        id: String,
    },
}

/// `provost clock …`.
#[derive(Debug, Clone, Subcommand)]
pub enum ClockCommand {
    /// Whether transitions run.
    Status,
    /// Say that the wall clock is right, after a freeze.
    Confirm,
}

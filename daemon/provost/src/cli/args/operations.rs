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
    List {
        /// Only those in this state: waiting, held, accepted, failed or withdrawn.
        #[arg(long)]
        state: Option<String>,
        /// Only those about this person.
        #[arg(long)]
        person: Option<String>,
        /// Only those of this district.
        #[arg(long)]
        district: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
    /// Print what a contact was told before each deactivation, with receipts, hashes and journal entries.
    Proof {
        /// Which contact.
        person: String,
        /// Only this episode, whatever came of it.
        #[arg(long)]
        episode: Option<u32>,
    },
    /// Try a notice again at once, or all that were given up.
    #[command(group = clap::ArgGroup::new("which").required(true))]
    Retry {
        /// This one.
        #[arg(group = "which")]
        id: Option<String>,
        /// All that were given up.
        #[arg(long, group = "which")]
        failed: bool,
        /// With --failed: only those of this district.
        #[arg(long, requires = "failed")]
        district: Option<String>,
    },
    /// Let a mass of notices go out that waits for an operator's word.
    Approve(MassArgs),
    /// Take a mass of notices back. Their stages are looked at again a day later.
    Refuse(MassArgs),
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

/// Which of the notices that wait.
#[derive(Debug, Clone, ClapArgs)]
pub struct MassArgs {
    /// Only if exactly those wait that were looked at: the hash that `provost status` shows.
    #[arg(long)]
    pub hash: Option<String>,
    /// Only those of this district.
    #[arg(long)]
    pub district: Option<String>,
}

/// `provost person …`.
#[derive(Debug, Clone, Subcommand)]
pub enum PersonCommand {
    /// Erase somebody who has left: everything but the register's id, from the register and from the journal's values,
    /// for good. Backups and exports that were made before are not reached.
    Erase {
        /// Whom; by the register's id if the register itself does not know them any more.
        person: String,
        /// Only say what would go.
        #[arg(long)]
        dry_run: bool,
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
    /// Recompute the whole chain, and prove that it still contains the checkpoints that were kept. Exit 0 or 1.
    Verify(AuditVerifyArgs),
    /// Print rows of the journal as JSON lines, with all that it takes to recompute the chain elsewhere.
    Export {
        /// From this commit's number or RFC 3339 time on.
        #[arg(long)]
        from: Option<String>,
        /// Up to this commit's number, or before this RFC 3339 time.
        #[arg(long)]
        to: Option<String>,
    },
    /// Sign where the journal stands now: a line to be kept where this machine cannot reach it.
    Checkpoint,
}

/// Against what the journal is verified.
#[derive(Debug, Clone, ClapArgs)]
pub struct AuditVerifyArgs {
    /// A file with checkpoints that were kept elsewhere, one a line. May be given several times.
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Vec<PathBuf>,
    /// A public key that checkpoints may be signed with, besides the register's present one: the `key` of one that is
    /// trusted.
    #[arg(long, value_name = "HEX")]
    pub key: Vec<String>,
    /// Verify this file, a backup or the register of a stopped daemon, instead of asking the daemon.
    #[arg(long, value_name = "FILE")]
    pub database: Option<PathBuf>,
}

/// `provost token …`.
#[derive(Debug, Clone, Subcommand)]
pub enum TokenCommand {
    /// Make a token for a program. Its secret is printed once.
    Create {
        /// What it may do: decide, activity, desk, admin, audit, upkeep.
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

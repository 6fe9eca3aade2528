//! What can be typed about notices, the journal and the clock.

use clap::Subcommand;

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

/// `provost clock …`.
#[derive(Debug, Clone, Subcommand)]
pub enum ClockCommand {
    /// Whether transitions run.
    Status,
    /// Say that the wall clock is right, after a freeze.
    Confirm,
}

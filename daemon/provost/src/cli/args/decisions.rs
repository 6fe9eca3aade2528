//! What can be typed about decisions and sessions.

use clap::{Args as ClapArgs, Subcommand};

/// `provost decide`.
#[derive(Debug, Clone, ClapArgs)]
pub struct DecideArgs {
    /// Who: an id, district/username, a unique username, mail:…, tel:…, uuid:…; TYPE=ID says the type, e.g. agent=kim.
    #[arg(long, required_unless_present = "replay")]
    pub subject: Option<String>,
    /// The action, e.g. login-as.
    #[arg(long, required_unless_present = "replay")]
    pub action: Option<String>,
    /// On what: like the subject; TYPE=ID says the type, e.g. district=lone-pine.
    #[arg(long, required_unless_present = "replay")]
    pub resource: Option<String>,
    /// A property of the resource, e.g. kind=sandbox-refresh. May be repeated.
    #[arg(long = "property", value_name = "KEY=VALUE")]
    pub properties: Vec<String>,
    /// A circumstance, e.g. session=s1. May be repeated.
    #[arg(long = "context", value_name = "KEY=VALUE")]
    pub context: Vec<String>,
    /// Make a recorded decision again, of what the rules saw then. Exit 1 if it comes out otherwise.
    #[arg(long, value_name = "ID", conflicts_with_all = ["subject", "action", "resource", "properties", "context"])]
    pub replay: Option<u64>,
}

/// `provost decisions …`.
#[derive(Debug, Clone, Subcommand)]
pub enum DecisionsCommand {
    /// Recorded decisions, newest first.
    List {
        /// Only those about this district.
        #[arg(long)]
        district: Option<String>,
        /// Only those for which this person was looked at.
        #[arg(long)]
        person: Option<String>,
        /// Only those that allowed, or only those that denied.
        #[arg(long, value_parser = ["allow", "deny"])]
        outcome: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// One of them with everything that the rules saw.
    Show {
        /// Its number.
        id: u64,
    },
}

/// `provost session …`.
#[derive(Debug, Clone, Subcommand)]
pub enum SessionCommand {
    /// Open a session.
    Open {
        /// Its id.
        id: String,
        /// Whose login it is.
        #[arg(long)]
        person: String,
        /// Remote address.
        #[arg(long)]
        remote: Option<String>,
        /// Client program.
        #[arg(long)]
        client: Option<String>,
    },
    /// Enter another person's account, if every rule lets you.
    LoginAs {
        /// The session.
        id: String,
        /// Whom to enter.
        #[arg(long)]
        target: String,
    },
    /// Leave the account that was entered.
    Return {
        /// The session.
        id: String,
    },
    /// Close the session.
    Close {
        /// The session.
        id: String,
    },
}

//! What can be typed about decisions and sessions.

use clap::{Args as ClapArgs, Subcommand};

/// `provost decide`.
#[derive(Debug, Clone, ClapArgs)]
pub struct DecideArgs {
    /// Who: an id, district/username, a unique username, mail:…, tel:…, uuid:…; TYPE=ID says the type, e.g. agent=kim.
    #[arg(long)]
    pub subject: String,
    /// The action, e.g. login-as.
    #[arg(long)]
    pub action: String,
    /// On what: like the subject; TYPE=ID says the type, e.g. district=lone-pine.
    #[arg(long)]
    pub resource: String,
    /// A property of the resource, e.g. kind=sandbox-refresh. May be repeated.
    #[arg(long = "property", value_name = "KEY=VALUE")]
    pub properties: Vec<String>,
    /// A circumstance, e.g. session=s1. May be repeated.
    #[arg(long = "context", value_name = "KEY=VALUE")]
    pub context: Vec<String>,
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

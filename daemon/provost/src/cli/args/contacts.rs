//! What can be typed about contacts and their activity.

use clap::{Args as ClapArgs, Subcommand};
use std::path::PathBuf;

use crate::spool::lines::Format;

/// `provost sweep …`.
#[derive(Debug, Clone, Subcommand)]
pub enum SweepCommand {
    /// Print what is due.
    Plan,
    /// Do what is due, as the timer does.
    Run,
}

/// `provost activity …`.
#[derive(Debug, Clone, Subcommand)]
pub enum ActivityCommand {
    /// Record one event.
    Record {
        /// Whose.
        person: String,
        /// What it was: portal-login, case-submitted, case-comment, case-attachment, case-closed, case-reopened,
        /// case-opened-for, update-request or verified-call.
        #[arg(long, default_value = "portal-login")]
        kind: String,
        /// When it happened, RFC 3339; now if left out.
        #[arg(long)]
        at: Option<String>,
        /// Its id, by which a duplicate is known; made from the other fields if left out.
        #[arg(long)]
        id: Option<String>,
        /// The configured feed that brings it.
        #[arg(long)]
        feed: Option<String>,
    },
    /// Record the events of a file, as the spool does. Exit 1 if something in it was refused.
    Import {
        /// The file; `-` is standard input.
        file: PathBuf,
        /// ndjson or csv; told by the file's name if left out.
        #[arg(long)]
        format: Option<Format>,
    },
}

/// `provost feed …`.
#[derive(Debug, Clone, Subcommand)]
pub enum FeedCommand {
    /// The configured feeds with how far each has come.
    List,
    /// Say that everything that happened before a moment has been sent.
    Watermark {
        /// Which feed.
        id: String,
        /// The moment, RFC 3339.
        at: String,
    },
}

/// `provost contact …`.
#[derive(Debug, Clone, Subcommand)]
pub enum ContactCommand {
    /// All contacts.
    List {
        /// Only of this district.
        #[arg(long)]
        district: Option<String>,
    },
    /// One contact with dates, stages, notices and everything that happened so far.
    Show {
        /// Who.
        person: String,
    },
    /// Make a person a contact, or change the kind of one.
    Designate {
        /// Who.
        person: String,
        /// support or technical.
        #[arg(long = "type", default_value = "support")]
        kind: String,
        /// The contact of the district on whose word it is done; the operator if left out.
        #[arg(long)]
        by: Option<String>,
    },
    /// Take the authority away.
    Remove {
        /// Who.
        person: String,
        /// The contact of the district on whose word it is done; the operator if left out.
        #[arg(long)]
        by: Option<String>,
    },
    /// Restore a deactivated contact: a "Modify Support Contact" case by another valid contact of the district.
    Reactivate {
        /// Who.
        person: String,
        /// The other contact.
        #[arg(long)]
        by: String,
        /// support or technical; as before if left out.
        #[arg(long = "type")]
        kind: Option<String>,
    },
    /// Record a course that a contact has completed.
    Train {
        /// Who.
        person: String,
        /// Its name.
        #[arg(long, default_value = "fundamentals")]
        course: String,
        /// The day, e.g. 2025-01-31.
        #[arg(long)]
        completed: String,
    },
    /// Record that a contact is said to share credentials, and alarm the operators.
    Shared {
        /// Who.
        person: String,
        /// What was seen.
        #[arg(long)]
        note: Option<String>,
        /// Who reports it: a person, or agent=ID; the operator if left out.
        #[arg(long)]
        by: Option<String>,
    },
    /// All contacts by district, of every state, as a sheet.
    Report {
        /// Only of this district.
        #[arg(long)]
        district: Option<String>,
        /// table, csv or json.
        #[arg(long, value_enum, default_value = "table")]
        format: super::SheetFormat,
    },
    /// The support desk's question: may this caller?
    Who(WhoArgs),
}

/// How the caller is known.
#[derive(Debug, Clone, ClapArgs)]
#[group(required = true, multiple = false)]
pub struct WhoArgs {
    /// Mail address.
    #[arg(long)]
    pub mail: Option<String>,
    /// Telephone number.
    #[arg(long)]
    pub tel: Option<String>,
    /// Username, or district/username.
    #[arg(long)]
    pub username: Option<String>,
}

//! What can be typed about roles, groups and rights.

use clap::{Args as ClapArgs, Subcommand, ValueEnum};

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SheetFormat {
    /// Columns for people.
    Table,
    /// RFC 4180; no cell is taken for a formula.
    Csv,
    /// A list of objects.
    Json,
}

/// On whose word, until when, and whether only to look.
#[derive(Debug, Clone, ClapArgs)]
pub struct Giving {
    /// The person on whose word it is done, whom the rules must allow it; the operator if left out.
    #[arg(long)]
    pub by: Option<String>,
    /// Not held from then on, RFC 3339.
    #[arg(long)]
    pub expires: Option<String>,
    /// Change nothing; print what the person could do afterwards that they could not do before.
    #[arg(long)]
    pub preview: bool,
}

/// On whose word something is taken back.
#[derive(Debug, Clone, ClapArgs)]
pub struct Taking {
    /// The person on whose word it is done, whom the rules must allow it; the operator if left out.
    #[arg(long)]
    pub by: Option<String>,
}

/// `provost role …`.
#[derive(Debug, Clone, Subcommand)]
pub enum RoleCommand {
    /// Give a security role to a person.
    Grant {
        /// To whom.
        person: String,
        /// Which, e.g. sis or finance.
        role: String,
        #[command(flatten)]
        giving: Giving,
    },
    /// Take a role back that was given by hand.
    Revoke {
        /// From whom.
        person: String,
        /// Which.
        role: String,
        #[command(flatten)]
        taking: Taking,
    },
    /// The product security role report: who holds which role.
    Report(RoleReportArgs),
}

/// `provost role report`.
#[derive(Debug, Clone, ClapArgs)]
pub struct RoleReportArgs {
    /// Of which district.
    #[arg(long)]
    pub district: String,
    /// Only this role. May be repeated.
    #[arg(long = "role")]
    pub roles: Vec<String>,
    /// Holders whose account is disabled, too.
    #[arg(long)]
    pub include_disabled: bool,
    /// person or role.
    #[arg(long, default_value = "person", value_parser = ["person", "role"])]
    pub group_by: String,
    /// The person who asks, whom the rules must allow it; the operator if left out.
    #[arg(long)]
    pub by: Option<String>,
    /// table, csv or json.
    #[arg(long, value_enum, default_value = "table")]
    pub format: SheetFormat,
}

/// `provost group …`.
#[derive(Debug, Clone, Subcommand)]
pub enum GroupCommand {
    /// The user groups of a district.
    List {
        /// Which district.
        #[arg(long)]
        district: String,
    },
    /// Create a user group, or give one other rights.
    Create {
        /// Its id.
        id: String,
        /// Of which district.
        #[arg(long)]
        district: String,
        /// Letters on a tool, e.g. attendance=RW. May be repeated.
        #[arg(long = "right", value_name = "TOOL=LETTERS")]
        rights: Vec<String>,
        #[command(flatten)]
        taking: Taking,
    },
    /// Make a person a member.
    Assign {
        /// Whom.
        person: String,
        /// Of which group.
        group: String,
        #[command(flatten)]
        giving: Giving,
    },
    /// Take a membership back that was given by hand.
    Unassign {
        /// From whom.
        person: String,
        /// Of which group.
        group: String,
        #[command(flatten)]
        taking: Taking,
    },
}

/// `provost right …`.
#[derive(Debug, Clone, Subcommand)]
pub enum RightCommand {
    /// Give letters on a tool, or a calendar.
    Grant {
        /// To whom.
        person: String,
        #[command(flatten)]
        right: RightArgs,
        #[command(flatten)]
        giving: Giving,
    },
    /// Take a right back that was given by hand.
    Revoke {
        /// From whom.
        person: String,
        #[command(flatten)]
        right: RightArgs,
        #[command(flatten)]
        taking: Taking,
    },
    /// Everything that a person has, and where each comes from.
    Show {
        /// Whose.
        person: String,
        /// The person who asks, whom the rules must allow it; the operator if left out.
        #[arg(long)]
        by: Option<String>,
        /// table, csv or json.
        #[arg(long, value_enum, default_value = "table")]
        format: SheetFormat,
    },
    /// Everybody who could log in as a person now.
    CouldEnter {
        /// Whose account.
        person: String,
        /// table, csv or json.
        #[arg(long, value_enum, default_value = "table")]
        format: SheetFormat,
    },
}

/// Which right.
#[derive(Debug, Clone, ClapArgs)]
#[group(skip)]
pub struct RightArgs {
    /// The tool, e.g. attendance or finance/ledger.
    #[arg(
        long,
        required_unless_present = "calendar",
        conflicts_with = "calendar"
    )]
    pub tool: Option<String>,
    /// Some of RWAD.
    #[arg(long, requires = "tool")]
    pub letters: Option<String>,
    /// School and calendar; * means all.
    #[arg(long, value_name = "SCHOOL[/CALENDAR]")]
    pub calendar: Option<String>,
    /// With a calendar: may change it.
    #[arg(long, requires = "calendar")]
    pub modify: bool,
}

//! What can be typed.

use clap::{Args as ClapArgs, CommandFactory, Parser, Subcommand};
use std::path::{Path, PathBuf};

use super::CliError;

/// The register of a school district's authorized contacts and security roles.
///
/// Provost knows who may deal with the software vendor's support and which security roles staff hold. It reads staff
/// from the district's LDAP directory, deactivates contacts that have gone quiet, and answers "may this person do
/// that?" with every reason.
#[derive(Debug, Parser)]
#[command(name = "provost", version, max_term_width = 110)]
pub struct Args {
    /// Unix socket of the daemon.
    #[arg(
        long,
        global = true,
        env = "PROVOST_SOCKET",
        default_value = "/run/provost/provost.sock"
    )]
    pub socket: PathBuf,
    /// Print JSON with stable field names instead of tables.
    #[arg(long, global = true)]
    pub json: bool,
    /// Folder that `%d` in paths of the configuration stands for.
    #[arg(long, global = true, hide = true, env = "CREDENTIALS_DIRECTORY")]
    pub credentials: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Commands that need no daemon, and those that ask one.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the daemon in the foreground (systemd's Type=notify).
    Run {
        /// The configuration.
        #[arg(long, default_value = "/etc/provost/provost.toml")]
        config: PathBuf,
    },
    /// Check a configuration: parse it, load and try its plugins, print all problems. Exit 0 or 78.
    Check {
        /// The configuration.
        #[arg(long, default_value = "/etc/provost/provost.toml")]
        config: PathBuf,
    },
    /// Run a whole sample district: directory, contacts, plugins, captured mail.
    Demo(DemoArgs),
    /// Run scenario files in memory with a virtual clock. Exit 1 if an expectation fails.
    Test(TestArgs),
    /// Build and inspect plugins.
    Plugin {
        /// What to do.
        #[command(subcommand)]
        command: PluginCommand,
    },
    /// Print shell completions.
    #[command(hide = true)]
    Completions {
        /// For which shell.
        shell: clap_complete::Shell,
    },
    /// Write man pages.
    #[command(hide = true)]
    Man {
        /// Into which folder.
        folder: PathBuf,
    },
    /// Everything that the daemon answers.
    #[command(flatten)]
    Daemon(DaemonCommand),
}

/// `provost demo`.
#[derive(Debug, Clone, ClapArgs)]
pub struct DemoArgs {
    /// Run the road once, print a summary and exit.
    #[arg(long)]
    pub once: bool,
    /// People in the sample directory.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(20..=200_000))]
    pub staff: u32,
    /// Seed of the sample directory: the same seed gives the same people.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Folder with the plugins. Default: beside the program, then /usr/lib/provost/plugins.
    #[arg(long, env = "PROVOST_PLUGINS")]
    pub plugins: Option<PathBuf>,
}

/// `provost test`.
#[derive(Debug, Clone, ClapArgs)]
pub struct TestArgs {
    /// Scenario files, TOML or JSON.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Folder with the plugins. Default: beside the program, then /usr/lib/provost/plugins.
    #[arg(long, env = "PROVOST_PLUGINS")]
    pub plugins: Option<PathBuf>,
}

/// `provost plugin …` without a daemon.
#[derive(Debug, Clone, Subcommand)]
pub enum PluginCommand {
    /// Turn a core module (cargo's wasm32-unknown-unknown output) into a component and check it.
    Build {
        /// The core module.
        #[arg(long)]
        module: PathBuf,
        /// Where to write the component.
        #[arg(long)]
        out: PathBuf,
    },
    /// Show what a component is: kind, exports, what it describes, size and hash.
    Inspect {
        /// The component.
        file: PathBuf,
    },
}

/// Commands that ask the running daemon.
#[derive(Debug, Clone, Subcommand)]
pub enum DaemonCommand {
    /// Sources, freshness, pending stages, plugins and queues.
    Status,
    /// Bring the register to a register document (TOML or JSON).
    Import {
        /// The document.
        file: PathBuf,
        /// Print the plan and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Print the register as a register document (JSON).
    Export,
    /// Directory sync.
    Sync {
        /// What to do.
        #[command(subcommand)]
        command: SyncCommand,
    },
    /// Inactivity: what is due now.
    Sweep {
        /// What to do.
        #[command(subcommand)]
        command: SweepCommand,
    },
    /// Who will reach which stage on which day if nothing happens.
    Forecast {
        /// How far to look.
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=3650))]
        days: u16,
    },
    /// Activity events.
    Activity {
        /// What to do.
        #[command(subcommand)]
        command: ActivityCommand,
    },
    /// Authorized contacts.
    Contact {
        /// What to do.
        #[command(subcommand)]
        command: ContactCommand,
    },
    /// One decision with all reasons and the redirect.
    Decide(DecideArgs),
    /// Sessions of the application: open, log in as, return, close.
    Session {
        /// What to do.
        #[command(subcommand)]
        command: SessionCommand,
    },
    /// Logins of a person, with the third-party admin columns.
    AccessLog {
        /// Whose.
        person: String,
    },
    /// Notices: what waits, what went out.
    Notice {
        /// What to do.
        #[command(subcommand)]
        command: NoticeCommand,
    },
    /// The audit journal.
    Audit {
        /// What to do.
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// The clock that transitions follow.
    Clock {
        /// What to do.
        #[command(subcommand)]
        command: ClockCommand,
    },
}

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
    /// One contact with dates, stages and notices.
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

/// Completions for a shell, on standard output.
pub(super) fn completions(shell: clap_complete::Shell) {
    clap_complete::generate(
        shell,
        &mut Args::command(),
        "provost",
        &mut std::io::stdout(),
    );
}

/// One man page a command, into `folder`.
pub(super) fn man_pages(folder: &Path) -> Result<(), CliError> {
    let failed = |source| CliError::File {
        what: "write man pages into",
        path: folder.to_owned(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(Args::command(), folder).map_err(failed)
}

//! What can be typed.

mod author;
mod contacts;
mod dealings;
mod decisions;
mod directory;
mod operations;
mod plugins;
mod roles;

pub use author::{
    BenchArgs, BuildArgs, CacheArgs, InspectArgs, NewArgs, ProjectArgs, RunArgs, TrialArgs,
};
pub use contacts::{ActivityCommand, ContactCommand, FeedCommand, SweepCommand, WhoArgs};
pub use dealings::{Advance, CallCommand, CaseCommand, UpdateRequestCommand};
pub use decisions::{DecideArgs, DecisionsCommand, SessionCommand};
pub use directory::SyncCommand;
pub use operations::{
    AuditCommand, AuditVerifyArgs, ClockCommand, MassArgs, NoticeCommand, PersonCommand,
    RestoreArgs, TokenCommand,
};
pub use plugins::PluginLifeCommand;
pub use roles::{
    Giving, GroupCommand, RightArgs, RightCommand, RoleCommand, RoleReportArgs, SheetFormat, Taking,
};

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
    /// Device and inode of the stream to the journal, as systemd says them.
    #[arg(long, hide = true, env = "JOURNAL_STREAM", hide_env = true)]
    pub journal_stream: Option<String>,
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
    /// Look at everything a daemon stands on, whether it runs or not, and say what to do: configuration, permissions,
    /// directories, mail relay, clock, disk, certificates, plugins. Changes and sends nothing. Exit 1 if
    /// something does not work
    Doctor {
        /// The configuration.
        #[arg(long, default_value = "/etc/provost/provost.toml")]
        config: PathBuf,
    },
    /// Run a whole sample district: directory, contacts, plugins, captured mail.
    Demo(DemoArgs),
    /// Run scenario files in memory with a virtual clock. Exit 1 if an expectation fails.
    Test(TestArgs),
    /// Write, build, try, install and approve plugins.
    Plugin {
        /// What to do.
        #[command(subcommand)]
        command: PluginVerb,
    },
    /// Compile a plugin from standard input: the daemon starts itself so.
    #[command(hide = true, name = crate::compile::COMMAND)]
    CompilePlugin {
        /// native or pulley.
        form: String,
    },
    /// Put a backup in the place of the register, while no daemon runs. The register that is there is kept beside it.
    Restore(RestoreArgs),
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

/// `provost plugin …`.
#[derive(Debug, Clone, Subcommand)]
pub enum PluginVerb {
    /// Without a daemon.
    #[command(flatten)]
    Work(PluginCommand),
    /// In the running daemon.
    #[command(flatten)]
    Life(PluginLifeCommand),
}

/// `provost plugin …` without a daemon.
#[derive(Debug, Clone, Subcommand)]
pub enum PluginCommand {
    /// Begin a plugin: a folder with source, manifest, scenario test and README.
    New(NewArgs),
    /// Build the project in this folder with its language's toolchain, check the component and try it.
    Build(BuildArgs),
    /// Run the project's scenario files with the plugin that was built. Exit 1 if an expectation fails.
    Test(TrialArgs),
    /// Make one call, from JSON, as the daemon would make it.
    Run(RunArgs),
    /// Make one call many times as the daemon would: time, fuel and memory, and how near each is to its limit.
    Bench(BenchArgs),
    /// Show what a component is: kind, interface version, exports, manifest, what it asks for, size and hash.
    Inspect(InspectArgs),
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
    /// Print the register as a register document.
    Export {
        /// toml or json.
        #[arg(long, default_value = "json", value_parser = ["toml", "json"])]
        format: String,
    },
    /// Write a proved copy of the register, beside the running daemon.
    Backup {
        /// Where the daemon writes it; must be free. A name with the time in the folder for backups if left out.
        file: Option<PathBuf>,
    },
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
    /// Where activity comes from.
    Feed {
        /// What to do.
        #[command(subcommand)]
        command: FeedCommand,
    },
    /// Authorized contacts.
    Contact {
        /// What to do.
        #[command(subcommand)]
        command: ContactCommand,
    },
    /// Cases, as far as the rules need them.
    Case {
        /// What to do.
        #[command(subcommand)]
        command: CaseCommand,
    },
    /// Calls: who is on them.
    Call {
        /// What to do.
        #[command(subcommand)]
        command: CallCommand,
    },
    /// Site refreshes and version updates that were asked for.
    UpdateRequest {
        /// What to do.
        #[command(subcommand)]
        command: UpdateRequestCommand,
    },
    /// Security roles.
    Role {
        /// What to do.
        #[command(subcommand)]
        command: RoleCommand,
    },
    /// User groups.
    Group {
        /// What to do.
        #[command(subcommand)]
        command: GroupCommand,
    },
    /// Tool and calendar rights.
    Right {
        /// What to do.
        #[command(subcommand)]
        command: RightCommand,
    },
    /// One decision with all reasons and the redirect, or a recorded one made again.
    Decide(DecideArgs),
    /// Decisions on record: denials and everything about logins as another user, or all of them.
    Decisions {
        /// What to do.
        #[command(subcommand)]
        command: DecisionsCommand,
    },
    /// Sessions of the application: open, log in as, return, close.
    Session {
        /// What to do.
        #[command(subcommand)]
        command: SessionCommand,
    },
    /// What concerns somebody's data rather than their authority.
    Person {
        /// What to do.
        #[command(subcommand)]
        command: PersonCommand,
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
    /// Tokens: what programs show to be let in.
    Token {
        /// What to do.
        #[command(subcommand)]
        command: TokenCommand,
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

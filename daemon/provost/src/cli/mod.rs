//! The command line: parse, ask the daemon, print.

mod activity;
mod args;
mod author;
mod check;
mod client;
mod doctor;
mod offline;
mod pipe;
mod print;
mod progress;
mod remote;
mod restore;
mod show;

use args::PluginVerb;
pub use args::{Args, Command, DemoArgs};
use client::ClientError;
pub(crate) use offline::plugin_folder;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::daemon::DaemonError;

/// The exit code of a configuration that is not believed, `EX_CONFIG` of sysexits.h.
pub const EXIT_CONFIG: u8 = 78;

/// Why a command failed: one line that says what was attempted, and the chain of causes.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The configuration is not believed.
    #[error(transparent)]
    Config(#[from] crate::flow::reload::ReloadError),
    /// The daemon could not be started or stopped by itself.
    #[error(transparent)]
    Daemon(#[from] DaemonError),
    /// The daemon could not be asked.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A file could not be read or written.
    #[error("{what} {path}")]
    File {
        /// What was attempted.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A document cannot be read.
    #[error(transparent)]
    Document(#[from] crate::document::DocumentError),
    /// Something else, with its own words.
    #[error("{what}")]
    Other {
        /// What was attempted.
        what: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl CliError {
    /// The exit code that goes with it.
    fn exit(&self) -> ExitCode {
        match self {
            Self::Config(_) | Self::Daemon(DaemonError::Reload(_)) => ExitCode::from(EXIT_CONFIG),
            _ => ExitCode::FAILURE,
        }
    }

    /// Problems are part of the error's text for a terminal.
    fn problems(&self) -> &[provost_core::document::Problem] {
        match self {
            Self::Config(error) | Self::Daemon(DaemonError::Reload(error)) => error.problems(),
            _ => &[],
        }
    }
}

/// Runs a command; the error chain is printed here and nowhere else.
pub fn run(args: Args) -> ExitCode {
    match dispatch(args) {
        Ok(code) => code,
        Err(error) => {
            report(&error);
            error.exit()
        }
    }
}

/// One line `provost: what was attempted: why`, the deeper causes and the problems below it.
fn report(error: &CliError) {
    use std::error::Error as _;
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(inner) = cause {
        causes.push(inner.to_string());
        cause = inner.source();
    }
    let first = causes
        .first()
        .map(|why| format!(": {}", print::one_line(why)))
        .unwrap_or_default();
    eprintln!("provost: {error}{first}");
    if let CliError::Client(ClientError::Refused { problem, .. }) = error
        && let Some(field) = problem.get("field")
    {
        eprintln!("  at {}", print::cell(field, ""));
    }
    for deeper in causes.iter().skip(1) {
        eprintln!("  caused by: {}", print::one_line(deeper));
    }
    for problem in error.problems() {
        eprintln!("  {}", print::one_line(&problem.to_string()));
    }
}

fn dispatch(args: Args) -> Result<ExitCode, CliError> {
    if !matches!(args.command, Command::Run { .. } | Command::Demo(_)) {
        pipe::ends_us().map_err(|source| CliError::Other {
            what: "prepare for a reader that has read enough".to_owned(),
            source: source.into(),
        })?;
    }
    match args.command {
        Command::Run { config } => {
            let (credentials, stream) =
                (args.credentials.as_deref(), args.journal_stream.as_deref());
            crate::daemon::run(&config, credentials, stream)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Check { config } => check::run(&config, args.credentials.as_deref(), args.json),
        Command::Doctor { config } => doctor::run(
            &config,
            args.credentials.as_deref(),
            &args.socket,
            args.json,
        ),
        Command::Demo(demo) => crate::demo::run(&demo),
        Command::Test(test) => offline::test(&test, args.json),
        Command::Plugin {
            command: PluginVerb::Work(command),
        } => author::run(&command, args.json),
        Command::Plugin {
            command: PluginVerb::Life(command),
        } => remote::plugins::run(&args.socket, &command, args.json),
        Command::CompilePlugin { form } => offline::compile(&form),
        Command::Restore(restore) => restore::run(&restore, args.credentials.as_deref(), args.json),
        Command::Completions { shell } => {
            args::completions(shell);
            Ok(ExitCode::SUCCESS)
        }
        Command::Man { folder } => args::man_pages(&folder).map(|()| ExitCode::SUCCESS),
        Command::Daemon(command) => remote::run(&args.socket, command, args.json),
    }
}

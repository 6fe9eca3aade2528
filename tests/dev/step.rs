//! One command: printed, run, judged.

use std::fmt;
use std::io;
use std::process::{Command, ExitStatus};

/// A step that did not work.
#[derive(Debug)]
pub(crate) struct Failed(String);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed: {}", self.0)
    }
}

impl Failed {
    /// In words of its own.
    pub(crate) fn because(why: impl Into<String>) -> Self {
        Self(why.into())
    }

    /// A program that could not even be started.
    pub(crate) fn start(command: &Command, why: &io::Error) -> Self {
        Self(format!("start `{}`: {why}", shown(command)))
    }

    /// A program that ended with a fault.
    pub(crate) fn status(command: &Command, status: ExitStatus) -> Self {
        Self(format!("`{}`: {status}", shown(command)))
    }
}

/// The command as one would type it.
fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    // Cargo names itself by its full path; nobody types that.
    let program = match program.file_name() {
        Some(name) if name == "cargo" => name.to_string_lossy(),
        _ => program.to_string_lossy(),
    };
    let mut line = program.into_owned();
    for arg in command.get_args() {
        line.push(' ');
        line.push_str(&arg.to_string_lossy());
    }
    line
}

/// Says what comes next.
pub(crate) fn announce(command: &Command) {
    eprintln!("→ {}", shown(command));
}

/// Runs a command that must succeed, printing it first.
pub(crate) fn run(command: &mut Command) -> Result<(), Failed> {
    announce(command);
    match command.status() {
        Err(why) => Err(Failed::start(command, &why)),
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failed::status(command, status)),
    }
}

/// What a command prints, without announcing it; `None` if it fails or is not there.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

//! Commands that need no daemon: scenario files.

use provost_sandbox::CodeForm;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::args::TestArgs;
use super::{CliError, print};
use crate::scenario::report::Report;
use crate::scenario::simulation::{Shelf, run_files};

/// A register document of a file, TOML or JSON.
pub(super) fn document(path: &Path) -> Result<Map<String, Value>, CliError> {
    Ok(crate::document::load(path)?)
}

/// The folder of first-party plugins: as asked, else beside the program, else where the package puts them.
pub(crate) fn plugin_folder(asked: Option<&Path>) -> PathBuf {
    const PACKAGED: &str = "/usr/lib/provost/plugins";
    let beside = || {
        let program = std::env::current_exe().ok()?;
        let folder = program.parent()?;
        [
            Some(folder.join("plugins")),
            folder.parent().map(|up| up.join("plugins")),
        ]
        .into_iter()
        .flatten()
        .find(|folder| folder.is_dir())
    };
    asked
        .map(Path::to_owned)
        .or_else(beside)
        .unwrap_or_else(|| PathBuf::from(PACKAGED))
}

/// `provost test`: every file, whatever the ones before it did. Exit 1 if an expectation fails.
pub(super) fn test(args: &TestArgs, json: bool) -> Result<ExitCode, CliError> {
    let plugins = plugin_folder(args.plugins.as_deref());
    let report = run_files(&args.files, &Shelf::folder(&plugins));
    Ok(told(&report, json))
}

/// Prints what became of scenario files, and says it with the exit code.
pub(super) fn told(report: &Report, json: bool) -> ExitCode {
    if json {
        print::json(&report.json());
    } else {
        print!("{report}");
    }
    match report.passed() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// `provost compile-plugin`: what went wrong goes to standard error for the daemon, and nobody else.
pub(super) fn compile(form: &str) -> Result<ExitCode, CliError> {
    let form = CodeForm::named(form).ok_or_else(|| CliError::Other {
        what: "compile a plugin".to_owned(),
        source: format!("{form} is no form of code").into(),
    })?;
    match crate::compile::run(form) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            eprintln!("{}", crate::live::chain(&error));
            Ok(ExitCode::FAILURE)
        }
    }
}

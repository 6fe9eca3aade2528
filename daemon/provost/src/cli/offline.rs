//! Commands that need no daemon: scenario files and plugins.

use provost_core::id::PluginId;
use provost_sandbox::{CodeForm, Plugin};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::args::{PluginCommand, TestArgs};
use super::{CliError, print};
use crate::live::Loader;
use crate::scenario;

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
    let report = scenario::simulation::run_files(&args.files, &plugins);
    if json {
        print::json(&report.json());
    } else {
        print!("{report}");
    }
    Ok(if report.passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// `provost plugin build` and `inspect`.
pub(super) fn plugin(command: &PluginCommand, json: bool) -> Result<ExitCode, CliError> {
    match command {
        PluginCommand::Build { module, out } => build(module, out),
        PluginCommand::Inspect { file } => inspect(file, json),
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

fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    std::fs::read(path).map_err(|source| CliError::File {
        what: "read",
        path: path.to_owned(),
        source,
    })
}

fn build(module: &Path, out: &Path) -> Result<ExitCode, CliError> {
    let component =
        provost_sandbox::encode(&read(module)?, None).map_err(|error| CliError::Other {
            what: format!("turn {} into a component", module.display()),
            source: error.into(),
        })?;
    if let Some(folder) = out.parent() {
        std::fs::create_dir_all(folder).map_err(|source| CliError::File {
            what: "create",
            path: folder.to_owned(),
            source,
        })?;
    }
    std::fs::write(out, &component).map_err(|source| CliError::File {
        what: "write",
        path: out.to_owned(),
        source,
    })?;
    println!("{}: {} bytes", out.display(), component.len());
    Ok(ExitCode::SUCCESS)
}

fn inspect(file: &Path, json: bool) -> Result<ExitCode, CliError> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| CliError::Other {
        what: format!("load plugin {}", file.display()),
        source,
    };
    let name = file
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or("plugin");
    let id = PluginId::new(name).map_err(|error| failed(error.into()))?;
    let bytes = read(file)?.len();
    let plugin = Loader::forgetful(None)?
        .load(&id, file)
        .map_err(|why| failed(why.into()))?;
    let title = match &plugin {
        Plugin::Policy(policy) => &policy.edition().title,
        Plugin::Channel(channel) => &channel.describe().title,
    };
    let shown = json!({
        "file": file,
        "bytes": bytes,
        "kind": plugin.kind().to_string(),
        "title": title,
        "hash": plugin.digest().as_str(),
    });
    if json {
        print::json(&shown);
    } else {
        for field in ["file", "kind", "title", "bytes", "hash"] {
            println!("{field:5}  {}", print::cell(&shown, field));
        }
    }
    Ok(ExitCode::SUCCESS)
}

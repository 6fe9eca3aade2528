//! `provost plugin install`, `approve`, `list`, `rollback`, `remove`.

use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;

use super::Desk;
use crate::cli::args::PluginLifeCommand;
use crate::cli::client::{query, send};
use crate::cli::{CliError, show};

/// Asks the daemon at `socket`.
pub(in crate::cli) fn run(
    socket: &Path,
    command: &PluginLifeCommand,
    json: bool,
) -> Result<ExitCode, CliError> {
    let desk = Desk { socket, json };
    let (verb, body) = match command {
        PluginLifeCommand::List => {
            return desk.print(&desk.get("/v1/plugins")?, show::plugins);
        }
        PluginLifeCommand::Install {
            file,
            id,
            diff,
            approve,
        } => {
            let extent = match (diff, approve) {
                (true, _) => "look",
                (_, true) => "approve",
                _ => "install",
            };
            let answer = install(socket, file, id.as_deref(), extent)?;
            return match diff {
                true => desk.print(&answer, show::plugin_difference),
                false => desk.print(&answer, show::plugin),
            };
        }
        PluginLifeCommand::Approve { id, hash } => ("approve", json!({ "id": id, "hash": hash })),
        PluginLifeCommand::Rollback { id, hash } => ("rollback", json!({ "id": id, "hash": hash })),
        PluginLifeCommand::Remove { id } => ("remove", json!({ "id": id })),
    };
    let answer = desk.post(&format!("/v1/plugins/{verb}"), &body)?;
    desk.print(&answer, show::plugin)
}

fn install(socket: &Path, file: &Path, id: Option<&str>, extent: &str) -> Result<Value, CliError> {
    let bytes = std::fs::read(file).map_err(|source| CliError::File {
        what: "read",
        path: file.to_owned(),
        source,
    })?;
    let stem = file.file_stem().and_then(|stem| stem.to_str());
    let id = id.or(stem).unwrap_or("plugin");
    let pairs = [("id", Some(id)), ("extent", Some(extent))];
    let path = format!("/v1/plugins/install{}", query(&pairs));
    Ok(send(socket, &path, "application/wasm", bytes)?)
}

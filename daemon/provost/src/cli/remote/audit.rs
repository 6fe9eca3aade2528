//! `provost audit …`: the journal, its checkpoints and the proof that it is what was written.

use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::super::args::{AuditCommand, AuditVerifyArgs};
use super::super::client::query;
use super::super::{CliError, show};
use super::{Desk, ROWS};
use crate::checkpoint::CheckpointKey;
use crate::daemon::DaemonError;
use crate::flow::audit::{self, AuditReport};
use crate::ports::wall_or_file;
use crate::store;

pub(super) fn run(desk: &Desk<'_>, command: &AuditCommand) -> Result<ExitCode, CliError> {
    match command {
        AuditCommand::List { after, limit } => desk.print(
            &desk.list(
                "/v1/journal",
                Some(after.to_string()),
                usize::try_from(*limit).unwrap_or(usize::MAX),
            )?,
            show::journal,
        ),
        AuditCommand::Export { from, to } => export(desk, from.as_deref(), to.as_deref()),
        AuditCommand::Checkpoint => {
            // One line, with or without --json: it is there to be appended to a file.
            println!("{}", desk.post("/v1/journal/checkpoint", &json!({}))?);
            Ok(ExitCode::SUCCESS)
        }
        AuditCommand::Verify(args) => verify(desk, args),
    }
}

/// Prints each page as it comes, so that a journal of any length needs no memory.
fn export(desk: &Desk<'_>, from: Option<&str>, to: Option<&str>) -> Result<ExitCode, CliError> {
    let rows = ROWS.to_string();
    let mut cursor: Option<String> = None;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    loop {
        let asked = query(&[
            ("from", from),
            ("to", to),
            ("limit", Some(&rows)),
            ("cursor", cursor.as_deref()),
        ]);
        let page = desk.get(&format!("/v1/journal/rows{asked}"))?;
        let mut items = page["items"].as_array().into_iter().flatten();
        let written = items
            .try_for_each(|row| writeln!(out, "{row}"))
            .and_then(|()| out.flush());
        written.map_err(|source| CliError::File {
            what: "write rows of the journal to",
            path: "standard output".into(),
            source,
        })?;
        match page["next"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return Ok(ExitCode::SUCCESS),
        }
    }
}

fn verify(desk: &Desk<'_>, args: &AuditVerifyArgs) -> Result<ExitCode, CliError> {
    let kept = kept(&args.checkpoint)?;
    let (places, lines): (Vec<_>, Vec<_>) = kept.into_iter().unzip();
    let mut answer = match &args.database {
        Some(database) => json!(offline(database, &lines, &args.key)?),
        None => desk.post(
            "/v1/journal/checkpoint/verify",
            &json!({ "checkpoints": lines, "keys": args.key }),
        )?,
    };
    if let Some(found) = answer["checkpoints"].as_array_mut() {
        for (found, place) in found.iter_mut().zip(places) {
            found["from"] = json!(place);
        }
    }
    desk.print(&answer, show::audited)?;
    Ok(match answer["sound"] == Value::Bool(true) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// The lines of the files, each with where it stands. Empty ones and those that begin with # are left out.
fn kept(files: &[PathBuf]) -> Result<Vec<(String, String)>, CliError> {
    let mut kept = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file).map_err(|source| CliError::File {
            what: "read the checkpoints in",
            path: file.clone(),
            source,
        })?;
        let before = kept.len();
        for (number, line) in (1_u64..).zip(text.lines()) {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                kept.push((format!("{}:{number}", file.display()), line.to_owned()));
            }
        }
        if kept.len() == before {
            // A proof against nothing would look like a proof.
            return Err(CliError::File {
                what: "find a checkpoint in",
                path: file.clone(),
                source: std::io::Error::other("there is none"),
            });
        }
    }
    Ok(kept)
}

/// The same on a file, without a daemon.
fn offline(database: &Path, lines: &[String], keys: &[String]) -> Result<AuditReport, CliError> {
    let store_failed = |error| CliError::from(DaemonError::Store(error));
    let key_failed = |error| CliError::from(DaemonError::Flow(crate::flow::FlowError::Key(error)));
    let own = CheckpointKey::found_beside(database).map_err(key_failed)?;
    let mut keys = keys.to_vec();
    keys.extend(own.map(|own| own.public()));
    let store = store::open_copy(database).map_err(store_failed)?;
    let register = store.read().map_err(store_failed)?;
    let now = wall_or_file().now();
    let audited = audit::verify(&register, lines, &keys, now).map_err(store_failed)?;
    Ok(audited.into())
}

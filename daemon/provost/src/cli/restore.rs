//! `provost restore`: without a daemon, on the register's own file.

use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;

use super::args::RestoreArgs;
use super::{CliError, print, show};
use crate::daemon::DaemonError;
use crate::flow::reload::ReloadError;
use crate::ports::wall_or_file;
use crate::store;

/// Proves the backup, and puts it in place unless only that was asked.
pub(super) fn run(
    args: &RestoreArgs,
    credentials: Option<&Path>,
    as_json: bool,
) -> Result<ExitCode, CliError> {
    let failed = |error| CliError::from(DaemonError::Store(error));
    let config = crate::config::read(&args.config, credentials).map_err(ReloadError::from)?;
    let shown: Value = if args.check {
        json!(store::verify(&args.backup).map_err(failed)?)
    } else {
        let now = wall_or_file().now();
        let restored = store::restore(&args.backup, &config.store, now).map_err(failed)?;
        let mut shown = json!(restored.backup);
        shown["replaced"] = json!(restored.replaced);
        shown
    };
    if as_json {
        print::json(&shown);
    } else {
        show::backup(&shown);
    }
    Ok(ExitCode::SUCCESS)
}

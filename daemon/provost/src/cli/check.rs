//! `provost check`: what start-up and reload do, without starting.

use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

use super::{CliError, print};
use crate::flow::reload;
use crate::live::Loader;

pub(super) fn run(
    config: &Path,
    credentials: Option<&Path>,
    json: bool,
) -> Result<ExitCode, CliError> {
    match reload::look(config, credentials, &Loader::forgetful(credentials)?) {
        Ok(live) => {
            let config = &live.config;
            let remarks: Vec<String> = config
                .sources
                .values()
                .flat_map(|source| {
                    source
                        .remarks()
                        .into_iter()
                        .map(|remark| format!("source {}: {remark}", source.id))
                })
                .collect();
            let counts = json!({
                "ok": true,
                "districts": config.districts.len(),
                "sources": config.sources.len(),
                "plugins": config.plugins.len(),
                "problems": [],
                "remarks": remarks,
            });
            if json {
                print::json(&counts);
            } else {
                println!(
                    "the configuration is sound: {} districts, {} sources, {} plugins",
                    counts["districts"], counts["sources"], counts["plugins"]
                );
                for remark in &remarks {
                    println!("remark: {}", print::one_line(remark));
                }
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(error) if json => {
            print::json(
                &json!({ "ok": false, "why": crate::live::chain(&error), "problems": error.problems() }),
            );
            Ok(ExitCode::from(super::EXIT_CONFIG))
        }
        Err(error) => Err(error.into()),
    }
}

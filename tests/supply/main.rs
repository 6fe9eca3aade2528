//! What Provost stands on: `check` holds it against the policy, `bill` and `licences` write it down for the package.

mod advisories;
mod bill;
mod graph;
mod policy;

use serde::de::DeserializeOwned;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use graph::Graph;
use policy::Policy;

const USAGE: &str = "\
provost-supply check [--advisories FOLDER]   all crates against policy.toml, and against a copy of the RustSec database
provost-supply bill                          what is linked, as CycloneDX
provost-supply licences                      what is linked, with the text of each licence";

/// Where it runs: the package is made for a machine like the one that makes it.
fn platform() -> String {
    format!("{}-unknown-linux-gnu", std::env::consts::ARCH)
}

/// Why it is not known what Provost stands on.
#[derive(Debug, thiserror::Error)]
enum SupplyError {
    #[error("{what} {path}: {source}")]
    File {
        what: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("ask cargo what there is: {0}")]
    Cargo(String),
    #[error("read what cargo says: {0}")]
    Metadata(serde_json::Error),
    #[error("read {path}: {source}")]
    Document {
        path: PathBuf,
        source: Box<toml::de::Error>,
    },
    #[error("write what was found: {0}")]
    Write(serde_json::Error),
    #[error("print what was found: {0}")]
    Print(std::io::Error),
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> SupplyError {
    let path = path.to_owned();
    move |source| SupplyError::File { what, path, source }
}

/// Reads a TOML document.
fn document<T: DeserializeOwned>(path: &Path) -> Result<T, SupplyError> {
    let text = std::fs::read_to_string(path).map_err(failed("read", path))?;
    toml::from_str(&text).map_err(|source| SupplyError::Document {
        path: path.to_owned(),
        source: Box::new(source),
    })
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["check"] => check(None),
        ["check", "--advisories", folder] => check(Some(Path::new(folder))),
        ["bill"] => print_bill(),
        ["licences"] => print_licences(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("provost-supply: {error}");
        ExitCode::FAILURE
    })
}

fn check(database: Option<&Path>) -> Result<ExitCode, SupplyError> {
    let graph = Graph::read()?;
    let policy: Policy = document(&graph.workspace_root.join("tests/supply/policy.toml"))?;
    let mut wrong = policy.breaches(&graph, &graph.checksums()?);
    match database {
        Some(folder) => wrong.extend(advisories::hits(&graph, folder)?),
        None => eprintln!(
            "not asked for known vulnerabilities: no copy of the RustSec database is given"
        ),
    }
    for line in &wrong {
        eprintln!("{line}");
    }
    eprintln!("{} crates, {} breaches", graph.packages.len(), wrong.len());
    Ok(if wrong.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn print_bill() -> Result<ExitCode, SupplyError> {
    let bill = bill::of(&Graph::read()?)?;
    print(&serde_json::to_string_pretty(&bill).map_err(SupplyError::Write)?)
}

fn print_licences() -> Result<ExitCode, SupplyError> {
    print(&bill::licences(&Graph::read()?)?)
}

fn print(text: &str) -> Result<ExitCode, SupplyError> {
    writeln!(std::io::stdout(), "{}", text.trim_end()).map_err(SupplyError::Print)?;
    Ok(ExitCode::SUCCESS)
}

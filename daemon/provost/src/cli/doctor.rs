//! `provost doctor`: what was found, the worst last, where the eye ends.

use hyper::Method;
use std::path::Path;
use std::process::ExitCode;

use super::client::ask;
use super::{CliError, print};
use crate::doctor::{self, Finding, State, running};
use crate::ports::wall_or_file;

pub(super) fn run(
    config: &Path,
    credentials: Option<&Path>,
    socket: &Path,
    json: bool,
) -> Result<ExitCode, CliError> {
    let mut findings = doctor::examine(config, credentials, wall_or_file().now())?;
    findings.extend(of_the_daemon(socket));
    findings.sort_by_key(|finding| finding.state);
    let worst = findings.last().map(|finding| finding.state);
    if json {
        print::json(&serde_json::json!({ "worst": worst, "findings": findings }));
    } else {
        findings.iter().for_each(show);
    }
    Ok(match worst {
        Some(State::Problem) => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    })
}

fn of_the_daemon(socket: &Path) -> Vec<Finding> {
    let status = ask(socket, Method::GET, "/v1/status", None);
    let plugins = ask(socket, Method::GET, "/v1/plugins", None);
    match status.and_then(|status| plugins.map(|plugins| (status, plugins))) {
        Ok((status, plugins)) => running::all(&status, &plugins),
        Err(error) => vec![running::away(&crate::live::chain(&error))],
    }
}

fn show(finding: &Finding) {
    let word = match finding.state {
        State::Well => "well",
        State::Warning => "warning",
        State::Problem => "PROBLEM",
    };
    let line = format!("{word:8} {}: {}", finding.about, finding.found);
    println!("{}", print::one_line(&line));
    if let Some(advice) = &finding.advice {
        println!("         {}", print::one_line(advice));
    }
}

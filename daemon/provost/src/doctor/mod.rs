//! `provost doctor`: looks at everything that a daemon stands on, whether it runs or not, and says what to do about what
//! it finds. Nothing is changed, and nothing is sent to anybody.

mod certificates;
mod files;
mod reach;
pub mod running;

use provost_core::Timestamp;
use serde::Serialize;
use std::path::Path;
use std::process::Command;

use crate::config::{self, Config};
use crate::daemon::DaemonError;
use crate::flow::reload;
use crate::live::{Loader, chain};

/// How one thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// As it should be.
    Well,
    /// It works, and will not always.
    Warning,
    /// It does not work.
    Problem,
}

/// What was found of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub about: String,
    /// How it is.
    pub state: State,
    /// What was seen.
    pub found: String,
    /// What to do about it; `None` where it is well.
    pub advice: Option<String>,
}

impl Finding {
    fn well(about: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            about: about.into(),
            state: State::Well,
            found: found.into(),
            advice: None,
        }
    }

    fn bad(
        state: State,
        about: impl Into<String>,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            about: about.into(),
            state,
            found: found.into(),
            advice: Some(advice.into()),
        }
    }

    fn warning(
        about: impl Into<String>,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::bad(State::Warning, about, found, advice)
    }

    fn problem(
        about: impl Into<String>,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::bad(State::Problem, about, found, advice)
    }
}

/// Everything but the running daemon: configuration with its plugins, files, disk, certificates, directories, mail relay
/// and the machine's clock. `credentials` is what `%d` in paths stands for.
///
/// # Errors
/// If there is no sandbox to try plugins in.
pub fn examine(
    path: &Path,
    credentials: Option<&Path>,
    now: Timestamp,
) -> Result<Vec<Finding>, DaemonError> {
    let mut findings = configuration(path, credentials)?;
    findings.push(clock());
    // What cannot be read as a whole names nothing that could be looked at.
    if let Ok(config) = config::read(path, credentials) {
        findings.extend(files::all(&config, credentials));
        findings.extend(certificates::all(&config, now));
        findings.extend(reach::all(&config, credentials));
    }
    Ok(findings)
}

/// What is said of a secret that only the service is given; see [`crate::config::secret::SecretError::NoDirectory`].
const NO_CREDENTIALS: &str = "credentials directory that systemd gives a service";

/// The configuration, with its plugins loaded and tried.
fn configuration(path: &Path, credentials: Option<&Path>) -> Result<Vec<Finding>, DaemonError> {
    let about = format!("configuration {}", path.display());
    let error = match reload::look(path, credentials, &Loader::forgetful(credentials)?) {
        Ok(live) => return Ok(vec![Finding::well(about, counted(&live.config))]),
        Err(error) => error,
    };
    let advice = "mend it: `provost check` shows the same, config/provost.toml explains every key";
    if error.problems().is_empty() {
        return Ok(vec![Finding::problem(about, chain(&error), advice)]);
    }
    let problems = error.problems().iter().map(ToString::to_string);
    Ok(problems
        .map(|problem| match credentials {
            None if problem.contains(NO_CREDENTIALS) => Finding::warning(
                about.clone(),
                problem,
                "only the service is given it; the secret's own file has a finding of its own",
            ),
            _ => Finding::problem(about.clone(), problem, advice),
        })
        .collect())
}

fn counted(config: &Config) -> String {
    format!(
        "{} districts, {} sources, {} plugins",
        config.districts.len(),
        config.sources.len(),
        config.plugins.len()
    )
}

/// Whether somebody keeps the machine's clock: stages happen by days, certificates and sessions by minutes.
fn clock() -> Finding {
    let about = "clock";
    let told = Command::new("timedatectl")
        .args(["show", "--property=NTPSynchronized", "--value"])
        .output();
    let word = told.map(|told| String::from_utf8_lossy(&told.stdout).trim().to_owned());
    match word.as_deref() {
        Ok("yes") => Finding::well(about, "synchronised"),
        Ok("no") => Finding::warning(
            about,
            "not synchronised",
            "run a time service: `apt install systemd-timesyncd` or chrony",
        ),
        _ => Finding::warning(
            about,
            "timedatectl does not say whether it is synchronised",
            "look yourself: notices and deactivations happen by its days",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::secret::SecretError;

    #[test]
    fn a_secret_of_the_service_is_known_by_what_is_said_of_it() {
        let said = SecretError::NoDirectory("%d/ldap-password".to_owned()).to_string();
        assert!(said.contains(NO_CREDENTIALS), "{said}");
    }
}

//! A real systemd, booted in namespaces for one command: `tests/systemd/boot`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::process::run;

/// The workspace's folder: cargo says at run time where it lies, it may have moved since this was built.
pub fn workspace() -> PathBuf {
    #[allow(clippy::disallowed_methods)] // cargo's own variable, no setting
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let here = here.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    here.parent().unwrap_or(&here).to_owned()
}

/// Boots systemd with `shared` visible under its own path, runs a shell script inside, and powers it off.
///
/// # Panics
/// If the boot script cannot be started.
pub fn inside(shared: &[&Path], script: &str) -> Output {
    let mut command = Command::new("bash");
    command.arg(workspace().join("tests/systemd/boot"));
    for folder in shared {
        command.arg("--share").arg(folder);
    }
    command.args(["--", "bash", "-euc", script]);
    run("bash", &mut command, "")
}

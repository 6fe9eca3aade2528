//! What plugins in Python and JavaScript are built with: from PyPI and the npm registry, the versions that the templates of
//! `provost plugin new` name, in folders below the build folder.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::place::Place;
use crate::step::{Failed, answer, run};

/// Installs what is not there. The tests in `tests/guests` find it in `toolchains` of the build folder.
pub(crate) fn install(place: &Place) -> Result<(), Failed> {
    let folder = place.scratch("toolchains");
    python(
        &folder.join("python"),
        &place.sdk("python/templates/requirements.txt"),
    )?;
    javascript(
        &folder.join("javascript"),
        &place.sdk("javascript/templates/package.json"),
    )
}

fn python(folder: &Path, wanted: &Path) -> Result<(), Failed> {
    if installed(folder, wanted) {
        return Ok(());
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(folder)).map_err(|_| {
        Failed::because("plugins in Python need python3 with venv (Debian package python3-venv)")
    })?;
    let mut pip = Command::new(folder.join("bin/pip"));
    pip.args(["install", "--quiet", "--requirement"]);
    run(pip.arg(wanted))?;
    record(folder, wanted)
}

fn javascript(folder: &Path, wanted: &Path) -> Result<(), Failed> {
    if installed(folder, wanted) {
        return Ok(());
    }
    let node = answer(Command::new("node").arg("--version")).unwrap_or_default();
    let major = node.trim_start_matches('v').split('.').next();
    if major
        .and_then(|major| major.parse().ok())
        .is_none_or(|major: u32| major < 20)
    {
        return Err(Failed::because(format!(
            "plugins in JavaScript need Node.js 20 or later with npm, https://nodejs.org says how; found: {}",
            if node.is_empty() { "none" } else { &node }
        )));
    }
    let text = read(wanted)?.replace("{{id}}", "toolchain");
    write(&folder.join("package.json"), &text)?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--prefix"]);
    run(npm.arg(folder))?;
    record(folder, wanted)
}

/// Nothing has to be done if what is wanted now is what was wanted when it was installed.
fn installed(folder: &Path, wanted: &Path) -> bool {
    let recorded = fs::read_to_string(folder.join("installed")).ok();
    recorded.is_some() && recorded == fs::read_to_string(wanted).ok()
}

fn record(folder: &Path, wanted: &Path) -> Result<(), Failed> {
    write(&folder.join("installed"), &read(wanted)?)
}

fn read(path: &Path) -> Result<String, Failed> {
    fs::read_to_string(path)
        .map_err(|why| Failed::because(format!("read {}: {why}", path.display())))
}

fn write(path: &Path, text: &str) -> Result<(), Failed> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, text))
        .map_err(|why| Failed::because(format!("write {}: {why}", path.display())))
}

//! The fuzzer of the API: a program from PyPI, in an environment of its own below the build folder.

use std::path::PathBuf;
use std::process::Command;

use crate::place::Place;
use crate::step::{Failed, answer, run};

/// The version whose options the test knows.
const PACKAGE: &str = "schemathesis==4.32.5";

/// Installs it if it is not there; says where the program lies.
pub(crate) fn install(place: &Place) -> Result<PathBuf, Failed> {
    let folder = place.scratch("schemathesis");
    let program = folder.join("bin/schemathesis");
    if answer(Command::new(&program).arg("--version")).is_some() {
        return Ok(program);
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder)).map_err(|_| {
        Failed::because("the fuzzer needs python3 with venv (Debian package python3-venv)")
    })?;
    let mut pip = Command::new(folder.join("bin/pip"));
    run(pip.args(["install", "--quiet", PACKAGE]))?;
    Ok(program)
}

//! Python: componentize-py, with a system of stubs in place of WASI.

use provost_sandbox::Kind;
use std::fs;
use std::process::Command;

use super::{BuildError, read, run};
use crate::author::project::Project;

/// The program, as pip installs it into the project's own environment and elsewhere.
const OWN: &str = ".venv/bin/componentize-py";
const PROGRAM: &str = "componentize-py";

/// The component that componentize-py writes.
pub(super) fn component(project: &Project) -> Result<Vec<u8>, BuildError> {
    let own = project.folder.join(OWN);
    let out = project.folder.join("build/python.wasm");
    let folder = project.folder.join("build");
    fs::create_dir_all(&folder).map_err(|source| BuildError::File {
        what: "create",
        path: folder.clone(),
        source,
    })?;
    let mut program = match own.exists() {
        // A relative program would be looked for from the folder that it is to run in.
        true => Command::new(fs::canonicalize(&own).unwrap_or(own)),
        false => Command::new(PROGRAM),
    };
    program
        .current_dir(&project.folder)
        .args(["--wit-path", "sdk/wit", "--world"])
        .arg(world(project.manifest.kind))
        .args(["componentize", "--stub-wasi"])
        .args(["--python-path", "src", "--python-path", "sdk/python"])
        .args(["--output", "build/python.wasm", "plugin"]);
    run(&mut program, || {
        BuildError::missing(
            PROGRAM,
            "`python3 -m venv .venv && .venv/bin/pip install -r requirements.txt` in the project's folder",
        )
    })?;
    let component = read(&out)?;
    // What counts is the plugin that is made of it.
    let _ = fs::remove_file(&out);
    Ok(component)
}

/// The world of a kind has its name.
pub(super) fn world(kind: Kind) -> &'static str {
    kind.word()
}

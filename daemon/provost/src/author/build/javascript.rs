//! JavaScript: the API of componentize-js, with every feature off that would import something.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::python::world;
use super::{BuildError, answer, read, run, write};
use crate::author::project::Project;
use crate::author::template::COMPONENTIZE;

/// The toolchain's package, below a `node_modules`.
const PACKAGE: &str = "@bytecodealliance/componentize-js";

/// The component that componentize-js writes.
pub(super) fn component(project: &Project) -> Result<Vec<u8>, BuildError> {
    let absent = || {
        let install = "install Node.js 20 or later, https://nodejs.org says how, then `npm install` in the project's folder";
        BuildError::missing("node", install)
    };
    if answer(Command::new("node").arg("--version")).is_none() {
        return Err(absent());
    }
    let package = package(project)
        .ok_or_else(|| BuildError::missing(PACKAGE, "`npm install` in the project's folder"))?;
    let folder = project.folder.join("build");
    let program = folder.join("componentize.mjs");
    write(&program, COMPONENTIZE.as_bytes())?;
    let mut node = Command::new("node");
    node.current_dir(&project.folder)
        .arg("build/componentize.mjs")
        .arg(&package)
        .args(["src/plugin.js", "sdk/wit", world(project.manifest.kind)])
        .arg("build/javascript.wasm");
    let ran = run(&mut node, absent);
    let _ = fs::remove_file(&program);
    ran?;
    let out = folder.join("javascript.wasm");
    let component = read(&out)?;
    // What counts is the plugin that is made of it.
    let _ = fs::remove_file(&out);
    Ok(component)
}

/// As node looks for it: in the project's folder, in those above it, and where npm installs for everybody.
fn package(project: &Project) -> Option<PathBuf> {
    let folder = fs::canonicalize(&project.folder).ok()?;
    let above = folder.ancestors().map(|folder| folder.join("node_modules"));
    let everybody = || answer(Command::new("npm").args(["root", "--global"])).map(PathBuf::from);
    let holds = |folder: &PathBuf| folder.join(PACKAGE).join("package.json").is_file();
    let found = above.into_iter().find(holds);
    found
        .or_else(|| everybody().filter(holds))
        .map(|folder| folder.join(PACKAGE))
}

//! Rust: cargo for wasm32-unknown-unknown, which has no system to import.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{BuildError, answer, read, run};
use crate::author::project::Project;

const TARGET: &str = "wasm32-unknown-unknown";

/// The name of the library, which the template's Cargo.toml fixes.
const MODULE: &str = "plugin.wasm";

/// The core module that cargo leaves.
pub(super) fn module(project: &Project) -> Result<Vec<u8>, BuildError> {
    let cargo = || {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(&project.folder);
        cargo
    };
    let absent = || {
        let install = "install Rust, https://rustup.rs says how, then `rustup target add wasm32-unknown-unknown`";
        BuildError::missing("cargo", install)
    };
    has_target(&project.folder, absent)?;
    let mut build = cargo();
    run(
        build.args(["build", "--release", "--target", TARGET]),
        absent,
    )?;
    let folder = target_folder(&mut cargo())?;
    read(&folder.join(TARGET).join("release").join(MODULE))
}

/// The standard library for WebAssembly is a component of its own.
fn has_target(folder: &Path, absent: impl FnOnce() -> BuildError) -> Result<(), BuildError> {
    let mut rustc = Command::new("rustc");
    rustc.current_dir(folder);
    let Some(library) = answer(rustc.args(["--print", "target-libdir", "--target", TARGET])) else {
        return Err(absent());
    };
    if Path::new(&library).is_dir() {
        return Ok(());
    }
    Err(BuildError::missing(
        "Rust's standard library for WebAssembly",
        "`rustup target add wasm32-unknown-unknown` (without rustup, the package of your system: Debian \
         libstd-rust-dev-wasm32)",
    ))
}

/// Where cargo builds, which its configuration and environment decide.
fn target_folder(cargo: &mut Command) -> Result<PathBuf, BuildError> {
    let wrong = |why: &str| BuildError::Answer {
        command: "cargo metadata",
        why: why.to_owned(),
    };
    let text = answer(cargo.args(["metadata", "--no-deps", "--format-version", "1"]));
    let text = text.ok_or_else(|| wrong("it failed"))?;
    let value: Value = serde_json::from_str(&text).map_err(|why| wrong(&why.to_string()))?;
    let folder = value["target_directory"].as_str();
    folder
        .map(PathBuf::from)
        .ok_or_else(|| wrong("it names no target_directory"))
}

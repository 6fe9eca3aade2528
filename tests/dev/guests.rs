//! The first-party plugins: WebAssembly modules turned into components.

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use crate::place::Place;
use crate::step::{Failed, answer, run};

const TARGET: &str = "wasm32-unknown-unknown";
pub(crate) const PLUGINS: [&str; 3] = ["montana-edition", "email", "webhook"];

/// Makes sure that rustc can build for WebAssembly.
pub(crate) fn toolchain() -> Result<(), Failed> {
    let installed = || {
        let mut rustc = Command::new("rustc");
        rustc.args(["--print", "target-libdir", "--target", TARGET]);
        answer(&mut rustc).is_some_and(|folder| Path::new(&folder).is_dir())
    };
    if installed() {
        return Ok(());
    }
    if answer(Command::new("rustup").arg("--version")).is_some() {
        run(Command::new("rustup").args(["target", "add", TARGET]))?;
        if installed() {
            return Ok(());
        }
    }
    Err(Failed::because(format!(
        "this Rust has no standard library for {TARGET}: run `rustup target add {TARGET}`, or install the package that \
         your Rust came with (Debian: libstd-rust-dev-wasm32)"
    )))
}

/// Builds every plugin whose sources have changed; `provost` turns the modules into components.
pub(crate) fn build(place: &Place, provost: &Path) -> Result<(), Failed> {
    let mut cargo = place.cargo();
    cargo.args(["build", "--profile", "guest", "--target", TARGET]);
    for plugin in PLUGINS {
        cargo.args(["-p", plugin]);
    }
    run(&mut cargo)?;
    let folder = place.plugins();
    std::fs::create_dir_all(&folder)
        .map_err(|why| Failed::because(format!("create {}: {why}", folder.display())))?;
    for plugin in PLUGINS {
        component(place, provost, plugin)?;
    }
    Ok(())
}

/// Turns a module into a component, unless that is newer than both the module and the program that makes it.
fn component(place: &Place, provost: &Path, plugin: &str) -> Result<(), Failed> {
    let module = place.module(plugin);
    let out = place.component(plugin);
    let made = changed(&out);
    if made.is_some() && made >= changed(&module) && made >= changed(provost) {
        return Ok(());
    }
    let mut build = Command::new(provost);
    build.args(["plugin", "build", "--module"]).arg(&module);
    run(build.arg("--out").arg(&out))
}

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

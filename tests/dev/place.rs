//! Where things lie.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The workspace and its build folder.
pub(crate) struct Place {
    cargo: PathBuf,
    root: PathBuf,
    target: PathBuf,
}

impl Place {
    /// The workspace that this program was built from; `CARGO_TARGET_DIR` is honoured.
    pub(crate) fn find() -> Self {
        // This program has no configuration but cargo's own variables, and this is where it reads them.
        #[allow(clippy::disallowed_methods)]
        let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
        // Cargo says at run time where the package lies; what was true when this was built may have moved since.
        let here = variable("CARGO_MANIFEST_DIR")
            .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
        let root = here.ancestors().nth(2).unwrap_or(&here).to_owned();
        let target = match variable("CARGO_TARGET_DIR") {
            // A relative one counts from where cargo was called, as it does for cargo.
            Some(target) if target.is_relative() => {
                std::env::current_dir().map_or(target.clone(), |folder| folder.join(target))
            }
            Some(target) => target,
            None => root.join("target"),
        };
        Self {
            cargo: variable("CARGO").unwrap_or_else(|| PathBuf::from("cargo")),
            root,
            target,
        }
    }

    /// Cargo, in the workspace, with the build folder of this call.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(&self.cargo);
        command
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// The daemon and command line, as everything but the package uses it.
    pub(crate) fn binary(&self) -> PathBuf {
        self.target.join("debug/provost")
    }

    /// What says what all of it stands on.
    pub(crate) fn supply(&self) -> PathBuf {
        self.target.join("debug/provost-supply")
    }

    /// The daemon and command line as they are installed.
    pub(crate) fn release(&self) -> PathBuf {
        self.target.join("release/provost")
    }

    /// The core module of a plugin, as cargo leaves it.
    pub(crate) fn module(&self, plugin: &str) -> PathBuf {
        let file = format!("{}.wasm", plugin.replace('-', "_"));
        self.target.join("wasm32-unknown-unknown/guest").join(file)
    }

    /// A folder for something that is needed beside the build.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.target.join(name)
    }

    /// The workspace.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A file of the SDK.
    pub(crate) fn sdk(&self, path: &str) -> PathBuf {
        self.root.join("sdk").join(path)
    }

    /// What a fuzz target begins with.
    pub(crate) fn seeds(&self, target: &str) -> PathBuf {
        self.root.join("tests/fuzz/seeds").join(target)
    }

    /// A finished plugin.
    pub(crate) fn component(&self, plugin: &str) -> PathBuf {
        self.plugins().join(format!("{plugin}.wasm"))
    }

    /// The folder of the finished plugins.
    pub(crate) fn plugins(&self) -> PathBuf {
        self.target.join("plugins")
    }
}

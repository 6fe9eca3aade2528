//! Plugins as districts write them: begun by `provost plugin new`, built with the toolchain of each language, and asked
//! through the very sandbox and flows of the daemon.

// Everything here is test code; clippy knows that only of the functions that carry the attribute.
#![allow(clippy::unwrap_used)]

mod languages;
mod mistakes;

use provost_tests::provost::{binary, profile_folder};
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// What a command printed, and how it ended.
#[derive(Debug)]
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Said {
    fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.out).unwrap()
    }

    /// Fails, and says all this.
    fn refuses(&self, parts: &[&str]) {
        assert_eq!(self.code, 1, "{self:?}");
        for part in parts {
            assert!(self.err.contains(part), "{part} in {}", self.err);
        }
    }
}

/// An author's machine: a folder of projects and a cache.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Begins a project, with the toolchain that `cargo verify` installed as if by the project's README.
    fn project(&self, name: &str, kind: &str, lang: &str) -> PathBuf {
        let said = self.provost(
            self.0.path(),
            &["plugin", "new", name, "--kind", kind, "--lang", lang],
            "",
        );
        assert_eq!(said.code, 0, "{said:?}");
        let project = self.0.path().join(name);
        match lang {
            "python" => symlink(toolchain("python"), project.join(".venv")).unwrap(),
            "javascript" => {
                let modules = toolchain("javascript").join("node_modules");
                symlink(modules, project.join("node_modules")).unwrap();
            }
            _ => {}
        }
        project
    }

    fn provost(&self, folder: &Path, args: &[&str], input: &str) -> Said {
        let mut command = Command::new(binary());
        command
            .args(args)
            .current_dir(folder)
            .env("PROVOST_CACHE", self.0.path().join("cache"))
            .env("CARGO_TARGET_DIR", toolchains().join("rust"))
            .env("NO_COLOR", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        said(&mut command, input)
    }

    /// `provost plugin …` in a project.
    fn plugin(&self, project: &Path, args: &[&str]) -> Said {
        self.provost(project, &[&["plugin"], args].concat(), "")
    }
}

fn said(command: &mut Command, input: &str) -> Said {
    let mut child = command.spawn().unwrap();
    // A command that reads nothing may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Said {
        code: output.status.code().unwrap_or(128),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Changes a file of a project.
fn edit(project: &Path, file: &str, from: &str, to: &str) {
    let path = project.join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from} in {file}");
    fs::write(path, text.replace(from, to)).unwrap();
}

fn toolchains() -> PathBuf {
    let target = profile_folder().parent().unwrap().to_owned();
    target.join("toolchains")
}

fn toolchain(lang: &str) -> PathBuf {
    let folder = toolchains().join(lang);
    assert!(
        folder.exists(),
        "{} is missing: `cargo verify` installs it",
        folder.display()
    );
    folder
}

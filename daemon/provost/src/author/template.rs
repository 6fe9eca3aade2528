//! `provost plugin new`: the projects that it writes. Their files lie in `sdk/` and are a part of this program, so that
//! a project begins with nothing but it.

use provost_core::id::PluginId;
use provost_sandbox::Kind;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Lang;

/// A file of a project.
struct Piece {
    /// Where it goes, from the project's folder.
    to: &'static str,
    /// What it says, with `{{id}}`, `{{title}}` and `{{lang}}` to be filled in.
    text: &'static str,
}

/// `to` from a file of `sdk/`.
macro_rules! pieces {
    ($($to:literal: $from:literal),* $(,)?) => {
        &[$(Piece { to: $to, text: include_str!(concat!("../../../../sdk/", $from)) }),*]
    };
}

const EVERY: &[Piece] = pieces![
    ".gitignore": "templates/gitignore",
    "sdk/README.md": "README.md",
    "sdk/wit/provost.wit": "wit/provost.wit",
];
const POLICY: &[Piece] = pieces![
    "plugin.toml": "templates/role-policy/plugin.toml",
    "call.json": "templates/role-policy/call.json",
    "scenarios/first.toml": "templates/role-policy/scenarios/first.toml",
];
const CHANNEL: &[Piece] = pieces![
    "plugin.toml": "templates/channel/plugin.toml",
    "call.json": "templates/channel/call.json",
    "scenarios/first.toml": "templates/channel/scenarios/first.toml",
];
const RUST: &[Piece] = pieces![
    "README.md": "rust/templates/README.md",
    "Cargo.toml": "rust/templates/Cargo.toml.txt",
    ".cargo/config.toml": "rust/templates/cargo-config.toml",
    "sdk/rust/Cargo.toml": "rust/templates/sdk.toml",
    "sdk/rust/src/lib.rs": "rust/src/lib.rs",
    "sdk/rust/src/letter.rs": "rust/src/letter.rs",
    "sdk/rust/src/moment.rs": "rust/src/moment.rs",
];
const PYTHON: &[Piece] = pieces![
    "README.md": "python/templates/README.md",
    "requirements.txt": "python/templates/requirements.txt",
    "sdk/python/provost_plugin/__init__.py": "python/provost_plugin/__init__.py",
    "typings/componentize_py_types.pyi": "python/typings/componentize_py_types.pyi",
    "typings/wit_world/__init__.pyi": "python/typings/wit_world/__init__.pyi",
    "typings/wit_world/exports/__init__.pyi": "python/typings/wit_world/exports/__init__.pyi",
    "typings/wit_world/exports/messaging.pyi": "python/typings/wit_world/exports/messaging.pyi",
    "typings/wit_world/exports/policy.pyi": "python/typings/wit_world/exports/policy.pyi",
];
const JAVASCRIPT: &[Piece] = pieces![
    "README.md": "javascript/templates/README.md",
    "package.json": "javascript/templates/package.json",
    "jsconfig.json": "javascript/templates/jsconfig.json",
    "sdk/javascript/provost.js": "javascript/provost.js",
    "sdk/javascript/provost.d.ts": "javascript/provost.d.ts",
];

/// What goes with a language and a kind.
fn source(lang: Lang, kind: Kind) -> &'static [Piece] {
    match (lang, kind) {
        (Lang::Rust, Kind::RolePolicy) => {
            pieces!["src/lib.rs": "rust/templates/role-policy/lib.rs"]
        }
        (Lang::Rust, Kind::Channel) => pieces!["src/lib.rs": "rust/templates/channel/lib.rs"],
        (Lang::Python, Kind::RolePolicy) => pieces![
            "src/plugin.py": "python/templates/role-policy/plugin.py",
            "sdk/python/provost_plugin/policy.py": "python/provost_plugin/policy.py",
        ],
        (Lang::Python, Kind::Channel) => pieces![
            "src/plugin.py": "python/templates/channel/plugin.py",
            "sdk/python/provost_plugin/channel.py": "python/provost_plugin/channel.py",
        ],
        (Lang::JavaScript, Kind::RolePolicy) => {
            pieces!["src/plugin.js": "javascript/templates/role-policy/plugin.js"]
        }
        (Lang::JavaScript, Kind::Channel) => {
            pieces!["src/plugin.js": "javascript/templates/channel/plugin.js"]
        }
    }
}

/// The program that drives the toolchain of JavaScript.
pub(super) const COMPONENTIZE: &str = include_str!("../../../../sdk/javascript/componentize.mjs");

/// Why no project was begun.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// There is something already.
    #[error("{} exists already: choose another name, or move it away", .0.display())]
    Taken(PathBuf),
    /// A file could not be written.
    #[error("write {}", .path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// `valley-edition` → `Valley edition`.
fn title(id: &PluginId) -> String {
    let words = id.as_str().replace('-', " ");
    let (first, rest) = words.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

/// Writes a project into a new folder; says which files.
///
/// # Errors
/// [`TemplateError`] if the folder exists or cannot be written.
pub fn write(
    folder: &Path,
    id: &PluginId,
    kind: Kind,
    lang: Lang,
) -> Result<Vec<&'static str>, TemplateError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| TemplateError::Write { path, source }
    };
    if let Some(above) = folder.parent() {
        fs::create_dir_all(above).map_err(failed(above))?;
    }
    match fs::create_dir(folder) {
        Ok(()) => {}
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {
            return Err(TemplateError::Taken(folder.to_owned()));
        }
        Err(why) => return Err(failed(folder)(why)),
    }
    let mut written = Vec::new();
    for piece in pieces_of(lang, kind) {
        let path = folder.join(piece.to);
        if let Some(above) = path.parent() {
            fs::create_dir_all(above).map_err(failed(above))?;
        }
        fs::write(&path, filled(piece.text, id, lang)).map_err(failed(&path))?;
        written.push(piece.to);
    }
    Ok(written)
}

fn pieces_of(lang: Lang, kind: Kind) -> impl Iterator<Item = &'static Piece> {
    let of_kind = match kind {
        Kind::RolePolicy => POLICY,
        Kind::Channel => CHANNEL,
    };
    let of_lang = match lang {
        Lang::Rust => RUST,
        Lang::Python => PYTHON,
        Lang::JavaScript => JAVASCRIPT,
    };
    of_kind
        .iter()
        .chain(source(lang, kind))
        .chain(of_lang)
        .chain(EVERY)
}

fn filled(text: &str, id: &PluginId, lang: Lang) -> String {
    text.replace("{{id}}", id.as_str())
        .replace("{{title}}", &title(id))
        .replace("{{lang}}", lang.word())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::author::manifest::Manifest;

    fn all() -> impl Iterator<Item = (Lang, Kind)> {
        let kinds = [Kind::RolePolicy, Kind::Channel];
        Lang::ALL
            .into_iter()
            .flat_map(move |lang| kinds.map(|kind| (lang, kind)))
    }

    #[test]
    fn every_project_has_a_manifest_that_is_believed_and_nothing_left_to_fill_in() {
        let folder = tempfile::tempdir().unwrap();
        let id = PluginId::new("valley-edition").unwrap();
        for (lang, kind) in all() {
            let project = folder.path().join(format!("{lang}-{kind}"));
            let written = write(&project, &id, kind, lang).unwrap();
            for file in &written {
                let text = fs::read_to_string(project.join(file)).unwrap();
                for gap in ["{{id}}", "{{title}}", "{{lang}}"] {
                    assert!(!text.contains(gap), "{lang} {kind}: {file}");
                }
            }
            let text = fs::read_to_string(project.join("plugin.toml")).unwrap();
            let manifest = Manifest::read("plugin.toml", &text).unwrap();
            assert_eq!((manifest.lang, manifest.kind), (lang, kind));
            assert_eq!(manifest.title, "Valley edition");
        }
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap().flatten();
        let each = entries.map(|entry| entry.path());
        each.flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => vec![path],
        })
        .collect()
    }

    #[test]
    fn no_file_of_the_sdk_is_left_out() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let written: Vec<_> = all()
            .flat_map(|(lang, kind)| pieces_of(lang, kind).map(|piece| piece.text))
            .chain([COMPONENTIZE])
            .collect();
        let forgotten: Vec<_> = files(&root.join("sdk"))
            .into_iter()
            .filter(|path| !path.ends_with("sdk/rust/Cargo.toml"))
            .filter(|path| {
                let text = fs::read_to_string(path).unwrap_or_default();
                !written.contains(&text.as_str())
            })
            .collect();
        assert_eq!(forgotten, Vec::<PathBuf>::new());
    }

    #[test]
    fn the_sdk_of_a_project_stands_on_what_ours_stands_on() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let ours = fs::read_to_string(root.join("Cargo.toml")).unwrap();
        let pinned = |text: &str| {
            let mut lines = text.lines();
            lines
                .find(|line| line.starts_with("wit-bindgen = "))
                .map(str::to_owned)
        };
        let theirs = include_str!("../../../../sdk/rust/templates/sdk.toml");
        assert!(pinned(&ours).is_some());
        assert_eq!(pinned(&ours), pinned(theirs));
    }

    #[test]
    fn a_folder_that_exists_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let id = PluginId::new("valley").unwrap();
        let taken = write(folder.path(), &id, Kind::Channel, Lang::Rust).unwrap_err();
        assert!(matches!(taken, TemplateError::Taken(_)), "{taken}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

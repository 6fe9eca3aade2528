//! The house itself: what each room may hold, read from the sources.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Every file of these endings below a folder, build output aside.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            found.extend(files(&path, endings));
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

#[test]
fn no_source_file_is_longer_than_500_lines() {
    let long: Vec<_> = files(&root(), &[".rs", ".sql", ".wit", ".sh"])
        .iter()
        .map(|path| (text(path).lines().count(), shown(path)))
        .filter(|(lines, path)| *lines > 500 && !path.ends_with("provost.wit"))
        .collect();
    assert_eq!(long, []);
}

#[test]
fn sql_stands_in_the_store_alone() {
    let words = ["SELECT ", "INSERT INTO", "DELETE FROM", "rusqlite::"];
    let strangers: Vec<_> = files(&root().join("daemon"), &[".rs"])
        .into_iter()
        .filter(|path| !shown(path).starts_with("daemon/provost/src/store"))
        .filter(|path| words.iter().any(|word| text(path).contains(word)))
        .map(|path| shown(&path))
        .collect();
    assert_eq!(strangers, Vec::<String>::new());
}

#[test]
fn the_core_has_nothing_to_do_io_with() {
    let manifest: toml::Table =
        toml::from_str(&text(&root().join("daemon/core/Cargo.toml"))).unwrap();
    let mut dependencies: Vec<_> = manifest["dependencies"]
        .as_table()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    dependencies.sort();
    assert_eq!(
        dependencies,
        ["jiff", "serde", "serde_json", "sha2", "thiserror"]
    );
    let forbidden = [
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::thread",
        "SystemTime",
        "Instant::now",
    ];
    for path in files(&root().join("daemon/core/src"), &[".rs"]) {
        let source = text(&path);
        let found: Vec<_> = forbidden
            .iter()
            .filter(|word| source.contains(**word))
            .collect();
        assert!(found.is_empty(), "{} uses {found:?}", shown(&path));
    }
}

#[test]
fn wasmtime_is_known_in_the_sandbox_alone() {
    let strangers: Vec<_> = files(&root().join("daemon"), &[".rs", "Cargo.toml"])
        .into_iter()
        .filter(|path| !shown(path).starts_with("daemon/sandbox"))
        .filter(|path| {
            text(path).contains("wasmtime::") || text(path).contains("wasmtime.workspace")
        })
        .map(|path| shown(&path))
        .collect();
    assert_eq!(strangers, Vec::<String>::new());
}

#[test]
fn every_migration_is_listed_and_none_is_left_out() {
    let folder = root().join("daemon/provost/src/store/migrations");
    let open = text(&root().join("daemon/provost/src/store/open.rs"));
    let numbers: Vec<_> = files(&folder, &[".sql"]);
    assert!(!numbers.is_empty());
    for (place, path) in numbers.iter().enumerate() {
        let name = format!("{:03}.sql", place + 1);
        assert_eq!(path.file_name().unwrap().to_string_lossy(), name);
        assert!(
            open.contains(&format!("migrations/{name}")),
            "{name} is not listed in open.rs"
        );
    }
}

#[test]
fn first_party_plugins_stay_small() {
    for plugin in ["montana-edition", "email", "webhook"] {
        for path in files(&root().join("plugins").join(plugin).join("src"), &[".rs"]) {
            let lines = text(&path).lines().count();
            assert!(lines < 150, "{} has {lines} lines", shown(&path));
        }
    }
}

#[test]
fn every_dependency_has_its_reason_beside_it() {
    let manifest = text(&root().join("Cargo.toml"));
    let section = manifest.split("[workspace.dependencies]").nth(1).unwrap();
    let section = section.split("\n[").next().unwrap();
    let mut reasons = String::new();
    for line in section.lines() {
        match line.split_once(" = ") {
            Some((name, value)) if !line.starts_with('#') && !value.contains("path =") => {
                assert!(
                    reasons.contains(name),
                    "no comment above {name} says why it is there"
                );
            }
            _ if line.starts_with('#') => reasons.push_str(line),
            _ => {}
        }
    }
}

/// Words behind `struct` or `enum` in what a derive with this trait stands before.
fn derived<'t>(text: &'t str, wanted: &str) -> Vec<&'t str> {
    let mut names = Vec::new();
    let mut is_wanted = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[derive(") {
            is_wanted = line.contains(wanted);
        }
        let words: Vec<_> = line.split([' ', '(', '<', '{', ';']).collect();
        if let Some(at) = words
            .iter()
            .position(|word| ["struct", "enum"].contains(word))
            && !line.starts_with("//")
            && std::mem::take(&mut is_wanted)
        {
            names.push(words[at + 1]);
        }
    }
    names
}

#[test]
fn no_two_shapes_of_the_api_have_one_name() {
    // The OpenAPI document knows them by their names, and of two the last one would stand for both.
    let rooms = files(&root().join("daemon/provost/src/http"), &[".rs"]);
    let texts: Vec<_> = rooms.iter().map(|path| text(path)).collect();
    let mut names: Vec<_> = texts
        .iter()
        .flat_map(|text| derived(text, "ToSchema"))
        .collect();
    assert!(names.len() > 50, "{names:?}");
    names.sort_unstable();
    let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn every_test_and_file_that_the_page_of_threats_names_is_there() {
    let page = text(&root().join("systemd/threats.md"));
    let missing: Vec<_> = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| name.contains('/') && !name.starts_with('/'))
        .filter(|name| {
            let (path, test) = name.split_once("::").unwrap_or((name, ""));
            let path = root().join(path);
            !path.exists() || !test.is_empty() && !text(&path).contains(&format!("fn {test}("))
        })
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}

//! Known vulnerabilities, from a copy of the RustSec database if there is one: <https://github.com/rustsec/advisory-db>.

use semver::{Version, VersionReq};
use serde::Deserialize;
use std::path::Path;

use crate::SupplyError;
use crate::graph::{Graph, Package};

/// The block at the head of an advisory.
#[derive(Debug, Deserialize)]
struct Head {
    advisory: Advisory,
    #[serde(default)]
    versions: Versions,
}

#[derive(Debug, Deserialize)]
struct Advisory {
    id: String,
    /// `unmaintained`, `unsound`, `notice`: no vulnerability.
    informational: Option<String>,
    withdrawn: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Versions {
    #[serde(default)]
    patched: Vec<String>,
    #[serde(default)]
    unaffected: Vec<String>,
}

/// Every vulnerability of a crate in the version that we have.
pub(crate) fn hits(graph: &Graph, database: &Path) -> Result<Vec<String>, SupplyError> {
    let crates = database.join("crates");
    // A folder that is another one would find nothing, and that would pass for good news.
    std::fs::read_dir(&crates).map_err(crate::failed("read the advisories in", &crates))?;
    let mut hits = Vec::new();
    for package in graph.packages.iter().filter(|it| it.source.is_some()) {
        let folder = crates.join(&package.name);
        if !folder.exists() {
            continue;
        }
        let advisories = std::fs::read_dir(&folder).map_err(crate::failed("read", &folder))?;
        for entry in advisories {
            let path = entry.map_err(crate::failed("read", &folder))?.path();
            let text = std::fs::read_to_string(&path).map_err(crate::failed("read", &path))?;
            hits.extend(hit(&text, &path, package)?);
        }
    }
    Ok(hits)
}

fn hit(text: &str, path: &Path, package: &Package) -> Result<Option<String>, SupplyError> {
    let head = text.split("```").nth(1).unwrap_or_default();
    let head = head.strip_prefix("toml").unwrap_or(head);
    let head: Head = toml::from_str(head).map_err(|source| SupplyError::Document {
        path: path.to_owned(),
        source: Box::new(source),
    })?;
    let Versions {
        patched,
        unaffected,
    } = &head.versions;
    // What cannot be read as a version is no reason to believe that ours is harmless.
    let version = Version::parse(&package.version).ok();
    let covers = |versions: &String| {
        let versions = VersionReq::parse(versions).ok();
        let both = versions.zip(version.as_ref());
        both.is_some_and(|(versions, version)| versions.matches(version))
    };
    let told = head.advisory.informational.is_some() || head.advisory.withdrawn.is_some();
    if told || patched.iter().chain(unaffected).any(covers) {
        return Ok(None);
    }
    Ok(Some(format!("{}: {}", package.shown(), head.advisory.id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(head: &str, version: &str) -> bool {
        let text =
            format!("```toml\n[advisory]\nid = \"RUSTSEC-2026-0001\"\n{head}\n```\n\n# A title\n");
        let package = Package::sample("parser", version);
        hit(&text, Path::new("RUSTSEC-2026-0001.md"), &package)
            .unwrap()
            .is_some()
    }

    #[test]
    fn a_version_that_is_neither_mended_nor_older_than_the_fault_is_told() {
        let head = "[versions]\npatched = [\"^1.4.7\", \">= 2.1.0\"]\nunaffected = [\"< 1.2.0\"]";
        for (version, expected) in [
            ("1.1.9", false),
            ("1.2.0", true),
            ("1.4.6", true),
            ("1.4.7", false),
            ("2.0.0", true),
            ("2.1.0", false),
        ] {
            assert_eq!(told(head, version), expected, "{version}");
        }
    }

    #[test]
    fn what_is_no_fault_or_was_taken_back_is_not_told_and_what_cannot_be_read_is() {
        assert!(told("", "1.0.0"));
        assert!(!told("informational = \"unmaintained\"", "1.0.0"));
        assert!(!told("withdrawn = \"2026-02-01\"", "1.0.0"));
        assert!(told("[versions]\npatched = [\"soon\"]", "1.0.0"));
        let package = Package::sample("parser", "1.0.0");
        assert!(hit("no head", Path::new("x.md"), &package).is_err());
    }
}

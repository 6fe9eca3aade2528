//! What cargo says of all crates: `cargo metadata` and the lock file.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::SupplyError;

/// The parts of `cargo metadata` that matter here.
#[derive(Debug, Deserialize)]
pub(crate) struct Graph {
    pub(crate) packages: Vec<Package>,
    resolve: Resolve,
    pub(crate) workspace_root: PathBuf,
}

/// A crate in one version.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    /// As its author wrote it.
    pub(crate) license: Option<String>,
    /// `None` for our own.
    pub(crate) source: Option<String>,
    pub(crate) manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
struct Target {
    kind: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Debug, Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<DepKind>,
}

#[derive(Debug, Deserialize)]
struct DepKind {
    /// `None` for what is linked, else `build` or `dev`.
    kind: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Debug, Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

/// What is installed: the daemon and its plugins.
const INSTALLED: [&str; 4] = ["provost", "montana-edition", "email", "webhook"];

impl Graph {
    /// Asks cargo, which reads what it has fetched to build for this platform: no network. The plugins stand on crates
    /// of this platform, too.
    pub(crate) fn read() -> Result<Self, SupplyError> {
        let mut cargo = Command::new("cargo");
        cargo.args(["metadata", "--format-version=1", "--locked", "--offline"]);
        cargo.args(["--filter-platform", &crate::platform()]);
        let output = cargo.output().map_err(|source| SupplyError::File {
            what: "start",
            path: PathBuf::from("cargo"),
            source,
        })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(SupplyError::Cargo(said.trim().to_owned()));
        }
        serde_json::from_slice(&output.stdout).map_err(SupplyError::Metadata)
    }

    /// Checksums of the lock file, which names what other platforms take, too, by name and version.
    pub(crate) fn checksums(&self) -> Result<BTreeMap<(String, String), String>, SupplyError> {
        let lock: Lock = crate::document(&self.workspace_root.join("Cargo.lock"))?;
        let locked = lock.package.into_iter().filter_map(|locked| {
            let Locked { name, version, .. } = locked;
            Some(((name, version), locked.checksum?))
        });
        Ok(locked.collect())
    }

    /// Who is linked with whom, of what is installed: each crate with those that it stands on, in order.
    pub(crate) fn linked(&self) -> Vec<(&Package, Vec<&Package>)> {
        let by_id: BTreeMap<_, _> = self
            .packages
            .iter()
            .map(|it| (it.id.as_str(), it))
            .collect();
        let nodes = self.resolve.nodes.iter();
        let nodes: BTreeMap<_, _> = nodes.map(|node| (node.id.as_str(), node)).collect();
        let own = self.packages.iter().filter(|it| it.source.is_none());
        let mut waiting: Vec<&str> = own
            .filter(|it| INSTALLED.contains(&it.name.as_str()))
            .map(|it| it.id.as_str())
            .collect();
        let (mut seen, mut linked) = (BTreeSet::new(), Vec::new());
        while let Some(id) = waiting.pop() {
            let (Some(package), Some(node)) = (by_id.get(id), nodes.get(id)) else {
                continue;
            };
            if !seen.insert(id) {
                continue;
            }
            let edges = node.deps.iter().filter(|edge| edge.is_linked());
            let below = edges.filter_map(|edge| by_id.get(edge.pkg.as_str()).copied());
            let below: Vec<_> = below.filter(|it| !it.is_macro()).collect();
            waiting.extend(below.iter().map(|it| it.id.as_str()));
            linked.push((*package, below));
        }
        linked.sort_by(|(one, _), (other, _)| {
            (&one.name, &one.version).cmp(&(&other.name, &other.version))
        });
        linked
    }
}

impl Edge {
    fn is_linked(&self) -> bool {
        self.dep_kinds.iter().any(|kind| kind.kind.is_none())
    }
}

impl Package {
    /// The compiler runs it; nothing of it is installed.
    fn is_macro(&self) -> bool {
        let mut kinds = self.targets.iter().flat_map(|target| &target.kind);
        kinds.any(|kind| kind == "proc-macro")
    }

    /// The folder with its sources.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(Path::new("/"))
    }

    /// Name and version.
    pub(crate) fn shown(&self) -> String {
        format!("{} {}", self.name, self.version)
    }

    #[cfg(test)]
    pub(crate) fn sample(name: &str, version: &str) -> Self {
        Self {
            id: name.to_owned(),
            name: name.to_owned(),
            version: version.to_owned(),
            license: None,
            source: Some("here".to_owned()),
            manifest_path: PathBuf::new(),
            targets: Vec::new(),
        }
    }
}
